//! What is said at the end of a screen and at a question, in words that people know.
//!
//! Invariant: a command that is offered can be typed; a way past a stop is never the last; what was read before a change
//! is not repeated as if it were so after it.

use crate::support::binary::{SITE, Server, binary, finding};
use crate::support::terminal::on_terminal;
use clap::Parser;
use motionctl::cli::Cli;
use serde_json::Value;

/// A stop that can be accepted: NGINX is told of a proxy in front of it.
fn behind_a_proxy() -> Server {
    let server = Server::copy("standalone");
    server.replace(SITE, "server {", "set_real_ip_from 192.0.2.1;\nserver {");
    server
}

fn next(document: &Value) -> Vec<(String, String)> {
    let text = |step: &Value, key: &str| step[key].as_str().expect("text").to_owned();
    let steps = document["next"].as_array().into_iter().flatten();
    steps.map(|step| (text(step, "command"), text(step, "why"))).collect()
}

/// The part of a screen behind this title.
fn below<'a>(screen: &'a str, title: &str) -> &'a str {
    screen.split_once(&format!("\n{title}\n")).unwrap_or_else(|| panic!("no {title} in\n{screen}")).1
}

#[test]
fn every_command_that_is_offered_can_be_typed_and_has_a_reason() {
    let (ready, stopped) = (Server::copy("standalone"), behind_a_proxy());
    let saved = ready.at("plan.json").display().to_string();
    let roads: [(&Server, &[&str]); 10] = [
        (&ready, &["check"]),
        (&ready, &["plan", "--out", &saved]),
        (&ready, &["apply", "--dry-run"]),
        (&stopped, &["check"]),
        (&stopped, &["plan"]),
        (&stopped, &["apply", "--yes"]),
        (&ready, &["apply", "--yes", &saved]),
        (&ready, &["status"]),
        (&ready, &["rollback", "--yes"]),
        (&ready, &["rollback", "--yes"]),
    ];
    for (server, road) in roads {
        let document = server.json(road);
        let next = next(&document);
        // A server that is as it was left needs nothing.
        assert_eq!(next.is_empty(), road == ["status"], "{road:?}: {document:#}");
        for (command, why) in &next {
            assert!(!why.is_empty() && !why.ends_with('.'), "{command}: {why}");
            if command.starts_with("motionctl ") {
                let typed = Cli::try_parse_from(command.split(' '));
                assert!(typed.is_ok(), "{command}: {}", typed.expect_err("an error"));
            }
        }
        let commands: Vec<_> = next.iter().map(|(command, _)| Value::from(command.as_str())).collect();
        assert_eq!(
            document["details"]["next"].as_array().map_or(&[][..], Vec::as_slice),
            commands,
            "{road:?}"
        );
    }
}

#[test]
fn a_way_past_a_stop_stands_behind_what_settles_it_and_never_last() {
    let server = behind_a_proxy();
    for road in [&["check"][..], &["plan"], &["apply", "--yes"]] {
        let document = server.json(road);
        let next = next(&document);
        let past = next.iter().position(|(command, _)| command.contains("--accept topology.behind-proxy"));
        let past = past.unwrap_or_else(|| panic!("{road:?}: {document:#}"));
        assert!(past > 0 && past + 1 < next.len(), "{road:?}: {next:?}");
        assert!(next[past].1.contains("expect a proxy in front of them"), "its meaning: {next:?}");
        if road != ["plan"] {
            let hint = document["error"]["hint"].as_str().expect("a hint");
            assert!(hint.starts_with("contact the vendor's support"), "{hint}");
        }
    }
    // What was typed is in what is offered, and how it was shown is not.
    let document = server.json(&["check", "--site", "/etc/nginx/conf.d/motion.conf"]);
    let past = next(&document).into_iter().find(|(command, _)| command.contains("--accept"));
    let (past, _) = past.expect("a way past it");
    assert!(past.starts_with("motionctl apply --site /etc/nginx/conf.d/motion.conf --root "), "{past}");
}

#[test]
fn a_screen_that_would_be_refused_is_not_green() {
    let first = |server: &Server| {
        let screen = server.run(&["plan", "--color", "always"]).stdout;
        screen.lines().next().expect("a verdict").to_owned()
    };
    assert!(first(&Server::copy("standalone")).contains("\u{1b}[32m"));
    let refused = first(&behind_a_proxy());
    assert!(
        refused.contains("\u{1b}[33m") && refused.contains("1 finding would stop an apply"),
        "{refused:?}"
    );
}

#[test]
fn a_plan_ends_with_its_counts_and_with_how_to_do_exactly_it() {
    let server = Server::copy("standalone");
    let file = server.at("my plan.json").display().to_string();
    let screen = server.run(&["plan", "--out", &file]).stdout;
    let end = screen.split("\nNotes\n").last().expect("an end");
    assert!(end.contains("\n\n1 NGINX file: 58 lines added, 0 removed\n"), "{end}");
    assert!(end.contains(&format!("\nSaved the plan to {file}\n")), "{end}");
    let next = below(&screen, "Next");
    let exactly = next.lines().find(|line| line.ends_with("  does exactly this")).expect("the way to do it");
    assert!(exactly.contains(&format!("'{file}'")), "{next}");
}

#[test]
fn records_of_our_own_are_notes_and_no_changed_files() {
    let server = Server::copy("standalone");
    let screen = server.run(&["plan"]).stdout;
    assert!(screen.starts_with("plan: changes are pending in 1 file\n"), "{screen}");
    let steps = below(&screen, "Steps (graft)");
    let steps: Vec<_> = steps.lines().take_while(|line| !line.is_empty()).collect();
    let expect = [
        ["1  change  /etc/nginx/conf.d/motion.conf", "+58 -0 lines"],
        ["2  note    /var/lib/motionctl/base-", "motionctl's own record of the original"],
        ["3  note    /etc/motionctl/local.d/", "motionctl's own record of this server's changes"],
    ];
    assert_eq!(steps.len(), expect.len(), "{steps:?}");
    for (line, words) in steps.iter().zip(expect) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}: {words:?}");
    }
    // Who asks for everything sees their folders, and programs see the names of the contract.
    assert!(server.run(&["plan", "-v"]).stdout.contains("/etc/motionctl/local.d  "));
    let document = server.json(&["plan"]);
    let kinds: Vec<_> =
        document["plan"]["steps"].as_array().expect("steps").iter().map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["write-file", "make-folder", "make-folder", "create-file", "create-file"]);
}

#[test]
fn what_was_found_before_a_change_is_not_said_as_if_it_were_so_after_it() {
    let server = Server::copy("standalone");
    let plan = server.json(&["plan"]);
    assert!(finding(&plan, "routes.missing").get("before").is_none());
    let applied = server.run(&["apply", "--yes"]).stdout;
    assert!(!applied.contains("routes.missing"), "{applied}");
    assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(finding(&applied, "routes.missing")["before"], true);
    assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
    let applied = server.run(&["apply", "--yes", "-v"]).stdout;
    assert!(below(&applied, "Seen before the change").contains("routes.missing"), "{applied}");
}

#[test]
fn local_changes_are_counted_and_told_by_what_the_reader_has() {
    let screen = Server::copy("customised").run(&["plan", "--strategy", "merge"]).stdout;
    let (_, lists) = screen.split_once("\nLocal changes: ").expect("their counts");
    assert!(lists.starts_with("14 changes, all kept\n"), "{lists}");
    for row in [
        "  top level\n    kept  map $http_upgrade",
        "  whole file\n    kept  comments",
        "  server cc.example.test:443\n    kept  ssl_session_cache",
    ] {
        assert!(lists.contains(row), "{row}: {lists}");
    }
    assert!(!lists.contains("carried"), "{lists}");
}

/// `apply` with somebody at the terminal who types this.
fn typed(server: &Server, options: &[&str], line: &str) -> (i32, String) {
    let mut command = binary();
    command.args(server.arguments(&[&["apply"], options].concat()));
    command.env("NO_COLOR", "1").env_remove("SSH_CONNECTION");
    let seen = on_terminal(&mut command, 80, Some(("Change ", &format!("{line}\n"))));
    (seen.code, seen.text)
}

#[test]
fn a_question_stands_below_the_counts_also_for_who_asked_for_little() {
    let server = Server::copy("standalone");
    for options in [&[][..], &["-q"], &["--wait-idle", "30m"]] {
        let before = server.read(SITE);
        let (code, screen) = typed(&server, options, "no");
        assert_eq!(code, 1, "{screen}");
        let (counts, _) = screen.split_once("\nChange ").expect("the question");
        let (_, last) = counts.rsplit_once("\n\n").expect("the counts stand apart");
        let last = last.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(last.starts_with("1 NGINX file: 58 lines added, 0 removed"), "{screen}");
        if options.contains(&"--wait-idle") {
            assert!(last.ends_with("; waits up to 30 min until nobody is logged in"), "{last}");
        }
        let (_, end) = screen.split_once("apply: ").expect("an answer");
        assert!(end.ends_with("apply: cancelled: nothing was changed\n"), "{screen}");
        assert_eq!(server.read(SITE), before);
    }
}
