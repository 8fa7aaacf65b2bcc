//! What an ordinary user may not read: a question of rights, never a fault of what lies there.
//!
//! Invariant: only what the kernel denies counts. What we refuse ourselves, such as a file with a second name, could be
//! read, and is another answer.

use super::codes::HOST_NOT_ROOT;
use super::{Failure, FailureKind, Finding};
use std::error::Error;
use std::io;

const ADVICE: &str = "run it with sudo";

/// Whether the kernel denied it, in an error or in what led to it.
#[must_use]
pub fn is_denied(error: &(dyn Error + 'static)) -> bool {
    let is =
        |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_some();
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<io::Error>().is_some_and(is) {
            return true;
        }
        next = error.source();
    }
    false
}

/// The refusal of what only root may do or read: nothing is known of it, so nothing is wrong with it either.
#[must_use]
pub fn only_root(message: impl Into<String>) -> Failure {
    let message = message.into();
    let finding = Finding::new(HOST_NOT_ROOT, message.clone()).advice(ADVICE);
    Failure::new(FailureKind::Unavailable, message).with_hint(ADVICE).with_findings(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    fn check(error: &anyhow::Error, expect: bool) {
        assert_eq!(is_denied(error.as_ref()), expect, "{error:#}");
    }

    #[test]
    fn only_what_the_kernel_denies_is_a_question_of_rights() {
        let kernel = |errno| io::Error::from_raw_os_error(errno);
        let wrapped = |error: io::Error| Err::<(), _>(error).context("reading").expect_err("it is one");
        check(&wrapped(kernel(13)), true);
        check(&kernel(13).into(), true);
        check(&wrapped(kernel(2)), false);
        check(&wrapped(io::Error::new(io::ErrorKind::PermissionDenied, "a second name")), false);
    }
}
