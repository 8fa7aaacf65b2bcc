//! What a merge knows of server blocks: locations that a new `return` would
//! answer for, and names that a new block of the vendor's has to take over.
//!
//! Invariant: a local location is never carried to where nothing reaches it
//! without being shown as a conflict.

use super::walk::{Act, Fate, Triple, Walker};
use super::{Cause, Choice};
use crate::diff::purpose::is_server;
use crate::identity::returns_at_once;
use std::collections::BTreeSet;

impl Walker<'_, '_> {
    /// Local locations in a block where theirs brings a `return` that answers
    /// first: each is a conflict, since it would be dead.
    pub fn dead_locations(&mut self, triples: &[Triple], inserted: &BTreeSet<usize>) {
        let (here, there) = (&self.sides.ours.outline, &self.sides.theirs.outline);
        let answers = |index: &&usize| returns_at_once(there.items[**index].directive());
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

    /// A block that is new from theirs, such as the redirect to HTTPS, and has
    /// the names of one that is called otherwise here: it takes those.
    pub fn renamed_blocks(&mut self, triples: &[Triple], inserted: &BTreeSet<usize>) {
        let (here, there) = (&self.sides.ours.outline, &self.sides.theirs.outline);
        let name = |outline: &crate::diff::outline::Outline<'_>, server: usize| {
            let mut names = outline.items[server].children.iter().copied();
            names.find(|&child| outline.items[child].directive().is("server_name"))
        };
        let words = |outline: &crate::diff::outline::Outline<'_>, index: usize| -> BTreeSet<Vec<u8>> {
            outline.items[index].directive().args.iter().map(|word| word.value.to_ascii_lowercase()).collect()
        };
        let mut known: Vec<(BTreeSet<Vec<u8>>, usize)> = Vec::new();
        for triple in triples {
            let (Some(ours), Some(theirs)) = (triple.ours, triple.theirs) else { continue };
            if !is_server(here.items[ours].directive()) {
                continue;
            }
            if let (Some(ours), Some(theirs)) = (name(here, ours), name(there, theirs))
                && words(here, ours) != words(there, theirs)
            {
                known.push((words(there, theirs), ours));
            }
        }
        for &server in inserted.iter().filter(|&&index| is_server(there.items[index].directive())) {
            let Some(names) = name(there, server) else { continue };
            let own = words(there, names);
            let mut fitting = known.iter().filter(|(theirs, _)| *theirs == own);
            if let (Some((_, ours)), None) = (fitting.next(), fitting.next()) {
                self.walked.renamed.insert(names, *ours);
            }
        }
    }
}
