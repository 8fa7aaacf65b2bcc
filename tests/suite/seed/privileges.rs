//! What a user may not read is told from what is not there.
//!
//! Invariant: a missing grant is never said to be a wrong map.

use super::support::{Db, manifest};
use crate::support::binary::motionctl;
use crate::support::database_server::{DatabaseServer, option_file};
use crate::support::said::Said;
use motionctl::db::{Catalog, Connection, Limits, Tls};
use motionctl::outcome::FailureKind;
use motionctl::seed::map::{Map, Needs};
use motionctl::seed::snapshot::Unnamed;
use motionctl::seed::{Session, granted};

/// A user who has these grants and no other; `{}` is the schema.
fn user(db: &Db, grants: &[&str]) -> String {
    let schema = db.schema.as_ref().expect("a server");
    let user = schema.user("secret", "");
    for grant in grants {
        schema.server.sql(&format!("GRANT {} TO '{user}'@'%'", grant.replace("{}", &schema.name)));
    }
    user
}

fn connect(db: &Db, user: &str) -> Connection {
    let schema = db.schema.as_ref().expect("a server");
    let source = schema.server.by_tcp(user, "secret", &schema.name, Tls::Off);
    Connection::open(&source, &Limits::work()).expect("a connection")
}

fn seed(db: &Db, user: &str, arguments: &[&str]) -> Said {
    let schema = db.schema.as_ref().expect("a server");
    let options = option_file(&db.folder(), "[client]\npassword=secret\n");
    let url = format!("mysql://{user}@{}:{}/{}", DatabaseServer::HOST, schema.server.port, schema.name);
    let map = db.map_file();
    let place = [options, map].map(|path| path.display().to_string());
    let common = ["--db", &url, "--defaults-file", &place[0], "--map", &place[1], "--json"];
    motionctl(["seed"].iter().chain(arguments).chain(&common))
}

#[test]
fn without_select_the_database_is_unavailable_and_the_map_is_not_blamed() {
    let db = Db::on_server();
    let user = user(&db, &["SELECT ON {}.motionctl"]);
    let path = db.folder().join("m.yaml");
    std::fs::write(&path, "version: 1\nprofiles: [{ name: Day }]\n").expect("writing");
    let path = path.display().to_string();
    for arguments in [&["list"][..], &["plan", &path], &["export"], &["schema", "check"]] {
        let answer = seed(&db, &user, arguments);
        let document = answer.document();
        assert_eq!((answer.code, &document["exit_code"]), (69, &69.into()), "{document:#}");
        let error = &document["error"];
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(&format!("the user {user} may not read ")), "{message}");
        assert!(message.contains("agent_profiles"), "{message}");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("docs/seeding.md")), "{error}");
        assert_eq!(document["findings"], serde_json::json!([]));
    }
}

#[test]
fn a_column_that_is_hidden_is_no_column_that_is_missing() {
    let db = Db::on_server();
    let user = user(&db, &["SELECT (id, name) ON {}.agent_profiles"]);
    let mut session = Session::of(connect(&db, &user), db.session().map().clone()).expect("a session");
    let failure = session.plan(&manifest("profiles: [{ name: Day }]"), Unnamed::Stay).expect_err("hidden");
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert!(failure.message.contains("agent_profiles.enabled"), "{failure}");
    assert!(!failure.message.contains("agent_profiles.name"), "{failure}");
}

#[test]
fn a_table_that_is_not_there_is_the_map_s_fault() {
    for db in Db::both_with(|schema| schema.replace("agent_profiles", "profiles_of_agents"), str::to_owned) {
        let failure = db.plan("profiles: [{ name: Day }]").expect_err("no such table");
        assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
        assert_eq!(failure.findings[0].code.name(), "seed.map-mismatch");
        assert!(failure.findings[0].evidence[0].starts_with("agent_profiles (profiles): expected a table"));
    }
}

/// As `seed schema check` asks: about everything that the map names.
#[test]
fn the_whole_map_is_asked_about_at_once() {
    let db = Db::on_server();
    let user = user(&db, &["SELECT ON {}.users"]);
    let map = Map::built_in();
    let mut conn = connect(&db, &user);
    let catalog = Catalog::read(&mut conn).expect("a catalog");
    let failure = granted(&mut conn, &map, &catalog, &Needs::all(&map)).expect_err("hidden");
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("user_profile_has_permissions"), "{failure}");
    assert!(!failure.message.contains(" users,"), "{failure}");
    let mut root = db.connect();
    let catalog = Catalog::read(&mut root).expect("a catalog");
    granted(&mut root, &map, &catalog, &Needs::all(&map)).expect("root may");
}
