//! Blocks in blocks, a hundred thousand deep, through everything that is done with a tree.
//!
//! Invariant: each piece runs on a stack that a function which called itself for each level would leave at once.

use nginx_config::diff::diff;
use nginx_config::learn::{Percent, learn};
use nginx_config::merge::{Resolutions, merge};
use nginx_config::routes::{Request, answer, servers, ways};
use nginx_config::{Config, MemoryReader, Tree, patch, redact_source};
use std::path::Path;
use std::thread;

const LEVELS: usize = 100_000;

/// `before`, then the levels, and `inside` at their bottom.
fn nested(before: &str, block: &str, inside: &str) -> String {
    format!("{before}{}{inside}{}", block.repeat(LEVELS), "}\n".repeat(LEVELS))
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap();
    assert!(thread.join().is_ok());
}

#[test]
fn files_are_compared_and_recorded() {
    on_a_small_stack(|| {
        let tree = |inside| Tree::parse(nested("", "a {\n", inside)).unwrap();
        let (old, new) = (tree("client_max_body_size 1m;"), tree("client_max_body_size 2m;"));
        assert_eq!(diff(&old, &new).directives.len(), 1);
        assert_eq!(patch::record(&old, &new).len(), 1);
    });
}

#[test]
fn files_are_merged() {
    on_a_small_stack(|| {
        let text = |size: &str, time: &str| {
            nested("", "a {\n", &format!("client_max_body_size {size};\nsend_timeout {time};\n"))
        };
        let tree = |size, time| Tree::parse(text(size, time)).unwrap();
        let merged = merge(&tree("1m", "1s"), &tree("2m", "1s"), &tree("1m", "2s"), &Resolutions::none());
        // Not `assert_eq`, which would print half a megabyte.
        assert!(merged.unwrap().text().unwrap() == text("2m", "2s").as_bytes());
    });
}

#[test]
fn a_base_is_learned() {
    on_a_small_stack(|| {
        let trees: Vec<Tree> =
            ["x 1;", "x 2;", "x 3;"].map(|inside| Tree::parse(nested("", "a {\n", inside)).unwrap()).into();
        let all: Vec<&Tree> = trees.iter().collect();
        assert!(!learn(&all, Percent::new(60).unwrap()).text.is_empty());
    });
}

#[test]
fn secrets_are_redacted_at_the_bottom() {
    on_a_small_stack(|| {
        let source = nested("", "a {\n", "proxy_set_header Authorization hunter2;");
        let shown = redact_source(source.as_bytes());
        assert!(!String::from_utf8(shown).unwrap().contains("hunter2"));
    });
}

#[test]
fn requests_are_routed() {
    on_a_small_stack(|| {
        let text = nested("http { server { listen 80;\n", "location /a {\n", "return 204;") + "}}";
        let reader = MemoryReader::new().with("/x", text);
        let config = Config::load(Path::new("/x"), Path::new("/"), &reader).unwrap();
        let server = servers(&config)[0];
        for target in ["/a", "/b"] {
            drop(answer(&config, server, target));
            drop(ways(&config, server, &Request::get(target)));
        }
    });
}
