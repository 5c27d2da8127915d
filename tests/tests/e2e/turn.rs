//! Who runs beside whom. Two tests at a time: most of a test is waiting for nodes. What compares this host before and after has it to
//! itself, once everybody else is done.

use std::sync::{Condvar, Mutex, PoisonError};

/// Places there are.
const PLACES: usize = 2;

/// Places nobody has.
static FREE: Mutex<usize> = Mutex::new(PLACES);
static GIVEN: Condvar = Condvar::new();

/// What a test takes while it runs.
pub struct Turn(usize);

impl Turn {
    /// One beside others.
    pub fn beside() -> Self {
        Self::take(1)
    }

    /// Alone.
    pub fn alone() -> Self {
        Self::take(PLACES)
    }

    fn take(places: usize) -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = GIVEN.wait_while(free, |free| *free < places);
        *waited.unwrap_or_else(PoisonError::into_inner) -= places;
        Self(places)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.0;
        GIVEN.notify_all();
    }
}

/// A place that somebody else may have meanwhile.
struct Away;

impl Drop for Away {
    fn drop(&mut self) {
        std::mem::forget(Turn::beside());
    }
}

/// Waits, in a test that has a place, for what only another test gives back.
pub fn give_way<T>(wait: impl FnOnce() -> T) -> T {
    let _away = Away;
    drop(Turn(1));
    wait()
}
