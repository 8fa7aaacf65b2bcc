//! Panics of the driver: an error, and no text of a thread on the terminal.
//!
//! Invariant: only what runs inside [`quietly`] is kept from being printed; every other panic is told as always.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// The driver gave up in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panicked;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs something of the driver's. Its state is not to be trusted after a panic: the caller drops it or does not use it
/// again.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let outside = QUIET.replace(true);
    let answer = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(outside);
    answer.map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer_and_those_after_it_are_told_again() {
        assert_eq!(quietly(|| 1), Ok(1));
        let inner = quietly(|| {
            assert_eq!(quietly(|| -> i32 { panic!("of the driver") }), Err(Panicked));
            QUIET.get()
        });
        assert_eq!(inner, Ok(true), "what runs outside of it is still inside of another");
        assert!(!QUIET.get());
    }
}
