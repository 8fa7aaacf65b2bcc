//! Nothing but root's own programs is executed, signalled or believed, whatever it calls itself.
//!
//! Invariant: the strangers here are a harmless program that writes down who ran it; that it never ran is read
//! from its record. They run beside the real binary on a machine of its own.

use crate::support::binary::write_program;
use crate::support::machine::{Machine, Running, SITE};
use crate::support::wait::eventually;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// An ordinary user without a name.
const USER: u32 = 1500;
const AS_USER: &str = "setpriv --reuid 1500 --regid 1500 --clear-groups";
const TITLE: &str = "nginx: master process /usr/sbin/nginx";

/// Every command that looks for NGINX and changes nothing.
const COMMANDS: [&[&str]; 5] =
    [&["check"], &["plan"], &["status"], &["apply", "--dry-run"], &["rehearse", "--load", "20"]];

/// The recorder, compiled once.
static RECORDER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, program) = (folder.path().join("recorder.rs"), folder.path().join("recorder"));
    fs::write(&source, include_str!("support/recorder.rs")).expect("writing");
    let rustc = Command::new("rustc").args(["--edition=2024", "-o"]).args([&program, &source]).output();
    let rustc = rustc.expect("the compiler of these tests is installed");
    assert!(rustc.status.success(), "{}", String::from_utf8_lossy(&rustc.stderr));
    fs::read(program).expect("the program")
});

/// A recorder in a folder of `/var/opt`, with nobody's record yet.
struct Recorder {
    inside: String,
    outside: PathBuf,
}

impl Recorder {
    fn new(machine: &Machine, name: &str, owner: u32) -> Self {
        let inside = format!("/var/opt/{name}");
        let outside = machine.path(&inside);
        let (recorder, ran) = (outside.join("nginx"), outside.join("ran"));
        fs::create_dir(&outside).expect("a folder");
        write_program(&recorder, &*RECORDER);
        fs::write(&ran, "").expect("writing");
        let modes = [(&outside, 0o755), (&recorder, 0o755), (&ran, 0o666)];
        for (path, mode) in modes {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
            chown(path, Some(owner), Some(owner)).expect("its owner");
        }
        Self { inside, outside }
    }

    fn program(&self) -> String {
        format!("{}/nginx", self.inside)
    }

    /// Runs it with a master's title behind `prefix`, listening on `ports`.
    fn hold<'m>(&self, machine: &'m Machine, prefix: &str, ports: &str) -> Running<'m> {
        let before = machine.masters().len();
        let line = format!("exec {prefix} bash -c 'exec -a \"{TITLE}\" {} hold {ports}'", self.program());
        let running = machine.command("bash", &["-c", &line], |_| ());
        eventually("the stranger runs", || machine.masters().len() > before);
        for port in ports.split_whitespace() {
            let listens = format!("ss -Hltn sport = :{port} | grep -q .");
            eventually("it listens", || machine.shell(&listens).code == 0);
        }
        running
    }

    #[track_caller]
    fn assert_nobody_ran_it(&self) {
        assert_eq!(fs::read_to_string(self.outside.join("ran")).expect("the record"), "");
    }
}

/// Every command answers as without the stranger, and tells of it with these words.
#[track_caller]
fn assert_left_alone(machine: &Machine, recorder: &Recorder, words: &[&str]) {
    for command in COMMANDS {
        let done = machine.motionctl(&[command, &["--json"]].concat());
        recorder.assert_nobody_ran_it();
        assert_eq!(done.code, 0, "{command:?}: {done}");
        let told = done.evidence("nginx.foreign-process");
        for word in words {
            assert!(told.contains(word), "{command:?}: {word} is not in {told}: {done}");
        }
    }
}

#[test]
fn an_ordinary_user_beside_root_gets_nothing_executed_signalled_or_stopped() {
    let machine = Machine::new("standalone");
    let recorder = Recorder::new(&machine, "theirs", USER);
    let stranger = recorder.hold(&machine, AS_USER, "");
    let words = ["user 1500", "program /var/opt/theirs/nginx", "it runs as another user"];
    assert_left_alone(&machine, &recorder, &words);
    let done = machine.motionctl(&["check", "--json"]);
    let finding = done.finding("nginx.foreign-process").expect("the finding");
    assert_eq!(finding["level"], "info");
    assert!(finding["advice"].to_string().contains("is migrated by that user"), "{finding}");
    machine.apply(&[]).expect(0, "applied");
    recorder.assert_nobody_ran_it();
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    recorder.assert_nobody_ran_it();
    // It was signalled by nobody.
    assert_eq!(machine.masters().len(), 2);
    drop(stranger);
}

#[test]
fn a_user_namespace_of_his_own_makes_nobody_root() {
    let machine = Machine::new("standalone");
    let recorder = Recorder::new(&machine, "theirs", USER);
    let prefix = format!("{AS_USER} unshare --user --map-root-user --pid --fork --kill-child");
    let theirs = recorder.hold(&machine, &prefix, "");
    assert_left_alone(&machine, &recorder, &["it runs as another user"]);
    drop(theirs);
    // Not even where root made it: inside, root need not be root.
    let recorder = Recorder::new(&machine, "ours", 0);
    let _ours = recorder.hold(&machine, "unshare --user --map-root-user --fork --kill-child", "");
    assert_left_alone(&machine, &recorder, &["it lives in a user namespace of its own"]);
    machine.apply(&[]).expect(0, "applied");
    recorder.assert_nobody_ran_it();
}

#[test]
fn a_foreign_pid_namespace_is_not_looked_into() {
    let machine = Machine::stopped("standalone", |_| ());
    let recorder = Recorder::new(&machine, "container", 0);
    let container = recorder.hold(&machine, "unshare --pid --fork --kill-child", "");
    // Root made it: it may well be the NGINX that is meant, and it is not this server's.
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    assert!(done.evidence("nginx.other-root").contains("processes of its own"), "{done}");
    recorder.assert_nobody_ran_it();
    // Beside our own it is nobody's business.
    let said = machine.command("nginx", &[], |_| ()).finish();
    assert_eq!(said.code, 0, "{said}");
    eventually("our own serves", || machine.workers().len() == 2);
    machine.apply(&[]).expect(0, "applied");
    recorder.assert_nobody_ran_it();
    assert_eq!(machine.masters().len(), 2);
    drop(container);
}

/// An access list that lets [`USER`] write (`acl(5)`, as `setfacl -m u:1500:rwx` makes it).
fn let_user_write(path: &Path) {
    let entries: [(u16, u16, u32); 5] =
        [(0x01, 7, u32::MAX), (0x02, 7, USER), (0x04, 5, u32::MAX), (0x10, 7, u32::MAX), (0x20, 5, u32::MAX)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
        list.extend(id.to_le_bytes());
    }
    xattr::set(path, "system.posix_acl_access", &list).expect("the file system has access lists");
}

#[test]
fn a_program_that_others_can_write_is_not_executed_even_when_root_runs_it() {
    let machine = Machine::new("standalone");
    let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("its mode");
    let group = |folder: &Path| {
        chown(folder, None, Some(USER)).expect("its group");
        mode(folder, 0o775);
    };
    type Spoil<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Spoil, &str); 5] = [
        ("open", &|folder| mode(folder, 0o1777), "/var/opt/open can be written by everybody"),
        ("group", &group, "/var/opt/group can be written by the group 1500, whose members are not known"),
        ("file", &|folder| mode(&folder.join("nginx"), 0o757), "file/nginx can be written by everybody"),
        (
            "owned",
            &|folder| chown(folder.join("nginx"), Some(USER), None).expect("its owner"),
            "/var/opt/owned/nginx belongs to the user 1500",
        ),
        ("list", &let_user_write, "/var/opt/list can be written by the user 1500, by its access list"),
    ];
    for (name, spoil, word) in cases {
        let recorder = Recorder::new(&machine, name, 0);
        spoil(&recorder.outside);
        let running = recorder.hold(&machine, "", "");
        let done = machine.motionctl(&["check", "--json"]);
        recorder.assert_nobody_ran_it();
        assert_eq!(done.code, 0, "{done}");
        assert!(done.evidence("nginx.foreign-process").contains(word), "{name}: {done}");
        drop(running);
        eventually("it is gone", || machine.masters().len() == 1);
    }
}

#[test]
fn a_foreigner_that_holds_a_port_of_the_configuration_stops_by_the_port() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let recorder = Recorder::new(&machine, "theirs", USER);
    let before = machine.read(SITE);
    for prefix in [AS_USER, ""] {
        let held = recorder.hold(&machine, prefix, "80 443");
        let done = machine.apply(&[]);
        done.expect(3, "refused");
        let finding = done.finding("nginx.port-held").unwrap_or_else(|| panic!("{done}"));
        let said = finding["evidence"].to_string();
        let pid = machine.masters()[0].id.pid;
        let user = if prefix.is_empty() { "user root (0)" } else { "user 1500" };
        let program = recorder.program();
        for word in ["0.0.0.0:443", &format!("process {pid} "), user, &format!("program {program}")] {
            assert!(said.contains(word), "{word} is not in {said}");
        }
        assert!(done.finding("nginx.other-root").is_none(), "{done}");
        recorder.assert_nobody_ran_it();
        drop(held);
        eventually("it is gone", || machine.masters().is_empty());
    }
    assert_eq!(machine.read(SITE), before);
    // On another port it is in nobody's way; a port of the configuration is nobody's but NGINX's.
    let _held = recorder.hold(&machine, AS_USER, "8099");
    let taken = machine.take_port(443);
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    assert!(done.evidence("nginx.port-held").contains("0.0.0.0:443"), "{done}");
    drop(taken);
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn mounts_of_its_own_are_no_reason() {
    let machine = Machine::stopped("standalone", |_| ());
    // As `PrivateTmp=true` of a unit makes them.
    machine.must(
        "unshare --mount sh -c 'mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /var/tmp && exec nginx'",
    );
    eventually("it serves", || machine.workers().len() == 2);
    for command in COMMANDS {
        let done = machine.motionctl(&[command, &["--json"]].concat());
        assert_eq!(done.code, 0, "{command:?}: {done}");
    }
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
}

#[test]
fn a_replaced_executable_is_judged_by_itself() {
    let machine = Machine::stopped("standalone", |_| ());
    let start = "mkdir /var/opt/bin && cp $(command -v nginx) /var/opt/bin/nginx && /var/opt/bin/nginx";
    machine.must(start);
    eventually("it serves", || machine.workers().len() == 2);
    // What stands in its place by now is not asked, since others can have put it there.
    let recorder = Recorder::new(&machine, "theirs", USER);
    let replace =
        "rm /var/opt/bin/nginx && cp -p /var/opt/theirs/nginx /var/opt/bin/ && chmod 777 /var/opt/bin";
    machine.must(replace);
    fs::copy(recorder.outside.join("ran"), machine.path("/var/opt/bin/ran")).expect("a record");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    let said = done.evidence("nginx.version-skew");
    assert!(said.contains("not asked what is there now: /var/opt/bin"), "{said}");
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    assert_eq!(machine.read("/var/opt/bin/ran"), "");
}

#[test]
fn a_program_of_the_search_path_obeys_the_same_rule() {
    let machine = Machine::stopped("standalone", |_| ());
    let recorder = Recorder::new(&machine, "theirs", USER);
    let lay = "mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin && ln -s /var/opt/theirs/nginx /usr/local/sbin/nginx";
    machine.must(lay);
    for command in COMMANDS {
        let done = machine.motionctl(&[command, &["--json"]].concat());
        assert_eq!(done.code, 0, "{command:?}: {done}");
        assert!(
            done.evidence("nginx.untrusted").contains("/var/opt/theirs belongs to the user 1500"),
            "{done}"
        );
        recorder.assert_nobody_ran_it();
    }
    // Where there is no other, there is none.
    machine.must("mount -t tmpfs tmpfs /usr/sbin");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(69, "unavailable");
    assert!(done.evidence("nginx.missing").contains("/var/opt/theirs belongs to the user 1500"), "{done}");
    recorder.assert_nobody_ran_it();
}

/// Answers `-V` like nginx and writes down how it was run; any test fails with the capabilities that it has.
const WITNESS: &str = r#"#!/bin/sh
case $1 in
-V)
    { env; grep -E '^(CapEff|CapBnd|NoNewPrivs):' /proc/self/status; } >>/var/opt/witness/asked
    exec /usr/sbin/nginx -V ;;
esac
echo "nginx: [emerg] $(grep CapEff: /proc/self/status)" >&2
exit 1
"#;

#[test]
fn a_program_is_asked_and_tests_without_privileges_that_it_does_not_need() {
    let machine = Machine::stopped("standalone", |_| ());
    let folder = machine.path("/var/opt/witness");
    fs::create_dir(&folder).expect("a folder");
    // Readable by root alone, and a script, which its interpreter opens itself.
    for (name, text, mode) in [("nginx", WITNESS, 0o750), ("asked", "", 0o600)] {
        fs::write(folder.join(name), text).expect("writing");
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).expect("its mode");
    }
    let running = machine.command(
        env!("CARGO_BIN_EXE_motionctl"),
        &["check", "--json", "--nginx", "/var/opt/witness/nginx"],
        |command| {
            command.env("LD_PRELOAD", "/nowhere/hostile.so").env("SECRET", "x");
        },
    );
    let done = running.finish();
    done.expect(65, "invalid");
    let asked = machine.read("/var/opt/witness/asked");
    for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "LANG=C"] {
        assert!(asked.contains(line), "{line} is not in {asked}");
    }
    assert!(!asked.contains("LD_PRELOAD") && !asked.contains("SECRET"), "{asked}");
    // chown, dac_override, fowner, net_bind_service.
    assert!(done.evidence("nginx.config-broken").contains("000000000000040b"), "{done}");
}

#[test]
fn a_named_program_obeys_the_same_rule() {
    let machine = Machine::new("standalone");
    let recorder = Recorder::new(&machine, "theirs", USER);
    let _running = recorder.hold(&machine, AS_USER, "");
    for command in COMMANDS.iter().copied().chain([&["apply", "--yes"][..]]) {
        for (file, code) in
            [(recorder.program().as_str(), "nginx.untrusted"), ("/var/opt/nothing", "nginx.missing")]
        {
            let done = machine.motionctl(&[command, &["--json", "--nginx", file]].concat());
            done.expect(69, "unavailable");
            assert!(done.evidence(code).contains("/var/opt/"), "{command:?} {file}: {done}");
            recorder.assert_nobody_ran_it();
        }
    }
    machine.apply(&[]).expect(0, "applied");
    let back = machine.motionctl(&["rollback", "--yes", "--json", "--nginx", &recorder.program()]);
    back.expect(69, "unavailable");
    recorder.assert_nobody_ran_it();
}

#[test]
fn a_named_program_of_roots_is_the_nginx_that_is_migrated() {
    let machine = Machine::stopped("standalone", |_| ());
    let start = "mkdir /var/opt/bin && cp $(command -v nginx) /var/opt/bin/engine && /var/opt/bin/engine";
    machine.must(start);
    eventually("it serves", || machine.workers().len() == 2);
    // Its title alone makes it nobody, and it holds the ports.
    let done = machine.apply(&[]);
    done.expect(3, "refused");
    assert!(done.evidence("nginx.foreign-process").contains("not called nginx"), "{done}");
    assert!(done.evidence("nginx.port-held").contains("/var/opt/bin/engine"), "{done}");
    let named = ["--nginx", "/var/opt/bin/engine"];
    for command in COMMANDS {
        let done = machine.motionctl(&[command, &["--json"], &named].concat());
        assert_eq!(done.code, 0, "{command:?}: {done}");
    }
    let done = machine.apply(&named);
    done.expect(0, "applied");
    assert_eq!(done.json["reload"]["proven"], true, "{done}");
    let back = machine.motionctl(&[&["rollback", "--yes", "--json"], &named[..]].concat());
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
}

#[test]
fn another_program_than_the_named_one_is_not_chosen() {
    let machine = Machine::new("standalone");
    machine.must("mkdir /var/opt/bin && cp $(command -v nginx) /var/opt/bin/nginx");
    let done = machine.apply(&["--nginx", "/var/opt/bin/nginx"]);
    done.expect(3, "refused");
    let held = done.evidence("nginx.port-held");
    assert!(
        held.contains("program /usr/sbin/nginx") && held.contains("which --nginx does not name"),
        "{done}"
    );
    assert!(done.finding("nginx.not-running").is_none(), "{done}");
}

#[test]
fn the_user_who_runs_an_nginx_of_his_own_is_answered() {
    let machine = Machine::stopped("standalone", |_| ());
    let binary = env!("CARGO_BIN_EXE_motionctl");
    let conf = "pid /run/own/pid; error_log /run/own/log; events {} http { access_log off; server { listen 8081; \
                location / { proxy_pass http://127.0.0.1:9000; } \
                location /api/ { proxy_pass http://127.0.0.1:9000; } } }";
    machine.must(&format!(
        "mkdir /run/own && echo '{conf}' >/run/own/conf && chown -R 1500:1500 /run/own && \
         for kind in body proxy fastcgi uwsgi scgi; do chmod 777 /var/lib/nginx/$kind; done && \
         touch /run/motionctl && mount --bind '{binary}' /run/motionctl && \
         {AS_USER} nginx -c /run/own/conf -e /run/own/log"
    ));
    eventually("it runs", || machine.masters().len() == 1);
    let as_root = machine.motionctl(&["check", "--json"]);
    assert!(as_root.evidence("nginx.foreign-process").contains("user 1500"), "{as_root}");
    let own = machine.shell(&format!("{AS_USER} /run/motionctl check --json"));
    assert!(own.finding("nginx.foreign-process").is_none(), "{own}");
    assert!(own.finding("nginx.not-running").is_none() && own.finding("nginx.unknown").is_none(), "{own}");
    // A third user's is a stranger's for him, too.
    let third = AS_USER.replace("1500", "1501");
    let other = machine.shell(&format!("{third} /run/motionctl check --json"));
    assert!(other.evidence("nginx.foreign-process").contains("it runs as another user"), "{other}");
}
