//! A password that works must be nowhere to be read afterwards.

use crate::support::binary::Server;
use crate::support::database_server::{option_file, shared};
use crate::support::machine::Machine;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const PASSWORD: &str = "tr0ub4dor&3";

#[test]
fn a_password_is_in_no_output_journal_or_argument() {
    let schema = shared().motion();
    let user = schema.user(PASSWORD, "SELECT");
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let file = option_file(folder.path(), &format!("[client]\nuser={user}\npassword=\"{PASSWORD}\"\n"));
    let machine = Machine::new("standalone");
    let url = format!("mysql:///{}?socket={}", schema.name, schema.server.file("socket").display());
    let file = file.display().to_string();
    let flags = ["--db", &url, "--defaults-file", &file];
    let done = machine.apply(&[&["-vv"], &flags[..]].concat());
    done.expect(0, "applied");
    assert_eq!(done.json["database"]["user"], user.as_str());
    let status = machine.motionctl(&[&["status", "--json"], &flags[..]].concat());
    let wrong = format!("[client]\nuser={user}\npassword=\"{PASSWORD}x\"\n");
    fs::write(&file, wrong).expect("writing");
    let refused = machine.motionctl(&[&["check", "-v"], &flags[..]].concat());
    assert!(refused.stdout.contains("Access denied"), "{refused}");
    for said in [&done, &status, &refused] {
        assert!(!said.stdout.contains(PASSWORD) && !said.stderr.contains(PASSWORD), "{said}");
    }
    let kept = ["/var/lib/motionctl", "/var/backups"].map(|path| machine.path(path));
    let found = Command::new("grep").args(["-rlF", PASSWORD]).args(kept).output().expect("grep");
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[test]
fn a_file_named_by_a_variable_gives_the_password() {
    let schema = shared().motion();
    let user = schema.user(PASSWORD, "SELECT");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).expect("writing");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    let tree = Server::copy("standalone");
    let url = format!("mysql://{user}@127.0.0.1:{}/{}", schema.server.port, schema.name);
    let run = || {
        let arguments = tree.arguments(&["check", "--json", "--db", &url]);
        let mut command = crate::support::binary::binary();
        let output =
            command.args(arguments).env("MOTIONCTL_DB_PASSWORD_FILE", &file).output().expect("starts");
        crate::support::said::answer(&output)
    };
    assert_eq!(run().document()["database"]["user"], user.as_str());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let refused = run();
    assert_eq!(refused.code, 69);
    assert!(refused.stdout.contains("chmod 600"), "{refused:?}");
}

/// Somebody may put the password where its file belongs.
#[test]
fn what_is_no_file_is_not_shown_because_it_may_be_the_password() {
    for value in [PASSWORD.to_owned(), format!("/etc/passwd/{PASSWORD}"), PASSWORD.repeat(400)] {
        let mut command = crate::support::binary::binary();
        command.args(["seed", "list", "--db", "mysql://bob@127.0.0.1:1/motion2"]);
        let output = command.env("MOTIONCTL_DB_PASSWORD_FILE", &value).output().expect("starts");
        let answer = crate::support::said::answer(&output);
        assert_eq!(answer.code, 69, "{answer:?}");
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert!(said.contains("the file that MOTIONCTL_DB_PASSWORD_FILE names"), "{said}");
        assert!(said.contains("it takes a path, not the password") && !said.contains(PASSWORD), "{said}");
    }
}

#[test]
fn a_password_is_asked_for_on_a_terminal_and_not_shown() {
    let schema = shared().motion();
    schema.sql("INSERT INTO users (name, fullname, createdAt, updatedAt) VALUES ('a', 'b', NOW(), NOW())");
    let user = schema.user(PASSWORD, "SELECT");
    let tree = Server::copy("standalone");
    let url = format!("mysql://{user}@127.0.0.1:{}/{}", schema.server.port, schema.name);
    let arguments = tree.arguments(&["check", "--db", &url]).join("' '");
    let line = format!("'{}' '{arguments}'", env!("CARGO_BIN_EXE_motionctl"));
    // script(1) gives it a terminal.
    let mut terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("script is installed");
    let mut shown = terminal.stdout.take().expect("piped");
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains("Password: ") {
        let read = shown.read(&mut buffer).expect("reading");
        assert!(read > 0, "it ended without asking: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    let mut keyboard = terminal.stdin.take().expect("piped");
    keyboard.write_all(format!("{PASSWORD}\n").as_bytes()).expect("typing");
    let mut rest = Vec::new();
    shown.read_to_end(&mut rest).expect("reading");
    text.push_str(&String::from_utf8_lossy(&rest));
    terminal.wait().expect("an end");
    assert!(text.contains("nobody is logged in"), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
}
