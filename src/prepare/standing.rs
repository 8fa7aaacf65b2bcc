//! How Motion's file stands against what the last change left, as findings.
//!
//! Invariant: only says what the planner found; what could not be read is said where it was looked for.

use super::merge;
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::plan::{Migration, SiteState, Standing};
use nginx_config::diff::join;

/// What is gone from the file since the last change, and what an update has otherwise.
pub fn standing_findings(migration: &Migration) -> Vec<Finding> {
    let standing = &migration.standing;
    let gone = standing.lacks_changes();
    let level = if gone { Level::Warn } else { Level::Info };
    let raised = standing.verdict().and_then(|title| match standing.state {
        // Said where it was found that the record cannot be read.
        SiteState::NoRecord | SiteState::Unreadable | SiteState::RecordGone => None,
        SiteState::Moved => Some(Finding::new(codes::SITE_CHANGES_GONE, title).advice(
            "`motionctl plan --carry OLD` shows what a copy of the old file brings back; a record that nobody needs any \
             more can be moved away",
        )),
        SiteState::Overwritten => Some(
            Finding::graded(codes::SITE_OVERWRITTEN, level, title)
                .advice(if standing.no_removals {
                    "`motionctl apply` puts both together; what you had removed is there again: it cannot be known"
                } else {
                    "`motionctl apply` puts local changes and the vendor's new text together"
                }),
        ),
        SiteState::VendorOnRequest => {
            Some(Finding::new(codes::SITE_VENDOR_TEXT, title).advice("`motionctl apply` ends that"))
        }
        SiteState::AsLeft | SiteState::Edited => Some(Finding::new(codes::SITE_CHANGES_GONE, title).advice(
            "`motionctl apply` brings them back; `motionctl local drop PATH` forgets what is not wanted",
        )),
    });
    let names = standing.missing.iter().map(|change| join(&change.block, &change.directive));
    let raised = raised.map(|finding| finding.evidence_lines(names));
    raised
        .into_iter()
        .chain(edited(standing))
        .chain(kept_ours(migration))
        .chain(kept_update(migration))
        .collect()
}

/// What somebody edited by hand and no record keeps: the next update takes it, if nobody says that it is to stay.
fn edited(standing: &Standing) -> Option<Finding> {
    let title = match standing.edited.len() {
        1 => format!("1 edit by hand in {} is not kept yet", standing.file),
        count => format!("{count} edits by hand in {} are not kept yet", standing.file),
    };
    let finding = Finding::new(codes::SITE_EDITED, title)
        .advice("`motionctl local add` keeps them: then an update that takes them away is noticed");
    (!standing.edited.is_empty()).then(|| finding.evidence_lines(&standing.edited))
}

/// Facts of today, where the update has another than there was before.
fn kept_update(migration: &Migration) -> Option<Finding> {
    let updated = &migration.standing.updated;
    let title = "certificates or addresses of Motion are the update's now";
    let finding = Finding::new(codes::MERGE_KEPT_UPDATE, title)
        .advice("put back by hand what is not right, and keep it with `motionctl local add`");
    (!updated.is_empty()).then(|| finding.evidence_lines(updated))
}

fn kept_ours(migration: &Migration) -> Option<Finding> {
    let title = "the update has other values than this server, and this server's are kept";
    let finding = Finding::new(codes::MERGE_KEPT_OURS, title)
        .advice("--resolve 'PATH=theirs' takes the update's value");
    let said = |version: &Option<nginx_config::diff::Version>| {
        version.as_ref().map_or_else(|| "nothing".to_owned(), |one| merge::one_line(&one.text))
    };
    let lines = migration.kept_ours.iter().map(|conflict| {
        format!("{}: {}, the update has {}", conflict.path, said(&conflict.ours), said(&conflict.theirs))
    });
    (lines.len() > 0).then(|| finding.evidence_lines(lines))
}
