//! Probes that reach the block they are meant for, on shapes that real servers have.
//!
//! Invariant: every tree is rehearsed on a real nginx beside a default server that would answer whatever
//! goes astray; where nobody can ask, that is said and nothing is called proven.

mod limits;
mod live;

use crate::support::binary::{SITE, Server, codes, finding};
use serde_json::Value;
use std::path::Path;
use std::thread;

/// Another application, which takes every request that does not lead elsewhere.
const OTHER: &str = "server { listen 80 default_server; listen 443 ssl default_server; server_name other.test;\n\
    ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;\n\
    location / { return 200 \"something else\\n\"; } }\n";
pub(super) const TLS: &str =
    "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";
pub(super) const ROUTES: &str = "location /api/ { proxy_pass http://127.0.0.1:9000; }\n\
    location /socket.io/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1;\n\
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; }\n\
    location / { proxy_pass http://127.0.0.1:9000; }\n";
const BEHIND: [&str; 2] = ["--accept", "topology.behind-proxy,topology.floating-address"];

/// A tree whose Motion's block begins with this.
pub(super) fn tree(head: &str) -> Server {
    let server = Server::with_site(&format!("server {{ {head}\n{ROUTES} }}\n"));
    server.write("etc/nginx/conf.d/aaa.conf", OTHER);
    server
}

/// Rehearses under a load of so many requests.
pub(super) fn rehearse(server: &Server, load: &str) -> Value {
    server.json(&[&["rehearse", "--strategy", "graft", "--load", load], &BEHIND[..]].concat())
}

/// The rehearsal went all the way, and the new client was seen.
#[track_caller]
pub(super) fn reached(case: &str, answer: &Value) {
    assert_eq!(answer["exit_code"], 0, "{case}: {answer:#}");
    assert_eq!(answer["load"]["fresh"]["failed"], 0, "{case}: {:#}", answer["load"]);
    assert_eq!(new_client(answer)["note"], "legacy page → new client", "{case}: {answer:#}");
    assert!(!codes(answer).contains(&"routes.not-asked".to_owned()), "{case}: {answer:#}");
}

pub(super) fn new_client(answer: &Value) -> &Value {
    let rows = answer["probes"].as_array().unwrap_or_else(|| panic!("no probes: {answer:#}"));
    let mut found = rows.iter().filter(|row| row["uri"] == "/user-ui/login" && row["before"] != 301);
    found.next().unwrap_or_else(|| panic!("nobody asks: {answer:#}"))
}

/// As many at once as a small machine bears: a rehearsal mostly waits.
pub(super) fn all_at_once<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    for some in cases.chunks(4) {
        thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|case| scope.spawn(|| check(case))).collect();
            for one in running {
                one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
    }
}

#[test]
fn a_block_is_asked_by_a_name_that_leads_there() {
    let names = [
        "*.example.test",
        ".example.test",
        "cc.*",
        r"~^(?<sub>.+)\.example\.test$",
        r#""~^[a-z]{2,}-\d\.(?:example|invalid)$" _"#,
        "under_score.example.test",
    ];
    all_at_once(&names, |name| {
        for listen in ["listen 80;", &format!("listen 443 ssl; {TLS}")] {
            let case = format!("{listen} server_name {name};");
            reached(&case, &rehearse(&tree(&case), "60"));
        }
    });
}

#[test]
fn a_block_is_asked_where_it_listens() {
    let heads = [
        // The default server of an address, by no name of its own.
        "listen 8080; server_name \"\";",
        "listen 8080 default_server;",
        // One private address, and a loopback address that another block has in part.
        "listen 10.20.30.40:80; server_name cc.example.test;",
        "listen 127.0.0.2:80; server_name other.test;",
        // Where the pages are, not where they are sent away.
        "listen 8080; listen 80; server_name cc.example.test; if ($server_port = 80) { return 301 https://$host$request_uri; }",
    ];
    all_at_once(&heads, |head| reached(head, &rehearse(&tree(head), "60")));
    let taken = tree("listen 80; server_name cc.example.test;");
    taken.write(
        "etc/nginx/conf.d/aab.conf",
        "server { listen 127.0.0.1:80; server_name cc.example.test; return 200 \"in the way\"; }\n",
    );
    reached("a more specific address", &rehearse(&taken, "60"));
}

#[test]
fn the_proxy_protocol_is_spoken_where_it_is_wanted() {
    let real = "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;";
    let heads = [
        "listen 8080 proxy_protocol; server_name cc.example.test;".to_owned(),
        format!("listen 127.0.0.1:4444 ssl http2 proxy_protocol; {real} server_name cc.example.test; {TLS}"),
        format!("listen 8443 ssl proxy_protocol; listen 8080; server_name .example.test; {TLS}"),
        // Rules look at the address that the header tells.
        format!("listen 8080 proxy_protocol; {real} allow 127.0.0.1; deny all; server_name cc.example.test;"),
    ];
    all_at_once(&heads, |head| reached(head, &rehearse(&tree(head), "60")));
    // One block that asks for it asks for all of the address.
    let shared = tree("listen 8080; server_name cc.example.test;");
    let other = "server { listen 8080 proxy_protocol; server_name b.test; return 204; }\n";
    shared.write("etc/nginx/conf.d/aab.conf", other);
    reached("another block's listener", &rehearse(&shared, "60"));
}

/// Where the distributions keep it.
pub fn stream_module() -> String {
    let places = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
    let files = places.map(|folder| format!("{folder}/ngx_stream_module.so"));
    let found = files.into_iter().find(|file| Path::new(file).exists());
    found.expect("`packaging/setup.sh test` installs nginx's stream module")
}

#[test]
fn behind_nginx_s_own_stream_the_route_is_asked() {
    let server = tree(&format!(
        "listen 127.0.0.1:4444 ssl http2 proxy_protocol; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;\n\
         server_name cc.example.test; {TLS}"
    ));
    server.write(
        "etc/nginx/conf.d/aaa.conf",
        "server { listen 80; server_name cc.example.test; return 301 https://$host$request_uri; }\n",
    );
    let stream = "stream { map $ssl_preread_alpn_protocols $port { default 4444; relay 5349; }\n\
        server { listen 443; ssl_preread on; proxy_protocol on; proxy_pass 127.0.0.1:$port; } }\n";
    let main = server.read("etc/nginx/nginx.conf");
    server.write("etc/nginx/nginx.conf", format!("load_module {};\n{main}\n{stream}", stream_module()));
    let accepted = "config.runs-code,topology.behind-proxy";
    let answer = server.json(&["rehearse", "--strategy", "graft", "--load", "60", "--accept", accepted]);
    reached("behind a stream block", &answer);
    assert_eq!(new_client(&answer)["server"], "cc.example.test:4444", "{answer:#}");
}

#[test]
fn who_is_let_in_is_asked_as() {
    let heads = [
        "listen 80; server_name cc.example.test; allow 127.0.0.1; deny all;",
        "listen 80; server_name cc.example.test; allow 192.0.2.0/24; deny all;",
        "listen 10.20.30.40:80; server_name cc.example.test; allow 10.20.30.40; deny all;",
        "listen 80; server_name cc.example.test; satisfy any; allow 192.0.2.7; deny all; auth_basic a; auth_basic_user_file /etc/nginx/users;",
        "listen 80; server_name cc.example.test; auth_basic a; auth_basic_user_file users;",
    ];
    all_at_once(&heads, |head| {
        let server = tree(head);
        server.write("etc/nginx/users", "agent:{PLAIN}x\n");
        reached(head, &rehearse(&server, "60"));
    });
}

#[test]
fn what_nobody_can_ask_is_said_before_and_not_called_proven() {
    let tls = format!("listen 443 ssl; server_name cc.example.test; {TLS}");
    let heads = [
        ("listen 80; server_name \"\";".to_owned(), "no host name is known"),
        (r"listen 80; server_name ~^(?!other)cc\d\.test$;".to_owned(), "no host name is known"),
        (format!("{tls} ssl_reject_handshake on;"), "refuses every TLS handshake (ssl_reject_handshake at"),
        (
            format!("{tls} ssl_verify_client on; ssl_client_certificate /etc/nginx/tls/motion.crt;"),
            "demands a certificate of its clients (ssl_verify_client at",
        ),
        (
            "listen 80; server_name cc.example.test; deny all;".to_owned(),
            "this machine is not let in (deny all at",
        ),
        (
            "listen 80; server_name cc.example.test; auth_basic a; auth_basic_user_file /etc/nginx/$host.users;"
                .to_owned(),
            "it asks for a password (auth_basic at",
        ),
    ];
    all_at_once(&heads, |(head, why)| {
        let server = tree(head);
        let before = server.json(&["check"]);
        let foreseen = finding(&before, "routes.not-asked");
        assert_eq!(foreseen["level"], "warn", "{head}");
        assert!(foreseen["evidence"].to_string().contains(why), "{head}: {foreseen:#}");
        let answer = rehearse(&server, "60");
        assert_eq!(
            (&answer["exit_code"], &answer["outcome"]),
            (&1.into(), &"failed".into()),
            "{head}: {answer:#}"
        );
        let message = answer["error"]["message"].to_string();
        assert!(
            message.contains("the new route could not be asked") && message.contains(why),
            "{head}: {message}"
        );
        assert_eq!(answer["reload"]["proven"], true, "{head}: only the route is in question");
    });
    // Another door of the same block is open.
    let plain =
        format!("listen 8080; {tls} ssl_verify_client on; ssl_client_certificate /etc/nginx/tls/motion.crt;");
    reached("a plain door", &rehearse(&tree(&plain), "60"));
}

/// A candidate with a plain prefix, and what the customer's own file takes away from it.
fn taken_away(local: &str) -> Value {
    let server = Server::copy("standalone");
    let site =
        |more: &str| format!("server {{ listen 80; server_name cc.example.test;\n{more}\n{ROUTES} }}\n");
    let client = "location = /user-ui { return 301 /user-ui/; }\n\
        location /user-ui { alias /var/opt/motion2/client-new/dist; try_files $uri $uri/ /user-ui/index.html; }";
    server.write(SITE, site(local));
    server.write("base.conf", site(""));
    server.write("candidate.conf", site(client));
    let [base, candidate] = ["base.conf", "candidate.conf"].map(|name| server.at(name).display().to_string());
    server.json(&["rehearse", "--candidate", &candidate, "--base", &base, "--load", "20"])
}

#[test]
fn a_file_of_the_new_client_that_motion_gets_instead_is_seen() {
    for (kinds, file) in [
        ("js|css|svg", "the page's script /user-ui/main.3f2a9c1b.js answers 404"),
        ("css", "the page's style sheet /user-ui/styles.9b81d3f0.css answers 404"),
    ] {
        let answer = taken_away(&format!(
            r"location ~* \.(?:{kinds})$ {{ proxy_pass http://127.0.0.1:9000; expires 7d; }}"
        ));
        assert_eq!(answer["exit_code"], 1, "{answer:#}");
        assert_eq!(finding(&answer, "routes.elsewhere")["level"], "stop", "{answer:#}");
        assert!(answer["error"]["message"].to_string().contains(file), "{answer:#}");
    }
    // What answers a page for everything is no style sheet either.
    let answer =
        taken_away("location ~* \\.css$ { types { } default_type text/html; return 200 \"<p>page\"; }");
    assert_eq!(answer["exit_code"], 1, "{answer:#}");
    assert!(answer["error"]["message"].to_string().contains("is served as \\\"text/html\\\""), "{answer:#}");
    assert_eq!(taken_away("location /own/ { return 204; }")["exit_code"], 0);
}
