//! Copies of the built-in templates, changed as an operator might.

use std::fs;
use std::path::{Path, PathBuf};

/// A copy of the built-in bundle in `folder`.
pub fn copy_of_the_bundle(folder: &Path) -> PathBuf {
    let target = folder.join("bundle");
    fs::create_dir(&target).expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/new-client");
    for entry in fs::read_dir(source).expect("the bundle").flatten() {
        fs::copy(entry.path(), target.join(entry.file_name())).expect("copying a template");
    }
    target
}

/// The same with one template changed: `old` must be in it.
pub fn bundle_with(folder: &Path, template: &str, old: &str, new: &str) -> PathBuf {
    let bundle = copy_of_the_bundle(folder);
    let text = fs::read_to_string(bundle.join(template)).expect("the template");
    assert!(text.contains(old), "{template} has no {old:?}");
    fs::write(bundle.join(template), text.replacen(old, new, 1)).expect("writing");
    bundle
}
