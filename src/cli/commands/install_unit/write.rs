//! Writes units and drop-ins, each only where it is ours to write.
//!
//! Invariant: a unit that we wrote says so with the hash of the rest, so that an edit of it is told from an older one of
//! ours.

use super::done::{Done, failed};
use super::sites::quoted;
use crate::cli::context::Context;
use crate::host::files::{make_folder, set_attributes, write};
use crate::host::timers::this_program;
use crate::host::trust::only_ours;
use crate::host::{Root, WriteLock, machine};
use crate::inspect::units::{ADMINISTRATORS, UnitFile, lost_program, unit_file};
use crate::outcome::{Failure, FailureKind};
use crate::values::{Attributes, Hash, RootPath};
use std::path::Path;

/// Before the hash of what follows the line.
const MARK: &str = "# Written by `motionctl install-unit`, and again by the next one while nobody edits it: ";
/// Emptied at every start of the machine.
const VOLATILE: [&str; 3] = ["/run", "/dev", "/proc"];

/// Writes a unit where no other has its name; and what is to be said of it.
pub fn unit(
    context: &Context,
    lock: &WriteLock,
    name: &str,
    template: &str,
) -> Result<(Done, Option<String>), Failure> {
    let root = &context.root;
    let path = format!("{ADMINISTRATORS}/{name}");
    let found = unit_file(root, name);
    match &found {
        UnitFile::Masked(path) => {
            return Err(Failure::new(
                FailureKind::Refused,
                format!("{path} is masked, or leads nowhere: somebody switched {name} off"),
            )
            .with_hint(format!("`systemctl unmask {name}`, and run this again")));
        }
        // A package's, or that of `make install`; without its program it does nothing.
        UnitFile::There { path: place, text }
            if *place != path && lost_program(root, name, text).is_none() =>
        {
            return Ok((Done { what: "there already", path: place.clone(), is_new: false }, None));
        }
        UnitFile::There { .. } | UnitFile::Nowhere => {}
    }
    let program = program(root)?;
    let folder = Path::new(&program).parent().and_then(Path::to_str).unwrap_or("/usr/local/bin");
    let text = template.replace("@BINDIR@/motionctl", &quoted(&program)).replace("@BINDIR@", &quoted(folder));
    let text = marked(&text);
    let note = root.metadata(&program).is_err().then(|| format!("{name} runs {program}: put it there, too"));
    match &found {
        UnitFile::There { path: place, text: old } if *place == path => {
            if *old == text {
                return Ok((Done { what: "there already", path, is_new: false }, note));
            }
            if !is_ours(old) {
                return Err(Failure::new(
                    FailureKind::Refused,
                    format!("{path} is there already and differs"),
                )
                .with_hint("remove it, or keep it: a drop-in beside it changes single settings"));
            }
        }
        _ => {}
    }
    place(root, lock, &path, &text)?;
    Ok((Done { what: "written", path, is_new: true }, note))
}

/// This program, where root may run it at every start.
fn program(root: &Root) -> Result<String, Failure> {
    let program = this_program().map_err(|error| failed(&error))?;
    if !root.is_live() {
        return Ok(program);
    }
    let why = match only_ours(Path::new(&program)) {
        Err(distrust) => distrust.to_string(),
        Ok(()) if VOLATILE.iter().any(|folder| Path::new(&program).starts_with(folder)) => {
            format!("{program} is gone then")
        }
        Ok(()) => return Ok(program),
    };
    Err(Failure::new(
        FailureKind::Refused,
        format!("a unit would run {program} as root at every start: {why}"),
    )
    .with_hint("`install -m 755 motionctl /usr/local/bin/motionctl`, and run that one"))
}

/// Writes what belongs to this server; the file is ours alone.
pub fn drop_in(context: &Context, lock: &WriteLock, folder: &str, text: &str) -> Result<Done, Failure> {
    let path = format!("{ADMINISTRATORS}/{folder}/site.conf");
    if context.root.read(&path).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(Done { what: "there already", path, is_new: false });
    }
    place(&context.root, lock, &path, text)?;
    Ok(Done { what: "written", path, is_new: true })
}

fn marked(text: &str) -> String {
    format!("{MARK}{}\n{text}", Hash::of(text.as_bytes()))
}

/// Whether we wrote this and nobody has edited it since.
fn is_ours(text: &str) -> bool {
    let hash_and_rest = text.strip_prefix(MARK).and_then(|text| text.split_once('\n'));
    hash_and_rest.is_some_and(|(hash, rest)| hash == Hash::of(rest.as_bytes()).to_string())
}

fn place(root: &Root, lock: &WriteLock, path: &str, text: &str) -> Result<(), Failure> {
    let (path, attributes) = make_way(root, lock, path, 0o644)?;
    write(lock, root, &path, text.as_bytes(), &attributes).map_err(|error| failed(&error))
}

/// Makes the folders above a file of ours; its path, and what it is to be like.
pub fn make_way(
    root: &Root,
    lock: &WriteLock,
    path: &str,
    mode: u32,
) -> Result<(RootPath, Attributes), Failure> {
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
    Ok((path, Attributes::plain(mode, uid, gid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_wrote_is_ours_until_somebody_edits_it() {
        let text = marked("[Unit]\nDescription=x\n");
        assert!(is_ours(&text));
        for other in [text.replace("=x", "=y"), format!("{text}\n"), "[Unit]\n".to_owned(), MARK.to_owned()] {
            assert!(!is_ours(&other), "{other}");
        }
    }
}
