//! The vendor's text as many servers share it: what most of them have, with
//! blanks for what each has for itself.
//!
//! Invariant: what fewer servers have than asked for is never in the text, and
//! no value is that fewer have. Files of two generations are never mixed: one
//! is learned from, and the files of the other are told.

mod align;
mod consensus;
mod file;
mod generations;
mod percent;
mod secret;
mod write;

pub use percent::Percent;

use super::diff::outline::{Meanings, Outline};
use super::diff::purpose::is_server;
use super::diff::show;
use super::merge::{distance, fill_base};
use super::tree::Tree;
use align::{Aligned, align};
use consensus::{Agreed, all_agreed, file_comments};
use file::File;
use std::collections::BTreeMap;

/// What was learned.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The base; empty where nothing is shared.
    pub text: Vec<u8>,
    /// Every directive of it, in its order.
    pub directives: Vec<Shared>,
    /// What too few servers have, the most frequent first.
    pub left_out: Vec<LeftOut>,
    /// Every file that was given, in the order given.
    pub files: Vec<Used>,
    /// How many of them the text was learned from.
    pub used: usize,
}

/// A directive of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Block path and directive, as it stands in the base.
    pub path: String,
    /// How many servers have it.
    pub servers: usize,
    /// How many have it with what the base says.
    pub alike: usize,
}

/// A directive that is no part of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Block path and directive on one of the servers, redacted.
    pub path: String,
    /// How many servers have it.
    pub servers: usize,
    /// How many directives it is, with all that stands in it.
    pub directives: usize,
}

/// What became of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Whether it was learned from.
    pub part: Part,
    /// Directives of the base that it has.
    pub found: usize,
}

/// Whether a file was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It was.
    Learned,
    /// It is of another generation; files of one number are of the same.
    OtherGeneration(usize),
    /// It has less than half of what the others share.
    Outlier,
}

/// Generations that are told apart; a vendor has fewer.
const MOST_GENERATIONS: usize = 16;

/// Learns from these files, one of each server.
#[must_use]
pub fn learn(trees: &[&Tree], percent: Percent) -> Learned {
    let files: Vec<File<'_>> = trees.iter().map(|tree| File::of(tree)).collect();
    let mut parts = vec![Part::Learned; files.len()];
    let mut generation = 0;
    loop {
        let used: Vec<usize> = (0..files.len()).filter(|&at| parts[at] == Part::Learned).collect();
        let chosen: Vec<&File<'_>> = used.iter().map(|&at| &files[at]).collect();
        let aligned = align(&chosen, percent.of(chosen.len()));
        let found = found(&aligned, chosen.len());
        let outliers: Vec<usize> =
            (0..chosen.len()).filter(|&at| found[at] * 2 < aligned.slots.len()).collect();
        if !outliers.is_empty() {
            outliers.into_iter().for_each(|at| parts[used[at]] = Part::Outlier);
            continue;
        }
        if generation < MOST_GENERATIONS
            && let Some(others) = generations::smaller_half(&chosen, &aligned)
        {
            generation += 1;
            others.into_iter().for_each(|at| parts[used[at]] = Part::OtherGeneration(generation));
            continue;
        }
        return finish(&files, &chosen, &aligned, percent, &parts);
    }
}

/// How many slots each file is in.
fn found(aligned: &Aligned, files: usize) -> Vec<usize> {
    let mut found = vec![0; files];
    for (at, _) in aligned.slots.iter().flat_map(|slot| &slot.members) {
        found[*at] += 1;
    }
    found
}

fn finish(
    files: &[File<'_>],
    chosen: &[&File<'_>],
    aligned: &Aligned,
    percent: Percent,
    parts: &[Part],
) -> Learned {
    let agreed = all_agreed(chosen, aligned, percent);
    let written = write::write(chosen.len(), aligned, &agreed, &file_comments(chosen, percent));
    // A word that only just fitted nginx's buffer may not fit it with a blank in it: then nothing is shared.
    let read = Tree::parse(written.0.clone()).ok().filter(|tree| tree.len() == written.1.len());
    let ((text, slots), tree) = match read {
        Some(tree) => (written, tree),
        None => ((Vec::new(), Vec::new()), Tree::parse("").expect("no directive is no fault")),
    };
    let directives = shared(&tree, &slots, aligned, &agreed);
    let mut counts = vec![0; chosen.len()];
    for (at, _) in slots.iter().flat_map(|&slot| &aligned.slots[slot].members) {
        counts[*at] += 1;
    }
    let mut counts = counts.into_iter();
    let used = parts.iter().zip(files).map(|(&part, file)| {
        let found = match part {
            Part::Learned => counts.next().unwrap_or_default(),
            // How much of a text that was learned without it the file has.
            Part::OtherGeneration(_) | Part::Outlier => found_in(&tree, file),
        };
        Used { part, found }
    });
    let files = used.collect();
    let left_out = left_out(chosen, aligned, &slots, &directives);
    Learned { text, directives, left_out, files, used: chosen.len() }
}

/// How many directives of a text that was learned without it a file has.
fn found_in(text: &Tree, file: &File<'_>) -> usize {
    let Some(ours) = file.outline.items.iter().next().map(|item| item.tree) else { return 0 };
    fill_base(text, ours).map_or(0, |base| distance(&base, ours).found)
}

fn shared(tree: &Tree, slots: &[usize], aligned: &Aligned, agreed: &[Option<Agreed>]) -> Vec<Shared> {
    let outline: Outline<'_> = Outline::of_tree(tree, &mut Meanings::default());
    let shown = outline.items.places().zip(slots).map(|(index, &slot)| Shared {
        path: show::full_path(&outline, index),
        servers: aligned.slots[slot].members.len(),
        alike: agreed[slot].as_ref().map_or(0, |agreed| agreed.alike),
    });
    shown.collect()
}

/// What at least two files have and too few for a share.
fn left_out(files: &[&File<'_>], aligned: &Aligned, slots: &[usize], directives: &[Shared]) -> Vec<LeftOut> {
    let written: BTreeMap<usize, &Shared> = slots.iter().copied().zip(directives).collect();
    let disagreed = aligned.slots.iter().enumerate().filter(|(slot, _)| !written.contains_key(slot));
    let disagreed = disagreed.map(|(_, slot)| (slot.parent, &slot.members));
    let all = aligned.missed.iter().map(|missed| (missed.parent, &missed.members)).chain(disagreed);
    let mut found: Vec<LeftOut> = Vec::new();
    for (parent, members) in all.filter(|(_, members)| members.len() >= 2) {
        // What stands in a block that was left out is told with it.
        let Some(around) = parent.map_or(Some(""), |slot| Some(written.get(&slot)?.path.as_str())) else {
            continue;
        };
        let (at, item) = members[0];
        let outline = &files[at].outline;
        // A server block is called by its names, which are not for others to see.
        let own = match is_server(outline.items[item].directive()) {
            true => "server".to_owned(),
            false => secret::shown(&show::label(outline, item)),
        };
        let directives = generations::size(files[at], item);
        found.push(LeftOut { path: show::join(around, &own), servers: members.len(), directives });
    }
    found.sort_by(|one, other| other.servers.cmp(&one.servers).then_with(|| one.path.cmp(&other.path)));
    found
}
