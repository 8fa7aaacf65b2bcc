//! How much was looked at, counted for the tests that hold the work to the size of the input.
//!
//! Invariant: without the feature `count-work` there is nothing here.

#[cfg(feature = "count-work")]
thread_local! {
    static DONE: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Directives that were looked at.
#[cfg(feature = "count-work")]
pub(crate) fn done(directives: usize) {
    DONE.with(|done| done.set(done.get() + directives as u64));
}

/// Directives that were looked at.
#[cfg(not(feature = "count-work"))]
pub(crate) fn done(_: usize) {}

/// How many directives this thread has looked at since it began, each time counted.
#[cfg(feature = "count-work")]
#[must_use]
pub fn count() -> u64 {
    DONE.with(std::cell::Cell::get)
}
