//! How Motion's file stands against what the last change left there.
//!
//! Invariant: pure data and its words; who overwrote a file is said only where
//! it was told from the texts.

use crate::outcome::counted_as;
use std::fmt::Write as _;

/// How many of the missing changes a verdict names.
const NAMED: usize = 3;

/// What is known of Motion's file since the last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    pub state: SiteState,
    /// The file's name without its folders, for people.
    pub file: String,
    /// Local changes that the last change left and that the file lacks now.
    pub missing: Vec<MissingChange>,
    /// Facts of today that are the update's now, each with what it was before.
    pub updated: Vec<String>,
    /// Whether nobody knows what had been removed from the vendor's text: it is there again.
    pub no_removals: bool,
    /// Paths of what has to be decided before anything is brought back.
    pub undecided: Vec<String>,
    /// Paths of what was edited by hand since, and is in no record.
    pub edited: Vec<String>,
}

/// Who changed Motion's file since the last change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SiteState {
    /// No change has left a record.
    #[default]
    NoRecord,
    AsLeft,
    /// An update wrote a file of its own.
    Overwritten,
    /// Somebody edited it by hand.
    Edited,
    /// An update serves Motion from another file, and this one is its file no more.
    Moved,
    /// `motionctl restore-vendor` put the vendor's text there.
    VendorOnRequest,
    /// The last change left a record, and it cannot be read.
    Unreadable,
    /// The last change left a record, and it is not there any more.
    RecordGone,
}

/// A local change that is not in the file any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingChange {
    /// The blocks around it.
    pub block: String,
    /// What it is: `location /whatsapp-bridge/`.
    pub directive: String,
}

impl Standing {
    /// Whether something that was carried is not there.
    #[must_use]
    pub fn lacks_changes(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Whether it is not known which changes are local: then nobody can say that all of them are there.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.state, SiteState::Unreadable | SiteState::RecordGone)
    }

    /// For programs: `none`, `as-left`, `overwritten`, `edited`, `moved`, `vendor-on-request`, `unreadable`, `gone`.
    #[must_use]
    pub fn in_a_word(&self) -> &'static str {
        match self.state {
            SiteState::NoRecord => "none",
            SiteState::AsLeft => "as-left",
            SiteState::Overwritten => "overwritten",
            SiteState::Edited => "edited",
            SiteState::Moved => "moved",
            SiteState::VendorOnRequest => "vendor-on-request",
            SiteState::Unreadable => "unreadable",
            SiteState::RecordGone => "gone",
        }
    }

    /// What to say of it; `None` where the file is as it was left, or nothing of ours is gone.
    #[must_use]
    pub fn verdict(&self) -> Option<String> {
        let back = "`motionctl apply` brings";
        let (gone, them) = (self.gone(), if self.missing.len() == 1 { "it" } else { "them" });
        let file = &self.file;
        if let (Some(to_decide), SiteState::Overwritten | SiteState::VendorOnRequest) =
            (self.to_decide(), self.state)
        {
            let who = if self.state == SiteState::Overwritten { "an update overwrote " } else { "" };
            let request = if self.state == SiteState::Overwritten {
                ""
            } else {
                " is the vendor's own text, on request"
            };
            let gone = if self.missing.is_empty() { "no local change is gone".to_owned() } else { gone };
            return Some(format!("{who}{file}{request}: {gone}; {to_decide}: `motionctl plan` shows what"));
        }
        match (self.state, self.missing.is_empty()) {
            (SiteState::NoRecord, _) | (SiteState::AsLeft | SiteState::Edited | SiteState::Moved, true) => {
                None
            }
            (SiteState::Unreadable, _) => {
                Some(format!("local changes unknown: the record of {file} cannot be read"))
            }
            (SiteState::RecordGone, _) => {
                Some(format!("local changes unknown: the record of {file} is not there any more"))
            }
            (SiteState::Moved, false) => Some(format!(
                "{file} is Motion's file no more: {gone}; `motionctl apply --carry OLD` brings back what an old copy has"
            )),
            (SiteState::AsLeft, false) => {
                Some(format!("{file} lacks what is to be there: {gone}; {back} {them} back"))
            }
            (SiteState::Overwritten, true) if !self.updated.is_empty() => Some(format!(
                "an update overwrote {file}; certificates or addresses are the update's now, no other local change is gone"
            )),
            (SiteState::Overwritten, true) => {
                let unknown = if self.no_removals {
                    " that can be known: what had been removed is there again"
                } else {
                    ""
                };
                Some(format!("an update overwrote {file}; no local change is gone{unknown}"))
            }
            (SiteState::Overwritten, false) => {
                Some(format!("an update overwrote {file}: {gone}; {back} {them} back"))
            }
            (SiteState::Edited, false) => Some(format!(
                "{file} was edited by hand: {gone}; {back} {them} back, `motionctl local drop` forgets {them}"
            )),
            (SiteState::VendorOnRequest, true) => {
                Some(format!("{file} is the vendor's own text, on request"))
            }
            (SiteState::VendorOnRequest, false) => {
                Some(format!("{file} is the vendor's own text, on request: {gone}; {back} {them} back"))
            }
        }
    }

    fn to_decide(&self) -> Option<String> {
        match self.undecided.as_slice() {
            [] => None,
            [one] => Some(format!("1 conflict to decide ({one})")),
            several => Some(format!("{} conflicts to decide", several.len())),
        }
    }

    fn gone(&self) -> String {
        let count = self.missing.len();
        let names: Vec<_> = self.missing.iter().take(NAMED).map(|change| change.directive.as_str()).collect();
        let mut text = counted_as(count, "local change is gone ", "local changes are gone ");
        let more = if count > NAMED { ", …" } else { "" };
        write!(text, "({}{more})", names.join(", ")).expect("writing to a string");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: SiteState, missing: &[&str], expect: Option<&str>) {
        let missing = missing
            .iter()
            .map(|name| MissingChange { block: "server _:443".to_owned(), directive: (*name).to_owned() });
        let standing = Standing {
            state,
            file: "motion.conf".to_owned(),
            missing: missing.collect(),
            ..Standing::default()
        };
        assert_eq!(standing.verdict().as_deref(), expect, "{state:?}");
    }

    #[test]
    fn a_verdict_says_who_was_there_and_what_is_gone() {
        check(SiteState::AsLeft, &[], None);
        check(SiteState::Edited, &[], None);
        check(
            SiteState::RecordGone,
            &[],
            Some("local changes unknown: the record of motion.conf is not there any more"),
        );
        check(
            SiteState::Overwritten,
            &["location /whatsapp-bridge/"],
            Some(
                "an update overwrote motion.conf: 1 local change is gone (location /whatsapp-bridge/); \
                 `motionctl apply` brings it back",
            ),
        );
        check(
            SiteState::Overwritten,
            &["a", "b", "c", "d"],
            Some(
                "an update overwrote motion.conf: 4 local changes are gone (a, b, c, …); \
                 `motionctl apply` brings them back",
            ),
        );
        check(
            SiteState::VendorOnRequest,
            &["a", "b"],
            Some(
                "motion.conf is the vendor's own text, on request: 2 local changes are gone (a, b); \
                 `motionctl apply` brings them back",
            ),
        );
    }
}
