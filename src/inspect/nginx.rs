//! Which NGINX serves this root: its binary, its master, its main file.
//!
//! Invariant: a master counts as this root's only when its main file is the
//! very file that we see (device and inode), so that a container's NGINX is
//! never signalled for the host's.

use super::build::{Build, parse_build};
use crate::facts::{MasterFacts, WorkerFacts};
use crate::host::process::{self, Exe, Master};
use crate::host::{Root, command};
use crate::outcome::{Failure, FailureKind, Finding, Level};
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
    /// The version on disk, where it is another than the running one.
    pub on_disk: Option<Build>,
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
    let skew = on_disk.filter(|on_disk| on_disk.version != running.version);
    findings.extend(skew.as_ref().map(|on_disk| {
        Finding::new("nginx.version-skew", Level::Warn, "the running NGINX is not the one on disk")
            .evidence(format!("running {}, on disk {}", running.version, on_disk.version))
            .advice("restart NGINX in a quiet hour, so that a reload reads what was validated")
    }));
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

/// The path that a sandbox can run; the file may have been replaced since.
fn running_binary(master: &Master) -> PathBuf {
    match &master.exe {
        Exe::Present(path) => path.clone(),
        // The sandbox runs the image that is in memory.
        Exe::Deleted(_) | Exe::Unknown => master.running_binary(),
    }
}

fn missing() -> Failure {
    let finding = Finding::new("nginx.missing", Level::Stop, "no NGINX was found")
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
    let (mut own, other): (Vec<_>, Vec<_>) =
        masters.into_iter().partition(|master| reads_our_file(root, master, on_disk));
    let show = |master: &Master| format!("pid {}, {}", master.id.pid, described(master));
    match own.len() {
        0 => {
            findings.push(if other.is_empty() {
                Finding::new("nginx.not-running", Level::Warn, "NGINX does not run")
                    .advice("the change is made and validated, but nothing is reloaded or started")
            } else {
                other.iter().map(show).fold(
                    Finding::new(
                        "nginx.other-root",
                        Level::Stop,
                        "the running NGINX reads another file system",
                    )
                    .advice("run motionctl where that NGINX runs, in its container or chroot"),
                    Finding::evidence,
                )
            });
            Ok(None)
        }
        1 => Ok(own.pop()),
        _ => {
            findings.push(own.iter().map(show).fold(
                Finding::new("nginx.several-masters", Level::Stop, "several NGINX masters run here").advice(
                    "stop the ones that do not serve Motion, or move them to containers of their own",
                ),
                Finding::evidence,
            ));
            own.sort_by_key(|master| master.arguments.conf.is_some());
            Ok(own.into_iter().next())
        }
    }
}

fn described(master: &Master) -> String {
    match &master.arguments.conf {
        Some(conf) => format!("-c {}", conf.to_string_lossy()),
        None => "its built-in main file".to_owned(),
    }
}

/// Whether the master's main file is the file that we see under that name.
fn reads_our_file(root: &Root, master: &Master, on_disk: Option<&Build>) -> bool {
    let built_in = || on_disk.map(|build| build.conf_path.clone());
    let conf = master.arguments.conf.as_ref().map(PathBuf::from).or_else(built_in);
    let prefix = master.arguments.prefix.as_ref().map(PathBuf::from);
    let prefix = prefix.or_else(|| on_disk.map(|build| build.prefix.clone())).unwrap_or_default();
    let Some(conf) = conf.map(|conf| prefix.join(conf)) else { return false };
    let identity = |root: &Root| root.metadata(&conf).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    let theirs = Root::at(format!("/proc/{}/root", master.id.pid)).ok().and_then(|root| identity(&root));
    theirs.is_some() && theirs == identity(root)
}
