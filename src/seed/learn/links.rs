//! Which rows are the links of the profile, and those of the agent.
//!
//! Invariant: a link is a row that holds both ids in columns of their own. Where rows of several tables do, what else
//! speaks for each decides; where that is even, nothing is taken and all are named.

use super::changes::{Cells, Changes};
use super::deletion::is_of_a_change;
use super::evidence::{AGENT, PROFILE, QUEUE, Whose, is, is_past};
use super::journals;
use super::model::{LinkRow, Profile, Witness};
use super::picture::Task;
use super::told_apart::{may_be, unused_owner};
use crate::db::Catalog;
use crate::db::catalog::Table;
use crate::seed::map::LinkKind;

/// With fewer points nothing but numbers speaks for a table: they may be equal by chance.
const FEWEST: i32 = 2;

impl LinkKind {
    /// Whether an agent owns such a link.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Personal(_))
    }
}

/// The kinds that the task asks for.
pub fn kinds(task: &Task) -> Vec<LinkKind> {
    let queues = task.queues.keys().map(|channel| LinkKind::ProfileQueues(*channel));
    let personal = task.queues.iter().filter(|(_, pair)| pair.personal.is_some());
    let personal = personal.map(|(channel, _)| LinkKind::Personal(*channel));
    [LinkKind::ProfileAgents].into_iter().chain(queues).chain(personal).collect()
}

/// Every row that may be a link, for each kind the likeliest first. Without a profile only personal ones.
pub fn link_rows<'a>(
    catalog: &'a Catalog,
    changes: &'a [Changes],
    task: &Task,
    witness: &Witness<'_>,
    profile: Option<&Profile<'_>>,
) -> Vec<LinkRow<'a>> {
    let of_profile = profile.map(|profile| Whose {
        id: profile.id.1.to_string(),
        table: profile.table.name.clone(),
        words: PROFILE,
    });
    let agent = Whose { id: task.agent.id.to_string(), table: witness.users.to_owned(), words: AGENT };
    let mut all = Vec::new();
    for kind in kinds(task) {
        let Some((owner, member, never)) = ends(kind, task, witness, of_profile.as_ref(), &agent) else {
            continue;
        };
        let penalty =
            (kind == LinkKind::ProfileQueues(crate::seed::Channel::Voice)).then(|| task.penalty.to_string());
        let same = kinds(task).into_iter().filter(|other| *other != kind).filter(|other| {
            ends(*other, task, witness, of_profile.as_ref(), &agent)
                .is_some_and(|(its, of_it, _)| (its.id, of_it.id) == (owner.id.clone(), member.id.clone()))
        });
        let same = same.count();
        let search = Search { kind, owner, member, never, same, profile, penalty };
        let mut found: Vec<LinkRow<'a>> = changes
            .iter()
            .filter_map(|change| Some(search.in_table(catalog.table(&change.table)?, change)))
            .flatten()
            .collect();
        found.sort_by_key(|row| -row.points);
        all.extend(found);
    }
    journals::weigh(&mut all);
    // Of one kind the likeliest comes first.
    all.sort_by_key(|row| -row.points);
    all
}

/// The owner, the member, and who must not stand in the same row.
fn ends(
    kind: LinkKind,
    task: &Task,
    witness: &Witness<'_>,
    profile: Option<&Whose>,
    agent: &Whose,
) -> Option<(Whose, Whose, Vec<Whose>)> {
    let queue =
        |channel, id: i64| Whose { id: id.to_string(), table: (witness.queues)(channel), words: QUEUE };
    let never = |whose: Option<&Whose>| whose.cloned().into_iter().collect();
    Some(match kind {
        LinkKind::ProfileAgents => {
            let queues = task.queues.iter().map(|(channel, pair)| queue(*channel, pair.of_profile.id));
            (profile?.clone(), agent.clone(), queues.collect())
        }
        LinkKind::ProfileQueues(channel) => {
            let id = task.queues.get(&channel)?.of_profile.id;
            (profile?.clone(), queue(channel, id), never(Some(agent)))
        }
        LinkKind::Personal(channel) => {
            let id = task.queues.get(&channel)?.personal.as_ref()?.id;
            (agent.clone(), queue(channel, id), never(profile))
        }
    })
}

struct Search<'s> {
    kind: LinkKind,
    owner: Whose,
    member: Whose,
    never: Vec<Whose>,
    /// So many other steps have the same two ids.
    same: usize,
    profile: Option<&'s Profile<'s>>,
    /// What was typed with the link, if anything was.
    penalty: Option<String>,
}

impl Search<'_> {
    /// The rows of a table, less sure the more there are that look alike.
    fn in_table<'a>(&self, table: &'a Table, change: &'a Changes) -> Vec<LinkRow<'a>> {
        let is_an_end = [&self.owner.table, &self.member.table].contains(&&table.name);
        if is_an_end || self.profile.is_some_and(|profile| profile.table.name == table.name) {
            return Vec::new();
        }
        let mut found: Vec<LinkRow<'a>> = change
            .rows
            .iter()
            .filter(|(_, changed)| changed.as_ref().is_none_or(|columns| self.was_revived(columns)))
            .filter_map(|(row, _)| self.link(table, row))
            .collect();
        found.sort_by_key(|row| -row.points);
        // Rows that other steps must have made do not count against it.
        let alike = i32::try_from(found.len().saturating_sub(1 + self.same).min(3)).unwrap_or(3);
        let others = i32::try_from(change.new.saturating_sub(1).min(50) / 10).unwrap_or(5);
        for row in &mut found {
            row.points -= 2 * alike + others;
        }
        found.retain(|row| row.points >= FEWEST);
        found
    }

    /// A row that was there, and got one of the ids or lost a mark, may be the link; one that only was touched is not.
    fn was_revived(&self, columns: &std::collections::BTreeSet<String>) -> bool {
        columns.iter().any(|column| !is_of_a_change(column))
    }

    fn link<'a>(&self, table: &'a Table, row: &'a Cells) -> Option<LinkRow<'a>> {
        let owners = self.owner.held(table, row);
        let members = self.member.held(table, row);
        let pairs = owners.iter().flat_map(|owner| members.iter().map(move |member| (owner, member)));
        let mut pairs: Vec<_> = pairs.filter(|(owner, member)| owner.column != member.column).collect();
        pairs.sort_by_key(|(owner, member)| -(owner.points + member.points));
        // Equal ids in two columns that nothing tells apart.
        if let [(one, other), (third, fourth), ..] = pairs.as_slice()
            && one.points + other.points == third.points + fourth.points
        {
            return None;
        }
        let (owner, member) = *pairs.first()?;
        // A row of an agent, a profile and a queue at once is another thing than a link of two.
        let third = self.never.iter().flat_map(|whose| whose.held(table, row));
        let is_of_three = third
            .filter(|third| third.points > 1)
            .any(|third| ![&owner.column, &member.column].contains(&&third.column));
        if is_of_three {
            return None;
        }
        let columns = [owner.column.as_str(), member.column.as_str()];
        let covers = |columns: &[&str]| {
            table.indexes.iter().any(|index| {
                index.unique && columns.iter().all(|name| index.columns.iter().any(|its| its == name))
            })
        };
        let more = i32::try_from(table.columns.len().saturating_sub(8).min(8)).unwrap_or(8);
        let has_penalty = self.penalty.as_ref().is_some_and(|typed| {
            row.iter().any(|(name, value)| !columns.contains(&name.as_str()) && is(value, typed))
        });
        let says = |channel| {
            row.iter().any(|(name, value)| !columns.contains(&name.as_str()) && may_be(value, channel))
        };
        let is_said = self.kind.channel().is_some_and(says);
        let holds = [(covers(&columns), 4), (is_past(&table.name), -8), (has_penalty, 3), (is_said, 1)];
        let holds: i32 = holds.iter().map(|(holds, points)| if *holds { *points } else { 0 }).sum();
        let points = owner.points + member.points + holds - more;
        let (owner, member) = (owner.clone(), member.clone());
        let mut link = LinkRow { kind: self.kind, table, row, owner, member, points };
        // Motion knows a column for the other owner here, and left it empty.
        link.points += i32::from(unused_owner(&link).is_some());
        Some(link)
    }
}
