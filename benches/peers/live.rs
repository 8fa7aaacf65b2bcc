//! Changes of a running server: `apply`, `rollback` and `rehearse` beside the script that an admin would write.
//!
//! Invariant: both change the same file to the same bytes on the same machine, both test with `nginx -t`, and both are
//! over when the last worker of the old configuration is gone. The script proves nothing else: it does not know whether
//! anything is served.

use crate::Bench;
use crate::measure::{Job, Run, median_run};
use crate::seeding::Place;
use crate::support::machine::{Machine, SITE};
use crate::support::wait::eventually;
use crate::table::{Row, Table, Target};
use crate::trees::Tree;
use std::fs;

/// Reloads, and waits until no worker of before is left.
pub const RELOAD: &str = "old=$(pgrep -P \"$(cat /run/nginx.pid)\"); nginx -s reload; \
     for pid in $old; do while kill -0 \"$pid\" 2>/dev/null; do sleep 0.01; done; done";

/// How often 28 November's build took as long for a rehearsal as the script took there and back: 4.6 s and 0.64 s.
const REHEARSAL_BEFORE: f64 = 7.2;

/// What the script and the binary take of one machine.
pub struct Stage {
    pub machine: Machine,
    there: Job,
    back: Job,
}

impl Stage {
    /// A running server, and the new file as the binary makes it.
    pub fn new() -> Self {
        let (machine, _) = Machine::migrated();
        let new = machine.scratch().join("new.conf");
        fs::write(&new, machine.read(SITE)).expect("writing");
        machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
        let new = new.display();
        let there = format!(
            "cp -p {SITE} /var/backups/naive.conf; diff -u {SITE} {new} || [ $? = 1 ]; cp {new} {SITE}; nginx -q -t; {RELOAD}"
        );
        let back = format!("cp -p /var/backups/naive.conf {SITE}; nginx -q -t; {RELOAD}");
        Self { machine, there: Job::script(&there), back: Job::script(&back) }
    }

    pub fn apply(&self) -> Run {
        let run = Job::ours(["apply", "--yes", "--json"]).run_on(&self.machine);
        assert!(self.machine.serves_the_new_client(), "what was applied is not served");
        run
    }

    pub fn rollback(&self) -> Run {
        let run = Job::ours(["rollback", "--yes", "--json"]).run_on(&self.machine);
        assert!(!self.machine.serves_the_new_client(), "what was rolled back is served");
        run
    }

    fn naive_there(&self) -> Run {
        let run = self.there.run_on(&self.machine);
        self.settled();
        assert!(self.machine.serves_the_new_client(), "the script changed nothing");
        run
    }

    fn naive_back(&self) -> Run {
        let run = self.back.run_on(&self.machine);
        self.settled();
        run
    }

    /// The old workers are gone, but the new ones may not have their titles yet, by which the next run knows them.
    fn settled(&self) {
        self.machine.wait_for_workers();
        eventually("one generation serves", || {
            self.machine.masters()[0].workers.len() == self.machine.workers().len()
        });
    }
}

pub fn apply(bench: &Bench, table: &mut Table) {
    let stage = Stage::new();
    let [mut apply, mut rollback, mut there, mut back] = [const { Vec::new() }; 4];
    for _ in 0..bench.runs {
        apply.push(stage.apply());
        rollback.push(stage.rollback());
        there.push(stage.naive_there());
        back.push(stage.naive_back());
    }
    let [apply, rollback, there, back] = [apply, rollback, there, back].map(median_run);
    for (name, ours, peer) in [("apply", apply, there), ("rollback", rollback, back)] {
        let what = format!("{name}, live, beside a script that proves nothing");
        table.add(Row::beside(format!("{what}: wall s"), ours.wall, peer.wall, Target::RatioAtMost(1.5)));
        table.add(Row::beside(format!("{what}: CPU s"), ours.cpu, peer.cpu, Target::None));
        table.add(Row::limit(format!("{name}, live: peak MiB"), ours.peak, 40.0));
    }
}

pub fn rehearse(bench: &Bench, table: &mut Table) {
    let (stage, tree) = (Stage::new(), Tree::new(&|_| ()));
    let rehearse = Job::ours(["rehearse", "--json", "--root"]).and(tree.path());
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        ours.push(rehearse.run());
        let (there, back) = (stage.naive_there(), stage.naive_back());
        let (wall, cpu) = (there.wall + back.wall, there.cpu + back.cpu);
        peer.push(Run { wall, cpu, ..there });
    }
    let (ours, peer) = (median_run(ours), median_run(peer));
    let what = "rehearse, beside that script there and back";
    let target = Target::RatioAtMost(0.3 * REHEARSAL_BEFORE);
    table.add(Row::beside(format!("{what}: wall s"), ours.wall, peer.wall, target));
    table.add(Row::beside(format!("{what}: CPU s"), ours.cpu, peer.cpu, Target::None));
    table.add(Row::limit("rehearse: peak MiB", ours.peak, 40.0));
}

/// `check` on a running server with its database, beside what a person would ask by hand.
pub fn check(bench: &Bench, table: &mut Table) {
    let place = Place::start();
    let schema = place.schema();
    let machine = Machine::new("standalone");
    let ours = place.command(&["check", "--json"], &schema).ending_with(&[0, 3]);
    let ask = |question: &str| {
        let socket = place.server.file("socket");
        let client = format!("mariadb --no-defaults -u root -S {} {}", socket.display(), schema.name);
        format!("{client} -e '{question}' >/dev/null")
    };
    let by_hand = [
        "nginx -q -T >/dev/null".to_owned(),
        ask("SELECT VERSION(); SHOW TABLES"),
        ask("SELECT COUNT(*) FROM users; SELECT COUNT(*) FROM agent_profiles"),
        ask("SELECT membername, channel, enterAt FROM report_member WHERE exitAt IS NULL"),
    ];
    let peer = Job::script(&by_hand.join("\n"));
    let (ours, peer) =
        crate::measure::by_turns(bench.runs, || ours.run_on(&machine), || peer.run_on(&machine));
    let what = "check, live with MariaDB, beside nginx -T and three mariadb -e";
    table.add(Row::beside(format!("{what}: wall s"), ours.wall, peer.wall, Target::RatioAtMost(1.0)));
    table.add(Row::beside(format!("{what}: CPU s"), ours.cpu, peer.cpu, Target::None));
    table.add(Row::limit("check, live with MariaDB: peak MiB", ours.peak, 40.0));
}
