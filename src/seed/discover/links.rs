//! The tables of links, in whatever shape: a table for each channel, one for all with a
//! discriminator, personal and profile links in one.
//!
//! Invariant: rows of two kinds in one table are proposed only where they can be told apart; where
//! they cannot, a note says so. Which of several tables it is, `choice` says.

use super::choice::{Choice, choose};
use super::names::against;
use super::offers::{Candidate, Samples, candidates};
use super::proposal::{Grade, Note, Section};
use super::references::{Referenced, Targets};
use crate::db::catalog::{Column, TableKind};
use crate::db::{Catalog, Engine};
use crate::seed::Channel;
use crate::seed::map::LinkKind;
use crate::seed::verify::Family;

/// The sections of all links that were found, and what could not be told.
pub fn links(
    catalog: &Catalog,
    targets: &Targets<'_>,
    channels: &[Channel],
    engine: Engine,
    samples: &Samples,
) -> (Vec<Section>, Vec<Note>) {
    let [candidates, views] =
        [TableKind::Table, TableKind::View].map(|kind| candidates(catalog, targets, engine, kind));
    let mut notes: Vec<Note> = candidates.iter().flat_map(Candidate::cannot_be_told).collect();
    let queues = channels.iter().map(|channel| LinkKind::ProfileQueues(*channel));
    let personal = channels.iter().map(|channel| LinkKind::Personal(*channel));
    let mut sections = Vec::new();
    let of_profiles = |kind: &LinkKind| !matches!(kind, LinkKind::Personal(_));
    let has_profiles = targets.name_of(Referenced::Profiles).is_some();
    if !has_profiles {
        let says = "not looked for, because the table of profiles was not found";
        notes.push(Note::open("links of profiles", says));
    }
    let kinds = [LinkKind::ProfileAgents].into_iter().chain(queues).chain(personal);
    for kind in kinds.filter(|kind| has_profiles || !of_profiles(kind)) {
        let about = format!("links.{kind}");
        let offers = candidates.iter().filter_map(|candidate| candidate.offer(kind, samples)).collect();
        match choose(offers, kind) {
            Choice::Taken(best, grade, reason, rival) => {
                let name = best.offer.table_name();
                notes.extend(
                    rival.map(|rival| Note::open(&about, format!("{name} is proposed, and not {rival}"))),
                );
                let doubts = best.doubts();
                let of_it =
                    best.offer.sections(kind, if doubts.is_empty() { grade } else { Grade::Guess }, &reason);
                if doubts.is_empty() {
                    sections.extend(of_it);
                } else {
                    let says = format!("{name} is proposed as a comment: {}", doubts.join("; "));
                    notes.push(Note::open(&about, says));
                    sections.extend(of_it.into_iter().map(Section::left_open));
                }
            }
            Choice::Open(several) => {
                let said: Vec<String> = several.iter().map(|it| it.with_reasons()).collect();
                notes.push(Note::open(&about, format!("not told which it is: {}", said.join("; or "))));
                for it in &several {
                    let reason =
                        "not told whether it is this one; delete the others and uncomment it".to_owned();
                    let of_it = it.offer.sections(kind, Grade::Guess, &reason);
                    sections.extend(of_it.into_iter().map(Section::left_open));
                }
            }
            Choice::None(refused) => {
                let view = |view: &Candidate<'_>| {
                    view.offer(kind, samples)
                        .map(|_| format!("{} has its columns, but is a view", view.table.name))
                };
                let why = refused.into_iter().chain(views.iter().filter_map(view)).collect();
                notes.push(Note::absent(&about, why));
            }
        }
    }
    (sections, notes)
}

/// Text columns that name the channel of a link, whose values only the rows tell.
pub fn wanted_samples(catalog: &Catalog, targets: &Targets<'_>, engine: Engine) -> Vec<(String, String)> {
    let is_open = |column: &&Column| (Family { column, engine }).members().is_none();
    candidates(catalog, targets, engine, TableKind::Table)
        .iter()
        .filter(|candidate| candidate.end(Referenced::AnyQueue).is_some())
        .filter(|candidate| against(&candidate.table.name).is_empty())
        .filter_map(|candidate| {
            let column = candidate.discriminator.filter(is_open)?;
            Some((candidate.table.name.clone(), column.name.clone()))
        })
        .collect()
}
