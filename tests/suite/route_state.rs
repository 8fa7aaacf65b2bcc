//! What is said of the new client's route, in each state that it can be in: on trees by what stands in the files, on a
//! live server by asking, too.
//!
//! Invariant: `up-to-date` is said only where every block that serves Motion is known to serve the new client, and
//! nothing stops a change.

use crate::support::binary::{SITE, Server, codes, finding};
use crate::support::machine::Machine;
use crate::support::said::Said;
use motionctl::rehearse::standin::{Role, StandIn};
use serde_json::Value;
use std::fs;
use std::path::Path;

const ROOT_LOCATION: &str = "    location / {";
const MIGRATED: &str = "routes.migrated";

/// The standalone server with this location more.
fn with_location(location: &str) -> Server {
    let server = Server::copy("standalone");
    server.replace(SITE, ROOT_LOCATION, &format!("    {location}\n{ROOT_LOCATION}"));
    server
}

fn proxied(port: u16) -> String {
    format!("location ^~ /user-ui/ {{ proxy_pass http://127.0.0.1:{port}; }}")
}

/// What `status` says: its outcome, exit code with `--detailed-exitcode`, the route in a word, and the headline.
fn status(server: &Server) -> (String, u64, String, String) {
    let said = server.json(&["status", "--detailed-exitcode"]);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let details = &said["details"];
    assert_eq!(server.json(&["status"])["exit_code"], 0, "without the flag nothing is an error");
    let text = server.run(&["status", "--color", "never"]).stdout;
    let verdict = word(&details["verdict"]);
    assert!(text.contains(&verdict), "{text}");
    let present = details["route"] == "present";
    assert_eq!(details["route_present"], present, "{said:#}");
    (word(&said["outcome"]), said["exit_code"].as_u64().expect("a code"), word(&details["route"]), verdict)
}

#[test]
fn status_answers_from_the_route_in_every_state() {
    let check = |server: &Server, outcome: &str, code: u64, route: &str, verdict: &str| {
        let said = status(server);
        assert_eq!((said.0.as_str(), said.1, said.2.as_str()), (outcome, code, route), "{route}");
        assert!(said.3.contains(verdict), "{route}: {}", said.3);
    };
    check(&Server::copy("already-migrated"), "up-to-date", 0, "present", "is there");
    check(&Server::copy("standalone"), "changes-pending", 2, "missing", "is missing");
    check(
        &with_location("location /user-ui/ { return 404; }"),
        "changes-pending",
        2,
        "elsewhere",
        "something else answers",
    );
    check(&with_location(&proxied(9001)), "ok", 2, "cannot-tell", "cannot be told");
}

#[test]
fn what_cannot_be_told_is_not_up_to_date_and_nothing_is_changed() {
    // An application of its own, and Motion itself.
    for port in [9001, 9000] {
        let server = with_location(&proxied(port));
        let before = server.read(SITE);
        for command in [&["check"][..], &["plan", "--detailed-exitcode"], &["apply", "--yes"], &["rehearse"]]
        {
            let said = server.json(command);
            assert_eq!((&said["outcome"], &said["exit_code"]), (&"ok".into(), &0.into()), "{said:#}");
            assert!(said["details"]["verdict"].to_string().contains("cannot be told"), "{said:#}");
            let evidence = finding(&said, "routes.cannot-tell")["evidence"].to_string();
            assert!(evidence.contains(&format!("127.0.0.1:{port}")), "{evidence}");
        }
        assert!(before == server.read(SITE) && !server.at("var/backups").exists(), "something was changed");
    }
}

#[test]
fn an_address_that_the_operator_names_is_the_new_client() {
    let named = ["--new-client-upstream", "http://127.0.0.1:9001"];
    let group = "upstream spa { server 127.0.0.1:9001; }\n";
    for (location, before) in [
        (proxied(9001), ""),
        ("location ^~ /user-ui/ { proxy_pass http://spa; }".to_owned(), group),
        ("location ^~ /user-ui/ { set $spa 127.0.0.1:9001; proxy_pass http://$spa; }".to_owned(), ""),
    ] {
        let server = with_location(&location);
        server.write(SITE, format!("{before}{}", server.read(SITE)));
        assert_eq!(server.json(&["check"])["outcome"], "ok", "{location}");
        let said = server.json(&[&["check"][..], &named].concat());
        assert_eq!(said["outcome"], "up-to-date", "{location}: {said:#}");
        // The settings say the same.
        server.write("etc/motionctl/config.toml", "new_client_upstream = \"http://127.0.0.1:9001\"\n");
        assert_eq!(status(&server).0, "up-to-date", "{location}");
    }
}

#[test]
fn a_block_that_lacks_the_route_is_never_up_to_date() {
    let twice = |first: &str, second: &str| {
        let server = with_location(first);
        let block = server.read(SITE);
        let other = with_location(second).read(SITE).replace("cc.example.test", "office.example.test");
        server.write("etc/nginx/conf.d/office.conf", other);
        server.write(SITE, block);
        server
    };
    let present = "location ^~ /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /user-ui/index.html; }";
    for (first, second, route) in [
        (present, "", "missing"),
        ("", present, "missing"),
        (&proxied(9001), "", "missing"),
        (present, &proxied(9001), "cannot-tell"),
        (present, "location /user-ui/ { return 404; }", "elsewhere"),
    ] {
        let server = twice(first, second);
        let said = status(&server);
        assert_eq!((said.1, said.2.as_str()), (2, route), "{first} {second}");
        for command in ["check", "plan", "status"] {
            let said = server.json(&[command]);
            assert_ne!(said["outcome"], "up-to-date", "{command}: {first} {second}: {said:#}");
            assert!(!codes(&said).contains(&MIGRATED.to_owned()), "{said:#}");
        }
    }
    let both = twice(present, present);
    assert_eq!(status(&both).0, "up-to-date");
}

#[test]
fn a_stop_beside_the_route_is_not_up_to_date_until_it_is_accepted() {
    let server = Server::copy("already-migrated");
    server.write("etc/keepalived/keepalived.conf", "vrrp_instance VI_1 {\n}\n");
    let before = server.read(SITE);
    for command in [&["check"][..], &["plan"], &["apply", "--yes"], &["rehearse"], &["status"]] {
        let said = server.json(command);
        assert_eq!(finding(&said, "topology.cluster-manager")["level"], "stop");
        // There is nothing to do, so nothing is refused; but that all is well is not said.
        assert_eq!((&said["outcome"], &said["exit_code"]), (&"ok".into(), &0.into()), "{said:#}");
        let accepted = [command, &["--accept", "topology.cluster-manager"]].concat();
        assert_eq!(server.json(&accepted)["outcome"], "up-to-date", "{command:?}");
    }
    assert!(before == server.read(SITE) && !server.at("var/backups").exists(), "something was changed");
}

/// A live server whose route is handed to a port, where somebody answers in this role.
fn live(port: u16, role: Option<Role>) -> (Machine, Option<StandIn>) {
    let machine = Machine::stopped("standalone", |nginx: &Path| {
        let site = nginx.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site");
        assert!(text.contains(ROOT_LOCATION));
        fs::write(&site, text.replace(ROOT_LOCATION, &format!("{}\n{ROOT_LOCATION}", proxied(port))))
            .expect("writing");
    });
    let address = ([127, 0, 0, 1], port).into();
    let behind = role.map(|role| machine.inside(|| StandIn::http(address, role).expect("a stand-in")));
    machine.start_nginx();
    (machine, behind)
}

fn ask(machine: &Machine, command: &[&str]) -> Said {
    let no_db: &[&str] = if command[0] == "rehearse" { &[] } else { &["--no-db"] };
    machine.motionctl(&[command, &["--json"], no_db].concat())
}

#[test]
fn a_live_server_is_asked_who_answers() {
    let (machine, _client) = live(9001, Some(Role::NewClient));
    for command in [&["check"][..], &["plan"], &["status", "--detailed-exitcode"]] {
        let said = ask(&machine, command);
        assert_eq!(said.code, 0, "{said}");
        assert!(said.finding(MIGRATED).is_some() && said.finding("routes.cannot-tell").is_none(), "{said}");
    }
    assert_eq!(ask(&machine, &["status"]).json["details"]["route"], "present");
}

#[test]
fn a_live_server_that_answers_with_something_else_is_no_new_client() {
    // Another application; and Motion itself, whose own old page answers every path.
    for (port, role) in [(9002, Some(Role::Other)), (9000, None)] {
        let (machine, _other) = live(port, role);
        let said = ask(&machine, &["check"]);
        assert_eq!(said.code, 3, "{said}");
        let found = said.finding("routes.elsewhere").expect("a finding");
        assert_eq!(found["level"], "stop");
        assert!(found["evidence"].to_string().contains(&format!("127.0.0.1:{port}")), "{said}");
        assert_eq!(ask(&machine, &["status", "--detailed-exitcode"]).code, 2);
        assert_eq!(ask(&machine, &["status"]).json["details"]["route"], "elsewhere");
    }
}

#[test]
fn a_live_server_with_nobody_behind_leaves_it_open() {
    let (machine, _nobody) = live(9003, None);
    let said = ask(&machine, &["check"]);
    let found = said.finding("routes.cannot-tell").expect("a finding");
    assert_eq!((&found["level"], said.code), (&"info".into(), 0), "{said}");
    assert!(found["evidence"].to_string().contains("502"), "{said}");
    assert_eq!(ask(&machine, &["status", "--detailed-exitcode"]).code, 2);
}

#[test]
fn what_motion_s_process_holds_is_motion_s_whatever_its_settings_say() {
    let machine = Machine::edited("standalone", |nginx: &Path| {
        let site = nginx.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("the site").replace("127.0.0.1:9000", "127.0.0.1:9100");
        fs::write(&site, text).expect("writing");
        let other = "server { listen 8081; server_name other.example.test;\n\
            location /api/ { proxy_pass http://127.0.0.1:9200; } location /socket.io/ { proxy_pass http://127.0.0.1:9200; }\n\
            location / { proxy_pass http://127.0.0.1:9200; } }\n";
        fs::write(nginx.join("conf.d/a-motion-like.conf"), other).expect("writing");
    });
    // Both lead to other ports than the settings say; neither is held by anybody.
    let said = ask(&machine, &["check"]);
    assert_eq!((said.code, said.finding("site.ambiguous").is_some()), (3, true), "{said}");
    let listen = |port: u16, folder: &'static str| {
        let code = format!(
            "my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1', LocalPort => {port}) or die; sleep 600"
        );
        machine.command("perl", &["-MIO::Socket::INET", "-e", &code], |command| {
            command.current_dir(folder);
        })
    };
    let _motion = listen(9100, "/var/opt/motion2/server");
    let _other = listen(9200, "/var/lib");
    crate::support::wait::eventually("both listen", || {
        let held = machine.shell("cat /proc/net/tcp").stdout;
        held.contains("0100007F:238C") && held.contains("0100007F:23F0")
    });
    let said = ask(&machine, &["plan", "--strategy", "graft"]);
    assert!(said.finding("site.ambiguous").is_none(), "{said}");
    assert_eq!(said.json["plan"]["site"], "/etc/nginx/conf.d/motion.conf", "{said}");
    let diff = said.json["plan"]["diff"]["unified"].to_string();
    assert!(diff.contains("motion.conf") && !diff.contains("a-motion-like.conf"), "{diff}");
    // Its private copy has none of these processes, and knows what was seen.
    let rehearsed = ask(&machine, &["rehearse", "--load", "40"]);
    assert_eq!(rehearsed.code, 0, "{rehearsed}");
}
