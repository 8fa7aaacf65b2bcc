//! The same for Prometheus: text in its exposition format, for the textfile collector of node_exporter.
//!
//! Invariant: what is not known has no sample: 0 would be taken for an answer. Names and units are Prometheus's
//! (seconds since 1970, `_info` for texts), and label values are escaped.

use super::seen::{Grade, LastRun, RunState, Seen, Serving};
use super::verdict::Verdict;
use crate::facts::RouteState;
use std::fmt::Write as _;

/// The text; `now` is in seconds since 1970.
#[must_use]
pub fn figures(seen: &Seen, verdict: &Verdict, version: &str, now: i64) -> String {
    let mut text = String::new();
    let labels = [("version", version.to_owned()), ("nginx", seen.nginx.clone().unwrap_or_default())]
        .into_iter()
        .chain(seen.site.iter().map(|site| ("site", site.clone())));
    let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(&value))).collect();
    let labels = format!("{{{}}}", labels.join(","));
    metric(&mut text, "info", "What looks, and at what.", [(labels, 1)]);
    let is = |yes: bool| i64::from(yes);
    let states = [Grade::Ok, Grade::Warning, Grade::Critical, Grade::Unknown];
    let states = states.map(|grade| {
        (format!("{{state=\"{}\"}}", grade.word().to_ascii_lowercase()), is(grade == verdict.grade))
    });
    metric(
        &mut text,
        "check_state",
        "What motionctl status --check says: 1 for the state that holds.",
        states,
    );
    counts(&mut text, seen);
    run(&mut text, seen);
    metric(&mut text, "check_timestamp_seconds", "When this was looked at.", bare(Some(now)));
    text
}

fn bare(value: Option<i64>) -> Option<(String, i64)> {
    value.map(|value| (String::new(), value))
}

/// What became of the route and the files.
fn counts(text: &mut String, seen: &Seen) {
    let served = match &seen.route {
        Some(RouteState::Present) => Some(1),
        Some(RouteState::Missing | RouteState::Elsewhere(_)) => Some(0),
        Some(RouteState::CannotTell(_)) | None => None,
    };
    let count = |count: Option<usize>| bare(count.map(|count| i64::try_from(count).unwrap_or(i64::MAX)));
    let (gone, drifted) = (seen.missing().map(<[_]>::len), seen.drifted.as_ref().map(Vec::len));
    metric(
        text,
        "route_served",
        "Whether the new client's route is there in every block that serves Motion.",
        bare(served),
    );
    metric(text, "local_changes_missing", "Local changes that an update has overwritten.", count(gone));
    metric(text, "drifted_files", "Files that are not as the last run left them.", count(drifted));
}

/// What became of the newest run, and of NGINX.
fn run(text: &mut String, seen: &Seen) {
    let is = |yes: bool| i64::from(yes);
    let known = seen.drifted.is_some();
    let unfinished = matches!(seen.run, RunState::Interrupted(_) | RunState::Overdue(_) | RunState::Stuck(_));
    metric(
        text,
        "unfinished_run",
        "Whether a run was interrupted and waits for motionctl recover.",
        bare(known.then_some(is(unfinished))),
    );
    let waits = matches!(seen.run, RunState::Waits(_));
    metric(
        text,
        "awaiting_confirmation",
        "Whether a change waits for motionctl confirm.",
        bare(known.then_some(is(waits))),
    );
    let running = match seen.serving {
        Serving::Runs => Some(1),
        Serving::Stopped => Some(0),
        Serving::NotAsked => None,
    };
    metric(text, "nginx_running", "Whether NGINX runs.", bare(running));
    let last = seen.last_run.as_ref().and_then(|run| {
        let LastRun { kind, outcome, seconds } = run;
        seconds.map(|seconds| (format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}"), seconds))
    });
    metric(text, "last_run_timestamp_seconds", "When the last run of motionctl changed something.", last);
}

/// One gauge with its help; nothing where there is no sample.
fn metric(text: &mut String, name: &str, help: &str, samples: impl IntoIterator<Item = (String, i64)>) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return;
    }
    writeln!(text, "# HELP motionctl_{name} {help}\n# TYPE motionctl_{name} gauge")
        .expect("writing to a string");
    for (labels, value) in samples {
        writeln!(text, "motionctl_{name}{labels} {value}").expect("writing to a string");
    }
}

/// A label's value: backslash, quote and line feed are escaped, and nothing else may be.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::*;

    #[test]
    fn what_is_not_known_has_no_sample() {
        let seen = Seen { site: Some("/etc/a\"b\\c\nd".into()), ..Seen::default() };
        let text = figures(&seen, &judge(&seen), "0.1.0", 17);
        assert!(
            text.contains("motionctl_info{version=\"0.1.0\",nginx=\"\",site=\"/etc/a\\\"b\\\\c\\nd\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("motionctl_check_state{state=\"unknown\"} 1\n"), "{text}");
        assert!(text.contains("motionctl_check_timestamp_seconds 17\n") && text.ends_with('\n'), "{text}");
        for name in [
            "route_served", "local_changes_missing", "drifted_files", "unfinished_run", "nginx_running",
            "last_run",
        ] {
            assert!(!text.contains(name), "{name}: {text}");
        }
    }

    #[test]
    fn every_sample_has_its_help_and_type() {
        let seen = Seen {
            route: Some(RouteState::Missing),
            serving: Serving::Runs,
            run: RunState::Over,
            last_run: Some(LastRun { kind: "migrate", outcome: "applied", seconds: Some(1_700_000_000) }),
            drifted: Some(vec!["/a".into()]),
            standing: Some(crate::plan::Standing::default()),
            ..Seen::default()
        };
        let text = figures(&seen, &judge(&seen), "0.1.0", 1_700_000_100);
        for line in [
            "motionctl_route_served 0",
            "motionctl_local_changes_missing 0",
            "motionctl_drifted_files 1",
            "motionctl_unfinished_run 0",
            "motionctl_awaiting_confirmation 0",
            "motionctl_nginx_running 1",
            "motionctl_check_state{state=\"critical\"} 1",
            "motionctl_check_state{state=\"ok\"} 0",
            "motionctl_last_run_timestamp_seconds{kind=\"migrate\",outcome=\"applied\"} 1700000000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().expect("a name");
            assert!(
                text.contains(&format!("# HELP {name} ")) && text.contains(&format!("# TYPE {name} gauge\n"))
            );
        }
    }
}
