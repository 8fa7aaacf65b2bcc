//! Small merges, case by case.
//!
//! Invariant: `check` compares the merged bytes and the four counts.

use super::*;

fn trees(sources: [&str; 3]) -> [Tree; 3] {
    sources.map(|source| Tree::parse(source).expect("parses"))
}

/// The merged text, and how many local changes are carried, already present,
/// conflicting and dropped.
fn check(sources: [&str; 3], expect: &str, counts: [usize; 4]) {
    let [base, ours, theirs] = trees(sources);
    let merged = merge(&base, &ours, &theirs, &Resolutions::none()).expect("parses");
    let lists = &merged.lists;
    let found = [&lists.carried, &lists.already_present, &lists.conflicting, &lists.dropped].map(Vec::len);
    assert_eq!(found, counts, "{sources:?}: {lists:?}");
    let text = merged
        .text()
        .map_or_else(|error| error.to_string(), |text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(text, expect, "{sources:?}");
    if let Ok(splices) = merged.splices() {
        let spliced = crate::splice(ours.source(), splices).expect("apart");
        assert_eq!(String::from_utf8_lossy(&spliced), text, "{sources:?}");
    }
}

#[test]
fn neighbours_do_not_conflict() {
    check(
        [
            "client_max_body_size 1m;\nproxy_read_timeout 60s;\n",
            "client_max_body_size 9m;\nproxy_read_timeout 60s;\n",
            "client_max_body_size 1m;\nproxy_read_timeout 90s;\n",
        ],
        "client_max_body_size 9m;\nproxy_read_timeout 90s;\n",
        [1, 0, 0, 0],
    );
}

#[test]
fn identities_hold() {
    let x = "# a\nserver { # b\n  listen 80;\n\n  gzip on; # c\n}\n# d\n";
    let b = "server {\n  listen 80;\n  gzip off;\n}\n";
    check([b, x, b], x, [4, 0, 0, 0]);
    check([b, b, x], x, [0, 0, 0, 0]);
    check([b, x, x], x, [0, 4, 0, 0]);
}

#[test]
fn new_directives_take_the_place_they_have_in_theirs() {
    check(
        [
            "s {\n\ta;\n\tb;\n}\n",
            "s {\n\ta;\n\tlocal;\n\tb;\n}\n",
            "s {\n    a;\n    b;\n    # why\n    new {\n        x;\n    } # end\n}\n",
        ],
        "s {\n\ta;\n\tlocal;\n\tb;\n\t# why\n\tnew {\n\t\tx;\n\t} # end\n}\n",
        [1, 0, 0, 0],
    );
    check(["s { a; }", "s { a; l; }", "s { n; a; }"], "s { n; a; l; }", [1, 0, 0, 0]);
    check(["", "a;\n", "b;\n"], "a;\nb;\n", [1, 0, 0, 0]);
    check(["s {}", "s {} l;", "s { n { x; } }"], "s { n { x; } } l;", [1, 0, 0, 0]);
}

#[test]
fn removals_take_their_comments_along() {
    check(["a;\n# of b\nb;\nc;\n", "a;\n# of b\nb;\nc;\nl;\n", "a;\nc;\n"], "a;\nc;\nl;\n", [1, 0, 0, 0]);
    check(
        ["a;\n\n# apart\n\nb;\nc;\n", "a;\n\n# apart\n\nb;\nc;\nl;\n", "a;\nc;\n"],
        "a;\n\n# apart\n\nc;\nl;\n",
        [1, 0, 0, 0],
    );
}

#[test]
fn nothing_follows_a_comment_on_its_line() {
    check(["a;\nb;", "a; # x\nb;\nl;", "b;\nn; # y"], "b;\nn; # y\nl;", [1, 0, 0, 1]);
    check(["s { a; }", "s { a; # x\n }", "s { a; n; }"], "s { a; # x\n    n;\n }", [1, 0, 0, 0]);
    check(["s {\n}", "s {\n  l; # x\n}", "s {\n  n; # y\n}"], "s {\n  l; # x\n  n; # y\n}", [1, 0, 0, 0]);
}

#[test]
fn a_comment_within_a_replaced_directive_is_said_to_be_lost() {
    check(["gzip on;\nx;", "gzip # why\n on;\nx;", "gzip off;\nx;"], "gzip off;\nx;", [0, 0, 0, 1]);
}

#[test]
fn a_file_header_is_not_doubled() {
    check(
        ["# file\n\na;\n", "# file\n# ours\n\na;\nl;\n", "# file\n# ours\n\nmap $a $b { x y; }\n\na;\n"],
        "# file\n# ours\n\nmap $a $b { x y; }\na;\nl;\n",
        [1, 1, 0, 0],
    );
}

#[test]
fn deep_and_wide_files_take_little_time() {
    let nest = |inside: &str| "a{".repeat(20_000) + inside + &"}".repeat(20_000);
    let [base, ours, theirs] = [nest("x;"), nest("x;l;"), nest("x;n;")];
    check([&base, &ours, &theirs], &nest("x; n;l;"), [1, 0, 0, 0]);
    let wide = |value: u8, count: usize| -> String {
        (0..count)
            .map(|number| format!("location /{number} {{ proxy_read_timeout {value}s; gzip on; }}\n"))
            .collect()
    };
    let (base, theirs) = (wide(1, 5_000), wide(2, 5_001));
    let ours = base.replace("gzip on", "gzip off");
    check([&base, &ours, &theirs], &theirs.replacen("gzip on", "gzip off", 5_000), [5_000, 0, 0, 0]);
}

#[test]
fn what_is_new_in_an_ordered_list_keeps_its_place_in_the_list() {
    check(
        [
            "rewrite a b;\ngzip on;\nrewrite c d;\n",
            "gzip on;\nrewrite a b;\nrewrite c d;\n",
            "rewrite a b;\ngzip on;\nrewrite x y;\nrewrite c d;\n",
        ],
        "gzip on;\nrewrite a b;\nrewrite x y;\nrewrite c d;\n",
        [0, 0, 0, 0],
    );
}

#[test]
fn an_open_conflict_gives_no_text_and_a_choice_does() {
    let [base, ours, theirs] = trees(["gzip on;", "gzip off;", "gzip always;"]);
    let merged = |choice| {
        let resolutions = Resolutions::none().with("gzip", choice).with("root", choice);
        let merged = merge(&base, &ours, &theirs, &resolutions).expect("parses");
        assert_eq!(merged.unused, ["root"]);
        String::from_utf8(merged.text().expect("resolved").to_vec()).expect("UTF-8")
    };
    assert_eq!(
        merge(&base, &ours, &theirs, &Resolutions::none()).expect("parses").text(),
        Err(Unresolved { count: 1 })
    );
    assert_eq!((merged(Choice::Ours), merged(Choice::Theirs)), ("gzip off;".into(), "gzip always;".into()));
}

/// A server block that proxies to `port`.
fn server(listen: &str, name: &str, port: u16, more: &str) -> String {
    format!(
        "server {{\n listen {listen};\n server_name {name};\n location /api/ {{ proxy_pass http://127.0.0.1:{port}; }}\n \
         {more}location / {{ proxy_pass http://127.0.0.1:{port}; }}\n}}\n"
    )
}

/// The doubts of a merge, where the vendor adds a location.
fn doubts(base: &str, ours: &str, chosen: &[usize]) -> (Vec<Doubt>, Option<String>) {
    let theirs = base.replace("location / ", "location /new { root /x; }\n location / ");
    let [base, ours, theirs] = trees([base, ours, &theirs]);
    let chosen: Vec<_> = chosen.iter().map(|&at| ours.roots()[at]).collect();
    let merged = merge_into(&base, &ours, &theirs, &Resolutions::none(), &chosen).expect("parses");
    let text = merged.text().ok().map(|text| String::from_utf8_lossy(text).into_owned());
    (merged.doubts, text)
}

#[test]
fn a_block_that_could_be_several_is_a_doubt_until_one_is_chosen() {
    let base = server("443", "_", 9000, "");
    // That only one of them has exactly the vendor's locations settles nothing.
    let own = "location /own { proxy_pass http://127.0.0.1:9000; } ";
    let two = server("443", "a", 9000, own) + &server("443", "b", 9000, "");
    let (found, text) = doubts(&base, &two, &[]);
    assert_eq!(text, None);
    let [doubt] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((doubt.from, doubt.block.as_str()), (From::Base, "server _:443"));
    let fits: Vec<_> = doubt.fits.iter().map(|(block, at)| (block.as_str(), at.line)).collect();
    assert_eq!(fits, [("server a:443", 1), ("server b:443", 7)]);
    let (found, text) = doubts(&base, &two, &[1]);
    assert_eq!(found, []);
    let text = text.expect("no doubt is left");
    let (a, b) = text.split_once("server_name b").expect("both stay");
    assert!(!a.contains("/new") && b.contains("/new"), "{text}");
}

#[test]
fn listen_and_upstream_tell_blocks_apart_before_anything_is_doubted() {
    let certain = |base: &str, ours: &str, served: &str| {
        let (found, text) = doubts(base, ours, &[]);
        assert_eq!(found, [], "{ours}");
        let text = text.expect("no doubt");
        let blocks: Vec<_> = text.split("server {").filter(|block| block.contains("/new")).collect();
        assert!(matches!(blocks.as_slice(), [block] if block.contains(served)), "{text}");
    };
    let base = server("443", "_", 9000, "");
    // Another application, a tenant on another port, an internal block on another address.
    certain(&base, &(server("443", "shop", 3000, "") + &server("443", "cc", 9000, "")), "server_name cc");
    certain(&base, &(server("443", "b", 9001, "") + &server("443", "a", 9000, "")), "server_name a");
    certain(&base, &(server("8080", "in", 9000, "") + &server("443", "cc", 9000, "")), "server_name cc");
    // The name still says more than all of that.
    let named = server("443", "cc", 9000, "");
    certain(&named, &(server("443", "other", 9000, "") + &server("443", "cc", 9001, "")), "server_name cc");
}

#[test]
fn a_path_decides_what_is_no_conflict_and_only_that() {
    let base = "s {\n a 1;\n gzip on;\n location /x {\n  expires 1;\n  etag on;\n }\n}\n";
    let theirs = "s {\n a 1;\n gzip off;\n new;\n location /x {\n  expires 2;\n  etag off;\n }\n}\n";
    let ours = "s {\n a 1;\n own;\n gzip on;\n location /x {\n  expires 1;\n  etag on;\n }\n}\n";
    let decided = |ours: &str, paths: &[(&str, Choice)]| {
        let [base, ours, theirs] = trees([base, ours, theirs]);
        let with = |all: Resolutions, &(path, choice): &(&str, Choice)| all.with(path, choice);
        let resolutions = paths.iter().fold(Resolutions::none(), with);
        let merged = merge(&base, &ours, &theirs, &resolutions).expect("parses");
        assert_eq!(merged.unused, Vec::<String>::new());
        String::from_utf8(merged.text().expect("no conflict").to_vec()).expect("UTF-8")
    };
    use Choice::{Ours, Theirs};
    // Also in a file, and in a block, that nobody changed here.
    for (ours, own) in [(base, ""), (ours, " own;\n")] {
        assert_eq!(
            decided(ours, &[("s / gzip", Ours), ("s / new", Ours), ("s / location /x / etag", Ours)]),
            format!("s {{\n a 1;\n{own} gzip on;\n location /x {{\n  expires 2;\n  etag on;\n }}\n}}\n")
        );
    }
    assert_eq!(decided(ours, &[("s / own", Theirs)]), theirs);
    // A block's path decides the conflicts in it; what only one side changed goes on.
    let [base, ours, theirs] = trees([base, ours, theirs]);
    let whole = merge(&base, &ours, &theirs, &Resolutions::none().with("s", Theirs)).expect("parses");
    assert!(String::from_utf8_lossy(whole.text().expect("no conflict")).contains("own;"));
    assert_eq!(whole.unused, ["s"]);
}

#[test]
fn a_block_that_would_listen_nowhere_is_a_conflict_about_where() {
    let serve = |listens: &str| {
        format!("server {{ {listens}server_name a.test; location / {{ proxy_pass http://b; }} }}")
    };
    let redirect = "server { listen 80; server_name a.test; return 301 https://$host$request_uri; }\n";
    let both = "listen 80; listen 443 ssl; ";
    let six = "listen 80; listen [::]:80; ";
    for (base, ours, theirs) in [
        // The vendor gives up what this server kept.
        (serve(both), serve("listen 80; "), serve("listen 443 ssl; ")),
        (serve(both), serve("listen 80; "), redirect.to_owned() + &serve("listen 443 ssl; ")),
        // A new block of the vendor's takes what this server has in its place.
        (serve("listen 443 ssl; "), serve("listen 80; "), redirect.to_owned() + &serve("listen 443 ssl; ")),
        (serve("listen 443 ssl; listen 80; listen [::]:80; "), serve(six), serve("listen 443 ssl; ")),
    ] {
        let [from, here, there] = trees([&base, &ours, &theirs]);
        let merged = |resolutions: &Resolutions| merge(&from, &here, &there, resolutions).expect("parses");
        let open = merged(&Resolutions::none());
        let paths: Vec<_> = open.open().map(|conflict| conflict.path.as_str()).collect();
        assert_eq!(paths, ["server a.test:80 / listen"], "{base}\n{ours}\n{theirs}");
        let decided = |choice| {
            let merged = merged(&Resolutions::none().with("server a.test:80 / listen", choice));
            assert!(merged.unused.is_empty(), "{:?}", merged.unused);
            String::from_utf8(merged.text().expect("resolved").to_vec()).expect("text")
        };
        assert_eq!(decided(Choice::Ours), ours, "{base}\n{theirs}");
        let vendors = decided(Choice::Theirs);
        assert_eq!(vendors.matches("listen 443 ssl;").count(), 1, "{vendors}");
        assert_eq!(vendors.contains("listen 80;"), theirs.contains("listen 80;"), "{vendors}");
    }
    // What one side alone changed is no conflict.
    let ours = serve("listen 8080; ");
    check([&serve("listen 80; "), &ours, &serve("listen 80; ")], &ours, [2, 0, 0, 0]);
}
