//! Terminals that have no other characters than those of ASCII, and answers that go through a pipe.

use super::stage::{Stage, on_each_width};
use crate::support::terminal::on_terminal;

/// The locales that have them, as the environment says it.
const POOR: [(&str, &str); 3] = [("LC_ALL", "C"), ("LANG", "POSIX"), ("LC_CTYPE", "de_DE.ISO-8859-1")];

#[test]
fn a_poor_terminal_is_sent_nothing_but_ascii() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        let commands: [&[&str]; 9] = [
            &["check", "-v", "--root", "tree"],
            &["plan", "--root", "tree"],
            &["rehearse", "--root", "tree"],
            &["status", "--root", "tree"],
            &["status", "--check", "--root", "tree"],
            &["explain"],
            &["explain", "place.proxy-protocol"],
            &["diff", "tree", "tree/etc/nginx", "--all"],
            &["apply", "--help"],
        ];
        for (arguments, (name, value)) in commands.iter().zip(POOR.iter().cycle()) {
            let mut command = stage.command(arguments);
            command.env_remove("LC_ALL").env_remove("LC_CTYPE").env_remove("LANG").env(name, value);
            let seen = on_terminal(&mut command, stage.columns(), None);
            assert!(!seen.text.trim().is_empty(), "{arguments:?} says nothing");
            let foreign: Vec<&str> = seen.text.lines().filter(|line| !line.is_ascii()).collect();
            assert!(foreign.is_empty(), "{arguments:?}: {foreign:#?}");
            // What moved, such as a spinner, is gone from the screen and was sent all the same.
            assert!(seen.bytes.is_ascii(), "{arguments:?}: {}", String::from_utf8_lossy(&seen.bytes));
            // A monitor takes one line.
            assert!(
                seen.too_wide.is_empty() || arguments.contains(&"--check"),
                "{arguments:?}: {:#?}",
                seen.too_wide
            );
        }
    });
}

#[test]
fn a_spinner_moves_where_there_are_characters_for_it() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        let seen = on_terminal(&mut stage.command(&["rehearse", "--root", "tree"]), stage.columns(), None);
        let sent = String::from_utf8_lossy(&seen.bytes);
        assert!(sent.contains("⠁") || sent.contains("⠂") || sent.contains("⠄"), "{sent}");
        assert!(!seen.text.contains('⠁') && seen.text.contains("→"), "{}", seen.text);
    });
}

/// A name of the customer's is data, and stays as it is.
#[test]
fn names_of_others_are_not_spelled_otherwise() {
    on_each_width(|stage: &Stage| {
        stage.tree("standalone");
        let site = "tree/etc/nginx/conf.d/motion.conf";
        stage.replace(
            site,
            "location /api/ {",
            "location /größe/ { return 204; } # → …\n    location /api/ {",
        );
        let mut command = stage.command(&["diff", "--lines", "tree/etc/nginx/nginx.conf", site]);
        command.env("LC_ALL", "C");
        let seen = on_terminal(&mut command, 200, None);
        assert!(seen.text.contains("location /größe/ { return 204; } # → …"), "{}", seen.text);
    });
}

#[test]
fn what_goes_through_a_pipe_is_not_wrapped() {
    on_each_width(|stage: &Stage| {
        stage.tree("customised");
        let piped = |arguments: &[&str]| {
            let output = stage.command(arguments).output().expect("the binary starts");
            String::from_utf8(output.stdout).expect("text")
        };
        let said = stage.json(&["check", "--root", "tree"]);
        let text = piped(&["check", "-v", "--root", "tree"]);
        for finding in said["findings"].as_array().expect("findings") {
            let evidence = finding["evidence"].as_array().expect("evidence");
            for line in evidence.iter().chain([&finding["title"], &finding["advice"]]) {
                let line = line.as_str().expect("a text");
                assert!(
                    text.lines().any(|whole| whole.contains(line)),
                    "{line} is not on one line of {text}"
                );
            }
        }
        let plan = piped(&["plan", "--root", "tree"]);
        let unified = stage.json(&["plan", "--root", "tree"]);
        let unified = unified["plan"]["diff"]["unified"].as_str().expect("a diff");
        for line in unified.lines() {
            assert!(plan.contains(&format!("  {}", line.trim_end())), "{line:?} is not in {plan}");
        }
    });
}
