//! What a copy of parts of a server does not show as it is on the server, and what is read in its place.
//!
//! Invariant: of a whole server nothing is missing: what is not there is missing on the server, too. Of a copy only
//! that is left out whose folder was not copied; a file that is missing in a folder that is there is missing on the
//! server, and NGINX would not start there.

use crate::facts::StandIn;
use crate::host::{Extent, Root};
use crate::outcome::codes;
use crate::outcome::{Finding, counted, counted_as};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// A path has at most as many bytes (`PATH_MAX`).
const LONGEST_LINK: u64 = 4096;

/// What stands in for the file at `path`; `None` where it is to be read as it is.
pub(super) fn stand_in(root: &Root, path: &Path) -> Option<StandIn> {
    if root.extent() == Extent::Whole {
        return None;
    }
    match root.metadata(path) {
        Ok(file) if file.is_file() && file.len() <= LONGEST_LINK => {
            link_as_text(root, path).map(StandIn::Link)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && !root.has_folder_of(path) => {
            Some(StandIn::Nothing)
        }
        _ => None,
    }
}

/// Where a link leads that was unpacked as a file, as Windows and some panels do it: the file's whole text is the path
/// of another file, which no directive is.
fn link_as_text(root: &Root, path: &Path) -> Option<PathBuf> {
    let bytes = root.read_at_most(path, LONGEST_LINK).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?.trim_end_matches(['\r', '\n']);
    let is_path = text.contains('/') && !text.contains(|c: char| c.is_whitespace() || ";{}#".contains(c));
    let target = path.parent()?.join(text);
    let leads = is_path && root.metadata(&target).is_ok_and(|found| found.is_file());
    let target = root.resolve_link_target(&target).ok().filter(|_| leads)?;
    (root.resolve_link_target(path).ok()? != target).then(|| target.as_path().to_owned())
}

/// What there is to say of them.
pub(super) fn findings(root: &Root, stand_ins: &BTreeMap<PathBuf, StandIn>) -> Vec<Finding> {
    let mut missing = Vec::new();
    let mut links = Vec::new();
    for (path, stand_in) in stand_ins {
        match stand_in {
            StandIn::Nothing => missing.push(match root.read_link(path) {
                Ok(target) => format!("{} is a link to {}", path.display(), Path::new(&target).display()),
                Err(_) => path.display().to_string(),
            }),
            StandIn::Link(target) => links.push(format!("{} leads to {}", path.display(), target.display())),
        }
    }
    let said = |finding: Finding, lines: &[String]| finding.evidence_lines(lines);
    let mut findings = Vec::new();
    if !missing.is_empty() {
        let title = format!(
            "{} that NGINX reads on the server {} not in this copy, and left out",
            counted(missing.len(), "file"),
            if missing.len() == 1 { "is" } else { "are" }
        );
        let finding = Finding::new(codes::NGINX_NOT_COPIED, title)
            .advice("what they say is not known here; ask for them where they may concern Motion's site");
        findings.push(said(finding, &missing));
    }
    if !links.is_empty() {
        let title = format!(
            "{} unpacked as text, and read as {}",
            counted_as(links.len(), "link was", "links were"),
            if links.len() == 1 { "a link" } else { "links" }
        );
        let finding = Finding::new(codes::NGINX_LINK_AS_TEXT, title)
            .advice("nothing has to be done; a .tar.gz made on the server keeps links");
        findings.push(said(finding, &links));
    }
    findings
}
