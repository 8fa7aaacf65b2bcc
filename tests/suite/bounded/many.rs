//! Very many of one thing, and one thing that is very long: a result or a clear error.
//!
//! Invariant: memory is bounded by the text, as the kernel counts it; that work grows as the text does is for `linear`.

use super::deep::{peak, peak_of};
use super::huge::ends;
use crate::support::binary::{Server, binary};
use crate::support::said::answer;
use std::fmt::Write;
use std::fs;

/// What a command takes that looks at little; a debug build.
const PLAIN_KIB: i64 = 60 << 10;

/// What `check` says of a server with this file beside the others.
fn checked(text: String) -> (Server, crate::support::said::Said) {
    let server = Server::copy("standalone");
    server.write("etc/nginx/conf.d/many.conf", text);
    let said = answer(&binary().args(server.arguments(&["check", "--json"])).output().expect("it starts"));
    (server, said)
}

#[test]
fn a_word_of_ten_megabytes_is_refused_at_its_place() {
    let (_server, said) = checked(format!("map $a $b {{\n    x {};\n}}\n", "w".repeat(10 << 20)));
    assert_eq!(said.code, 65, "{said}");
    let message = said.json["error"]["message"].to_string();
    assert!(message.contains("many.conf:2") && message.len() < 1_000, "{message}");
}

#[test]
fn a_hundred_thousand_names_of_one_server_are_read() {
    let names = (0..100_000).fold(String::new(), |mut text, n| {
        write!(text, " n{n}.example.test").expect("text");
        text
    });
    let text = format!(
        "server_names_hash_max_size 524288;\nserver_names_hash_bucket_size 128;\n\
         server {{\n listen 8099;\n server_name{names};\n return 204;\n}}\n"
    );
    let (server, said) = checked(text);
    said.expect(0, "changes-pending");
    let (_, kib) = peak(&server, &["routes", "/", "--json"]);
    assert!(kib < PLAIN_KIB + (100 << 10), "{kib} KiB for a file of 2 MiB");
}

/// 2.3 GB, when each word had its own bytes.
#[test]
fn a_million_directives_are_compared() {
    let server = Server::copy("standalone");
    let text = |changed: usize| {
        (0..1_000_000).fold(String::with_capacity(16 << 20), |mut text, n| {
            let value = if n == changed { "other" } else { "v" };
            writeln!(text, "set $a{n} {value};").expect("text");
            text
        })
    };
    for (name, changed) in [("a.conf", usize::MAX), ("b.conf", 777_777)] {
        fs::write(server.at(name), text(changed)).expect("writing");
    }
    let [a, b] = ["a.conf", "b.conf"].map(|name| server.at(name).display().to_string());
    let (code, kib) = peak_of(&["diff".to_owned(), a, b, "--json".to_owned()]);
    assert_eq!(code, 2, "they differ");
    assert!(kib < 1_800 << 10, "{kib} KiB for two files of 17 MB");
}

#[test]
fn a_pattern_that_matches_more_files_than_are_read_is_named() {
    let server = Server::copy("standalone");
    let folder = server.at("etc/nginx/many");
    fs::create_dir(&folder).expect("a folder");
    for n in 0..100_001 {
        fs::write(folder.join(n.to_string()), "").expect("a file");
    }
    server.write("etc/nginx/conf.d/many.conf", "include /etc/nginx/many/*;\n");
    let said = answer(&binary().args(server.arguments(&["check", "--json"])).output().expect("it starts"));
    assert_eq!(said.code, 65, "{said}");
    let message = said.json["error"]["message"].to_string();
    assert!(message.contains("more than 100000 files"), "{message}");
}

/// Twenty seconds for each megabyte, when what may have been meant by each of them was looked for anew.
#[test]
fn a_table_with_a_hundred_thousand_unknown_columns_is_refused() {
    let server = Server::copy("standalone");
    let table = server.at("agents.csv").display().to_string();
    for (first, expect) in
        [("phone", "no column `username` in the header"), ("username", "no column is called `phone`")]
    {
        fs::write(&table, format!("{first}{}\nx\n", ",phone".repeat(100_000))).expect("a table");
        let said = ends(&server, &["seed", "import", &table]);
        assert_eq!(said.code, 65, "{said}");
        let problems = said.json["problems"].to_string();
        assert!(problems.contains(expect), "{}", &problems[..problems.len().min(1_000)]);
    }
}

/// The square of them, when each value that is missing was compared with each that is there.
#[test]
fn ten_thousand_values_that_a_site_does_not_have_are_told() {
    let server = Server::copy("standalone");
    let many = |line: fn(usize) -> String| (0..10_000).map(line).collect::<String>();
    let (manifest, site) = (server.at("manifest.yaml"), server.at("site.yaml"));
    let asked = many(|n| format!("    - name: '{{{{ site.customer_no_{n} }}}}'\n"));
    fs::write(&manifest, format!("version: 1\nqueues:\n  voice:\n{asked}")).expect("a manifest");
    fs::write(&site, format!("version: 1\nsite:\n{}", many(|n| format!("  customer_number_{n}: x\n"))))
        .expect("a site");
    let [manifest, site] = [manifest, site].map(|path| path.display().to_string());
    let said = ends(&server, &["seed", "validate", &manifest, "--with", &site]);
    assert_eq!(said.code, 65, "{said}");
    let problems = said.json["problems"].to_string();
    assert!(problems.contains("did you mean `customer_number_0`?"), "{}", &problems[..1_000]);
}
