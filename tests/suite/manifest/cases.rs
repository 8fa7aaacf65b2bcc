//! Good and bad manifests against what is expected of them.
//!
//! Invariant: beside each bad `NAME.yaml` stands `NAME.txt` with everything
//! that is said about it. `UPDATE_FIXTURES=1` writes these; read the
//! difference before you keep it.

use super::fixtures;
use motionctl::seed::Channel;
use motionctl::seed::manifest::{Managed, Mode, SettingValue, Validated, Weight, validate};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

/// What is said, as the sidecars hold it.
fn said(file: &Validated) -> String {
    let mut text = String::new();
    for problem in &file.problems {
        let weight = match problem.weight {
            Weight::Error => String::new(),
            Weight::Warning(code) => format!("{code}: "),
        };
        let place = problem.place;
        writeln!(text, "{}:{} {weight}{}", place.line, place.column, problem.message).expect("a string");
        if let Some(hint) = &problem.hint {
            writeln!(text, "    {hint}").expect("a string");
        }
    }
    text
}

#[test]
fn bad_manifests_are_refused_with_place_and_words() {
    let mut wrong = Vec::new();
    let mut kinds = BTreeSet::new();
    for (name, path) in fixtures("bad") {
        let file = validate(&fs::read(&path).expect("readable"), "manifest.yaml");
        assert!(file.manifest.is_none(), "{name} is accepted");
        let errors = file.problems.iter().filter(|problem| problem.is_error());
        kinds.extend(errors.map(|problem| kind(&problem.message)));
        assert!(file.problems.is_sorted_by_key(|problem| problem.place), "{name}: {:?}", file.problems);
        let (found, sidecar) = (said(&file), path.with_extension("txt"));
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&sidecar, &found).expect("writable");
        }
        if fs::read_to_string(&sidecar).unwrap_or_default() != found {
            wrong.push(format!("{name}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(kinds.len() >= 60, "only {} kinds of error: {kinds:#?}", kinds.len());
}

/// A message without what it quotes.
fn kind(message: &str) -> String {
    message.split('`').step_by(2).collect::<Vec<_>>().join("…")
}

#[test]
fn good_manifests_are_accepted_without_a_word() {
    for (name, path) in fixtures("good") {
        let file = validate(&fs::read(&path).expect("readable"), &name);
        assert!(file.manifest.is_some() && file.problems.is_empty(), "{name}: {}", said(&file));
    }
}

#[test]
fn nothing_hides_what_stands_before_or_behind_it() {
    let read = |text: &str| said(&validate(text.as_bytes(), "x"));
    let first = "version: 1\nagents:\n  - username: NO\n";
    let broken = format!("{first}  - username: \"x\n");
    assert!(read(&broken).starts_with(&read(first)), "{}", read(&broken));
    assert_eq!(read(&broken).matches(":1").count() + 1, read(&broken).lines().count() / 2 + 1);
}

#[test]
fn every_wish_has_its_value_and_its_place() {
    let path = super::super::support::binary::fixture("manifests/good/everything.yaml");
    let manifest = validate(&fs::read(path).expect("readable"), "x").manifest.expect("it is good");
    let talk = &manifest.queues[0];
    assert_eq!((talk.channel, &*talk.name.value, talk.name.place.line), (Channel::Voice, "Talk Now", 5));
    assert_eq!(talk.kind.value().map(|kind| &**kind), Some("inbound"));
    assert!(matches!(talk.description, Managed::Null(place) if place.line == 8 && place.column == 20));
    assert_eq!(talk.timeout, Managed::Absent);
    let settings: Vec<_> = talk.settings.iter().map(|one| (&*one.column.value, &one.value.value)).collect();
    let text = SettingValue::Text("default".into());
    let zeros = SettingValue::Text("0123".into());
    let expect = [
        ("musiconhold", &text),
        ("maxlen", &SettingValue::Integer(0)),
        ("dialActive", &SettingValue::Bool(false)),
        ("announce", &SettingValue::Null),
        ("context", &zeros),
    ];
    assert_eq!(settings, expect);

    let agent = &manifest.agents[0];
    assert_eq!(agent.internal.as_ref().map(|internal| &*internal.value), Some("1001"));
    assert!(matches!(agent.email, Managed::Null(_)));
    assert_eq!(agent.personal[&Channel::Voice].remove[0].value, "Old Queue".into());
    assert_eq!(agent.personal[&Channel::Sms].mode, Mode::Exact);
    assert!(agent.personal[&Channel::Sms].members.is_empty());
    assert_eq!(manifest.agents[1].fullname, Managed::Absent);

    let [first, second, ..] = manifest.profiles.as_slice() else { panic!("there are five") };
    assert_eq!(first.description.value().map(|text| &**text), Some("Morning shift, folded"));
    assert_eq!(first.previous_name.as_ref().map(|name| &*name.value), Some("Morning"));
    let voice = &first.queues[&Channel::Voice];
    let penalties: Vec<_> = voice.members.iter().map(|member| (&*member.name, member.penalty)).collect();
    assert_eq!(penalties, [("Talk Now", Some(2)), ("Straße ☎", Some(0)), ("Another", None)]);
    let (one, other) = (first.agents.as_ref().expect("a list"), second.agents.as_ref().expect("an alias"));
    assert_eq!(one.members, other.members);
    assert_ne!(one.place, other.place);
    assert!(manifest.profiles[3].absent.is_some() && manifest.profiles[4].absent.is_none());
}

#[test]
fn doubts_are_warnings_with_a_code() {
    let text = "\
version: 1
queues:
  voice: [{ name: Talk Now, strategy: rrmemroy, type: both }]
  chat: [{ name: Support, weight: 11 }]
agents:
  - { username: agent-1, fullname: '1001', internal: 1001 }
  - { username: agent2, personal: { voice: [Talk now, Shift 1], chat: [Suport], mail: [Talk now] } }
profiles:
  - { name: Shift 1, agents: [agent2, agent3, agnet2], queues: { chat: { remove: [support] } } }
";
    let file = validate(text.as_bytes(), "x");
    assert!(file.manifest.is_some());
    let expect = "\
3:39 seed.unusual-value: `rrmemroy` is no known strategy
    did you mean `rrmemory`?
3:55 seed.unusual-value: `both` is no known type
    known are inbound, outbound
4:35 seed.unusual-value: a weight is from 0 to 10, not 11
6:17 seed.username: `agent-1` has other characters than letters, digits, `.` and `_`
    refused where the agent has to be created
6:36 seed.fullname-is-internal: the full name `1001` is the internal number
    refused where the agent has to be created
7:45 seed.near-miss: `Talk now` is not declared here, `Talk Now` is
    right if the database has both
7:72 seed.near-miss: `Suport` is not declared here, `Support` is
    right if the database has both
9:47 seed.near-miss: `agnet2` is not declared here, `agent2` is
    right if the database has both
9:83 seed.near-miss: `support` is not declared here, `Support` is
    right if the database has both
";
    assert_eq!(said(&file), expect);
    assert_eq!(file.findings().len(), 4);
}

#[test]
fn an_internal_number_of_other_characters_than_digits_is_a_doubt() {
    let text = "\
version: 1
agents:
  - { username: a, fullname: A, internal: '1001' }
  - { username: b, fullname: B, internal: 10a }
  - { username: c, fullname: C, internal: '+49' }
  - { username: d, fullname: D, internal: '１００１' }
  - { username: e, fullname: E, internal: '10 01' }
";
    let file = validate(text.as_bytes(), "x");
    assert!(file.manifest.is_some());
    let said = said(&file);
    let of = |line: u32| said.split_inclusive('\n').filter(move |text| text.starts_with(&format!("{line}:")));
    let is_doubted = |line: u32| of(line).any(|text| text.contains("seed.internal-not-digits"));
    let doubted: Vec<bool> = (3..=7).map(is_doubted).collect();
    assert_eq!(doubted, [false, true, true, true, true], "{said}");
    // An ASCII letter can be dialled; the digits of another script and a blank cannot.
    let refused = said.matches("refused where the agent has to be created").count();
    assert_eq!(refused, 2, "{said}");
}
