//! The work that a configuration makes grows as the configuration does.
//!
//! Invariant: work is counted, not timed: directives that were looked at while inspecting the tree and
//! planning its migration (feature `count-work` of `nginx-config`). Twice the lines must not be more
//! than about twice the work, whatever the lines are.

use crate::support::binary::{SITE, Server};
use motionctl::host::Root;
use motionctl::inspect::{Inspection, Options, inspect, survey};
use motionctl::plan::bundle::Bundle;
use motionctl::plan::{PlanInput, Strategy, WantedGuard, WantedStrategy, migrate};
use nginx_config::merge::Resolutions;
use nginx_config::work;

/// What twice the lines may cost: a little more than twice, for what does not grow with them.
const MOST: f64 = 2.3;

/// Directives looked at for a tree that `edit` made of the plain fixture; `and_then` may do more with what was seen.
fn work_for(edit: impl FnOnce(&Server), and_then: impl FnOnce(&Inspection)) -> u64 {
    let server = Server::copy("standalone");
    edit(&server);
    let root = Root::at(server.path()).expect("a root");
    let before = work::count();
    let inspection = inspect(&root, &Options::default()).unwrap_or_else(|failure| panic!("{failure:?}"));
    drop(survey(&root, &inspection));
    and_then(&inspection);
    work::count() - before
}

fn plan(inspection: &Inspection) {
    let wanted = PlanInput {
        strategy: WantedStrategy::Named(Strategy::Graft),
        candidate: None,
        base: None,
        memory: None,
        keeping: None,
        unknown: None,
        resolutions: Resolutions::none(),
        take: Vec::new(),
        carry: None,
        local_include: None,
        companions: Vec::new(),
        named: std::collections::BTreeMap::new(),
        guards: WantedGuard::Say,
    };
    let planned = migrate(&inspection.facts, &inspection.config, &Bundle::embedded(), &wanted);
    assert!(!planned.expect("a plan").plan.is_empty(), "the route is missing and is added");
}

/// Compares so many lines with twice as many.
fn check(name: &str, lines: usize, edit: impl Fn(&Server, usize)) {
    compare(name, lines, |lines| work_for(|server| edit(server, lines), plan));
}

/// The same where so much is not known that nothing is planned.
fn check_looking(name: &str, lines: usize, edit: impl Fn(&Server, usize)) {
    compare(name, lines, |lines| work_for(|server| edit(server, lines), |_| ()));
}

fn compare(name: &str, lines: usize, work: impl Fn(usize) -> u64) {
    let [once, twice] = [lines, 2 * lines].map(work);
    let grown = twice as f64 / once as f64;
    assert!(grown > 1.2, "{name}: the lines are not what is counted: {once} and {twice}");
    assert!(grown <= MOST, "{name}: {once} directives for {lines}, {twice} for twice as many: {grown:.2}");
}

/// Puts lines in front of the site's own `/api/`.
fn in_site(server: &Server, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    server.replace(SITE, "    location /api/ {", &format!("{lines}    location /api/ {{"));
}

fn blocks(lines: usize, block: impl Fn(usize) -> String) -> String {
    (0..lines).map(block).collect()
}

#[test]
fn other_server_blocks_cost_what_they_hold() {
    check("blocks in one file", 300, |server, lines| {
        let block = |n| {
            format!("server {{ listen 80; server_name s{n}.example.test; location / {{ return 204; }} }}\n")
        };
        server.write("etc/nginx/conf.d/other.conf", blocks(lines, block));
    });
    check("a block a file", 150, |server, lines| {
        for n in 0..lines {
            let text = format!("server {{ listen 80; server_name s{n}.example.test; root /srv/{n}; }}\n");
            server.write(&format!("etc/nginx/conf.d/other-{n}.conf"), text);
        }
    });
    check("proxied applications on ports of their own", 200, |server, lines| {
        let block = |n| {
            let port = 20_000 + n;
            format!(
                "server {{ listen {port}; server_name s{n}.example.test; set $node 127.0.0.1:{port};\n\
                 location / {{ proxy_pass http://$node; }}\n\
                 location /files// {{ root /srv; }} }}\n"
            )
        };
        server.write("etc/nginx/conf.d/other.conf", blocks(lines, block));
    });
}

#[test]
fn blocks_that_all_serve_motion_cost_what_they_hold() {
    check("more names for Motion", 60, |server, lines| {
        let block = |n| {
            format!(
                "server {{ listen 80; server_name motion{n}.example.test;\n\
                 location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
                 location / {{ proxy_pass http://127.0.0.1:9000; }} }}\n"
            )
        };
        server.write("etc/nginx/conf.d/motion-more.conf", blocks(lines, block));
    });
}

#[test]
fn locations_beside_motions_own_cost_what_they_hold() {
    check("prefixes", 300, |server, lines| {
        in_site(server, (0..lines).map(|n| format!("    location /l{n}/ {{ return 204; }}\n")));
    });
    check("names of many lengths", 100, |server, lines| {
        in_site(
            server,
            (0..lines).map(|n| format!("    location ^~ /{}/ {{ return 204; }}\n", "x".repeat(n + 1))),
        );
    });
    check("proxied ones", 300, |server, lines| {
        let line = |n| format!("    location /l{n}/ {{ proxy_pass http://127.0.0.1:{}; }}\n", 20_000 + n);
        in_site(server, (0..lines).map(line));
    });
    check("exact and named ones", 300, |server, lines| {
        let line = |n| {
            format!("    location = /l{n} {{ try_files /no @l{n}; }}\n    location @l{n} {{ return 204; }}\n")
        };
        in_site(server, (0..lines).map(line));
    });
    // Beyond 64 ways it is not told what answers.
    check_looking("conditions", 150, |server, lines| {
        in_site(server, (0..lines).map(|n| format!("    if ($http_x_kind = \"a{n}\") {{ return 403; }}\n")));
    });
    check("regular expressions", 300, |server, lines| {
        in_site(server, (0..lines).map(|n| format!("    location ~ ^/l{n}/ {{ return 204; }}\n")));
    });
}
