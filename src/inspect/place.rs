//! Where an NGINX's main file lies, and what the program is told so that it reads that one.
//!
//! Invariant: nothing is read here but whether files exist. Of several places none is chosen: which one a server
//! starts cannot be told from its files.

use super::build::Build;
use crate::host::Root;
use crate::host::process::Master;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Main files as packages, panels and builds from source place them, each with the program that reads it.
pub(super) const USUAL: [(&str, &str); 13] = [
    ("/etc/nginx/nginx.conf", "/usr/sbin/nginx"),
    ("/usr/local/nginx/conf/nginx.conf", "/usr/local/nginx/sbin/nginx"),
    ("/usr/local/openresty/nginx/conf/nginx.conf", "/usr/local/openresty/nginx/sbin/nginx"),
    ("/opt/nginx/conf/nginx.conf", "/opt/nginx/sbin/nginx"),
    ("/opt/openresty/nginx/conf/nginx.conf", "/opt/openresty/nginx/sbin/nginx"),
    ("/etc/angie/angie.conf", "/usr/sbin/angie"),
    ("/etc/openresty/nginx.conf", "/usr/sbin/openresty"),
    ("/etc/tengine/nginx.conf", "/usr/sbin/tengine"),
    ("/usr/local/tengine/conf/nginx.conf", "/usr/local/tengine/sbin/nginx"),
    ("/etc/freenginx/freenginx.conf", "/usr/sbin/freenginx"),
    ("/www/server/nginx/conf/nginx.conf", "/www/server/nginx/sbin/nginx"),
    ("/opt/bitnami/nginx/conf/nginx.conf", "/opt/bitnami/nginx/sbin/nginx"),
    ("/usr/local/etc/nginx/nginx.conf", "/usr/local/sbin/nginx"),
];

/// Which main file is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Wanted {
    /// The running master's, else the program's own, else the one of the usual places.
    #[default]
    Search,
    /// The one that the operator named, below the root.
    Named(PathBuf),
    /// The one that was found before, as in a rehearsal's private copy.
    Known(Place),
}

/// A main file with what NGINX is told to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The main file, below the root.
    pub main_file: PathBuf,
    /// What relative paths start from.
    pub prefix: PathBuf,
    /// `-p`, `-c`, `-g` and `-e` that lead there, wherever NGINX is started.
    pub arguments: Vec<String>,
}

impl Wanted {
    /// The file that a master has to read to count.
    pub(super) fn main_file(&self) -> Option<&Path> {
        match self {
            Self::Search => None,
            Self::Named(file) => Some(file),
            Self::Known(place) => Some(&place.main_file),
        }
    }
}

impl Place {
    /// Where a running master reads: its own arguments over what was compiled in. `None` when a prefix is
    /// relative and the folder that the master was started in is not known.
    pub(super) fn of_master(build: &Build, master: &Master) -> Option<Self> {
        let given = &master.arguments;
        let text = |option: &Option<OsString>| {
            option
                .as_ref()
                .map(|value| value.to_string_lossy().into_owned())
                .filter(|value| !value.is_empty())
        };
        let stated = text(&given.prefix).map_or_else(|| build.prefix.clone(), PathBuf::from);
        // NGINX puts it before its paths as it is (`ngx_process_options`), so the working directory counts.
        let prefix = if stated.is_absolute() { stated } else { plain(&master.cwd.as_ref()?.join(stated)) };
        let conf = text(&given.conf);
        let main_file = prefix.join(conf.as_deref().map_or(build.conf_path.as_path(), Path::new));
        // Whoever tests this configuration does so in another folder.
        let absolute = (prefix != build.prefix).then(|| prefix.display().to_string());
        let options =
            [("-p", absolute), ("-c", conf), ("-g", text(&given.global)), ("-e", text(&given.error_log))];
        let arguments =
            options.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?])).flatten();
        let arguments = arguments.collect();
        Some(Self { main_file, prefix, arguments })
    }

    /// Where the program reads when it is told nothing; `None` for one that reads in the folder it is started in.
    fn built_in(build: &Build) -> Option<Self> {
        let (prefix, arguments) = (build.prefix.clone(), Vec::new());
        prefix.is_absolute().then(|| Self { main_file: prefix.join(&build.conf_path), prefix, arguments })
    }

    /// How the program reads this file. NGINX's own layout has `conf/` below the prefix, Angie's packages have
    /// the main file in it; of every other file the program's own prefix counts, as with `nginx -c FILE`.
    fn of_file(build: &Build, file: &Path) -> Self {
        if let Some(built_in) = Self::built_in(build).filter(|place| place.main_file == file) {
            return built_in;
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        let prefix = match folder.parent() {
            Some(above) if folder.ends_with("conf") => above,
            _ if file.ends_with("angie.conf") || !build.prefix.is_absolute() => folder,
            _ => &build.prefix,
        };
        let mut arguments = Vec::new();
        if prefix != build.prefix {
            arguments.extend(["-p".to_owned(), prefix.display().to_string()]);
        }
        arguments.extend(["-c".to_owned(), file.display().to_string()]);
        Self { main_file: file.to_owned(), prefix: prefix.to_owned(), arguments }
    }

    /// The same for a private NGINX that is to go into the background: `-g 'daemon off;'` is the service
    /// manager's wanted.
    #[must_use]
    pub fn in_the_background(mut self) -> Self {
        let foreground = regex::Regex::new(r"(^|;)\s*daemon\s+off\s*;").expect("a constant pattern");
        for argument in &mut self.arguments {
            *argument = foreground.replace_all(argument, "$1").into_owned();
        }
        self
    }
}

/// The place of a server whose NGINX does not run, and what there is to say about it.
///
/// # Errors
/// When the file that was named is not there, or not exactly one is.
pub(super) fn still(
    root: &Root,
    wanted: &Wanted,
    build: &Build,
    findings: &mut Vec<Finding>,
) -> Result<Place, Failure> {
    match wanted {
        Wanted::Known(place) => return Ok(place.clone()),
        Wanted::Named(file) if is_there(root, file) => return Ok(Place::of_file(build, file)),
        Wanted::Named(file) => return Err(not_there(file)),
        Wanted::Search => {}
    }
    let built_in = Place::built_in(build);
    let own = built_in.as_ref().map(|place| place.main_file.clone()).into_iter();
    let looked: Vec<PathBuf> = own.chain(USUAL.iter().map(|(file, _)| PathBuf::from(file))).collect();
    let found = existing(root, &looked);
    match (found.as_slice(), built_in) {
        ([], _) => Err(nowhere(&looked)),
        // On a live server this is what starting it again reads.
        ([first, rest @ ..], Some(built_in))
            if *first == built_in.main_file && (rest.is_empty() || root.is_live()) =>
        {
            findings.extend((!rest.is_empty()).then(|| beside(rest)));
            Ok(built_in)
        }
        ([only], _) => {
            findings.push(elsewhere(only));
            Ok(Place::of_file(build, only))
        }
        (several, _) => Err(undecided(several)),
    }
}

/// Those of the files that are there, each once: one may be a link to another.
fn existing(root: &Root, files: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| is_there(root, file)) {
        let identity = root.metadata(file).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        if identity.is_none() || !seen.contains(&identity) {
            seen.push(identity);
            found.push(file.clone());
        }
    }
    found.dedup();
    found
}

/// What may not be looked at is there; that it cannot be read is said when it is.
fn is_there(root: &Root, file: &Path) -> bool {
    root.metadata(file).map_or_else(
        |error| error.kind() == std::io::ErrorKind::PermissionDenied,
        |metadata| !metadata.is_dir(),
    )
}

/// Without `.` in it, as people and journals show paths; `..` stays, since a link may stand before it.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != std::path::Component::CurDir).collect()
}

fn elsewhere(file: &Path) -> Finding {
    let title = format!("NGINX's main file is {}, the only one at the usual places", file.display());
    Finding::new(codes::NGINX_OTHER_PLACE, title)
        .advice("where another one is meant, name it with --nginx-conf, and its program with --nginx")
}

fn beside(others: &[PathBuf]) -> Finding {
    let finding = Finding::new(codes::NGINX_OTHER_PLACE, "there are main files of other NGINX programs, too")
        .advice("where one of them is meant, name it with --nginx-conf, and its program with --nginx");
    finding.evidence_lines(others.iter().map(|file| format!("{} is not looked at", file.display())))
}

fn not_there(file: &Path) -> Failure {
    let title = "the main file named with --nginx-conf is not there";
    let finding = Finding::new(codes::NGINX_MISSING, title)
        .evidence(format!("{} is no file of this server", file.display()))
        .advice("name NGINX's main file; with --root, as it is called below that folder");
    Failure::new(FailureKind::Unavailable, format!("--nginx-conf {}: no such file", file.display()))
        .with_hint(finding.advice.clone())
        .with_findings(vec![finding])
}

fn nowhere(looked: &[PathBuf]) -> Failure {
    let title = "no configuration of NGINX was found";
    let advice = "name its main file with --nginx-conf, and its program with --nginx";
    let mut looked = looked.to_vec();
    looked.dedup();
    let lines = looked.iter().map(|file| format!("looked for {}", file.display()));
    let finding = Finding::new(codes::NGINX_MISSING, title).advice(advice).evidence_lines(lines);
    Failure::new(FailureKind::Unavailable, title).with_hint(advice).with_findings(vec![finding])
}

fn undecided(several: &[PathBuf]) -> Failure {
    let title = "which configuration is this server's cannot be told: there are several";
    let advice = "name the main file that its NGINX reads with --nginx-conf";
    let lines = several.iter().map(|file| format!("{} is there", file.display()));
    let finding = Finding::new(codes::SITE_NOT_FOUND, title).advice(advice).evidence_lines(lines);
    Failure::new(FailureKind::Unavailable, title).with_hint(advice).with_findings(vec![finding])
}
