//! Driver one: the binary kills itself at each of its kill points, which stand
//! on both sides of every effect.

use super::judge::Judge;
use super::scenario::{ALL, copy, run};
use super::table::{End, Table};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many cases run at a time: they wait for the disk more than they compute.
const THREADS: usize = 3;

#[test]
fn every_kill_leaves_the_old_server_or_the_new_one() {
    let mut table = Table::default();
    let mut reached = BTreeSet::new();
    for scenario in &ALL {
        let judge = Judge::new(scenario);
        kill_everywhere(&judge, &mut table);
        reached.extend(judge.places.iter().cloned());
    }
    table.conclude("killed at every kill point");
    let missed: Vec<_> = written().into_iter().filter(|name| !reached.contains(name)).collect();
    let on_a_live_server = |name: &String| name.starts_with("reload: ");
    assert!(missed.iter().all(on_a_live_server), "never reached: {missed:?}");
}

fn kill_everywhere(judge: &Judge, table: &mut Table) {
    let name = judge.scenario.name;
    let next = AtomicUsize::new(1);
    let shared = Mutex::new(std::mem::take(table));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number > judge.places.len() {
                        return;
                    }
                    let end = kill_at(judge, number);
                    let mut table = shared.lock().expect("nobody panics");
                    table.run(name);
                    match end {
                        Ok(end) => table.fired(name, end),
                        Err(why) => {
                            table.fired(name, End::Mixed);
                            let place = &judge.places[number - 1];
                            table.complaints.push(format!("{name}, kill {number} at {place:?}: {why}"));
                        }
                    }
                }
            });
        }
    });
    *table = shared.into_inner().expect("nobody panics");
    table.note(name, format!("{} configurations, all accepted by nginx", judge.tested()));
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
    judge.recover_and_judge(tree.path())
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
