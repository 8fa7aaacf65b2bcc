//! Certificates that a vendor's file brings the name of, and nobody the file.
//!
//! Invariant: looks below the root only. A file that the live configuration names as well is not held against the
//! change; one that cannot be looked at is not called missing.

use crate::facts::{Facts, Scope};
use crate::host::{Root, is_absent};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::verify::referenced;
use nginx_config::{Config, File};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What else NGINX loads for TLS when it reads its configuration.
const PARAMETERS: [&str; 8] = [
    "ssl_dhparam", "ssl_crl", "ssl_password_file", "ssl_session_ticket_key", "ssl_stapling_file",
    "proxy_ssl_crl", "proxy_ssl_password_file", "grpc_ssl_password_file",
];

/// The files that the new configuration loads for TLS and that are not there. What a change writes beside it, such as
/// the vendor's text for the next merge, is read by nobody.
pub fn missing(root: &Root, facts: &Facts, config: &Config, new: &Config) -> Vec<PathBuf> {
    let prefix = &facts.nginx.conf_prefix;
    let after = new.files().flat_map(|(_, file)| named_by(file.tree.source(), prefix)).collect();
    new_and_missing(root, facts, config, after).collect()
}

/// The certificates and keys that a candidate names and that are not there.
pub fn absent(root: &Root, facts: &Facts, config: &Config, source: &[u8]) -> BTreeSet<PathBuf> {
    new_and_missing(root, facts, config, pairs(source, &facts.nginx.conf_prefix).collect()).collect()
}

/// What there is to say about them; `None` where none is missing.
pub fn finding(facts: &Facts, missing: &[PathBuf]) -> Option<Finding> {
    let level = match facts.host.scope {
        Scope::Live => Level::Stop,
        Scope::Tree(_) => Level::Warn,
    };
    let finding = Finding::graded(
        codes::CANDIDATE_CERTIFICATE_MISSING,
        level,
        "the candidate names files for TLS that are not there",
    )
    .advice("put them there first, or take --strategy graft, which keeps the server's own certificate");
    let lines = missing.iter().map(|path| path.display().to_string());
    (!missing.is_empty()).then(|| finding.evidence_lines(lines))
}

/// Of these files those that are not there. What the live configuration names as well is no question of the change.
fn new_and_missing(
    root: &Root,
    facts: &Facts,
    config: &Config,
    named: BTreeSet<PathBuf>,
) -> impl Iterator<Item = PathBuf> {
    let live = |(_, file): (_, &File)| named_by(file.tree.source(), &facts.nginx.conf_prefix);
    let before: BTreeSet<PathBuf> = config.files().flat_map(live).collect();
    named.into_iter().filter(move |path| !before.contains(path) && is_missing(root, path))
}

fn pairs(source: &[u8], prefix: &Path) -> impl Iterator<Item = PathBuf> {
    let pairs = referenced::certificates(source, prefix).into_iter();
    pairs.flat_map(|pair| [Some(pair.certificate), pair.key]).flatten()
}

fn named_by(source: &[u8], prefix: &Path) -> BTreeSet<PathBuf> {
    pairs(source, prefix).chain(referenced::files_of(source, prefix, &PARAMETERS)).collect()
}

fn is_missing(root: &Root, path: &Path) -> bool {
    root.metadata(path).is_err_and(|error| is_absent(&error))
}
