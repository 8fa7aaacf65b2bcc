//! Who works with which profile, as text for people: a bar for each profile, then agents, then open sessions.
//!
//! Invariant: bars take the room that there is; of long lists the beginning is shown, and how much more there is.

use super::ending::{INDENT, section};
use super::glyphs::ELLIPSIS;
use super::style::{Detail, ENDLESS, Style, Tone};
use super::table::{self, Cell};
use super::wrap::columns as width;
use crate::outcome::{AgentUsage, OpenUsage, Outcome, UsageSection, counted, visible};

/// Rows of a list that are shown without `--verbose`.
const MANY: usize = 40;
/// The longest bar where lines are endless.
const SHORT: usize = 20;
/// And where names take all room; they give way to it.
const SHORTEST: usize = 10;
/// What parts columns.
const GAP: usize = 2;

/// The lists, each below its title. Who has them in a file needs none on the screen.
pub(super) fn usage(outcome: &Outcome, style: Style) -> Vec<String> {
    let Some(usage) = outcome.usage.as_ref().filter(|_| outcome.details.text.is_none()) else {
        return Vec::new();
    };
    let inside = style.inside(INDENT);
    let mut lines = section("Hours by profile", table::columns(&by_profile(usage, inside), inside), style);
    lines.extend(section("Hours by profile and agent", few(by_agent(usage), inside), style));
    lines.extend(section("Open now", few(open(usage), inside), style));
    lines
}

/// Hours with one place.
fn hours(seconds: i64) -> String {
    let tenths = (seconds + 180) / 360;
    format!("{}.{} h", tenths / 10, tenths % 10)
}

/// The texts, all as wide as the widest, so that numbers stand below each other.
fn to_the_right(texts: Vec<String>) -> Vec<String> {
    let widest = texts.iter().map(String::len).max().unwrap_or(0);
    texts.into_iter().map(|text| format!("{text:>widest$}")).collect()
}

fn by_profile(usage: &UsageSection, style: Style) -> Vec<Vec<Cell>> {
    let hours = to_the_right(usage.profiles.iter().map(|row| hours(row.seconds)).collect());
    let beside: Vec<[String; 3]> = usage
        .profiles
        .iter()
        .zip(hours)
        .map(|(row, hours)| [visible(&row.profile), hours, counted(row.agents, "agent")])
        .collect();
    let column = |index: usize| beside.iter().map(|cells| width(&cells[index])).max().unwrap_or(0) + GAP;
    let taken: usize = (0..3).map(column).sum();
    let longest = match style.width {
        ENDLESS => SHORT,
        columns => columns.saturating_sub(taken).max(SHORTEST),
    };
    let most = usage.profiles.iter().map(|row| row.seconds).max().unwrap_or(0).max(1);
    let bars = usage.profiles.iter().map(|row| bar(row.seconds, most, longest));
    let cells =
        |(cells, bar): ([String; 3], String)| cells.into_iter().chain([bar]).map(Cell::from).collect();
    beside.into_iter().zip(bars).map(cells).collect()
}

/// As long as its share of the most; what is not nothing can be seen.
fn bar(seconds: i64, most: i64, longest: usize) -> String {
    let (seconds, most) = (u128::from(seconds.unsigned_abs()), u128::from(most.unsigned_abs()));
    let marks = (seconds * longest as u128).div_ceil(most);
    "#".repeat(usize::try_from(marks).unwrap_or(longest))
}

fn by_agent(usage: &UsageSection) -> Vec<Vec<Cell>> {
    let hours = to_the_right(usage.hours.iter().map(|row| hours(row.seconds)).collect());
    let row = |(row, hours): (&AgentUsage, String)| {
        let open = if row.open { "still open" } else { "" };
        vec![
            visible(&row.profile).into(),
            visible(&row.agent).into(),
            hours.into(),
            counted(row.sessions, "session").into(),
            Cell::new(Tone::Warn, open),
        ]
    };
    usage.hours.iter().zip(hours).map(row).collect()
}

fn open(usage: &UsageSection) -> Vec<Vec<Cell>> {
    let row = |now: &OpenUsage| {
        let online = if now.online { Cell::from("online") } else { Cell::new(Tone::Warn, "not online") };
        let (agent, profile) = (visible(&now.agent), visible(&now.profile));
        vec![
            agent.into(),
            profile.into(),
            visible(&now.channel).into(),
            online,
            format!("since {}", now.since).into(),
        ]
    };
    usage.now.iter().map(row).collect()
}

/// The beginning of a list, and how much more there is.
fn few(mut rows: Vec<Vec<Cell>>, style: Style) -> Vec<String> {
    let more = rows.len().saturating_sub(MANY);
    if style.detail >= Detail::Verbose || more == 0 {
        return table::columns(&rows, style);
    }
    rows.truncate(MANY);
    let mut lines = table::columns(&rows, style);
    lines.push(format!("{} and {more} more (-v shows them)", style.glyphs.of(ELLIPSIS)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{OutcomeKind, ProfileUsage};

    fn answer(names: &[(&str, i64)], agents: usize) -> Outcome {
        let mut outcome = Outcome::new("seed usage", OutcomeKind::Ok);
        let profile = |(name, seconds): &(&str, i64)| ProfileUsage {
            profile_id: None,
            profile: (*name).to_owned(),
            seconds: *seconds,
            agents: 1,
        };
        let agent = |number: usize| AgentUsage {
            profile_id: None,
            profile: "P".to_owned(),
            agent: format!("agent{number}"),
            seconds: 3600,
            sessions: 1,
            open: false,
        };
        outcome.usage = Some(UsageSection {
            from: String::new(),
            to: String::new(),
            profiles: names.iter().map(profile).collect(),
            hours: (0..agents).map(agent).collect(),
            now: Vec::new(),
            anomalies: Vec::new(),
            left_out: None,
        });
        outcome
    }

    #[test]
    fn bars_take_the_room_that_there_is() {
        let answer = answer(&[("Day", 36_000), ("Night", 9_000), ("Rare", 1)], 0);
        for (columns, longest) in [(60, 60 - 2 - 24), (140, 140 - 2 - 24), (ENDLESS, SHORT)] {
            let lines = usage(&answer, Style::plain(columns));
            let marks: Vec<usize> = lines[2..].iter().map(|line| line.matches('#').count()).collect();
            assert_eq!(marks, [longest, longest.div_ceil(4), 1], "{lines:#?}");
        }
        assert_eq!(
            usage(&answer, Style::plain(46))[2..],
            [
                "  Day    10.0 h  1 agent  ####################",
                "  Night   2.5 h  1 agent  #####",
                "  Rare    0.0 h  1 agent  #",
            ]
        );
    }

    #[test]
    fn of_a_long_list_the_beginning_is_shown() {
        let answer = answer(&[], MANY + 2);
        let lines = usage(&answer, Style::plain(80));
        assert_eq!(lines.last().map(String::as_str), Some("  … and 2 more (-v shows them)"));
        let verbose = Style { detail: Detail::Verbose, ..Style::plain(80) };
        assert_eq!(usage(&answer, verbose).len(), 2 + MANY + 2);
    }
}
