//! Differences as they are shown.
//!
//! Invariant: one `check` for directives, one for what is only cosmetic.

use super::*;
use crate::MemoryReader;
use std::path::Path;

fn changes(old: &str, new: &str) -> Changes {
    let [old, new] = [old, new].map(|source| Tree::parse(source).expect("parses"));
    diff(&old, &new)
}

fn check(old: &str, new: &str, expect: &[(&str, &str, Option<&str>, Option<&str>)]) {
    let changes = changes(old, new);
    let shown: Vec<_> = changes
        .rows()
        .map(|row| (row.path.as_str(), row.directive.as_str(), row.old.as_deref(), row.new.as_deref()))
        .collect();
    assert_eq!(shown, expect, "{old} → {new}");
    assert_eq!(changes.is_empty(), expect.is_empty());
}

fn check_cosmetic(old: &str, new: &str, expect: &[(Kind, &str, &str, &str)]) {
    let changes = changes(old, new);
    assert_eq!(changes.directives, [], "{old} → {new}");
    let text =
        |version: &Option<Version>| version.as_ref().map(|found| found.text.clone()).unwrap_or_default();
    let shown: Vec<_> = changes
        .cosmetic
        .iter()
        .map(|change| (change.kind, change.directive.clone(), text(&change.old), text(&change.new)))
        .collect();
    let shown: Vec<_> =
        shown.iter().map(|(kind, a, b, c)| (*kind, a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(shown, expect, "{old} → {new}");
}

#[test]
fn differences_are_by_block_and_directive() {
    check("gzip on; listen 80;", "listen   80; gzip on;", &[]);
    check("gzip on;", "gzip off;", &[("", "gzip", Some("on"), Some("off"))]);
    check("a 1; a 2;", "a 2; a 3;", &[("", "a", Some("1"), None), ("", "a", None, Some("3"))]);
    check("a 1; a 1;", "a 1;", &[("", "a", Some("1"), None)]);
    let server = |inside: &str| format!("server {{ listen 443; server_name a.test; {inside} }}");
    check(
        &server("location /x/ { proxy_pass http://b; gzip on; }"),
        &server(""),
        &[
            ("server a.test:443 / location /x/", "proxy_pass", Some("http://b"), None),
            ("server a.test:443 / location /x/", "gzip", Some("on"), None),
        ],
    );
    check(
        &server("location /x/ { }"),
        &server("location ^~ /x/ { }"),
        &[("server a.test:443", "location", Some("/x/"), Some("^~ /x/"))],
    );
    check("location /x/ { }", "", &[("", "location", Some("/x/"), None)]);
    check(
        "set $my_token a;",
        "set $my_token b;",
        &[("", "set", Some("$my_token [redacted]"), Some("$my_token [redacted]"))],
    );
    check(
        "content_by_lua_block { a }",
        "content_by_lua_block { b }",
        &[(
            "",
            "content_by_lua_block",
            Some("{ 1 line, sha256:ca978112 }"),
            Some("{ 1 line, sha256:3e23e816 }"),
        )],
    );
    check(
        "location ~ a {} location ~ b {}",
        "location ~ b {} location ~ a {}",
        &[("", "location", Some("~ a"), Some("~ a"))],
    );
}

#[test]
fn comments_and_space_are_kept_apart() {
    check_cosmetic("a;", "# why\na;", &[(Kind::Comment, "a", "", "# why")]);
    check_cosmetic("a 'b';", "a b;", &[(Kind::Spacing, "a b", "a 'b'", "a b")]);
    check_cosmetic("a;\n", "a;\n# end\n", &[(Kind::Comment, "", "", "")]);
    check_cosmetic(
        "# set $a_token x;\na;",
        "# set $a_token y;\na;",
        &[(Kind::Comment, "a", "# set $a_token [redacted];", "# set $a_token [redacted];")],
    );
}

#[test]
fn whole_configurations_name_the_file() {
    let reader = |value: &str| {
        MemoryReader::new().with("/etc/nginx.conf", "http { server { include /etc/part; } }").with(
            "/etc/part",
            format!("listen 443; server_name a.test;\nlocation / {{ proxy_read_timeout {value}; }}"),
        )
    };
    let load = |value: &str| {
        Config::load(Path::new("/etc/nginx.conf"), Path::new("/etc"), &reader(value)).expect("loads")
    };
    let (old, new) = (load("60s"), load("600s"));
    let changes = diff(&old, &new);
    let [change] = changes.directives.as_slice() else { panic!("one change") };
    assert_eq!(change.path, "http / server a.test:443 / location /");
    let version = change.new.as_ref().expect("changed");
    assert_eq!(version.file.as_deref(), Some(Path::new("/etc/part")));
    assert_eq!((version.position.line, version.text.as_str()), (2, "proxy_read_timeout 600s;"));
    let flat = Tree::parse(
        "http { server { listen 443; server_name a.test; location / { proxy_read_timeout 60s; } } }",
    );
    assert!(diff(&old, &flat.expect("parses")).is_empty(), "where a directive stands does not matter");
}
