//! Runs a program that nobody has judged, somebody else's script, in a private root, and tells what it did.
//!
//! Invariant: called inside of a sandbox only, by the function that runs there (`ChildContext`); what the program
//! writes goes into the throw-away layers, whom it asks for something is a stand-in of ours, and when [`run`] returns
//! nothing of it lives. Must not know what NGINX or Motion is.
//!
//! ```text
//! the function inside (supervise)        all capabilities, its own pid namespace around both below
//!   └► process 1 of a second namespace (birth)   fresh /proc; only reaps, cannot be killed from below
//!        └► the script (walls)           uid 0 of a user namespace, few capabilities, system calls filtered
//!             └► systemctl, curl, apt-get, …     this very program (stand_in), which tells the desk (desk)
//! ```
//!
//! The second pid namespace is what makes `kill -9 -1` harmless: whoever counts, limits and reads the layers
//! afterwards is outside of it.

mod birth;
mod changes;
mod desk;
mod filter;
mod ground;
pub mod groups;
mod pumps;
mod stand_in;
mod supervise;
mod walls;

pub use changes::{Change, Kind, Seen};
pub use desk::{tell, when_called};
pub use stand_in::{Which, copy_to, execute, is_of_a_tree, is_there, list, stream};
pub use supervise::run;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Where everything of ours lies inside.
const GROUND: &str = "/run/motionctl-try";
/// Lies there when the copy is one of a tree.
const TREE: &str = "tree";

/// What is to be run, and how far it may go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The program and its arguments, all absolute paths inside.
    pub command: Vec<String>,
    /// The folder in which it starts.
    pub folder: PathBuf,
    pub environment: Vec<(String, String)>,
    /// Commands in whose place stands this very program.
    pub stand_ins: Vec<String>,
    /// Those of them that are there even where this machine has no such command.
    pub always: Vec<String>,
    /// A folder of files that stand-ins hand out.
    pub files: Option<PathBuf>,
    /// How far it may go.
    pub limits: Limits,
}

/// How far a program may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How many processes there may be of it at once.
    pub processes: u64,
    pub memory: u64,
    /// Bytes that it may write.
    pub disk: u64,
    /// Whether control groups hold processes and memory; otherwise they are counted, and each process is limited.
    pub grouped: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    Killed(i32),
    /// It went beyond a limit, and was ended there.
    Beyond(Limit),
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    Time,
    /// Too many at once.
    Processes,
    Memory,
    /// Too many bytes written.
    Disk,
}

/// What a program did.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    pub end: End,
    /// What it printed, both streams as they came: the beginning and the end of it.
    pub output: Printed,
    /// What the stand-ins were asked, each as the stand-in told it. Nobody vouches for it: it is the program's word.
    pub told: Vec<String>,
    /// How many more there were.
    pub untold: u64,
    /// Programs that it left running, by their command lines.
    pub left: Vec<String>,
    /// What differs of the machine's files.
    pub changes: Vec<Change>,
    /// Whether there are more changes than are listed.
    pub truncated: bool,
    /// Whether the throw-away file system was full at some moment.
    pub filled: bool,
    /// What could not be kept as it should, in words for the reader.
    pub notes: Vec<String>,
}

/// What was printed.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    pub head: String,
    /// Bytes left out between the two.
    pub skipped: u64,
    /// The end; empty where the beginning is all.
    pub tail: String,
}
