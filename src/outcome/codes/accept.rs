//! What `--accept` takes: parsing, what is wrong usage, and what help and hints say of it.
//!
//! Invariant: follows from the table's rows; nothing else names what may be accepted.

use super::family::{Accept, Family};
use super::names::{all, named, nearest};
use super::row::Code;
use crate::outcome::{Failure, FailureKind};

/// Areas that the contract gives to `--accept` of a migration as a whole.
const WHOLE: [&str; 4] = ["topology", "sessions", "newclient", "bundle"];

/// What one word of `--accept` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted<'a> {
    /// This finding does not stop the run.
    Finding(Code),
    /// What this finding asks is decided so; the side is the caller's to understand.
    Side(Code, &'a str),
}

/// Reads one word of `--accept`.
///
/// # Errors
/// Wrong usage: no finding has that name, or these commands may not accept it.
pub fn accepted(word: &str, family: Family) -> Result<Accepted<'_>, Failure> {
    let (name, side) = word.split_once('=').map_or((word, None), |(name, side)| (name, Some(side)));
    let Some(code) = named(name) else {
        return Err(unknown(word, family));
    };
    match (code.accept(), side) {
        (Accept::ByName(by), None) if by == family => Ok(Accepted::Finding(code)),
        (Accept::BySide(by), Some(side)) if by == family => Ok(Accepted::Side(code, side)),
        (Accept::BySide(by), None) if by == family => {
            Err(refused(word, format!("say which side counts: {name}=ours or {name}=theirs")))
        }
        (accept, _) => Err(refused(
            word,
            match accept.family() {
                Some(other) if other != family => {
                    format!("it can be accepted by: {}", other.commands().join(", "))
                }
                Some(_) => format!("write `{name}` alone"),
                None => format!(
                    "only {} can; `motionctl explain {name}` says what to do",
                    acceptable(family).join(", ")
                ),
            },
        )),
    }
}

/// All that these commands accept, as an admin types it; an area that is taken whole is one word.
#[must_use]
pub fn acceptable(family: Family) -> Vec<String> {
    let mut words: Vec<String> = match family {
        Family::Migration => WHOLE.into_iter().map(|area| format!("{area}.*")).collect(),
        Family::Seed => Vec::new(),
    };
    let takes = |code: &Code| code.accept().family() == Some(family);
    words.extend(all().filter(takes).filter(|code| !WHOLE.contains(&code.area())).map(|code| {
        match code.accept() {
            Accept::BySide(_) => format!("{code}=ours|theirs"),
            Accept::ByName(_) | Accept::Never => code.name().to_owned(),
        }
    }));
    words
}

fn unknown(word: &str, family: Family) -> Failure {
    // Help and documentation write a whole area so; what is accepted is read and named one by one.
    let area = word.strip_suffix(".*").unwrap_or(word);
    let takes = |code: &Code| code.accept().family() == Some(family);
    let of_area: Vec<&str> =
        all().filter(|code| code.area() == area && takes(code)).map(Code::name).collect();
    if !of_area.is_empty() {
        return refused(word, format!("name those that were read, one by one: {}", of_area.join(", ")));
    }
    let meant = match nearest(word) {
        Some(code) if takes(&code) => format!("did you mean `{code}`? "),
        Some(code) => format!("`{code}` is one, but cannot be accepted here. "),
        None => String::new(),
    };
    Failure::new(FailureKind::Usage, format!("`{word}` cannot be accepted: no finding has this name"))
        .with_hint(format!("{meant}`motionctl explain` lists them all"))
}

fn refused(word: &str, hint: String) -> Failure {
    Failure::new(FailureKind::Usage, format!("`{word}` cannot be accepted")).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    /// Word for word what the contract says of `--accept`.
    #[test]
    fn what_is_accepted_is_what_the_contract_says() {
        assert_eq!(
            acceptable(Family::Migration),
            [
                "topology.*", "sessions.*", "newclient.*", "bundle.*", "site.base-unreadable",
                "site.managed-elsewhere", "routes.unguarded", "routes.to-https",
                "merge.conflict=ours|theirs", "config.runs-code"
            ]
        );
        for area in WHOLE {
            assert!(all().any(|code| code.area() == area), "{area}.* is offered and has no row");
        }
        for code in all().filter(|code| WHOLE.contains(&code.area())) {
            assert_eq!(code.accept(), Accept::ByName(Family::Migration), "{code}");
        }
        assert_eq!(
            acceptable(Family::Seed),
            [
                "seed.outside-unknown", "seed.undo-uncertain", "seed.profile-maybe-in-use",
                "seed.disable-in-use", "seed.deleted-unknown", "seed.link-meaning-unknown"
            ]
        );
    }

    #[test]
    fn words_are_taken_or_refused_with_what_to_type_instead() {
        let hint = |word, family| {
            let failure = accepted(word, family).expect_err(word);
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(failure.message.contains(&format!("`{word}`")), "{failure}");
            failure.hint.expect("a hint")
        };
        let by_migration = |word| accepted(word, Family::Migration).expect(word);
        assert_eq!(by_migration("topology.unknown"), Accepted::Finding(TOPOLOGY_UNKNOWN));
        assert_eq!(by_migration("merge.conflict=ours"), Accepted::Side(MERGE_CONFLICT, "ours"));
        assert_eq!(by_migration("bundle.changed"), Accepted::Finding(BUNDLE_CHANGED));
        assert_eq!(
            hint("topology.behind-prxy", Family::Migration),
            "did you mean `topology.behind-proxy`? `motionctl explain` lists them all"
        );
        assert_eq!(
            hint("site.ambigous", Family::Migration),
            "`site.ambiguous` is one, but cannot be accepted here. `motionctl explain` lists them all"
        );
        // As help and documentation write it.
        assert!(hint("sessions.*", Family::Migration).contains("one by one: sessions.online, "));
        assert!(hint("sessions", Family::Migration).contains("one by one: sessions.online, "));
        assert!(!hint("sessions.*", Family::Seed).contains("one by one"));
        assert_eq!(hint("nonsense", Family::Migration), "`motionctl explain` lists them all");
        assert!(hint("merge.conflict", Family::Migration).contains("merge.conflict=theirs"));
        assert!(hint("site.ambiguous", Family::Migration).contains("topology.*"));
        assert_eq!(hint("sessions.online=ours", Family::Migration), "write `sessions.online` alone");
        assert_eq!(
            hint("seed.disable-in-use", Family::Migration),
            "it can be accepted by: seed plan, seed apply, seed undo"
        );
        assert!(
            hint("sessions.online", Family::Seed).ends_with("status, report, collect, watch, install-unit")
        );
        hint("bundle.changed", Family::Seed);
        hint("bundle.x", Family::Migration);
    }
}
