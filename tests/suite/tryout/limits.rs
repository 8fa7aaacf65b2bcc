//! Scripts that take too much: each ends at its limit, which is said, and nothing of them is left.

use super::{said, try_on};
use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::site::processes;
use std::time::{Duration, Instant};

#[track_caller]
fn ended(text: &str, limit: &str, more: &[&str]) -> Said {
    let output = try_on(&Machine::new("standalone"), text, more);
    output.expect(1, "failed");
    assert_eq!(output.json["details"]["try"]["limit"], limit, "{output}");
    assert!(output.error().contains(&format!("limit of {limit}")), "{output}");
    output
}

#[test]
fn one_that_runs_for_ever_ends_and_what_it_did_by_then_is_told() {
    let started = Instant::now();
    let mark = format!("sleep 5{}", std::process::id());
    let text = format!("trap '' TERM INT HUP\necho x > /etc/by-then\nwhile :; do {mark}; done");
    let output = ended(&text, "time", &["--timeout", "2s"]);
    assert!(started.elapsed() < Duration::from_secs(60));
    super::change(&output.json["details"]["try"], "/etc/by-then");
    assert_eq!(processes(&mark), [0; 0]);
}

#[test]
fn a_bomb_ends_at_the_number_of_processes() {
    let mark = format!("bomb{}", std::process::id());
    let text = format!("{mark}() {{ {mark} | {mark} & }}\n{mark}\nsleep 60");
    ended(&text, "processes", &["--processes", "64", "--timeout", "60s"]);
}

#[test]
fn a_full_disk_is_full_inside_only() {
    let text = "dd if=/dev/zero of=/opt/fill bs=1M count=4096 2>&1\necho rest > /etc/rest || exit 3";
    let output = ended(text, "disk", &["--disk", "64M"]);
    assert!(said(&output.json["details"]["try"]).contains("No space left on device"), "{output}");
}

#[test]
fn many_small_files_are_a_full_disk_too() {
    ended(
        "for i in $(seq 400); do head -c 200k /dev/zero > /opt/f$i || exit 3; done",
        "disk",
        &["--disk", "32M"],
    );
}

#[test]
fn a_hog_of_memory_ends() {
    let text = "perl -e 'my @all; push @all, \"x\" x (16 << 20) while 1'\nexit $?";
    let output = try_on(&Machine::new("standalone"), text, &["--memory", "64M", "--disk", "64M"]);
    output.expect(1, "failed");
    // Without control groups each process is refused more by itself, and the script goes on.
    let tried = &output.json["details"]["try"];
    let by_itself = tried["containment"].to_string().contains("no control groups");
    assert!(tried["limit"] == "memory" || by_itself, "{output}");
}

#[test]
fn endless_output_is_bounded() {
    let text = "head -c 300m /dev/zero | tr '\\0' x\necho\nseq 200000\necho the end";
    let output = try_on(&Machine::new("standalone"), text, &[]);
    output.expect(0, "ok");
    assert!(output.stdout.len() < 2 << 20, "{} bytes", output.stdout.len());
    let said = said(&output.json["details"]["try"]);
    assert!(said.contains("left out") && said.ends_with("the end\n"));
}

#[test]
fn a_tangle_of_folders_is_said_to_be_more_than_is_listed() {
    let text = "cd /opt; n=$(head -c 200 /dev/zero | tr '\\0' d); for i in $(seq 30); do mkdir $n && cd -P $n || break; done; echo x > hidden\n\
                mkdir /opt/many; for i in $(seq 6000); do echo > /opt/many/$i; done";
    let output = try_on(&Machine::new("standalone"), text, &[]);
    output.expect(0, "ok");
    let tried = &output.json["details"]["try"];
    assert!(
        tried["truncated"] == true && tried["changes"].as_array().unwrap().len() <= 5_000,
        "{}",
        output.stderr
    );
}

#[test]
fn a_limit_that_the_script_lives_through_is_told_too() {
    let text = "for i in 1 2 3 4; do dd if=/dev/zero of=/opt/f$i bs=1M count=30 2>/dev/null || true; done\n\
                sleep 0.1; rm -f /opt/f*\necho on";
    let output = ended(text, "disk", &["--disk", "64M"]);
    assert!(said(&output.json["details"]["try"]).ends_with("on\n"), "{output}");
    assert!(output.error().contains("went on") && output.error().contains("returned 0"), "{output}");
    assert!(output.json["error"]["hint"].as_str().unwrap().contains("--disk"), "{output}");
}

#[test]
fn a_program_that_runs_out_of_memory_is_told_though_the_script_goes_on() {
    let text = "perl -e 'my @all; push @all, \"x\" x (16 << 20) while 1' 2>&1\necho on; exit 0";
    let output = ended(text, "memory", &["--memory", "64M", "--disk", "64M"]);
    assert!(said(&output.json["details"]["try"]).ends_with("on\n"), "{output}");
}
