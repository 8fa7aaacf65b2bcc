//! Random server trees, migrated for real on a running NGINX, which alone says what became of them.
//!
//! Invariant: a tree without a reason against it is migrated: every block of Motion serves the new client,
//! every other answer of the server stays as it was, and rolling back restores them all. A tree with a reason may be
//! refused (3), never half done. `MOTIONCTL_SEED` repeats a run; the seed is printed when it fails.

use crate::support::depth::{self, is_deep, report};
use crate::support::machine::Machine;
use crate::support::said::Said;
use motionctl::host::http::{Address, Client, Reuse, Scheme, Sender, Target};
use motionctl::rehearse::standin::{Role, StandIn};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

const TLS: &str = "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";

/// Lines of Motion's block that speak against nothing.
const HARMLESS: &[&str] = &[
    "if ($http_user_agent ~* (bot|crawl)) { return 403; }",
    "if ($host = \"old.example.test\") { return 444; }",
    "if (-f /etc/nginx/maintenance.on) { return 503; }",
    "if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }",
    "if ($request_method !~ ^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH)$) { return 405; }",
    "rewrite ^/old/(.*)$ /new/$1 last;",
    "rewrite ^(?!/api/)/was/(.*)$ /is/$1 break;",
    "location ~ /\\.(?!well-known).* { deny all; }",
    "location ~* \\.(?:jpe?g|gif|png)$ { expires 30d; proxy_pass UPSTREAM; }",
    "location ~* \\.(?:js|css)$ { expires 1h; proxy_pass UPSTREAM; }",
    "location ~ ^/(\\w)\\1\\.txt$ { return 200 twice; }",
    "location ~ \"^/z{,3}$\" { return 200 z; }",
    "location /user { proxy_pass http://127.0.0.1:8090; }",
    "location = /user-ui.txt { return 200 note; }",
    "location ^~ /reports/ { proxy_pass http://127.0.0.1:8090/; }",
    "location = /status { stub_status; }",
    "error_page 502 503 504 /busy.html; location = /busy.html { return 200 busy; }",
    "client_max_body_size 100m; gzip off; # set by hand",
    "add_header X-Frame-Options SAMEORIGIN always;",
    "include snippets/headers.conf;",
    "limit_req zone=all burst=500 nodelay;",
    "if ($is_robot) { return 403; }",
    "allow 127.0.0.0/8; allow ::1; deny all;",
    "listen [::]:80;",
    "access_log /var/log/nginx/motion.log; error_log /var/log/nginx/motion-error.log warn;",
    "recursive_error_pages on; proxy_intercept_errors off;",
    "location @later { return 503; }",
    "location /x/ { alias /usr/share/nginx/html/; try_files $uri $uri/ @later2; } location @later2 { proxy_pass UPSTREAM; }",
];

/// Lines of Motion's block by which nobody gets in, before or after.
const GUARDS: &[&str] = &["auth_basic motion; auth_basic_user_file /etc/nginx/users;", "deny all;"];

/// Lines that may take the route away, or that somebody has to decide about.
const REASONS: &[&str] = &[
    "rewrite ^(/.+)\\.html$ $1 permanent;",
    "rewrite ^/user-ui/(.*)$ /app/$1 last;",
    "location = /user-ui { return 301 https://new.example.test/; }",
    "location ^~ /user-ui/ { proxy_pass http://127.0.0.1:8090; }",
    "location ~ ^/user-ui/ { return 200 mine; }",
    "error_page 404 =200 /index.html;",
    "if ($uri ~ ^/user-ui) { return 302 /login; }",
];

/// A server tree.
#[derive(Debug, Clone)]
struct Tree {
    layout: Layout,
    /// What passes requests on to Motion, and what has to stand before it.
    upstream: (&'static str, &'static str),
    doors: Doors,
    names: &'static str,
    lines: Vec<&'static str>,
    reason: Option<&'static str>,
    guard: Option<&'static str>,
    /// A second, internal block of Motion.
    internal: bool,
    nested: bool,
    others: Vec<&'static str>,
    others_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    ConfD,
    Enabled,
    OneFile,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Doors {
    One,
    Plain,
    Redirect,
    Two,
}

/// Blocks of other applications; each answers for a host name of its own.
const OTHERS: &[&str] = &[
    "server { listen 80; server_name wiki.example.org; location / { proxy_pass http://127.0.0.1:8090; } }",
    "server { listen 80; listen 443 ssl; server_name app.example.org; TLS\n  location /api/ { proxy_pass http://127.0.0.1:8090; }\n  location /socket.io/ { proxy_pass http://127.0.0.1:8090; }\n  location / { proxy_pass http://127.0.0.1:8090; } }",
    "server { listen 443 ssl; server_name files.example.org; TLS\n  root /usr/share/nginx/html; location ~* \\.(js|css)$ { expires 1d; } }",
    "server { listen 127.0.0.1:8081; location = /nginx_status { stub_status; } }",
    "server { listen 80; server_name gone.example.org; return 410; }",
];

fn tree() -> impl Strategy<Value = Tree> {
    let upstreams = vec![
        ("", "http://127.0.0.1:9000"),
        ("", "http://localhost:9000"),
        ("upstream motion { server 127.0.0.1:9000; keepalive 8; }", "http://motion"),
        ("set $node 127.0.0.1:9000;", "http://$node"),
        ("set $port 9000;", "http://127.0.0.1:$port$request_uri"),
    ];
    let names = vec![
        "cc.example.test",
        "cc.example.test agents.example.test",
        "*.example.test",
        ".example.test",
        "cc.*",
        "~^cc\\d*\\.example\\.test$",
        "_",
    ];
    (
        select(vec![Layout::ConfD, Layout::Enabled, Layout::OneFile]),
        select(upstreams),
        select(vec![Doors::One, Doors::Plain, Doors::Redirect, Doors::Two]),
        select(names),
        subsequence(HARMLESS.to_vec(), 0..5),
        (
            prop::option::weighted(0.2, select(REASONS)),
            prop::option::weighted(0.1, select(GUARDS)),
            prop::bool::weighted(0.2),
        ),
        prop::bool::weighted(0.2),
        subsequence(OTHERS.to_vec(), 0..4),
        any::<bool>(),
    )
        .prop_map(|(layout, upstream, doors, names, lines, more, nested, others, others_first)| Tree {
            layout,
            upstream,
            doors,
            names,
            // An `allow` before it would open what it closes.
            lines: lines.into_iter().filter(|line| more.1.is_none() || !line.starts_with("allow")).collect(),
            reason: more.0,
            guard: more.1,
            internal: more.2,
            nested,
            others,
            others_first,
        })
}

impl Tree {
    /// Motion's blocks and those of others, as one text.
    fn site(&self) -> String {
        let (before, upstream) = self.upstream;
        let pass = format!("proxy_pass {upstream};");
        let inner = format!("location /api/ {{ {pass} }}\n  location /socket.io/ {{ {pass} }}");
        let locations = if self.nested {
            format!("location / {{ {pass}\n  {inner} }}")
        } else {
            format!("{inner}\n  location / {{ {pass} }}")
        };
        let set = if before.starts_with("set") { before } else { "" };
        let lines = self
            .lines
            .iter()
            .chain(&self.reason)
            .chain(&self.guard)
            .map(|line| line.replace("UPSTREAM", upstream));
        let lines = lines.collect::<Vec<_>>().join("\n  ");
        let names = self.names;
        // Otherwise the first block of the address answers for names that nobody has.
        let default = if names == "_" { " default_server" } else { "" };
        let (plain, tls) = (format!("listen 80{default};"), format!("listen 443 ssl{default};"));
        let block = |listen: &str, certificate: &str| {
            format!(
                "server {{ {listen} server_name {names}; {certificate}\n  {set}\n  {lines}\n  {locations}\n}}\n"
            )
        };
        let motion = match self.doors {
            Doors::One => block(&format!("{plain} {tls}"), TLS),
            Doors::Plain => block(&plain, ""),
            Doors::Redirect => {
                format!(
                    "server {{ listen 80; server_name {names}; return 301 https://$host$request_uri; }}\n"
                ) + &block("listen 443 ssl;", TLS)
            }
            Doors::Two => block(&plain, "") + &block(&tls, TLS),
        };
        let internal =
            format!("server {{ listen 127.0.0.1:8082; server_name localhost; {set}\n  {locations}\n}}\n");
        let motion = if self.internal { motion + &internal } else { motion };
        let others = self.others.join("\n").replace("TLS", TLS) + "\n";
        let pool = if before.starts_with("upstream") { before } else { "" };
        if self.others_first {
            format!("{pool}\n{others}{motion}")
        } else {
            format!("{pool}\n{motion}{others}")
        }
    }

    fn write(&self, folder: &Path) {
        let at = |name: &str| folder.join(name);
        for name in ["conf.d", "sites-enabled", "sites-available"] {
            let _absent = fs::remove_dir_all(at(name));
            fs::create_dir(at(name)).expect("a folder");
        }
        fs::create_dir_all(at("snippets")).expect("a folder");
        let headers =
            "add_header Strict-Transport-Security max-age=1; proxy_set_header X-Real-IP $remote_addr;\n";
        fs::write(at("snippets/headers.conf"), headers).expect("writing");
        fs::write(at("users"), "").expect("writing");
        let main = |include: &str| {
            format!(
                "user www-data; worker_processes 2; pid /run/nginx.pid; error_log /var/log/nginx/error.log;\n\
                 events {{ }}\nhttp {{\n  include mime.types; access_log off;\n\
                   limit_req_zone $binary_remote_addr zone=all:1m rate=500r/s;\n\
                   map $http_user_agent $is_robot {{ default 0; ~*robot 1; }}\n{include}\n}}\n"
            )
        };
        let include = match self.layout {
            Layout::ConfD => {
                fs::write(at("conf.d/motion.conf"), self.site()).expect("writing");
                "include /etc/nginx/conf.d/*.conf;".to_owned()
            }
            Layout::Enabled => {
                fs::write(at("sites-available/callcentre"), self.site()).expect("writing");
                symlink("../sites-available/callcentre", at("sites-enabled/callcentre")).expect("a link");
                "include sites-enabled/*;".to_owned()
            }
            Layout::OneFile => self.site(),
        };
        fs::write(at("nginx.conf"), main(&include)).expect("writing");
    }

    /// Whom to ask: host name, port, and whether the new client belongs there.
    fn doors(&self) -> Vec<(&'static str, u16, bool)> {
        let name = "cc.example.test";
        let mut doors = match self.doors {
            Doors::One | Doors::Two => vec![(name, 80, true), (name, 443, true)],
            Doors::Plain => vec![(name, 80, true)],
            Doors::Redirect => vec![(name, 80, false), (name, 443, true)],
        };
        if self.internal {
            doors.push(("localhost", 8082, true));
        }
        for (host, port) in [
            ("wiki.example.org", 80),
            ("app.example.org", 443),
            ("app.example.org", 80),
            ("files.example.org", 443),
        ] {
            let listens = if port == 80 { "listen 80" } else { "listen 443" };
            if self.others.iter().any(|block| block.contains(host) && block.contains(listens)) {
                doors.push((host, port, false));
            }
        }
        doors
    }
}

const CLIENTS: &[&str] = &["/user-ui/login", "/user-ui/main.3f2a9c1b.js", "/user-ui/styles.9b81d3f0.css"];
const OTHER_URIS: &[&str] = &[
    "/", "/login", "/api/users", "/socket.io/x", "/app.js", "/logo.png", "/old/x", "/was/x", "/.git/config",
    "/aa.txt", "/zz", "/user", "/users/1", "/user-ui.txt", "/reports/x", "/busy.html", "/page.html", "/none",
];

/// Status, target of a redirect and body, or that there is no answer.
fn ask(machine: &Machine, host: &str, port: u16, uri: &str) -> String {
    let scheme = if port == 443 { Scheme::Https } else { Scheme::Http };
    let address = Address::Tcp(([127, 0, 0, 1], port).into());
    let target = Target { address, scheme, server_name: host.to_owned(), port, sender: Sender::default() };
    let end = Instant::now() + Duration::from_secs(20);
    match machine.inside(|| Client::new(&target, Reuse::Never).get(uri, end)) {
        Ok(answer) => {
            format!("{} {:?} {}", answer.status, answer.location, String::from_utf8_lossy(&answer.body))
        }
        Err(_) => "no answer".to_owned(),
    }
}

type Answers = Vec<((&'static str, u16, &'static str), String)>;

fn ask_all(machine: &Machine, tree: &Tree, uris: &[&'static str], only: Option<bool>) -> Answers {
    let doors = tree.doors().into_iter().filter(|(_, _, motion)| only.is_none_or(|only| only == *motion));
    let asked = doors.flat_map(|(host, port, _)| uris.iter().map(move |uri| (host, port, *uri)));
    asked.map(|(host, port, uri)| ((host, port, uri), ask(machine, host, port, uri))).collect()
}

/// What is wrong with a migration, if anything.
fn judge(machine: &Machine, tree: &Tree) -> Result<Verdict, String> {
    let all: Vec<&'static str> = CLIENTS.iter().chain(OTHER_URIS).copied().collect();
    let before = ask_all(machine, tree, &all, None);
    let done = machine.apply(&["--no-db"]);
    let code = done.code;
    if code != 0 {
        let after = ask_all(machine, tree, &all, None);
        same(&before, &after).map_err(|error| format!("refused, but {error}"))?;
        return match (code, tree.reason) {
            (3, Some(_)) => Ok(Verdict::Refused),
            _ => Err(format!("exit {code} without a reason: {}", told(&done))),
        };
    }
    let others = ask_all(machine, tree, OTHER_URIS, None);
    same(&before, &others)?;
    same(&before, &ask_all(machine, tree, CLIENTS, Some(false)))?;
    for ((host, port, uri), answer) in ask_all(machine, tree, CLIENTS, Some(true)) {
        let is_closed = tree.guard.is_some() && port != 8082;
        let is_new = match uri {
            _ if is_closed => answer.starts_with("401") || answer.starts_with("403"),
            _ if !answer.starts_with("200") => false,
            "/user-ui/login" => answer.contains("<base href=\"/user-ui/\">"),
            _ => !answer.contains("ng-app") && !answer.contains("GET /"),
        };
        if !is_new {
            let short: String = answer.chars().take(120).collect();
            return Err(format!("applied, but {host}:{port}{uri} is {short}: {}", told(&done)));
        }
    }
    let undone = machine.motionctl(&["rollback", "--yes", "--json"]);
    if undone.code != 0 {
        return Err(format!("rolling back: {}", told(&undone)));
    }
    same(&before, &ask_all(machine, tree, &all, None))
        .map_err(|error| format!("rolled back, but {error}"))?;
    Ok(Verdict::Migrated)
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Migrated,
    Refused,
}

fn same(before: &Answers, after: &Answers) -> Result<(), String> {
    for (asked, now) in after {
        let (_, then) = before.iter().find(|(other, _)| other == asked).expect("asked before");
        // The status page counts its own requests.
        if then != now && !then.contains("Active connections") {
            return Err(format!("{asked:?} was {then:?} and is {now:?}"));
        }
    }
    Ok(())
}

fn told(done: &Said) -> String {
    let stops = done.json["findings"].as_array().into_iter().flatten();
    let stops: Vec<String> = stops
        .filter(|finding| finding["level"] == "stop")
        .map(|finding| format!("{} {} {}", finding["code"], finding["title"], finding["evidence"]))
        .collect();
    format!("{} {stops:?}", done.error())
}

#[test]
fn any_server_is_migrated_whole_or_refused_for_a_reason() {
    let seed = depth::seed();
    let mut runner = depth::drawing_from(seed);
    let trees = if is_deep() { 150 } else { 8 };
    let machine = Machine::stopped("standalone", |_| ());
    let other = "127.0.0.1:8090".parse().expect("an address");
    let _other = machine.inside(|| StandIn::http(other, Role::Motion).expect("a stand-in"));
    let (mut migrated, mut refused, mut wrong) = (0, 0, Vec::new());
    for number in 0..trees {
        let tree = tree().new_tree(&mut runner).expect("drawn").current();
        tree.write(&machine.path("/etc/nginx"));
        machine.start_nginx();
        match judge(&machine, &tree) {
            Ok(Verdict::Migrated) => migrated += 1,
            Ok(Verdict::Refused) => refused += 1,
            Err(error) => {
                wrong.push(format!("seed {seed}, tree {number}: {error}\n{tree:?}\n{}", tree.site()))
            }
        }
        machine.shell("nginx -s quit; while [ -e /run/nginx.pid ]; do sleep 0.01; done");
        let _absent = fs::remove_dir_all(machine.path("/var/lib/motionctl"));
        let _absent = fs::remove_dir_all(machine.path("/var/backups/motionctl"));
    }
    report(&format!("trees, random servers: seed {seed}, {migrated} migrated, {refused} refused"), "");
    assert!(wrong.is_empty(), "{} of {trees} are wrong\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(migrated * 2 > trees, "{migrated} of {trees}");
}
