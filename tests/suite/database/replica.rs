//! Two real servers, one the replica of the other: seen from both sides.

use crate::support::binary::{Server, codes, finding};
use crate::support::database_server::DatabaseServer;
use crate::support::only_on::{Kind, only_on};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn replicating() -> (DatabaseServer, DatabaseServer) {
    let source = DatabaseServer::start(&["--log-bin", "--server-id=1"]);
    source.sql("CREATE USER 'copy'@'%' IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE ON *.* TO 'copy'@'%'");
    let replica =
        DatabaseServer::start(&["--server-id=2", "--read-only", "--report-host=reports.example.test"]);
    replica.sql(&format!(
        "CHANGE MASTER TO MASTER_HOST='{}', MASTER_PORT={}, MASTER_USER='copy', MASTER_PASSWORD='pw', \
         MASTER_USE_GTID=slave_pos; START SLAVE",
        DatabaseServer::HOST,
        source.port
    ));
    let deadline = Instant::now() + Duration::from_secs(30);
    while source.sql("SHOW SLAVE HOSTS").is_empty() {
        assert!(Instant::now() < deadline, "{}", replica.sql("SHOW SLAVE STATUS"));
        sleep(Duration::from_millis(50));
    }
    (source, replica)
}

#[test]
fn a_replica_is_a_stop_and_having_one_is_a_warning() {
    if !only_on(Kind::MariaDb, "a replica in MariaDB's words") {
        return;
    }
    let (source, replica) = replicating();
    let look = |server: &DatabaseServer| {
        Server::copy("standalone").json(&["check", "--db", &server.socket_url("mysql")])
    };

    let document = look(&source);
    let attached = finding(&document, "topology.database-replica");
    assert_eq!(attached["level"], "warn");
    assert!(attached["evidence"][0].as_str().expect("text").contains("reports.example.test"), "{attached}");
    assert!(!codes(&document).contains(&"topology.database-cluster".to_owned()), "{document:#}");
    assert_eq!(document["exit_code"], 0);

    let document = look(&replica);
    let cluster = finding(&document, "topology.database-cluster");
    let text = cluster["evidence"].to_string();
    assert!(text.contains("read_only=ON") && text.contains("a replica of 127.0.0.1"), "{cluster}");
    assert_eq!((cluster["level"].as_str(), document["exit_code"].as_u64()), (Some("stop"), Some(3)));
    assert!(!document.to_string().contains("\"pw\""));
    let accepted = Server::copy("standalone").json(&[
        "check",
        "--db",
        &replica.socket_url("mysql"),
        "--accept",
        "topology.database-cluster",
    ]);
    assert_eq!(accepted["exit_code"], 0);

    // A named connection is one of several, and `SHOW SLAVE STATUS` alone would not show it.
    replica.sql("STOP SLAVE; RESET SLAVE ALL");
    let host = DatabaseServer::HOST;
    replica.sql(&format!(
        "CHANGE MASTER 'other' TO MASTER_HOST='{host}', MASTER_PORT={}, MASTER_USER='copy'",
        source.port
    ));
    assert!(look(&replica)["findings"].to_string().contains("a replica of 127.0.0.1"));
}
