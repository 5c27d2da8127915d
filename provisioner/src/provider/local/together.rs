//! Work on several nodes at the same time.

use crate::error::{Error, Result};

/// Does the same to several nodes at once; all are done when it returns the first error.
pub fn together<N: Sync>(nodes: &[N], job: impl Fn(&N) -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let jobs: Vec<_> = nodes.iter().map(|node| scope.spawn(|| job(node))).collect();
        let ended = jobs.into_iter().map(|one| {
            one.join()
                .unwrap_or_else(|_| Err(Error::new("a node's thread ended")))
        });
        ended.fold(Ok(()), Result::and)
    })
}
