//! `version` and `--version`: which build this is, and which formats it writes and reads.
//!
//! Invariant: only what was compiled in is said, so that it is the same on every server; what the build did not record
//! is null.

use super::formats::FORMATS;
use crate::outcome::{Outcome, OutcomeKind, Row, row};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The commit; with a `+` where files differed from it.
const COMMIT: Option<&str> = option_env!("MOTIONCTL_BUILT_FROM");
const DATE: Option<&str> = option_env!("MOTIONCTL_BUILT_DATE");
const COMPILER: Option<&str> = option_env!("MOTIONCTL_RUSTC");
const TARGET: &str = env!("MOTIONCTL_TARGET");
/// Digits of a commit that people see.
const SHORT: usize = 10;

/// What `--version` prints behind the name.
pub fn line() -> &'static str {
    static LINE: LazyLock<String> =
        LazyLock::new(|| format!("{} ({})", env!("CARGO_PKG_VERSION"), build(COMMIT, DATE)));
    &LINE
}

/// The same and more, for people and programs.
pub fn version() -> Outcome {
    let mut outcome = Outcome::new("version", OutcomeKind::Ok);
    let changed = COMMIT.map(|commit| commit.ends_with('+'));
    let formats: serde_json::Map<String, Value> = FORMATS
        .iter()
        .map(|format| {
            let shape = json!({ "writes": format.writes, "reads": format.reads().collect::<Vec<_>>() });
            (format.name.to_owned(), shape)
        })
        .collect();
    outcome.set_verdict(line());
    let details = &mut outcome.details;
    details.add("commit", COMMIT.map(|commit| commit.trim_end_matches('+')));
    details.add("commit_date", DATE);
    details.add("changed", changed);
    details.add("debug", cfg!(debug_assertions));
    details.add("target", TARGET);
    details.add("compiler", COMPILER);
    details.add("formats", formats);
    details.rows = Some(rows());
    outcome
}

fn rows() -> Vec<Row> {
    let built = [["built for", TARGET], ["built by", COMPILER.unwrap_or("a compiler that did not say")]];
    let built = built.map(|[what, value]| row(&[&what, &value]));
    let formats = FORMATS.iter().map(|format| {
        let (first, last) = (format.oldest, format.writes);
        let reads = if first == last { String::new() } else { format!(", reads {first} to {last}") };
        row(&[&format.what, &format!("format {last}{reads}")])
    });
    built.into_iter().chain(formats).collect()
}

fn build(commit: Option<&str>, date: Option<&str>) -> String {
    match (commit, date) {
        _ if cfg!(debug_assertions) && commit.is_none() => "debug build".to_owned(),
        (Some(commit), Some(date)) => {
            let changed = if commit.ends_with('+') { ", with changes" } else { "" };
            format!("{} {date}{changed}", commit.get(..SHORT).unwrap_or(commit))
        }
        _ => "commit not recorded".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_said_with_its_date_and_what_differed() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(build(Some(commit), Some("2026-11-28")), "0123456789 2026-11-28");
        let changed = format!("{commit}+");
        assert_eq!(build(Some(&changed), Some("2026-11-28")), "0123456789 2026-11-28, with changes");
        assert_eq!(build(Some("abc"), Some("2026-11-28")), "abc 2026-11-28");
        assert!(["debug build", "commit not recorded"].contains(&build(None, None).as_str()));
    }
}
