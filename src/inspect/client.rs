//! Finds the application, its version, and the new client's files.
//!
//! Invariant: a folder counts as the new client's only by what its
//! `index.html` says; more than one such folder is a finding, not a choice.

use crate::facts::{ClientFacts, MotionFacts};
use crate::host::Root;
use crate::motion::page::{Page, classify, scripts, styles};
use crate::motion::settings::{ENV_FILE, env_value};
use crate::outcome::Finding;
use crate::outcome::codes;
use serde::{Deserialize, Serialize};
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
/// No page and no description of a package is larger.
const MOST_BYTES: u64 = 1 << 20;
/// What a file's text says that the version is.
type Reading = fn(&str) -> Option<String>;
/// Files that may name the version, in the order they are asked, and how.
const VERSION_SOURCES: [(&str, Reading); 5] = [
    ("server/package.json", package_version),
    ("package.json", package_version),
    (ENV_FILE, |text| env_value(text, "XC_VERSION")),
    ("VERSION", |text| text.lines().next().map(|line| line.trim().to_owned())),
    ("client/package.json", package_version),
];

/// What the operator said about the new client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientChoice {
    /// Nothing: it is searched for.
    #[default]
    Search,
    /// This folder, below the root.
    Folder(PathBuf),
    /// This address.
    Upstream(String),
}

/// Looks for the application and its new client.
pub fn motion(root: &Root, choice: &ClientChoice, findings: &mut Vec<Finding>) -> MotionFacts {
    let application = PathBuf::from(APPLICATION_ROOT);
    let exists = root.metadata(&application).is_ok_and(|metadata| metadata.is_dir());
    let application = exists.then_some(application);
    let version = application.as_deref().and_then(|application| version(root, application, findings));
    let client = match choice {
        ClientChoice::Upstream(url) => Some(ClientFacts::Proxied(url.clone())),
        ClientChoice::Folder(folder) => named_folder(root, folder, findings),
        ClientChoice::Search => search(root, application.as_deref(), findings),
    };
    let assets = client.as_ref().map_or_else(Vec::new, |client| assets(root, client));
    MotionFacts { root: application, version, places: Vec::new(), client, assets }
}

/// What the client's own page loads from this server.
fn assets(root: &Root, client: &ClientFacts) -> Vec<String> {
    let ClientFacts::Static(folder) = client else { return Vec::new() };
    let Ok(page) = root.read_at_most(folder.join("index.html"), MOST_BYTES) else { return Vec::new() };
    // Any origin will do: what the page names in full belongs to another server.
    let origin = "https://localhost";
    scripts(&page, origin).into_iter().chain(styles(&page, origin)).collect()
}

fn named_folder(root: &Root, folder: &Path, findings: &mut Vec<Finding>) -> Option<ClientFacts> {
    let index = folder.join("index.html");
    match root.read_at_most(&index, MOST_BYTES) {
        Ok(page) if classify(&page) == Page::NewClient => {
            return Some(ClientFacts::Static(folder.to_owned()));
        }
        Ok(_) => findings.push(
            Finding::new(codes::NEWCLIENT_NOT_FOUND, "the folder named is not the new client's")
                .evidence(format!("{}: no <base href=\"/user-ui/\">", index.display()))
                .advice("name the folder whose index.html is the new client's page"),
        ),
        Err(error) => findings.push(
            Finding::new(codes::NEWCLIENT_NOT_FOUND, "the folder named has no readable page")
                .evidence(format!("{}: {error}", index.display()))
                .advice("name the folder whose index.html is the new client's page"),
        ),
    }
    None
}

fn search(root: &Root, application: Option<&Path>, findings: &mut Vec<Finding>) -> Option<ClientFacts> {
    let (found, complete) = match application {
        Some(application) => folders(root, application),
        None => (Vec::new(), Search::Complete),
    };
    let mut finding = match found.as_slice() {
        [folder] => return Some(ClientFacts::Static(folder.clone())),
        [] => Finding::new(codes::NEWCLIENT_NOT_FOUND, "no page of the new client was found")
            .evidence(format!("searched {APPLICATION_ROOT} for an index.html with <base href=\"/user-ui/\">"))
            .advice("say where it is with --new-client-root DIR or --new-client-upstream URL"),
        several => several.iter().fold(
            Finding::new(codes::NEWCLIENT_AMBIGUOUS, "several folders hold a new client")
                .advice("say which one serves agents with --new-client-root DIR"),
            |finding, folder| finding.evidence(folder.display().to_string()),
        ),
    };
    if complete == Search::GaveUp {
        finding = finding.evidence(format!("the search gave up after {ENTRIES} entries"));
    }
    findings.push(finding);
    None
}

#[derive(PartialEq, Eq)]
enum Search {
    Complete,
    GaveUp,
}

/// Every folder below `top` whose `index.html` is the new client's.
fn folders(root: &Root, top: &Path) -> (Vec<PathBuf>, Search) {
    let mut found = Vec::new();
    let mut entries = 0;
    let mut queue = vec![(top.to_owned(), 0)];
    while let Some((folder, depth)) = queue.pop() {
        let Ok(names) = root.read_dir(&folder) else { continue };
        for name in names {
            entries += 1;
            if entries > ENTRIES {
                return (found, Search::GaveUp);
            }
            let path = folder.join(&name);
            // Links are not followed: they would show one folder twice.
            let Ok(metadata) = root.symlink_metadata(&path) else { continue };
            if metadata.is_dir() && depth < DEPTH && !SKIPPED.iter().any(|skipped| name == *skipped) {
                queue.push((path, depth + 1));
            } else if metadata.is_file()
                && name == "index.html"
                && root.read_at_most(&path, MOST_BYTES).is_ok_and(|page| classify(&page) == Page::NewClient)
            {
                found.push(folder.clone());
            }
        }
    }
    found.sort();
    (found, Search::Complete)
}

/// The first source that names a version; where none does, what each said.
fn version(root: &Root, application: &Path, findings: &mut Vec<Finding>) -> Option<(String, PathBuf)> {
    let mut unknown = Finding::new(codes::NEWCLIENT_VERSION_UNKNOWN, "Motion's version is not known")
        .advice("Agent Profiles use the new client from Motion 3.42.0 on: ask Motion for its version");
    for (file, read) in VERSION_SOURCES {
        let path = application.join(file);
        let text = match root.read_at_most(&path, MOST_BYTES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                unknown = unknown.evidence(format!("{}: {error}", path.display()));
                continue;
            }
        };
        match read(&text).filter(|version| looks_like_a_version(version)) {
            Some(version) => return Some((version, path)),
            None => unknown = unknown.evidence(format!("{} names no version", path.display())),
        }
    }
    findings.push(unknown);
    None
}

fn package_version(text: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// `3.45.2`, also with a `v` before and more behind.
fn looks_like_a_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').unwrap_or(text);
    text.len() < 64 && numbers.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(char::is_control)
}
