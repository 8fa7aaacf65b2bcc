//! Rehearsing what only the vendor's file brings: upstreams, and certificates of a first TLS block.
//!
//! Invariant: each rehearsal runs a real NGINX, and what it says of a route was asked on the wire.

use super::vendor::{Files, block};
use crate::support::binary::finding;
use serde_json::Value;

/// The new client handed to another program.
fn handed_to(target: &str) -> String {
    format!("location ^~ /user-ui/ {{ proxy_pass {target}; }}\n    ")
}

/// What a rehearsal of this candidate says, whatever the strategy.
fn rehearsed(live: &str, candidate: &str, strategy: &str) -> Value {
    let files = Files::new(live, &block("80", "cc.example.test", "20m", ""), candidate);
    files.run(&["rehearse", "--strategy", strategy], &[])
}

#[test]
fn upstreams_that_only_the_candidate_brings_have_a_stand_in() {
    let live = block("80", "cc.example.test", "20m", "");
    let group = "upstream new_client { server 127.0.0.1:4300; server unix:/run/new-client.sock backup; }\n";
    for (above, target) in [
        ("", "http://127.0.0.1:4300/"),
        ("", "https://127.0.0.1:4301"),
        ("", "http://new-client.internal:4200"),
        ("", "http://unix:/run/new-client.sock"),
        (group, "http://new_client"),
        // Motion's own server, which answers its old pages as well.
        ("", "http://127.0.0.1:9000"),
    ] {
        let candidate = above.to_owned() + &block("80", "_", "20m", &handed_to(target));
        let strategies: &[&str] =
            if target.ends_with("4300/") { &["merge", "graft", "replace"] } else { &["graft"] };
        for strategy in strategies {
            let done = rehearsed(&live, &candidate, strategy);
            assert_eq!(done["exit_code"], 0, "{target} {strategy}: {done:#}");
            let rows = done["probes"].as_array().expect("rows");
            let asked = rows.iter().any(|row| row["uri"] == "/user-ui/login" && row["after"] == 200);
            assert!(asked, "{target} {strategy}: {rows:#?}");
        }
    }
}

#[test]
fn other_upstreams_of_the_candidate_answer_as_well() {
    let live = block("80", "cc.example.test", "20m", "");
    let more =
        super::vendor::ROUTE.to_owned() + "location /reports/ { proxy_pass http://127.0.0.1:9100; }\n    ";
    let done = rehearsed(&live, &block("80", "_", "20m", &more), "merge");
    assert_eq!(done["exit_code"], 0, "{done:#}");
    let rows = done["probes"].as_array().expect("rows");
    assert!(rows.iter().all(|row| row["after"] != 502), "{rows:#?}");
}

#[test]
fn a_first_tls_block_gets_a_throw_away_certificate_on_a_tree() {
    let live = block("80", "cc.example.test", "20m", "");
    let candidate = block("80; listen 443 ssl", "_", "20m", super::vendor::ROUTE)
        .replace("/etc/nginx/tls/motion", "/etc/vendor/server");
    for strategy in ["merge", "replace"] {
        let done = rehearsed(&live, &candidate, strategy);
        let found = finding(&done, "candidate.certificate-missing");
        assert_eq!(
            (&found["level"], &done["exit_code"]),
            (&"warn".into(), &0.into()),
            "{strategy}: {done:#}"
        );
        assert!(found["evidence"].to_string().contains("/etc/vendor/server.crt"), "{found}");
        let rows = done["probes"].as_array().expect("rows");
        let asked = |server: &str| {
            rows.iter()
                .any(|row| row["server"] == server && row["uri"] == "/user-ui/login" && row["after"] == 200)
        };
        assert!(asked("cc.example.test:80"), "{rows:#?}");
    }
}
