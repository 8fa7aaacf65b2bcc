//! Files and environment variables, for the manual pages and the documentation.
//!
//! Invariant: nothing reads the environment but by a variable of this table, so that none is undocumented.

use std::ffi::OsString;

/// A variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    pub name: &'static str,
    pub meaning: &'static str,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

/// The database, where `--db` is not given.
pub const DATABASE: Variable = variable(
    "MOTIONCTL_DB",
    "the database, as `--db` takes it; not with `--root`. `--db` wins, and it wins over the settings",
);
/// Where the database's password is.
pub const PASSWORD_FILE: Variable = variable(
    "MOTIONCTL_DB_PASSWORD_FILE",
    "a file with the password of the database and nothing else; it must be its user's alone",
);
/// Whether colour is wanted.
pub const NO_COLOR: Variable =
    variable("NO_COLOR", "without colour, when it is set to anything; `--color always` wins");
/// Where what is kept for a user lies.
pub const STATE_HOME: Variable = variable(
    "XDG_STATE_HOME",
    "an absolute path: where `seed schema learn` of an ordinary user keeps its first look; `$HOME/.local/state` without it",
);
/// Where a user's files are.
pub const HOME: Variable = variable("HOME", "see `XDG_STATE_HOME`");
/// Where runs of seeding are kept.
pub const SEED_RUNS: Variable = variable(
    "MOTIONCTL_SEED_RUNS",
    "an absolute path: where `seed apply` keeps what `seed undo` needs; without it `seed/` in the folder of the state",
);
/// Who called sudo.
pub const SUDO_USER: Variable =
    variable("SUDO_USER", "set by `sudo`: recorded as who made a change; it decides nothing");
/// Whether the output goes to systemd's journal.
pub const JOURNAL_STREAM: Variable = variable(
    "JOURNAL_STREAM",
    "set by systemd: `watch` marks its line with the priority that fits the verdict",
);

/// The locale, whatever the others say.
pub const LC_ALL: Variable = variable(
    "LC_ALL",
    "the locale: `->`, `|` and `...` stand for `→`, `·` and `…` where it does not name UTF-8; before `LC_CTYPE`",
);
/// The locale's characters.
pub const LC_CTYPE: Variable = variable("LC_CTYPE", "the same; before `LANG`");
/// The locale, where nothing else says.
pub const LANG: Variable = variable("LANG", "the same");

/// Every variable that is read.
pub const VARIABLES: [Variable; 11] = [
    DATABASE, PASSWORD_FILE, SEED_RUNS, NO_COLOR, LC_ALL, LC_CTYPE, LANG, STATE_HOME, HOME, SUDO_USER,
    JOURNAL_STREAM,
];

impl Variable {
    /// Its value; an empty one counts as none.
    pub(crate) fn value(&self) -> Option<OsString> {
        std::env::var_os(self.name).filter(|value| !value.is_empty())
    }

    /// Its value as text; one that is no text counts as none.
    pub(crate) fn text(&self) -> Option<String> {
        self.value().and_then(|value| value.into_string().ok())
    }
}

/// A file or folder, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where it lies, below `--root`.
    pub path: &'static str,
    pub meaning: &'static str,
}

const fn place(path: &'static str, meaning: &'static str) -> Place {
    Place { path, meaning }
}

/// What motionctl reads and keeps.
pub const PLACES: [Place; 8] = [
    place("/etc/motionctl/config.toml", "settings, optional"),
    place("/etc/motionctl/schema-map.toml", "which table and column of the database holds what, optional"),
    place("/etc/motionctl/local.d/NAME.toml", "the local changes of a file; folders 0755"),
    place("/var/backups/motionctl/ID/", "backups"),
    place(
        "/var/lib/motionctl/",
        "lock, journal (of it `history` is made), and what local changes are told from",
    ),
    place("/var/lib/motionctl/motion.db", "the database of `--db sqlite`"),
    place("/var/lib/motionctl/seed/RUN/", "what `seed undo` needs of the newest 200 runs of `seed apply`"),
    place(
        "/run/systemd/transient/motionctl-*.timer",
        "while a change waits: the timers that undo it and warn of it; systemd's own",
    ),
];
