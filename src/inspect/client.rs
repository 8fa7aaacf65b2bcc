//! Finds the application, its version, and the new client.
//!
//! Invariant: what the operator names is taken, and said where nothing confirms it. What there is to say of the search
//! is kept apart: the running server may know better.

use super::search::{APPLICATION_ROOT, Seen, client_at, search, unusual};
use crate::facts::{ClientFacts, MotionFacts, PageFacts};
use crate::host::{Extent, Root};
use crate::motion::page::Page;
use crate::motion::settings::{ENV_FILE, env_value};
use crate::outcome::{Finding, codes};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// No description of a package is larger.
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
    Upstream(String),
}

/// Looks for the application and its new client. What there is to say of the client goes to `client`.
pub fn motion(
    root: &Root,
    choice: &ClientChoice,
    findings: &mut Vec<Finding>,
    client: &mut Vec<Finding>,
) -> MotionFacts {
    let application = application(root);
    let version = application.as_deref().and_then(|application| version(root, application, findings));
    let mut motion = MotionFacts { root: application, version, ..MotionFacts::default() };
    match choice {
        ClientChoice::Upstream(url) => motion.client = Some(ClientFacts::Proxied(url.clone())),
        ClientChoice::Folder(folder) => named_folder(root, folder, &mut motion, client),
        ClientChoice::Search => {
            let found = search(root, motion.root.as_deref(), client);
            found.iter().for_each(|seen| adopt(&mut motion, seen));
        }
    }
    motion
}

/// Where the application is.
pub fn application(root: &Root) -> Option<PathBuf> {
    let application = PathBuf::from(APPLICATION_ROOT);
    root.metadata(&application).is_ok_and(|metadata| metadata.is_dir()).then_some(application)
}

/// Takes a page on the disk for the new client's.
pub fn adopt(motion: &mut MotionFacts, seen: &Seen) {
    motion.client = Some(ClientFacts::Static(seen.folder.clone()));
    motion.assets = seen.document.assets().cloned().collect();
    motion.page = PageFacts {
        files: seen.files.clone(),
        below: seen.below.clone(),
        likeness: seen.document.likeness.clone(),
    };
}

/// What an operator names is the new client, unless there is no page or it is certainly another's.
fn named_folder(root: &Root, folder: &Path, motion: &mut MotionFacts, findings: &mut Vec<Finding>) {
    const ADVICE: &str = "name the folder whose index.html is the new client's page";
    let index = folder.join("index.html");
    let not_found = |title: &str, evidence: String| {
        Finding::new(codes::NEWCLIENT_NOT_FOUND, title.to_owned()).evidence(evidence).advice(ADVICE)
    };
    match client_at(root, folder) {
        Ok(seen) if seen.document.page == Page::Legacy => findings.push(not_found(
            "the folder named is the legacy client's",
            format!("{}: it has the marks of the AngularJS client", index.display()),
        )),
        Ok(seen) if seen.is_no_client() => findings.push(not_found(
            "the folder named is not the new client's",
            format!("{}: its page loads no script at all", index.display()),
        )),
        Ok(seen) => {
            findings.extend(unusual(&seen, "the folder named"));
            adopt(motion, &seen);
        }
        // Its page cannot be looked at here, and there is no reason to doubt a person's word.
        Err(error) if error.kind() == io::ErrorKind::NotFound && was_not_copied(root, folder) => {
            motion.client = Some(ClientFacts::Static(folder.to_owned()));
            findings.push(
                Finding::new(
                    codes::NEWCLIENT_NOT_SEEN,
                    "the new client's folder is not in this copy, and believed",
                )
                .evidence(format!("not seen: {}", index.display()))
                .advice("on the server `motionctl plan` looks at the page itself"),
            );
        }
        Err(error) => findings.push(not_found(
            "the folder named has no readable page",
            format!("{}: {}", index.display(), in_words(&error)),
        )),
    }
}

/// Whether a copy of a server lacks a folder together with the one around it, as a copy of other parts does. One that
/// is missing beside others was mistyped.
fn was_not_copied(root: &Root, folder: &Path) -> bool {
    root.extent() == Extent::Parts && !root.has_folder_of(folder)
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::FileTooLarge => "larger than any page of a client".to_owned(),
        _ => error.to_string(),
    }
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
