//! The agents of a table, and the profiles that they name.
//!
//! Invariant: every fault is said, each with its cell; a cell that is refused stands for nothing. An agent has one row.

use super::cells::{At, Cell, Cells, Faults, Grid, items};
use super::header::{Column, column, meant, plain, unknown};
use super::model::{Fault, Kind, Use};
use super::typed;
use super::zeros::Zeros;
use crate::seed::Channel;
use crate::seed::manifest::shown;
use std::collections::{BTreeMap, HashMap};

/// How many lines may stand above the header: a title, a date, a logo.
const ABOVE: usize = 20;
const NO_USERNAME: &str = "no column `username` in the header";

/// What a table says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub agents: Vec<Agent>,
    /// In the order in which they are first named.
    pub profiles: Vec<Profile>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Agent {
    pub username: String,
    pub fullname: Option<String>,
    pub email: Option<String>,
    pub internal: Option<String>,
    pub personal: BTreeMap<Channel, Vec<String>>,
    /// Where each of it stands.
    pub cells: BTreeMap<Column, At>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub name: String,
    pub agents: Vec<String>,
    /// Voice queues that have a penalty in it.
    pub voice: Vec<(String, u32)>,
    /// Where it is named first.
    pub at: At,
    /// Where each of its agents is, and each of its queues.
    pub cells: (Vec<At>, Vec<At>),
}

/// Names by what they are to most databases, and where each stands first.
#[derive(Default)]
struct Seen(HashMap<String, (String, At)>);

impl Seen {
    /// Where the same name stood before, and how it was written.
    fn before(&mut self, name: &str, at: At) -> Option<(String, At)> {
        let key = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if let Some(first) = self.0.get(&key) {
            return Some(first.clone());
        }
        self.0.insert(key, (name.to_owned(), at));
        None
    }
}

struct Reading<'a> {
    grid: &'a Grid,
    columns: BTreeMap<u32, Column>,
    faults: Faults,
    table: Table,
    usernames: Seen,
    internals: Seen,
    /// Spellings of profiles and of queues, by what they are names of.
    spellings: BTreeMap<Option<Channel>, Seen>,
    profiles: HashMap<String, usize>,
    /// Where a penalty was given first.
    penalties: HashMap<(String, String), (u32, At)>,
    zeros: Zeros,
}

/// Reads a table; columns that are called as in `ignored` are left out.
pub(super) fn read(file: &str, grid: &Grid, ignored: &[String]) -> (Table, Faults) {
    let mut faults = Faults::new(file, grid.kind);
    let Some((header, columns)) = header(grid, ignored, &mut faults) else {
        return (Table::default(), faults);
    };
    let zeros = Zeros::of(grid, header, &columns);
    let mut reading = Reading {
        grid,
        columns,
        faults,
        table: Table::default(),
        usernames: Seen::default(),
        internals: Seen::default(),
        spellings: BTreeMap::new(),
        profiles: HashMap::new(),
        penalties: HashMap::new(),
        zeros,
    };
    reading.merged(header);
    for (line, cells) in grid.lines.range(header + 1..) {
        reading.row(*line, cells);
    }
    if reading.table.agents.is_empty() && reading.faults.is_empty() {
        let fault = Fault::new("no agent stands below the header", "--template shows a table with agents");
        reading.faults.push(At { line: header, column: 1 }, fault);
    }
    (reading.table, reading.faults)
}

/// The line with the names of the columns: the first one in which one of them is that of usernames.
fn header(grid: &Grid, ignored: &[String], faults: &mut Faults) -> Option<(u32, BTreeMap<u32, Column>)> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number { value, .. } => value.to_string(),
        Cell::Unusable(..) => String::new(),
    };
    let is_header = |cells: &Cells| cells.values().any(|cell| column(&text(cell)) == Some(Column::Username));
    let found = grid.lines.iter().take(ABOVE).find(|(_, cells)| is_header(cells));
    let Some((line, cells)) = found.or_else(|| grid.lines.iter().next()) else {
        faults.push(At::TABLE, Fault::new("the table is empty", "--template writes one to fill in"));
        return None;
    };
    // Of a line in which nothing is a column, or nearly one, there is one thing to say.
    let is_near = |cell: &Cell| {
        let text = text(cell);
        column(&text).is_some() || meant(&text).is_some()
    };
    if found.is_none() && !cells.values().any(is_near) {
        let hint = "the header names the columns; --template writes a table to fill in";
        faults.push(At { line: *line, column: 1 }, Fault::new(NO_USERNAME, hint));
        return None;
    }
    let ignored: Vec<String> = ignored.iter().map(|name| plain(name)).collect();
    let mut columns: BTreeMap<u32, Column> = BTreeMap::new();
    for (index, cell) in cells {
        let (at, text) = (At { line: *line, column: *index }, text(cell));
        if ignored.contains(&plain(&text)) {
            continue;
        }
        match column(&text) {
            Some(column) => {
                if let Some((first, _)) = columns.iter().find(|(_, known)| **known == column) {
                    let first = faults.place(At { line: *line, column: *first });
                    let message = format!("a second column of `{}`", column.title());
                    faults.push(at, Fault::new(message, format!("the first is {first}")));
                } else {
                    columns.insert(*index, column);
                }
            }
            None => faults.push(at, unknown(&text)),
        }
    }
    if found.is_none() {
        let hint = "the header names the columns; --template writes a table to fill in";
        faults.push(At { line: *line, column: 1 }, Fault::new(NO_USERNAME, hint));
        return None;
    }
    // A cell without a header belongs to nothing.
    for (number, row) in grid.lines.range(line + 1..) {
        for index in row.keys().filter(|index| !cells.contains_key(index)) {
            let hint = "write one, with --ignore if it is to be left out, or empty the cell";
            faults.push(At { line: *number, column: *index }, Fault::new("its column has no header", hint));
        }
    }
    faults.name_columns(cells.iter().map(|(index, cell)| (*index, text(cell))).collect());
    Some((*line, columns))
}

impl Reading<'_> {
    /// A region that is shown as one cell has its value in the first one; the rest of it reads as empty.
    fn merged(&mut self, header: u32) {
        for [first, last, left, right] in &self.grid.merged {
            let is_used = self.columns.range(left..=right).next().is_some();
            if *last > header && is_used {
                let [start, end] =
                    [(*first, *left), (*last, *right)].map(|(line, column)| At { line, column }.name());
                let message = format!("is merged: {start}:{end} has one value, the other cells are empty");
                let hint = "take the merge apart and fill in each cell";
                self.faults.push(At { line: *first, column: *left }, Fault::new(message, hint));
            }
        }
    }

    fn row(&mut self, line: u32, cells: &Cells) {
        let mut agent = Agent::default();
        let (mut profiles, mut penalties, mut username) = (None, None, None);
        for (index, column) in self.columns.clone() {
            let Some(cell) = cells.get(&index) else { continue };
            let at = At { line, column: index };
            agent.cells.insert(column, at);
            match column {
                Column::Username => username = self.line(at, cell, Use::Name).map(|name| (name, at)),
                Column::Fullname => agent.fullname = self.line(at, cell, Use::Text),
                Column::Email => agent.email = self.email(at, cell),
                Column::Internal => agent.internal = self.internal(at, cell),
                Column::Profiles => profiles = Some(self.list(at, cell, None)),
                Column::Penalties => penalties = Some((at, cell)),
                Column::Personal(channel) => {
                    let queues = self.list(at, cell, Some(channel));
                    agent.personal.insert(channel, queues);
                }
            }
        }
        let used: Vec<u32> = self.columns.keys().copied().collect();
        let Some(first) = used.iter().find(|index| cells.contains_key(index)) else { return };
        let profiles = profiles.unwrap_or_default();
        if let Some((at, cell)) = penalties {
            self.penalties(at, cell, &profiles);
        }
        let key = self.columns.iter().find(|(_, column)| **column == Column::Username);
        let key = At { line, column: key.map_or(*first, |(index, _)| *index) };
        let Some((name, at)) = username else {
            if !cells.contains_key(&key.column) {
                let hint = "every agent has one; empty the row if it is none";
                self.faults.push(key, Fault::new("no username", hint));
            }
            return;
        };
        if let Some((_, first)) = self.usernames.before(&name, at) {
            let message =
                format!("the agent {} is there already, in {}", shown(&name), self.faults.place(first));
            self.faults.push(at, Fault::new(message, "an agent has one row; profiles are a list"));
            return;
        }
        for profile in profiles {
            let named = agent.cells.get(&Column::Profiles).copied().unwrap_or(at);
            let index = self.profile(&profile, named);
            self.table.profiles[index].agents.push(name.clone());
            self.table.profiles[index].cells.0.push(at);
        }
        agent.username = name;
        self.table.agents.push(agent);
    }

    fn profile(&mut self, name: &str, at: At) -> usize {
        if let Some(index) = self.profiles.get(name) {
            return *index;
        }
        let index = self.table.profiles.len();
        self.table.profiles.push(Profile { name: name.to_owned(), at, ..Profile::default() });
        self.profiles.insert(name.to_owned(), index);
        index
    }

    /// The text of a cell, in one line.
    fn line(&mut self, at: At, cell: &Cell, usage: Use) -> Option<String> {
        let whole = |text: String| match (usage, self.zeros.lost(at.column, &text, cell)) {
            (Use::Name | Use::Digits, Some(fault)) => Err(fault),
            _ => Ok(text),
        };
        match cell.line(self.grid.kind, usage).and_then(whole) {
            Ok(text) => Some(text),
            Err(fault) => {
                self.faults.push(at, fault);
                None
            }
        }
    }

    fn email(&mut self, at: At, cell: &Cell) -> Option<String> {
        let email = self.line(at, cell, Use::Text)?;
        let is_one = email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
        if !is_one || email.contains(char::is_whitespace) {
            let fault = Fault::new(format!("{} is no mail address", shown(&email)), "write name@host");
            self.faults.push(at, fault);
            return None;
        }
        Some(email)
    }

    fn internal(&mut self, at: At, cell: &Cell) -> Option<String> {
        let internal = self.line(at, cell, Use::Digits)?;
        if let Some((_, first)) = self.internals.before(&internal, at) {
            let message = format!(
                "the internal number {} is there already, in {}",
                shown(&internal),
                self.faults.place(first)
            );
            self.faults.push(at, Fault::new(message, "every agent has one of its own"));
            return None;
        }
        Some(internal)
    }

    /// Names in one cell.
    fn list(&mut self, at: At, cell: &Cell, of: Option<Channel>) -> Vec<String> {
        let text = match cell.text(self.grid.kind, Use::Text) {
            Ok(text) => text,
            Err(fault) => {
                self.faults.push(at, fault);
                return Vec::new();
            }
        };
        let mut names: Vec<String> = Vec::new();
        for name in items(&text) {
            let typed = typed::check(name, self.grid.kind, Use::Name);
            let lost = self.zeros.lost(at.column, name, cell);
            if let Some(fault) = typed.err().or(lost) {
                self.faults.push(at, fault);
            } else if names.iter().any(|known| known == name) {
                let message = format!("{} stands twice in it", shown(name));
                self.faults.push(at, Fault::new(message, "name it once"));
            } else if self.is_spelt_alike(at, name, of) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Two names that differ in case and blanks only are one to most databases, and a slip in a table.
    fn is_spelt_alike(&mut self, at: At, name: &str, of: Option<Channel>) -> bool {
        match self.spellings.entry(of).or_default().before(name, at) {
            Some((first, place)) if first != name => {
                let message =
                    format!("{} is spelt {} in {}", shown(name), shown(&first), self.faults.place(place));
                self.faults.push(at, Fault::new(message, "write it alike in both"));
                false
            }
            _ => true,
        }
    }

    /// `QUEUE=2`, and where the agent has several profiles `PROFILE/QUEUE=2`.
    fn penalties(&mut self, at: At, cell: &Cell, profiles: &[String]) {
        let text = match cell.text(Kind::Sheet, Use::Text) {
            Ok(text) => text,
            Err(fault) => return self.faults.push(at, fault),
        };
        for item in items(&text) {
            match penalty(item, profiles) {
                Ok((profile, queue, penalty)) => self.penalty(at, &profile, &queue, penalty),
                Err(fault) => self.faults.push(at, fault),
            }
        }
    }

    fn penalty(&mut self, at: At, profile: &str, queue: &str, penalty: u32) {
        if !self.is_spelt_alike(at, queue, Some(Channel::Voice)) {
            return;
        }
        let key = (profile.to_owned(), queue.to_owned());
        match self.penalties.get(&key) {
            Some((same, _)) if *same == penalty => {}
            Some((other, first)) => {
                let message = format!(
                    "the penalty of {} in the profile {} is {penalty}, and {other} in {}",
                    shown(queue),
                    shown(profile),
                    self.faults.place(*first)
                );
                let hint = "a penalty belongs to a queue of a profile and is the same for all of its agents";
                self.faults.push(at, Fault::new(message, hint));
            }
            None => {
                self.penalties.insert(key, (penalty, at));
                let index = self.profile(profile, at);
                self.table.profiles[index].voice.push((queue.to_owned(), penalty));
                self.table.profiles[index].cells.1.push(at);
            }
        }
    }
}

/// A profile, its queue and the penalty there.
fn penalty(item: &str, profiles: &[String]) -> Result<(String, String, u32), Fault> {
    let parts = item.rsplit_once(['=', ':']);
    let parts = parts.and_then(|(name, digits)| Some((name.trim(), digits.trim().parse::<u32>().ok()?)));
    let in_range = parts.filter(|(name, penalty)| !name.is_empty() && i32::try_from(*penalty).is_ok());
    let Some((name, penalty)) = in_range else {
        let message = format!("{} is no queue with a penalty", shown(item));
        return Err(Fault::new(message, "write QUEUE=2; the lower, the earlier served"));
    };
    let of_profile = |profile: &&String| {
        let queue = name.strip_prefix(profile.as_str())?.trim_start().strip_prefix('/')?.trim();
        (!queue.is_empty()).then_some(queue)
    };
    let named = profiles.iter().filter_map(|profile| Some((profile, of_profile(&profile)?)));
    let longest = named.max_by_key(|(profile, _)| profile.len());
    match (longest, profiles) {
        (Some((profile, queue)), _) => Ok((profile.clone(), queue.to_owned(), penalty)),
        // What stands before a slash is a profile: a row that lacks it is a slip, and no queue of that name.
        (None, [first, ..]) if name.contains('/') => {
            let other = name.split('/').next().unwrap_or_default().trim();
            let message = format!("the row does not name the profile {}", shown(other));
            let hint =
                format!("name it in `profiles`; a queue called so is written {first}/{name}={penalty}");
            Err(Fault::new(message, hint))
        }
        (None, [profile]) => Ok((profile.clone(), name.to_owned(), penalty)),
        (None, []) => {
            let message = format!("{} has a penalty, and the row names no profile", shown(name));
            Err(Fault::new(message, "a penalty belongs to a voice queue of a profile"))
        }
        (None, _) => {
            let message = format!("{} may be of any of the row's profiles", shown(name));
            Err(Fault::new(message, format!("write PROFILE/{name}={penalty}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_parted_by_the_strongest_separator() {
        let check = |text: &str, expect: &[&str]| {
            assert_eq!(items(text).collect::<Vec<_>>(), expect, "{text}");
        };
        check("Morning, Evening", &["Morning", "Evening"]);
        check("Sales, North; Evening", &["Sales, North", "Evening"]);
        check("Sales, North;", &["Sales, North"]);
        check("a\nb, c\r\n", &["a", "b, c"]);
        check(" , ", &[]);
    }

    #[test]
    fn a_penalty_is_of_the_one_profile_or_of_the_one_it_names() {
        let check = |item: &str, profiles: &[&str], expect: Option<(&str, &str, u32)>| {
            let profiles: Vec<String> = profiles.iter().map(|name| (*name).to_owned()).collect();
            let found = penalty(item, &profiles).ok();
            let found = found.as_ref().map(|(profile, queue, n)| (profile.as_str(), queue.as_str(), *n));
            assert_eq!(found, expect, "{item} of {profiles:?}");
        };
        check("Talk Now=2", &["P"], Some(("P", "Talk Now", 2)));
        check("Talk Now: 2", &["P"], Some(("P", "Talk Now", 2)));
        check("P/Talk = 0", &["P", "Q"], Some(("P", "Talk", 0)));
        check("P/x/Talk=1", &["P", "P/x"], Some(("P/x", "Talk", 1)));
        check("P/24/7=1", &["P"], Some(("P", "24/7", 1)));
        check("24/7=1", &["P"], None);
        check("P3/X=1", &["P1"], None);
        check("P3/X=1", &["P1", "P2"], None);
        check("Talk=2", &["P", "Q"], None);
        check("Talk=2", &[], None);
        for item in ["Talk", "Talk=", "=2", "Talk=-1", "Talk=1.5", "Talk=3000000000"] {
            check(item, &["P"], None);
        }
    }
}
