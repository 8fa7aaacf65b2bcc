//! The same on a live server: what `apply` says of a route that it could and could not ask.
//!
//! Invariant: the real binary on `/` of a private machine, with a real nginx that other traffic does not reach.

use super::{ROUTES, TLS};
use crate::support::machine::Machine;
use crate::support::said::Said;
use std::fs;
use std::path::Path;

const NOT_ASKED: &str = "applied; the reload is proven, the new route could not be asked";

/// A running server whose Motion's block begins with this, beside another application.
fn machine(http: &str, head: &str) -> Machine {
    Machine::edited("standalone", |nginx: &Path| {
        let site = format!("{http}\nserver {{ {head}\n{ROUTES} }}\n");
        fs::write(nginx.join("conf.d/motion.conf"), site).expect("writing");
        let other =
            "server { listen 80 default_server; server_name other.test; return 200 \"something else\"; }\n";
        fs::write(nginx.join("conf.d/aaa.conf"), other).expect("writing");
    })
}

fn applied(http: &str, head: &str) -> Said {
    let machine = machine(http, head);
    let done = machine.apply(&["--strategy", "graft", "--accept", "topology.behind-proxy"]);
    done.expect(0, "applied");
    assert!(machine.read("/etc/nginx/conf.d/motion.conf").contains("/user-ui/"), "{done}");
    done
}

#[test]
fn a_name_below_a_wildcard_is_asked_and_proven() {
    for name in ["*.example.test", ".example.test", r"~^(?<sub>.+)\.example\.test$"] {
        let done = applied("", &format!("listen 80; server_name {name};"));
        assert_eq!(done.json["details"]["verdict"], "applied and proven", "{done}");
        assert!(done.finding("routes.not-asked").is_none(), "{done}");
    }
}

#[test]
fn behind_a_proxy_that_speaks_its_protocol_the_route_is_asked() {
    let done =
        applied("", &format!("listen 127.0.0.1:4444 ssl proxy_protocol; server_name cc.example.test; {TLS}"));
    assert_eq!(done.json["details"]["verdict"], "applied and proven", "{done}");
    assert_eq!(done.probe("cc.example.test:4444", "/user-ui/login")["gated"], true, "{done}");
}

#[test]
fn a_route_that_nobody_could_ask_is_not_called_proven() {
    let tls = format!("listen 443 ssl; server_name cc.example.test; {TLS}");
    for (head, why) in [
        ("listen 80; server_name \"\";".to_owned(), "no host name is known"),
        (
            format!("{tls} ssl_verify_client on; ssl_client_certificate /etc/nginx/tls/motion.crt;"),
            "demands a certificate",
        ),
        // Seen, not foreseen: what a variable comes to is not known before.
        (
            "listen 80; server_name cc.example.test; if ($http_x_key = \"\") { return 403; }".to_owned(),
            "turned away (403)",
        ),
        (
            "listen 80; server_name cc.example.test; allow 192.0.2.0/24; deny all;".to_owned(),
            "not let in (deny all",
        ),
    ] {
        let done = applied("", &head);
        assert_eq!(done.json["details"]["verdict"], NOT_ASKED, "{head}: {done}");
        assert_eq!(done.json["reload"]["proven"], true, "{head}: {done}");
        let finding = done.finding("routes.not-asked").unwrap_or_else(|| panic!("{head}: {done}"));
        assert_eq!(finding["level"], "warn", "{head}");
        assert!(finding["evidence"].to_string().contains(why), "{head}: {finding:#}");
    }
}

#[test]
fn a_probe_that_a_limit_answers_is_asked_again() {
    let http = "limit_req_zone $binary_remote_addr zone=perip:1m rate=4r/s;";
    let done =
        applied(http, "listen 80; server_name cc.example.test; limit_req zone=perip; limit_req_status 429;");
    assert_eq!(done.json["details"]["verdict"], "applied and proven", "{done}");
    assert_eq!(
        done.probe("cc.example.test:80", "/user-ui/login")["note"],
        "legacy page → new client",
        "{done}"
    );
}

#[test]
fn a_limit_that_outlasts_patience_is_named_and_the_change_undone() {
    let machine = machine(
        "limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;",
        "listen 80; server_name cc.example.test; limit_req zone=slow burst=11 nodelay; limit_req_status 429;",
    );
    // Enough for the looks before the change, and not for those after it.
    let done = machine.apply(&["--strategy", "graft"]);
    done.expect(4, "rolled-back");
    let limit = "limit_req zone=slow (1r/m, answers 429) at /etc/nginx/conf.d/motion.conf:2:";
    assert!(done.error().contains(limit), "{done}");
}
