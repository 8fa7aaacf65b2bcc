//! The before/after probes against a real NGINX that is migrated, broken in
//! several ways, and rolled back.
//!
//! Invariant: each fault is made in the configuration or the files alone, so
//! that what the gate sees is what NGINX answers.

use crate::support::wire_nginx::{Nginx, free, own_address, target, tls_server, write_certificate};
use motionctl::host::http::Scheme;
use motionctl::rehearse::standin::{Role, StandIn};
use motionctl::verify::probe::ProbePlan;
use motionctl::verify::{Expected, Gate, Kind, Probe};
use std::fs;
use std::net::{IpAddr, SocketAddr};

/// Motion's site: everything proxied, and `more` locations.
fn site(ip: IpAddr, motion: &StandIn, more: &str) -> String {
    let upstream = motion.address().unwrap();
    let inside = format!(
        "root {{DIR}}; location / {{ proxy_pass http://{upstream}; }}
         location /old {{ return 302 /login; }}
         location /clock {{ default_type text/plain; return 200 $msec; }}
         location /dead {{ proxy_pass http://127.0.0.1:1; }} {more}"
    );
    tls_server(ip, "a", "cc.example.test", &inside)
}

const MIGRATED: &str = "location = /user-ui { return 301 /user-ui/; }
    location ^~ /user-ui/ { try_files $uri /user-ui/index.html; }";

fn plan(ip: IpAddr) -> ProbePlan {
    let rows = [
        ("/", Gate::AsBefore),
        ("/api/", Gate::AsBefore),
        ("/old", Gate::AsBefore),
        ("/clock", Gate::AsBefore),
        ("/dead", Gate::AsBefore),
        ("/user-ui", Gate::NewClientRedirect),
        ("/user-ui/login", Gate::NewClient),
    ];
    let probe = |(uri, gate): (&str, Gate)| Probe {
        server: "cc.example.test:8443".to_owned(),
        target: target(ip, Scheme::Https, "cc.example.test"),
        uri: uri.to_owned(),
        kind: Kind::Get,
        gate,
        expected: Expected::Perhaps(Vec::new()),
        limits: Vec::new(),
    };
    ProbePlan { rows: rows.map(probe).to_vec() }
}

#[test]
fn probes_see_a_migration_its_faults_and_its_rollback() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "a", &["cc.example.test"]);
    let client = folder.path().join("user-ui");
    fs::create_dir(&client).unwrap();
    fs::write(client.join("index.html"), "<base href='/user-ui/'><script src=main.1f.js></script>").unwrap();
    fs::write(client.join("main.1f.js"), "void 0;").unwrap();
    let motion = StandIn::http(free(), Role::Motion).unwrap();
    let nginx = Nginx::start(folder, &site(ip, &motion, ""), SocketAddr::new(ip, 8443));
    let plan = plan(ip);
    let before = plan.observe_before();

    let failures = |more: &str| {
        nginx.reload(&site(ip, &motion, more));
        plan.verify_after(&before).failures
    };
    let unmigrated = failures("");
    assert_eq!(unmigrated.len(), 2, "{unmigrated:?}");
    assert!(unmigrated[1].ends_with("/user-ui/login: the legacy client answers"), "{unmigrated:?}");

    let assets = format!("{MIGRATED} types {{ text/html html; text/plain js; }}");
    let wrong_type = failures(&assets);
    assert!(wrong_type.len() == 1 && wrong_type[0].contains("text/plain"), "{wrong_type:?}");
    fs::rename(client.join("main.1f.js"), client.join("main.js")).unwrap();
    let missing = failures(MIGRATED);
    assert!(missing.len() == 1 && missing[0].contains("/user-ui/main.1f.js is served as"), "{missing:?}");
    fs::rename(client.join("main.js"), client.join("main.1f.js")).unwrap();
    let stolen = failures(&format!("{MIGRATED} location /api/ {{ try_files /user-ui/index.html =404; }}"));
    assert!(stolen.len() == 1 && stolen[0].contains("/api/: was application/json before"), "{stolen:?}");
    let revived = failures(&format!("{MIGRATED} location = /dead {{ return 204; }}"));
    assert!(revived.len() == 1 && revived[0].contains("answered 502 before, now 204"), "{revived:?}");

    nginx.reload(&site(ip, &motion, MIGRATED));
    let after = plan.verify_after(&before);
    assert!(after.passed(), "{:?}", after.failures);
    let not_back = plan.verify_restored(&before, &after);
    assert_eq!(not_back.failures.len(), 2, "{:?}", not_back.failures);
    nginx.reload(&site(ip, &motion, ""));
    let restored = plan.verify_restored(&before, &after);
    assert!(restored.passed(), "{:?}", restored.failures);
    let login = restored.rows.last().unwrap();
    assert_eq!((login.before, login.after, login.restored), (200, Some(200), Some(200)));
    assert!(login.gated && login.ok && login.note == "legacy page → new client", "{login:?}");
    let clock = &restored.rows[3];
    assert!(clock.gated && clock.ok && clock.note.is_empty(), "only its body changes: {clock:?}");
    assert_eq!(restored.rows[4].note, "dead upstream");
}
