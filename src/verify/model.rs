//! What is asked before and after a change, what was answered, and what an answer is held against.
//!
//! Invariant: data alone: `probe` asks, `gate` judges, `compare` tells.

use crate::facts::LimitFacts;
use crate::host::http::{ProbeError, Target};
use crate::motion::page::Page;
use crate::values::Hash;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A page or file.
    Get,
    /// The opening handshake of a WebSocket.
    WebSocket,
}

/// What the answer is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// The answer before the change.
    AsBefore,
    /// The new client's page, with scripts that run.
    NewClient,
    /// The same; that everybody may load it who was turned away before is accepted.
    NewClientOpened,
    /// A redirect to `/user-ui/`.
    NewClientRedirect,
    /// A redirect to HTTPS, where the change sends everybody there.
    ToHttps,
    /// What the operator says: this status, and a page that contains this text.
    Stated(u16, String),
    Informational,
}

impl Gate {
    /// Whether it asks for something else than what stood before.
    pub(super) fn wants_something_new(&self) -> bool {
        matches!(
            self,
            Self::NewClient
                | Self::NewClientOpened
                | Self::NewClientRedirect
                | Self::ToHttps
                | Self::Stated(..)
        )
    }
}

/// What is known before of the new client's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// It may be the page with this likeness, which needs no more comparing then; none is known where it is empty.
    Perhaps(Vec<String>),
    /// It is the page with this likeness: one that has none of its scripts is wrong.
    Surely(Vec<String>),
}

/// One route of one server block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub server: String,
    pub target: Target,
    /// What to ask for.
    pub uri: String,
    pub kind: Kind,
    /// What the answer is held against.
    pub gate: Gate,
    /// Which page the new client's is.
    pub expected: Expected,
    /// What may turn it away before its route answers.
    pub limits: Vec<LimitFacts>,
}

/// What one probe saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResult {
    Answer(Answer),
    Silent(ProbeError),
    /// Not asked: the time for all probes was up.
    NotTaken,
}

/// The parts of an answer that compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Media type in lower case, without parameters; empty when absent.
    pub media_type: String,
    /// `Location`; empty when absent.
    pub location: String,
    /// Hash of the body, where it was read to an end.
    pub sha256: Option<Hash>,
    /// Whether two looks within one second tell that the body is always the same.
    pub timeless: bool,
    /// Whose page it is; told of the new client's route alone.
    pub page: Page,
    /// What its body lacks: of a new client's page scripts that run, of a stated
    /// probe the text asked for; `None` when nothing.
    pub fault: Option<String>,
    /// The files of a new client's page that came.
    pub loaded: Vec<String>,
}

/// Two looks at one route before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    pub first: ProbeResult,
    /// The second, at least a second later where the page may hold a clock, so that it shows.
    pub second: ProbeResult,
}

/// How one row fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Gated, and as it must be; the note may add something.
    Holds(String),
    /// Gated, and as the operator accepted that it may be; never to be called good.
    Accepted(String),
    /// Gated, and not as it must be.
    Fails(String),
    /// Says nothing about the change, and why.
    Ungated(String),
}
