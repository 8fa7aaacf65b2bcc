//! `install-unit`: the units for systemd, from this very program.
//!
//! Invariant: nothing is enabled and nothing is started; a unit that an administrator or a package put there is never
//! written over.

use crate::cli::args::InstallUnitArgs;
use crate::cli::context::Context;
use crate::host::files::{make_folder, set_attributes, write};
use crate::host::timers::this_program;
use crate::host::{Root, WriteLock, machine};
use crate::inspect::inspect;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind};
use crate::values::{Attributes, RootPath};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Where an administrator's units lie (systemd.unit(5)).
const FOLDER: &str = "/etc/systemd/system";
/// Where `make install` and packages put theirs.
const INSTALLED: [&str; 3] =
    ["/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

type Unit = (&'static str, &'static str);

const BOOT: [Unit; 1] =
    [("motionctl-recover.service", include_str!("../../../templates/systemd/motionctl-recover.service"))];
const WATCH: [Unit; 3] = [
    ("motionctl-watch.service", include_str!("../../../templates/systemd/motionctl-watch.service")),
    ("motionctl-watch.path", include_str!("../../../templates/systemd/motionctl-watch.path")),
    ("motionctl-watch.timer", include_str!("../../../templates/systemd/motionctl-watch.timer")),
];
/// Folders that the watcher's unit may write to already.
const WRITABLE: [&str; 2] = ["/etc/nginx", "/etc/motionctl"];

/// Writes the units, and says how to enable them.
pub fn install_unit(context: &Context, args: &InstallUnitArgs) -> Result<Outcome, Failure> {
    let lock = context.lock()?;
    let failed =
        |error: std::io::Error| Failure::new(FailureKind::Failed, format!("installing units: {error}"));
    let program = this_program().map_err(failed)?;
    let folder = Path::new(&program).parent().and_then(Path::to_str).unwrap_or("/usr/local/bin");
    let mut files = Vec::new();
    for (name, text) in if args.watch { &WATCH[..] } else { &BOOT[..] } {
        let text = text.replace("@BINDIR@/motionctl", &quoted(&program)).replace("@BINDIR@", &quoted(folder));
        files.extend(unit(context, &lock, name, &text)?);
    }
    if args.watch {
        let sites = sites(context, args)?;
        files.push(drop_in(context, &lock, "motionctl-watch.path.d", &path_section(&sites))?);
        if let Some(text) = service_section(&sites) {
            files.push(drop_in(context, &lock, "motionctl-watch.service.d", &text)?);
        }
    }
    let outcome =
        if files.iter().any(|(_, new)| *new) { OutcomeKind::Applied } else { OutcomeKind::UpToDate };
    let mut outcome = Outcome::new("install-unit", outcome);
    let rows: Vec<_> = files
        .iter()
        .map(|(path, new)| json!([if *new { "written" } else { "there already" }, path]))
        .collect();
    let enable = if args.watch {
        "systemctl enable --now motionctl-watch.path motionctl-watch.timer"
    } else {
        "systemctl enable motionctl-recover.service"
    };
    let verdict = "the units are there; nothing was enabled";
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("rows".to_owned(), rows.into());
    outcome.details.insert("next".to_owned(), json!(["systemctl daemon-reload", enable]));
    Ok(outcome)
}

/// A file and whether it was written now.
type File = (String, bool);

/// Writes a unit where no other has its name.
fn unit(context: &Context, lock: &WriteLock, name: &str, text: &str) -> Result<Option<File>, Failure> {
    let root = &context.root;
    let installed = INSTALLED.iter().map(|folder| format!("{folder}/{name}"));
    if let Some(path) = installed.into_iter().find(|path| root.metadata(path).is_ok()) {
        return Ok(Some((path, false)));
    }
    let path = format!("{FOLDER}/{name}");
    match root.read(&path) {
        Ok(bytes) if bytes == text.as_bytes() => return Ok(Some((path, false))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        _ => {
            return Err(Failure::new(FailureKind::Refused, format!("{path} is there already and differs"))
                .with_hint("remove it, or keep it: a drop-in beside it changes single settings"));
        }
    }
    place(root, lock, &path, text)?;
    Ok(Some((path, true)))
}

/// Writes what belongs to this server; the file is ours alone.
fn drop_in(context: &Context, lock: &WriteLock, folder: &str, text: &str) -> Result<File, Failure> {
    let path = format!("{FOLDER}/{folder}/site.conf");
    if context.root.read(&path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok((path, false));
    }
    place(&context.root, lock, &path, text)?;
    Ok((path, true))
}

fn place(root: &Root, lock: &WriteLock, path: &str, text: &str) -> Result<(), Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::new(FailureKind::Failed, format!("writing {path}: {error}"));
    let path = RootPath::new(path).map_err(|error| failed(&error))?;
    let (uid, gid) = machine::user();
    let mut missing = Vec::new();
    let mut above = path.parent();
    while let Some(folder) = above.filter(|folder| root.metadata(folder).is_err()) {
        missing.push(folder.clone());
        above = folder.parent();
    }
    let public = Attributes::plain(0o755, uid, gid);
    for folder in missing.iter().rev() {
        make_folder(lock, root, folder).map_err(|error| failed(&error))?;
        set_attributes(lock, root, folder, &public).map_err(|error| failed(&error))?;
    }
    write(lock, root, &path, text.as_bytes(), &Attributes::plain(0o644, uid, gid))
        .map_err(|error| failed(&error))
}

/// The files that hold Motion's server blocks, where they really lie.
fn sites(context: &Context, args: &InstallUnitArgs) -> Result<BTreeSet<String>, Failure> {
    let options = context.options(&args.site)?;
    let inspection = inspect(&context.root, &options.inspect)?;
    let (facts, config) = (&inspection.facts, &inspection.config);
    let files = facts.site.servers.iter().map(|server| config.file(server.node.file).identity.clone());
    files
        .map(|file| {
            let text = file.to_str().filter(|text| !text.contains(['\n', '\r'])).map(str::to_owned);
            text.ok_or_else(|| {
                let message = format!("no unit can hold the name {}", file.display());
                Failure::new(FailureKind::Refused, message)
            })
        })
        .collect()
}

const WRITTEN: &str = "# Written by `motionctl install-unit --watch`; written again by the next one.\n";

fn path_section(sites: &BTreeSet<String>) -> String {
    let lines: String = sites.iter().map(|site| format!("PathChanged={}\n", specified(site))).collect();
    format!("{WRITTEN}\n[Path]\n{lines}")
}

/// Folders beside the usual ones that a heal has to write to; `None` where there are none.
fn service_section(sites: &BTreeSet<String>) -> Option<String> {
    let folders = sites.iter().filter_map(|site| Path::new(site).parent());
    let folders: BTreeSet<_> =
        folders.filter(|folder| !WRITABLE.iter().any(|known| folder.starts_with(known))).collect();
    let lines: String = folders
        .iter()
        .map(|folder| format!("ReadWritePaths={}\n", quoted(&format!("-{}", folder.display()))))
        .collect();
    (!lines.is_empty()).then(|| format!("{WRITTEN}\n[Service]\n{lines}"))
}

/// A text in which systemd finds none of its specifiers.
fn specified(text: &str) -> String {
    text.replace('%', "%%")
}

/// One word of a unit's line.
fn quoted(text: &str) -> String {
    let text = specified(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+%".contains(&byte);
    if text.bytes().all(plain) {
        text
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_unit() {
        assert_eq!(quoted("/usr/local/bin"), "/usr/local/bin");
        assert_eq!(quoted("/opt/50% off/\"x\""), "\"/opt/50%% off/\\\"x\\\"\"");
        let sites = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (usual, other) =
            (sites(&["/etc/nginx/conf.d/motion.conf"]), sites(&["/usr/local/nginx/conf/m 1.conf"]));
        assert!(path_section(&usual).ends_with("[Path]\nPathChanged=/etc/nginx/conf.d/motion.conf\n"));
        assert_eq!(service_section(&usual), None);
        assert!(path_section(&other).ends_with("PathChanged=/usr/local/nginx/conf/m 1.conf\n"));
        assert!(
            service_section(&other)
                .is_some_and(|text| text.ends_with("[Service]\nReadWritePaths=-/usr/local/nginx/conf\n"))
        );
    }
}
