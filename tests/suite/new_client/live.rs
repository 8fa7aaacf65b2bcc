//! A live server, asked: where the new client works already nothing is changed, whoever serves it.
//!
//! Invariant: what answers behind nginx is the test's own; only the loopback of a private machine is used.

use crate::support::binary::SITE;
use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::upstream::{Reply, Upstream};
use std::fs;
use std::net::TcpListener;
use std::path::Path;

const CLIENT: &str = "/var/opt/motion2/client-new";
const LEGACY: &str = "<html ng-app=\"motion\"><base href=\"/\"><script src=app.js></script></html>";
pub(super) const PAGE: &str =
    "<html><base href=\"/user-ui/\"><app-root></app-root><script src=main.1f.js></script></html>";

/// The standalone server with this in the place of its `location /`, and Motion's own answers; the client's files are
/// not on the disk.
pub(super) fn server(
    locations: &str,
    motion: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Machine, Upstream) {
    let machine = Machine::without_motion("standalone", |nginx: &Path| {
        let site = nginx.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("reading");
        let own = format!("{locations}\n    location / {{");
        fs::write(&site, text.replacen("    location / {", &own, 1)).expect("writing");
    });
    let listener = machine.inside(|| TcpListener::bind("127.0.0.1:9000").expect("the port is free"));
    let upstream = Upstream::replying(listener, motion);
    fs::rename(machine.path(CLIENT), machine.path("/var/opt/client-new")).expect("moving");
    machine.start_nginx();
    (machine, upstream)
}

/// Brings the client's files back to where they are searched.
fn with_files(machine: &Machine) {
    fs::rename(machine.path("/var/opt/client-new"), machine.path(CLIENT)).expect("moving");
}

/// Motion that serves the new client as well, by this page.
fn both(page: &'static str) -> impl Fn(&str) -> Reply + Send + Sync {
    move |path| match path {
        _ if path.ends_with(".js") && path.starts_with("/user-ui/") => Reply::script(),
        _ if path.ends_with(".js") => Reply::missing(),
        _ if path.starts_with("/user-ui/") => Reply::html(page),
        _ => Reply::html(LEGACY),
    }
}

/// What came, as evidence.
#[track_caller]
fn asked(said: &Said) -> String {
    said.finding("newclient.asked").unwrap_or_else(|| panic!("nothing was asked: {said}"))["evidence"]
        .to_string()
}

fn look(machine: &Machine, command: &str) -> Said {
    machine.motionctl(&[command, "--json"])
}

#[test]
fn a_server_whose_node_serves_the_new_client_is_left_alone() {
    for (locations, page) in [
        ("", PAGE),
        ("location ^~ /user-ui/ { proxy_pass http://127.0.0.1:9000; }", PAGE),
        ("location /user-ui/ { proxy_pass http://127.0.0.1:9000/user-ui/; }", PAGE),
        ("", "<base href=./><script src=main.1f.js></script>"),
        ("", "<script type=module src=/user-ui/it/main.1f.js></script>"),
        (
            "",
            "<base href=/user-ui/it/><link rel=modulepreload href=chunk-A.js><script type=module src=main-B.js></script>",
        ),
        (
            "",
            "<base href=/><script src=user-ui/x.js></script><script src=https://cdn.example.test/y.js></script>",
        ),
    ] {
        let (machine, _motion) = server(locations, both(page));
        let before = machine.configuration();
        for command in [&["check"][..], &["plan"], &["apply", "--yes"], &["status"], &["rehearse"]] {
            let said = machine.motionctl(&[command, &["--json"]].concat());
            said.expect(0, "up-to-date");
            assert!(
                asked(&said).contains("Motion at 127.0.0.1:9000: 200, the new client, whose files come"),
                "{said}"
            );
            assert!(asked(&said).contains("server cc.example.test:443: 200, the new client"), "{said}");
            for code in ["newclient.not-found", "routes.cannot-tell", "routes.missing", "newclient.unusual"] {
                assert!(said.finding(code).is_none(), "{code}: {said}");
            }
        }
        assert!(machine.configuration() == before, "{page}");
        assert!(machine.backups().is_empty());
        // A file of the vendor's that has no location for it either loses nothing.
        let candidate = machine.scratch().join("candidate.conf");
        fs::write(&candidate, machine.read(&format!("/{SITE}")).replace("20m", "64m")).expect("writing");
        let candidate = candidate.display().to_string();
        let said = machine.motionctl(&["plan", "--json", "--strategy", "graft", "--candidate", &candidate]);
        assert!(said.code == 0 && said.finding("candidate.lacks-route").is_none(), "{said}");
        // That a folder of it is there as well changes nothing.
        with_files(&machine);
        look(&machine, "check").expect(0, "up-to-date");
    }
}

#[test]
fn a_page_for_everything_is_not_the_new_client() {
    let spa = "<base href=/><script src=app.js></script>";
    let token = std::sync::atomic::AtomicU64::new(0);
    let of_each = move |path: &str| {
        let number = token.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let page = format!("<title>M</title><script nonce={number} src=/static/app.js></script>");
        if path.ends_with(".js") { Reply::script() } else { Reply::html(page) }
    };
    type Motion = Box<dyn Fn(&str) -> Reply + Send + Sync>;
    let all: [Motion; 3] = [
        Box::new(|path| if path.ends_with(".js") { Reply::script() } else { Reply::html(LEGACY) }),
        Box::new(move |path| if path.ends_with(".js") { Reply::script() } else { Reply::html(spa) }),
        Box::new(of_each),
    ];
    for motion in all {
        let (machine, _motion) = server("", motion);
        let said = look(&machine, "check");
        said.expect(3, "refused");
        assert!(asked(&said).contains("200, the legacy client"), "{said}");
        assert!(
            said.finding("newclient.not-found").is_some() && said.finding("routes.missing").is_some(),
            "{said}"
        );
        with_files(&machine);
        look(&machine, "check").expect(0, "changes-pending");
        machine.apply(&[]).expect(0, "applied");
        assert!(machine.get("/user-ui/login").status == 200);
        look(&machine, "check").expect(0, "up-to-date");
    }
}

#[test]
fn a_client_that_motion_serves_and_nginx_does_not_pass_on_is_brought() {
    let own = "location = /user-ui/none { return 404; }\n    location /login { proxy_pass http://127.0.0.1:9000; }\n";
    let (machine, _motion) = server(own, both(PAGE));
    // Everything that is not Motion's own comes from a folder.
    machine.edit(&format!("/{SITE}"), |text| {
        let last = text.rfind("location / {").expect("it is there");
        format!("{}location / {{ root /var/opt; try_files $uri =404; }}\n}}\n", &text[..last])
    });
    machine.reload();
    let said = look(&machine, "check");
    said.expect(0, "changes-pending");
    assert!(asked(&said).contains("Motion at 127.0.0.1:9000: 200, the new client"), "{said}");
    let done = machine.apply(&[]);
    done.expect(0, "applied");
    assert_eq!(done.json["details"]["verdict"], "applied and proven", "{done}");
    assert!(machine.read(&format!("/{SITE}")).contains("proxy_pass http://127.0.0.1:9000;"));
    look(&machine, "check").expect(0, "up-to-date");
}

#[test]
fn files_that_nginx_has_not_read_yet_are_not_up_to_date() {
    let machine = Machine::new("standalone");
    let old = machine.read(&format!("/{SITE}"));
    let new =
        fs::read_to_string("fixtures/already-migrated/etc/nginx/conf.d/motion.conf").expect("a fixture");
    machine.edit(&format!("/{SITE}"), |_| new);
    for command in ["check", "status"] {
        let said = look(&machine, command);
        said.expect(0, "ok");
        let finding = said.finding("newclient.asked").expect("it was asked");
        assert_eq!(finding["level"], "warn", "{said}");
        assert!(finding["advice"].to_string().contains("reload"), "{said}");
    }
    machine.reload();
    look(&machine, "check").expect(0, "up-to-date");
    machine.edit(&format!("/{SITE}"), |_| old);
}

#[test]
fn a_server_that_does_not_run_is_not_asked() {
    let machine = Machine::stopped("already-migrated", |_| ());
    let said = look(&machine, "check");
    said.expect(0, "up-to-date");
    assert!(asked(&said).contains("not asked: NGINX does not run"), "{said}");
}

#[test]
fn a_named_address_is_asked_and_the_legacy_page_there_stops_a_change() {
    let (machine, _motion) =
        server("", |path| if path.ends_with(".js") { Reply::script() } else { Reply::html(LEGACY) });
    let named = ["--new-client-upstream", "http://127.0.0.1:9000"];
    for command in [&["check", "--json"][..], &["apply", "--yes", "--json"]] {
        let said = machine.motionctl(&[command, &named[..]].concat());
        said.expect(3, "refused");
        let finding = said.finding("newclient.unusual").expect("it is said");
        assert_eq!(finding["level"], "stop", "{said}");
        assert!(finding["evidence"].to_string().contains("Motion's own address"), "{said}");
    }
    // A person has the last word, and the page that comes decides.
    let forced = machine.apply(&[&named[..], &["--accept", "newclient.unusual"]].concat());
    forced.expect(4, "rolled-back");
    assert!(forced.error().contains("the legacy client answers"), "{forced}");
    // Nobody is there: believed, and undone.
    let nobody = ["--new-client-upstream", "http://127.0.0.1:9009"];
    let said = machine.motionctl(&[&["check", "--json"], &nobody[..]].concat());
    assert_eq!(said.finding("newclient.unusual").expect("it is said")["level"], "warn", "{said}");
    machine.apply(&nobody).expect(4, "rolled-back");
}

#[test]
fn a_named_address_that_serves_the_new_client_is_brought_without_a_word() {
    let (machine, _motion) = server("location ^~ /other/ { return 204; }", |_| Reply::html(LEGACY));
    let listener = machine.inside(|| TcpListener::bind("127.0.0.1:9001").expect("the port is free"));
    let _client = Upstream::replying(listener, both(PAGE));
    let done = machine.apply(&["--new-client-upstream", "http://127.0.0.1:9001"]);
    done.expect(0, "applied");
    assert!(done.finding("newclient.unusual").is_none(), "{done}");
    assert_eq!(done.json["details"]["verdict"], "applied and proven", "{done}");
}

#[test]
fn a_block_that_works_already_is_left_alone_beside_one_that_does_not() {
    let (machine, _motion) = server("", both(PAGE));
    let block = "server { listen 8081; server_name cc.example.test; location /api/ { proxy_pass http://127.0.0.1:9000; }\n\
        location /login { proxy_pass http://127.0.0.1:9000; }\nlocation / { root /var/opt/none; } }\n";
    machine.edit(&format!("/{SITE}"), |text| format!("{text}\n{block}"));
    machine.reload();
    let done = machine.apply(&["--strategy", "graft"]);
    done.expect(0, "applied");
    let text = machine.read(&format!("/{SITE}"));
    assert_eq!(text.matches("location ^~ /user-ui/").count(), 1, "{text}");
    assert!(text.find("location ^~ /user-ui/") > text.find("listen 8081"), "{text}");
    for server in ["cc.example.test:443", "cc.example.test:8081"] {
        let row = done.probe(server, "/user-ui/login");
        assert!(row["note"].to_string().ends_with("→ new client\""), "{done}");
    }
    look(&machine, "check").expect(0, "up-to-date");
}

/// A page that is built for `/`: only Motion knows whether it serves its scripts there.
#[test]
fn scripts_outside_of_the_route_are_asked_for() {
    for (is_served, code, outcome) in [(true, 0, "applied"), (false, 3, "refused")] {
        let (machine, _motion) = server("", move |path| match path {
            "/main.3f2a9c1b.js" if is_served => Reply::script(),
            "/styles.9b81d3f0.css" if is_served => {
                Reply { content_type: "text/css".to_owned(), ..Reply::html("p {}") }
            }
            _ => Reply::html(LEGACY),
        });
        with_files(&machine);
        let page = format!("{CLIENT}/dist/index.html");
        machine.edit(&page, |text| text.replace("<base href=\"/user-ui/\">", "<base href=\"/\">"));
        let done = machine.apply(&[]);
        done.expect(code, outcome);
        assert_eq!(done.finding("routes.elsewhere").is_some(), !is_served, "{done}");
        assert_eq!(machine.get("/user-ui/login").body.starts_with(b"<!doctype"), is_served, "{done}");
        look(&machine, "check").expect(code, if is_served { "up-to-date" } else { "refused" });
    }
}
