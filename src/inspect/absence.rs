//! What is said of masters that are not this server's, and why there is none that is.
//!
//! Invariant: of a process that is not believed only its own account is told, and that it was left alone.

use crate::host::process::{Master, MasterArguments, Stranger};
use crate::host::trust::{Space, Untouchable, Why};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use std::collections::BTreeSet;

/// Why there is no master, by what was seen instead.
pub(super) fn absence(
    strangers: &[Stranger],
    elsewhere: &[Master],
    unwanted: Vec<String>,
    others: &[&Master],
) -> Finding {
    let unseen = strangers.iter().filter(|stranger| stranger.standing == Untouchable::Unseen);
    let unseen: Vec<_> = unseen.map(|stranger| of_stranger(stranger, "not to be seen")).collect();
    let elsewhere = elsewhere.iter().map(|master| format!("{}, another main file", described(master)));
    let elsewhere: Vec<_> = elsewhere
        .chain(strangers.iter().filter_map(|stranger| match stranger.standing {
            Untouchable::Elsewhere(Space::Root) => Some(of_stranger(stranger, "root of its own")),
            Untouchable::Elsewhere(Space::Processes) => Some(of_stranger(stranger, "processes of its own")),
            Untouchable::Unseen | Untouchable::Foreign(_) => None,
        }))
        .collect();
    let (finding, lines) = if !unseen.is_empty() {
        let title = "whether the running NGINX is this server's could not be seen";
        let finding = Finding::graded(codes::NGINX_UNKNOWN, Level::Warn, title);
        (finding.advice("look as root"), unseen)
    } else if !elsewhere.is_empty() {
        let title = "the running NGINX reads another file system";
        let finding = Finding::new(codes::NGINX_OTHER_ROOT, title)
            .advice("run motionctl where that NGINX runs, in its container or chroot");
        (finding, elsewhere)
    } else {
        let finding = Finding::new(codes::NGINX_NOT_RUNNING, "no NGINX of this server runs")
            .advice("the change is made and validated, but nothing is reloaded or started");
        let others = others.iter().map(|master| format!("{}, does not read these files", described(master)));
        (finding, unwanted.into_iter().chain(others).collect())
    };
    finding.evidence_lines(lines)
}

/// What is left alone, whatever it calls itself.
pub(super) fn foreign(strangers: &[Stranger]) -> Option<Finding> {
    let title = "a process calls itself NGINX and is left alone: it is neither executed nor signalled";
    let mut finding = Finding::new(codes::NGINX_FOREIGN_PROCESS, title);
    let mut advice = BTreeSet::new();
    for stranger in strangers {
        let Untouchable::Foreign(why) = &stranger.standing else { continue };
        let (because, help) = match why {
            Why::User => (
                "it runs as another user".to_owned(),
                "an NGINX that another user runs is migrated by that user; `motionctl plan` as that user shows the change",
            ),
            Why::UserNamespace => (
                "it lives in a user namespace of its own".to_owned(),
                "a container is migrated from inside, by whoever runs it",
            ),
            Why::Program(distrust) => (
                distrust.to_string(),
                "where it is this server's NGINX, give its program and the folders above it to root alone",
            ),
            Why::Name => (
                "its program is not called nginx".to_owned(),
                "where it is this server's NGINX, name its program with --nginx",
            ),
        };
        advice.insert(help);
        finding = finding.evidence(format!("pid {}, {}: {because}", stranger.id.pid, stranger.described()));
    }
    let advice: Vec<_> = advice.into_iter().collect();
    (!advice.is_empty()).then(|| finding.advice(advice.join("; ")))
}

/// `pid 12, -c /etc/nginx/nginx.conf`.
pub(super) fn described(master: &Master) -> String {
    of(master.id.pid, &master.arguments)
}

fn of(pid: i32, arguments: &MasterArguments) -> String {
    let conf = arguments.conf.as_ref().map(|conf| format!("-c {}", conf.to_string_lossy()));
    format!("pid {pid}, {}", conf.unwrap_or_else(|| "its built-in main file".to_owned()))
}

fn of_stranger(stranger: &Stranger, what: &str) -> String {
    let group = stranger.cgroup.as_deref().and_then(|groups| groups.rsplit('/').next());
    let group = group.filter(|group| !group.is_empty()).map(|group| format!(", in {group}"));
    format!("{}, {what}{}", of(stranger.id.pid, &stranger.arguments), group.unwrap_or_default())
}
