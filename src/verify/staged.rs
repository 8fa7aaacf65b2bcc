//! The gate before any change: the running NGINX's own `-t` on a private copy
//! of the server with the change in it.
//!
//! Invariant: nothing of the live server is touched, and what is tested is the
//! whole server with exactly these differences. Where a copied tree lacks
//! keys, or this user may not read them, throw-away ones stand in and the
//! notes say so.

use super::certificate::{Certificate, DH_PARAMETERS};
use super::referenced;
use crate::facts::{CertificateFacts, ClientFacts, Facts, Scope, ShadowKind, StandIn, UpstreamAddress};
use crate::host::command::{self, Privileges};
use crate::host::sandbox::{
    Capabilities, Ending, Launcher, Network, Program, Refused, Shadow, Spec, StagedFile, StagedLink,
};
use crate::host::trust::Executable;
use crate::host::{Root, STATE_FOLDER};
use crate::values::Attributes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long one `nginx -t` may take; a hanging one is killed.
const LIMIT: Duration = Duration::from_secs(30);
/// Where host names lead inside a private network.
pub const STAND_IN_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

/// The paths at which the tested server differs from the one on disk.
pub type Changes = BTreeMap<PathBuf, Staged>;

/// What is to stand at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Staged {
    Absent,
    /// A file; a link that stands there is kept, and its target replaced.
    File(StagedContent),
    /// A file in the place of a link or folder, which goes.
    FileInstead(StagedContent),
    /// A link with this text, whatever stands there.
    Link(PathBuf),
}

impl Staged {
    /// The bytes that NGINX will read there, where they are staged.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::File(content) | Self::FileInstead(content) => Some(&content.bytes),
            Self::Absent | Self::Link(_) => None,
        }
    }
}

/// One file as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedContent {
    pub bytes: Vec<u8>,
    /// Its owner and mode.
    pub attributes: Attributes,
}

/// What NGINX says about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it would run it.
    pub accepted: bool,
    /// Its warnings, as it printed them; not redacted.
    pub warnings: Vec<String>,
    pub errors: Vec<String>,
    /// What differed from the real server, for people.
    pub notes: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// Lets `program` test the server with `changes` in a sandbox.
///
/// # Errors
/// When there is no sandbox on this host, or this one could not be set up.
pub fn test(
    program: &Executable,
    root: &Root,
    launcher: &Launcher,
    facts: &Facts,
    changes: &Changes,
) -> Result<Verdict, Refused> {
    let started = Instant::now();
    let (mut spec, mut notes) = spec(root, facts, changes);
    if spec.capabilities == Capabilities::Nginx {
        spec.capabilities = Capabilities::Test;
    }
    let mut arguments = vec!["-t".to_owned()];
    arguments.extend(facts.nginx.arguments.iter().cloned());
    let finished = launcher.run(&spec, &Program::new(program, arguments))?;
    // The sandbox ends at once then, and what NGINX came to say by then is no verdict.
    if launcher.stop.load(Ordering::SeqCst) {
        return Err(Refused::Failed("interrupted".to_owned()));
    }
    notes.extend(finished.mode.notes.iter().cloned());
    Ok(verdict(finished.ending, &finished.stderr, notes, started.elapsed()))
}

/// Tests what is on the disk, without a sandbox. `nginx -t` is not read-only:
/// only for hosts that allow no sandbox, and only when the operator said so.
///
/// # Errors
/// When NGINX cannot be started.
pub fn test_installed(program: &Executable, facts: &Facts) -> std::io::Result<Verdict> {
    let started = Instant::now();
    let mut arguments = vec!["-t"];
    arguments.extend(facts.nginx.arguments.iter().map(String::as_str));
    let privileges = Privileges::Lowered(Capabilities::Test);
    let printed = command::run(program, &arguments, privileges, LIMIT)?;
    let ending = printed.status.code().map_or(Ending::TimedOut, Ending::Exited);
    Ok(verdict(ending, printed.stderr.as_bytes(), Vec::new(), started.elapsed()))
}

/// Warnings of `new` that `old` does not have; line numbers do not count,
/// since an insertion moves them.
#[must_use]
pub fn new_warnings(old: &Verdict, new: &Verdict) -> Vec<String> {
    let text = |line: &String| match line.rsplit_once(':') {
        Some((front, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => front.to_owned(),
        _ => line.clone(),
    };
    let known: BTreeSet<_> = old.warnings.iter().map(text).collect();
    new.warnings.iter().filter(|line| !known.contains(&text(line))).cloned().collect()
}

/// A private copy of the server in which NGINX can be tested or started, and
/// what differs in it from the real one.
#[must_use]
pub fn spec(root: &Root, facts: &Facts, changes: &Changes) -> (Spec, Vec<String>) {
    let (mut spec, notes) = set_up(root, facts, changes);
    for (path, wanted) in changes {
        match wanted {
            Staged::File(content) => spec.files.push(staged(path, content)),
            Staged::FileInstead(content) => {
                spec.removed.push(path.clone());
                spec.files.push(staged(path, content));
            }
            Staged::Link(target) => {
                spec.links.push(StagedLink { path: path.clone(), target: target.clone() });
            }
            Staged::Absent => spec.removed.push(path.clone()),
        }
    }
    (spec, notes)
}

/// The same without the changes, and with what NGINX will need once they are made.
#[must_use]
pub fn set_up(root: &Root, facts: &Facts, changes: &Changes) -> (Spec, Vec<String>) {
    let mut notes = Vec::new();
    let mut spec = match &facts.host.scope {
        Scope::Live => Spec::live(),
        Scope::Tree(folder) => Spec {
            replaced: replaced(facts),
            // Host names of a copied tree mean nothing here; none is looked up.
            network: Network::Private,
            ..Spec::tree(folder)
        },
    };
    spec.deadline = LIMIT;
    spec.shadows = facts
        .nginx
        .written
        .iter()
        .map(|written| match written.kind {
            ShadowKind::File | ShadowKind::Socket => Shadow::file(&written.path),
            ShadowKind::Folder => Shadow::folder(&written.path),
        })
        .collect();
    spec.users =
        [Some(&facts.nginx.user), facts.nginx.group.as_ref()].into_iter().flatten().cloned().collect();
    let is_tree = facts.host.scope != Scope::Live;
    if is_tree && !facts.nginx.runs_code.is_empty() {
        spec.capabilities = Capabilities::None;
        notes.push("this tree runs code of its own: NGINX has no capabilities".to_owned());
    }
    if is_tree {
        spec.folders = folders_to_make(root, facts, &mut notes);
        stand_in(&mut spec, facts);
    }
    if is_tree || !facts.host.superuser {
        spec.files.extend(hosts_file(root, facts, changes));
        spec.files.extend(throw_away_keys(root, facts, changes, &mut notes));
    }
    (spec, notes)
}

/// The folders that NGINX writes into, of which it makes the last one only. A copied tree often lacks them: what
/// is in them is not worth copying. Of the server itself a missing one is a fault, and is not made.
fn folders_to_make(root: &Root, facts: &Facts, notes: &mut Vec<String>) -> Vec<PathBuf> {
    let host = Root::live();
    let plain =
        |path: &&Path| path.is_absolute() && !path.components().any(|part| part == Component::ParentDir);
    let is_missing = |path: &&Path| root.metadata(path).is_err() && host.metadata(path).is_err();
    let mut missing = BTreeSet::new();
    for written in &facts.nginx.written {
        let Some(parent) = written.path.parent().filter(plain).filter(is_missing) else { continue };
        // Sockets lie in `/run`, of which no copy has anything.
        if missing.insert(parent.to_owned()) && written.kind != ShadowKind::Socket {
            notes.push(format!("{} is missing: an empty one stands in", parent.display()));
        }
    }
    missing.into_iter().collect()
}

/// What was read in the place of files that the copy does not show as they are, NGINX shall read, too: this machine
/// may have another file there.
fn stand_in(spec: &mut Spec, facts: &Facts) {
    for (path, stand_in) in &facts.nginx.stand_ins {
        match stand_in {
            StandIn::Nothing => {
                spec.folders.extend(path.parent().map(Path::to_owned));
                spec.removed.push(path.clone());
                spec.files.push(plain_file(path, 0o644, ""));
            }
            StandIn::Link(target) => {
                spec.links.push(StagedLink { path: path.clone(), target: target.clone() });
            }
        }
    }
}

fn replaced(facts: &Facts) -> Vec<PathBuf> {
    let state = PathBuf::from(STATE_FOLDER);
    // `/nginx.conf` or `/etc/nginx.conf`: such a folder holds what NGINX needs of this machine to run.
    let own = (facts.nginx.conf_prefix.components().count() > 2).then(|| facts.nginx.conf_prefix.clone());
    own.into_iter().chain([state]).chain(facts.motion.root.clone()).collect()
}

fn staged(path: &Path, content: &StagedContent) -> StagedFile {
    let Attributes { mode, uid, gid, .. } = &content.attributes;
    StagedFile { path: path.to_owned(), mode: mode.0, uid: *uid, gid: *gid, bytes: content.bytes.clone() }
}

fn plain_file(path: &Path, mode: u32, text: &str) -> StagedFile {
    StagedFile { path: path.to_owned(), mode, uid: 0, gid: 0, bytes: text.as_bytes().to_vec() }
}

/// `/etc/hosts` with every host name of the configuration as it is and as it
/// would be, and the new client's; `None` where the file that is there will do.
#[must_use]
pub fn hosts_file(root: &Root, facts: &Facts, changes: &Changes) -> Option<StagedFile> {
    let addresses = facts.site.upstreams.iter().map(|upstream| &upstream.address);
    let found = addresses.chain(&facts.nginx.syslog_servers).filter_map(|address| match address {
        UpstreamAddress::Name(name, _) => Some(name.clone()),
        _ => None,
    });
    let client = match &facts.motion.client {
        Some(ClientFacts::Proxied(url)) => referenced::host(url),
        Some(ClientFacts::Static(_)) | None => None,
    };
    let to_come = to_be_read(changes).flat_map(referenced::hosts);
    let names: BTreeSet<String> = found
        .chain(client)
        .chain(to_come)
        .filter(|name| name != "localhost" && !name.contains(char::is_whitespace))
        .collect();
    let own = "127.0.0.1 localhost\n::1 localhost\n";
    let found = root.read("/etc/hosts").ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut text = found.unwrap_or_else(|| own.to_owned());
    // A bare system has no such file: then nothing says where `localhost` is, which many a configuration names.
    let is_there = [root, &Root::live()].into_iter().any(|root| root.metadata("/etc/hosts").is_ok());
    if names.is_empty() && is_there {
        return None;
    }
    // The first line that names a host wins.
    let lines: String = names.iter().map(|name| format!("{STAND_IN_ADDRESS} {name}\n")).collect();
    text.insert_str(0, &lines);
    Some(plain_file(Path::new("/etc/hosts"), 0o644, &text))
}

/// Certificates, keys and parameters in the place of those that are missing.
fn throw_away_keys(
    root: &Root,
    facts: &Facts,
    changes: &Changes,
    notes: &mut Vec<String>,
) -> Vec<StagedFile> {
    let mut files = Vec::new();
    let mut made: BTreeSet<PathBuf> = BTreeSet::new();
    let readable = |path: &PathBuf| root.open(path).is_ok();
    let to_come = to_be_read(changes)
        .flat_map(|bytes| referenced::certificates(bytes, &facts.nginx.conf_prefix))
        .filter(|entry| !readable(&entry.certificate) || !entry.key.as_ref().is_none_or(readable));
    let on_disk = facts.nginx.certificates.iter().filter(|entry| !entry.readable).cloned();
    for entry in on_disk.chain(to_come) {
        let Ok(certificate) = Certificate::for_names(&entry.names) else { continue };
        for (path, mode, pem) in parts(&entry, &certificate) {
            if made.insert(path.to_owned()) {
                notes.push(format!("{}: a throw-away one stands in", absence(root, path)));
                files.push(plain_file(path, mode, pem));
            }
        }
    }
    let to_come = to_be_read(changes)
        .flat_map(|bytes| referenced::files_of(bytes, &facts.nginx.conf_prefix, &["ssl_dhparam"]));
    let dhparams: BTreeSet<PathBuf> = facts.nginx.dhparams.iter().cloned().chain(to_come).collect();
    for path in dhparams.iter().filter(|path| root.open(path).is_err()) {
        notes.push(format!("{}: the group of RFC 7919 stands in", absence(root, path)));
        files.push(plain_file(path, 0o644, DH_PARAMETERS));
    }
    files
}

/// What NGINX may read of the changes: not what is kept for the next one.
fn to_be_read(changes: &Changes) -> impl Iterator<Item = &[u8]> {
    let read = changes.iter().filter(|(path, _)| !path.starts_with(STATE_FOLDER));
    read.filter_map(|(_, staged)| staged.bytes())
}

/// A copied tree often lacks its keys; on a live server they are there, and
/// closed to whoever asks.
fn absence(root: &Root, path: &Path) -> String {
    let missing = root.metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let cause = if missing { "missing" } else { "not readable" };
    format!("{} is {cause}", path.display())
}

fn parts<'a, 'b>(entry: &'a CertificateFacts, made: &'b Certificate) -> Vec<(&'a Path, u32, &'b str)> {
    let certificate = (entry.certificate.as_path(), 0o644, made.cert_pem.as_str());
    let key = entry.key.as_deref().map(|path| (path, 0o600, made.key_pem.as_str()));
    [certificate].into_iter().chain(key).collect()
}

fn verdict(ending: Ending, stderr: &[u8], notes: Vec<String>, took: Duration) -> Verdict {
    let text = String::from_utf8_lossy(stderr);
    let lines = |level: &str| {
        let mark = format!("[{level}]");
        text.lines().filter(|line| line.contains(&mark)).map(trim_prefix).collect::<Vec<_>>()
    };
    let accepted = ending == Ending::Exited(0);
    let mut errors: Vec<String> = ["emerg", "alert", "crit", "error"].into_iter().flat_map(lines).collect();
    if !accepted && errors.is_empty() {
        errors.push(match ending {
            Ending::TimedOut => format!("no answer within {LIMIT:?}"),
            // Blocks in blocks by the ten thousand are more than its stack takes.
            Ending::Killed(signal) => format!("nginx itself was ended by signal {signal}"),
            _ => text.lines().last().unwrap_or("it said nothing").to_owned(),
        });
    }
    Verdict { accepted, warnings: lines("warn"), errors, notes, took }
}

/// Without `nginx: ` or the time before the level, and without the process,
/// whose number means nothing outside its sandbox: `[emerg] 2#2: …`.
fn trim_prefix(line: &str) -> String {
    let line = line.find('[').map_or(line, |start| &line[start..]);
    let Some((level, rest)) = line.split_once("] ") else { return line.to_owned() };
    let is_process = |word: &str| {
        let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        word.split_once('#').is_some_and(|(pid, thread)| number(pid) && number(thread))
    };
    match rest.split_once(": ") {
        Some((first, said)) if is_process(first) => format!("{level}] {said}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Verdict {
        verdict(Ending::Exited(0), text.as_bytes(), Vec::new(), Duration::ZERO)
    }

    #[test]
    fn warnings_are_new_only_when_their_text_is() {
        let old = said("nginx: [warn] protocol options redefined in /etc/nginx/a.conf:3\n");
        let moved = said("nginx: [warn] protocol options redefined in /etc/nginx/a.conf:9\n");
        let other = said("nginx: [warn] conflicting server name \"x\" on 0.0.0.0:80, ignored\n");
        assert!(new_warnings(&old, &moved).is_empty());
        assert_eq!(new_warnings(&old, &other).len(), 1);
        assert_eq!(new_warnings(&moved, &other).len(), 1);
    }

    #[test]
    fn what_nginx_says_is_shown_without_its_process() {
        let check = |line: &str, expect: &str| assert_eq!(trim_prefix(line), expect, "{line}");
        check("nginx: [emerg] unknown directive \"x\"", "[emerg] unknown directive \"x\"");
        check("2026/11/22 11:58:25 [emerg] 2#2: bind() failed", "[emerg] bind() failed");
        check("nginx: [warn] \"a: b\" 1#x: y", "[warn] \"a: b\" 1#x: y");
        check("it said nothing", "it said nothing");
    }

    #[test]
    fn a_refusal_always_has_a_reason() {
        let silent = verdict(Ending::Exited(1), b"", Vec::new(), Duration::ZERO);
        assert_eq!((silent.accepted, silent.errors.len()), (false, 1));
        let hanging = verdict(Ending::TimedOut, b"", Vec::new(), Duration::ZERO);
        assert_eq!(hanging.errors, ["no answer within 30s"]);
    }
}
