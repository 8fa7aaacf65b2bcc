//! What findings and exit codes mean, as text: all of one row, or a list.
//!
//! Invariant: no line is wider than the style allows; no row of a list is left out.

use super::style::Style;
use super::wrap::{columns, hanging};
use crate::outcome::codes::Code;
use crate::outcome::{ExitMeaning, Explanation};

/// Columns of the names of the fields of one row.
const FIELD: usize = 12;
/// What stands between two columns of a list.
const GAP: usize = 2;

/// One row with everything, several as a list.
pub fn explanations(rows: &[Explanation], style: Style) -> Vec<String> {
    let style = style.for_reading();
    match rows {
        [] => Vec::new(),
        [row] => all_of(row, style),
        several => list(several, style),
    }
}

fn all_of(row: &Explanation, style: Style) -> Vec<String> {
    let fields = match row {
        Explanation::Finding(code) => finding(*code),
        Explanation::Exit(row) => exit(row),
    };
    let mut lines = vec![String::new()];
    for (name, text) in fields {
        lines.extend(hanging(&style.dim(name), FIELD, &style.glyphs.of(&text), style.width));
    }
    lines
}

fn finding(code: Code) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("level", code.levels_in_words()),
        ("means", code.meaning().to_owned()),
        ("looked for", code.looked_for().to_owned()),
        ("what to do", code.advice().to_owned()),
    ];
    if let Some(exit) = code.exit_code() {
        fields.insert(1, ("exit code", format!("{exit}, where it stops an apply")));
    }
    fields.push((
        "accept",
        match code.accept().family() {
            Some(family) => {
                let words = code.accept_words().join(" or --accept ");
                format!("--accept {words} ({})", family.commands().join(", "))
            }
            None if code.exit_code().is_some() => "cannot be accepted".to_owned(),
            None => "there is nothing to accept".to_owned(),
        },
    ));
    fields.push(("documented", code.anchor()));
    fields
}

fn exit(row: &ExitMeaning) -> Vec<(&'static str, String)> {
    vec![
        ("means", row.meaning.to_owned()),
        ("the server", row.state.to_owned()),
        ("what to do", row.next.to_owned()),
    ]
}

fn list(rows: &[Explanation], style: Style) -> Vec<String> {
    let named = |row: &Explanation| match row {
        Explanation::Finding(code) => (code.name().to_owned(), code.meaning()),
        Explanation::Exit(row) => (format!("exit {}", row.code), row.meaning),
    };
    let column = rows.iter().map(|row| columns(&named(row).0)).max().unwrap_or(0) + GAP;
    let mut lines = Vec::new();
    let mut area = None;
    for row in rows {
        let (name, meaning) = named(row);
        let this = match row {
            Explanation::Finding(code) => Some(code.area()),
            Explanation::Exit(_) => None,
        };
        if lines.is_empty() || area != this {
            lines.push(String::new());
            area = this;
        }
        lines.extend(hanging(&style.bold(&name), column, &style.glyphs.of(meaning), style.width));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::EXIT_CODES;
    use crate::outcome::codes;
    use crate::report::{Colour, Detail, Glyphs};

    const STYLE: Style =
        Style { colour: Colour::Off, detail: Detail::Normal, width: 80, glyphs: Glyphs::Unicode };

    fn show(rows: &[Explanation]) -> String {
        explanations(rows, STYLE).join("\n")
    }

    #[test]
    fn one_row_is_told_with_everything() {
        assert_eq!(
            show(&[Explanation::Finding(codes::SITE_MANAGED_ELSEWHERE)]),
            "
level       stop
exit code   3, where it stops an apply
means       another tool writes this file
looked for  in the first lines of Motion's files: the name of Ansible, Puppet, a
            hosting panel or the like with `managed`, or that the file is
            generated; anywhere: marks of container proxies and panels; and the
            folders that panels write into
what to do  make the change there, or accept that it may be overwritten
accept      --accept site.managed-elsewhere (check, plan, apply, rehearse, try,
            status, watch, install-unit)
documented  findings.md#sitemanaged-elsewhere"
        );
        assert!(show(&[Explanation::Finding(codes::MERGE_CONFLICT)]).contains("=ours or --accept"));
        assert!(show(&[Explanation::Finding(codes::SITE_AMBIGUOUS)]).contains("cannot be accepted\n"));
        assert!(show(&[Explanation::Finding(codes::HOST_SELINUX)]).contains("nothing to accept\n"));
    }

    #[test]
    fn every_line_fits_and_areas_stand_apart() {
        let all = codes::all().map(Explanation::Finding);
        let rows: Vec<_> = all.chain(EXIT_CODES.map(Explanation::Exit)).collect();
        let ones = rows.iter().flat_map(|row| explanations(&[*row], STYLE));
        for line in explanations(&rows, STYLE).into_iter().chain(ones) {
            assert!(columns(&line) <= STYLE.width, "{line}");
        }
        let two = [codes::RUN_UNFINISHED, codes::SITE_NOT_FOUND].map(Explanation::Finding);
        assert_eq!(
            show(&two),
            "\nrun.unfinished  an earlier run was interrupted\n\nsite.not-found  no server block has Motion's routes"
        );
    }
}
