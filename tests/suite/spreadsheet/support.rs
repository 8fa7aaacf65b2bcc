//! Tables as files, and what is made of them.
//!
//! Invariant: a table lies in a folder of its own, which goes with it.

use crate::support::binary::motionctl;
use crate::support::said::Said;
use motionctl::seed::manifest::{Manifest, validate};
use rust_xlsxwriter::{Workbook, Worksheet};
use serde_json::Value;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A table in a file.
pub struct Table {
    folder: TempDir,
    pub path: PathBuf,
}

impl Table {
    pub fn new(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a table");
        Self { folder, path }
    }

    /// A workbook with one sheet.
    pub fn sheet(fill: impl FnOnce(&mut Worksheet)) -> Self {
        let mut book = Workbook::new();
        fill(book.add_worksheet());
        Self::new("team.xlsx", book.save_to_buffer().expect("a workbook"))
    }

    /// The same with the text of a part changed.
    pub fn with_part(self, name: &str, change: impl Fn(String) -> String) -> Self {
        let bytes = fs::read(&self.path).expect("a workbook");
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a workbook");
        let mut written = ZipWriter::new(Cursor::new(Vec::new()));
        let mut is_there = false;
        for index in 0..archive.len() {
            let mut part = archive.by_index(index).expect("a part");
            let path = part.name().expect("a name").into_owned();
            let mut text = String::new();
            part.read_to_string(&mut text).expect("text");
            if path == name {
                let changed = change(text.clone());
                assert_ne!(changed, text, "{text}");
                text = changed;
                is_there = true;
            }
            written.start_file(path, SimpleFileOptions::default()).expect("a part");
            written.write_all(text.as_bytes()).expect("a part");
        }
        assert!(is_there, "no part {name}");
        Self::new("team.xlsx", written.finish().expect("a workbook").into_inner())
    }

    pub fn import(&self, more: &[&str]) -> Said {
        let path = self.path.display().to_string();
        motionctl(["seed", "import", &path].iter().chain(more))
    }

    /// The manifest, which validates.
    pub fn manifest(&self, more: &[&str]) -> Manifest {
        let answer = self.import(more);
        assert_eq!(answer.code, 0, "{answer:?}");
        validate(answer.stdout.as_bytes(), "x").manifest.expect("a manifest")
    }

    /// The problems, without the file's name, each with its advice.
    pub fn problems(&self, more: &[&str]) -> Vec<String> {
        let json = self.import(&[more, &["--json"]].concat()).document();
        assert_eq!(json["exit_code"], 65, "{json:#}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let problems = json["problems"].as_array().into_iter().flatten();
        problems.map(|one| format!("{} | {}", text(&one["message"]), text(&one["hint"]))).collect()
    }

    /// Another file in the same folder.
    pub fn beside(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
