//! Names and extensions that people cannot tell apart, or cannot read.

use super::commands::{file, seed};
use super::support::{Db, finding, problems, shown};
use crate::support::binary::motionctl;

const SUPPORT: &str = "
queues: { chat: [{ name: Support 1, strategy: beepall, timeout: 30 }] }
agents: [{ username: ann, fullname: Ann A, internal: '1' }]
profiles: [{ name: Profile 1, agents: [ann], queues: { chat: [Support 1] } }]
";

/// Blanks that are no space, what has no width, and letters of another script.
const LIKE_PROFILE_1: [(&str, &str); 6] = [
    ("Profile\u{a0}1", "Profile\\u{a0}1"),
    ("Profile\u{202f}1", "Profile\\u{202f}1"),
    ("Profile \u{200b}1", "Profile \\u{200b}1"),
    ("Profile 1\u{202e}", "Profile 1\\u{202e}"),
    ("Prоfile 1", "Pr\\u{43e}file 1"),
    ("Profile  1", "Profile \\u{20}1"),
];

#[test]
fn a_new_name_that_looks_like_one_that_is_there_is_shown_so_that_one_sees_the_difference() {
    for db in Db::staffed(SUPPORT) {
        for (name, shown) in LIKE_PROFILE_1 {
            let planned =
                db.plan(&format!("profiles: [{{ name: \"{name}\", agents: [ann] }}]")).expect("a plan");
            let said = &finding(&planned.findings, "seed.near-miss").evidence;
            // A server may hold the two to be the same, and then nothing is created.
            let expect = if planned.plan.insert.is_empty() {
                format!("m.yaml:2:20: `{shown}` is `Profile 1` in the database")
            } else {
                format!("profile `{shown}` looks like `Profile 1`, which is there")
            };
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].ends_with(&expect) || said[0] == expect, "{said:?}\n{expect}");
        }
        let queue = "queues: { chat: [{ name: \"Support\u{2009}1\", strategy: beepall, timeout: 30 }] }";
        let planned = db.plan(queue).expect("a plan");
        assert!(finding(&planned.findings, "seed.near-miss").evidence[0].contains("Support\\u{2009}1"));
        let agent = "agents: [{ username: ann_, fullname: A, internal: '9' }, { username: Ann1, fullname: B, internal: '8' }]";
        assert!(db.plan(agent).expect("a plan").findings.iter().all(|f| f.code.name() != "seed.near-miss"));
    }
}

#[test]
fn a_name_that_means_nothing_is_told_from_the_one_that_was_meant() {
    for db in Db::staffed(SUPPORT) {
        for (typed, shown) in [("Support\u{200b} 1", "Support\\u{200b} 1"), ("Suppоrt 1", "Supp\\u{43e}rt 1")]
        {
            let Err(failure) =
                db.plan(&format!("profiles: [{{ name: P, queues: {{ chat: [\"{typed}\"] }} }}]"))
            else {
                // Characters without a width weigh nothing to some collations.
                continue;
            };
            let said = &problems(&failure)[0];
            assert!(
                said.contains(&format!("`{shown}`")) && said.ends_with("did you mean `Support 1`?"),
                "{said}"
            );
        }
    }
}

/// The line of a plan shows what would be stored.
#[test]
fn lines_of_a_plan_spell_out_what_cannot_be_seen() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", "profiles: [{ name: \"A\u{a0}B\", description: \"x\u{200b}\" }]");
        let answer = seed(&db, "plan", &path, &[]);
        assert!(
            answer.stdout.contains("A\\u{a0}B") && answer.stdout.contains("x\\u{200b}"),
            "{}",
            answer.stdout
        );
    }
}

#[test]
fn an_extension_has_no_blanks_and_nothing_that_cannot_be_seen() {
    let agent =
        |internal: &str| format!("agents: [{{ username: new, fullname: Nn, internal: \"{internal}\" }}]");
    for db in Db::both() {
        for (internal, shown) in [
            (" 1001", "\\u{20}1001"),
            ("1001\u{a0}", "1001\\u{a0}"),
            ("10 01", "10 01"),
            ("1001\u{200b}", "1001\\u{200b}"),
            ("\u{202d}1001", "\\u{202d}1001"),
            ("1001\\t", "1001\\t"),
            ("١٠٠١", "١٠٠١"),
            ("１００１", "１００１"),
        ] {
            let failure = db.plan(&agent(internal)).expect_err(internal);
            assert_eq!(failure.kind.exit_code(), 65);
            let said = &problems(&failure)[0];
            assert!(
                said.contains(&format!(
                    "`new` cannot be created: the internal number `{shown}` has blanks, or characters that cannot be seen or are not ASCII"
                )),
                "{said}"
            );
        }
        // What is dialled otherwise than by digits is a warning of the manifest, and that.
        for internal in ["1001", "*12", "+49301", "10a"] {
            assert!(db.plan(&agent(internal)).is_ok(), "{internal}");
        }
    }
    // An agent who is there is left as it is.
    for db in Db::both() {
        db.apply(&agent("7"));
        db.sql("UPDATE users SET internal = ' 7'");
        assert!(db.plan(&agent(" 7")).expect("a plan").plan.is_empty());
    }
}

#[test]
fn a_manifest_is_warned_about_before_a_database_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.yaml");
    let text = "version: 1
queues:
  voice: [{ name: \"Talk\u{a0}Now\", strategy: ringall, type: inbound }, { name: Talk Now, strategy: ringall, type: inbound }]
agents:
  - { username: ann, fullname: \"Ann A \", internal: \" 1001\" }
  - { username: bob, fullname: Bob B, internal: 10a }
profiles:
  - { name: \"Day\u{7}\", agents: [ann, \"ann\u{200b}\"] }
  - { name: Shift 1 }
  - { name: Shift 2 }
move: [{ from: \"Shift\u{a0}1\", to: Shift 3, agents: [bob] }]
";
    std::fs::write(&path, text).expect("writing");
    let answer = motionctl(["seed", "validate", "-v", path.to_str().expect("text")]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let lines = answer.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = |line: &str| assert!(lines.contains(line), "{line}\n{}", answer.stdout);
    said("m.yaml:3:75: `Talk Now` looks like `Talk\\u{a0}Now` of line 3");
    said("m.yaml:3:19: `Talk\\u{a0}Now` has characters that cannot be seen, or blanks that are no space");
    said("m.yaml:5:32: `Ann A\\u{20}` begins or ends with a blank");
    said(
        "m.yaml:5:52: the internal number `\\u{20}1001` has other characters than digits; refused where the agent has to be created",
    );
    said("m.yaml:6:49: the internal number `10a` has other characters than digits");
    said("m.yaml:8:13: `Day\\u{7}` has characters that cannot be seen");
    said("m.yaml:8:35: `ann\\u{200b}` is not declared here, `ann` is");
    said("m.yaml:11:16: `Shift\\u{a0}1` is not declared here, `Shift 1` is");
    assert!(!answer.stdout.contains("Shift 2") && !answer.stdout.contains("Shift 3"), "{}", answer.stdout);
}

#[test]
fn a_username_of_another_script_is_spelled_out_with_the_one_it_looks_like() {
    for db in Db::both() {
        db.apply("agents: [{ username: a1, fullname: A, internal: '1' }]");
        let new = |name: &str| format!("agents: [{{ username: {name}, fullname: B, internal: '2' }}]");
        let said = |name: &str| problems(&db.plan(&new(name)).expect_err(name))[0].clone();
        let allowed = "a new username has letters, digits, `.` and `_` only";
        assert_eq!(
            said("\u{430}1"),
            format!("2:22 `\\u{{430}}1` cannot be created; it looks like `a1`; {allowed}")
        );
        // What looks like nothing that is there, and what nobody takes for another.
        assert_eq!(said("\u{430}2"), format!("2:22 `\\u{{430}}2` cannot be created; {allowed}"));
        assert_eq!(said("жук"), format!("2:22 `жук` cannot be created; {allowed}"));
        let typed = db.plan("profiles: [{ name: P, agents: [\u{430}1] }]").expect_err("no such agent");
        assert!(
            problems(&typed)[0].contains("no agent `\\u{430}1`")
                && problems(&typed)[0].ends_with("did you mean `a1`?"),
            "{typed:?}"
        );
    }
}

/// The row that a person agrees to is told from the other one as the finding tells it.
#[test]
fn lines_of_a_plan_tell_names_apart_that_look_the_same() {
    for db in Db::staffed(SUPPORT) {
        let both = "profiles:\n  - { name: Profile 1, description: x }\n  - { name: Prof\u{456}le 1, agents: [ann] }";
        let path = file(&db, "m.yaml", both);
        for (command, more) in [("plan", &[][..]), ("apply", &["--dry-run"][..])] {
            let answer = seed(&db, command, &path, more);
            assert!(answer.stdout.contains("profile  Profile 1 "), "{}", answer.stdout);
            assert!(answer.stdout.contains("Prof\\u{456}le 1  ann"), "{}", answer.stdout);
            assert!(!answer.stdout.contains("Prof\u{456}le"), "{}", answer.stdout);
        }
        // The other one need not be in the plan, may go by it, and a new name may come by a rename.
        for text in [
            "profiles: [{ name: Prof\u{456}le 1 }]",
            "profiles: [{ name: Profile 1, absent: true }, { name: Prof\u{456}le 1 }]",
            "profiles: [{ name: Prof\u{456}le 1, previous_name: Profile 1 }]",
        ] {
            let lines = shown(&db.plan(text).expect("a plan"));
            assert!(lines.iter().any(|line| line.contains("Prof\\u{456}le 1")), "{text}\n{lines:?}");
            assert!(!lines.iter().any(|line| line.contains("Prof\u{456}le")), "{text}\n{lines:?}");
        }
        let own = shown(&db.plan("profiles: [{ name: Süd, description: Früh }]").expect("a plan"));
        assert!(own[0].contains("Süd") && own[0].contains("Früh"), "{own:?}");
    }
}

#[test]
fn a_text_is_told_from_none() {
    for db in Db::both() {
        db.apply("profiles: [{ name: Süd, description: '' }, { name: Nord, description: 'NULL' }]");
        let lines = |text: &str| shown(&db.plan(text).expect("a plan"));
        assert_eq!(
            lines("profiles: [{ name: Süd, description: null }, { name: Nord, description: null }]"),
            ["~ profile Süd description: \"\" → NULL", "~ profile Nord description: \"NULL\" → NULL"]
        );
        assert!(lines("profiles: [{ name: West, description: '' }]")[0].contains("description: \"\""));
    }
}
