//! A manifest's text and what is said about it, place by place.
//!
//! Invariant: what is shown of a file is harmless for a terminal, of bounded
//! width, and holds no value of a key that looks like a secret.

use super::place::Place;
use super::problem::Problem;
use crate::outcome::{Finding, ProblemSection, is_unseen, spelled_out};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// As much of a line as is shown around a place.
const WIDTH: usize = 96;

/// The text of a manifest, and what its file is called.
#[derive(Debug, Clone)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Where lines begin; made when the first excerpt is.
    lines: OnceLock<Arc<[u32]>>,
    /// The files, where several are one manifest; the text is empty then.
    files: Arc<[Part]>,
    /// The file with the values of a site, which places may lead to.
    site: Option<Box<Source>>,
    /// The table that it was made of, which people have in its stead.
    table: Option<Arc<Origin>>,
}

/// One of several files.
#[derive(Debug, Clone)]
struct Part {
    /// How many lines are counted before it.
    before: u32,
    file: Source,
}

/// More lines than the parser sees behind the end of a file.
const BETWEEN: usize = 2;
/// As many files as are named one by one.
const NAMED: usize = 3;

/// Where the lines of a manifest come from that was made of a table.
#[derive(Debug, Clone)]
pub struct Origin {
    /// What the table's file is called.
    pub file: String,
    /// By line of the manifest: a cell, and how people find it.
    pub cells: BTreeMap<u32, (Place, String)>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        let (files, lines) = (Arc::new([]), OnceLock::new());
        Self { name: name.into(), text: text.into(), lines, files, site: None, table: None }
    }

    /// Several files that are one manifest.
    pub(super) fn together(mut files: Vec<Self>) -> Self {
        if files.len() == 1 {
            return files.remove(0);
        }
        let names: Vec<&str> = files.iter().map(Self::name).collect();
        let name = match names.as_slice() {
            [rest @ .., last] if names.len() <= NAMED => format!("{} and {last}", rest.join(", ")),
            [first, second, rest @ ..] => format!("{first}, {second} and {} other files", rest.len()),
            _ => names.concat(),
        };
        let mut source = Self::new(&name, "");
        let mut before = 0_usize;
        let part = |file: Self| {
            let lines = line_starts(&file.text).len();
            let part = Part { before: u32::try_from(before).unwrap_or(u32::MAX), file };
            before += lines + BETWEEN;
            part
        };
        source.files = files.into_iter().map(part).collect();
        source
    }

    /// How many lines are counted before each file.
    pub(super) fn lines_before(&self) -> Vec<u32> {
        if self.files.is_empty() { vec![0] } else { self.files.iter().map(|part| part.before).collect() }
    }

    /// What each file is called.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match &*self.files {
            [] => vec![&self.name],
            files => files.iter().map(|part| part.file.name()).collect(),
        }
    }

    /// The number of the file of a place; none where there is but one, or a site's is meant, or none.
    fn number(&self, place: Place) -> Option<usize> {
        if place.line == 0 || place.is_of_site() {
            return None;
        }
        self.files.partition_point(|part| part.before < place.line).checked_sub(1)
    }

    /// A place as a message about what is `here` names it: the line, and the file where it is another one.
    #[must_use]
    pub fn in_words(&self, place: Place, here: Place) -> String {
        if place.is_of_site() {
            return format!("line {} of the site's file", place.line_in_file());
        }
        let (file, there) = self.file_of(place);
        if self.number(place) == self.number(here) {
            format!("line {}", there.line)
        } else {
            format!("line {} of {}", there.line, file.name)
        }
    }

    pub(super) fn with_site(self, site: Option<Self>) -> Self {
        Self { site: site.map(Box::new), ..self }
    }

    /// The same, whose places are those of the table that it was made of.
    #[must_use]
    pub fn made_of(self, table: Origin) -> Self {
        Self { table: Some(Arc::new(table)), ..self }
    }

    /// The table's file, and the cell that a place comes from; the file alone where it comes from none.
    fn cell(&self, place: Place) -> Option<(&str, Option<&(Place, String)>)> {
        let table = self.table.as_ref()?;
        Some((&table.file, table.cells.get(&place.line)))
    }

    /// The file of a place, and the place in it.
    fn file_of(&self, place: Place) -> (&Self, Place) {
        match (&self.site, self.number(place)) {
            (Some(site), _) if place.is_of_site() => (site, Place { line: place.line_in_file(), ..place }),
            (_, Some(number)) => {
                let part = &self.files[number];
                (&part.file, Place { line: place.line - part.before, ..place })
            }
            _ => (self, place),
        }
    }

    /// What the file is called: its path as given, or `<stdin>`; of several files all, or the first of them.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file as text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `file:line:column`, or the file alone.
    #[must_use]
    pub fn locate(&self, place: Place) -> String {
        match self.cell(place) {
            None => {}
            Some((file, None)) => return file.to_owned(),
            Some((file, Some((_, cell)))) => return format!("{file}, {cell}"),
        }
        let (file, place) = self.file_of(place);
        if place.line == 0 {
            return file.name.to_string();
        }
        format!("{}:{}:{}", file.name, place.line, place.column)
    }

    /// A finding about a place, which its evidence names.
    #[must_use]
    pub fn finding(&self, finding: Finding, place: Place, evidence: &str) -> Finding {
        let (file, line) = self.file_and_line(place);
        let evidence = format!("{}: {evidence}", self.locate(place));
        // Of several places the first.
        let finding = if finding.file.is_none() { finding.at(file, line) } else { finding };
        finding.evidence(evidence)
    }

    /// The file of a place as it was given, and the line where one is meant.
    fn file_and_line(&self, place: Place) -> (String, Option<u32>) {
        let (file, place) = match self.cell(place) {
            Some((file, Some((place, _)))) => (file, *place),
            Some((file, None)) => (file, Place::default()),
            None => {
                let (file, place) = self.file_of(place);
                (&*file.name, place)
            }
        };
        (file.to_owned(), (place.line > 0).then_some(place.line))
    }

    /// A problem as answers show it, with the line it is about.
    #[must_use]
    pub fn section(&self, problem: &Problem) -> ProblemSection {
        if let Some((file, cell)) = self.cell(problem.place) {
            let (place, message) = match cell {
                Some((place, cell)) => (*place, format!("{cell}: {}", problem.message)),
                None => (Place::default(), problem.message.clone()),
            };
            let (file, hint) = (file.to_owned(), problem.hint.clone());
            let Place { line, column } = place;
            return ProblemSection { file, line, column, message, hint, excerpt: Vec::new() };
        }
        let (file, place) = self.file_of(problem.place);
        ProblemSection {
            file: file.name.to_string(),
            line: place.line,
            column: place.column,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            excerpt: self.excerpt(problem.place),
        }
    }

    /// The line of a place and, below it, what marks the place; nothing where
    /// the file as a whole is meant.
    #[must_use]
    pub fn excerpt(&self, place: Place) -> Vec<String> {
        let (file, place) = self.file_of(place);
        if place.line == 0 {
            return Vec::new();
        }
        let line = masked(file.line(place.line));
        let column = (place.column as usize).saturating_sub(1);
        // A window of the line; what is left of it starts well before the place.
        let fits = line.chars().nth(WIDTH).is_none();
        let skip = if fits { 0 } else { column.saturating_sub(WIDTH / 2) };
        let ahead: Vec<char> = line.chars().skip(skip).take(WIDTH).collect();
        let column = column.min(skip + ahead.len());
        let (before, rest) = ahead.split_at(column - skip);
        let (marked, after) = rest.split_at(token_length(rest));
        let [before, marked, after] = [before, marked, after].map(harmless);
        let lead = if skip > 0 { "…" } else { "" };
        let tail = if line.chars().nth(skip + WIDTH).is_some() { "…" } else { "" };
        let shown = format!("{lead}{before}{marked}{after}{tail}").trim_end().to_owned();
        let blank = " ".repeat(console::measure_text_width(&format!("{lead}{before}")));
        let marks = "^".repeat(console::measure_text_width(&marked).max(1));
        vec![shown, format!("{blank}{marks}")]
    }

    /// Moves places that are not in this text to its end: the parser sees the
    /// end of a file in a line of its own, which no editor shows.
    pub(super) fn keep_inside<'a>(&self, places: impl IntoIterator<Item = &'a mut Place>) {
        let mut places = places.into_iter().peekable();
        if places.peek().is_none() {
            return;
        }
        let ends = |file: &Self| (end_of(&file.text), end_of(file.text.trim_end()));
        let whole = ends(self);
        let parts: Vec<_> = self.files.iter().map(|part| ends(&part.file)).collect();
        for place in places {
            let number = self.number(*place);
            let (end, shown_end) = number.map_or(whole, |number| parts[number]);
            let before = number.map_or(0, |number| self.files[number].before);
            let there = Place { line: place.line.saturating_sub(before), ..*place };
            if there > end && !place.is_of_site() {
                *place = Place { line: shown_end.line + before, ..shown_end };
            }
        }
    }

    /// A line's text without its end; empty behind the last one.
    fn line(&self, number: u32) -> &str {
        let starts = self.lines.get_or_init(|| line_starts(&self.text).into());
        let index = (number as usize).saturating_sub(1);
        let Some(start) = starts.get(index) else { return "" };
        let end = starts.get(index + 1).map_or(self.text.len(), |end| *end as usize);
        self.text.get(*start as usize..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// The place behind a text.
pub(super) fn end_of(text: &str) -> Place {
    let starts = line_starts(text);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let last = starts.last().map_or(0, |start| *start as usize);
    let column = text.get(last..).unwrap_or_default().chars().count();
    Place { line: number(starts.len()), column: number(column).saturating_add(1) }
}

/// Where lines begin, ended as YAML ends them: CR, LF or both.
pub(super) fn line_starts(text: &str) -> Vec<u32> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    for (index, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        if ends && let Ok(next) = u32::try_from(index + 1) {
            starts.push(next);
        }
    }
    starts
}

/// How many characters the word at the start of `rest` has.
fn token_length(rest: &[char]) -> usize {
    let Some(first) = rest.first() else { return 0 };
    if let '"' | '\'' = first {
        let close = rest.iter().skip(1).position(|c| c == first);
        return close.map_or(rest.len(), |position| position + 2);
    }
    if "[]{},".contains(*first) {
        return 1;
    }
    let ends = |index: usize| match rest[index] {
        ',' | '[' | ']' | '{' | '}' => true,
        ':' => rest.get(index + 1).is_none_or(|next| *next == ' '),
        ' ' => rest[index..].iter().find(|c| **c != ' ').is_none_or(|next| *next == '#'),
        _ => false,
    };
    (1..rest.len()).find(|index| ends(*index)).unwrap_or(rest.len())
}

/// A part of an excerpt: tabs as blanks, and what cannot be seen spelled out, as messages do it.
fn harmless(part: &[char]) -> String {
    let text: String = part.iter().map(|c| if *c == '\t' { ' ' } else { *c }).collect();
    spelled_out(&text, |_, c| is_unseen(c))
}

/// A line whose values of keys like `password` are not shown. A manifest has
/// no such key; a person may have tried.
fn masked(line: &str) -> String {
    static SECRET: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)((?:pass(?:word|wd|phrase)?|secret|token|md5)["']?\s*:\s*)[^\s,}][^,}]*"#)
            .expect("the expression is constant")
    });
    // As long as it was: what stands behind it keeps its column.
    let stars = |found: &regex::Captures<'_>| {
        let (whole, key) = (&found[0], &found[1]);
        format!("{key}{}", "*".repeat(whole[key.len()..].chars().count()))
    };
    SECRET.replace_all(line, stars).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::manifest::shown;

    fn check(text: &str, (line, column): (u32, u32), expect: [&str; 2]) {
        let excerpt = Source::new("x.yaml", text).excerpt(Place { line, column });
        assert_eq!(excerpt, expect, "{text:?}");
    }

    #[test]
    fn the_word_at_the_place_is_marked() {
        check("a: b\nagents: [one, two]\n", (2, 10), ["agents: [one, two]", "         ^^^"]);
        check("x: 'it' # why", (1, 4), ["x: 'it' # why", "   ^^^^"]);
        check("name: Talk Now # why", (1, 7), ["name: Talk Now # why", "      ^^^^^^^^"]);
        check("a\r\nkey: v", (2, 1), ["key: v", "^^^"]);
        check("日本: x", (1, 5), ["日本: x", "      ^"]);
        check("a", (9, 1), ["", "^"]);
        check("a", (1, 400), ["a", " ^"]);
    }

    #[test]
    fn nothing_harmful_and_no_secret_is_shown() {
        // Until the bracket, which ends a word: the mark is as wide as what is spelled out.
        check("a: \u{1b}[2J\u{202e}", (1, 4), ["a: \\u{1b}[2J\\u{202e}", "   ^^^^^^"]);
        check("name: Talk\u{a0}Now # why", (1, 7), ["name: Talk\\u{a0}Now # why", "      ^^^^^^^^^^^^^"]);
        check(
            "\u{200b}日: {a\u{a0}b: c}",
            (1, 11),
            ["\\u{200b}日: {a\\u{a0}b: c}", "                       ^"],
        );
        check("\t\u{a0}a: b", (1, 3), [" \\u{a0}a: b", "       ^"]);
        check("{ password: hunter2, x: 1 }", (1, 3), ["{ password: *******, x: 1 }", "  ^^^^^^^^"]);
        assert_eq!(shown("a\u{1b}b\nc"), "`a\\u{1b}b\\nc`");
        assert_eq!(shown(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}, here, {}", "a, ".repeat(100), "b, ".repeat(100));
        let excerpt = Source::new("x", &text).excerpt(Place { line: 1, column: 303 });
        assert!(excerpt[0].starts_with('…') && excerpt[0].ends_with('…'), "{excerpt:?}");
        assert_eq!(excerpt[0].chars().position(|c| c == 'h'), excerpt[1].chars().position(|c| c == '^'));
    }
}
