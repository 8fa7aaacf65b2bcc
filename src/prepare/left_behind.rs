//! Records of local changes whose file is Motion's no more: an update that writes its file under another name.
//!
//! Invariant: reads only. A record is passed over only where its file still has server blocks of its own, or where
//! the file that serves Motion now has all of it.

use super::candidate;
use super::kept::{LARGEST_PATCH, base_path};
use crate::host::Root;
use crate::inspect::{Inspection, RootReader};
use crate::outcome::codes;
use crate::outcome::{Failure, Finding};
use crate::plan::{Kept, LOCAL_FOLDER, LocalPatch, MissingChange, SiteState, Standing, local_changes, moved};
use nginx_config::{Reader, Tree};
use std::path::Path;

/// A record, and where it lies.
struct Record {
    path: String,
    patch: LocalPatch,
}

/// How the file that serves Motion stands against a record of another that is gone; the worst where there are several.
pub fn standing(root: &Root, inspection: &Inspection) -> Option<Standing> {
    let live = &candidate::site(inspection)?.tree;
    let left = records(root).into_iter().filter(|record| is_gone(inspection, &record.patch));
    let stands = left.map(|record| against(root, inspection, live, &record));
    stands.filter(Standing::lacks_changes).max_by_key(|standing| standing.missing.len())
}

/// Names the records in a failure to find Motion's file.
pub fn named_in(root: &Root, failure: Failure) -> Failure {
    let records = records(root);
    if records.is_empty() {
        return failure;
    }
    let title = "a record of local changes is kept of a file that was not found to be Motion's";
    let lines = records.iter().map(|record| {
        let count = local_changes(&record.patch).count();
        format!("{}: {count} local changes of {}", record.path, record.patch.site)
    });
    let finding = Finding::new(codes::SITE_CHANGES_GONE, title).evidence_lines(lines).advice(
        "name Motion's file with --site FILE; once it is there again, `motionctl apply` brings the changes back",
    );
    let mut findings = failure.findings.clone();
    findings.push(finding);
    failure.with_findings(findings)
}

/// The paths of the records that name a file which is Motion's no more.
pub fn paths(root: &Root, inspection: &Inspection) -> Vec<String> {
    let left = records(root).into_iter().filter(|record| is_gone(inspection, &record.patch));
    left.map(|record| format!("{} (of {})", record.path, record.patch.site)).collect()
}

/// Those that can be read; of one that cannot, only its own file's commands have to say something.
fn records(root: &Root) -> Vec<Record> {
    let mut names = RootReader::new(root).list(Path::new(LOCAL_FOLDER)).unwrap_or_default();
    names.sort();
    let paths = names.iter().map(|name| Path::new(LOCAL_FOLDER).join(name));
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let read = |path: std::path::PathBuf| {
        let patch = LocalPatch::parse(&root.read_at_most(&path, LARGEST_PATCH).ok()?).ok()?;
        Some(Record { path: path.display().to_string(), patch })
    };
    paths.filter_map(read).collect()
}

/// Whether the file of a record serves nothing any more.
fn is_gone(inspection: &Inspection, patch: &LocalPatch) -> bool {
    let site = Path::new(&patch.site);
    if site == inspection.facts.site.file {
        return false;
    }
    let read =
        inspection.config.files().map(|(_, file)| file).find(|file| file.paths().any(|path| path == site));
    read.is_none_or(|file| !file.tree.walk().any(|id| file.tree.directive(id).is("server")))
}

fn against(root: &Root, inspection: &Inspection, live: &Tree, record: &Record) -> Standing {
    let Record { path, patch } = record;
    let file = format!("{} (record {path})", patch.site);
    let base = root.read(base_path(Path::new(&patch.site))).unwrap_or_default();
    let upstreams = inspection.facts.site.upstreams.iter().filter(|upstream| upstream.serves_motion);
    let motion: Vec<String> = upstreams.map(|upstream| upstream.address.to_string()).collect();
    moved(Kept { patch, base: &base }, live, file.clone(), &motion).unwrap_or_else(|_| {
        // Without its base it is not known what of it is there: all of it counts as gone.
        let changes = local_changes(patch).map(|(_, kept)| MissingChange {
            block: kept.change.block.clone(),
            directive: kept.change.directive.clone(),
        });
        let missing = changes.collect();
        Standing { state: SiteState::Moved, file, missing, ..Standing::default() }
    })
}
