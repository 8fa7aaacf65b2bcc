//! Text that comes from a server, made harmless for a terminal.
//!
//! Invariant: no control character, and no mark that turns the reading
//! direction, passes; a file's name or a comment must not clear a screen, hide
//! a line or paint a verdict. Only [`super::Style`] adds colour, afterwards. What
//! the terminal cannot show is replaced here as well, so that widths are right.

use super::Glyphs;
use crate::outcome::{
    Comparison, Finding, LocalChange, LocalChanges, Outcome, PlanSection, RoutesSection, Routing,
    UsageSection, spelled_out,
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
pub fn outcome(outcome: &Outcome, glyphs: Glyphs) -> Outcome {
    let mut plain = outcome.clone();
    let clean = Clean(glyphs);
    if let Some(host) = &mut plain.host {
        clean.each([&mut host.name, &mut host.os]);
        clean.each([&mut host.nginx, &mut host.motion].into_iter().flatten());
    }
    if let Some(database) = &mut plain.database {
        clean.each([&mut database.server, &mut database.version, &mut database.user, &mut database.host]);
        clean.each([&mut database.schema, &mut database.transport]);
    }
    plain.findings.iter_mut().for_each(|found| clean.finding(found));
    plain.plan.iter_mut().for_each(|plan| clean.plan(plan));
    for effect in &mut plain.takes_effect {
        clean.each([&mut effect.name, &mut effect.text]);
        clean.each(&mut effect.commands);
    }
    if let Some(login) = &mut plain.check_by_hand {
        clean.each([&mut login.agent]);
        clean.each(login.url.iter_mut().chain(&mut login.profiles));
    }
    plain.usage.iter_mut().for_each(|usage| clean.usage(usage));
    if let Some(backup) = &mut plain.backup {
        clean.each([&mut backup.path]);
    }
    for noted in plain.reload.iter_mut().flat_map(|reload| &mut reload.noted) {
        clean.each([&mut noted.line, &mut noted.means]);
    }
    for row in &mut plain.probes {
        clean.each([&mut row.server, &mut row.uri, &mut row.note]);
    }
    plain.comparisons.iter_mut().for_each(comparison);
    for problem in &mut plain.problems {
        clean.each([&mut problem.file, &mut problem.message]);
        clean.each(&mut problem.hint);
        for line_ in &mut problem.excerpt {
            *line_ = excerpt(line_, glyphs);
        }
    }
    for step in &mut plain.next {
        clean.each([&mut step.command, &mut step.why]);
    }
    clean.each(plain.routes.iter_mut().flat_map(RoutesSection::texts_mut));
    if let Some(Routing { before, after }) = &mut plain.routing {
        clean.each(before.texts_mut());
        clean.each(after.iter_mut().flat_map(RoutesSection::texts_mut));
    }
    if let Some(matrix) = &mut plain.matrix {
        let agents = matrix.agents.iter_mut().map(|row| &mut row.agent.name);
        clean.each(matrix.profiles.iter_mut().map(|profile| &mut profile.name).chain(agents));
    }
    plain.details.values_mut().for_each(|detail| clean.value(detail));
    if let Some(error) = &mut plain.error {
        clean.each([&mut error.message]);
        clean.each(&mut error.hint);
        clean.each(&mut error.particulars);
    }
    plain
}

/// What a text becomes on its way to a terminal.
#[derive(Clone, Copy)]
struct Clean(Glyphs);

impl Clean {
    fn plan(self, plan: &mut PlanSection) {
        self.each([&mut plan.site, &mut plan.strategy]);
        self.each(&mut plan.base);
        for step in &mut plan.steps {
            self.each([&mut step.describe, &mut step.kind]);
            self.each(&mut step.path);
        }
        self.local_changes(&mut plan.local_changes);
        if let Some(guess) = &mut plan.differences_from_guess {
            self.each([&mut guess.base]);
            self.local_changes(&mut guess.lists);
        }
        for offer in plan.offered.iter_mut().chain(&mut plan.taken) {
            self.each([&mut offer.path, &mut offer.directive, &mut offer.take]);
            for text in offer.old.iter_mut().chain(&mut offer.new) {
                *text = self.0.of(&lines(text));
            }
        }
    }

    fn usage(self, usage: &mut UsageSection) {
        self.each(usage.profiles.iter_mut().map(|row| &mut row.profile));
        self.each(usage.hours.iter_mut().flat_map(|row| [&mut row.profile, &mut row.agent]));
        self.each(usage.now.iter_mut().flat_map(|row| [&mut row.agent, &mut row.channel, &mut row.profile]));
    }

    fn each<'a>(self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            *text = self.0.of(&line(text));
        }
    }

    fn finding(self, finding: &mut Finding) {
        self.each([&mut finding.title, &mut finding.advice]);
        self.each(&mut finding.evidence);
    }

    fn local_changes(self, changes: &mut LocalChanges) {
        let LocalChanges { carried, already_present, conflicting, dropped } = changes;
        for LocalChange { path, directive, snippet, today, take } in
            carried.iter_mut().chain(already_present).chain(conflicting).chain(dropped)
        {
            self.each([path, directive]);
            self.each(take);
            for text in snippet.iter_mut().chain(today) {
                *text = self.0.of(&lines(text));
            }
        }
    }

    /// Details nest as deep as this program makes them, never as input does.
    fn value(self, value: &mut Value) {
        match value {
            Value::String(text) => self.each([text]),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.value(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A line of a file and marks below it: what shows that it was cut stays one column wide.
fn excerpt(text: &str, glyphs: Glyphs) -> String {
    let text = line(text);
    if glyphs == Glyphs::Ascii { text.replace('…', ".") } else { text }
}

/// Files are shown with the characters that they have.
fn comparison(comparison: &mut Comparison) {
    for text in [&mut comparison.old_name, &mut comparison.new_name] {
        *text = line(text);
    }
    comparison.old = lines(&comparison.old);
    comparison.new = lines(&comparison.new);
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
