//! Whether a document is what `docs/schema/` says, and nothing more.
//!
//! Invariant: the schemas that are published let later versions add keys; here a key that they do not name is a fault.

use jsonschema::Validator;
use motionctl::cli::schemas;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What is wrong with a document of this kind; empty where nothing is.
pub fn complaints(kind: &str, document: &Value) -> Vec<String> {
    static VALIDATORS: OnceLock<BTreeMap<&str, Validator>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        let closed = schemas().map(|(name, schema)| {
            let closed = closed(schema.to_value());
            (name, jsonschema::draft202012::new(&closed).expect("the schema compiles"))
        });
        closed.into_iter().collect()
    });
    let errors = validators[kind].iter_errors(document);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The schema with every object closed that says which keys it has.
fn closed(mut schema: Value) -> Value {
    let mut parts = BTreeSet::new();
    extended(&schema, &mut parts);
    if let Some(defs) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for (name, def) in defs {
            // What is only a part of an object cannot know all its keys; the object that it belongs to is closed.
            let Value::Object(def) = def else { continue };
            if parts.contains(name) { def.values_mut().for_each(close) } else { close_object(def) }
        }
    }
    if let Some(root) = schema.as_object_mut() {
        let defs = root.remove("$defs");
        close_object(root);
        root.extend(defs.map(|defs| ("$defs".to_owned(), defs)));
    }
    schema
}

/// The names of the definitions to which somebody adds keys.
fn extended(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            let target =
                object.get("$ref").and_then(Value::as_str).filter(|_| object.contains_key("properties"));
            names.extend(target.and_then(|target| target.rsplit('/').next()).map(str::to_owned));
            object.values().for_each(|value| extended(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| extended(item, names)),
        _ => {}
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => close_object(object),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn close_object(object: &mut Map<String, Value>) {
    object.values_mut().for_each(close);
    // A property may be called "properties"; then it is a schema itself, and has no list of keys below it.
    let says_keys = object.get("properties").is_some_and(Value::is_object) && object.contains_key("type");
    if says_keys && !object.contains_key("additionalProperties") {
        object.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

#[test]
fn a_key_that_the_schema_does_not_name_is_a_fault() {
    let document = |extra: &str| {
        let text = format!(
            r#"{{"tool": "motionctl", "version": "1", "format": 1, "command": "x", "outcome": "ok",
                "exit_code": 0, "findings": [], "error": null{extra}}}"#
        );
        complaints("answer", &serde_json::from_str(&text).expect("JSON"))
    };
    assert_eq!(document(""), [""; 0]);
    let moved = r#", "changes": [{"action": "rename", "kind": "agent", "name": "a", "fields": []}]"#;
    assert_eq!(document(moved), [""; 0]);
    for extra in [
        r#", "new": 1"#,
        r#", "backup": {}"#,
        r#", "host": {"name": "a", "os": "b", "nginx": null, "motion": null, "cpu": 1}"#,
        r#", "changes": [{"action": "rename", "kind": "agent", "name": "a", "fields": [], "why": "absent"}]"#,
        r#", "explanations": [{"kind": "exit-code", "exit_code": 0, "meaning": "", "state": "", "next": "", "x": 1}]"#,
    ] {
        assert_eq!(document(extra).len(), 1, "{extra}: {:?}", document(extra));
    }
}
