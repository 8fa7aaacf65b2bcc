//! Reaching a server, and being told why not, in time.

use super::{open, refused};
use crate::support::database_server::programs::{Kind, programs};
use crate::support::database_server::{DatabaseServer, shared};
use crate::support::only_on::has_other_host;
use crate::support::port;
use motionctl::db::{Connection, DbError, Engine, ErrorKind, Limits, Secret, Source, Tls, Transport};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

fn tcp(host: &str, port: u16) -> Source {
    Source::Server {
        transport: Transport::Tcp { host: host.to_owned(), port, tls: Tls::Off },
        user: "nobody".to_owned(),
        password: None,
        schema: "motion2".to_owned(),
    }
}

/// Runs with the limits of an inspection, and fails when it took much longer.
fn within_the_limit(source: &Source) -> DbError {
    let started = Instant::now();
    let error = Connection::open(source, &Limits::inspection()).err().expect("an error");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    error
}

#[test]
fn a_server_is_reached_by_socket_tcp_and_tls() {
    let schema = shared().motion();
    let user = schema.user("s3cret", "SELECT");
    let socket = schema.connect();
    let (engine, word) = match programs().kind {
        Kind::MariaDb => (Engine::MariaDb, "MariaDB"),
        Kind::MySql => (Engine::MySql, "."),
    };
    assert_eq!(socket.engine(), engine);
    assert!(socket.server().version.contains(word), "{:?}", socket.server());
    let check = |tls: Tls, transport: &str, encrypted: bool| {
        let mut conn = open(&schema.server.by_tcp(&user, "s3cret", &schema.name, tls)).expect("a connection");
        assert_eq!(conn.server().transport, transport);
        let rows = conn.rows("SHOW STATUS LIKE 'Ssl_cipher'", &[]).expect("a status");
        assert_eq!(!rows[0].text(1).expect("text").is_empty(), encrypted);
    };
    check(Tls::Off, "TCP, not encrypted", false);
    check(Tls::Authority(schema.server.file("ca.pem")), "TLS", true);
}

#[test]
fn an_authority_that_did_not_sign_is_an_error_of_tls() {
    let schema = shared().motion();
    let user = schema.user("s3cret", "SELECT");
    for tls in [Tls::Public, Tls::Authority(schema.server.file("other-ca.pem"))] {
        let error = refused(&schema.server.by_tcp(&user, "s3cret", &schema.name, tls));
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    }
}

#[test]
fn a_certificate_for_another_address_is_an_error_of_tls() {
    if !has_other_host("a certificate for another address") {
        return;
    }
    let schema = shared().schema();
    let server = schema.server;
    let user = schema.user("s3cret", "SELECT");
    let source = Source::Server {
        transport: Transport::Tcp {
            host: DatabaseServer::OTHER_HOST.to_owned(),
            port: server.port,
            tls: Tls::Authority(server.file("ca.pem")),
        },
        user,
        password: Some(Secret::new("s3cret")),
        schema: schema.name.clone(),
    };
    let error = refused(&source);
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

#[test]
fn refusals_of_a_server_are_told_apart() {
    let schema = shared().motion();
    let user = schema.user("s3cret", "SELECT");
    let check = |user: &str, password: &str, name: &str, kind| {
        let error = refused(&schema.server.by_tcp(user, password, name, Tls::Off));
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("s3cret") && !error.to_string().contains("wr0ng"), "{error}");
    };
    check(&user, "wr0ng", &schema.name, ErrorKind::Credentials);
    check("nobody_here", "wr0ng", &schema.name, ErrorKind::Credentials);
    check(&user, "s3cret", "mysql", ErrorKind::Privilege);
}

#[test]
fn a_refusal_says_what_would_help() {
    let schema = shared().motion();
    let server = schema.server;
    let user = schema.user("s3cret", "SELECT");
    let check = |error: DbError, codes: &[u32], helps: &str| {
        assert!(codes.is_empty() || error.code().is_some_and(|code| codes.contains(&code)), "{error}");
        let hint = error.hint().unwrap_or_else(|| panic!("no hint: {error}"));
        assert!(hint.contains(helps) && !hint.contains("sqlite"), "{error}: {hint}");
        let failure = motionctl::seed::unopened(&error).to_string();
        assert!(!failure.contains("sqlite"), "{failure}");
    };
    check(refused(&server.by_socket("motoin2")), &[1049], "look at the schema's name");
    check(
        refused(&server.by_tcp(&user, "s3cret", "motoin2", Tls::Off)),
        &[1044],
        "or there is no such schema",
    );
    let change = |how: &str| server.sql(&format!("ALTER USER '{user}'@'%' {how}"));
    change("WITH MAX_USER_CONNECTIONS 1");
    let source = server.by_tcp(&user, "s3cret", &schema.name, Tls::Off);
    let held = open(&source).expect("the first");
    check(refused(&source), &[1203, 1226], "used up");
    drop(held);
    change("WITH MAX_USER_CONNECTIONS 0");
    change("ACCOUNT LOCK");
    check(refused(&source), &[3118, 4151], "the account is locked");
    let free = port::unused();
    check(refused(&tcp("127.0.0.1", free)), &[], "whether it listens at this address and port");
    let socket = Source::Server {
        transport: Transport::Socket("/nonexistent/socket".into()),
        user: "root".to_owned(),
        password: None,
        schema: "motion2".to_owned(),
    };
    check(refused(&socket), &[], "where its socket is");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = tcp("127.0.0.1", silent.local_addr().expect("bound").port());
    check(within_the_limit(&silent), &[], "a firewall is between");
}

/// A proxy or `init_connect` that fails breaks the session off after the login.
#[test]
fn a_session_that_init_connect_ends_is_said_to_be_that() {
    let server = DatabaseServer::start(&["--init-connect=SELECT nothing FROM nowhere"]);
    let schema = server.motion();
    let user = schema.user("s3cret", "SELECT");
    let error = refused(&server.by_tcp(&user, "s3cret", &schema.name, Tls::Off));
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unreachable, Some(1184)), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("init_connect")), "{error:?}");
}

#[test]
fn nobody_there_is_said_in_time() {
    let free = port::unused();
    assert_eq!(within_the_limit(&tcp("127.0.0.1", free)).kind(), ErrorKind::Unreachable);
    let missing = Source::Server {
        transport: Transport::Socket("/nonexistent/socket".into()),
        user: "root".to_owned(),
        password: None,
        schema: "motion2".to_owned(),
    };
    assert_eq!(within_the_limit(&missing).kind(), ErrorKind::Unreachable);
    // TEST-NET-1 (RFC 5737) is routed nowhere; where there is no network at all, that is said at once.
    let error = within_the_limit(&tcp("192.0.2.1", 3306));
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unreachable | ErrorKind::Other),
        "{error}"
    );
    let error = within_the_limit(&tcp("no-such-host.invalid", 3306));
    assert!(
        matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unreachable | ErrorKind::Other),
        "{error}"
    );
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let error = within_the_limit(&tcp("127.0.0.1", listener.local_addr().expect("bound").port()));
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let _listener = UnixListener::bind(&path).expect("a socket");
    let source = Source::Server {
        transport: Transport::Socket(path),
        user: "root".to_owned(),
        password: None,
        schema: "motion2".to_owned(),
    };
    assert_eq!(within_the_limit(&source).kind(), ErrorKind::Timeout);
}

/// Sends `greeting` to whoever connects, with a pause after each byte.
fn impostor(greeting: &'static [u8], pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            for byte in greeting {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(pause);
            }
            // Closed with an answer unread, it would take back what was sent.
            held.push(stream);
        }
    });
    port
}

#[test]
fn what_is_no_server_is_found_out() {
    let http = impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n", Duration::ZERO);
    let error = within_the_limit(&tcp("127.0.0.1", http));
    assert!(matches!(error.kind(), ErrorKind::NotADatabase | ErrorKind::Unreachable), "{error}");
    // An empty packet is legal framing, and nothing that a server says.
    let empty = impostor(&[0, 0, 0, 0, 0, 0, 0, 1], Duration::ZERO);
    let error = within_the_limit(&tcp("127.0.0.1", empty));
    assert!(matches!(error.kind(), ErrorKind::NotADatabase | ErrorKind::Unreachable), "{error}");
    // The same after a greeting that any server might send.
    let greeted = impostor(
        b"\x4b\0\0\0\x0a5.5.5-x\0\x01\0\0\x0012345678\0\x08\xa2\x21\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0\
          123456789012\0mysql_native_password\0\0\0\0\x02",
        Duration::ZERO,
    );
    // To the driver it looks like one that wants a password, and there is none.
    let error = within_the_limit(&tcp("127.0.0.1", greeted));
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    // A byte now and then satisfies the socket's limit, not ours.
    let slow = impostor(&[80, 0, 0, 0, 10, 53, 46, 53, 46, 53, 46, 53, 46, 53], Duration::from_millis(300));
    assert_eq!(within_the_limit(&tcp("127.0.0.1", slow)).kind(), ErrorKind::Timeout);
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    let server = DatabaseServer::start(&[]);
    let limits = Limits::inspection();
    let mut conn = Connection::open(&server.by_socket("mysql"), &limits).expect("a connection");
    let started = Instant::now();
    let error = server.frozen(|| conn.rows("SELECT 1", &[]).expect_err("silence"));
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    // The late answer must not be taken for the next statement's.
    assert_eq!(conn.rows("SELECT 2", &[]).expect_err("out of step").kind(), ErrorKind::Lost);
}
