//! Who is logged in, asked of a real MariaDB: before a change, and at its moment.
//!
//! Invariant: a guard that says no leaves the server as it was.

use crate::support::binary::{Server, codes, finding};
use crate::support::database_server::programs::programs;
use crate::support::database_server::{DatabaseServer, Schema, shared};
use crate::support::machine::Machine;
use crate::support::port;
use crate::support::wait::eventually;
use serde_json::Value;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A user, with `online` and `fullcontact`.
fn user(schema: &Schema<'_>, name: &str, role: &str, online: u8, contact: &str) {
    schema.sql(&format!(
        "INSERT INTO users (name, fullname, role, online, fullcontact, createdAt, updatedAt) \
         VALUES ('{name}', 'Full {name}', '{role}', {online}, '{contact}', UTC_TIMESTAMP(), UTC_TIMESTAMP())"
    ));
}

/// An open session that began so many minutes ago, with what the two columns of the profile hold.
fn session(schema: &Schema<'_>, name: &str, minutes: i64, profile: [&str; 2]) {
    schema.sql(&format!(
        "INSERT INTO report_member (membername, channel, type, data3, data4, enterAt, createdAt, updatedAt) \
         VALUES ('{name}', 'voice', 'LOGIN', {}, {}, UTC_TIMESTAMP() - INTERVAL {minutes} MINUTE, UTC_TIMESTAMP(), \
         UTC_TIMESTAMP())",
        profile[0], profile[1]
    ));
}

/// What `check` says of a copied tree whose database this is.
fn check(schema: &Schema<'_>) -> Value {
    Server::copy("standalone").json(&["check", "--db", &schema.url()])
}

fn evidence(document: &Value, code: &str) -> String {
    let lines = finding(document, code)["evidence"].as_array().expect("evidence");
    lines.iter().map(|line| line.as_str().expect("text")).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_says(text: &str, wanted: &[&str]) {
    for line in wanted {
        assert!(text.contains(line), "no `{line}` in\n{text}");
    }
}

#[test]
fn users_are_counted_by_role_with_phones_sessions_and_profiles() {
    let schema = shared().motion();
    user(&schema, "admin", "admin", 0, "");
    user(&schema, "anna", "agent", 1, "sip:anna@10.0.0.5");
    user(&schema, "bert", "agent", 1, "");
    user(&schema, "cleo", "agent", 0, "");
    session(&schema, "anna", 90, ["'7'", "'Morning'"]);
    session(&schema, "bert", 80, ["NULL", "NULL"]);
    let document = check(&schema);
    let online = finding(&document, "sessions.online");
    assert_eq!(
        (online["level"].as_str(), document["exit_code"].as_u64()),
        (Some("warn"), Some(0)),
        "{document:#}"
    );
    let text = evidence(&document, "sessions.online");
    let lines =
        ["role agent: 2 of 3 online, 1 phone registered", "role admin: 0 of 1 online", "2 open sessions"];
    assert_says(&text, &lines);
    assert_says(
        &text,
        &["anna (agent): voice since", "profile data3=7, data4=Morning", "bert (agent)", "Personal Profile"],
    );
    assert_says(&text, &["the newest since", "80 minutes ago"]);
    assert_eq!(document["database"]["server"], programs().kind.name());
    assert_eq!(document["database"]["schema"], schema.name.as_str());
    assert_eq!(document["details"]["sessions"]["roles"]["agent"]["online"], 2);
}

/// With and without the table of sessions.
#[test]
fn of_many_agents_the_first_are_named_and_the_others_counted() {
    let schema = shared().motion();
    for number in 0..13 {
        user(&schema, &format!("agent{number:02}"), "agent", 1, "");
        session(&schema, &format!("agent{number:02}"), 90, ["NULL", "'Morning'"]);
    }
    let lines = |document: &Value| {
        let text = evidence(document, "sessions.online");
        let named = text.lines().filter(|line| line.starts_with("agent")).count();
        (named, text.lines().last().unwrap_or_default().to_owned(), text.contains("data4=Morning"))
    };
    assert_eq!(lines(&check(&schema)), (10, "and 3 more".to_owned(), true));
    schema.sql("DROP TABLE report_member");
    assert_eq!(lines(&check(&schema)), (10, "and 3 more".to_owned(), false));
}

#[test]
fn nobody_online_is_said_as_such() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 0, "");
    session(&schema, "anna", 3_000, ["NULL", "NULL"]);
    let document = check(&schema);
    assert!(!codes(&document).contains(&"sessions.online".to_owned()), "{document:#}");
    assert_says(
        &evidence(&document, "sessions.idle"),
        &["role agent: 0 of 1 online", "users who are not online"],
    );
}

#[test]
fn flags_that_look_stale_are_said_to() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    user(&schema, "bert", "agent", 1, "");
    session(&schema, "anna", 60 * 24 * 9, ["NULL", "NULL"]);
    let document = check(&schema);
    assert_eq!(finding(&document, "sessions.online")["level"], "warn");
    let text = evidence(&document, "sessions.online");
    assert_says(&text, &["1 online without an open session", "more than 12 hours", "9 days ago"]);
}

#[test]
fn an_agent_at_work_stops() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 300, ["NULL", "NULL"]);
    assert_eq!(finding(&check(&schema), "sessions.online")["level"], "warn");
    // A pause that ended five minutes ago is a sign of life, too.
    schema.sql(
        "INSERT INTO report_member (membername, type, enterAt, exitAt, createdAt, updatedAt) VALUES ('ANNA', 'PAUSE', \
         UTC_TIMESTAMP() - INTERVAL 20 MINUTE, UTC_TIMESTAMP() - INTERVAL 5 MINUTE, UTC_TIMESTAMP(), UTC_TIMESTAMP())",
    );
    let document = check(&schema);
    assert_eq!(finding(&document, "sessions.online")["level"], "stop");
    assert_eq!(document["exit_code"], 3);
    let accepted =
        Server::copy("standalone").json(&["check", "--db", &schema.url(), "--accept", "sessions.online"]);
    assert_eq!(accepted["exit_code"], 0, "{accepted:#}");
}

#[test]
fn what_is_missing_is_named_and_the_rest_is_read() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 300, ["'7'", "NULL"]);
    schema.sql("ALTER TABLE users DROP COLUMN fullcontact; ALTER TABLE report_member DROP COLUMN data4");
    let document = check(&schema);
    let text = evidence(&document, "sessions.unknown");
    assert_says(&text, &["column users.fullcontact", "column report_member.data4"]);
    assert_says(&evidence(&document, "sessions.online"), &["profile data3=7"]);
    schema.sql("DROP TABLE report_member");
    let document = check(&schema);
    assert_says(&evidence(&document, "sessions.unknown"), &["table report_member"]);
    assert_says(&evidence(&document, "sessions.online"), &["role agent: 1 of 1 online"]);
    schema.sql("ALTER TABLE users DROP COLUMN online");
    let document = check(&schema);
    assert_says(&evidence(&document, "sessions.unknown"), &["column users.online"]);
    assert!(!codes(&document).iter().any(|code| code == "sessions.idle" || code == "sessions.online"));
}

#[test]
fn a_user_with_few_rights_gets_unknown_and_no_error() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    schema.server.sql(&format!(
        "CREATE USER 'few_{0}'@'%' IDENTIFIED BY 'pw'; GRANT SELECT ON {0}.users TO 'few_{0}'@'%'",
        schema.name
    ));
    let folder = tempfile::tempdir().expect("a folder");
    let file = crate::support::database_server::option_file(folder.path(), "[client]\npassword=pw\n");
    let url = format!("mysql://few_{}@127.0.0.1:{}/{}", schema.name, schema.server.port, schema.name);
    let document = Server::copy("standalone").json(&[
        "check",
        "--db",
        &url,
        "--defaults-file",
        &file.display().to_string(),
    ]);
    assert_says(
        &evidence(&document, "sessions.unknown"),
        &["table report_member is not there, or this user may not"],
    );
    assert_says(&evidence(&document, "sessions.online"), &["role agent: 1 of 1 online"]);
    assert_says(&evidence(&document, "topology.unknown"), &["whether the database is a replica", "1227"]);
    assert!(!codes(&document).contains(&"topology.database-cluster".to_owned()));
}

#[test]
fn history_without_an_index_is_read_from_its_end_only() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 300, ["NULL", "NULL"]);
    schema.sql(
        "ALTER TABLE report_member DROP KEY exitAt, CONVERT TO CHARACTER SET latin1, ENGINE=MyISAM; \
         ALTER TABLE voice_queues ENGINE=InnoDB",
    );
    let text = evidence(&check(&schema), "sessions.online");
    assert_says(&text, &["1 open session among the newest 20000 rows", "anna (agent): voice"]);
}

#[test]
fn no_database_is_unknown_and_not_nobody() {
    let tree = Server::copy("standalone").json(&["check"]);
    assert_eq!(finding(&tree, "sessions.unknown")["level"], "info");
    let machine = Machine::new("standalone");
    for (arguments, why) in
        [(&["check", "--json"][..], "no --db"), (&["check", "--json", "--no-db"], "--no-db")]
    {
        let done = machine.motionctl(arguments);
        assert_eq!(finding(&done.json, "sessions.unknown")["level"], "warn");
        assert_says(&evidence(&done.json, "sessions.unknown"), &[why]);
        assert_says(&evidence(&done.json, "topology.unknown"), &["database clusters and replicas"]);
    }
}

#[test]
fn a_database_that_does_not_answer_is_a_finding_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_port = silent.local_addr().expect("bound").port();
    let free = port::unused();
    let schema = shared().motion();
    let server = schema.server;
    let ca = |name: &str| server.file(name).display().to_string();
    let (right, wrong) = (ca("ca.pem"), ca("other-ca.pem"));
    // MySQL asks a user that does not exist for a way to log in that may be any.
    let user = schema.user("right", "SELECT");
    let tcp = |port: u16| format!("mysql://{user}@127.0.0.1:{port}/motion2");
    let check = |url: String, more: &[&str], wanted: &str| {
        let tree = Server::copy("standalone");
        let started = Instant::now();
        let document = tree.json(&[&["check", "--db", &url], more].concat());
        let took = started.elapsed();
        // The limit for an answer is 1.5 seconds; a machine with much else to do takes its time besides.
        assert!(took < Duration::from_secs(10), "{took:?} for {url}");
        assert_says(&evidence(&document, "sessions.unknown").to_lowercase(), &[wanted]);
        assert_says(&evidence(&document, "topology.unknown"), &["database clusters and replicas"]);
        assert_eq!(document["exit_code"], 0, "{document:#}");
    };
    check(tcp(free), &[], "refused");
    check(tcp(silent_port), &[], "no answer within 1500 ms");
    check(tcp(server.port), &[], "access denied");
    check(tcp(server.port), &["--db-ca", &right], "access denied");
    check(tcp(server.port), &["--db-ca", &wrong], "invalid peer certificate");
    check(server.socket_url("no_such_schema"), &[], "unknown database");
    check("mysql:///motion2?socket=/nonexistent".to_owned(), &[], "no such file");
    check("sqlite:/nonexistent".to_owned(), &[], "no such file");
}

#[test]
fn a_database_on_another_host_is_a_stop_whether_it_answers_or_not() {
    // TEST-NET-1 (RFC 5737): nobody is there.
    let url = "mysql://nobody@192.0.2.1/motion2?tls=off";
    let started = Instant::now();
    let document = Server::copy("standalone").json(&["check", "--db", url]);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_says(&evidence(&document, "topology.remote-database"), &["192.0.2.1"]);
    assert_eq!(
        (finding(&document, "sessions.unknown")["level"].as_str(), document["exit_code"].as_u64()),
        (Some("warn"), Some(3))
    );
}

#[test]
fn wrong_words_about_the_database_are_usage() {
    let tree = Server::copy("standalone");
    let check = |arguments: &[&str], code: i32, wanted: &str| {
        let answer = tree.run(&[&["check"], arguments].concat());
        assert_eq!(answer.code, code, "{answer:?}");
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert_says(&said, &[wanted]);
        assert!(!said.contains("s3cret"), "{answer:?}");
    };
    check(&["--db", "mysql://anna:s3cret@db/motion2"], 64, "must not hold a password");
    check(&["--db", "postgres://db"], 64, "mysql://");
    check(&["--db", "mysql://db.example.test/motion2"], 64, "--db-ca");
    check(&["--db", "sqlite", "--no-db"], 64, "--no-db");
    check(&["--db", "mysql://127.0.0.1/x", "--defaults-file", "/nonexistent"], 69, "/nonexistent");
}

#[test]
fn an_apply_is_refused_by_who_is_at_work_and_goes_on_when_accepted() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 1, ["NULL", "NULL"]);
    let machine = Machine::new("standalone");
    let before = machine.configuration();
    let url = schema.url();
    let done = machine.apply(&["--db", &url]);
    done.expect(3, "refused");
    assert!(done.error().contains("sessions.online"), "{done}");
    before.assert_same(&machine.configuration());
    machine.apply(&["--db", &url, "--accept", "sessions.online"]).expect(0, "applied");
}

#[test]
fn a_rollback_says_who_is_at_work_and_goes_on() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 1, ["NULL", "NULL"]);
    let machine = Machine::new("standalone");
    machine.apply(&["--no-db"]).expect(0, "applied");
    let back = machine.motionctl(&["rollback", "--yes", "--json", "--db", &schema.url()]);
    back.expect(0, "applied");
    let online = back.finding("sessions.online").expect("a finding");
    assert_eq!(online["level"], "warn", "who has to go back goes back: {back}");
    assert!(!online["advice"].to_string().contains("--accept"), "there is nothing to accept: {back}");
    assert!(back.json["database"]["schema"].is_string(), "which database was asked: {back}");
}

#[test]
fn an_agent_who_logs_in_after_the_plan_was_shown_stops_the_change() {
    // A server of its own, because what it answers depends on the number of the connection.
    let server = DatabaseServer::start(&[]);
    let schema = server.motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 1, ["NULL", "NULL"]);
    schema.sql("RENAME TABLE users TO people");
    let machine = Machine::new("standalone");
    let before = machine.configuration();
    let id: u64 = schema.sql("SELECT CONNECTION_ID()").parse().expect("a number");
    // The view is made by the next connection, the plan asks by the one after it, and the change by a later one.
    let asked = id + 2;
    schema.sql(&format!(
        "CREATE VIEW users AS SELECT name, role, fullcontact, IF(CONNECTION_ID() > {asked}, online, 0) AS online FROM people"
    ));
    let done = machine.apply(&["--db", &schema.url()]);
    done.expect(3, "refused");
    assert!(done.error().contains("stopped by sessions.online"), "{done}");
    assert!(done.finding("sessions.idle").is_none() && done.finding("sessions.online").is_some(), "{done}");
    before.assert_same(&machine.configuration());
    assert!(machine.journal().is_empty() && machine.backups().is_empty());
}

#[test]
fn waiting_ends_when_everybody_has_left() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    session(&schema, "anna", 1, ["NULL", "NULL"]);
    let machine = Machine::new("standalone");
    let url = schema.url();
    let said = tempfile::NamedTempFile::new().expect("a file");
    let stderr = said.reopen().expect("the same file");
    let arguments = ["apply", "--yes", "--db", &url, "--wait-idle", "2m"];
    let running = machine.command(env!("CARGO_BIN_EXE_motionctl"), &arguments, |command| {
        command.stderr(stderr);
    });
    let waits = || {
        let said = std::fs::read_to_string(said.path()).expect("what it says");
        said.contains("waiting: 1 user is still logged in; gives up in ")
    };
    eventually("it waits", waits);
    std::thread::sleep(Duration::from_secs(3));
    assert!(machine.journal().is_empty(), "nothing is done while somebody is logged in");
    schema.sql("UPDATE users SET online = 0");
    let done = running.finish();
    assert_eq!(done.code, 0, "{done}");
    assert!(machine.read("/etc/nginx/conf.d/motion.conf").contains("/user-ui/"));
}

#[test]
fn waiting_in_vain_changes_nothing() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    let machine = Machine::new("standalone");
    let before = machine.configuration();
    let url = schema.url();
    let done = machine.apply(&["--db", &url, "--wait-idle", "1s"]);
    done.expect(3, "refused");
    assert!(done.error().contains("gave up after 1 s: 1 user is still logged in"), "{done}");
    let blind = machine.apply(&["--no-db", "--wait-idle", "1s"]);
    blind.expect(3, "refused");
    assert!(blind.error().contains("cannot see who is logged in"), "{blind}");
    before.assert_same(&machine.configuration());
    machine.apply(&["--db", &url, "--wait-idle", "1h", "--accept", "sessions.online"]).expect(0, "applied");
}

#[test]
fn a_schema_map_tells_what_the_profile_columns_mean() {
    let schema = shared().motion();
    user(&schema, "anna", "agent", 1, "");
    user(&schema, "bert", "agent", 1, "");
    session(&schema, "anna", 300, ["'7'", "NULL"]);
    session(&schema, "bert", 300, ["NULL", "'Morning'"]);
    schema.sql(
        "CREATE TABLE agent_profiles (id INT PRIMARY KEY, name VARCHAR(255)); \
         INSERT INTO agent_profiles VALUES (7, 'Morning')",
    );
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/seed/schema-map.toml");
    let document = Server::copy("standalone").json(&["check", "--db", &schema.url(), "--map", map]);
    let text = evidence(&document, "sessions.online");
    assert_says(
        &text,
        &["profile Morning (data3=7, data4=NULL)", "profile Morning (data3=NULL, data4=Morning)"],
    );
    let broken = Server::copy("standalone");
    broken.write("map.toml", "users = 1\n");
    let map = broken.at("map.toml").display().to_string();
    assert_eq!(broken.json(&["check", "--map", &map])["exit_code"], 65);
}
