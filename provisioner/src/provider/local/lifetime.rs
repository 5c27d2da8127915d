//! The beginning and the end of a seat on this host: the keeper and its disk made, and everything taken away again. Touches no
//! single node.

use super::keeper::Keeper;
use super::{Local, bridge, control_group, disk, egress, host_settings, keeper, root, shelf};
use crate::error::{Error, Result};

impl Local {
    /// The keeper, started if there is none; what a killed one left is cleared first.
    pub(super) fn start_keeper(&self) -> Result<Keeper> {
        if let Some(keeper) = self.keeper()? {
            return Ok(keeper);
        }
        std::fs::create_dir_all(&self.state)
            .map_err(|error| Error::new(format!("cannot create {}", self.state.display())).because(error))?;
        control_group::clear(&keeper::instance(&self.state)?)?;
        let start = || Keeper::start(&self.state, &self.program, bridge::gateway(&self.cluster));
        let shelved = disk::make(&self.state, |limit, image| {
            let bundle = self.bundle.as_ref();
            bundle.is_some_and(|bundle| shelf::take(&self.cache, &disk::base_name(bundle), limit, image))
        })?;
        match start() {
            // What was on the shelf cannot be mounted: made anew.
            Err(_) if shelved => {
                keeper::end(&self.state)?;
                disk::erase(&self.state)?;
                disk::make(&self.state, |_, _| false)?;
                start()
            }
            started => started,
        }
    }

    /// Removes all of it from the host; what can be of use to the next seat goes on the shelf.
    pub(super) fn end(&self) -> Result<()> {
        if !self.state.exists() {
            return Ok(());
        }
        let instance = keeper::instance(&self.state)?;
        control_group::clear(&instance)?;
        let base = self.keeper()?.and_then(|keeper| {
            // What is left of the way out ends with the keeper.
            let _ = egress::close(&keeper);
            // A disk that cannot be used again (another file system, a fault) is erased: all it would save is time.
            shelf::clear(&keeper, &self.state).ok()
        });
        keeper::end(&self.state)?;
        control_group::clear(&instance)?;
        let image = disk::image(&self.state);
        if let Some(base) = base.filter(|_| shelf::released(&image).is_ok()) {
            shelf::put(&self.cache, &base, &image);
        }
        disk::erase(&self.state)?;
        root::erase(&self.state)?;
        host_settings::give_back(&instance)?;
        // The instance's name goes last: all else is found by it.
        keeper::erase(&self.state)?;
        let _ = std::fs::remove_dir(&self.state);
        Ok(())
    }
}
