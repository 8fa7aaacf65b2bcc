//! Files of our own, settings and sockets that another user has a hand in.

use crate::support::binary::{Server, finding};
use crate::support::machine::Machine;
use crate::support::tree::{Tree, at};
use motionctl::db::{Connection, DbError, ErrorKind, Limits, Secret, Source, Transport};
use motionctl::host::{AppendFile, LockError, PrivateFolder, Root, STATE_FOLDER, WriteLock};
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown, lchown};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

#[test]
fn the_lock_and_the_journal_have_one_name() {
    let tree = Tree::new();
    let state = tree.host(STATE_FOLDER);
    let root = tree.root.clone();
    drop(AppendFile::open(&tree.lock, &root, "journal").expect("a journal"));
    fs::hard_link(state.join("journal"), tree.dir.path().join("second")).expect("a second name");
    let refused = AppendFile::open(&tree.lock, &root, "journal").expect_err("two names");
    assert!(refused.to_string().contains("2 names (hard links)"), "{refused}");
    let folder = PrivateFolder::enter(&root, &at(STATE_FOLDER)).expect("the state folder");
    assert!(folder.open("journal").is_err(), "nor is it read");
    drop(tree.lock);
    fs::write(tree.dir.path().join("victim"), "keep me").expect("writing");
    fs::remove_file(state.join("lock")).expect("removing");
    fs::hard_link(tree.dir.path().join("victim"), state.join("lock")).expect("a second name");
    let Err(LockError::Io(refused)) = WriteLock::take(&root) else { panic!("taken") };
    assert!(refused.to_string().contains("2 names (hard links)"), "{refused}");
    assert_eq!(fs::read(tree.dir.path().join("victim")).expect("reading"), b"keep me");
    fs::remove_file(tree.dir.path().join("victim")).expect("removing");
    drop(WriteLock::take(&Root::at(tree.dir.path()).expect("a root")).expect("one name again"));
}

#[test]
fn commands_say_that_a_file_of_ours_has_a_second_name() {
    let server = Server::copy("standalone");
    assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0);
    let state = server.at(STATE_FOLDER);
    let second = server.at("second");
    let named = |name: &str, commands: &[&[&str]], codes: &[i64]| {
        fs::hard_link(state.join(name), &second).expect("a second name");
        for command in commands {
            let done = server.json(command);
            assert!(codes.contains(&done["exit_code"].as_i64().expect("a code")), "{name}: {done:#}");
            assert!(done.to_string().contains("2 names (hard links)"), "{name}: {done:#}");
        }
        fs::remove_file(&second).expect("removing");
    };
    named("lock", &[&["apply", "--yes"], &["rollback", "--yes"]], &[1, 69]);
    let all: [&[&str]; 7] = [
        &["apply", "--yes"],
        &["rollback", "--yes"],
        &["status"],
        &["check"],
        &["plan"],
        &["recover"],
        &["confirm"],
    ];
    named("journal", &all, &[5]);
    // The newest base record, and the local changes beside it.
    let names = fs::read_dir(&state).expect("listing").flatten().map(|entry| entry.file_name());
    let base = names.filter_map(|name| name.into_string().ok()).find(|name| name.starts_with("base-"));
    let base = base.expect("a base record");
    fs::hard_link(state.join(&base), &second).expect("a second name");
    let planned = server.json(&["plan"]);
    let said = finding(&planned, "site.base-unreadable")["evidence"].to_string();
    assert!(said.contains("2 names (hard links)"), "{said}");
    fs::remove_file(&second).expect("removing");
    assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0);
}

#[test]
fn settings_that_others_can_write_are_not_read() {
    let machine = Machine::new("standalone");
    let place = Path::new("/etc/motionctl/config.toml");
    let change = |bits: u32, owner: u32| {
        machine.inside(|| {
            fs::write(place, "no_sandbox = true\n").expect("writing");
            fs::set_permissions(place, Permissions::from_mode(bits)).expect("its mode");
            chown(place, Some(owner), None).expect("chown");
        });
    };
    for (bits, owner, part) in [
        (0o666, 0, "written by everybody"),
        (0o644, 65534, "belongs to the user"),
        (0o664, 65534, "belongs to"),
    ] {
        change(bits, owner);
        let done = machine.motionctl(&["apply", "--yes", "--json"]);
        assert_eq!(done.code, 69, "{done}");
        assert!(done.error().contains(part) && done.error().contains("config.toml"), "{done}");
        // Who names it has the last word.
        let named = machine.motionctl(&["check", "--config", "/etc/motionctl/config.toml", "--json"]);
        assert_ne!(named.code, 69, "{named}");
    }
    change(0o644, 0);
    machine.motionctl(&["check", "--json"]).expect(0, "changes-pending");
}

fn by_socket(path: &Path) -> Source {
    Source::Server {
        transport: Transport::Socket(path.to_owned()),
        user: "root".to_owned(),
        password: Some(Secret::new("s3cret")),
        schema: "motion2".to_owned(),
    }
}

fn open(path: &Path) -> DbError {
    let limits = Limits { connect: Duration::from_millis(300), ..Limits::work() };
    match Connection::open(&by_socket(path), &limits) {
        Err(error) => error,
        Ok(_) => panic!("nobody speaks there"),
    }
}

/// Somebody who listens and says nothing.
fn listening(path: &Path, owner: u32) -> UnixListener {
    let listener = UnixListener::bind(path).expect("a socket");
    listener.set_nonblocking(true).expect("not waiting");
    lchown(path, Some(owner), None).expect("chown");
    listener
}

#[test]
fn a_database_s_socket_that_another_user_planted_is_not_connected_to() {
    let folder = tempfile::tempdir().expect("a folder");
    for owner in [65534, 33, 1000] {
        let path = folder.path().join(format!("of-{owner}"));
        let listener = listening(&path, owner);
        let error = open(&path);
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert!(error.to_string().contains("the socket belongs to the user"), "{error}");
        assert!(error.to_string().contains(&owner.to_string()) && error.hint().is_some(), "{error}");
        assert!(listener.accept().is_err(), "nobody came");
    }
    // By a link of root's it is the same socket.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("of-65534"), &link).expect("a link");
    assert!(open(&link).to_string().contains("the socket belongs to"), "links are followed before");
}

#[test]
fn a_socket_of_root_s_or_of_a_service_in_its_own_folder_is_connected_to() {
    let reached = |path: &Path, owner: u32| {
        let listener = listening(path, owner);
        let error = open(path);
        assert!(!error.to_string().contains("belongs to"), "{error}");
        let (mut stream, _) = listener.accept().expect("somebody came");
        stream.set_nonblocking(true).expect("not waiting");
        let mut said = Vec::new();
        drop(stream.read_to_end(&mut said));
        assert_eq!(said, b"", "a server speaks first");
    };
    let folder = tempfile::tempdir().expect("a folder");
    reached(&folder.path().join("of-root"), 0);
    // `/tmp` is everybody's, and so may `/run` be in a container; `/var/lib` is root's.
    let own = tempfile::tempdir_in("/var/lib").expect("a folder");
    fs::set_permissions(own.path(), Permissions::from_mode(0o755)).expect("its mode");
    chown(own.path(), Some(33), None).expect("chown");
    reached(&own.path().join("of-a-service"), 33);
    let listener = listening(&own.path().join("of-a-person"), 1000);
    assert!(open(&own.path().join("of-a-person")).to_string().contains("belongs to"));
    fs::set_permissions(own.path(), Permissions::from_mode(0o777)).expect("its mode");
    let open_to_all = listening(&own.path().join("open"), 33);
    assert!(open(&own.path().join("open")).to_string().contains("belongs to"));
    drop((listener, open_to_all));
}

/// The service manager's tools act on the whole machine, so whose they are is asked as of NGINX.
#[test]
fn a_service_manager_s_tool_that_another_user_owns_is_not_run() {
    let machine = Machine::new("standalone");
    let lay = "mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin && mkdir -p /run/systemd/system && \
               for tool in systemctl systemd-run wall; do \
               printf '#!/bin/sh\\necho ran >>/var/opt/ran\\n' >/usr/local/sbin/$tool; \
               chmod 755 /usr/local/sbin/$tool; chown 65534 /usr/local/sbin/$tool; done; \
               touch /var/opt/ran; chmod 666 /var/opt/ran";
    machine.must(lay);
    for command in [&["apply", "--yes", "--confirm-within", "5m"][..], &["status"], &["check"]] {
        let done = machine.motionctl(&[command, &["--json"]].concat());
        assert_eq!(machine.read("/var/opt/ran"), "", "{command:?}: {done}");
    }
}
