//! What a stand-in is asked, tells and does.
//!
//! Invariant: what is told comes before what is done.

use serde::{Deserialize, Serialize};

/// Characters of one message, of all its texts together.
const LONGEST: usize = 6_000;

/// No more words of a command line are told.
const MOST_ARGUMENTS: usize = 400;

/// What a stand-in can see of the copy.
pub trait Around {
    /// Whether this path is there.
    fn exists(&self, path: &str) -> bool;
    /// Whether the real command is there.
    fn has_real(&self, command: &str) -> bool;
    /// Whether units may be missing that the server has: in a copied tree.
    fn is_tree(&self) -> bool;
    /// The first of these names that is a file to hand out.
    fn file(&self, names: &[String]) -> Option<String>;
}

/// What was asked, as a stand-in tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    pub command: String,
    /// Its arguments, as they were.
    pub arguments: Vec<String>,
    /// What became of it.
    pub how: How,
    /// What was answered, where that needs words.
    pub note: String,
    /// What was to be fetched.
    pub fetch: Option<Fetch>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Written down, and said to have worked.
    #[default]
    Recorded,
    /// Really done, in the copy.
    Run,
    /// Written down, and said to have failed.
    Refused,
}

/// What a stand-in does after it has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Says this, and ends with this code.
    Say {
        code: i32,
        out: String,
        /// To the error output.
        err: String,
    },
    /// Runs the real command with these arguments.
    Real {
        arguments: Vec<String>,
        /// Added to the environment.
        environment: &'static [(&'static str, &'static str)],
        /// A code of it that counts as none.
        forgiven: Option<i32>,
    },
    /// Runs another command, by PATH.
    Other {
        /// Which, with its arguments.
        command: Vec<String>,
    },
    /// Hands out files, one by one.
    Fetch {
        /// Which of them goes where.
        files: Vec<(String, Destination)>,
        out: String,
        /// To the error output.
        err: String,
        code: i32,
    },
}

/// A decision: what is told, in order, and what is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is told; nothing for what changes nothing.
    pub told: Vec<Told>,
    pub act: Act,
}

impl Told {
    /// As much of it as fits into one message: a command line can be as long as the machine's memory.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        let mut left = LONGEST;
        let mut shorten = |text: &mut String| {
            if text.chars().count() > left {
                *text = text.chars().take(left).chain(['…']).collect();
            }
            left -= text.chars().count().min(left);
        };
        self.arguments.truncate(MOST_ARGUMENTS);
        if let Some(fetch) = &mut self.fetch {
            shorten(&mut fetch.url);
        }
        self.arguments.iter_mut().for_each(&mut shorten);
        shorten(&mut self.note);
        self
    }
}

pub(super) fn told(command: &str, arguments: &[String], how: How, note: &str) -> Told {
    Told {
        command: command.to_owned(),
        arguments: arguments.to_vec(),
        how,
        note: note.to_owned(),
        fetch: None,
    }
}

pub(super) fn say(code: i32, out: &str, err: &str) -> Act {
    Act::Say { code, out: out.to_owned(), err: err.to_owned() }
}

/// Written down, and said to have worked.
pub(super) fn recorded(command: &str, arguments: &[String], _: &dyn Around) -> Decision {
    Decision { told: vec![told(command, arguments, How::Recorded, "")], act: say(0, "", "") }
}

/// Really run, in the copy, as it is.
pub(super) fn real(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    if !around.has_real(command) {
        return recorded(command, arguments, around);
    }
    let act = Act::Real { arguments: arguments.to_vec(), environment: &[], forgiven: None };
    Decision { told: Vec::new(), act }
}

pub(super) fn refused(command: &str, arguments: &[String], code: i32, why: &str) -> Decision {
    let err = format!("{command}: {why}\n");
    Decision { told: vec![told(command, arguments, How::Refused, why)], act: say(code, "", &err) }
}

/// One address that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fetch {
    /// As it was written.
    pub url: String,
    /// The file that was handed out.
    pub served: Option<String>,
    /// Whether an error page would be taken for the file.
    pub unchecked: bool,
    /// Whether it sends something.
    pub sends: bool,
    /// Whether a user, a password or a header for one goes with it.
    pub credentials: bool,
}

/// Where a file goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Output,
    File(String),
}
