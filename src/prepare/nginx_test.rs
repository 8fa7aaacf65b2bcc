//! The old and the new configuration before the real `nginx -t`.
//!
//! Invariant: what the old configuration already warns about is not held
//! against the new one.

use super::lacking;
use crate::apply::{SandboxChoice, states};
use crate::facts::{CodeFacts, Facts, Scope};
use crate::host::Root;
use crate::host::sandbox::{Launcher, Refused};
use crate::inspect::Programs;
use crate::outcome::{Failure, FailureKind, Finding, Level, codes, counted};
use crate::plan::Plan;
use crate::verify::staged::{Changes, Verdict, new_warnings, test};
use crate::verify::tested::AcceptedStates;
use nginx_config::{Config, redact_message};

/// What the tests need.
pub struct Gate<'a> {
    pub root: &'a Root,
    pub launcher: &'a Launcher,
    pub facts: &'a Facts,
    pub programs: &'a Programs,
    pub config: &'a Config,
    pub sandbox: SandboxChoice,
}

impl Gate<'_> {
    /// Tests what is on the disk; `None` where there is no sandbox, or where the verdict would be about this machine
    /// and not about the server that a copy is of.
    pub fn test_old(
        &self,
        findings: &mut Vec<Finding>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Verdict>, Failure> {
        if self.programs.tester.is_none() {
            findings.push(lacking::no_program());
            return Ok(None);
        }
        let verdict = match self.test(&Changes::new()) {
            Ok(verdict) => verdict,
            Err(Refused::Unavailable(reason)) => {
                findings.push(no_sandbox(&self.facts.host.scope, self.sandbox, &reason));
                return Ok(None);
            }
            Err(Refused::Failed(reason)) => {
                return Err(Failure::new(FailureKind::Failed, format!("setting up the sandbox: {reason}")));
            }
        };
        notes.extend(verdict.notes.iter().cloned());
        notes.extend(unseen(&self.facts.nginx.runs_code));
        if verdict.accepted {
            self.ask_the_other_about_the_old(findings);
            return Ok(Some(verdict));
        }
        let lines = verdict.errors.iter().map(|line| redact_message(self.config, line));
        if let Some(finding) = lacking::not_this_machine(self.root, self.facts, lines) {
            findings.push(finding);
            return Ok(None);
        }
        let lines = verdict.errors.iter().map(|line| redact_message(self.config, line));
        let finding = Finding::new(codes::NGINX_CONFIG_BROKEN, "the configuration as it is fails `nginx -t`")
            .advice("fix it first; nothing is changed before")
            .evidence_lines(lines);
        let message = format!("the configuration as it is fails `nginx -t`: {}", self.shown(&verdict));
        Err(Failure::new(FailureKind::Invalid, message).with_findings(vec![finding]))
    }

    /// The binary that a restart would start has a say, too: what it thinks of
    /// the old configuration is told, and nobody is stopped by it.
    fn ask_the_other_about_the_old(&self, findings: &mut [Finding]) {
        let line = match self.by_the_other(&Changes::new()) {
            None => return,
            Some(Ok(verdict)) if verdict.accepted => {
                "the one on disk accepts the configuration as it is".to_owned()
            }
            Some(Ok(verdict)) => {
                format!("the one on disk refuses the configuration as it is: {}", self.shown(&verdict))
            }
            Some(Err(refused)) => format!("the one on disk could not be asked: {refused}"),
        };
        note_skew(findings, line);
    }

    /// The whole new configuration by the binary that a restart would start: a
    /// change must not make a restart fail that would have worked.
    fn test_new_by_the_other(&self, state: &Changes, findings: &mut [Finding]) -> Result<(), Failure> {
        // That it could not be asked has been said about the old one.
        let Some(Ok(new)) = self.by_the_other(state) else { return Ok(()) };
        if new.accepted {
            note_skew(findings, "the one on disk accepts the new configuration".to_owned());
            return Ok(());
        }
        let line = format!("the one on disk refuses the new configuration: {}", self.shown(&new));
        note_skew(findings, line.clone());
        match self.by_the_other(&Changes::new()) {
            Some(Ok(old)) if old.accepted => {
                let message = format!("two versions of nginx are here, and {line}");
                Err(Failure::new(FailureKind::Invalid, message)
                    .with_hint("restart NGINX first, so that the new version is the one that is asked"))
            }
            _ => Ok(()),
        }
    }

    fn by_the_other(&self, changes: &Changes) -> Option<Result<Verdict, Refused>> {
        let other = self.programs.on_disk.as_ref()?;
        Some(test(other, self.root, self.launcher, self.facts, changes))
    }

    /// Tests every state that the plan brings; what was accepted, where all of them were.
    pub fn test_new(
        &self,
        plan: &Plan,
        old: &Verdict,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<AcceptedStates>, Failure> {
        let states =
            states(self.root, plan).map_err(|error| Failure::from_error(FailureKind::Failed, error))?;
        let count = states.len();
        let mut all_accepted = true;
        for (index, state) in states.iter().enumerate() {
            let verdict = self.test(state).map_err(|refused| {
                Failure::new(FailureKind::Failed, format!("setting up the sandbox: {refused}"))
            })?;
            all_accepted &= verdict.accepted;
            if index + 1 < count && !verdict.accepted {
                findings.push(
                    Finding::new(codes::PLAN_NO_SAFE_ORDER, "nginx refuses a state on the way")
                        .evidence(format!(
                            "after {} of {}: {}",
                            index + 1,
                            counted(count, "file"),
                            self.shown(&verdict)
                        ))
                        .advice("change the files so that each can stand without the others"),
                );
            } else if !verdict.accepted {
                let message = format!("nginx refuses the new configuration: {}", self.shown(&verdict));
                return Err(Failure::new(FailureKind::Invalid, message)
                    .with_hint("nothing was changed; fix the template"));
            }
            if index + 1 == count {
                self.test_new_by_the_other(state, findings)?;
            }
            let new = new_warnings(old, &verdict);
            if index + 1 == count && !new.is_empty() {
                findings.push(
                    Finding::new(codes::NGINX_NEW_WARNINGS, "nginx warns about the new configuration")
                        .advice("read them; the old configuration did not have them")
                        .evidence_lines(new.iter().map(|line| redact_message(self.config, line))),
                );
            }
        }
        let program = self.programs.tester.as_ref().filter(|_| all_accepted);
        Ok(program.map(|program| AcceptedStates::new(program, states)))
    }

    fn test(&self, changes: &Changes) -> Result<Verdict, Refused> {
        let Some(program) = &self.programs.tester else {
            return Err(Refused::Unavailable("there is no NGINX on this machine".to_owned()));
        };
        test(program, self.root, self.launcher, self.facts, changes)
    }

    fn shown(&self, verdict: &Verdict) -> String {
        redact_message(self.config, &verdict.errors.join("\n")).replace('\n', "; ")
    }
}

/// What an acceptance by `nginx -t` does not mean.
fn unseen(code: &[CodeFacts]) -> Option<String> {
    let unseen: Vec<&CodeFacts> = code.iter().filter(|one| one.runs.is_unseen()).collect();
    let first = unseen.first()?;
    let more = match unseen.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "nginx -t did not look at the Lua code of {} ({}){more}: it neither compiles nor runs it",
        first.directive, first.place
    ))
}

/// Adds to what was said about the two binaries.
fn note_skew(findings: &mut [Finding], line: String) {
    if let Some(finding) = findings.iter_mut().find(|finding| finding.code == codes::NGINX_VERSION_SKEW) {
        finding.evidence.push(line);
    }
}

/// The finding of a host that allows no sandbox.
fn no_sandbox(scope: &Scope, choice: SandboxChoice, reason: &str) -> Finding {
    let level = match choice {
        SandboxChoice::Required => Level::Stop,
        SandboxChoice::AfterInstall => Level::Warn,
    };
    Finding::graded(codes::HOST_NO_SANDBOX, level, "this host allows no sandbox to validate in")
        .evidence(reason.to_owned())
        .advice(match scope {
            Scope::Live => "--no-sandbox validates after installing and rolls back on failure",
            Scope::Tree(_) => {
                "a copied tree is validated in a sandbox only: use a machine that allows namespaces"
            }
        })
}
