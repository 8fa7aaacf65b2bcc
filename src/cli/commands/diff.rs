//! `diff`: compares two files or trees line by line.

use crate::cli::args::DiffArgs;
use crate::cli::context::Context;
use crate::nginx::redact_source;
use crate::outcome::{DiffSection, Failure, FailureKind, Outcome, OutcomeKind, PlanSection};
use crate::report;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Exits 0 when both are the same, 2 when they differ.
pub fn diff(context: &Context, args: &DiffArgs) -> Result<Outcome, Failure> {
    let (old, new) = (list(&args.old)?, list(&args.new)?);
    let names: BTreeSet<_> = old.iter().chain(&new).collect();
    let style = super::super::style(&context.global);
    let (mut unified, mut painted, mut differs) = (String::new(), String::new(), false);
    for name in names {
        let (a, b) = (args.old.join(name), args.new.join(name));
        let (left, right) = (read(&a)?, read(&b)?);
        differs |= left != right;
        let shown = |bytes: &Option<Vec<u8>>| {
            bytes.as_deref().map_or_else(String::new, |bytes| String::from_utf8_lossy(&redact_source(bytes)).into_owned())
        };
        let (left_text, right_text) = (shown(&left), shown(&right));
        if left != right && left_text == right_text {
            unified.push_str(&format!("--- {}\n+++ {}\n@@ only redacted values differ @@\n", a.display(), b.display()));
            painted.push_str(&format!("{} and {} differ only in redacted values\n", a.display(), b.display()));
        }
        let (a, b) = (a.display().to_string(), b.display().to_string());
        unified.push_str(&report::unified(&a, &b, &left_text, &right_text));
        painted.push_str(&report::words(&a, &b, &left_text, &right_text, style));
    }
    let kind = if differs { OutcomeKind::ChangesPending } else { OutcomeKind::Ok };
    let mut outcome = Outcome::new("diff", kind);
    outcome.exit_code = if differs { 2 } else { 0 };
    let verdict = if differs { "the configurations differ" } else { "the configurations are the same" };
    outcome.details.insert("verdict".to_owned(), verdict.into());
    if context.global.json {
        outcome.details.insert("diff".to_owned(), unified.into());
    } else if differs {
        outcome.plan = Some(lines_only(painted));
    }
    Ok(outcome)
}
