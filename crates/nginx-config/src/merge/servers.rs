//! What a merge knows of server blocks: locations that a new `return` would
//! answer for, and names that a new block of the vendor's has to take over.
//!
//! Invariant: a local location is never carried to where nothing reaches it
//! without being shown as a conflict.

use super::model::{Cause, Choice, ConflictId, Sides};
use super::walked::{Act, Fate, Triple};
use super::walker::Walker;
use crate::diff::at::{At, Ours, Theirs, Whose};
use crate::diff::outline::Outline;
use crate::diff::purpose::{Purpose, Upstreams, is_server, leads_to_https, purpose};
use crate::diff::show;
use crate::identity::{Key, returns_at_once};
use std::collections::BTreeSet;

impl Walker<'_, '_> {
    /// Local locations in a server block where theirs brings a `return` that
    /// answers first: each is a conflict, since it would be dead. A `return`
    /// in a location does not answer for those inside of it.
    pub fn dead_locations(&mut self, triples: &[Triple], inserted: &BTreeSet<At<Theirs>>) {
        let (here, there) = (&self.sides.ours.outline, &self.sides.theirs.outline);
        if !self.within.is_some_and(|block| is_server(here.items[block].directive())) {
            return;
        }
        let answers = |index: &&At<Theirs>| returns_at_once(there.items[**index].directive());
        let Some(&new) = inserted.iter().find(answers) else { return };
        let is_dead_already =
            |triple: &Triple| triple.ours.is_some_and(|ours| returns_at_once(here.items[ours].directive()));
        if triples.iter().any(is_dead_already) {
            return;
        }
        for triple in triples {
            let (None, Some(ours), None) = (triple.base, triple.ours, triple.theirs) else { continue };
            let is_location = here.items[ours].directive().is("location");
            if !is_location || self.walked.acts[ours] == Act::Remove {
                continue;
            }
            let conflict =
                self.conflict(Cause::Dead, Triple { base: None, ours: Some(ours), theirs: Some(new) });
            if self.choice(conflict) == Some(Choice::Theirs) {
                self.walked.acts[ours] = Act::Remove;
            }
            if let Some(&local) = self.walked.added.get(&ours) {
                self.walked.locals[local].fate = Fate::Disputed(conflict);
            }
        }
    }

    /// A new block of theirs takes the addresses on which it listens from the
    /// block of its name: there they would be ignored.
    pub fn taken_listens(&mut self, triples: &[Triple], inserted: &BTreeSet<At<Theirs>>) {
        let (here, there) = (&self.sides.ours.outline, &self.sides.theirs.outline);
        for triple in triples {
            let (Some(ours), Some(theirs)) = (triple.ours, triple.theirs) else { continue };
            if !is_server(here.items[ours].directive()) {
                continue;
            }
            let names = name(there, theirs).map(|index| words(there, index));
            for &new in inserted.iter().filter(|&&index| is_server(there.items[index].directive())) {
                if name(there, new).map(|index| words(there, index)) == names {
                    self.walked.taken.entry(ours).or_default().extend(listens(there, new));
                }
            }
        }
    }

    /// Whether this `listen`, which only ours has, went to a new block of theirs.
    pub fn is_taken(&self, ours: At<Ours>) -> bool {
        let item = &self.sides.ours.outline.items[ours];
        let taken = item.parent.and_then(|block| self.walked.taken.get(&block));
        item.directive().is("listen") && taken.is_some_and(|keys| keys.contains(&item.identity.key))
    }

    /// Whether where a block listens is in dispute: what this `listen` of it becomes is decided with all the others.
    pub fn unheard(&self, ours: At<Ours>) -> Option<ConflictId> {
        let item = &self.sides.ours.outline.items[ours];
        let conflict = item.parent.and_then(|block| self.walked.unheard.get(&block)).copied();
        conflict.filter(|_| item.directive().is("listen"))
    }

    /// The same for a `listen` of theirs in the block that is looked at.
    pub fn unheard_there(&self, theirs: At<Theirs>) -> Option<ConflictId> {
        let conflict = self.within.and_then(|block| self.walked.unheard.get(&block)).copied();
        conflict.filter(|_| self.sides.theirs.outline.items[theirs].directive().is("listen"))
    }

    /// Blocks that would listen nowhere, since each side takes away what the other keeps: where they listen is one
    /// conflict. With ours a new block of theirs that would take the addresses stays out.
    pub fn nowhere(&mut self, triples: &[Triple], inserted: &mut BTreeSet<At<Theirs>>) {
        let Sides { base: from, ours: here, theirs: there } = *self.sides;
        let (from, here, there) = (&from.outline, &here.outline, &there.outline);
        for triple in triples {
            let (Some(base), Some(ours), Some(theirs)) = (triple.base, triple.ours, triple.theirs) else {
                continue;
            };
            if !is_server(here.items[ours].directive()) {
                continue;
            }
            let old: BTreeSet<Key> = listens(from, base).collect();
            let own: BTreeSet<Key> = listens(here, ours).collect();
            let new: BTreeSet<Key> = listens(there, theirs).collect();
            let taken = self.walked.taken.get(&ours).cloned().unwrap_or_default();
            let stays = |key: &&Key| new.contains(*key) || !old.contains(*key) && !taken.contains(*key);
            let is_heard = own.iter().any(|key| stays(&key)) || new.iter().any(|key| !old.contains(key));
            if own.is_empty() || new.is_empty() || is_heard {
                continue;
            }
            let about = Triple {
                base: first(from, base, "listen"),
                ours: first(here, ours, "listen"),
                theirs: first(there, theirs, "listen"),
            };
            let path = show::join(&show::full_path(here, ours), "listen");
            let conflict = self.conflict_at(path, Cause::BothChanged, about);
            self.walked.unheard.insert(ours, conflict);
            if self.choice(conflict) == Some(Choice::Ours) {
                inserted.retain(|&block| {
                    let is_rival = is_server(there.items[block].directive())
                        && name(there, block).map(|index| words(there, index))
                            == name(there, theirs).map(|index| words(there, index));
                    !is_rival || !listens(there, block).any(|key| own.contains(&key))
                });
            }
        }
    }

    /// A block that is new from theirs, such as the redirect to HTTPS, and has
    /// the names of one that is called otherwise here: it takes those. Where
    /// ours sends people to HTTPS itself, it is not needed.
    pub fn renamed_blocks(&mut self, triples: &[Triple], inserted: &mut BTreeSet<At<Theirs>>) {
        let (here, there) = (&self.sides.ours.outline, &self.sides.theirs.outline);
        let mut known: Vec<(BTreeSet<Vec<u8>>, At<Ours>)> = Vec::new();
        let mut redirects: Vec<(At<Ours>, Purpose)> = Vec::new();
        for triple in triples {
            match (triple.ours, triple.theirs) {
                (Some(ours), _) if !is_server(here.items[ours].directive()) => {}
                (Some(ours), Some(theirs)) => {
                    if let (Some(ours), Some(theirs)) = (name(here, ours), name(there, theirs))
                        && words(here, ours) != words(there, theirs)
                    {
                        known.push((words(there, theirs), ours));
                    }
                }
                (Some(ours), None) if self.walked.acts[ours] != Act::Remove && leads_to_https(here, ours) => {
                    redirects.push((ours, purpose(here, ours, &Upstreams::default())));
                }
                _ => {}
            }
        }
        let servers: Vec<_> =
            inserted.iter().copied().filter(|&index| is_server(there.items[index].directive())).collect();
        for server in servers {
            let Some(names) = name(there, server) else { continue };
            let own = words(there, names);
            let mut fitting = known.iter().filter(|(theirs, _)| *theirs == own);
            let (Some(&(_, new)), None) = (fitting.next(), fitting.next()) else { continue };
            let (new_names, ports) = (words(here, new), purpose(there, server, &Upstreams::default()).ports);
            let does_so = |found: &&(At<Ours>, Purpose)| {
                found.1.names.is_superset(&new_names) && found.1.ports.is_superset(&ports)
            };
            match redirects.iter().find(does_so).filter(|_| leads_to_https(there, server)) {
                Some((ours, _)) => {
                    inserted.remove(&server);
                    if let Some(&local) = self.walked.added.get(ours) {
                        self.walked.locals[local].fate = Fate::AlreadyPresent;
                        self.walked.locals[local].theirs = Some(server);
                    }
                }
                None => {
                    self.walked.renamed.insert(names, new);
                }
            }
        }
    }
}

/// The addresses of a server block's `listen`s.
fn listens<'a, S: Whose>(outline: &'a Outline<'_, S>, server: At<S>) -> impl Iterator<Item = Key> + 'a {
    let children = outline.items[server].children.iter().map(|&child| &outline.items[child]);
    children.filter(|item| item.directive().is("listen")).map(|item| item.identity.key.clone())
}

/// The `server_name` of a server block.
fn name<S: Whose>(outline: &Outline<'_, S>, server: At<S>) -> Option<At<S>> {
    first(outline, server, "server_name")
}

fn first<S: Whose>(outline: &Outline<'_, S>, server: At<S>, name: &str) -> Option<At<S>> {
    let mut children = outline.items[server].children.iter().copied();
    children.find(|&child| outline.items[child].directive().is(name))
}

fn words<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> BTreeSet<Vec<u8>> {
    outline.items[index].directive().args.iter().map(|word| word.value.to_ascii_lowercase()).collect()
}
