//! How deep the matrices and the generated tests go: a sample for every change, everything for `make test-deep`.
//!
//! Invariant: a sample is the same in every run, leaves no row of a matrix out, and says of how many it is. Nothing
//! else in the tests asks how deep it is to go.

#![expect(clippy::disallowed_methods, reason = "reads the variables, and keeps what `make test-deep` prints")]

use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRng, TestRunner};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// `deep` asks for everything; without it a sample is taken.
const VARIABLE: &str = "MOTIONCTL_TEST_DEPTH";
/// The generated cases of a sample are always these.
const SEED: RngSeed = RngSeed::Fixed(11);

/// Whether everything is asked for.
pub fn is_deep() -> bool {
    match std::env::var(VARIABLE) {
        Ok(depth) if depth == "deep" => true,
        Ok(depth) => panic!("{VARIABLE} is `deep` or not set, not {depth:?}"),
        Err(_) => false,
    }
}

/// All, or so many of them: the first, the last and what lies evenly between.
pub fn evenly<T: Clone>(all: &[T], sample: usize) -> Vec<T> {
    assert!(sample > 1, "the first and the last");
    if is_deep() || all.len() <= sample {
        return all.to_vec();
    }
    (0..sample).map(|n| all[n * (all.len() - 1) / (sample - 1)].clone()).collect()
}

/// How many cases are generated, and from what: the same few, or many that nobody has seen.
pub fn generated(name: &str, sample: u32, deep: u32) -> Config {
    let (cases, rng_seed) = if is_deep() { (deep, RngSeed::Random) } else { (sample, SEED) };
    report(&format!("{name}: {cases} generated cases"), "");
    Config { cases, rng_seed, failure_persistence: None, ..Config::default() }
}

/// What random servers are drawn from: the same in every sample, another in each deep run, unless `MOTIONCTL_SEED`
/// repeats one.
pub fn seed() -> u64 {
    let named = std::env::var("MOTIONCTL_SEED").ok().map(|text| text.parse().expect("a number"));
    named.unwrap_or_else(|| match is_deep() {
        true => SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs(),
        false => 11,
    })
}

/// What draws the same for the same seed.
pub fn drawing_from(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Says on standard error what was done, past the test harness, which keeps what passing tests print to itself; and
/// keeps it for the end of `make test-deep`.
pub fn report(title: &str, table: &str) {
    let sample = if is_deep() { "" } else { " (a sample)" };
    let text = format!("{title}{sample}\n{table}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("depth");
    // A title may quote what a server said.
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let file = folder.join(title.chars().map(plain).take(150).chain(".txt".chars()).collect::<String>());
    std::fs::create_dir_all(&folder).expect("a test may write its own data");
    std::fs::write(file, &text).expect("a test may write its own data");
    std::io::stderr().lock().write_all(text.as_bytes()).expect("standard error takes it");
}
