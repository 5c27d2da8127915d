//! Entering the network namespace a node lives in: the one Linux call the transport needs.

use std::path::Path;

use crate::error::{Error, Result};
use crate::text;

/// Moves the calling thread, and only it, into the network namespace of this file. There is no way back: use a thread of its own.
pub fn enter_network(path: &Path) -> Result<()> {
    let failed = || {
        Error::new(text!(
            "네트워크 네임스페이스 {}에 들어갈 수 없음",
            "cannot enter the network namespace {}",
            path.display()
        ))
    };
    let hint = || {
        text!(
            "노드가 떠 있는지 보세요: `lab status`; 없으면 `lab up`",
            "see whether the nodes run: `lab status`; if not, `lab up`"
        )
    };
    let file = std::fs::File::open(path).map_err(|error| failed().because(error).hint(hint()))?;
    nix::sched::setns(file, nix::sched::CloneFlags::CLONE_NEWNET)
        .map_err(|error| failed().because(error).hint(hint()))
}
