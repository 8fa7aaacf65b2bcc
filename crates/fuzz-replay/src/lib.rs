//! Runs a fuzz target once on given bytes, as the fuzzer does when it is handed a file.
//!
//! Invariant: the input is made of the bytes in the very way of `libfuzzer-sys`, so that a file that was found fails
//! here as it did there.

use arbitrary::{Arbitrary, Unstructured};

/// Makes of a target the function `replay`, in the module that it stands in.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $kind:ty| $body:block) => {
        pub fn replay(bytes: &[u8]) {
            let run = |$input: $kind| $body;
            if let Some(input) = $crate::input(bytes) {
                run(input);
            }
        }
    };
}

/// What a target is given; none where the bytes are too few.
#[must_use]
pub fn input<'b, T: Arbitrary<'b>>(bytes: &'b [u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(bytes)).ok()
}
