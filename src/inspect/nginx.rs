//! Which NGINX serves this root: its program, its master, its main file.
//!
//! Invariant: only what obeys the rule of `host::trust` is asked anything. What PATH has and does not obey it is
//! said, and never run.

use super::Options;
use super::build::{Build, parse_build};
use super::master::{self, Chosen};
use crate::facts::{MasterFacts, WorkerFacts};
use crate::host::Root;
use crate::host::command::{self, Privileges};
use crate::host::process::Master;
use crate::host::sandbox::Capabilities;
use crate::host::trust::{self, Distrust, Executable};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long `nginx -V` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(5);

/// The programs of an NGINX, held open since they were judged.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The one that validates: the running master's, else the one on disk.
    pub validating: Executable,
    /// The one that a restart would start, where it is another than the running master's.
    pub on_disk: Option<Executable>,
}

/// The NGINX of a root.
pub(super) struct Server {
    /// Its programs.
    pub programs: Programs,
    /// What the one that validates was built with.
    pub build: Build,
    /// `-c`, `-p`, `-g` and `-e` of the running master.
    pub arguments: Vec<String>,
    /// The main file.
    pub main_file: PathBuf,
    /// `-p`, or the prefix that was compiled in.
    pub prefix: PathBuf,
    /// The running master.
    pub master: Option<MasterFacts>,
    /// How the master was chosen, for whoever knows the configuration's ports.
    pub chosen: Chosen,
}

/// A program and what it says of itself.
pub(super) struct Asked {
    pub program: Executable,
    pub build: Build,
}

/// Finds the NGINX that serves `root`, running the program that the operator says it is where one is named.
///
/// # Errors
/// When there is no program that may be asked, or it does not say its version.
pub(super) fn server(root: &Root, options: &Options, findings: &mut Vec<Finding>) -> Result<Server, Failure> {
    let named = options.nginx.as_deref().map(open_named).transpose()?;
    let mut refused = Vec::new();
    let on_disk = match &named {
        Some(program) => Some(program.clone()),
        None => {
            let found = trust::find("nginx");
            refused = found.refused;
            found.program
        }
    };
    findings.extend(untrusted(&refused));
    let on_disk = on_disk.map(ask).transpose()?;
    let mut chosen = match root.is_live() {
        true => master::choose(root, named.as_ref(), on_disk.as_ref(), options, findings)?,
        false => Chosen::default(),
    };
    let (master, running, skew) = match (chosen.master.take(), on_disk) {
        (Some((master, running)), on_disk) => {
            let (skew, finding) = skew(&master, &running.build, on_disk.as_ref()).unzip();
            findings.extend(finding);
            (Some(master), running, skew.flatten())
        }
        (None, Some(on_disk)) => (None, on_disk, None),
        (None, None) => return Err(missing(&refused)),
    };
    let title = master.as_ref().map(|master| master.arguments.clone()).unwrap_or_default();
    let text = |option: &Option<std::ffi::OsString>| {
        option.as_ref().map(|value| value.to_string_lossy().into_owned())
    };
    let Asked { program, build } = running;
    let prefix = text(&title.prefix).map_or_else(|| build.prefix.clone(), PathBuf::from);
    let main_file = prefix.join(text(&title.conf).map_or_else(|| build.conf_path.clone(), PathBuf::from));
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
    let programs = Programs { validating: program, on_disk: skew };
    Ok(Server { programs, build, arguments, main_file, prefix, master, chosen })
}

/// Asks a program what it was built with. It needs no privilege to say that.
pub(super) fn ask(program: Executable) -> Result<Asked, Failure> {
    let failed = |cause: String| {
        let name = program.name().display();
        Failure::new(FailureKind::Unavailable, format!("asking {name} for its version: {cause}"))
    };
    let printed = command::run(&program, &["-V"], Privileges::Lowered(Capabilities::None), VERSION_LIMIT);
    let printed = printed.map_err(|error| failed(error.to_string()))?;
    let build = parse_build(&printed.stderr).map_err(|error| failed(error.to_string()))?;
    Ok(Asked { program, build })
}

/// What a restart would start, where that is not what runs.
fn skew(master: &Master, running: &Build, found: Option<&Asked>) -> Option<(Option<Executable>, Finding)> {
    let finding = Finding::new(codes::NGINX_VERSION_SKEW, "the running NGINX is not the one on disk")
        .advice("restart NGINX in a quiet hour, so that a reload reads what was validated");
    if master.program.replaced {
        // What stands there now, as a package upgrade leaves it.
        let path = master.program.executable.name();
        let replaced = Executable::open(path).ok().and_then(|program| ask(program).ok());
        let disk = replaced.as_ref().or(found);
        let now = disk.map_or("nothing".to_owned(), |disk| {
            format!("{} on disk as {}", disk.build.version, disk.program.name().display())
        });
        let line = format!("running {} from a file that was replaced or removed, {now}", running.version);
        return Some((disk.map(|disk| disk.program.clone()), finding.evidence(line)));
    }
    let found = found.filter(|found| found.build.version != running.version)?;
    let (version, path) = (found.build.version, found.program.name().display());
    let line = format!("running {}, {version} on disk as {path}", running.version);
    Some((Some(found.program.clone()), finding.evidence(line)))
}

/// The program that the operator names; the rule holds for it, too.
fn open_named(path: &Path) -> Result<Executable, Failure> {
    Executable::open(path).map_err(|distrust| {
        let finding = match distrust {
            Distrust::Missing(_) => {
                Finding::new(codes::NGINX_MISSING, "the program named with --nginx is not there")
                    .advice("name NGINX's program, or leave --nginx out")
            }
            Distrust::NoFile(_) | Distrust::NotOurs { .. } | Distrust::Unseen { .. } => Finding::graded(
                codes::NGINX_UNTRUSTED,
                Level::Stop,
                "the program named with --nginx is not run",
            )
            .advice("name a program that root owns and nobody else can change"),
        };
        Failure::new(FailureKind::Unavailable, format!("--nginx {}: {distrust}", path.display()))
            .with_hint(finding.advice.clone())
            .with_findings(vec![finding.evidence(distrust.to_string())])
    })
}

/// What PATH has and nobody may run.
fn untrusted(refused: &[Distrust]) -> Option<Finding> {
    let title = "a program called `nginx` is not run: others than root can change it";
    let finding = Finding::graded(codes::NGINX_UNTRUSTED, Level::Warn, title)
        .advice("give it and the folders above it to root alone, or remove it");
    let listed = refused.iter().map(ToString::to_string);
    (!refused.is_empty()).then(|| listed.fold(finding, Finding::evidence))
}

fn missing(refused: &[Distrust]) -> Failure {
    let what = if refused.is_empty() { "no `nginx`" } else { "no `nginx` that may be run" };
    let finding = Finding::new(codes::NGINX_MISSING, "no NGINX was found")
        .evidence(format!("{what} on {}", command::SEARCH_PATH))
        .advice("install NGINX, name its program with --nginx, or run motionctl on the server itself");
    let finding = refused.iter().map(ToString::to_string).fold(finding, Finding::evidence);
    Failure::new(FailureKind::Unavailable, "no NGINX was found").with_findings(vec![finding])
}
