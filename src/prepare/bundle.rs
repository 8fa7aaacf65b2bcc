//! What is said of templates that do not come with motionctl.
//!
//! Invariant: pure; the folder was judged by the bytes that are used.

use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::plan::bundle::{LIST, Origin, SIGNATURE};

/// As many lines as a person reads.
const MOST: usize = 10;

/// What stands against templates of this origin.
#[must_use]
pub fn finding(origin: &Origin) -> Option<Finding> {
    match origin {
        Origin::BuiltIn | Origin::Signed { .. } => None,
        Origin::Unsigned { because, is_wanted: false } => Some(
            Finding::graded(
                codes::BUNDLE_UNSIGNED,
                Level::Warn,
                "the templates of the bundle are signed by nobody who is trusted here",
            )
            .evidence(because)
            .evidence("no key is trusted: `bundle_signer` of the settings and --bundle-signer name none")
            .advice(format!(
                "read the diff; sign bundles that are handed on (`sha256sum`, `minisign -Sm {LIST}`), and name the key"
            )),
        ),
        Origin::Unsigned { because, is_wanted: true } => Some(
            Finding::graded(
                codes::BUNDLE_UNSIGNED,
                Level::Stop,
                "the templates of the bundle are not signed with a key that is trusted here",
            )
            .evidence(because)
            .advice(
                "get the bundle again from whoever signs it, with its signature; accept it for templates of your own",
            ),
        ),
        Origin::Changed { because } => Some(changed(because)),
    }
}

fn changed(because: &[String]) -> Finding {
    let title = "the bundle is not as it was signed or listed";
    let mut finding = Finding::new(codes::BUNDLE_CHANGED, title);
    finding.evidence.extend(because.iter().take(MOST).cloned());
    if because.len() > MOST {
        finding.evidence.push(format!("and {} more", because.len() - MOST));
    }
    finding.advice(format!(
        "get the bundle again from whoever signs it; after a change of your own write {LIST} and {SIGNATURE} again"
    ))
}

/// Whose templates these are, where somebody signed them: an old bundle that is handed out again has a good signature, too.
#[must_use]
pub fn note(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Signed { key, comment } => {
            Some(format!("the templates are signed with the key {key}: {comment}"))
        }
        Origin::BuiltIn | Origin::Unsigned { .. } | Origin::Changed { .. } => None,
    }
}
