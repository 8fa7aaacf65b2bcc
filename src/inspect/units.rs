//! Where systemd finds a unit, whether it starts it by itself, and what it runs (systemd.unit(5)).
//!
//! Invariant: looks at files only, so that it says the same of a live server and of a copied tree; what does not outlive a
//! restart does not count.

use crate::host::Root;
use std::io::ErrorKind;
use std::path::Path;

/// Where an administrator's units and links lie.
pub const ADMINISTRATORS: &str = "/etc/systemd/system";
/// Where units lie, the first wins: an administrator's, then those of `make install`, then those of packages. On older
/// systems `/lib` is a folder of its own, and on newer ones the same as `/usr/lib`.
pub const FOLDERS: [&str; 4] =
    [ADMINISTRATORS, "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];

/// What systemd finds under a unit's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitFile {
    Nowhere,
    /// A link to `/dev/null` or an empty file, which switch a unit off; or a link that leads nowhere.
    Masked(String),
    There {
        path: String,
        text: String,
    },
}

/// Looks for a unit as systemd does.
#[must_use]
pub fn unit_file(root: &Root, name: &str) -> UnitFile {
    for path in FOLDERS.map(|folder| format!("{folder}/{name}")) {
        if root.symlink_metadata(&path).is_err() {
            continue;
        }
        let is_file = root.metadata(&path).is_ok_and(|metadata| metadata.is_file());
        return match root.read(&path) {
            Ok(bytes) if is_file && !bytes.is_empty() => {
                UnitFile::There { path, text: String::from_utf8_lossy(&bytes).into_owned() }
            }
            _ => UnitFile::Masked(path),
        };
    }
    UnitFile::Nowhere
}

/// The link by which another unit starts this one. Its name counts, and not where it leads: that is how systemd reads it.
#[must_use]
pub fn wanted(root: &Root, name: &str) -> Option<String> {
    let starts = |folder: &str| [".wants", ".requires", ".upholds"].iter().any(|end| folder.ends_with(end));
    FOLDERS.into_iter().find_map(|place| {
        let folders = root.read_dir(place).unwrap_or_default();
        let names = folders.iter().filter_map(|folder| folder.to_str()).filter(|folder| starts(folder));
        let mut links = names.map(|folder| format!("{place}/{folder}/{name}"));
        links.find(|link| root.symlink_metadata(link).is_ok())
    })
}

/// The program that a unit runs, where the root lacks it. Nothing is claimed of a unit that a drop-in changes, and
/// of a path that systemd fills in.
#[must_use]
pub fn lost_program(root: &Root, name: &str, text: &str) -> Option<String> {
    let is_changed = FOLDERS.iter().any(|folder| root.metadata(format!("{folder}/{name}.d")).is_ok());
    let program = program(text).filter(|_| !is_changed)?;
    let missing = |path: &str| root.metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    missing(&program).then_some(program)
}

/// The first word of the last `ExecStart=`, an absolute path.
fn program(text: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart="));
    let line = lines.rfind(|line| !line.trim().is_empty())?;
    // What may stand before a path (systemd.service(5)).
    let line = line.trim_start_matches(['@', '-', ':', '+', '!', '|', ' ']);
    let word = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => line.split_whitespace().next()?,
    };
    let literal = word.replace("%%", "");
    let is_plain = Path::new(word).is_absolute() && !literal.contains(['%', '\\', '$']);
    is_plain.then(|| word.replace("%%", "%"))
}

/// The units that start this one once it is enabled: what its section `[Install]` says.
#[must_use]
pub fn wanted_by(text: &str) -> Vec<&str> {
    let values = text.lines().filter_map(|line| line.trim().strip_prefix("WantedBy="));
    values.flat_map(str::split_whitespace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_unit_is_the_first_word_of_what_it_starts() {
        let program = |line: &str| program(&format!("[Service]\n{line}\n"));
        assert_eq!(
            program("ExecStart=/usr/bin/motionctl recover --boot").as_deref(),
            Some("/usr/bin/motionctl")
        );
        assert_eq!(program("ExecStart=-+\"/opt/50%% off/m\" recover").as_deref(), Some("/opt/50% off/m"));
        assert_eq!(program("ExecStart=/a\nExecStart=\nExecStart=/b c").as_deref(), Some("/b"));
        for open in
            ["", "ExecStart=", "ExecStart=motionctl", "ExecStart=%h/m", "ExecStart=/opt/$M", "ExecStart=\"/a"]
        {
            assert_eq!(program(open), None, "{open}");
        }
        assert_eq!(wanted_by("[Install]\nWantedBy=a.target b.target\nWantedBy=c.target\n").len(), 3);
    }
}
