//! Counts the bytes that pass.

use std::io::{self, Read, Write};

/// How many bytes pass before it is said again.
const STRIDE: u64 = 4 << 20;

/// Says how many bytes have passed, every few MiB.
pub struct Counting<T, F> {
    inner: T,
    say: F,
    done: u64,
    said: u64,
}

impl<T, F: FnMut(u64)> Counting<T, F> {
    /// Around `inner`; `say` hears the bytes so far.
    pub fn new(inner: T, say: F) -> Self {
        Self {
            inner,
            say,
            done: 0,
            said: 0,
        }
    }

    /// What is inside.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn count(&mut self, more: usize) {
        self.done += more as u64;
        if self.done - self.said >= STRIDE {
            self.said = self.done;
            (self.say)(self.done);
        }
    }
}

impl<T: Write, F: FnMut(u64)> Write for Counting<T, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.count(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read, F: FnMut(u64)> Read for Counting<T, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count(count);
        Ok(count)
    }
}
