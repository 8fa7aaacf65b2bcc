//! What must be said before rows go.
//!
//! Invariant: a plan that deletes is applied only if its kinds of deletions were named and their number was granted.

use super::model::Deletions;
use crate::outcome::codes;
use crate::outcome::{Finding, counted_as};
use std::collections::BTreeSet;

/// A kind of deletions that `--prune` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prune {
    /// Links of agents and profiles that stay.
    Memberships,
    /// Profiles: those marked `absent: true`, and those that the manifest does not name.
    Profiles,
    /// Profiles marked `absent: true` alone.
    Absent,
    /// Rights of user profiles.
    Permissions,
}

impl Prune {
    /// As the flag has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memberships => "memberships",
            Self::Profiles => "profiles",
            Self::Absent => "absent",
            Self::Permissions => "permissions",
        }
    }
}

/// What somebody allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    pub prune: BTreeSet<Prune>,
    /// How many rows may go.
    pub most: Option<u64>,
}

/// How the advice begins whose rest is typed behind the command.
pub const TO_ALLOW: &str = "to allow: ";

/// What refuses these deletions, with the flags that would allow them.
#[must_use]
pub fn refused(deletions: &Deletions, allowed: &Allowance) -> Option<Finding> {
    let total = deletions.total();
    let mut needed = BTreeSet::new();
    if deletions.memberships > 0 {
        needed.insert(Prune::Memberships);
    }
    if deletions.unnamed > 0 {
        needed.insert(Prune::Profiles);
    } else if deletions.absent > 0 && !allowed.prune.contains(&Prune::Profiles) {
        needed.insert(Prune::Absent);
    }
    if deletions.revoked > 0 {
        needed.insert(Prune::Permissions);
    }
    let kinds = needed.iter().all(|kind| allowed.prune.contains(kind));
    if total == 0 || (kinds && allowed.most.is_some_and(|most| total <= most)) {
        return None;
    }
    // Said as it must be typed; what was allowed already stays allowed. A move says itself what goes.
    let all: BTreeSet<_> = needed.union(&allowed.prune).map(|kind| kind.name()).collect();
    let prune = match all.into_iter().collect::<Vec<_>>().join(",") {
        none if none.is_empty() => none,
        kinds => format!("--prune {kinds} "),
    };
    let rights = counted_as(deletions.revoked, "right", "rights");
    let gone = match (deletions.rows(), deletions.revoked) {
        (0, _) => format!("{rights} would be taken away"),
        (rows, 0) => counted_as(rows, "row would be deleted", "rows would be deleted"),
        (rows, _) => {
            format!(
                "{}, and {rights} taken away",
                counted_as(rows, "row would be deleted", "rows would be deleted")
            )
        }
    };
    let off = match allowed.most {
        None => "deletions are off",
        Some(_) => "not all of that is allowed",
    };
    let mut finding = Finding::new(codes::SEED_DELETIONS_NOT_ALLOWED, format!("{gone}, {off}"))
        .advice(format!("{TO_ALLOW}{prune}--max-delete {total}"));
    let counts = [
        (deletions.memberships, ["membership", "memberships"], "of agents and profiles that stay"),
        (deletions.moved, ["membership", "memberships"], "of agents who move to another profile"),
        (deletions.absent, ["profile", "profiles"], "marked `absent: true`"),
        (deletions.unnamed, ["profile", "profiles"], "that the manifest does not name"),
        (deletions.dependent, ["membership", "memberships"], "of profiles that go"),
        (deletions.revoked, ["right", "rights"], "of User Profiles on agent profiles"),
    ];
    for (count, [one, several], what) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        finding = finding.evidence(format!("{} {what}", counted_as(count, one, several)));
    }
    if let Some(most) = allowed.most.filter(|most| *most < total) {
        finding = finding.evidence(format!("--max-delete allows {most}"));
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(deletions: Deletions, prune: &[Prune], most: Option<u64>, expect: Option<&str>) {
        let allowed = Allowance { prune: prune.iter().copied().collect(), most };
        let advice = refused(&deletions, &allowed).map(|finding| finding.advice);
        let expect = expect.map(|flags| format!("to allow: {flags}"));
        assert_eq!(advice, expect, "{deletions:?} {allowed:?}");
    }

    #[test]
    fn kinds_and_number_must_both_be_allowed() {
        use Prune::{Absent, Memberships, Permissions, Profiles};
        let links = Deletions { memberships: 3, ..Deletions::default() };
        check(Deletions::default(), &[], None, None);
        check(links, &[], None, Some("--prune memberships --max-delete 3"));
        check(links, &[Memberships], None, Some("--prune memberships --max-delete 3"));
        check(links, &[Memberships], Some(2), Some("--prune memberships --max-delete 3"));
        check(links, &[Profiles], Some(3), Some("--prune memberships,profiles --max-delete 3"));
        check(links, &[Memberships], Some(3), None);
        let absent = Deletions { absent: 1, dependent: 4, ..Deletions::default() };
        check(absent, &[], Some(5), Some("--prune absent --max-delete 5"));
        check(absent, &[Absent], Some(5), None);
        check(absent, &[Profiles], Some(5), None);
        check(absent, &[Profiles], Some(4), Some("--prune profiles --max-delete 5"));
        let unnamed = Deletions { unnamed: 1, ..absent };
        check(unnamed, &[Absent], Some(6), Some("--prune absent,profiles --max-delete 6"));
        check(unnamed, &[Profiles], Some(6), None);
        let moved = Deletions { moved: 1, ..Deletions::default() };
        check(moved, &[], None, Some("--max-delete 1"));
        check(moved, &[], Some(0), Some("--max-delete 1"));
        check(moved, &[], Some(1), None);
        check(Deletions { moved: 1, ..links }, &[], Some(9), Some("--prune memberships --max-delete 4"));
        let revoked = Deletions { revoked: 2, ..Deletions::default() };
        check(revoked, &[], Some(2), Some("--prune permissions --max-delete 2"));
        check(
            revoked,
            &[Memberships, Profiles],
            Some(2),
            Some("--prune memberships,permissions,profiles --max-delete 2"),
        );
        check(revoked, &[Permissions], Some(1), Some("--prune permissions --max-delete 2"));
        check(revoked, &[Permissions], Some(2), None);
        check(
            Deletions { revoked: 2, ..links },
            &[Permissions],
            Some(5),
            Some("--prune memberships,permissions --max-delete 5"),
        );
    }
}
