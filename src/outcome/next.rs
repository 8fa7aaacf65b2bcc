//! What to type after an answer, and why.
//!
//! Invariant: a command never stands without its reason, so that nobody types one only because it stands last.

use super::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One command that may come next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextStep {
    /// What is typed, ready to be copied.
    pub command: String,
    /// What it is for, in a few words; lower case, no full stop.
    pub why: String,
}

impl Outcome {
    /// Adds a command that may come next. One that is there already keeps its place and its reason.
    pub fn next(&mut self, command: impl Into<String>, why: impl Into<String>) {
        let (command, why) = (command.into(), why.into());
        if self.next.iter().all(|step| step.command != command) {
            self.next.push(NextStep { command, why });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::OutcomeKind;

    #[test]
    fn no_command_is_named_twice() {
        let mut outcome = Outcome::new("apply", OutcomeKind::Ok);
        outcome.next("a", "first");
        outcome.next("b", "second");
        outcome.next("a", "again");
        let said: Vec<_> =
            outcome.next.iter().map(|step| (step.command.as_str(), step.why.as_str())).collect();
        assert_eq!(said, [("a", "first"), ("b", "second")]);
    }
}
