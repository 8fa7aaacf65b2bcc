//! The shape of the one JSON document: which keys there may be, of which type.
//!
//! Invariant: a key that is not listed here is a key that nobody decided on.

use serde_json::Value;

type Check = fn(&Value) -> bool;

const OUTCOMES: [&str; 12] = [
    "ok",
    "up-to-date",
    "changes-pending",
    "applied",
    "awaiting-confirmation",
    "refused",
    "rolled-back",
    "needs-operator",
    "failed",
    "cancelled",
    "invalid",
    "unavailable",
];

fn text(value: &Value) -> bool {
    value.is_string()
}

fn number(value: &Value) -> bool {
    value.is_u64()
}

fn flag(value: &Value) -> bool {
    value.is_boolean()
}

fn pids(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(number))
}

fn texts(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(text))
}

fn text_or_null(value: &Value) -> bool {
    value.is_string() || value.is_null()
}

fn each(value: &Value, check: Check) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(check))
}

/// An object with all of `required`, some of `optional`, and nothing else.
fn object(value: &Value, required: &[(&str, Check)], optional: &[(&str, Check)]) -> bool {
    let Some(fields) = value.as_object() else { return false };
    let find = |name: &str| required.iter().chain(optional).find(|(known, _)| *known == name);
    required.iter().all(|(name, _)| fields.contains_key(*name))
        && fields.iter().all(|(name, value)| find(name).is_some_and(|(_, check)| check(value)))
}

fn finding(value: &Value) -> bool {
    let level = |value: &Value| ["info", "warn", "stop"].iter().any(|level| value == level);
    let required: [(&str, Check); 6] = [
        ("code", text),
        ("level", level),
        ("title", text),
        ("evidence", texts),
        ("advice", text),
        ("accepted", flag),
    ];
    object(value, &required, &[("file", text), ("line", number)])
}

fn host(value: &Value) -> bool {
    object(value, &[("name", text), ("os", text), ("nginx", text_or_null), ("motion", text_or_null)], &[])
}

fn database(value: &Value) -> bool {
    let texts =
        ["server", "version", "user", "host", "schema", "transport"].map(|name| (name, text as Check));
    object(value, &texts, &[])
}

fn step(value: &Value) -> bool {
    object(value, &[("kind", text), ("describe", text)], &[("path", text), ("record", flag)])
}

fn local_changes(value: &Value) -> bool {
    let list: Check = |value| {
        each(value, |item| {
            let optional: [(&str, Check); 3] = [("snippet", text), ("today", text), ("take", text)];
            object(item, &[("path", text), ("directive", text)], &optional)
        })
    };
    let required = [("carried", list), ("already_present", list), ("conflicting", list), ("dropped", list)];
    object(value, &required, &[])
}

fn diff(value: &Value) -> bool {
    object(value, &[("directives", |value| each(value, directive_change)), ("unified", text)], &[])
}

fn directive_change(value: &Value) -> bool {
    object(value, &[("path", text), ("directive", text)], &[("old", text), ("new", text)])
}

fn counts(value: &Value) -> bool {
    let required = ["files", "add", "change", "remove"].map(|name| (name, number as Check));
    object(value, &required, &[])
}

fn plan(value: &Value) -> bool {
    let required: [(&str, Check); 6] = [
        ("id", text),
        ("strategy", text),
        ("site", text),
        ("steps", |value| each(value, step)),
        ("local_changes", local_changes),
        ("diff", diff),
    ];
    let list: Check = |value| each(value, offered);
    let optional: [(&str, Check); 6] = [
        ("base", text),
        ("blocked", flag),
        ("counts", counts),
        ("differences_from_guess", guess),
        ("offered", list),
        ("taken", list),
    ];
    object(value, &required, &optional)
}

fn guess(value: &Value) -> bool {
    let mut lists = value.clone();
    let base = lists.as_object_mut().and_then(|lists| lists.remove("base"));
    base.is_some_and(|base| text(&base)) && local_changes(&lists)
}

fn offered(value: &Value) -> bool {
    let kind: Check =
        |value| ["add", "change", "order", "remove", "unclear"].iter().any(|word| value == word);
    let required: [(&str, Check); 4] = [("kind", kind), ("path", text), ("directive", text), ("take", text)];
    object(value, &required, &[("old", text), ("new", text)])
}

fn backup(value: &Value) -> bool {
    let required: [(&str, Check); 5] =
        [("id", text), ("path", text), ("files", number), ("bytes", number), ("verified", flag)];
    object(value, &required, &[])
}

fn reload(value: &Value) -> bool {
    let log = |value: &Value| ["clean", "errors", "not-looked-at"].iter().any(|word| value == word);
    let required: [(&str, Check); 5] = [
        ("proven", flag),
        ("old_workers", pids),
        ("new_workers", pids),
        ("error_log", log),
        ("millis", number),
    ];
    let noted: Check = |value| value.as_array().is_some_and(|lines| lines.iter().all(reload_line));
    object(value, &required, &[("noted", noted)])
}

fn reload_line(value: &Value) -> bool {
    object(value, &[("line", text), ("means", text)], &[("source", text)])
}

fn probe(value: &Value) -> bool {
    let required: [(&str, Check); 5] =
        [("server", text), ("uri", text), ("before", number), ("gated", flag), ("ok", flag)];
    object(value, &required, &[("after", number), ("restored", number), ("note", text)])
}

fn load(value: &Value) -> bool {
    let count: Check = |value| object(value, &[("sent", number), ("failed", number)], &[]);
    object(value, &[("fresh", count), ("keepalive", count), ("during_reload", number)], &[])
}

fn routes(value: &Value) -> bool {
    let place: Check = |value| object(value, &[("directive", text), ("file", text), ("line", number)], &[]);
    let answer: Check = move |value| {
        let optional: [(&str, Check); 8] = [
            ("ended_by", Value::is_object),
            ("conditions", |value| each(value, Value::is_object)),
            ("target", text),
            ("addresses", texts),
            ("status", number),
            ("there", flag),
            ("tried", texts),
            ("by_way_of", texts),
        ];
        object(value, &[("block", Value::is_object), ("kind", text)], &optional)
    };
    let row = |value: &Value| {
        let answers =
            value["answers"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(answer));
        answers
            && object(
                value,
                &[("uri", text), ("answers", Value::is_array), ("complete", flag)],
                &[("by", texts)],
            )
    };
    let server = |value: &Value| {
        let required: [(&str, Check); 7] = [
            ("server", text),
            ("names", texts),
            ("listens", texts),
            ("role", text),
            ("place", Value::is_object),
            ("routes", Value::is_array),
            ("locations_left_out", number),
        ];
        let optional: [(&str, Check); 2] = [("patterns", Value::is_array), ("never_asked", text)];
        object(value, &required, &optional)
            && place(&value["place"])
            && value["routes"].as_array().is_some_and(|rows| rows.iter().all(row))
    };
    let nowhere: Check = |value| each(value, |value| object(value, &[("uri", text), ("reason", text)], &[]));
    let required: [(&str, Check); 2] = [("servers", Value::is_array), ("servers_left_out", number)];
    object(value, &required, &[("nowhere", nowhere)])
        && value["servers"].as_array().is_some_and(|all| all.iter().all(server))
}

fn next_step(value: &Value) -> bool {
    object(value, &[("command", text), ("why", text)], &[])
}

fn duration(value: &Value) -> bool {
    object(value, &[("step", text), ("millis", number)], &[])
}

fn explanation(value: &Value) -> bool {
    let levels: Check = |value| {
        each(value, |level| object(level, &[("level", text)], &[("when", text)])) && value[0].is_object()
    };
    let kind: (&str, Check) = ("kind", text);
    let finding: [(&str, Check); 9] = [
        kind,
        ("documented", text),
        ("code", text),
        ("levels", levels),
        ("accept", texts),
        ("accepted_by", texts),
        ("meaning", text),
        ("looked_for", text),
        ("advice", text),
    ];
    let exit: [(&str, Check); 5] =
        [kind, ("exit_code", number), ("meaning", text), ("state", text), ("next", text)];
    match value["kind"].as_str() {
        Some("finding") => object(value, &finding, &[("exit_code", number)]),
        Some("exit-code") => object(value, &exit, &[]),
        _ => false,
    }
}

fn error(value: &Value) -> bool {
    value.is_null() || object(value, &[("message", text)], &[("hint", text)])
}

/// Panics unless the document has the contract's shape, and says `command`.
pub fn check(document: &Value, command: &str) {
    let required: [(&str, Check); 8] = [
        ("tool", |value| value == "motionctl"),
        ("version", |value| value == env!("CARGO_PKG_VERSION")),
        ("format", |value| value == 1),
        ("command", text),
        ("outcome", |value| OUTCOMES.iter().any(|word| value == word)),
        ("exit_code", number),
        ("findings", |value| each(value, finding)),
        ("error", error),
    ];
    let optional: [(&str, Check); 12] = [
        ("host", host),
        ("next", |value| each(value, next_step) && value != &Value::Array(Vec::new())),
        ("database", database),
        ("plan", plan),
        ("backup", backup),
        ("reload", reload),
        ("probes", |value| each(value, probe) && value != &Value::Array(Vec::new())),
        ("load", load),
        ("routes", routes),
        ("durations", |value| each(value, duration)),
        ("explanations", |value| each(value, explanation) && value != &Value::Array(Vec::new())),
        ("details", |value| value.as_object().is_some_and(|fields| !fields.is_empty())),
    ];
    assert!(object(document, &required, &optional), "{command}: {document:#}");
    assert_eq!(document["command"], command);
    assert_eq!(document["error"].is_null(), document["exit_code"].as_u64() < Some(3) && !failed(document));
}

fn failed(document: &Value) -> bool {
    document["outcome"] == "failed" || document["outcome"] == "cancelled"
}

#[test]
fn the_check_can_fail() {
    let document = |extra: &str| {
        let text = format!(
            r#"{{"tool": "motionctl", "version": "{}", "format": 1, "command": "x", "outcome": "ok",
                "exit_code": 0, "findings": [], "error": null{extra}}}"#,
            env!("CARGO_PKG_VERSION")
        );
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    check(&document(""), "x");
    for extra in [", \"new\": 1", ", \"backup\": {}", ", \"probes\": []", ", \"host\": null"] {
        let document = document(extra);
        assert!(std::panic::catch_unwind(|| check(&document, "x")).is_err(), "{extra}");
    }
}
