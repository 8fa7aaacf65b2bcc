//! Driver one: the binary kills itself at each of its kill points, which stand
//! on both sides of every effect.

use super::judge::Judge;
use super::scenario::{ALL, copy, run};
use super::table::{End, Table};
use super::{ONLY, THREADS, in_parallel, is_wanted};
use crate::support::depth;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// After so many cases one is followed by the command itself, which must find its way free.
const FINISH_EACH: usize = 4;
/// A sample kills each row so often, and at every kill point that no row before it has.
const SAMPLE: usize = 4;

#[test]
fn every_kill_leaves_the_old_server_or_the_new_one() {
    let mut table = Table::default();
    let mut reached = BTreeSet::new();
    for scenario in ALL.iter().filter(|scenario| is_wanted(scenario.name)) {
        let judge = Judge::new(scenario);
        table = kill_at_each(&judge, &chosen(&judge.places, &reached), table);
        reached.extend(judge.places.iter().cloned());
    }
    table.conclude("killed at every kill point");
    if std::env::var_os(ONLY).is_some() {
        return;
    }
    let missed: Vec<_> = written().into_iter().filter(|name| !reached.contains(name)).collect();
    let on_a_live_server = |name: &String| name.starts_with("reload: ");
    assert!(missed.iter().all(on_a_live_server), "never reached: {missed:?}");
}

/// The numbers of the places, from 1, at which a row is killed.
fn chosen(places: &[String], reached: &BTreeSet<String>) -> Vec<usize> {
    let numbers: Vec<usize> = (1..=places.len()).collect();
    let mut chosen: BTreeSet<usize> = depth::evenly(&numbers, SAMPLE).into_iter().collect();
    let is_first = |number: &usize| !places[..number - 1].contains(&places[number - 1]);
    chosen
        .extend(numbers.iter().filter(|number| is_first(number) && !reached.contains(&places[**number - 1])));
    chosen.into_iter().collect()
}

fn kill_at_each(judge: &Judge, numbers: &[usize], table: Table) -> Table {
    let name = judge.scenario.name;
    let mut table = in_parallel(THREADS, numbers, table, |&number, table| {
        let end = kill_at(judge, number);
        let mut table = table.lock().expect("nobody panics");
        table.run(name);
        match end {
            Ok(end) => table.fired(name, end),
            Err(why) => {
                table.fired(name, End::Mixed);
                let place = &judge.places[number - 1];
                table.complaints.push(format!("{name}, kill {number} at {place:?}: {why}"));
            }
        }
    });
    let mut note = format!("{} of {} places", numbers.len(), judge.places.len());
    if judge.scenario.promises_a_start() {
        note += &format!("; nginx accepts all {} states on the disk", judge.tested());
    }
    table.note(name, note);
    table
}

fn kill_at(judge: &Judge, number: usize) -> Result<End, String> {
    let tree = copy(judge.start.path());
    let ran = run(tree.path(), judge.scenario.command, number);
    if !ran.was_killed() || ran.reached[..] != judge.places[..number] {
        return Err(format!("not killed there: {:?} after {:?}", ran.output, ran.reached.last()));
    }
    if judge.scenario.promises_a_start() {
        judge.starts(tree.path())?;
    }
    judge.recover_twice(tree.path())?;
    let end = judge.judge(tree.path())?;
    if number.is_multiple_of(FINISH_EACH) {
        judge.finish(tree.path(), end)?;
    }
    Ok(end)
}

/// The names of all kill points in our sources.
fn written() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).into_iter().flatten()
    {
        if file.path().extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(file.path()).expect("our own sources are text");
            let calls = text.split("kill_point!(\"").skip(1);
            names.extend(calls.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()));
        }
    }
    assert!(names.len() > 30, "{names:?}");
    names
}
