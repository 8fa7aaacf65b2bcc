//! Who else changes or watches NGINX's files: certbot, etckeeper, SELinux.
//!
//! Invariant: their presence is told from their own files, and nothing of
//! theirs is run or changed.

use crate::host::Root;
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use std::path::Path;

/// No file of certbot's or SELinux's is larger.
const MOST_BYTES: u64 = 256 << 10;
/// Certificates of one server that are looked at.
const MOST_RENEWALS: usize = 512;
const RENEWALS: &str = "/etc/letsencrypt/renewal";

/// What else has its hands on the configuration.
pub fn other_writers(root: &Root) -> Vec<Finding> {
    [certbot(root), etckeeper(root), selinux(root)].into_iter().flatten().collect()
}

/// Certificates that certbot renews; through NGINX's own files, or otherwise.
fn certbot(root: &Root) -> Option<Finding> {
    let names = root.read_dir(RENEWALS).ok()?;
    let mut edits = Vec::new();
    let mut others = Vec::new();
    for name in names.iter().take(MOST_RENEWALS) {
        let path = Path::new(RENEWALS).join(name);
        let name = name.to_string_lossy();
        let Some(certificate) = name.strip_suffix(".conf") else { continue };
        let text = root.read_at_most(&path, MOST_BYTES).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let by_nginx = text.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            ["authenticator", "installer"].contains(&key.trim()) && value.trim() == "nginx"
        });
        let line = format!("{certificate} ({})", path.display());
        if by_nginx { edits.push(line) } else { others.push(line) }
    }
    let (finding, lines) = if edits.is_empty() {
        (Finding::graded(codes::SITE_CERTBOT, Level::Info, "certbot renews certificates here"), others)
    } else {
        let finding =
            Finding::graded(codes::SITE_CERTBOT, Level::Warn, "certbot edits NGINX's files when it renews")
                .advice(
                    "let no renewal run meanwhile: `systemctl stop certbot.timer`, and start it afterwards",
                );
        (finding, edits)
    };
    (!lines.is_empty()).then(|| finding.evidence_lines(lines))
}

/// A history of `/etc` that somebody keeps.
fn etckeeper(root: &Root) -> Option<Finding> {
    let places = ["/etc/etckeeper/etckeeper.conf", "/etc/.git", "/etc/.hg", "/etc/.bzr"];
    let path = places.into_iter().find(|path| root.symlink_metadata(path).is_ok())?;
    Some(
        Finding::new(codes::HOST_ETCKEEPER, "/etc has a history of its own")
            .evidence(path)
            .advice("commit what is open before the change, and the change after it"),
    )
}

/// Whether SELinux judges what NGINX reads and where it connects.
fn selinux(root: &Root) -> Option<Finding> {
    let text = |path: &str| {
        let bytes = root.read_at_most(path, MOST_BYTES).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    const RUNNING: &str = "/sys/fs/selinux/enforce";
    const CONFIGURED: &str = "/etc/selinux/config";
    let running = if root.is_live() { text(RUNNING) } else { None };
    let (mode, source) = match running.as_deref().map(str::trim) {
        Some("1") => ("enforcing".to_owned(), RUNNING),
        Some("0") => ("permissive".to_owned(), RUNNING),
        // The kernel runs without it, whatever is configured for the next boot.
        None if root.is_live() => return None,
        _ => {
            let text = text(CONFIGURED)?;
            let mode = text.lines().find_map(|line| line.trim().strip_prefix("SELINUX="))?.trim().to_owned();
            (mode, CONFIGURED)
        }
    };
    (mode != "disabled").then(|| {
        Finding::new(codes::HOST_SELINUX, format!("SELinux is {mode}"))
            .evidence(source.to_owned())
            .advice("labels are kept; a new client's folder needs httpd_sys_content_t, an upstream httpd_can_network_connect")
    })
}
