//! The one table of exit codes, for `--help`, `explain`, the manual pages and the documentation.
//!
//! Invariant: public contract; codes are added, never renamed or moved.

use schemars::JsonSchema;
use serde::Serialize;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExitMeaning {
    /// The process's exit status.
    #[serde(rename = "exit_code")]
    pub code: u8,
    /// What it says about the run, in a few words.
    #[serde(skip)]
    pub title: &'static str,
    /// What it says about the run.
    pub meaning: &'static str,
    /// What it says about the server.
    pub state: &'static str,
    /// What to do next.
    pub next: &'static str,
}

const AS_BEFORE: &str = "as before";

/// Every exit code of motionctl, in ascending order.
pub const EXIT_CODES: [ExitMeaning; 9] = [
    ExitMeaning {
        code: 0,
        title: "done, or nothing to do",
        meaning: "done, or nothing to do",
        state: "as wanted",
        next: "nothing; `motionctl confirm` where a change waits for it",
    },
    ExitMeaning {
        code: 1,
        title: "failed or cancelled, nothing was changed",
        meaning: "failed, or cancelled by a person; nothing was changed",
        state: AS_BEFORE,
        next: "remove the cause that the message names, then run the command again",
    },
    ExitMeaning {
        code: 2,
        title: "changes are pending",
        meaning: "changes are pending (with --detailed-exitcode; diff always)",
        state: AS_BEFORE,
        next: "`motionctl plan` shows what is missing, `motionctl apply` brings it",
    },
    ExitMeaning {
        code: 3,
        title: "refused",
        meaning: "refused by a guard, a conflict, a stale plan or the lock",
        state: AS_BEFORE,
        next: "follow the advice of what stops it; `motionctl explain CODE` says more of a finding",
    },
    ExitMeaning {
        code: 4,
        title: "rolled back",
        meaning: "the change failed and was rolled back; the old configuration is proven to serve",
        state: AS_BEFORE,
        next: "read which proof failed; `motionctl rehearse` looks for the cause without touching the server",
    },
    ExitMeaning {
        code: 5,
        title: "an operator is needed",
        meaning: "an operator is needed; the message says what is on disk, what is serving and the next command",
        state: "mixed",
        next: "do not reload or restart NGINX; remove the cause, then `motionctl recover`",
    },
    ExitMeaning {
        code: 64,
        title: "wrong usage",
        meaning: "wrong usage",
        state: AS_BEFORE,
        next: "correct the argument that the message names; `motionctl COMMAND --help` lists them",
    },
    ExitMeaning {
        code: 65,
        title: "bad input",
        meaning: "bad input: configuration, manifest, plan, backup, base record, candidate or template is damaged or not valid",
        state: AS_BEFORE,
        next: "correct the file that the message names, then run the command again",
    },
    ExitMeaning {
        code: 69,
        title: "could not look",
        meaning: "could not look: no NGINX, no Motion site, not root, database unreachable, missing privilege",
        state: AS_BEFORE,
        next: "give what the message asks for: `sudo`, `--site FILE`, `--db URL`, a right in the database",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::FailureKind;

    #[test]
    fn codes_ascend_and_each_failure_has_a_row() {
        assert!(EXIT_CODES.is_sorted_by(|a, b| a.code < b.code));
        for kind in [
            FailureKind::Failed,
            FailureKind::Refused,
            FailureKind::RolledBack,
            FailureKind::NeedsOperator,
            FailureKind::Usage,
            FailureKind::Invalid,
            FailureKind::Unavailable,
        ] {
            let code = kind.exit_code();
            assert!(EXIT_CODES.iter().any(|row| row.code == code), "{kind:?}: {code}");
        }
    }
}
