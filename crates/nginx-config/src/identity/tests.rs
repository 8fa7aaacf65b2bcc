//! Keys, table row by table row.
//!
//! Invariant: one `check` says whether two directives are the same thing.

use super::*;
use crate::Tree;

fn identities(source: &str) -> Vec<Identity> {
    let tree = Tree::parse(source).expect("parses");
    let of = |id: &crate::DirectiveId| {
        let directive = tree.directive(*id);
        let children = directive.children().iter().map(|child| tree.directive(*child));
        Identity::of(directive.parent.map(|id| tree.directive(id)), directive, children)
    };
    tree.roots().iter().map(of).collect()
}

/// Whether two directives are the same thing by their keys.
fn check(first: &str, second: &str, same: bool) {
    let (first_key, second_key) = (&identities(first)[0].key, &identities(second)[0].key);
    assert_eq!(first_key == second_key, same, "{first} and {second}");
}

#[test]
fn the_table_is_sorted() {
    assert!(RULES.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn keys_follow_the_table() {
    check("proxy_read_timeout 1s;", "proxy_read_timeout 2s;", true);
    check("proxy_set_header A 1;", "proxy_set_header A 2;", true);
    check("proxy_set_header A 1;", "proxy_set_header B 1;", false);
    check("unknown a 1;", "unknown a 2;", true);
    check("unknown a;", "unknown b;", false);
    check("unknown a;", "unknown a {}", false);
    check("location /x {}", "location ^~ /x {}", true);
    check("location /x {}", "location = /x {}", false);
    check("location =/x {}", "location = /x {}", true);
    check("listen 443 ssl;", "listen *:443;", true);
    check("listen [::]:443;", "listen 443;", false);
    check("listen 443 quic;", "listen *:443 reuseport quic;", true);
    check("listen 443 quic;", "listen 443 ssl;", false);
    check("server { listen 443 quic; server_name a; }", "server { listen 443 ssl; server_name a; }", false);
    check("listen [::1];", "listen [::1]:80;", true);
    check("listen 127.0.0.1;", "listen 127.0.0.1:80 default_server;", true);
    check("error_page 500 502 /a;", "error_page 502 500 /b;", true);
    check("error_page 500 /a;", "error_page 502 /a;", false);
    check("map $a $b {}", "map $c $b {}", true);
    check("upstream a {}", "upstream b {}", false);
    check("limit_req zone=a:1m;", "limit_req burst=5 zone=a;", true);
    check("if ($a) {}", "if ($b) {}", false);
    check("allow 10.0.0.1;", "allow 10.0.0.2;", false);
    check("root /a;", "alias /b;", true);
    check("content_by_lua_block { a }", "content_by_lua_block { b }", true);
    check("server { listen 80; server_name a B; }", "server { server_name b a; }", true);
    check("server { listen 80; }", "server { listen 81; }", false);
    check("more_set_headers 'A: 1';", "more_set_headers 'a: 2';", true);
}

#[test]
fn a_server_is_also_known_by_its_members() {
    let found = identities("server { listen 80; listen 443 ssl; server_name a b; } server { listen 80; }");
    assert_eq!(found[0].members.len(), 4);
    assert!(found[0].half.is_some());
    assert_eq!((found[1].members.len(), &found[1].half), (1, &None));
}
