//! Servers that limit requests or connections, rehearsed.
//!
//! Invariant: a rehearsal's own requests never fail it; where a limit cannot be waited for, it is named.

use super::{TLS, all_at_once, new_client, reached, rehearse, tree};
use crate::support::binary::Server;

/// A tree with this at http level, and this in Motion's block.
fn limited(http: &str, inside: &str) -> Server {
    let server = tree(&format!("listen 443 ssl; server_name cc.example.test; {TLS}\n{inside}"));
    server.write("etc/nginx/conf.d/000.conf", http);
    server
}

const PER_ADDRESS: &str = "limit_req_zone $binary_remote_addr zone=perip:1m rate=10r/s;\n\
    limit_conn_zone $binary_remote_addr zone=conns:1m;\n";

#[test]
fn a_limited_server_rehearses() {
    let excepted = "geo $counted { default 1; 127.0.0.1 0; }\n\
        map $counted $key { 0 \"\"; 1 $binary_remote_addr; }\n\
        limit_req_zone $key zone=perip:1m rate=1r/s;\n";
    let cases = [
        (
            PER_ADDRESS.to_owned(),
            "limit_req zone=perip burst=30 nodelay; limit_req_status 429; limit_conn conns 10;",
        ),
        (PER_ADDRESS.to_owned(), "limit_req zone=perip;"),
        // Without `nodelay` it lets requests wait, longer than a probe does.
        (
            "limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/s;".to_owned(),
            "limit_req zone=slow burst=40;",
        ),
        (PER_ADDRESS.to_owned(), "limit_req zone=perip; limit_req_status 444;"),
        (format!("{PER_ADDRESS} limit_conn conns 1; limit_conn_status 429;"), ""),
        (excepted.to_owned(), "limit_req zone=perip; limit_req_status 444;"),
        (
            "limit_req_zone $server_name zone=all:1m rate=20r/s;".to_owned(),
            "limit_req zone=all burst=2 nodelay;",
        ),
    ];
    all_at_once(&cases, |(http, inside)| {
        let case = format!("{http} {inside}");
        let answer = rehearse(&limited(http, inside), "400");
        reached(&case, &answer);
        for row in answer["probes"].as_array().expect("probes") {
            assert_eq!((&row["gated"], &row["before"]), (&true.into(), &row["restored"]), "{case}: {row}");
        }
        // A load that would use up what all visitors share is left out, and that is said.
        let shared = http.contains("$server_name");
        assert_eq!(answer["load"]["fresh"]["sent"] == 0, shared, "{case}: {:#}", answer["load"]);
        assert_eq!(answer["details"]["notes"].to_string().contains("counted together by"), shared, "{case}");
    });
}

#[test]
fn a_limit_in_a_location_is_known_as_well() {
    let server = tree(&format!("listen 443 ssl; server_name cc.example.test; {TLS}"));
    server
        .write("etc/nginx/conf.d/000.conf", "limit_req_zone $binary_remote_addr zone=login:1m rate=5r/s;\n");
    let site = "etc/nginx/conf.d/motion.conf";
    server.replace(site, "location / {", "location / { limit_req zone=login burst=3 nodelay;");
    let answer = rehearse(&server, "400");
    reached("location /", &answer);
}

#[test]
fn a_limit_that_nobody_can_wait_for_is_named() {
    let http = "limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;";
    let answer = rehearse(&limited(http, "limit_req zone=slow; limit_req_status 429;"), "60");
    assert_eq!(answer["exit_code"], 1, "{answer:#}");
    let place = "limit_req zone=slow (1r/m, answers 429) at /etc/nginx/conf.d/motion.conf:2:1";
    assert!(answer["error"]["message"].to_string().contains(place), "{answer:#}");
    assert!(new_client(&answer)["note"].to_string().contains(place), "{answer:#}");
}
