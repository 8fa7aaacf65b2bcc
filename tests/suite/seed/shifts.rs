//! The shifts of docs/seeding.md: its manifests and units, on real systemds.
//!
//! Invariant: the files are those of the document, but for the program's place and the moments, which come soon.

use crate::support::machine::Machine;
use crate::support::real_systemd::{Ahead, PROGRAM, RealSystemd, Which, on_each};
use crate::support::wait::eventually;
use std::time::Duration;

const DOCUMENT: &str = include_str!("../../../docs/seeding.md");
const STAFF: &str = "version: 1
agents:
  - { username: anna, fullname: Anna, internal: '1001' }
  - { username: bruno, fullname: Bruno, internal: '1002' }
  - { username: carla, fullname: Carla, internal: '1003' }
profiles: [{ name: Sales, agents: [anna] }, { name: Back office }]
";

on_each! {
    a_timer_gives_the_agents_another_profile
}

/// The file of this name.
fn file(name: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("`{name}`:\n")).unwrap_or_else(|| panic!("no {name}"));
    let (_, rest) = rest.split_once("```").expect("a block");
    let (_, rest) = rest.split_once('\n').expect("its kind");
    rest.split_once("```").expect("its end").0
}

fn a_timer_gives_the_agents_another_profile(which: Which) {
    let machine = Machine::stopped("standalone", |_| ());
    let systemd = RealSystemd::start(&machine, which, Ahead { boot: Duration::ZERO, awake: Duration::ZERO });
    let shell = |line: &str| systemd.must(line);
    let put = |path: &str, text: &str| {
        shell(&format!("mkdir -p $(dirname {path}) && cat >{path} <<'END'\n{text}END"))
    };
    let units = "/run/systemd/system";
    put("/run/shifts/staff.yaml", STAFF);
    for shift in ["morning", "afternoon"] {
        put(&format!("/run/shifts/{shift}.yaml"), file(&format!("/etc/motionctl/shifts/{shift}.yaml")));
        let timer = format!("motionctl-shift-{shift}.timer");
        let text = file(&format!("/etc/systemd/system/{timer}"));
        let moment = text.lines().find_map(|line| line.strip_prefix("OnCalendar=")).expect("a moment");
        shell(&format!("systemd-analyze calendar '{moment}'"));
        put(&format!("{units}/{timer}"), &text.replace(moment, "*-*-* *:*:0/2\nAccuracySec=100ms"));
    }
    let service = file("/etc/systemd/system/motionctl-shift@.service");
    let service =
        service.replace("/usr/bin/motionctl", PROGRAM).replace("/etc/motionctl/shifts", "/run/shifts");
    let database =
        "Environment=MOTIONCTL_DB=sqlite:/run/shifts/motion.db MOTIONCTL_SEED_RUNS=/run/shifts/runs\n";
    put(&format!("{units}/motionctl-shift@.service"), &format!("{service}{database}"));
    let db = ["--db", "sqlite:/run/shifts/motion.db"];
    let arguments = [&["seed", "apply", "/run/shifts/staff.yaml", "--yes"][..], &db].concat();
    systemd.motionctl(&arguments).expect(0, "applied");
    shell("systemctl daemon-reload");
    let agents = || -> Vec<String> {
        let listed = systemd.motionctl(&[&["seed", "list"][..], &db].concat());
        let profiles = listed.json["details"]["profiles"].as_array().cloned().unwrap_or_default();
        let mut agents: Vec<_> =
            profiles.iter().map(|profile| format!("{} {}", profile["name"], profile["agents"])).collect();
        agents.sort();
        agents
    };
    for (shift, sales, office) in [
        ("morning", r#"["anna","bruno"]"#, r#"["carla"]"#),
        ("afternoon", r#"["carla"]"#, r#"["anna","bruno"]"#),
    ] {
        shell(&format!("systemctl start motionctl-shift-{shift}.timer"));
        let wanted = [format!("\"Back office\" {office}"), format!("\"Sales\" {sales}")];
        eventually(shift, || agents() == wanted);
        shell(&format!("systemctl stop motionctl-shift-{shift}.timer"));
    }
    let failed = shell("systemctl list-units --failed --no-legend 'motionctl-shift*'");
    assert_eq!(failed.trim(), "", "{failed}");
}
