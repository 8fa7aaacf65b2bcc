//! Human text: no escape sequences but for a terminal that asked for them, and
//! never one that a server's files bring along.

use crate::support::binary::{Server, binary, fixture, motionctl};
use crate::support::said::{Said, answer};
use crate::support::terminal::on_terminal;

fn plan(extra: &[&str]) -> Said {
    let root = fixture("customised").display().to_string();
    motionctl(["plan", "--root", &root].iter().chain(extra))
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    assert!(!plan(&[]).stdout.contains('\u{1b}'));
    assert!(plan(&["--color", "always"]).stdout.contains("\u{1b}[32m"));
    assert!(!plan(&["--color", "never"]).stdout.contains('\u{1b}'));
    let json = plan(&["--color", "always", "--json"]);
    assert!(!json.stdout.contains('\u{1b}'));
    json.document();
}

#[test]
fn a_terminal_gets_colour_unless_it_says_no() {
    let root = fixture("customised").display().to_string();
    let shown = |environment: &[(&str, &str)], more: &[&str]| {
        let mut command = binary();
        command.args(["check", "--root", &root, "-q"]).args(more);
        command.env_remove("NO_COLOR").envs(environment.iter().copied());
        String::from_utf8_lossy(&on_terminal(&mut command, 80, None).bytes).into_owned()
    };
    assert!(shown(&[], &[]).contains("\u{1b}[32m"));
    assert!(!shown(&[("NO_COLOR", "1")], &[]).contains("\u{1b}[32m"));
    assert!(!shown(&[], &["--color", "never"]).contains("\u{1b}[32m"));
}

#[test]
fn quiet_says_the_verdict_and_what_stops() {
    let said = plan(&["-q"]);
    assert_eq!(said.stdout, "plan: changes are pending in 1 file\n");
    assert_eq!(said.stderr, "");
    let root = fixture("no-motion").display().to_string();
    let said = motionctl(["check", "--root", &root, "-q"]).stdout;
    assert!(said.contains("site.not-found") && said.contains("error:"), "{said}");
    let verbose = plan(&["-v"]).stdout;
    assert!(verbose.contains("server cc.example.test:443"), "{verbose}");
    assert!(!plan(&[]).stdout.contains("server cc.example.test:443\n"));
}

#[test]
fn every_help_fits_a_hundred_columns() {
    let commands = ["", "check", "plan", "apply", "rehearse", "status", "rollback", "recover", "diff"];
    let more = ["backups", "backups list", "backups show", "backups diff", "backups prune", "completions"];
    for command in commands.iter().chain(&more).chain(&["man"]) {
        for help in ["-h", "--help"] {
            let said = motionctl(command.split_whitespace().chain([help]));
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{command}");
            let longest = said.stdout.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(100), "{command} {help}: {longest:?} columns");
        }
    }
}

#[test]
fn a_closed_pipe_is_nobodys_failure() {
    let root = fixture("customised").display().to_string();
    for arguments in [vec!["completions", "zsh"], vec!["plan", "--root", &root], vec!["--help"]] {
        let mut child = binary()
            .args(&arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let output = answer(&child.wait_with_output().expect("waiting"));
        assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
        assert!(!output.stderr.contains("panicked"), "{output:?}");
    }
}

/// A host's name, a file's name, a comment, a server's name and a quoted
/// argument, each with what a terminal would obey.
#[test]
fn a_server_s_files_cannot_speak_to_the_terminal() {
    const CLEAR: &str = "\u{1b}[2J\u{1b}[8m";
    let hostile = Server::copy("customised");
    hostile.write("etc/hostname", format!("cc{CLEAR}\n"));
    hostile.write("etc/os-release", format!("PRETTY_NAME=\"D{CLEAR}\"\n"));
    hostile.write(
        &format!("etc/nginx/conf.d/a\n{CLEAR}.conf"),
        format!("# \u{9b}31m {CLEAR}\nserver {{ listen 81; server_name \"x{CLEAR}\"; }}\n"),
    );
    hostile.replace(
        "etc/nginx/conf.d/motion.conf",
        "# -- WhatsApp",
        &format!("# {CLEAR}\u{202e} -- WhatsApp"),
    );
    hostile.replace(
        "etc/nginx/conf.d/motion.conf",
        "location /whatsapp-bridge/",
        "location \"/w\u{1b}]0;t\u{7}/\"",
    );
    for arguments in [
        vec!["check", "-v"],
        vec!["plan", "-v"],
        vec!["plan", "--strategy", "replace"],
        vec!["status", "-v"],
        vec!["apply", "--yes", "-v"],
        vec!["backups", "list"],
        vec!["rollback", "--yes"],
    ] {
        let said = hostile.run(&arguments);
        for text in [&said.stdout, &said.stderr] {
            let harmful = text.chars().find(|c| (c.is_control() && !"\n\t".contains(*c)) || *c == '\u{202e}');
            assert_eq!(harmful, None, "{arguments:?}: {said:?}");
        }
    }
    let plain = fixture("standalone").join("etc/nginx").display().to_string();
    let said = motionctl(["diff", &plain, &hostile.at("etc/nginx").display().to_string()]);
    assert!(!said.stdout.contains('\u{1b}') && said.stdout.contains("\\u{1b}[2J"), "{}", said.stdout);
}
