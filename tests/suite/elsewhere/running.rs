//! Servers whose NGINX runs from another place than the package's.
//!
//! Invariant: what is changed, tested and reloaded is what runs, whatever PATH has.

use crate::support::machine::{Machine, SITE};
use crate::support::wait::eventually;

fn starts(machine: &Machine, line: &str) {
    machine.must(line);
    eventually("it runs", || machine.workers().len() == 2);
}

/// A program `nginx`, first on PATH, that does not run and refuses every new client.
const ANOTHER_ON_PATH: &str = "mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin && printf '%s\\n' '#!/bin/sh' \
    'if [ \"$1\" = -V ]; then echo \"nginx version: nginx/1.10.3\" >&2; exit; fi' \
    'echo \"nginx: [emerg] unknown directive everything\" >&2; exit 1' >/usr/local/sbin/nginx && \
    chmod 755 /usr/local/sbin/nginx";

#[test]
fn another_nginx_on_the_search_path_has_no_part_in_it() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must(ANOTHER_ON_PATH);
    machine.must("mkdir -p /var/opt/nginx/sbin && cp /usr/sbin/nginx /var/opt/nginx/sbin/nginx");
    starts(&machine, "/var/opt/nginx/sbin/nginx -c /etc/nginx/nginx.conf");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    assert!(done.finding("nginx.version-skew").is_none(), "{done}");
    let said = done.finding("nginx.other-place").expect("it is said");
    assert_eq!(said["level"], "info");
    assert!(said["evidence"].to_string().contains("PATH has /usr/local/sbin/nginx, 1.10.3"), "{said}");
    machine.motionctl(&["rehearse", "--load", "60", "--json"]).expect(0, "ok");
    machine.apply(&[]).expect(0, "applied");
    assert_eq!(machine.get("/user-ui").status, 302);
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    assert!(!machine.read(SITE).contains("user-ui"));
}

#[test]
fn a_broken_program_on_the_search_path_stops_nobody() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("mkdir -p /var/opt/nginx/sbin && cp /usr/sbin/nginx /var/opt/nginx/sbin/nginx");
    starts(&machine, "/var/opt/nginx/sbin/nginx -c /etc/nginx/nginx.conf");
    machine.must(&ANOTHER_ON_PATH.replace("echo \"nginx version: nginx/1.10.3\" >&2; exit", "exit 127"));
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_link_that_was_turned_since_is_what_a_restart_starts() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must(
        "cd /var/opt && mkdir -p 1/sbin 2/sbin && cp /usr/sbin/nginx 1/sbin/nginx && ln -s 1 current && \
         printf '%s\\n' '#!/bin/sh' 'if [ \"$1\" = -V ]; then /usr/sbin/nginx -V 2>&1 | sed \"1s/1.22.1/1.99.0/\" >&2; exit; fi' \
         'if grep -rq user-ui /etc/nginx; then echo \"nginx: [emerg] no\" >&2; exit 1; fi' >2/sbin/nginx && \
         chmod 755 2/sbin/nginx",
    );
    starts(&machine, "/var/opt/current/sbin/nginx");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    assert!(done.finding("nginx.version-skew").is_none(), "{done}");
    machine.must("ln -sfn 2 /var/opt/current");
    let done = machine.apply(&[]);
    done.expect(65, "invalid");
    let said = done.evidence("nginx.version-skew");
    assert!(
        said.contains("as /var/opt/1/sbin/nginx, 1.99.0 on disk as /var/opt/current/sbin/nginx"),
        "{said}"
    );
    assert!(!machine.read(SITE).contains("user-ui"));
}

/// A server of its own below `/var/opt/site`, everything in it relative.
fn relative_site() -> Machine {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must(
        "mkdir -p /var/opt/site/logs && cp -a /etc/nginx /var/opt/site/conf && cd /var/opt/site/conf && \
         sed -i 's#/etc/nginx/##; s#/var/log/nginx#logs#; s#/run/nginx.pid#logs/nginx.pid#' nginx.conf conf.d/*.conf && \
         rm /etc/nginx/conf.d/*",
    );
    machine
}

#[test]
fn a_relative_prefix_starts_where_the_master_was_started() {
    for line in [
        "cd /var/opt/site && nginx -p . -c conf/nginx.conf",
        "cd /var/opt && nginx -p site/ -c conf/nginx.conf",
        "cd /var/opt/site/conf && nginx -p .. -c conf/nginx.conf -g 'worker_priority 0;'",
    ] {
        let machine = relative_site();
        starts(&machine, line);
        let done = machine.motionctl(&["check", "--json"]);
        done.expect(0, "changes-pending");
        assert!(done.finding("nginx.other-root").is_none(), "{line}: {done}");
        // Tested and started in other folders than the master's.
        machine.motionctl(&["rehearse", "--load", "60", "--json"]).expect(0, "ok");
        machine.apply(&[]).expect(0, "applied");
        assert_eq!(machine.get("/user-ui").status, 302, "{line}");
        assert!(machine.read("/var/opt/site/conf/conf.d/motion.conf").contains("user-ui"));
        machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    }
}

#[test]
fn of_two_that_run_the_named_main_file_chooses() {
    let machine = relative_site();
    starts(&machine, "cd /var/opt/site && nginx -p . -c conf/nginx.conf");
    machine.must(
        "printf 'pid /run/b.pid; error_log /var/log/b.log; events {} http { server { listen 8099; return 204; } }' >/etc/nginx/b.conf",
    );
    machine.must("nginx -c /etc/nginx/b.conf >/dev/null 2>&1");
    eventually("both run", || machine.masters().len() == 2);
    let done = machine.apply(&["--nginx-conf", "/var/opt/site/conf/nginx.conf"]);
    done.expect(0, "applied");
    assert_eq!(machine.get("/user-ui").status, 302);
    assert!(done.finding("nginx.several-masters").is_none(), "{done}");
    // One that nobody reads is no running server's.
    let done = machine.motionctl(&["check", "--json", "--nginx-conf", "/etc/nginx/nginx.conf"]);
    assert!(done.evidence("nginx.not-running").contains("which --nginx-conf does not name"), "{done}");
}

#[test]
fn a_foreground_master_is_rehearsed_in_the_background() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("setsid nginx -g 'daemon off; worker_priority 0;' >/dev/null 2>&1 </dev/null &");
    eventually("it runs", || machine.workers().len() == 2);
    machine.motionctl(&["rehearse", "--load", "60", "--json"]).expect(0, "ok");
}
