//! What a script did, for people: redacted, sorted, named by what it means.
//!
//! Invariant: the only way from what was observed to the answer; nothing of the script's is shown that did not come
//! through here.

use super::judge::Script;
use super::protocol::Tried;
use super::stand_in::{How, Told};
use super::{prose, redact};
use crate::host::contain::{Change, End, Kind, Limit, Printed, Seen};
use crate::outcome::{Comparison, TriedChange, TriedFetch, TriedRequest, TriedScript, TrySection};
use crate::values::Hash;
use nginx_config::{holds_private_key, redact_code, redact_source, redact_text};
use regex::Regex;
use std::sync::LazyLock;

/// No more text of all differences together goes into an answer.
const MOST_TEXT: usize = 512 << 10;
/// Bytes of a new file that are worth showing though nobody knows what it is for.
const SHORT: u64 = 4 << 10;
/// Lines of the script's own output that are shown.
const MOST_LINES: usize = 400;

/// What a path means, by its beginning; the first that fits.
const AREAS: &[(&str, &[&str])] = &[
    ("sudoers", &["/etc/sudoers"]),
    ("accounts", &["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid"]),
    ("cron", &["/etc/cron", "/etc/anacrontab", "/var/spool/cron", "/var/spool/at"]),
    (
        "unit",
        &[
            "/etc/systemd", "/lib/systemd", "/usr/lib/systemd", "/usr/local/lib/systemd", "/etc/init.d",
            "/etc/rc",
        ],
    ),
    ("ssh", &["/etc/ssh", "/root/.ssh"]),
    (
        "packages",
        &["/etc/apt", "/etc/yum", "/etc/dnf", "/var/lib/dpkg", "/var/lib/rpm", "/usr/share/keyrings"],
    ),
    (
        "nginx",
        &["/etc/nginx", "/usr/local/nginx", "/usr/local/openresty/nginx", "/etc/angie", "/etc/openresty"],
    ),
    (
        "login",
        &["/etc/profile", "/etc/bash", "/etc/pam.d", "/etc/environment", "/root/.bashrc", "/root/.profile"],
    ),
    ("libraries", &["/etc/ld.so"]),
    ("network", &["/etc/hosts", "/etc/resolv.conf", "/etc/network", "/etc/netplan"]),
    ("passing", &["/tmp", "/var/tmp", "/run", "/dev/shm", "/var/log", "/var/cache", "/var/lib/nginx"]),
];

/// What paints a terminal, moves in it or names its window; the rest of what it would obey is spelled out later.
static COLOUR: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9])|\r";
    Regex::new(pattern).expect("a constant pattern")
});

/// Files whose contents are never shown, by a part of their path.
const SECRET: [&str; 18] = [
    "/etc/gshadow", "/etc/shadow", "/.aws/", "/.docker/config", "/.env", "/.git-credentials", "/.gnupg/",
    "/.htpasswd", "/.my.cnf", "/.netrc", "/.npmrc", "/.pgpass", "/.ssh/", "/ssl/private/", "htpasswd",
    "id_rsa", "credentials", "secret",
];
const SECRET_ENDINGS: [&str; 6] = [".jks", ".kdbx", ".key", ".p12", ".pem", ".pfx"];

/// The section of an answer.
#[must_use]
pub fn section(script: &Script, tried: &Tried) -> TrySection {
    let observed = &tried.observed;
    let mut section = TrySection {
        script: TriedScript {
            name: script.name.clone(),
            sha256: script.hash().to_string(),
            bytes: script.bytes.len() as u64,
            interpreter: script.interpreter.join(" "),
        },
        truncated: observed.truncated || observed.untold > 0,
        left_running: observed.left.iter().map(|line| prose::line(line)).collect(),
        output: output(&observed.output),
        containment: tried.containment.clone(),
        ..TrySection::default()
    };
    match observed.end {
        End::Exited(code) => (section.ended, section.exit_code) = ("exited".to_owned(), Some(code)),
        End::Killed(signal) => (section.ended, section.signal) = ("killed".to_owned(), Some(signal)),
        End::Beyond(_) => {}
    }
    if let Some(limit) = tried.hit {
        (section.ended, section.limit) = ("limit".to_owned(), Some(name(limit).to_owned()));
    }
    let mut left = MOST_TEXT;
    section.changes =
        observed.changes.iter().map(|one| change(one, tried.copies.get(&one.path), &mut left)).collect();
    // What is not as a stand-in says it is the script's invention, and is shown as such.
    for text in &observed.told {
        let told: Told = serde_json::from_str(text).unwrap_or_else(|_| Told {
            command: "(not understood)".to_owned(),
            note: "something else than a stand-in spoke".to_owned(),
            ..Told::default()
        });
        note(told, &mut section);
    }
    section
}

/// Texts beside each other, for a terminal: what is passing is left out, and what is new, long and means nothing special.
#[must_use]
pub fn comparisons(tried: &Tried) -> Vec<Comparison> {
    let mut left = MOST_TEXT;
    let is_short = |change: &Change| match change.after.as_ref().map(|seen| &seen.kind) {
        Some(Kind::File { size, .. }) => *size <= SHORT,
        _ => true,
    };
    let shown = tried.observed.changes.iter().filter(|change| match area(&change.path) {
        _ if tried.copies.contains_key(&change.path) => false,
        "passing" => false,
        "" => change.before.is_some() || is_short(change),
        _ => true,
    });
    shown.filter_map(|change| compared(change, &mut left)).collect()
}

fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Time => "time",
        Limit::Processes => "processes",
        Limit::Memory => "memory",
        Limit::Disk => "disk",
    }
}

fn output(printed: &Printed) -> Vec<String> {
    let plain = |text: &str| COLOUR.replace_all(text, "").replace('\t', "    ");
    let lines = |text: &str| prose::text(&plain(text)).lines().map(str::to_owned).collect::<Vec<_>>();
    let mut all = lines(&printed.head);
    if printed.skipped > 0 {
        all.push(format!("… {} bytes left out …", printed.skipped));
    }
    all.extend(lines(&printed.tail));
    let more = all.len().saturating_sub(MOST_LINES);
    if more > 0 {
        all.splice(MOST_LINES / 2..MOST_LINES / 2 + more, [format!("… {more} lines left out …")]);
    }
    all
}

fn note(told: Told, section: &mut TrySection) {
    let Told { command, arguments, how, note, fetch } = told;
    if let Some(fetch) = fetch {
        section.fetches.push(TriedFetch {
            url: redact::address(&fetch.url),
            by: command,
            served: fetch.served,
            unchecked: fetch.unchecked,
            sends: fetch.sends,
            credentials: fetch.credentials || redact_text(&fetch.url) != fetch.url,
        });
        return;
    }
    let how = match how {
        How::Recorded => "recorded",
        How::Run => "run",
        How::Refused => "refused",
    };
    section.asked.push(TriedRequest {
        command: prose::command_line(&command, &arguments),
        how: how.to_owned(),
        note: prose::line(&note),
    });
}

fn area(path: &str) -> &'static str {
    let fits = |beginning: &&&str| path.starts_with(**beginning);
    let found = AREAS.iter().find(|(_, beginnings)| beginnings.iter().any(|one| fits(&one)));
    found.map_or("", |(name, _)| name)
}

fn change(change: &Change, copy_of: Option<&String>, left: &mut usize) -> TriedChange {
    let Change { path, before, after } = change;
    let what = match after.as_ref().or(before.as_ref()).map(|seen| &seen.kind) {
        Some(Kind::File { .. }) | None => "file",
        Some(Kind::Folder) => "folder",
        Some(Kind::Link(_)) => "link",
        Some(Kind::Special(kind)) => kind,
    };
    let verb = match (before, after) {
        (None, _) => "created",
        (_, None) => "removed",
        (Some(was), Some(now)) if content(was) == content(now) => "attributes",
        _ => "changed",
    };
    let sha256 = match after.as_ref().map(|seen| &seen.kind) {
        Some(Kind::File { sha256, .. }) => sha256.as_ref().map(Hash::to_string),
        _ => None,
    };
    TriedChange {
        path: path.clone(),
        change: verb.to_owned(),
        what: what.to_owned(),
        area: area(path).to_owned(),
        note: match copy_of {
            Some(original) => format!("a copy of {original}, {}", words(before.as_ref(), after.as_ref())),
            None => words(before.as_ref(), after.as_ref()),
        },
        sha256,
        // What it says stood there before.
        diff: compared(change, left).filter(|_| copy_of.is_none()).map(|texts| texts.unified()),
    }
}

/// What makes two things the same but for owner and mode.
fn content(seen: &Seen) -> (Option<Hash>, String) {
    match &seen.kind {
        Kind::File { sha256, size, .. } => (*sha256, size.to_string()),
        Kind::Folder => (None, "folder".to_owned()),
        Kind::Link(text) => (None, format!("link {text}")),
        Kind::Special(kind) => (None, kind.clone()),
    }
}

fn words(before: Option<&Seen>, after: Option<&Seen>) -> String {
    let size = |seen: &Seen| match &seen.kind {
        Kind::File { size, .. } => format!("{size} bytes"),
        Kind::Folder => "folder".to_owned(),
        Kind::Link(text) => format!("→ {}", prose::line(text)),
        Kind::Special(kind) => kind.clone(),
    };
    let rights = |seen: &Seen| match seen.kind {
        Kind::Link(_) => String::new(),
        _ => {
            let more: String = seen.attributes.iter().map(|name| format!(" {name}")).collect();
            format!("{:04o} {}:{}{more}", seen.mode, seen.uid, seen.gid)
        }
    };
    let both = |was: String, now: String| match (was == now, was.is_empty()) {
        (true, _) => now,
        (false, _) => format!("{was} → {now}"),
    };
    match (before, after) {
        (Some(was), Some(now)) => [both(size(was), size(now)), both(rights(was), rights(now))]
            .iter()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(", "),
        (Some(seen), None) | (None, Some(seen)) => [size(seen), rights(seen)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        (None, None) => String::new(),
    }
}

/// Both texts, redacted, where each is one and neither is secret as a whole.
fn compared(change: &Change, left: &mut usize) -> Option<Comparison> {
    let is_file = |seen: &Seen| matches!(seen.kind, Kind::File { .. });
    let sides = [change.before.as_ref(), change.after.as_ref()];
    if !sides.iter().flatten().any(|seen| is_file(seen)) || is_secret(&change.path) {
        return None;
    }
    let text = |seen: Option<&Seen>| match seen {
        Some(seen) if is_file(seen) => text(&change.path, &seen.kind.contents()?),
        _ => Some(String::new()),
    };
    let (old, new) = (text(sides[0])?, text(sides[1])?);
    let size = old.len() + new.len();
    if old == new || size > *left {
        return None;
    }
    *left -= size;
    Some(Comparison { old_name: change.path.clone(), new_name: change.path.clone(), old, new })
}

fn is_secret(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    SECRET.iter().any(|part| path.contains(part)) || SECRET_ENDINGS.iter().any(|end| path.ends_with(end))
}

/// Whether a file is code that NGINX runs, of which nothing is shown: whatever it compares would have to be understood.
fn is_code(path: &str) -> bool {
    let ending =
        path.rsplit('/').next().unwrap_or_default().rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "lua" | "njs" => true,
        "js" | "mjs" | "pl" | "pm" => area(path) == "nginx",
        _ => false,
    }
}

/// The text of a file without secrets; `None` for what is no text, or holds a key.
fn text(path: &str, bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    if holds_private_key(bytes) {
        return None;
    }
    if is_code(path) {
        return Some(format!("{}\n", redact_code(bytes)));
    }
    let redacted = if area(path) == "nginx" || path.ends_with(".conf") {
        String::from_utf8_lossy(&redact_source(bytes)).into_owned()
    } else {
        text.to_owned()
    };
    // NGINX's own grammar first, and then what any text may hold: a comment, a command of somebody's.
    Some(prose::text(&redacted))
}
