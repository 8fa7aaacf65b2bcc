//! From what was seen to one line in the form of monitoring plugins.
//!
//! Invariant: the grade is that of the worst reason; a line is one line, its text holds no `|`, and everything in it
//! is short enough for the agents that carry it. Nothing unknown makes a verdict better.

use super::seen::{Grade, Reason, RunState, Seen, Serving};
use crate::facts::RouteState;
use crate::plan::{SiteState, Standing};

/// NRPE carries 1,024 bytes in its oldest packets; figures and the terminating zero need room, too.
const LONGEST_TEXT: usize = 640;
/// Names that a reason spells out.
const NAMED: usize = 3;

/// What a monitor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The worst of the reasons.
    pub grade: Grade,
    pub reasons: Vec<Reason>,
    figures: String,
    fingerprint: String,
}

impl Verdict {
    /// The line, without its figures: `CRITICAL - …`.
    #[must_use]
    pub fn text(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(|reason| reason.text.as_str()).collect();
        let text = plain(&reasons.join("; "));
        let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        let shown = &text[..end.unwrap_or_default()];
        let more = if shown.len() < text.len() { "…" } else { "" };
        format!("{} - {shown}{more}", self.grade.word())
    }

    /// The whole line, with figures behind `|`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} | {}", self.text(), self.figures)
    }

    /// What stays the same while nothing changes: no time that runs, no order that varies, nothing that the watcher
    /// says of itself.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// Judges what was seen.
#[must_use]
pub fn judge(seen: &Seen) -> Verdict {
    let mut reasons = Reasons(Vec::new());
    run(seen, &mut reasons);
    files(seen, &mut reasons);
    for fault in &seen.faults {
        reasons.say(Grade::Critical, "fault", fault.clone());
    }
    if let Some(why) = &seen.broken {
        reasons.say(
            Grade::Critical,
            "broken",
            format!("NGINX would not start with what is on the disk: {why}"),
        );
    }
    if seen.serving == Serving::Stopped {
        reasons.say(Grade::Critical, "stopped", "NGINX does not run");
    }
    for why in &seen.unknown {
        reasons.say(Grade::Unknown, "unknown", why.clone());
    }
    let is_as_left = reasons.0.is_empty() && seen.run == RunState::Over;
    match &seen.route {
        Some(RouteState::Present) if is_as_left => {
            reasons.say(
                Grade::Ok,
                "present",
                format!("{PRESENT}, and the files are as the last run left them"),
            );
        }
        Some(RouteState::Present) => reasons.say(Grade::Ok, "present", PRESENT),
        Some(RouteState::CannotTell(_)) => reasons.say(
            Grade::Unknown,
            "cannot-tell",
            "whether the new client answers its route cannot be told from here",
        ),
        None if reasons.0.is_empty() => {
            reasons.say(Grade::Unknown, "unknown", "the new client's route could not be looked at");
        }
        Some(RouteState::Missing | RouteState::Elsewhere(_)) | None => {}
    }
    let Reasons(mut reasons) = reasons;
    let fingerprint = fingerprint(seen, &reasons);
    reasons.extend(seen.said.iter().cloned());
    // The sort keeps the order of equals.
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.grade));
    let grade = reasons.first().map_or(Grade::Unknown, |reason| reason.grade);
    Verdict { grade, reasons, figures: performance(seen), fingerprint }
}

fn fingerprint(seen: &Seen, reasons: &[Reason]) -> String {
    let mut parts: Vec<_> = reasons.iter().map(|reason| reason.kind.to_owned()).collect();
    parts.extend(seen.drifted.iter().flatten().cloned());
    let missing = seen.missing().into_iter().flatten();
    parts.extend(missing.map(|change| format!("{} {}", change.block, change.directive)));
    parts.sort();
    parts.join("\n")
}

const PRESENT: &str = "the new client's route is there";

struct Reasons(Vec<Reason>);

impl Reasons {
    fn say(&mut self, grade: Grade, kind: &'static str, text: impl Into<String>) {
        self.0.push(Reason { grade, kind, text: text.into() });
    }
}

/// What the newest run has to say.
fn run(seen: &Seen, reasons: &mut Reasons) {
    let (grade, kind, text) = match &seen.run {
        RunState::None | RunState::Over => return,
        RunState::Waits(time) => (
            Grade::Warning,
            "awaiting-confirmation",
            format!("a change waits for its confirmation ({time}): run `motionctl confirm`"),
        ),
        RunState::Overdue(time) => (
            Grade::Critical,
            "overdue",
            format!(
                "a change was not confirmed in time and is still there ({time}): run `motionctl recover`"
            ),
        ),
        RunState::UnderWay(who) => (Grade::Warning, "under-way", format!("a change is being made ({who})")),
        RunState::Stuck(what) => (Grade::Critical, "stuck", what.clone()),
        RunState::Interrupted(which) => (
            Grade::Critical,
            "interrupted",
            format!("an interrupted run waits ({which}): run `motionctl recover`"),
        ),
    };
    reasons.say(grade, kind, text);
}

/// What became of the files and the route.
fn files(seen: &Seen, reasons: &mut Reasons) {
    // Half of a change says nothing about the route that it brings.
    if matches!(seen.run, RunState::UnderWay(_)) {
        return;
    }
    let drifted = seen.drifted.as_deref().unwrap_or_default();
    let gone = match &seen.route {
        Some(RouteState::Missing) => Some(("missing", "the new client's route is missing")),
        Some(RouteState::Elsewhere(_)) => {
            Some(("elsewhere", "something else answers the new client's route"))
        }
        _ => None,
    };
    let standing = seen.standing.as_ref();
    let said = standing.and_then(Standing::verdict);
    let overwritten = match standing.map(|standing| standing.state) {
        Some(SiteState::Overwritten) => {
            gone.is_some() || seen.missing().is_some_and(|missing| !missing.is_empty())
        }
        Some(
            SiteState::Edited
            | SiteState::Moved
            | SiteState::VendorOnRequest
            // What is to come back is not known, so nobody but a person brings it back.
            | SiteState::Unreadable
            | SiteState::RecordGone,
        ) => false,
        // Where no text tells who it was, the route does: a customer's edit keeps it.
        Some(SiteState::NoRecord | SiteState::AsLeft) | None => !drifted.is_empty() && gone.is_some(),
    };
    match (overwritten, said) {
        (true, Some(said)) => reasons.say(Grade::Critical, "overwritten", said),
        (true, None) => reasons.say(
            Grade::Critical,
            "overwritten",
            format!("an update overwrote {}; `motionctl apply` brings back what is gone", named(drifted)),
        ),
        // Whoever took them out: what was to stay is not there, unless somebody asked for the vendor's text.
        (false, Some(said)) => {
            let is_asked_for = standing.is_some_and(|standing| standing.state == SiteState::VendorOnRequest);
            let is_gone = seen.missing().is_some_and(|missing| !missing.is_empty()) && !is_asked_for;
            let (grade, kind) =
                if is_gone { (Grade::Critical, "changes-gone") } else { (Grade::Warning, "drift") };
            reasons.say(grade, kind, said);
        }
        (false, None) if !drifted.is_empty() => {
            reasons.say(Grade::Warning, "drift", format!("edited since the last run: {}", named(drifted)));
        }
        (false, None) => {}
    }
    if let Some((kind, text)) = gone {
        let advice = if overwritten { "" } else { ": `motionctl plan` shows what would bring it" };
        reasons.say(Grade::Critical, kind, format!("{text}{advice}"));
    }
}

/// Figures as the plugins' guidelines want them: `name=value;warn;crit;min;max`, `U` for what is not known.
fn performance(seen: &Seen) -> String {
    let served = match &seen.route {
        Some(RouteState::Present) => "1",
        Some(RouteState::Missing | RouteState::Elsewhere(_)) => "0",
        Some(RouteState::CannotTell(_)) | None => "U",
    };
    let count = |count: Option<usize>| count.map_or_else(|| "U".to_owned(), |count| count.to_string());
    let open = match seen.run {
        RunState::Interrupted(_) | RunState::Overdue(_) | RunState::Stuck(_) => 1,
        _ => 0,
    };
    format!(
        "route_served={served};;1:;0;1 local_changes_missing={};;0;0; drifted_files={};0;;0; unfinished_runs={open};;0;0;1",
        count(seen.missing().map(<[_]>::len)),
        count(seen.drifted.as_ref().map(Vec::len)),
    )
}

/// The first names of a list, and how many there are besides.
fn named(list: &[String]) -> String {
    let mut names = list.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > NAMED {
        names.push_str(&format!(" and {} more", list.len() - NAMED));
    }
    names
}

/// Names come from a server: nothing in them may end the line, or begin its figures. Monitors cut back quotes out of
/// what they hand to a shell.
fn plain(text: &str) -> String {
    crate::values::escape(text.as_bytes()).replace('|', "/").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::MissingChange;

    fn standing(state: SiteState, missing: &[&str]) -> Standing {
        let missing = missing.iter().map(|name| MissingChange {
            block: "server cc.example.test:443".to_owned(),
            directive: (*name).to_owned(),
        });
        Standing { state, file: "motion.conf".to_owned(), missing: missing.collect(), ..Standing::default() }
    }

    fn served() -> Seen {
        Seen {
            route: Some(RouteState::Present),
            serving: Serving::Runs,
            run: RunState::Over,
            drifted: Some(Vec::new()),
            standing: Some(standing(SiteState::AsLeft, &[])),
            ..Seen::default()
        }
    }

    fn check(change: &dyn Fn(&mut Seen), grade: Grade, words: &[&str]) {
        let mut seen = served();
        change(&mut seen);
        let verdict = judge(&seen);
        let line = verdict.line();
        assert_eq!(verdict.grade, grade, "{line}");
        assert!(line.starts_with(&format!("{} - ", grade.word())), "{line}");
        for word in words {
            assert!(line.contains(word), "{word}: {line}");
        }
    }

    #[test]
    fn what_became_of_the_files_has_its_grade_and_its_line() {
        let file = || Some(vec!["/etc/nginx/conf.d/motion.conf".to_owned()]);
        let with = |state, missing: &[&str]| Some(standing(state, missing));
        let bridge = ["location /whatsapp-bridge/"];
        check(&|_| (), Grade::Ok, &["is there", "as the last run left them", "route_served=1;;1:;0;1"]);
        check(&|seen| seen.drifted = file(), Grade::Warning, &["edited since", "drifted_files=1"]);
        check(
            &|seen| seen.route = Some(RouteState::Missing),
            Grade::Critical,
            &["missing", "route_served=0"],
        );
        check(
            &|seen| {
                seen.route = Some(RouteState::Missing);
                seen.drifted = file();
            },
            Grade::Critical,
            &["an update overwrote /etc/nginx/conf.d/motion.conf", "motionctl apply"],
        );
        // The route is there, and what was carried is not: never good.
        check(
            &|seen| {
                seen.drifted = file();
                seen.standing = with(SiteState::Overwritten, &bridge);
            },
            Grade::Critical,
            &[
                "an update overwrote motion.conf: 1 local change is gone (location /whatsapp-bridge/)",
                "missing=1",
            ],
        );
        for (state, grade) in [
            (with(SiteState::AsLeft, &bridge), Grade::Critical),
            (with(SiteState::Edited, &bridge), Grade::Critical),
            (with(SiteState::Edited, &[]), Grade::Warning),
            (with(SiteState::Overwritten, &[]), Grade::Warning),
            (with(SiteState::VendorOnRequest, &bridge), Grade::Warning),
            (with(SiteState::RecordGone, &[]), Grade::Warning),
        ] {
            let change = |seen: &mut Seen| {
                seen.drifted = file();
                seen.standing.clone_from(&state);
            };
            check(&change, grade, &["motion.conf"]);
        }
    }

    #[test]
    fn what_else_there_is_has_its_grade_and_its_line() {
        check(
            &|seen| seen.run = RunState::Waits("9 min left".into()),
            Grade::Warning,
            &["motionctl confirm", "9 min"],
        );
        check(
            &|seen| seen.run = RunState::Overdue("since 10:00".into()),
            Grade::Critical,
            &["motionctl recover"],
        );
        check(
            &|seen| seen.run = RunState::Interrupted("run X".into()),
            Grade::Critical,
            &["motionctl recover"],
        );
        check(
            &|seen| {
                seen.run =
                    RunState::Stuck("a.conf was edited since: `motionctl rollback X --whole-tree`".into())
            },
            Grade::Critical,
            &["CRITICAL - a.conf was edited since: motionctl rollback X --whole-tree", "unfinished_runs=1"],
        );
        check(
            &|seen| {
                seen.run = RunState::UnderWay("process 7".into());
                seen.route = Some(RouteState::Missing);
            },
            Grade::Warning,
            &["is being made (process 7)"],
        );
        check(&|seen| seen.broken = Some("unknown directive".into()), Grade::Critical, &["would not start"]);
        check(&|seen| seen.serving = Serving::Stopped, Grade::Critical, &["NGINX does not run"]);
        check(&|seen| seen.route = None, Grade::Unknown, &["could not be looked at", "route_served=U"]);
        check(
            &|seen| {
                seen.drifted = None;
                seen.unknown = vec!["not root".into()];
            },
            Grade::Unknown,
            &["UNKNOWN - not root; the new client's route is there", "drifted_files=U"],
        );
        // What is certainly bad is not hidden by what is not known.
        check(
            &|seen| {
                seen.route = Some(RouteState::Missing);
                seen.unknown = vec!["not root".into()];
            },
            Grade::Critical,
            &["is missing", "not root"],
        );
    }

    #[test]
    fn a_name_ends_neither_the_line_nor_its_text() {
        let mut seen = served();
        seen.drifted = Some((0..5).map(|n| format!("/etc/a|b\n{n}\u{1b}[2J")).collect());
        let line = judge(&seen).line();
        assert_eq!(line.lines().count(), 1);
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(line.contains(" and 2 more") && !line.contains('\u{1b}'), "{line}");
        seen.drifted = Some(vec!["é".repeat(900)]);
        let line = judge(&seen).line();
        assert!(line.len() < 1000 && line.contains("… | route_served=1"), "{line}");
    }

    #[test]
    fn time_that_runs_is_no_news() {
        let at = |left: &str| {
            judge(&Seen { run: RunState::Waits(left.to_owned()), ..served() }).fingerprint().to_owned()
        };
        assert_eq!(at("9 min left"), at("8 min left"));
        let edited = |name: &str| {
            let seen = Seen { drifted: Some(vec![name.to_owned()]), ..served() };
            judge(&seen).fingerprint().to_owned()
        };
        assert_ne!(edited("/etc/nginx/a.conf"), edited("/etc/nginx/b.conf"));
        let said = vec![Reason { grade: Grade::Critical, kind: "left", text: "not healed".into() }];
        let noted = Seen { said, ..served() };
        assert_eq!(judge(&noted).fingerprint(), judge(&served()).fingerprint());
        assert_eq!(judge(&noted).grade, Grade::Critical);
    }
}
