//! Text that comes from a server, made harmless for a terminal.
//!
//! Invariant: no control character, and no mark that turns the reading
//! direction, passes; a file's name or a comment must not clear a screen, hide
//! a line or paint a verdict. Only [`super::Style`] adds colour, afterwards. What
//! the terminal cannot show is replaced here as well, so that widths are right.

use super::Glyphs;
use crate::outcome::{
    AgentRow, AgentUsage, BackupSection, CheckReason, CheckSection, Comparison, DatabaseSection, Details,
    DiffSection, DirectiveChange, DurationSection, EffectSection, ErrorSection, Finding, FoundSection,
    GuessSection, Heading, HostSection, KeptBackup, LocalChange, LocalChanges, LoginSection, Matrix,
    NextStep, NotedLine, Offered, OpenUsage, Outcome, PlanSection, ProbeRow, ProblemSection, ProfileUsage,
    ReloadSection, RoutesSection, Routing, RunSection, StateSection, StepSection, UsageAnomaly, UsageLeftOut,
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

/// The same answer with nothing harmful in what people see of it. Every field is named, so that a new one is thought of.
#[must_use]
pub fn outcome(outcome: &Outcome, glyphs: Glyphs) -> Outcome {
    let mut plain = outcome.clone();
    let clean = Clean(glyphs);
    let Outcome {
        command: _,
        outcome: _,
        exit_code: _,
        host,
        database,
        findings,
        plan,
        changes,
        takes_effect,
        check_by_hand,
        usage,
        backup,
        reload,
        probes,
        load: _,
        routes,
        durations,
        comparisons,
        routing,
        matrix,
        rows_by_block: _,
        problems,
        explanations: _,
        next,
        details,
        error,
    } = &mut plain;
    clean.about(host, database);
    findings.iter_mut().for_each(|found| clean.finding(found));
    plan.iter_mut().for_each(|plan| clean.plan(plan));
    // Programs alone get them; people get the rows.
    *changes = None;
    clean.effects(takes_effect, check_by_hand);
    usage.iter_mut().for_each(|usage| clean.usage(usage));
    backup.iter_mut().for_each(|backup| clean.backup(backup));
    reload.iter_mut().for_each(|reload| clean.reload(reload));
    for ProbeRow { server, uri, before: _, after: _, restored: _, gated: _, ok: _, accepted: _, note } in
        probes
    {
        clean.each([server, uri, note]);
    }
    for DurationSection { step, millis: _, at: _ } in durations {
        clean.each([step]);
    }
    comparisons.iter_mut().for_each(comparison);
    problems.iter_mut().for_each(|problem| clean.problem(problem));
    for NextStep { command, why } in next {
        clean.each([command, why]);
    }
    clean.each(routes.iter_mut().flat_map(RoutesSection::texts_mut));
    clean.pictures(routing, matrix);
    clean.details(details);
    error.iter_mut().for_each(|error| clean.error(error));
    plain
}

/// What a text becomes on its way to a terminal.
#[derive(Clone, Copy)]
struct Clean(Glyphs);

impl Clean {
    fn each<'a>(self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            *text = self.0.of(&line(text));
        }
    }

    /// Texts with lines of their own.
    fn each_text<'a>(self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            *text = self.0.of(&lines(text));
        }
    }

    fn about(self, host: &mut Option<HostSection>, database: &mut Option<DatabaseSection>) {
        if let Some(HostSection { name, os, nginx, motion }) = host {
            self.each([name, os].into_iter().chain(nginx).chain(motion));
        }
        if let Some(DatabaseSection { server, version, user, host, schema, transport }) = database {
            self.each([server, version, user, host, schema, transport]);
        }
    }

    fn finding(self, finding: &mut Finding) {
        let Finding { code: _, level: _, title, evidence, advice, accepted: _, file, line: _, before: _ } =
            finding;
        self.each([title, advice].into_iter().chain(evidence).chain(file));
    }

    fn plan(self, plan: &mut PlanSection) {
        let PlanSection {
            id,
            strategy,
            site,
            base,
            blocked: _,
            counts: _,
            steps,
            local_changes,
            differences_from_guess,
            offered,
            taken,
            diff,
        } = plan;
        self.each([id, strategy, site].into_iter().chain(base));
        for StepSection { kind: _, path, describe, record: _ } in steps {
            self.each(std::iter::once(describe).chain(path));
        }
        self.local_changes(local_changes);
        if let Some(GuessSection { base, lists }) = differences_from_guess {
            self.each([base]);
            self.local_changes(lists);
        }
        for Offered { kind: _, path, directive, old, new, take } in offered.iter_mut().chain(taken) {
            self.each([path, directive, take]);
            self.each_text(old.iter_mut().chain(new));
        }
        let DiffSection { directives, unified } = diff;
        self.each_text([unified]);
        for DirectiveChange { path, directive, old, new } in directives {
            self.each([path, directive]);
            self.each_text(old.iter_mut().chain(new));
        }
    }

    fn local_changes(self, changes: &mut LocalChanges) {
        let LocalChanges { carried, already_present, conflicting, dropped } = changes;
        for LocalChange { path, directive, snippet, today, take } in
            carried.iter_mut().chain(already_present).chain(conflicting).chain(dropped)
        {
            self.each([path, directive].into_iter().chain(take));
            self.each_text(snippet.iter_mut().chain(today));
        }
    }

    fn effects(self, effects: &mut [EffectSection], check_by_hand: &mut Option<LoginSection>) {
        for EffectSection { name, text, mark: _, commands } in effects {
            self.each([name, text].into_iter().chain(commands));
        }
        if let Some(LoginSection { agent, profiles, url }) = check_by_hand {
            self.each([agent].into_iter().chain(url).chain(profiles));
        }
    }

    fn usage(self, usage: &mut UsageSection) {
        let UsageSection { from, to, profiles, hours, now, anomalies, left_out } = usage;
        self.each([from, to]);
        for ProfileUsage { profile_id: _, profile, seconds: _, agents: _ } in profiles {
            self.each([profile]);
        }
        for AgentUsage { profile_id: _, profile, agent, seconds: _, sessions: _, open: _ } in hours {
            self.each([profile, agent]);
        }
        for OpenUsage { agent, channel, profile_id: _, profile, since, online: _ } in now {
            self.each([agent, channel, profile, since]);
        }
        for UsageAnomaly { kind, count: _, examples } in anomalies {
            self.each(std::iter::once(kind).chain(examples));
        }
        if let Some(UsageLeftOut { why, since }) = left_out {
            self.each(std::iter::once(why).chain(since));
        }
    }

    fn backup(self, backup: &mut BackupSection) {
        let BackupSection { id, path, files: _, bytes: _, verified: _ } = backup;
        self.each([id, path]);
    }

    fn reload(self, reload: &mut ReloadSection) {
        let ReloadSection { proven: _, old_workers: _, new_workers: _, error_log: _, noted, millis: _ } =
            reload;
        for NotedLine { line, means, source } in noted {
            self.each([line, means].into_iter().chain(source));
        }
    }

    fn problem(self, problem: &mut ProblemSection) {
        let ProblemSection { file, line: _, column: _, message, hint, excerpt: lines } = problem;
        self.each([file, message].into_iter().chain(hint));
        for line in lines {
            *line = excerpt(line, self.0);
        }
    }

    fn pictures(self, routing: &mut Option<Routing>, matrix: &mut Option<Matrix>) {
        if let Some(Routing { before, after }) = routing {
            self.each(before.texts_mut());
            self.each(after.iter_mut().flat_map(RoutesSection::texts_mut));
        }
        if let Some(Matrix { profiles, agents, left_out: _ }) = matrix {
            let agents = agents.iter_mut().map(|AgentRow { agent, cells: _ }| agent);
            for Heading { name, change: _ } in profiles.iter_mut().chain(agents) {
                self.each([name]);
            }
        }
    }

    fn details(self, details: &mut Details) {
        let Details {
            verdict,
            summary,
            rows,
            notes,
            text,
            saved,
            page,
            archive,
            loss,
            not_seen,
            environment,
            found,
            state,
            runs,
            backups,
            check,
            tried,
            besides,
        } = details;
        let texts = [verdict, summary, text, saved, page, archive, loss];
        self.each(texts.into_iter().flatten());
        self.each(notes.iter_mut().chain(not_seen).flatten());
        self.each(rows.iter_mut().flatten().flatten());
        self.each(environment.iter_mut().flatten().flatten());
        if let Some(FoundSection { outcome: _, exit_code: _, error: Some(error) }) = found {
            self.error(error);
        }
        if let Some(StateSection { disk, nginx, serving }) = state {
            self.each(disk.iter_mut().chain([nginx]).chain(serving));
        }
        runs.iter_mut().flatten().for_each(|run| self.run(run));
        for KeptBackup { backup, created, reason } in backups.iter_mut().flatten() {
            self.backup(backup);
            self.each([created, reason]);
        }
        if let Some(CheckSection { state: _, line, reasons }) = check {
            self.each([line]);
            self.each(reasons.iter_mut().map(|CheckReason { state: _, kind: _, text }| text));
        }
        if let Some(section) = tried {
            // It comes out of a private copy as a document, and is made harmless as one.
            let mut document = serde_json::to_value(&*section).unwrap_or_default();
            self.value(&mut document);
            *tried = serde_json::from_value(document).ok();
        }
        besides.values_mut().for_each(|value| self.value(value));
    }

    fn run(self, run: &mut RunSection) {
        let RunSection {
            id,
            kind: _,
            began,
            ended,
            outcome: _,
            reason,
            actor,
            command,
            backup,
            files,
            confirm_by,
            confirmed_by,
            undone_by,
            undoable: _,
        } = run;
        self.each([id, began, actor, command, backup].into_iter().chain(files));
        self.each([ended, reason, confirm_by, confirmed_by, undone_by].into_iter().flatten());
    }

    fn error(self, error: &mut ErrorSection) {
        let ErrorSection { message, hint, particulars, causes } = error;
        self.each([message].into_iter().chain(hint).chain(particulars).chain(causes));
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
fn comparison(Comparison { old_name, new_name, old, new }: &mut Comparison) {
    for text in [old_name, new_name] {
        *text = line(text);
    }
    for text in [old, new] {
        *text = lines(text);
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
