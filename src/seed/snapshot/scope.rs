//! What is to be read: what a manifest names, or everything that the map manages.
//!
//! Invariant: pure, and as small as the manifest: a name stands here once, however often it is used.

use super::section::Field;
use super::texts::Texts;
use crate::seed::Channel;
use crate::seed::manifest::{Links, Manifest, Move, Name, Queue, SettingValue};
use crate::seed::map::{LinkKind, Map, Needs, Part, Use};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Agents, queues and profiles.
    pub parts: BTreeMap<Part, Wanted>,
    /// Links, by who has them.
    pub links: BTreeMap<LinkKind, Owners>,
    /// The extensions of agents, by username: who has them is read for those agents who are not there.
    pub extensions: BTreeMap<Name, Name>,
    /// Texts of which it must be known whether their columns can hold them.
    pub texts: Texts,
}

/// Which rows of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Names that must be looked up.
    pub names: BTreeSet<Name>,
    /// Whether the other rows are read as well.
    pub others: Others,
}

/// Whether rows that no name asks for are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Others {
    #[default]
    Left,
    /// All that are what the part is about, and those deleted softly.
    Read,
    /// The same, and the names of those that live are looked up as well: which of them are the same is known.
    Compared,
}

/// Whose links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    All,
    /// Those of the rows with these names.
    Named(BTreeSet<Name>),
}

/// What happens to profiles that a manifest does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unnamed {
    #[default]
    Stay,
    /// They go: `--prune profiles`.
    Go,
}

impl Scope {
    /// Everything that a map manages.
    #[must_use]
    pub fn everything(map: &Map) -> Self {
        let all = || Wanted { names: BTreeSet::new(), others: Others::Read };
        let profiles = map.profiles.as_ref().map(|_| Part::Profiles);
        let queues = map.queues.keys().map(|channel| Part::Queues(*channel));
        Self {
            parts: queues.chain([Part::Users]).chain(profiles).map(|part| (part, all())).collect(),
            links: map.links.keys().map(|kind| (*kind, Owners::All)).collect(),
            extensions: BTreeMap::new(),
            texts: Texts::new(),
        }
    }

    /// What a manifest names, and with [`Unnamed::Go`] every profile.
    #[must_use]
    pub fn of(manifest: &Manifest, map: &Map, unnamed: Unnamed) -> Self {
        let mut scope = Self::default();
        // A name is used by many lists, and looking it up in order is slower than that.
        let seen = &mut HashSet::new();
        manifest.queues.iter().for_each(|queue| scope.queue(map, queue));
        for agent in &manifest.agents {
            scope.name(Part::Users, &agent.username.value);
            if let Some(internal) = &agent.internal {
                scope.extensions.insert(agent.username.value.clone(), internal.value.clone());
            }
            scope.text(Part::Users, Field::Fullname, agent.fullname.value());
            scope.text(Part::Users, Field::Email, agent.email.value());
            scope.text(Part::Users, Field::Internal, agent.internal.as_ref().map(|internal| &internal.value));
            for (channel, links) in &agent.personal {
                scope.own(LinkKind::Personal(*channel), &agent.username.value);
                scope.list(Part::Queues(*channel), links, seen);
            }
        }
        for profile in &manifest.profiles {
            scope.text(Part::Profiles, Field::Description, profile.description.value());
            let names = [Some(&profile.name), profile.previous_name.as_ref()];
            for name in names.into_iter().flatten().map(|name| &name.value) {
                scope.name(Part::Profiles, name);
                if profile.agents.is_some() || profile.absent.is_some() {
                    scope.own(LinkKind::ProfileAgents, name);
                }
                for channel in Channel::ALL {
                    if profile.queues.contains_key(&channel) || profile.absent.is_some() {
                        scope.own(LinkKind::ProfileQueues(channel), name);
                    }
                }
            }
            if let Some(links) = &profile.agents {
                scope.list(Part::Users, links, seen);
            }
            for (channel, links) in &profile.queues {
                scope.list(Part::Queues(*channel), links, seen);
            }
        }
        manifest.moves.iter().for_each(|moved| scope.moved(moved));
        for permission in &manifest.permissions {
            scope.name(Part::Permissions, &permission.user_profile.value);
        }
        if unnamed == Unnamed::Go {
            // One that a manifest cannot name does not go because it does not.
            scope.parts.entry(Part::Profiles).or_default().others = Others::Compared;
            let of_profiles = |kind: &&LinkKind| !matches!(kind, LinkKind::Personal(_));
            scope.links.extend(map.links.keys().filter(of_profiles).map(|kind| (*kind, Owners::All)));
        }
        // What the map does not have is said by the planner, place by place.
        scope.links.retain(|kind, _| map.link(*kind).is_some());
        scope.parts.retain(|part, _| super::Section::of(map, *part).is_some());
        scope
    }

    fn queue(&mut self, map: &Map, queue: &Queue) {
        let part = Part::Queues(queue.channel);
        self.name(part, &queue.name.value);
        self.text(part, Field::Strategy, queue.strategy.value());
        self.text(part, Field::Kind, queue.kind.value());
        self.text(part, Field::Description, queue.description.value());
        for setting in &queue.settings {
            if let SettingValue::Text(text) = &setting.value.value {
                self.setting(map, part, &setting.column.value, text);
            }
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.extensions.extend(other.extensions);
        for (part, wanted) in other.parts {
            let known = self.parts.entry(part).or_default();
            known.names.extend(wanted.names);
            known.others = known.others.max(wanted.others);
        }
        for (kind, owners) in other.links {
            match (self.links.remove(&kind), owners) {
                (Some(Owners::Named(mut names)), Owners::Named(more)) => {
                    names.extend(more);
                    self.links.insert(kind, Owners::Named(names));
                }
                (None, owners) => {
                    self.links.insert(kind, owners);
                }
                _ => {
                    self.links.insert(kind, Owners::All);
                }
            }
        }
        for (column, texts) in other.texts {
            self.texts.entry(column).or_default().extend(texts);
        }
        self
    }

    /// The same without the queues of other channels, and the links to them.
    #[must_use]
    pub fn of_channels(mut self, channels: &BTreeSet<Channel>) -> Self {
        let other = |channel: Option<Channel>| channel.is_some_and(|channel| !channels.contains(&channel));
        self.parts.retain(|part, _| !matches!(part, Part::Queues(channel) if other(Some(*channel))));
        self.links.retain(|kind, _| !other(kind.channel()));
        self
    }

    /// The parts of the map that reading this relies on.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::none();
        self.parts.keys().for_each(|part| needs.add(*part, Use::Read));
        self.links.keys().for_each(|kind| needs.add(Part::Links(*kind), Use::Read));
        needs
    }

    fn moved(&mut self, moved: &Move) {
        for profile in [&moved.from, &moved.to] {
            self.name(Part::Profiles, &profile.value);
            self.own(LinkKind::ProfileAgents, &profile.value);
        }
        moved.agents.iter().for_each(|agent| self.name(Part::Users, &agent.value));
    }

    fn name(&mut self, part: Part, name: &Name) {
        self.parts.entry(part).or_default().names.insert(name.clone());
    }

    fn text(&mut self, part: Part, field: Field, text: Option<&Name>) {
        if let Some(text) = text {
            self.texts.entry((part, field)).or_default().insert(text.clone());
        }
    }

    /// The text of a column as the map spells it; columns have no case.
    fn setting(&mut self, map: &Map, part: Part, column: &str, text: &Name) {
        let Some(section) = super::Section::of(map, part) else { return };
        let found = section
            .columns
            .into_iter()
            .find(|known| matches!(&known.field, Field::Setting(_)) && known.ident.is_column(column));
        if let Some(found) = found {
            self.text(part, found.field, Some(text));
        }
    }

    fn own(&mut self, kind: LinkKind, name: &Name) {
        let owners = self.links.entry(kind).or_insert_with(|| Owners::Named(BTreeSet::new()));
        if let Owners::Named(names) = owners {
            names.insert(name.clone());
        }
    }

    fn list(&mut self, part: Part, links: &Links, seen: &mut HashSet<(Part, Name)>) {
        let names = &mut self.parts.entry(part).or_default().names;
        let removed = links.remove.iter().map(|name| &name.value);
        for name in links.members.iter().map(|member| &member.name).chain(removed) {
            if seen.insert((part, name.clone())) {
                names.insert(name.clone());
            }
        }
    }
}
