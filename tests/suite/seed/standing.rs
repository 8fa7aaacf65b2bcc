//! Servers, schemas and files that must not be written to.
//!
//! Invariant: a plan shows the stop and what would be done, an apply is refused and writes nothing, and what a DBA has
//! turned off is off afterwards.

use super::commands::{file, seed};
use super::support::{Db, finding, manifest, shown};
use crate::support::database_server::DatabaseServer;
use crate::support::database_server::programs::{Kind, programs};
use crate::support::mount::Mount;
use crate::support::only_on::{only_on, skipped};
use crate::support::port;
use motionctl::outcome::FailureKind;
use motionctl::seed::apply::{Advisory, NotApplied};
use motionctl::seed::snapshot::Unnamed;
use nix::mount::MsFlags;
use std::path::Path;
use std::time::{Duration, Instant};

const WANTED: &str = "profiles: [{ name: Day }]";

/// A server of the test's own, until the process ends.
fn server(options: &[&str]) -> &'static DatabaseServer {
    Box::leak(Box::new(DatabaseServer::start(options)))
}

/// What stops a plan of one new profile, and that an apply is refused by it.
fn stopped(db: &Db, code: &str) -> Vec<String> {
    let planned = db.plan(WANTED).expect("a plan");
    assert_eq!(shown(&planned).len(), 1, "{planned:?}");
    let stop = finding(&planned.findings, code);
    assert!(stop.stops() && !stop.code.accept().is_by_name(), "{stop:?}");
    let path = file(db, "m.yaml", WANTED);
    let plan = seed(db, "plan", &path, &["--json"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(plan.stdout.contains(code), "{plan:?}");
    let apply = seed(db, "apply", &path, &["--json", "--yes"]);
    assert_eq!((apply.code, &apply.document()["outcome"]), (3, &"refused".into()), "{apply:?}");
    assert_eq!(db.rows("SELECT name FROM agent_profiles"), [""; 0]);
    stop.evidence.clone()
}

#[test]
fn what_a_dba_has_turned_off_stops_and_stays_off() {
    let db = Db::on(server(&[]));
    let own = db.schema.as_ref().expect("a server").server;
    // MySQL 5.7.20 and MariaDB 11.1 gave it another name; those between have both.
    let own_name = match (programs().kind, programs().version) {
        (Kind::MariaDb, (..=10, _) | (11, 0)) => "tx_read_only",
        _ => "transaction_read_only",
    };
    let transactions = format!("transactions only read ({own_name}=ON)");
    for (variable, evidence) in
        [("read_only", "the server is read-only (read_only=ON)"), (own_name, &*transactions)]
    {
        own.sql(&format!("SET GLOBAL {variable} = 1"));
        assert_eq!(stopped(&db, "seed.read-only"), [evidence]);
        assert_eq!(own.sql(&format!("SELECT @@global.{variable}")), "1");
        own.sql(&format!("SET GLOBAL {variable} = 0"));
    }
    // For one session only: `init_connect` is run for everybody but administrators.
    let (user, _) = db.user("SELECT");
    own.sql(&format!("SET GLOBAL init_connect = 'SET SESSION {own_name} = 1'"));
    let planned = db.session_of(&user).plan(&manifest(WANTED), Unnamed::Stay).expect("a plan");
    let stop = finding(&planned.findings, "seed.read-only");
    assert_eq!(stop.evidence, [transactions.replace("read (", "read in this session (")]);
    own.sql("SET GLOBAL init_connect = ''");
    assert!(!db.plan(WANTED).expect("a plan").findings.iter().any(motionctl::outcome::Finding::stops));
    db.apply(WANTED);
}

#[test]
fn a_server_that_was_started_to_rescue_data_stops() {
    if !only_on(Kind::MariaDb, "a schema that is made while data is rescued") {
        return;
    }
    let db = Db::on(server(&["--innodb-force-recovery=1"]));
    let evidence = stopped(&db, "seed.read-only");
    assert_eq!(evidence, ["the storage engine was started to rescue data (innodb_force_recovery=1)"]);
}

#[test]
fn a_schema_that_is_read_only_stops() {
    if !only_on(Kind::MySql, "a schema that is read-only") {
        return;
    }
    if programs().version < (8, 0) {
        return skipped("a schema that is read-only", "it came with MySQL 8.0");
    }
    let db = Db::on(server(&[]));
    let schema = db.schema.as_ref().expect("a server");
    let set = |value: u8| schema.server.sql(&format!("ALTER SCHEMA {} READ ONLY = {value}", schema.name));
    set(1);
    let expected = format!("the schema {} is read-only (ALTER SCHEMA … READ ONLY = 1)", schema.name);
    assert_eq!(stopped(&db, "seed.read-only"), [expected]);
    set(0);
    schema.server.sql("SET GLOBAL super_read_only = 1");
    let evidence = stopped(&db, "seed.read-only").join("; ");
    assert!(evidence.contains("for administrators, too (super_read_only=ON)"), "{evidence}");
    schema.server.sql("SET GLOBAL super_read_only = 0; SET GLOBAL read_only = 0");
    db.apply(WANTED);
}

/// Makes the server a replica of nobody who is there.
fn follow(server: &DatabaseServer, name: &str, port: u16) {
    server.sql(&match (programs().kind, name) {
        (Kind::MariaDb, "") => {
            format!("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='x'")
        }
        (Kind::MariaDb, _) => {
            format!("CHANGE MASTER '{name}' TO MASTER_HOST='127.0.0.1', MASTER_PORT={port}, MASTER_USER='x'")
        }
        (Kind::MySql, _) => format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={port}, SOURCE_USER='x' \
             FOR CHANNEL '{name}'"
        ),
    });
}

/// Takes that back.
fn unfollow(server: &DatabaseServer, name: &str) {
    server.sql(&match (programs().kind, name) {
        (Kind::MariaDb, "") => "RESET SLAVE ALL".to_owned(),
        (Kind::MariaDb, _) => format!("RESET SLAVE '{name}' ALL"),
        (Kind::MySql, _) => format!("RESET REPLICA ALL FOR CHANNEL '{name}'"),
    });
}

/// `SHOW REPLICA STATUS` shows the connection without a name alone.
#[test]
fn a_replica_by_a_named_connection_stops() {
    let db = Db::on(server(&["--server-id=7"]));
    let own = db.schema.as_ref().expect("a server").server;
    follow(own, "two", 3_999);
    assert_eq!(stopped(&db, "seed.replica"), ["it is a replica of 127.0.0.1 (connection two)"]);
    follow(own, "", 3_998);
    follow(own, "three", 3_997);
    let mut evidence = stopped(&db, "seed.replica");
    evidence.sort();
    assert_eq!(
        evidence,
        [
            "it is a replica of 127.0.0.1",
            "it is a replica of 127.0.0.1 (connection three)",
            "it is a replica of 127.0.0.1 (connection two)"
        ]
    );
    ["two", "three", ""].iter().for_each(|name| unfollow(own, name));
    db.apply(WANTED);
}

/// A person may read for an hour, and a server changes places with its replica in a second.
#[test]
fn what_stops_is_looked_for_again_before_the_first_write() {
    let db = Db::on(server(&["--server-id=8"]));
    let own = db.schema.as_ref().expect("a server").server;
    type Step<'a> = &'a dyn Fn();
    let read_only = |value: u8| drop(own.sql(&format!("SET GLOBAL read_only = {value}")));
    let cases: [(Step<'_>, Step<'_>, &str); 2] = [
        (&|| read_only(1), &|| read_only(0), "read_only=ON"),
        (&|| follow(own, "two", 3_999), &|| unfollow(own, "two"), "(connection two)"),
    ];
    for (meanwhile, back, expected) in cases {
        let planned = db.plan(WANTED).expect("a plan");
        assert!(!planned.findings.iter().any(motionctl::outcome::Finding::stops), "{planned:?}");
        meanwhile();
        let wanted = manifest(WANTED);
        let answer = db.carry_out(&wanted, Unnamed::Stay, &planned, Advisory::Taken, &mut |_| Ok(()));
        let Err(NotApplied::Moved(failure)) = answer else { panic!("it was carried out: {expected}") };
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains(expected), "{failure}");
        back();
        assert_eq!(db.rows("SELECT name FROM agent_profiles"), [""; 0]);
    }
}

#[test]
fn a_file_that_cannot_be_written_to_stops() {
    let db = Db::in_file();
    let folder = db.folder().join("mounted");
    std::fs::create_dir(&folder).expect("a folder");
    let mount = Mount::tmpfs(&folder, "8m", MsFlags::empty());
    let copy = folder.join("motion.db");
    std::fs::copy(db.file(), &copy).expect("a copy");
    let manifest = file(&db, "m.yaml", WANTED).display().to_string();
    let url = format!("sqlite:{}", copy.display());
    let run = |command: &[&str]| {
        let common = [manifest.as_str(), "--db", &url, "--json"];
        crate::support::binary::motionctl(["seed"].iter().chain(command).chain(&common))
    };
    mount.remount(MsFlags::MS_RDONLY);
    let plan = run(&["plan"]).document();
    assert_eq!(plan["exit_code"], 0, "{plan:#}");
    let stop = crate::support::binary::finding(&plan, "seed.read-only");
    let evidence = stop["evidence"].to_string();
    assert!(evidence.contains("motion.db cannot be written to: Read-only file system"), "{stop}");
    assert_eq!(plan["changes"].as_array().map(Vec::len), Some(1), "{plan:#}");
    let apply = run(&["apply", "--yes"]);
    assert_eq!(apply.code, 3, "{apply:?}");
    mount.remount(MsFlags::empty());
    assert_eq!(run(&["apply", "--yes"]).code, 0);
}

/// One node of Galera is a cluster.
#[test]
fn a_node_of_galera_that_answers_nothing_or_has_lost_the_others() {
    if !only_on(Kind::MariaDb, "a node of Galera") {
        return;
    }
    let provider = "/usr/lib/galera/libgalera_smm.so";
    if programs().is_unpacked() || !Path::new(provider).exists() {
        return skipped("a node of Galera", &format!("no {provider} of this server's here"));
    }
    let port = port::unused();
    let db = Db::on(server(&[
        "--wsrep-on=ON",
        &format!("--wsrep-provider={provider}"),
        "--wsrep-cluster-address=gcomm://",
        "--wsrep-node-address=127.0.0.1",
        &format!("--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{port}"),
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
    ]));
    let own = db.schema.as_ref().expect("a server").server;
    // The lock is the node's own, and it is given: docs/seeding.md says so.
    assert_eq!(own.sql("SELECT GET_LOCK('a', 0)"), "1");
    let path = file(&db, "m.yaml", WANTED);
    assert_eq!(seed(&db, "plan", &path, &["--detailed-exitcode"]).code, 2);
    own.sql("SET GLOBAL wsrep_reject_queries = ALL");
    for (command, more) in [("plan", &[][..]), ("apply", &["--yes"])] {
        let answer = seed(&db, command, &path, more);
        assert_eq!(answer.code, 69, "{answer:?}");
        assert!(answer.stdout.contains("`wsrep_reject_queries` is set"), "{answer:?}");
    }
    own.sql("SET GLOBAL wsrep_reject_queries = NONE");
    // A node that looks for others in vain, and is told to answer from what it has.
    own.sql("SET GLOBAL wsrep_cluster_address = 'gcomm://127.0.0.1:1'");
    let deadline = Instant::now() + Duration::from_secs(30);
    while own.sql("SHOW STATUS LIKE 'wsrep_ready'") != "wsrep_ready\tOFF" {
        assert!(Instant::now() < deadline, "it stays ready");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(seed(&db, "plan", &path, &[]).code, 69);
    own.sql("SET GLOBAL wsrep_dirty_reads = ON");
    let evidence = stopped(&db, "seed.replica").join("; ");
    assert!(evidence.contains("outside the primary component (wsrep_cluster_status="), "{evidence}");
    assert!(evidence.contains("wsrep_ready=OFF"), "{evidence}");
}

/// Such a server takes writes from everybody, and nobody in the group ever sees them.
#[test]
fn a_server_that_has_left_its_replication_group_is_not_written_to() {
    if !only_on(Kind::MySql, "a replication group") {
        return;
    }
    let db = Db::on(server(&["--server-id=7"]));
    let own = db.schema.as_ref().expect("a server").server;
    if let Err(why) = own.try_sql("INSTALL PLUGIN group_replication SONAME 'group_replication.so'") {
        return skipped("a replication group", &why);
    }
    assert!(db.plan(WANTED).expect("a plan").findings.is_empty(), "the plugin alone makes no group");
    let group = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    own.sql(&format!("SET GLOBAL group_replication_group_name = '{group}'"));
    let set_up = format!("it is set up as a member of the replication group {group}");
    assert_eq!(stopped(&db, "seed.replica"), [format!("{set_up}, and not in it by now")]);
    let (user, _) = db.user("SELECT");
    let planned = db.session_of(&user).plan(&manifest(WANTED), Unnamed::Stay).expect("a plan");
    let unknown = finding(&planned.findings, "seed.replica-unknown");
    assert!(unknown.evidence.iter().any(|line| line.starts_with(&set_up)), "{unknown:?}");
}

/// With SELECT alone it is not known, which stops nothing; with the privilege that is documented it is.
#[test]
fn a_privilege_that_is_missing_is_said_and_one_that_is_there_is_used() {
    let db = Db::on(server(&["--server-id=9"]));
    let own = db.schema.as_ref().expect("a server").server;
    let (user, _) = db.user("SELECT");
    let plan = || db.session_of(&user).plan(&manifest(WANTED), Unnamed::Stay).expect("a plan").findings;
    let found = plan();
    assert!(!finding(&found, "seed.replica-unknown").stops());
    let privilege = match (programs().kind, programs().version) {
        (Kind::MariaDb, (10, 5..) | (11.., _)) => "REPLICA MONITOR",
        _ => "REPLICATION CLIENT",
    };
    own.sql(&format!("GRANT {privilege} ON *.* TO '{user}'@'%'"));
    assert!(plan().is_empty());
    follow(own, "two", 3_999);
    assert!(finding(&plan(), "seed.replica").stops());
}
