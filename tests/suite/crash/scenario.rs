//! What is interrupted: a fixture's tree, what was done to it before, and a
//! command. A new command is one more row.

use crate::support::binary::{Server, binary, copy_tree};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

/// One row of the matrices.
pub struct Scenario {
    pub name: &'static str,
    pub fixture: &'static str,
    /// What the administrator did to the tree before.
    pub arrange: fn(&Path),
    /// Commands that ran before, to their end.
    pub history: &'static [&'static [&'static str]],
    /// What the administrator did since.
    pub meanwhile: fn(&Path),
    /// A command that was killed: where, and which time there.
    pub interrupted: Option<(&'static [&'static str], &'static str, usize)>,
    /// What the power cut did besides.
    pub damage: fn(&Path),
    /// What is killed.
    pub command: &'static [&'static str],
    pub promise: Promise,
}

/// What may be found after a crash and a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The tree from before the command or the one after it.
    BeforeOrAfter,
    /// The tree after it: it ends what another run began.
    After,
    /// Each backup whole or gone; the command run again brings the rest.
    EachBackup,
}

const APPLY: &[&str] = &["apply", "--yes"];
const APPLY_INCLUDE: &[&str] = &["apply", "--yes", "--local-include", "/etc/nginx/local/deep/motion.conf"];
const ROLLBACK: &[&str] = &["rollback", "--yes"];
const WHOLE: &[&str] = &["rollback", "--yes", "--whole-tree"];
const RECOVER: &[&str] = &["recover"];
const PRUNE: &[&str] = &["backups", "prune", "--keep", "1"];

const DONE: &str = "step: between its effect and its end";
const SYNCED: &str = "append: after the sync";

const PLAIN: Scenario = Scenario {
    name: "",
    fixture: "standalone",
    arrange: odd_attributes,
    history: &[],
    interrupted: None,
    meanwhile: nothing,
    damage: nothing,
    command: APPLY,
    promise: Promise::BeforeOrAfter,
};

/// Everything that changes a tree.
pub const ALL: [Scenario; 15] = [
    Scenario { name: "apply: one file", ..PLAIN },
    Scenario {
        name: "apply: two files, equal contents",
        fixture: "duplicate-server",
        arrange: twins,
        ..PLAIN
    },
    Scenario { name: "apply: a linked site", fixture: "redirect-in-location", arrange: nothing, ..PLAIN },
    Scenario { name: "apply: new folders", arrange: a_local_bridge, command: APPLY_INCLUDE, ..PLAIN },
    Scenario { name: "rollback: one file", history: &[APPLY], command: ROLLBACK, ..PLAIN },
    Scenario {
        name: "rollback: two files",
        fixture: "duplicate-server",
        arrange: twins,
        history: &[APPLY],
        command: ROLLBACK,
        ..PLAIN
    },
    Scenario {
        name: "rollback: new folders",
        arrange: a_local_bridge,
        history: &[APPLY_INCLUDE],
        command: ROLLBACK,
        ..PLAIN
    },
    // A whole tree is finished, not undone: what stood there is in no backup.
    Scenario {
        name: "rollback: whole tree",
        arrange: with_a_link,
        history: &[APPLY],
        meanwhile: vandalise,
        command: WHOLE,
        ..PLAIN
    },
    Scenario {
        name: "recover: undo two files",
        fixture: "duplicate-server",
        arrange: twins,
        interrupted: Some((APPLY, DONE, 2)),
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "recover: undo, the journal torn",
        interrupted: Some((APPLY, DONE, 2)),
        damage: tear_the_journal,
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "recover: undo new folders",
        arrange: a_local_bridge,
        interrupted: Some((APPLY_INCLUDE, DONE, 4)),
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "recover: keep what was proven",
        interrupted: Some((APPLY, SYNCED, 6)),
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "recover: finish a rollback",
        fixture: "duplicate-server",
        arrange: twins,
        history: &[APPLY],
        interrupted: Some((ROLLBACK, DONE, 1)),
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "recover: finish a whole tree",
        arrange: with_a_link,
        history: &[APPLY],
        meanwhile: vandalise,
        interrupted: Some((WHOLE, "install: after the swap", 1)),
        command: RECOVER,
        promise: Promise::After,
        ..PLAIN
    },
    Scenario {
        name: "backups prune",
        history: &[APPLY, ROLLBACK, APPLY, ROLLBACK, APPLY],
        meanwhile: half_a_backup,
        command: PRUNE,
        promise: Promise::EachBackup,
        ..PLAIN
    },
];

/// Whose system calls are struck.
pub const CALLED: [Scenario; 2] = [
    Scenario { name: "apply", ..PLAIN },
    Scenario { name: "rollback", history: &[APPLY], command: ROLLBACK, ..PLAIN },
];

/// Who is interrupted by signals.
pub const SIGNALLED: [Scenario; 2] = [
    Scenario { name: "apply: new folders", arrange: a_local_bridge, command: APPLY_INCLUDE, ..PLAIN },
    Scenario { name: "rollback", history: &[APPLY], command: ROLLBACK, ..PLAIN },
];

/// A command that ran to its end or was killed.
pub struct Ran {
    pub output: Output,
    /// The kill points that it reached, in order.
    pub reached: Vec<String>,
}

impl Ran {
    pub fn was_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }
}

impl Scenario {
    /// Whether NGINX must accept every state on the way, which a restored tree cannot promise.
    pub fn promises_a_start(&self) -> bool {
        self.command[0] == "apply"
    }

    /// The tree as it is before the command.
    pub fn server(&self) -> Server {
        let server = Server::copy(self.fixture);
        (self.arrange)(server.path());
        for command in self.history {
            let ran = run(server.path(), command, 0);
            assert!(ran.output.status.success(), "{}: {command:?}: {:?}", self.name, ran.output);
        }
        (self.meanwhile)(server.path());
        if let Some((command, place, time)) = self.interrupted {
            let ran = run_with(server.path(), command, (place, time), "SIGKILL");
            assert!(ran.was_killed(), "{}: {:?}", self.name, ran.reached);
        }
        (self.damage)(server.path());
        server
    }
}

/// Runs a command on a tree and kills it at the place with this number; 0 is none.
pub fn run(tree: &Path, command: &[&str], kill_at: usize) -> Ran {
    run_with(tree, command, ("", kill_at), "SIGKILL")
}

/// Runs a command on a tree and sends it a signal at a numbered place of this name.
pub fn run_with(tree: &Path, command: &[&str], at: (&str, usize), signal: &str) -> Ran {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let output = command_at(tree, command, log.path(), at, signal).output().expect("the binary starts");
    let reached = fs::read_to_string(log.path()).expect("its log").lines().map(str::to_owned).collect();
    Ran { output, reached }
}

/// The command that sends itself a signal at a place.
pub fn command_at(
    tree: &Path,
    command: &[&str],
    log: &Path,
    (place, time): (&str, usize),
    signal: &str,
) -> std::process::Command {
    let mut asked = binary();
    asked.args(command).arg("--root").arg(tree);
    asked.env("MOTIONCTL_KILL_POINT_LOG", log).env("MOTIONCTL_KILL_POINT_PLACE", place);
    asked.env("MOTIONCTL_KILL_POINT_AT", time.to_string()).env("MOTIONCTL_KILL_POINT_SIGNAL", signal);
    asked
}

/// A copy of a tree with everything that it has.
pub fn copy(tree: &Path) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("motionctl-crash-").tempdir().expect("a folder");
    copy_tree(tree, folder.path());
    folder
}

fn nothing(_: &Path) {}

/// An owner, a mode, a time and an attribute that no new file would have.
fn odd_attributes(tree: &Path) {
    odd(&tree.join("etc/nginx/conf.d/motion.conf"), 0o604, b"by hand");
}

fn odd(file: &Path, mode: u32, origin: &[u8]) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("its mode");
    chown(file, Some(33), Some(4)).expect("its owner");
    xattr::set(file, "user.origin", origin).expect("an attribute");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::new(1_500_000_000, 123_456_789);
    let opened = fs::File::options().write(true).open(file).expect("opening");
    opened.set_modified(long_ago).expect("its time");
}

/// A location of the customer's own, which can move to a file of its own.
fn a_local_bridge(tree: &Path) {
    let site = tree.join("etc/nginx/conf.d/motion.conf");
    let text = fs::read_to_string(&site).expect("the site");
    let bridge =
        "    location /bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n\n    location /api/ {";
    fs::write(&site, text.replacen("    location /api/ {", bridge, 1)).expect("writing");
    odd_attributes(tree);
}

/// Two files with the same bytes in one folder, which differ in everything else.
fn twins(tree: &Path) {
    let (one, other) = ("etc/nginx/conf.d/motion.conf", "etc/nginx/conf.d/copy-of-motion.conf");
    fs::copy(tree.join(one), tree.join(other)).expect("copying");
    odd(&tree.join(one), 0o604, b"one");
    odd(&tree.join(other), 0o640, b"other");
}

fn with_a_link(tree: &Path) {
    odd_attributes(tree);
    symlink("conf.d/motion.conf", tree.join("etc/nginx/site")).expect("a link");
}

/// Everything that a whole restore has to set right.
fn vandalise(tree: &Path) {
    let at = |path: &str| tree.join("etc/nginx").join(path);
    fs::create_dir_all(at("added/deep")).expect("folders");
    fs::write(at("added/deep/file"), "x").expect("writing");
    symlink("nginx.conf", at("added-link")).expect("a link");
    fs::remove_file(at("mime.types")).expect("removing");
    fs::remove_file(at("site")).expect("removing");
    fs::set_permissions(at("nginx.conf"), fs::Permissions::from_mode(0o666)).expect("its mode");
    fs::remove_file(at("conf.d/motion.conf")).expect("removing");
    fs::create_dir_all(at("conf.d/motion.conf/in-the-way")).expect("folders");
}

/// A part of the next record, and blocks of it that never reached the disk.
fn tear_the_journal(tree: &Path) {
    let journal = tree.join("var/lib/motionctl/journal");
    let mut bytes = fs::read(&journal).expect("a journal");
    bytes.extend(b"0123456789abcdef {\"version\":1,\0\0\0\0");
    fs::write(&journal, bytes).expect("writing");
}

fn half_a_backup(tree: &Path) {
    let half = tree.join("var/backups/motionctl/.partial-20200101T000000Z-00000000/content");
    fs::create_dir_all(&half).expect("folders");
    fs::write(half.join("incoming"), "x").expect("writing");
}
