//! `docs/schema/`: the JSON Schema of each document, as the types say it.
//!
//! Invariant: the folder holds what the program says and nothing else; `UPDATE_DOCS=1` writes it again.

use super::root;
use motionctl::cli::schemas;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn the_folder_holds_the_schemas_of_the_types() {
    let folder = root().join("docs/schema");
    let written: Vec<(String, String)> = schemas()
        .into_iter()
        .map(|(name, schema)| {
            let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
            (format!("{name}.schema.json"), format!("{text}\n"))
        })
        .collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in &written {
            fs::write(folder.join(name), text).expect("writing");
        }
    }
    let names = fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names, written.iter().map(|(name, _)| name.clone()).collect());
    for (name, text) in &written {
        let kept = fs::read_to_string(folder.join(name)).expect("a file");
        assert_eq!(&kept, text, "{name}: UPDATE_DOCS=1 cargo test --test suite -- tidy::schemas");
    }
}
