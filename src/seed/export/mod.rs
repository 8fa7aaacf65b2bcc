//! The database as a manifest.
//!
//! Invariant: planning what was exported changes nothing, and what it makes of an empty database is exported again byte
//! for byte. Names alone, in one order; only columns that the map manages are read, so that no secret can be among them.
//! What a manifest cannot say is left out and named in a comment.

mod lists;
mod names;
mod rows;
mod text;

use super::consequences::twice;
use super::manifest::{Name, shown};
use super::map::{LinkKind, Map, Part};
use super::session::{Session, failure};
use super::snapshot::{Others, RowState, Scope, Snapshot};
use crate::outcome::{Failure, FailureKind, Finding};
use crate::seed::Channel;
use names::Nameable;
pub(super) use rows::shared_extension;
use std::collections::BTreeSet;
pub(super) use text::Text;

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// How lists are written.
    pub lists: Lists,
    /// What of the database.
    pub extent: Extent,
    pub channels: Channels,
}

/// How lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// As plain lists, which add to what is there; empty ones are left out.
    Merge,
    /// As exact ones, the empty ones as well, and with every column: what differs later is drift.
    Exact,
}

/// What of the database is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Everything that is managed.
    All,
    /// These profiles; what they link must exist where the manifest is applied.
    Profiles(Vec<Name>),
}

/// Which channels are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channels {
    /// All that the map has.
    All,
    Only(BTreeSet<Channel>),
}

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    pub manifest: String,
    /// How many queues it declares.
    pub queues: usize,
    pub agents: usize,
    pub profiles: usize,
    /// How many links it names.
    pub memberships: usize,
    /// What was left out, and why.
    pub left_out: Vec<String>,
    /// What a reader should know.
    pub findings: Vec<Finding>,
}

/// What is written from, and what was written.
struct Writer<'a> {
    map: &'a Map,
    catalog: &'a crate::db::Catalog,
    snapshot: &'a Snapshot,
    nameable: Nameable<'a>,
    lists: Lists,
    channels: Vec<Channel>,
    /// Extensions of more than one agent.
    shared: BTreeSet<String>,
    text: Text,
    export: Export,
}

impl Session {
    /// The database as a manifest.
    ///
    /// # Errors
    /// When the map does not fit or lacks a channel, a profile does not exist, or the database fails.
    pub fn export(&mut self, request: &ExportRequest) -> Result<Export, Failure> {
        let channels = self.channels(&request.channels)?;
        let of_channels = channels.iter().copied().collect();
        let scope = Scope::everything(&self.map).of_channels(&of_channels);
        self.reading(&scope.needs(), |session| {
            // Whether two names are the same is the server's word, so that it is asked about each of them.
            let mut named = scope.clone();
            named.parts.values_mut().for_each(|wanted| wanted.others = Others::Compared);
            if let Extent::Profiles(names) = &request.extent {
                named.parts.entry(Part::Profiles).or_default().names.extend(names.iter().cloned());
            }
            let snapshot = session.snapshot(&named)?;
            let only = match &request.extent {
                Extent::All => None,
                Extent::Profiles(names) => Some(session.profiles(names, &snapshot)?),
            };
            let mut writer = Writer {
                map: &session.map,
                catalog: &session.catalog,
                snapshot: &snapshot,
                nameable: Nameable::of(&snapshot),
                lists: request.lists,
                channels,
                shared: BTreeSet::new(),
                text: Text::default(),
                export: Export::default(),
            };
            writer.write(only.as_ref());
            let mut export = writer.finish();
            export.findings = session.unnamed_columns();
            export.findings.extend(twice(&snapshot, session.telling));
            Ok(export)
        })
    }

    fn channels(&self, wanted: &Channels) -> Result<Vec<Channel>, Failure> {
        let known: Vec<Channel> = self.map.queues.keys().copied().collect();
        let Channels::Only(wanted) = wanted else { return Ok(known) };
        match wanted.iter().find(|channel| !known.contains(channel)) {
            None => Ok(wanted.iter().copied().collect()),
            Some(channel) => {
                let message = format!("the schema map has no section `queues.{channel}`");
                let known: Vec<&str> = known.iter().map(|channel| channel.name()).collect();
                Err(Failure::new(FailureKind::Invalid, message)
                    .with_hint(format!("it has {}", known.join(", "))))
            }
        }
    }

    /// The ids of profiles that were asked for.
    fn profiles(&mut self, names: &[Name], snapshot: &Snapshot) -> Result<BTreeSet<i64>, Failure> {
        let mut ids = BTreeSet::new();
        for name in names {
            let records = snapshot.profiles();
            let group = records.and_then(|records| Some((records, records.names.group(name)?)));
            let live: Vec<i64> = group
                .into_iter()
                .flat_map(|(records, group)| records.of_group(group))
                .filter(|record| record.standing == RowState::Live)
                .map(|record| record.id)
                .collect();
            match live.as_slice() {
                [] => {
                    return Err(self
                        .unknown_name(Part::Profiles, name)
                        .unwrap_or_else(|error| failure(&error)));
                }
                [id] => ids.insert(*id),
                several => {
                    let message = format!("{} profiles have the name {}", several.len(), shown(name));
                    return Err(Failure::new(FailureKind::Refused, message)
                        .with_hint("rename or delete all but one of them in Motion"));
                }
            };
        }
        Ok(ids)
    }
}

impl Writer<'_> {
    fn write(&mut self, only: Option<&BTreeSet<i64>>) {
        if only.is_none() {
            self.export.left_out.append(&mut self.nameable.left_out);
            self.queues();
            self.agents();
        }
        self.profiles(only);
    }

    /// The whole manifest: what was left out is said before all else.
    fn finish(mut self) -> Export {
        let mut head = Text::default();
        head.line(0, "# yaml-language-server: $schema=./motionctl-manifest.schema.json");
        if !self.export.left_out.is_empty() {
            head.line(0, "# Left out, because a manifest cannot say it:");
            self.export.left_out.iter().for_each(|what| head.line(0, &format!("# - {what}")));
        }
        head.line(0, "version: 1");
        self.export.manifest = head.into_string() + &self.text.into_string();
        self.export
    }

    fn leave_out(&mut self, what: String) {
        self.export.left_out.push(what);
    }

    fn has_links(&self, kind: LinkKind) -> bool {
        self.map.link(kind).is_some()
    }
}
