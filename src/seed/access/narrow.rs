//! Which part of what the login offers is asked about.
//!
//! Invariant: pure but for the names that nothing has. What a name means is the server's word, in the state that was
//! asked about; a name that several channels have means the queue of each.

use super::view::{View, rows as rows_of};
use crate::outcome::Failure;
use crate::seed::Channel;
use crate::seed::manifest::{Manifest, Name};
use crate::seed::map::Part;
use crate::seed::plan::RowRef;
use crate::seed::reading::unknown_among;
use crate::seed::session::{Session, failure};
use crate::seed::snapshot::{Scope, Snapshot};
use std::collections::BTreeSet;

/// What is asked about: everything by default, and with names only what has one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub agents: Vec<Name>,
    pub profiles: Vec<Name>,
    /// Queues, whatever their channel.
    pub queues: Vec<Name>,
}

impl Asked {
    /// Everything about these agents.
    #[must_use]
    pub fn about(agents: Vec<Name>) -> Self {
        Self { agents, ..Self::default() }
    }

    /// Whether less than everything about an agent is asked.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        !self.profiles.is_empty() || !self.queues.is_empty()
    }

    /// Puts the names among those that are looked up.
    pub(super) fn look_up(&self, scope: &mut Scope) {
        for (part, wanted) in &mut scope.parts {
            wanted.names.extend(match part {
                Part::Users => self.agents.iter().cloned(),
                Part::Profiles => self.profiles.iter().cloned(),
                Part::Queues(_) => self.queues.iter().cloned(),
                Part::Permissions | Part::Links(_) | Part::ReportMember => continue,
            });
        }
    }
}

/// The rows that are shown; all of them where there is no list.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrow {
    profiles: Option<BTreeSet<RowRef>>,
    queues: Option<BTreeSet<(Channel, RowRef)>>,
}

impl Narrow {
    /// Whether a profile is shown.
    pub fn profile(&self, profile: RowRef) -> bool {
        self.profiles.as_ref().is_none_or(|profiles| profiles.contains(&profile))
    }

    /// Whether the Personal Profile is shown: it is nobody's who asks for profiles by name.
    pub fn personal(&self) -> bool {
        self.profiles.is_none()
    }

    /// Whether a queue is shown.
    pub fn queue(&self, channel: Channel, queue: RowRef) -> bool {
        self.queues.as_ref().is_none_or(|queues| queues.contains(&(channel, queue)))
    }

    /// Whether a profile of which no queue is shown is shown itself.
    pub fn empty(&self) -> bool {
        self.queues.is_none()
    }
}

impl Session {
    /// The rows that the names mean.
    ///
    /// # Errors
    /// When nothing has one of them, or the database fails.
    pub(super) fn narrowed(
        &mut self,
        asked: &Asked,
        state: State<'_>,
        snapshot: &Snapshot,
        view: &View,
    ) -> Result<Narrow, Failure> {
        let mut narrow = Narrow::default();
        for name in &asked.profiles {
            let rows = rows_of(view, snapshot, Part::Profiles, name);
            if rows.is_empty() {
                let unknown = self.unknown_name(Part::Profiles, name);
                return Err(unknown.map_or_else(|error| failure(&error), |unknown| state.absence(unknown)));
            }
            narrow.profiles.get_or_insert_default().extend(rows);
        }
        for name in &asked.queues {
            let of_channel = |channel| {
                let rows = rows_of(view, snapshot, Part::Queues(channel), name);
                rows.into_iter().map(move |row| (channel, row))
            };
            let rows: Vec<_> = Channel::ALL.into_iter().flat_map(of_channel).collect();
            if rows.is_empty() {
                return Err(self.no_queue(name).map_or_else(|error| error, |unknown| state.absence(unknown)));
            }
            narrow.queues.get_or_insert_default().extend(rows);
        }
        Ok(narrow)
    }

    fn no_queue(&mut self, name: &Name) -> Result<Failure, Failure> {
        let mut known = Vec::new();
        for channel in Channel::ALL {
            known.extend(self.names(Part::Queues(channel)).map_err(|error| failure(&error))?);
        }
        Ok(unknown_among("queue", name, known.iter().map(String::as_str)))
    }
}

/// Which state is asked about.
#[derive(Debug, Clone, Copy)]
pub enum State<'a> {
    /// The one that is.
    Present,
    /// The one after a manifest was applied.
    After(&'a Manifest),
}

impl State<'_> {
    /// The answer that something is not there, in the state that was asked about.
    pub(super) fn absence(self, failure: Failure) -> Failure {
        match self {
            Self::Present => failure,
            Self::After(manifest) => {
                let message = format!("{}, if {} were applied", failure.message, manifest.source.name());
                Failure { message, ..failure }
            }
        }
    }
}
