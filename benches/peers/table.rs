//! The rows and what becomes of them: the table on the screen, `bench.json`, and the same as Markdown.
//!
//! Invariant: every row says what it is measured against and whether that holds; a row without a target says so, and one
//! that could not be measured says why. A missed target is a verdict and ends nothing.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What a row has to keep.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Ours through the peer's.
    RatioAtMost(f64),
    /// The peer's through ours: how many times as fast.
    TimesAtLeast(f64),
    /// Our figure alone.
    AtMost(f64),
    /// More than the peer's by no more than this.
    MoreByAtMost(f64),
    /// Shown to be compared with.
    None,
}

/// One figure.
#[derive(Debug)]
pub struct Row {
    /// What is measured, and in which unit.
    pub figure: String,
    /// Our figure.
    pub ours: f64,
    /// What it is compared with.
    pub peer: Option<f64>,
    /// What has to hold.
    pub target: Target,
}

/// All rows of a run.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Result<Row, (String, String)>>,
}

impl Row {
    /// A figure beside a peer's.
    pub fn beside(figure: impl Into<String>, ours: f64, peer: f64, target: Target) -> Self {
        Self { figure: figure.into(), ours, peer: Some(peer), target }
    }

    /// A figure with a limit of its own.
    pub fn limit(figure: impl Into<String>, ours: f64, most: f64) -> Self {
        Self { figure: figure.into(), ours, peer: None, target: Target::AtMost(most) }
    }

    fn ratio(&self) -> Option<f64> {
        let peer = self.peer?;
        let (upper, lower) = match self.target {
            Target::TimesAtLeast(_) => (peer, self.ours),
            _ => (self.ours, peer),
        };
        (lower != 0.0).then(|| upper / lower)
    }

    fn holds(&self) -> Option<bool> {
        Some(match self.target {
            Target::RatioAtMost(most) => self.ratio()? <= most,
            Target::TimesAtLeast(least) => self.ratio()? >= least,
            Target::AtMost(most) => self.ours <= most,
            Target::MoreByAtMost(most) => self.ours - self.peer? <= most,
            Target::None => return None,
        })
    }
}

impl Target {
    fn shown(self) -> Option<String> {
        Some(match self {
            Self::RatioAtMost(most) => format!("<= {}x", number(most)),
            Self::TimesAtLeast(least) => format!(">= {}x", number(least)),
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::MoreByAtMost(most) => format!("<= peer + {}", number(most)),
            Self::None => return None,
        })
    }
}

impl Table {
    /// One more row.
    pub fn add(&mut self, row: Row) {
        println!("  {}", line(&cells(&Ok(&row)), USUAL_WIDTH));
        self.rows.push(Ok(row));
    }

    /// Rows that could not be measured, and why.
    pub fn fail(&mut self, figure: &str, why: &str) {
        println!("  {figure}: NOT MEASURED: {why}");
        // What a command printed stands above, once.
        let why = why.lines().next().unwrap_or_default();
        self.rows.push(Err((figure.to_owned(), why.to_owned())));
    }

    /// Whether every row was measured.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(Result::is_ok)
    }

    /// Prints the table.
    pub fn print(&self) {
        let all: Vec<_> = self.rows.iter().map(|row| cells(&borrowed(row))).collect();
        let width = all.iter().map(|[figure, ..]| figure.len()).max().unwrap_or(0);
        println!("\n{}", line(&HEAD.map(str::to_owned), width));
        all.iter().for_each(|row| println!("{}", line(row, width)));
        let missed = self.rows.iter().flatten().filter(|row| row.holds() == Some(false)).count();
        println!("\n{} rows, {missed} of them miss their target", self.rows.len());
        for (figure, why) in self.rows.iter().filter_map(|row| row.as_ref().err()) {
            println!("not measured: {figure}: {why}");
        }
    }

    /// Writes `bench.json` and the Markdown.
    pub fn write(&self, json: &Path, markdown: &Path) {
        let rows: Vec<Value> = self.rows.iter().map(|row| value(&borrowed(row))).collect();
        let text = serde_json::to_string_pretty(&rows).expect("JSON");
        fs::write(json, text + "\n").unwrap_or_else(|error| panic!("writing {}: {error}", json.display()));
        let mut text = format!("| {} |\n|---|---|---|---|---|---|\n", HEAD.join(" | "));
        for row in &self.rows {
            writeln!(text, "| {} |", cells(&borrowed(row)).join(" | ")).expect("text");
        }
        fs::write(markdown, text).unwrap_or_else(|error| panic!("writing {}: {error}", markdown.display()));
    }
}

type Borrowed<'a> = Result<&'a Row, &'a (String, String)>;

/// Of the first column, while the other rows are not known yet.
const USUAL_WIDTH: usize = 76;
const HEAD: [&str; 6] = ["figure", "ours", "peer", "ratio", "target", "holds"];

fn borrowed(row: &Result<Row, (String, String)>) -> Borrowed<'_> {
    row.as_ref()
}

fn value(row: &Borrowed<'_>) -> Value {
    match row {
        Ok(row) => json!({
            "figure": row.figure, "ours": row.ours, "peer": row.peer, "ratio": row.ratio(),
            "target": row.target.shown(), "holds": row.holds(),
        }),
        Err((figure, why)) => json!({
            "figure": format!("{figure}: not measured: {why}"), "ours": null, "peer": null, "ratio": null,
            "target": null, "holds": null,
        }),
    }
}

fn cells(row: &Borrowed<'_>) -> [String; 6] {
    let none = || "-".to_owned();
    match row {
        Ok(row) => [
            row.figure.clone(),
            number(row.ours),
            row.peer.map_or_else(none, number),
            row.ratio().map_or_else(none, |ratio| format!("{}x", number(ratio))),
            row.target.shown().unwrap_or_else(none),
            row.holds().map_or_else(none, |holds| if holds { "yes" } else { "NO" }.to_owned()),
        ],
        Err((figure, _)) => [figure.clone(), none(), none(), none(), none(), "not measured".to_owned()],
    }
}

fn line(cells: &[String; 6], width: usize) -> String {
    let [figure, ours, peer, ratio, target, holds] = cells;
    format!("{figure:<width$} {ours:>8} {peer:>8} {ratio:>8} {target:>12} {holds:>5}")
}

/// Three digits that count.
fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e6 {
        return format!("{value}");
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    format!("{value:.*}", usize::try_from(digits.clamp(0, 5)).unwrap_or_default())
}
