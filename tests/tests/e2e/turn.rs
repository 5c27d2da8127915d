//! Who runs beside whom. Two tests at a time, in the order they are listed: most of a test is waiting for nodes. What compares this host
//! before and after has it to itself.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Places there are.
const PLACES: usize = 2;

/// Places nobody has, and who waits for one.
struct Room {
    free: usize,
    waiting: BTreeSet<usize>,
}

static ROOM: Mutex<Room> = Mutex::new(Room {
    free: PLACES,
    waiting: BTreeSet::new(),
});
static CHANGED: Condvar = Condvar::new();

thread_local! {
    /// The number of the test this thread runs.
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// What a test takes while it runs.
pub struct Turn(usize);

impl Turn {
    /// For the test of this number, which runs beside others or alone. Who has a lower one goes first.
    pub fn take(number: usize, alone: bool) -> Self {
        NUMBER.set(number);
        Self::wait(if alone { PLACES } else { 1 })
    }

    fn wait(places: usize) -> Self {
        let number = NUMBER.get();
        let mut room = room();
        room.waiting.insert(number);
        let mut room = CHANGED
            .wait_while(room, |room| {
                room.free < places || room.waiting.first() != Some(&number)
            })
            .unwrap_or_else(PoisonError::into_inner);
        room.waiting.remove(&number);
        room.free -= places;
        // Whoever is first now may have a place as well.
        CHANGED.notify_all();
        Self(places)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        room().free += self.0;
        CHANGED.notify_all();
    }
}

fn room() -> MutexGuard<'static, Room> {
    ROOM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place that somebody else may have meanwhile.
struct Away;

impl Drop for Away {
    fn drop(&mut self) {
        std::mem::forget(Turn::wait(1));
    }
}

/// Waits, in a test that has a place, for what only another test gives back.
pub fn give_way<T>(wait: impl FnOnce() -> T) -> T {
    let _away = Away;
    drop(Turn(1));
    wait()
}
