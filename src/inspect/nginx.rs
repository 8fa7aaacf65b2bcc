//! Which NGINX serves this root: its binary, its master, its main file.
//!
//! Invariant: a master counts as this root's only when its main file is the
//! very file that we see (device and inode), so that a container's NGINX is
//! never signalled for the host's.

use super::build::{Build, parse_build};
use crate::facts::{DiskBinary, MasterFacts, WorkerFacts};
use crate::host::process::{self, Exe, Master, Surroundings};
use crate::host::{Root, command};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long `nginx -V` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// The NGINX of a root.
pub struct Server {
    /// The binary that validates.
    pub binary: PathBuf,
    /// What it was built with.
    pub build: Build,
    /// The binary that a restart would start, where it is another than the running one.
    pub on_disk: Option<DiskBinary>,
    /// `-c`, `-p`, `-g` and `-e` of the running master.
    pub arguments: Vec<String>,
    /// The main file.
    pub main_file: PathBuf,
    /// `-p`, or the prefix that was compiled in.
    pub prefix: PathBuf,
    /// The running master.
    pub master: Option<MasterFacts>,
}

/// Finds the NGINX that serves `root`.
///
/// # Errors
/// When there is no binary, or it does not say its version.
pub fn server(root: &Root, findings: &mut Vec<Finding>) -> Result<Server, Failure> {
    let on_disk_path = command::find("nginx");
    let on_disk = on_disk_path.as_deref().map(build).transpose()?;
    let master = if root.is_live() { own_master(root, on_disk.as_ref(), findings)? } else { None };
    let (binary, running) = match (&master, &on_disk_path, &on_disk) {
        (Some(master), ..) => (running_binary(master), build(&master.running_binary())?),
        (None, Some(path), Some(build)) => (path.clone(), build.clone()),
        _ => return Err(missing()),
    };
    let skew = master.as_ref().and_then(|master| {
        let found = on_disk_path.as_deref().zip(on_disk.as_ref());
        let (skew, finding) = skew(master, &running, found)?;
        findings.push(finding);
        skew
    });
    let title = master.as_ref().map(|master| master.arguments.clone()).unwrap_or_default();
    let text = |option: &Option<std::ffi::OsString>| {
        option.as_ref().map(|value| value.to_string_lossy().into_owned())
    };
    let prefix = text(&title.prefix).map_or_else(|| running.prefix.clone(), PathBuf::from);
    let main_file = prefix.join(text(&title.conf).map_or_else(|| running.conf_path.clone(), PathBuf::from));
    let options =
        [("-p", &title.prefix), ("-c", &title.conf), ("-g", &title.global), ("-e", &title.error_log)];
    let arguments = options
        .into_iter()
        .filter_map(|(option, value)| Some([option.to_owned(), text(value)?]))
        .flatten()
        .collect();
    let master = master.map(|master| MasterFacts {
        pid: master.id.pid,
        start_time: master.id.start_time,
        workers: master.workers.iter().map(|worker| WorkerFacts { pid: worker.id.pid }).collect(),
    });
    Ok(Server { binary, build: running, on_disk: skew, arguments, main_file, prefix, master })
}

/// What a restart would start, where that is not what runs.
fn skew(
    master: &Master,
    running: &Build,
    found: Option<(&Path, &Build)>,
) -> Option<(Option<DiskBinary>, Finding)> {
    let finding = Finding::new(codes::NGINX_VERSION_SKEW, "the running NGINX is not the one on disk")
        .advice("restart NGINX in a quiet hour, so that a reload reads what was validated");
    let disk = |path: &Path, build: &Build| DiskBinary { path: path.to_owned(), version: build.version };
    match &master.exe {
        Exe::Deleted(path) => {
            // What stands there now, as a package upgrade leaves it.
            let replaced = build(path).ok().map(|build| disk(path, &build));
            let disk = replaced.or_else(|| found.map(|(path, build)| disk(path, build)));
            let now = disk.as_ref().map_or("nothing".to_owned(), |disk| {
                format!("{} on disk as {}", disk.version, disk.path.display())
            });
            let line = format!("running {} from a file that was replaced or removed, {now}", running.version);
            Some((disk, finding.evidence(line)))
        }
        Exe::Present(_) | Exe::Unknown => {
            let (path, build) = found.filter(|(_, build)| build.version != running.version)?;
            let line =
                format!("running {}, {} on disk as {}", running.version, build.version, path.display());
            Some((Some(disk(path, build)), finding.evidence(line)))
        }
    }
}

/// The path that a sandbox can run; the file may have been replaced since.
fn running_binary(master: &Master) -> PathBuf {
    match &master.exe {
        Exe::Present(path) => path.clone(),
        // The sandbox runs the image that is in memory.
        Exe::Deleted(_) | Exe::Unknown => master.running_binary(),
    }
}

fn missing() -> Failure {
    let finding = Finding::new(codes::NGINX_MISSING, "no NGINX was found")
        .evidence(format!("no `nginx` on {}", command::SEARCH_PATH))
        .advice("install NGINX, or run motionctl on the server itself");
    Failure::new(FailureKind::Unavailable, "no NGINX was found").with_findings(vec![finding])
}

fn build(binary: &Path) -> Result<Build, Failure> {
    let failed = |cause: String| {
        Failure::new(
            FailureKind::Unavailable,
            format!("asking {} for its version: {cause}", binary.display()),
        )
    };
    let printed = command::run(binary, &["-V"], VERSION_LIMIT).map_err(|error| failed(error.to_string()))?;
    parse_build(&printed.stderr).map_err(|error| failed(error.to_string()))
}

/// The one master whose main file is ours.
fn own_master(
    root: &Root,
    on_disk: Option<&Build>,
    findings: &mut Vec<Finding>,
) -> Result<Option<Master>, Failure> {
    let masters = process::masters().map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("looking for NGINX in /proc: {error}"))
    })?;
    let (unseen, seen): (Vec<_>, Vec<_>) =
        masters.into_iter().partition(|master| master.root == Surroundings::Unknown);
    let (mut own, other): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|master| reads_our_file(root, master, on_disk));
    let listed = |finding: Finding, masters: &[Master]| {
        let show = |master: &Master| format!("pid {}, {}", master.id.pid, described(master));
        masters.iter().map(show).fold(finding, Finding::evidence)
    };
    if own.is_empty() {
        let finding = if !unseen.is_empty() {
            let title = "whether the running NGINX is this server's could not be seen";
            let finding = Finding::new(codes::NGINX_UNKNOWN, title).advice("look as root");
            listed(finding, &unseen)
        } else if !other.is_empty() {
            let title = "the running NGINX reads another file system";
            let finding = Finding::new(codes::NGINX_OTHER_ROOT, title)
                .advice("run motionctl where that NGINX runs, in its container or chroot");
            listed(finding, &other)
        } else {
            Finding::new(codes::NGINX_NOT_RUNNING, "NGINX does not run")
                .advice("the change is made and validated, but nothing is reloaded or started")
        };
        findings.push(finding);
        return Ok(None);
    }
    if own.len() > 1 {
        let finding = Finding::new(codes::NGINX_SEVERAL_MASTERS, "several NGINX masters run here")
            .advice("stop the ones that do not serve Motion, or move them to containers of their own");
        findings.push(listed(finding, &own));
        own.sort_by_key(|master| master.arguments.conf.is_some());
    }
    Ok(own.into_iter().next())
}

fn described(master: &Master) -> String {
    let conf = match &master.arguments.conf {
        Some(conf) => format!("-c {}", conf.to_string_lossy()),
        None => "its built-in main file".to_owned(),
    };
    match (master.root, master.cgroup.as_deref().and_then(|groups| groups.rsplit('/').next())) {
        (Surroundings::Other, Some(group)) if !group.is_empty() => {
            format!("{conf}, root of its own, in {group}")
        }
        (Surroundings::Other, _) => format!("{conf}, root of its own"),
        _ => conf,
    }
}

/// Whether the master's main file is the file that we see under that name.
///
/// A master with a root of its own is not ours even when the file is: its
/// libraries, keys and includes need not be.
fn reads_our_file(root: &Root, master: &Master, on_disk: Option<&Build>) -> bool {
    if master.root == Surroundings::Other {
        return false;
    }
    // Only a binary of this root is run.
    let own = build(&master.running_binary()).ok();
    let Some(build) = own.as_ref().or(on_disk) else { return false };
    let prefix = master.arguments.prefix.as_ref().map_or_else(|| build.prefix.clone(), PathBuf::from);
    let conf = master.arguments.conf.as_ref().map_or_else(|| build.conf_path.clone(), PathBuf::from);
    let conf = prefix.join(conf);
    let identity = |root: &Root| root.metadata(&conf).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let theirs = Root::at(format!("/proc/{}/root", master.id.pid)).ok().and_then(|root| identity(&root));
    theirs.is_some() && theirs == identity(root)
}
