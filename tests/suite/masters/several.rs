//! Several masters on one machine: the one that reads the files is told, and nobody else.
//!
//! Invariant: the others keep their workers.

use super::*;
use crate::support::wait::eventually;
use std::fs;

const APPLY: &[&str] = &["apply", "--yes", "--json"];

/// Starts an nginx that has nothing to do with Motion from a program and a file of its own; its pid file.
fn another(machine: &Machine, name: &str, port: u16) -> String {
    let folder = format!("/var/opt/{name}");
    let conf = format!(
        "pid {folder}/pid; error_log {folder}/log; events {{}} http {{ access_log off; \
         server {{ listen {port}; location / {{ return 200 other; }} }} }}"
    );
    machine.must(&format!(
        "mkdir {folder} && cp $(command -v nginx) {folder}/nginx && echo '{conf}' >{folder}/conf && \
             {folder}/nginx -c {folder}/conf"
    ));
    format!("{folder}/pid")
}

/// The processes of the master in a pid file.
fn workers_of(machine: &Machine, pid: &str) -> String {
    let workers = || machine.must(&format!("pgrep -P $(cat {pid}) | sort"));
    eventually("it has workers", || !workers().trim().is_empty());
    workers()
}

#[test]
fn the_one_that_reads_motion_s_files_is_told_whoever_came_first() {
    for order in ["first", "between", "last"] {
        let machine = Machine::stopped("standalone", |_| ());
        // As nginx.org's packages start it, with its file named; the others without.
        let motion = || machine.must("/usr/sbin/nginx -c /etc/nginx/nginx.conf");
        let mut pids = Vec::new();
        if order == "first" {
            motion();
        }
        pids.push(another(&machine, "one", 8088));
        if order == "between" {
            motion();
        }
        pids.push(another(&machine, "two", 8089));
        if order == "last" {
            motion();
        }
        let before: Vec<_> = pids.iter().map(|pid| workers_of(&machine, pid)).collect();
        let check = machine.motionctl(&["check", "--json"]);
        check.expect(0, "changes-pending");
        assert!(check.finding("nginx.several-masters").is_none(), "{order}: {check}");
        there_and_back(&machine);
        machine.motionctl(&["status", "--json"]).expect(0, "changes-pending");
        let after: Vec<_> = pids.iter().map(|pid| workers_of(&machine, pid)).collect();
        assert_eq!(before, after, "{order}: another one was told");
    }
}

#[test]
fn one_that_starts_after_the_change_gets_no_signal_by_the_way_back() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("/usr/sbin/nginx -c /etc/nginx/nginx.conf");
    machine.wait_for_workers();
    machine.apply(&[]).expect(0, "applied");
    // It reads its built-in file, as one does that was compiled for a folder of its own.
    let pid = another(&machine, "one", 8088);
    let before = workers_of(&machine, &pid);
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert_eq!(back.json["reload"]["proven"], true, "{back}");
    assert!(!machine.serves_the_new_client());
    assert_eq!(workers_of(&machine, &pid), before);
}

#[test]
fn where_motion_s_own_was_stopped_nobody_is_told() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    let pid = another(&machine, "one", 8088);
    machine.must("nginx -s stop");
    eventually("it is gone", || machine.masters().len() == 1);
    let before = workers_of(&machine, &pid);
    let back = machine.motionctl(ROLLBACK);
    back.expect(0, "applied");
    assert!(back.json.get("reload").is_none(), "{back}");
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    let said = done.evidence("nginx.not-running");
    assert!(said.contains("does not read these files"), "{done}");
    assert_eq!(workers_of(&machine, &pid), before);
}

#[test]
fn two_that_read_motion_s_files_and_hold_its_ports_stop_the_change() {
    let machine = Machine::edited("standalone", |etc| {
        let site = etc.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site");
        let text = text.replace("listen 443 ssl;", "listen 443 ssl reuseport;");
        fs::write(&site, text.replace("listen 80;", "listen 80 reuseport;")).expect("writing");
    });
    let second = "sed 's|pid .*|pid /run/second.pid;|' /etc/nginx/nginx.conf >/etc/nginx/second.conf && \
                  nginx -c /etc/nginx/second.conf";
    machine.must(second);
    eventually("it serves", || machine.workers().len() == 4);
    let done = refused(&machine, APPLY, "nginx.several-masters");
    let finding = done.finding("nginx.several-masters").expect("the finding");
    assert_eq!(finding["evidence"].as_array().map(Vec::len), Some(2), "{done}");
    machine.must("kill -QUIT $(cat /run/second.pid)");
    eventually("the second is gone", || machine.workers().len() == 2);
    there_and_back(&machine);
}

#[test]
fn of_two_that_read_the_same_files_the_one_with_the_ports_is_told() {
    let machine = Machine::stopped("standalone", |_| ());
    // In a network of its own, as `NetworkNamespacePath=` of a unit gives it one.
    let second = "sed 's|pid .*|pid /run/second.pid;|' /etc/nginx/nginx.conf >/etc/nginx/second.conf && \
                  unshare --net nginx -c /etc/nginx/second.conf";
    machine.must(second);
    let before = workers_of(&machine, "/run/second.pid");
    machine.must("nginx");
    eventually("both serve", || machine.workers().len() == 4);
    there_and_back(&machine);
    assert_eq!(workers_of(&machine, "/run/second.pid"), before);
}

#[test]
fn a_container_on_another_port_is_nobody_s_business() {
    let machine = Machine::new("standalone");
    let conf = "daemon off; pid /run/inner.pid; error_log /run/inner.log; events {} http { access_log off; \
                server { listen 8088; } }";
    machine.must(&format!(
        "echo '{conf}' >/run/inner.conf && (setsid unshare --mount --pid --fork --kill-child --mount-proc \
             nginx -c /run/inner.conf >/dev/null 2>&1 &)"
    ));
    eventually("it serves", || !machine.must("ss -Hltn sport = :8088").is_empty());
    let before = machine.must("pgrep -x nginx -a | grep -c .");
    there_and_back(&machine);
    assert_eq!(machine.must("pgrep -x nginx -a | grep -c ."), before);
}
