//! Driver two, which needs nothing of the binary: every system call of ours
//! that changes something is killed before it acts, or fails.
//!
//! Invariant: a case counts only when strace says that its call was struck.

use super::judge::Judge;
use super::scenario::{CALLED, copy};
use super::table::{End, Table};
use super::trace::{Call, Struck, Watched, calls, strike};
use super::{THREADS, in_parallel, is_wanted};
use crate::support::depth;
use std::collections::BTreeMap;

const FAULTS: [&str; 5] = ["signal=KILL", "error=ENOSPC", "error=EIO", "error=EROFS", "error=EACCES"];
/// Of equal calls elsewhere than at the live files and the journal so many are struck.
const OF_EQUAL_CALLS: usize = 3;
/// Of each call of the sandbox's processes so many are struck.
const OF_A_CHILD_S_CALLS: usize = 2;

struct Case {
    row: String,
    call: Call,
    fault: &'static str,
    watched: Watched,
}

#[test]
fn every_system_call_that_is_killed_or_fails_leaves_the_old_server_or_the_new_one() {
    let mut table = Table::default();
    for scenario in CALLED.iter().filter(|scenario| is_wanted(scenario.name)) {
        let judge = Judge::new(scenario);
        let tree = copy(judge.start.path());
        let ours = calls(scenario, tree.path(), Watched::Ours).remove(0);
        let ours: Vec<Call> = ours.into_iter().filter(Call::changes_the_tree).collect();
        let chosen = choose(&ours);
        assert!(chosen.len() > 20, "{}: {ours:?}", scenario.name);
        let mut cases: Vec<Case> = Vec::new();
        for (turn, fault) in FAULTS.into_iter().enumerate() {
            let row = format!("{}, {fault}", scenario.name);
            // In a sample every call is struck by one of the faults.
            let is_its_turn = |index: usize| depth::is_deep() || index % FAULTS.len() == turn;
            let turns = chosen.iter().enumerate().filter(|(index, _)| is_its_turn(*index));
            let before = cases.len();
            cases.extend(turns.map(|(_, call)| Case {
                row: row.clone(),
                call: call.clone(),
                fault,
                watched: Watched::Ours,
            }));
            table.note(&row, format!("{} of {} calls", cases.len() - before, ours.len()));
        }
        cases.extend(of_children(&judge, &mut table));
        table = in_parallel(THREADS, &cases, table, |case, table| run(&judge, case, table));
    }
    table.conclude("struck at every system call that changes something");
}

/// Every call that strikes what matters, and some of each kind of the others.
fn choose(calls: &[Call]) -> Vec<Call> {
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate().filter(|(_, call)| !call.is_at_what_matters()) {
        kinds.entry(call.kind()).or_default().push(index);
    }
    let mut chosen: Vec<usize> = kinds.values().flat_map(|members| evenly(members, OF_EQUAL_CALLS)).collect();
    chosen.extend((0..calls.len()).filter(|index| calls[*index].is_at_what_matters()));
    chosen.sort_unstable();
    chosen.into_iter().map(|index| calls[index].clone()).collect()
}

/// The first, the last and what lies evenly between.
fn evenly(members: &[usize], most: usize) -> Vec<usize> {
    if members.len() <= most {
        return members.to_vec();
    }
    (0..most).map(|n| members[n * (members.len() - 1) / (most - 1)]).collect()
}

/// Calls that only processes in the sandbox make at all, or so often.
fn of_children(judge: &Judge, table: &mut Table) -> Vec<Case> {
    let tree = copy(judge.start.path());
    let mut processes = calls(judge.scenario, tree.path(), Watched::Family);
    let ours = processes.remove(0);
    let most = |calls: &[Call], name: &str| calls.iter().filter(|call| call.name == name).count();
    let mut cases = Vec::new();
    let mut names: Vec<&String> = processes.iter().flatten().map(|call| &call.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let longest = processes.iter().max_by_key(|calls| most(calls, name)).expect("there are some");
        let all: Vec<&Call> = longest.iter().filter(|call| call.name == *name).collect();
        // The count is each process's own: what ours makes as often is struck in ours as well.
        let only_theirs: Vec<usize> = (most(&ours, name)..all.len()).collect();
        for index in evenly(&only_theirs, OF_A_CHILD_S_CALLS) {
            let faults = ["signal=KILL", "error=EIO"];
            // In a sample, too, they take turns.
            let taken = if depth::is_deep() { &faults[..] } else { &faults[cases.len() % 2..][..1] };
            for &fault in taken {
                let row = format!("{}, in the sandbox, {fault}", judge.scenario.name);
                let call = all[index].clone();
                cases.push(Case { row, call, fault, watched: Watched::Family });
            }
        }
    }
    assert!(cases.len() > 4, "{processes:?}");
    let row = format!("{}, in the sandbox, error=EIO", judge.scenario.name);
    table.note(&row, format!("{} processes", processes.len()));
    cases
}

fn run(judge: &Judge, case: &Case, table: &std::sync::Mutex<Table>) {
    let tree = copy(judge.start.path());
    let struck = strike(judge.scenario, tree.path(), case.watched, &case.call, case.fault);
    let fired = has_fired(case, &struck);
    let end = judge.after_a_fault(tree.path(), &struck.output);
    let mut table = table.lock().expect("nobody panics");
    table.run(&case.row);
    let complaint = |why: String| {
        let said = String::from_utf8_lossy(&struck.output.stdout);
        format!(
            "{}, {} {}: {}: {why}\nit said {:?} {said:.1500}",
            case.row, case.call.name, case.call.number, case.call.line, struck.output.status
        )
    };
    if !fired {
        table.complaints.push(complaint(format!("not struck there, but at {:?}", struck.at)));
        return;
    }
    match end {
        Ok(end) => table.fired(&case.row, end),
        Err(why) => {
            table.fired(&case.row, End::Mixed);
            table.complaints.push(complaint(why));
        }
    }
}

/// Whether the very call was struck that was meant.
fn has_fired(case: &Case, struck: &Struck) -> bool {
    let Some(at) = &struck.at else { return false };
    let head = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
    // In the sandbox the same number is another file in another process.
    case.watched == Watched::Family || arguments(&head(at)) == arguments(&head(&case.call.line))
}

/// What stands between the parentheses; the time in a journal's record has not always as many digits.
fn arguments(line: &str) -> String {
    let pieces = line.trim_end_matches([')', ' ']).split(|c: char| c.is_ascii_digit());
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("#")
}
