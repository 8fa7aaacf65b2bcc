//! Searches the disk for the new client's page, and compares what it finds.
//!
//! Invariant: a page counts by what it says of itself and by its scripts, which lie beside it; several that say the
//! same are a finding, not a choice. Nothing is taken for the new client for its name alone.

use crate::host::{Extent, Root};
use crate::motion::page::{Document, NEW_CLIENT, Page, without_query};
use crate::outcome::{Finding, Level, codes, counted_as};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Where Motion is installed unless a page of it is found elsewhere
/// (vendor's documentation).
pub const APPLICATION_ROOT: &str = "/var/opt/motion2";

/// Folders that never hold a built client.
const SKIPPED: [&str; 2] = ["node_modules", ".git"];
/// Deeper folders are not searched; builds lie a few levels down.
const DEPTH: usize = 12;
/// Entries after which the search says that it gave up.
const ENTRIES: usize = 200_000;
/// No page is larger.
const MOST_BYTES: u64 = 1 << 20;
/// More files of one kind are not listed.
const LISTED: usize = 3;

/// A page on the disk, with what lies beside it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The folder of its `index.html`.
    pub folder: PathBuf,
    pub document: Document,
    /// The file that each of its scripts and styles is.
    pub files: BTreeMap<String, PathBuf>,
    /// Scripts of its own that are not there.
    missing: Vec<String>,
    /// The path below `/user-ui/` that the folder's files are wanted at.
    pub below: Option<String>,
}

/// How much speaks for a page's being the new client's; what is further down says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// It names the route, and its scripts are there.
    Whole,
    /// It names the route; some of its scripts are not in view.
    WithoutScripts,
    /// Angular's tools built it, and its scripts are there.
    Built,
    /// It names the route, and no script at all.
    Bare,
}

impl Seen {
    fn claim(&self) -> Option<Claim> {
        let Document { page, names_route, is_built, .. } = &self.document;
        match page {
            Page::Legacy => None,
            Page::Client if *names_route && self.missing.is_empty() => Some(Claim::Whole),
            Page::Client if *names_route => Some(Claim::WithoutScripts),
            Page::Client if *is_built && self.missing.is_empty() => Some(Claim::Built),
            Page::Other if *names_route => Some(Claim::Bare),
            Page::Client | Page::Other => None,
        }
    }

    /// Whether anything speaks for its being the new client's.
    pub fn is_claimed(&self) -> bool {
        self.claim().is_some()
    }

    /// Whether it is certainly no client's page: it loads nothing, and does not say that it is one.
    pub fn is_no_client(&self) -> bool {
        self.document.likeness.is_empty() && !self.document.names_route
    }

    /// What does not speak for it.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.document.page == Page::Other {
            doubts.push("its page names no script of its own".to_owned());
        }
        if !self.document.names_route {
            doubts.push(format!("neither its base nor its scripts name {NEW_CLIENT}"));
        }
        doubts.extend(
            self.missing.iter().take(LISTED).map(|script| format!("its script {script} is not there")),
        );
        if self.missing.len() > LISTED {
            doubts.push(counted_as(
                self.missing.len() - LISTED,
                "more script is not there",
                "more scripts are not there",
            ));
        }
        doubts
    }
}

/// What the `index.html` of a folder is.
///
/// # Errors
/// When it cannot be read, or is larger than any page.
pub fn client_at(root: &Root, folder: &Path) -> io::Result<Seen> {
    let document = Document::on_the_disk(&root.read_at_most(folder.join("index.html"), MOST_BYTES)?);
    let plain = Mount { folder, at: NEW_CLIENT };
    let wanted = document.folder.clone().filter(|wanted| wanted.len() > NEW_CLIENT.len());
    let below = wanted.as_deref().and_then(|wanted| wanted.strip_prefix(NEW_CLIENT));
    let below = below.map(|rest| rest.trim_end_matches('/').to_owned()).filter(|rest| is_plain(rest));
    let mut found = plain.files(root, &document);
    // A build for one language may stand in its folder, or its folder may be the language's own.
    if let (Some(below), Some(wanted)) = (below, wanted.as_deref())
        && found.len() < document.assets().count()
    {
        let mounted = Mount { folder, at: wanted };
        let files = mounted.files(root, &document);
        if files.len() > found.len() {
            return Ok(seen(folder, document, files, Some(below)));
        }
    }
    // A page that is built for another path: its files are known, though not served from there by us.
    if found.is_empty()
        && let Some(other) = document.folder.clone().filter(|other| !other.starts_with(NEW_CLIENT))
    {
        found = Mount { folder, at: &other }.files(root, &document);
    }
    Ok(seen(folder, document, found, None))
}

fn seen(folder: &Path, document: Document, files: BTreeMap<String, PathBuf>, below: Option<String>) -> Seen {
    let missing = document.scripts.iter().filter(|script| !files.contains_key(*script)).cloned().collect();
    Seen { folder: folder.to_owned(), document, files, missing, below }
}

/// A folder whose files are served at a path.
struct Mount<'a> {
    folder: &'a Path,
    at: &'a str,
}

impl Mount<'_> {
    /// The files that a page's scripts and styles are, of those that are there.
    fn files(&self, root: &Root, document: &Document) -> BTreeMap<String, PathBuf> {
        let file = |uri: &String| {
            let rest = without_query(uri).strip_prefix(self.at)?;
            let path = self.folder.join(rest);
            let is_there = !rest.is_empty() && root.metadata(&path).is_ok_and(|found| found.is_file());
            is_there.then(|| (uri.clone(), path))
        };
        document.assets().filter_map(file).collect()
    }
}

/// Whether a path may stand in a location as it is.
fn is_plain(path: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    path.split('/').all(|part| !part.is_empty() && letters(part))
}

/// Searches below the application root.
pub fn search(root: &Root, application: Option<&Path>, findings: &mut Vec<Finding>) -> Option<Seen> {
    let mut found = Found::default();
    if let Some(application) = application {
        found.look(root, application);
    }
    let best = found.pages.iter().filter_map(Seen::claim).min();
    let (fitting, others): (Vec<&Seen>, Vec<&Seen>) =
        found.pages.iter().partition(|seen| best.is_some() && seen.claim() == best);
    let mut finding = match fitting.as_slice() {
        [only] => {
            findings.extend(unusual(only, "a page below the application root"));
            return Some((*only).clone());
        }
        [] => found.listed(
            &others,
            Finding::new(codes::NEWCLIENT_NOT_FOUND, "no page of the new client was found")
                .evidence(format!(
                    "searched {APPLICATION_ROOT} for an index.html that names {NEW_CLIENT} or that Angular's tools \
                     built, with its scripts beside it"
                ))
                .advice("say where it is with --new-client-root DIR or --new-client-upstream URL"),
        ),
        several => Finding::new(codes::NEWCLIENT_AMBIGUOUS, "several folders hold a new client")
            .advice("say which one serves agents with --new-client-root DIR")
            .evidence_lines(several.iter().map(|seen| seen.folder.display().to_string())),
    };
    if fitting.is_empty() && application.is_none() && root.extent() == Extent::Parts {
        finding = Finding::new(codes::NEWCLIENT_NOT_FOUND, "Motion's own files are not in this copy, so where the new client is cannot be told")
            .evidence(format!("there is no {APPLICATION_ROOT}"))
            .advice("ask which folder on the server holds the new client's index.html, and name it with --new-client-root DIR");
    }
    if fitting.is_empty() && !root.is_live() {
        finding = finding.evidence(format!(
            "not asked: whether Motion itself serves {NEW_CLIENT}; nothing runs from this tree"
        ));
    }
    if found.gave_up {
        finding = finding.evidence(format!("the search gave up after {ENTRIES} entries"));
    }
    findings.push(finding);
    None
}

/// Every page that was met.
#[derive(Default)]
struct Found {
    pages: Vec<Seen>,
    gave_up: bool,
}

impl Found {
    /// Looks into every folder below `top`.
    fn look(&mut self, root: &Root, top: &Path) {
        let mut entries = 0;
        let mut queue = vec![(top.to_owned(), 0)];
        while let Some((folder, depth)) = queue.pop() {
            let Ok(names) = root.read_dir(&folder) else { continue };
            for name in names {
                entries += 1;
                if entries > ENTRIES {
                    self.gave_up = true;
                    return;
                }
                let path = folder.join(&name);
                // Links are not followed: they would show one folder twice.
                let Ok(metadata) = root.symlink_metadata(&path) else { continue };
                if metadata.is_dir() && depth < DEPTH && !SKIPPED.iter().any(|skipped| name == *skipped) {
                    queue.push((path, depth + 1));
                } else if metadata.is_file() && name == "index.html" {
                    self.pages.extend(client_at(root, &folder));
                }
            }
        }
        self.pages.sort_by(|one, other| one.folder.cmp(&other.folder));
    }

    /// The pages that nothing speaks for, as evidence.
    fn listed(&self, pages: &[&Seen], finding: Finding) -> Finding {
        let shown = pages.iter().take(LISTED).map(|seen| {
            let what = match seen.document.page {
                Page::Legacy => "the legacy client's page",
                Page::Client => "a page of something else",
                Page::Other => "a page without scripts",
            };
            format!("{}: {what}", seen.folder.join("index.html").display())
        });
        finding.evidence_lines(shown)
    }
}

/// That a page is taken for the new client's although it does not look like it in every way; `None` where it does.
pub fn unusual(seen: &Seen, what: &str) -> Option<Finding> {
    let doubts = seen.doubts();
    let title = format!("{what} is taken for the new client, though not all speaks for it");
    let finding = Finding::graded(codes::NEWCLIENT_UNUSUAL, Level::Warn, title)
        .evidence(format!("{}", seen.folder.join("index.html").display()))
        .advice("after the change the page and its scripts must come, or it is undone; name another folder with --new-client-root");
    (!doubts.is_empty()).then(|| finding.evidence_lines(doubts))
}
