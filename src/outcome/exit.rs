//! The one table of exit codes. Public contract: codes are added, never
//! renamed or moved.

/// One row of the table that `--help`, the documentation and the tests share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitMeaning {
    /// The process's exit status.
    pub code: u8,
    /// What it says about the run.
    pub meaning: &'static str,
    /// What it says about the server.
    pub state: &'static str,
}

/// Every exit code of motionctl, in ascending order.
pub const EXIT_CODES: [ExitMeaning; 9] = [
    row(0, "done, or nothing to do", "as wanted"),
    row(1, "failed; nothing was changed", "as before"),
    row(2, "changes are pending (with --detailed-exitcode; diff always)", "as before"),
    row(3, "refused by a guard, a conflict, a stale plan or the lock", "as before"),
    row(4, "the change failed and was rolled back; the old configuration is proven to serve", "as before"),
    row(
        5,
        "an operator is needed; the message says what is on disk, what is serving and the next command",
        "mixed",
    ),
    row(64, "wrong usage", "as before"),
    row(
        65,
        "bad input: configuration, manifest, plan, candidate or template does not parse or validate",
        "as before",
    ),
    row(
        69,
        "could not look: no NGINX, no Motion site, not root, database unreachable, missing privilege",
        "as before",
    ),
];

const fn row(code: u8, meaning: &'static str, state: &'static str) -> ExitMeaning {
    ExitMeaning { code, meaning, state }
}
