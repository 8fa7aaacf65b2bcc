//! Services, NGINX, signals by name, `sudo`.
//!
//! Invariant: as of all stand-ins. What a service manager only reads or links is really done by the real one, offline, so
//! that links of units are seen as files.

use super::decision::{Act, Around, Decision, How, real, recorded, refused, say, told};
use super::words;

/// Where units and old scripts of services lie.
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
];
/// Options of `systemctl` with a value of their own.
const VALUED: [&str; 14] = [
    "-H", "-M", "-P", "-n", "-o", "-p", "-s", "-t", "--host", "--lines", "--output", "--property", "--state",
    "--type",
];
/// What the real one does without a manager to talk to.
const OFFLINE: [&str; 12] = [
    "add-requires", "add-wants", "cat", "disable", "enable", "is-enabled", "list-unit-files", "mask",
    "preset", "reenable", "set-default", "unmask",
];

pub(super) fn systemctl(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let mut operands = words::operands(arguments, &VALUED);
    let verb = operands.next().unwrap_or("list-units");
    let units: Vec<&str> = operands.collect();
    if words::has(arguments, &["--version", "--help", "-h"]) {
        return real(command, arguments, around);
    }
    if OFFLINE.contains(&verb) {
        return offline(command, arguments, around);
    }
    let missing = units.iter().find(|unit| !is_known(unit, around));
    match (verb, missing) {
        ("is-active", None) if !units.is_empty() => {
            let quiet = words::has(arguments, &["-q", "--quiet"]);
            let out = if quiet { String::new() } else { "active\n".repeat(units.len()) };
            answered(command, arguments, &out, "answered: active")
        }
        ("is-active", Some(_)) => quiet_refusal(command, arguments, 3, "inactive\n"),
        ("is-failed", _) => quiet_refusal(command, arguments, 1, "active\n"),
        ("status", None) if !units.is_empty() => {
            let out = units.iter().map(|unit| format!("● {unit}\n     Active: active (running)\n"));
            answered(command, arguments, &out.collect::<String>(), "answered: active (running)")
        }
        ("status", Some(unit)) => refused(command, arguments, 4, &format!("Unit {unit} could not be found.")),
        ("is-system-running", _) => answered(command, arguments, "running\n", "answered: running"),
        ("start" | "restart" | "reload" | "try-restart" | "reload-or-restart" | "stop", Some(unit)) => {
            let unit = if unit.contains('.') { (*unit).to_owned() } else { format!("{unit}.service") };
            refused(command, arguments, 5, &format!("Failed to {verb} {unit}: Unit {unit} not found."))
        }
        _ => recorded(command, arguments, around),
    }
}

/// Links of units are files: the real program makes them, and they are seen as such.
fn offline(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    if !around.has_real(command) {
        return recorded(command, arguments, around);
    }
    let kept: Vec<String> = arguments.iter().filter(|word| *word != "--now").cloned().collect();
    let now = kept.len() < arguments.len();
    let note = if now { "links made in the copy; not started or stopped" } else { "links made in the copy" };
    let act = Act::Real { arguments: kept, environment: &[("SYSTEMD_OFFLINE", "1")], forgiven: None };
    Decision { told: vec![told(command, arguments, How::Run, note)], act }
}

fn answered(command: &str, arguments: &[String], out: &str, note: &str) -> Decision {
    Decision { told: vec![told(command, arguments, How::Recorded, note)], act: say(0, out, "") }
}

fn quiet_refusal(command: &str, arguments: &[String], code: i32, out: &str) -> Decision {
    let note = format!("answered: {}", out.trim_end());
    Decision { told: vec![told(command, arguments, How::Recorded, &note)], act: say(code, out, "") }
}

/// A unit that has a file, an instance of a template, or an old script of its name.
fn is_known(unit: &str, around: &dyn Around) -> bool {
    if around.is_tree() || unit.contains(['*', '?', '[']) {
        return true;
    }
    let whole = if unit.contains('.') { unit.to_owned() } else { format!("{unit}.service") };
    let template =
        whole.split_once('@').and_then(|(name, rest)| Some(format!("{name}@.{}", rest.rsplit_once('.')?.1)));
    let names = [Some(whole.clone()), template];
    let has = |name: &String| UNITS.iter().any(|folder| around.exists(&format!("{folder}/{name}")));
    let old =
        whole.strip_suffix(".service").is_some_and(|name| around.exists(&format!("/etc/init.d/{name}")));
    // Made by the system itself, without a file: devices, mounts, slices.
    let made = [".device", ".mount", ".scope", ".slice", ".swap"].iter().any(|kind| whole.ends_with(kind));
    names.iter().flatten().any(has) || old || made
}

pub(super) fn service(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let mut operands = words::operands(arguments, &[]);
    let (name, verb) = (operands.next(), operands.next());
    match (name, verb) {
        (Some(name), _) if !is_known(name, around) => {
            refused(command, arguments, 1, &format!("{name}: unrecognized service"))
        }
        (Some(name), Some("status")) => {
            answered(command, arguments, &format!("{name} is running.\n"), "answered: running")
        }
        (Some("nginx"), Some("configtest")) => Decision {
            told: Vec::new(),
            act: Act::Other { command: ["nginx", "-t"].map(str::to_owned).to_vec() },
        },
        _ => recorded(command, arguments, around),
    }
}

/// A test is really run; a start and a signal are not.
pub(super) fn nginx(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let asks = |word: &String| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        !letters.is_empty() && letters.chars().all(|one| "tTqvVh?".contains(one)) && letters != "q"
    };
    if !arguments.iter().any(asks) {
        return recorded(command, arguments, around);
    }
    let mut decision = real(command, arguments, around);
    if arguments.iter().any(|word| word.to_ascii_lowercase().starts_with("-t")) && around.has_real(command) {
        decision.told.push(told(command, arguments, How::Run, "tested in the copy"));
    }
    decision
}

/// Nobody of the server can be seen from inside, so nobody is found; on the server somebody would be.
pub(super) fn by_name(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let mut decision = real(command, arguments, around);
    if let Act::Real { forgiven, .. } = &mut decision.act {
        *forgiven = Some(1);
        decision.told.push(told(
            command,
            arguments,
            How::Recorded,
            "the server's processes cannot be seen from inside",
        ));
    }
    decision
}

/// The walls take `sudo` its rights; root needs none.
pub(super) fn sudo(command: &str, arguments: &[String], _: &dyn Around) -> Decision {
    const WITH_VALUE: [&str; 10] =
        ["-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "--close-from"];
    let (mut rest, mut user) = (arguments, None);
    while let Some((word, more)) = rest.split_first() {
        let is_assignment = !word.starts_with('-') && word.contains('=') && !word.contains('/');
        if !word.starts_with('-') && !is_assignment {
            break;
        }
        rest = more;
        if word == "--" {
            break;
        }
        if WITH_VALUE.contains(&word.as_str())
            && let Some((value, more)) = rest.split_first()
        {
            if word == "-u" || word == "--user" {
                user = Some(value);
            }
            rest = more;
        }
    }
    let act = match (rest, user) {
        ([], _) => say(0, "", ""),
        (rest, Some(user)) if user != "root" => {
            let before = ["runuser", "-u", user.as_str(), "--"].map(str::to_owned);
            Act::Other { command: [&before, rest].concat() }
        }
        (rest, _) => Act::Other { command: rest.to_vec() },
    };
    Decision { told: vec![told(command, arguments, How::Run, "run as root of the copy")], act }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Copy, EMPTY, asked};
    use super::*;

    const SERVER: Copy =
        Copy { there: &["/lib/systemd/system/nginx.service", "/etc/init.d/motion"], files: &[] };

    fn said(line: &str) -> (i32, String) {
        match asked(line, &SERVER).act {
            Act::Say { code, out, .. } => (code, out),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_service_that_is_there_obeys_and_one_that_is_not_does_not() {
        assert_eq!(said("systemctl reload nginx"), (0, String::new()));
        assert_eq!(said("systemctl restart nginx.service motion"), (0, String::new()));
        assert_eq!(said("systemctl restart php-fpm").0, 5);
        assert_eq!(said("systemctl is-active nginx"), (0, "active\n".to_owned()));
        assert_eq!(said("systemctl is-active --quiet nginx"), (0, String::new()));
        assert_eq!(said("systemctl is-active apache2").0, 3);
        assert_eq!(said("service nginx reload").0, 0);
        assert_eq!(said("service apache2 reload").0, 1);
        assert_eq!(said("systemctl daemon-reload").0, 0);
    }

    #[test]
    fn links_are_made_by_the_real_program_and_nothing_is_started() {
        let Decision { told, act } = asked("systemctl enable --now motion.service", &SERVER);
        assert!(told[0].arguments.contains(&"--now".to_owned()));
        let Act::Real { arguments, environment, .. } = act else { panic!("{act:?}") };
        assert_eq!((arguments.join(" ").as_str(), environment.len()), ("enable motion.service", 1));
    }

    #[test]
    fn nginx_is_tested_and_neither_started_nor_signalled() {
        let runs = |line: &str| matches!(asked(line, &SERVER).act, Act::Real { .. });
        assert!(runs("nginx -t") && runs("nginx -tq") && runs("nginx -V") && runs("nginx -T -c /x"));
        assert!(!runs("nginx") && !runs("nginx -s reload") && !runs("nginx -c /etc/nginx/nginx.conf"));
    }

    #[test]
    fn sudo_is_the_command_behind_it() {
        let behind = |line: &str| match asked(line, &EMPTY).act {
            Act::Other { command } => command.join(" "),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(behind("sudo -E A=1 systemctl reload nginx"), "systemctl reload nginx");
        assert_eq!(behind("sudo -u motion -- cp a b"), "runuser -u motion -- cp a b");
        assert_eq!(behind("sudo -u root id"), "id");
    }
}
