//! The fuzz targets on their seeds, and on what is left of each when its end is cut off.
//!
//! Invariant: every target of both packages takes part, each by its own file; `make fuzz` begins with the same seeds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Beginnings of a seed, besides the whole of it: as many parts.
const PARTS: usize = 4;
/// A seed that is longer is run whole only; it says nothing new in pieces, and takes the time of many.
const LONG: usize = 4_096;

/// Declares the modules of the targets, and lists them.
macro_rules! targets {
    ($($path:literal $name:ident),* $(,)?) => {
        $(
            #[path = $path]
            #[expect(unused_attributes, reason = "`no_main` is for the fuzzer, which brings its own")]
            mod $name;
        )*
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::replay)),*];
    };
}

targets! {
    "../../fuzz/fuzz_targets/bundle.rs" bundle,
    "../../fuzz/fuzz_targets/import.rs" import,
    "../../fuzz/fuzz_targets/journal.rs" journal,
    "../../fuzz/fuzz_targets/manifest.rs" manifest,
    "../../fuzz/fuzz_targets/option_file.rs" option_file,
    "../../fuzz/fuzz_targets/page.rs" page,
    "../../fuzz/fuzz_targets/saved_plan.rs" saved_plan,
    "../../fuzz/fuzz_targets/seed_map.rs" seed_map,
    "../../fuzz/fuzz_targets/settings.rs" settings,
    "../../fuzz/fuzz_targets/template.rs" template,
    "../../crates/nginx-config/fuzz/fuzz_targets/edit.rs" edit,
    "../../crates/nginx-config/fuzz/fuzz_targets/merge.rs" merge,
    "../../crates/nginx-config/fuzz/fuzz_targets/message.rs" message,
    "../../crates/nginx-config/fuzz/fuzz_targets/parse.rs" parse,
    "../../crates/nginx-config/fuzz/fuzz_targets/redact.rs" redact,
}

#[test]
fn every_target_is_here() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_folders: BTreeSet<String> = ["fuzz", "crates/nginx-config/fuzz"]
        .iter()
        .flat_map(|package| fs::read_dir(home.join(package).join("fuzz_targets")).expect("a folder"))
        .map(|file| {
            file.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
        })
        .collect();
    let here: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(here, in_folders);
}

#[test]
fn every_seed_holds_what_its_target_promises() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/fuzz-seeds.sh");
    let made = Command::new(script).arg(folder.path()).status().expect("it starts");
    assert!(made.success(), "{made}");
    for (name, replay) in TARGETS {
        let mut seeds = 0;
        for seed in fs::read_dir(folder.path().join(name)).expect("every target has seeds") {
            let path = seed.expect("an entry").path();
            let bytes = fs::read(&path).expect("a seed");
            // What fails is a panic of the target: the name stands before it.
            println!("{name} {}", path.display());
            replay(&bytes);
            if bytes.len() <= LONG {
                (1..PARTS).for_each(|part| replay(&bytes[..bytes.len() * part / PARTS]));
            }
            seeds += 1;
        }
        assert!(seeds > 0, "{name} has no seed");
    }
}
