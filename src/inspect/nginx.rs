//! Which NGINX serves this root: its program, its master, its main file.
//!
//! Invariant: only what obeys the rule of `host::trust` is asked anything. What PATH has and does not obey it is
//! said, and never run.

use super::build::{Asked, Build, Product, ask};
use super::master::Chosen;
use super::options::Options;
use super::place::{Place, Wanted};
use super::{master, place};
use crate::facts::{MasterFacts, WorkerFacts};
use crate::host::process::Master;
use crate::host::trust::{Distrust, Executable};
use crate::host::{Extent, Root, trust};
use crate::outcome::{Failure, FailureKind, Finding, Level, codes};
use std::path::Path;

/// The programs of an NGINX, held open since they were judged.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The one that validates: the running master's, else the one on disk; `None` where a copy of parts of a server
    /// is looked at on a machine without NGINX.
    pub tester: Option<Executable>,
    /// The one that a restart would start, where it is another than the running master's.
    pub on_disk: Option<Executable>,
}

impl Programs {
    /// The one that validates.
    ///
    /// # Errors
    /// When there is none on this machine.
    pub fn validating(&self) -> Result<&Executable, Failure> {
        self.tester.as_ref().ok_or_else(|| missing(&[], &[]))
    }
}

/// The NGINX of a root.
pub(super) struct Server {
    pub programs: Programs,
    /// What the one that validates was built with, below the prefix that it is started with.
    pub build: Build,
    /// Its main file, and how it is told to read that one.
    pub place: Place,
    pub master: Option<MasterFacts>,
    /// How the master was chosen, for whoever knows the configuration's ports.
    pub chosen: Chosen,
}

/// Finds the NGINX that serves `root`, by what the operator said of it.
///
/// # Errors
/// When there is no program that may be asked, it does not say its version, or its main file is nowhere.
pub(super) fn server(root: &Root, options: &Options, findings: &mut Vec<Finding>) -> Result<Server, Failure> {
    let named = options.nginx.as_deref().map(open_named).transpose()?;
    let mut refused = Vec::new();
    let on_path = match &named {
        Some(program) => Some(program.clone()),
        None => {
            let found = trust::find("nginx");
            refused = found.refused;
            found.program
        }
    };
    findings.extend(untrusted(&refused));
    // That PATH has a broken one is no matter where another runs.
    let on_path = on_path.map(ask).transpose();
    let mut chosen = match root.is_live() {
        true => {
            let on_path = on_path.as_ref().ok().and_then(Option::as_ref);
            master::choose(root, named.as_ref(), on_path, options, findings)?
        }
        false => Chosen::default(),
    };
    let mut server = match chosen.master.take() {
        Some((master, running, place)) => {
            let skew = skew(&master, &running.build);
            if skew.is_none() && named.is_none() {
                findings.extend(on_path.ok().flatten().and_then(|other| beside(&running, &other)));
            }
            let (on_disk, finding) = skew.unzip();
            findings.extend(finding);
            Server { master: Some(facts_of(&master)), ..Server::of(running, on_disk.flatten(), place) }
        }
        None => {
            let program = match on_path {
                Ok(Some(program)) if named.is_some() => Ok(program),
                Ok(on_path) => places_own(root, &options.place, on_path, &refused),
                Err(silent) => Err(silent),
            };
            // What a copy of a server says can be read without a program that reads it, too.
            let may_lack = root.extent() == Extent::Parts && named.is_none();
            match program {
                Ok(program) => {
                    let place = place::still(root, &options.place, &program.build, findings)?;
                    Server::of(program, None, place)
                }
                Err(_) if may_lack => {
                    findings.retain(|finding| finding.code != codes::NGINX_UNTRUSTED);
                    let build = Build::assumed();
                    let place = place::still(root, &options.place, &build, findings)?;
                    Server::without_program(build, place)
                }
                Err(failure) => return Err(failure),
            }
        }
    };
    findings.extend(relative(&server, named.is_some())?);
    server.chosen = chosen;
    Ok(server)
}

impl Server {
    fn of(Asked { program, build }: Asked, on_disk: Option<Executable>, place: Place) -> Self {
        let programs = Programs { tester: Some(program), on_disk };
        Self { programs, ..Self::without_program(build, place) }
    }

    fn without_program(build: Build, place: Place) -> Self {
        let build = build.below(&place.prefix);
        let programs = Programs { tester: None, on_disk: None };
        Self { programs, build, place, master: None, chosen: Chosen::default() }
    }
}

fn facts_of(master: &Master) -> MasterFacts {
    MasterFacts {
        pid: master.id.pid,
        start_time: master.id.start_time,
        workers: master.workers.iter().map(|worker| WorkerFacts { pid: worker.id.pid }).collect(),
    }
}

/// The program of an NGINX that does not run and that nobody named. Where the usual place of a main file has a
/// program of its own on this machine, that one reads it; else the one of PATH, else the only one of the usual
/// places.
fn places_own(
    root: &Root,
    wanted: &Wanted,
    on_path: Option<Asked>,
    refused: &[Distrust],
) -> Result<Asked, Failure> {
    let is_wanted = |file: &Path| match wanted.main_file() {
        Some(named) => named == file,
        None => root.metadata(file).is_ok(),
    };
    if let Some(asked) = &on_path
        && is_wanted(&asked.build.prefix.join(&asked.build.conf_path))
    {
        return Ok(asked.clone());
    }
    let mut found: Vec<Asked> = Vec::new();
    let mut there: Vec<Asked> = Vec::new();
    for (file, program) in place::USUAL {
        let Ok(program) = Executable::open(Path::new(program)) else { continue };
        if there.iter().any(|known| known.program == program) {
            continue;
        }
        let Ok(asked) = ask(program) else { continue };
        if is_wanted(Path::new(file)) {
            found.push(asked.clone());
        }
        there.push(asked);
    }
    match (on_path, found.as_slice(), there.as_slice()) {
        (_, [own], _) => Ok(own.clone()),
        (Some(on_path), _, _) => Ok(on_path),
        (None, _, [only]) => Ok(only.clone()),
        (None, _, several) => Err(missing(refused, several)),
    }
}

/// What a restart would start, where that is not what runs: the file that the master was started from, or what
/// stands in its place by now. Which other programs are called `nginx` has no part in it.
fn skew(master: &Master, running: &Build) -> Option<(Option<Executable>, Finding)> {
    let finding = Finding::new(codes::NGINX_VERSION_SKEW, "the running NGINX is not the one on disk")
        .advice("restart NGINX in a quiet hour, so that a reload reads what was validated");
    let program = &master.program;
    let shown =
        |disk: &Asked| format!("{} on disk as {}", disk.build.described(), disk.program.name().display());
    let running = running.described();
    if program.replaced {
        // What stands there now, as a package upgrade leaves it.
        let opened = Executable::open(program.executable.name());
        let refused = opened.as_ref().err().map(|why| format!("not asked what is there now: {why}"));
        let disk = opened.ok().and_then(|file| ask(file).ok());
        let now = disk.as_ref().map(shown).or(refused);
        let now = now.unwrap_or_else(|| "what is there now does not say its version".to_owned());
        let line = format!("running {running} from a file that was replaced or removed; {now}");
        return Some((disk.map(|disk| disk.program), finding.evidence(line)));
    }
    // A link that was turned to another version since, as `/opt/nginx/current`.
    let typed = Path::new(&master.arguments.command);
    let typed = typed.is_absolute().then(|| Executable::open(typed).ok()).flatten();
    let disk = typed.filter(|file| *file != program.executable).and_then(|file| ask(file).ok())?;
    if disk.build.described() == running {
        return None;
    }
    let line = format!("running {running} as {}, {}", program.executable.name().display(), shown(&disk));
    Some((Some(disk.program), finding.evidence(line)))
}

/// That PATH has another one, for whoever types `nginx -V`.
fn beside(running: &Asked, on_path: &Asked) -> Option<Finding> {
    let title = "this server's NGINX is not the one of PATH";
    let line = |asked: &Asked| format!("{}, {}", asked.program.name().display(), asked.build.described());
    (running.program != on_path.program && running.build.version != on_path.build.version).then(|| {
        Finding::new(codes::NGINX_OTHER_PLACE, title)
            .evidence(format!("it runs {}", line(running)))
            .evidence(format!("PATH has {}, which has no part in this", line(on_path)))
            .advice(
                "nothing has to be done: what runs is asked, and what it was started from is started again",
            )
    })
}

/// What a relative is called, and a refusal of what nobody knows: how it spells its directives is not known
/// either. Whoever names the program vouches for its number.
fn relative(server: &Server, is_named: bool) -> Result<Option<Finding>, Failure> {
    let Some(program) = &server.programs.tester else { return Ok(None) };
    let path = program.name().display();
    let evidence = format!("{path} is {}", server.build.described());
    match &server.build.product {
        Product::Nginx => Ok(None),
        Product::Relative(name) => Ok(Some(
            Finding::graded(codes::NGINX_RELATIVE, Level::Info, "this server runs a relative of NGINX")
                .evidence(evidence)
                .advice(format!("{name} is used as NGINX as long as it reads these files and accepts them")),
        )),
        Product::Unknown(_) if is_named => Ok(None),
        Product::Unknown(name) => {
            let title = "the program calls itself by a name that is not known";
            let advice = "where its number is one of NGINX's versions, name the program with --nginx";
            let finding = Finding::graded(codes::NGINX_RELATIVE, Level::Stop, title)
                .evidence(format!("{path} is {name}"))
                .advice(advice);
            Err(Failure::new(FailureKind::Unavailable, format!("{path} is {name}, no NGINX that is known"))
                .with_hint(advice)
                .with_findings(vec![finding]))
        }
    }
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
    (!refused.is_empty()).then(|| finding.evidence_lines(listed))
}

fn missing(refused: &[Distrust], several: &[Asked]) -> Failure {
    let title = match several {
        [] => "no NGINX was found",
        _ => "which NGINX is this server's cannot be told: there are several, and none runs",
    };
    let what = if refused.is_empty() { "no `nginx`" } else { "no `nginx` that may be run" };
    let finding = Finding::new(codes::NGINX_MISSING, title)
        .evidence(format!("{what} on {}", trust::SEARCH_PATH))
        .advice("install NGINX, name its program with --nginx, or run motionctl on the server itself");
    let finding = finding.evidence_lines(refused.iter().map(ToString::to_string));
    let places = || place::USUAL.iter().map(|(_, program)| format!("looked for {program}"));
    let there = several.iter().map(|asked| format!("{} is there", asked.program.name().display()));
    let finding = finding.evidence_lines(there);
    let finding = if several.is_empty() { finding.evidence_lines(places()) } else { finding };
    Failure::new(FailureKind::Unavailable, title).with_findings(vec![finding])
}
