//! Text that comes from a server, made harmless for a terminal.
//!
//! Invariant: no control character, and no mark that turns the reading
//! direction, passes; a file's name or a comment must not clear a screen, hide
//! a line or paint a verdict. Only [`super::Style`] adds colour, afterwards.

use crate::outcome::{
    Comparison, Finding, LocalChange, LocalChanges, Outcome, RoutesSection, Routing, spelled_out,
};
use serde_json::Value;

/// One line of text.
#[must_use]
pub fn line(text: &str) -> String {
    spelled_out(text, |_, c| is_harmful(c))
}

/// Text with lines and tabs of its own.
fn lines(text: &str) -> String {
    spelled_out(text, |_, c| is_harmful(c) && c != '\n' && c != '\t')
}

/// The same answer with nothing harmful in what people see of it.
#[must_use]
pub fn outcome(outcome: &Outcome) -> Outcome {
    let mut plain = outcome.clone();
    if let Some(host) = &mut plain.host {
        clean([&mut host.name, &mut host.os]);
        clean([&mut host.nginx, &mut host.motion].into_iter().flatten());
    }
    if let Some(database) = &mut plain.database {
        clean([&mut database.server, &mut database.version, &mut database.user, &mut database.host]);
        clean([&mut database.schema, &mut database.transport]);
    }
    plain.findings.iter_mut().for_each(finding);
    if let Some(plan) = &mut plain.plan {
        clean([&mut plan.site, &mut plan.strategy]);
        clean(&mut plan.base);
        for step in &mut plan.steps {
            clean([&mut step.describe, &mut step.kind]);
            clean(&mut step.path);
        }
        local_changes(&mut plan.local_changes);
        if let Some(guess) = &mut plan.differences_from_guess {
            clean([&mut guess.base]);
            local_changes(&mut guess.lists);
        }
        for offer in plan.offered.iter_mut().chain(&mut plan.taken) {
            clean([&mut offer.path, &mut offer.directive, &mut offer.take]);
            for text in offer.old.iter_mut().chain(&mut offer.new) {
                *text = lines(text);
            }
        }
    }
    if let Some(backup) = &mut plain.backup {
        clean([&mut backup.path]);
    }
    for noted in plain.reload.iter_mut().flat_map(|reload| &mut reload.noted) {
        clean([&mut noted.line, &mut noted.means]);
    }
    for row in &mut plain.probes {
        clean([&mut row.server, &mut row.uri, &mut row.note]);
    }
    plain.comparisons.iter_mut().for_each(comparison);
    for problem in &mut plain.problems {
        clean([&mut problem.file, &mut problem.message]);
        clean(&mut problem.hint);
        clean(&mut problem.excerpt);
    }
    for step in &mut plain.next {
        clean([&mut step.command, &mut step.why]);
    }
    clean(plain.routes.iter_mut().flat_map(RoutesSection::texts_mut));
    if let Some(Routing { before, after }) = &mut plain.routing {
        clean(before.texts_mut());
        clean(after.iter_mut().flat_map(RoutesSection::texts_mut));
    }
    if let Some(matrix) = &mut plain.matrix {
        let agents = matrix.agents.iter_mut().map(|row| &mut row.agent.name);
        clean(matrix.profiles.iter_mut().map(|profile| &mut profile.name).chain(agents));
    }
    plain.details.values_mut().for_each(value);
    if let Some(error) = &mut plain.error {
        clean([&mut error.message]);
        clean(&mut error.hint);
        clean(&mut error.particulars);
    }
    plain
}

fn clean<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    for text in texts {
        *text = line(text);
    }
}

fn finding(finding: &mut Finding) {
    clean([&mut finding.title, &mut finding.advice]);
    clean(&mut finding.evidence);
}

fn local_changes(changes: &mut LocalChanges) {
    let LocalChanges { carried, already_present, conflicting, dropped } = changes;
    for LocalChange { path, directive, snippet, today, take } in
        carried.iter_mut().chain(already_present).chain(conflicting).chain(dropped)
    {
        clean([path, directive]);
        clean(take);
        for text in snippet.iter_mut().chain(today) {
            *text = lines(text);
        }
    }
}

fn comparison(comparison: &mut Comparison) {
    clean([&mut comparison.old_name, &mut comparison.new_name]);
    comparison.old = lines(&comparison.old);
    comparison.new = lines(&comparison.new);
}

/// Details nest as deep as this program makes them, never as input does.
fn value(value_: &mut Value) {
    match value_ {
        Value::String(text) => clean([text]),
        Value::Array(items) => items.iter_mut().for_each(value),
        Value::Object(fields) => fields.values_mut().for_each(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Control characters, and the marks of the Unicode bidirectional algorithm
/// (UAX #9) that reorder what follows them.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(line("a\u{1b}[2Jb\nc\td"), "a\\u{1b}[2Jb\\nc\\td");
        assert_eq!(line("\u{9b}31m\u{202e}fnoc"), "\\u{9b}31m\\u{202e}fnoc");
        assert_eq!(line("Straße → 日本"), "Straße → 日本");
        assert_eq!(lines("a\n\tb\r\u{1b}c"), "a\n\tb\\r\\u{1b}c");
    }
}
