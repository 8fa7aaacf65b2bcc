//! The newest NGINX of Debian's suites beside Debian 12's: what was rehearsed on the one goes the same way on the
//! other, and what only the newer one knows is kept.
//!
//! Invariant: both are real programs; where the newer one cannot be had, the reason is printed.

use super::goes_all_the_way;
use crate::support::binary::{Server, codes, fixture, motionctl};
use crate::support::depth::{evenly, is_deep, report};
use crate::support::machine::Machine;
use crate::support::newest::newest_nginx;
use crate::support::wait::eventually;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Every server tree among the fixtures.
fn trees() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = fs::read_dir(folder).expect("the fixtures").flatten();
    let trees = entries.filter(|entry| entry.path().join("etc/nginx/nginx.conf").exists());
    let mut names: Vec<_> = trees.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What a rehearsal of a fixture comes to; which of its words are a version's own is left out.
fn comes_to(name: &str, strategy: &str, program: &[&str]) -> (Value, Vec<String>, Vec<Value>) {
    let root = fixture(name).display().to_string();
    let road = ["rehearse", "--root", &root, "--strategy", strategy, "--accept", "merge.conflict=ours"];
    let done = motionctl([&road[..], &["--load", "60", "--json"], program].concat()).document();
    let codes = codes(&done).into_iter().filter(|code| code != "nginx.new-warnings").collect();
    let rows = done["probes"].as_array().cloned().unwrap_or_default();
    (done["outcome"].clone(), codes, rows)
}

#[test]
fn every_fixture_goes_the_same_way_on_both() {
    let Some(newest) = newest_nginx("two versions of NGINX") else { return };
    let roads: Vec<_> =
        trees().into_iter().flat_map(|name| [(name.clone(), "graft"), (name, "replace")]).collect();
    let sample = evenly(&roads, 4);
    for (name, strategy) in &sample {
        let (old, new) = std::thread::scope(|scope| {
            let old = scope.spawn(|| comes_to(name, strategy, &[]));
            (comes_to(name, strategy, &["--nginx", &newest]), old.join().expect("it is judged below"))
        });
        assert_eq!(new, old, "{name} {strategy}");
    }
    report(&format!("two versions of NGINX: {} of {} rehearsals alike", sample.len(), roads.len()), "");
}

/// The fixture with HTTP/3 beside HTTP/2, as nginx 1.25 and newer serve it.
fn with_quic(edit: &[(&str, &str)]) -> Server {
    let tree = Server::copy("standalone");
    let site = crate::support::binary::SITE;
    let listens = "listen 443 quic reuseport; listen 443 ssl; http2 on; http3 on;";
    tree.replace(site, "listen 443 ssl;", listens);
    for (old, new) in edit {
        tree.replace(site, old, new);
    }
    tree
}

/// The lines of the plan's diff that are about listeners, without their signs' columns.
fn listeners(tree: &Server, newest: &str) -> Vec<String> {
    let done = tree.json(&["plan", "--strategy", "replace", "--nginx", newest]);
    let diff = done["plan"]["diff"]["unified"].as_str().unwrap_or_default().to_owned();
    let told = ["listen", "http2", "http3", "ssl_certificate "];
    let lines =
        diff.lines().filter(|line| !line.starts_with('-') && told.iter().any(|word| line.contains(word)));
    lines.map(|line| line[1..].trim().to_owned()).collect()
}

#[test]
fn quic_stays_with_the_certificate() {
    let Some(newest) = newest_nginx("QUIC") else { return };
    let named = ["--nginx", newest.as_str()];
    let tree = with_quic(&[]);
    let listens = listeners(&tree, &newest);
    let expect = ["listen 80;", "listen 443 ssl;", "listen 443 quic reuseport;", "http2 on;", "http3 on;"];
    assert_eq!(listens[..5], expect, "{listens:#?}");
    for strategy in ["replace", "merge", "graft"] {
        goes_all_the_way(&tree, &[&named[..], &["--strategy", strategy]].concat());
        if !is_deep() && strategy == "merge" {
            break;
        }
    }
}

#[test]
fn other_ways_to_write_quic_are_kept_as_well() {
    let Some(newest) = newest_nginx("QUIC, other ways") else { return };
    let named = ["--nginx", newest.as_str(), "--strategy", "replace"];
    // First in the block or last, of one address, IPv6, and with HTTP/3 switched off.
    for (edit, expect) in [
        (
            &[("listen 443 quic reuseport; listen 443 ssl;", "listen 443 ssl; listen [::]:443 quic;")][..],
            r#""[::]:443" quic"#,
        ),
        (
            &[("443 quic reuseport;", "127.0.0.1:443 quic;"), ("http3 on;", "http3 off;")],
            "127.0.0.1:443 quic",
        ),
    ] {
        let tree = with_quic(edit);
        let listens = listeners(&tree, &newest);
        assert!(
            listens.iter().any(|line| line.starts_with("listen") && line.contains(expect)),
            "{listens:#?}"
        );
        goes_all_the_way(&tree, &named);
    }
}

#[test]
fn a_build_from_source_serves_beside_the_package() {
    let Some(newest) = newest_nginx("a build beside the package") else { return };
    let machine = Machine::stopped("standalone", |folder| {
        let site = folder.join("conf.d/motion.conf");
        let text = fs::read_to_string(&site).expect("reading");
        fs::write(&site, text.replace("listen 443 ssl;", "listen 443 ssl http2;")).expect("writing");
    });
    let line = format!("mkdir -p /var/opt/nginx/sbin && cp {newest} /var/opt/nginx/sbin/nginx");
    machine.must(&format!("{line} && /var/opt/nginx/sbin/nginx -c /etc/nginx/nginx.conf"));
    eventually("it runs", || machine.workers().len() == 2);
    // The package's own 1.22 does not know `http2 on;`, and has no say.
    let done = machine.apply(&["--strategy", "replace"]);
    done.expect(0, "applied");
    assert!(done.finding("nginx.version-skew").is_none(), "{done}");
    assert!(machine.read("/etc/nginx/conf.d/motion.conf").contains("http2 on;"));
    assert_eq!(machine.get("/user-ui").status, 302);
}
