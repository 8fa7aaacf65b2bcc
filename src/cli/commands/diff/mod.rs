//! `diff`: compares two configurations, files or trees, by directive.
//!
//! Invariant: exit 0 when they are the same, 2 when they differ; secrets are
//! never shown, that they differ is.

mod lines;
mod operand;

use crate::cli::args::DiffArgs;
use crate::cli::context::Context;
use crate::outcome::{
    DirectiveChange, Failure, Outcome, OutcomeKind, Row as Cells, counted_as, row as cells,
};
use crate::plan::directive_change;
use nginx_config::diff::{Change, Changes, Kind, Row, diff as compare};
use operand::{Operand, open};
use serde_json::json;
use std::collections::BTreeSet;

/// Compares by directive, or line by line where that is asked for.
pub fn diff(context: &Context, args: &DiffArgs) -> Result<Outcome, Failure> {
    if args.lines {
        return lines::by_line(context, args);
    }
    let (old, new) = (open(&args.old)?, open(&args.new)?);
    let changes = changes(&old, &new);
    let mut rows: Vec<Cells> = changes.rows().map(shown).collect();
    let mut differs = !changes.is_empty();
    if args.all {
        rows.extend(changes.cosmetic.iter().map(cosmetic));
        differs |= !changes.cosmetic.is_empty();
    }
    let directives: Vec<DirectiveChange> = changes.rows().map(directive_change).collect();
    let mut outcome =
        Outcome::new("diff", if differs { OutcomeKind::ChangesPending } else { OutcomeKind::Ok });
    outcome.exit_code = if differs { 2 } else { 0 };
    let verdict = match (differs, changes.cosmetic.is_empty()) {
        (true, _) => counted_as(directives.len(), "directive differs", "directives differ"),
        (false, true) => "the configurations are the same".to_owned(),
        (false, false) => "no directive differs; comments or white space do (--all shows them)".to_owned(),
    };
    outcome.set_verdict(verdict);
    outcome.details.rows = Some(rows);
    outcome.rows_by_block = true;
    outcome.details.add("directives", json!(directives));
    Ok(outcome)
}

/// The differences of two operands. Folders that are no whole configuration
/// are compared file by file.
fn changes(old: &Operand, new: &Operand) -> Changes {
    match (old, new) {
        (Operand::Tree(old), Operand::Tree(new)) => compare(old, new),
        (Operand::Config(old), Operand::Config(new)) => compare(old, new),
        (Operand::Tree(old), Operand::Config(new)) => compare(old, new),
        (Operand::Config(old), Operand::Tree(new)) => compare(old, new),
        (old, new) => {
            let names: BTreeSet<_> = old.names().chain(new.names()).collect();
            let mut all = Changes::default();
            for name in names {
                let found = compare(old.file(name), new.file(name));
                all.directives.extend(found.directives);
                all.cosmetic.extend(found.cosmetic);
            }
            all
        }
    }
}

fn shown(row: &Row) -> Cells {
    let sign = match (&row.old, &row.new) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    };
    let value = match (&row.old, &row.new) {
        (Some(old), Some(new)) if old == new => format!("{old} (a redacted value or its place differs)"),
        (Some(old), Some(new)) => format!("{old} → {new}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    cells(&[&sign, &row.path, &row.directive, &value])
}

fn cosmetic(change: &Change) -> Cells {
    let what = match change.kind {
        Kind::Comment => "comments differ",
        _ => "white space or spelling differs",
    };
    cells(&[&"·", &change.path, &format!("{}: {what}", change.directive), &""])
}
