//! What a command said before it ended.
//!
//! Invariant: nothing here runs a command. It must not assert anything about the product but that `--json` answers with
//! one document of the published shape, whose exit code is the process's.

use super::schema;
use serde_json::Value;
use std::process::Output;

/// What a command left behind.
#[derive(Debug)]
pub struct Said {
    /// Exit status; -1 when a signal ended it.
    pub code: i32,
    /// Standard output as JSON; null where it is not.
    pub json: Value,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// What a finished process left behind.
pub fn answer(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is text");
    Said {
        code: output.status.code().unwrap_or(-1),
        json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

impl Said {
    /// The one document of `--json`.
    pub fn document(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}: {self:?}"));
        assert_eq!(document["exit_code"], self.code, "{self:?}");
        assert_eq!(schema::complaints("answer", &document), [""; 0], "{document:#}");
        document
    }

    /// Whether the exit code, in the status and in the answer, and the outcome are these.
    #[track_caller]
    pub fn expect(&self, code: i32, outcome: &str) -> &Self {
        let said = (self.code, self.json["exit_code"].as_i64(), self.json["outcome"].as_str());
        assert_eq!(said, (code, Some(i64::from(code)), Some(outcome)), "{self}");
        self
    }

    /// What the command of this line printed; it has ended with 0.
    #[track_caller]
    pub fn ended_well(self, line: &str) -> String {
        assert_eq!(self.code, 0, "{line}: {self}");
        self.stdout
    }

    /// The message of the error.
    pub fn error(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }

    /// The finding with this code.
    pub fn finding(&self, code: &str) -> Option<&Value> {
        self.json["findings"].as_array()?.iter().find(|finding| finding["code"] == code)
    }

    /// What the finding with this code rests on; nothing where there is none.
    pub fn evidence(&self, code: &str) -> String {
        self.finding(code).map_or_else(String::new, |finding| finding["evidence"].to_string())
    }

    /// The row of one route.
    #[track_caller]
    pub fn probe(&self, server: &str, uri: &str) -> &Value {
        let rows = self.json["probes"].as_array().into_iter().flatten();
        let mut found = rows.filter(|row| row["server"] == server && row["uri"] == uri);
        found.next().unwrap_or_else(|| panic!("no probe of {server} {uri}: {self}"))
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}
