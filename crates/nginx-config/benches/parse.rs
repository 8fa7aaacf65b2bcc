//! How fast configurations are read, beside the one maintained parser that is
//! also lossless (`nginx-lint-parser`), on the same bytes.
//!
//! Invariant: what is measured is proven to be the same work: the text comes
//! back byte for byte from both; what the peer cannot give back is left out,
//! and said. Prints medians; it must not fail on a slow machine.

#![expect(clippy::disallowed_methods, reason = "reads the fixtures")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use nginx_config::Tree;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use walkdir::WalkDir;

/// Runs of each parser on each text; the median is printed.
const RUNS: usize = 21;

fn main() {
    let (fixtures, left_out): (Vec<_>, Vec<_>) = fixtures().into_iter().partition(|text| peer_keeps(text));
    println!(
        "{} fixtures; {} more that the peer does not give back are left out",
        fixtures.len(),
        left_out.len()
    );
    let many = fixtures.iter().map(|text| text.as_str()).cycle().take(2_000).collect::<Vec<_>>().join("\n");
    println!("{:<28} {:>9} {:>12} {:>12} {:>7}", "text", "KiB", "ours", "peer", "ratio");
    row("every fixture, one by one", &fixtures);
    row("2,000 files in one", &[many]);
}

fn row(name: &str, texts: &[String]) {
    for text in texts {
        let ours = Tree::parse(text.as_bytes()).expect("a fixture lexes").print();
        assert_eq!(ours, text.as_bytes(), "bytes are lost");
        assert!(peer_keeps(text), "the peer loses bytes");
    }
    let ours = median(|| {
        for text in texts {
            black_box(Tree::parse(black_box(text.as_bytes())).expect("a fixture lexes"));
        }
    });
    let peer = median(|| {
        for text in texts {
            black_box(nginx_lint_parser::parse_string_rowan(black_box(text)));
        }
    });
    let bytes: usize = texts.iter().map(String::len).sum();
    let ratio = peer.as_secs_f64() / ours.as_secs_f64();
    println!("{name:<28} {:>9.1} {ours:>12.1?} {peer:>12.1?} {ratio:>6.1}x", bytes as f64 / 1024.0);
}

fn peer_keeps(text: &str) -> bool {
    let (peer, errors) = nginx_lint_parser::parse_string_rowan(text);
    errors.is_empty() && peer.to_string() == text
}

fn median(work: impl Fn()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn fixtures() -> Vec<String> {
    WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"))
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "conf"))
        .map(|entry| fs::read_to_string(entry.path()).expect("a fixture is readable text"))
        .collect()
}
