//! How accounts prove who they are, and what is said where they do not.
//!
//! Invariant: a refusal names what was refused and what would help, and nothing of a thread reaches the terminal.

use super::{open, refused};
use crate::support::binary::motionctl;
use crate::support::database_server::programs::{Kind, programs};
use crate::support::database_server::{DatabaseServer, option_file, shared};
use crate::support::only_on::{has_other_host, only_on, skipped};
use crate::support::said::Said;
use motionctl::db::{DbError, ErrorKind, Secret, Source, Tls, Transport};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn hint(error: &DbError) -> &str {
    error.hint().unwrap_or_else(|| panic!("no hint: {error}"))
}

/// Loads a plugin of MariaDB, which may be in a package that an unpacked server lacks.
fn has(server: &DatabaseServer, plugin: &str) -> bool {
    let loaded = server.try_sql(&format!("INSTALL SONAME '{plugin}'"));
    if loaded.is_err() {
        skipped(&format!("logging in by {plugin}"), "the plugin is in a package that is not here");
    }
    loaded.is_ok()
}

fn by_socket(server: &DatabaseServer, user: &str, password: &str, schema: &str) -> Source {
    Source::Server {
        transport: Transport::Socket(server.file("socket")),
        user: user.to_owned(),
        password: Some(Secret::new(password)),
        schema: schema.to_owned(),
    }
}

#[test]
fn an_account_of_mariadb_logs_in_by_ed25519() {
    if !only_on(Kind::MariaDb, "logging in by ed25519") {
        return;
    }
    let server = DatabaseServer::start(&[]);
    if !has(&server, "auth_ed25519") {
        return;
    }
    let schema = server.motion();
    let make = |user: &str, how: &str| {
        server.sql(&format!(
            "CREATE USER {user}@'%' IDENTIFIED VIA {how}; GRANT SELECT ON {}.* TO {user}@'%'",
            schema.name
        ));
    };
    make("ed", "ed25519 USING PASSWORD('pw1')");
    make("either", "ed25519 USING PASSWORD('pw1') OR mysql_native_password USING PASSWORD('pw2')");
    make("native_first", "mysql_native_password USING PASSWORD('pw2') OR ed25519 USING PASSWORD('pw1')");
    make("socket_first", "unix_socket OR ed25519 USING PASSWORD('pw1')");
    for (user, password) in [
        ("ed", "pw1"),
        ("either", "pw1"),
        ("native_first", "pw2"),
        ("native_first", "pw1"),
        ("socket_first", "pw1"),
    ] {
        let sources = [
            server.by_tcp(user, password, &schema.name, Tls::Off),
            by_socket(&server, user, password, &schema.name),
        ];
        for source in sources {
            open(&source).unwrap_or_else(|error| panic!("{user}, {password}: {error}"));
        }
    }
    for password in ["wrong", ""] {
        let error = refused(&server.by_tcp("ed", password, &schema.name, Tls::Off));
        assert_eq!((error.kind(), error.code()), (ErrorKind::Credentials, Some(1045)), "{error}");
        assert!(hint(&error).contains("or there is no such user"), "{error:?}");
    }
    // The driver does not follow a server to a third way.
    let error = refused(&server.by_tcp("either", "pw2", &schema.name, Tls::Off));
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert!(error.to_string().contains("another way to log in"), "{error}");
    assert!(hint(&error).contains("IDENTIFIED VIA"), "{error:?}");
}

#[test]
fn an_account_of_mariadb_logs_in_by_parsec() {
    if !only_on(Kind::MariaDb, "logging in by parsec") {
        return;
    }
    if programs().version < (11, 6) {
        return skipped("logging in by parsec", "it came with MariaDB 11.6");
    }
    let server = DatabaseServer::start(&[]);
    if !has(&server, "auth_parsec") {
        return;
    }
    let schema = server.motion();
    let grant = format!("GRANT SELECT ON {}.* TO pa@'%'", schema.name);
    server.sql(&format!("CREATE USER pa@'%' IDENTIFIED VIA parsec USING PASSWORD('pw1'); {grant}"));
    let source = |password: &str| server.by_tcp("pa", password, &schema.name, Tls::Off);
    open(&source("pw1")).expect("connected");
    assert_eq!(refused(&source("wrong")).code(), Some(1045));
    let error = refused(&source(""));
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
}

/// To hide who exists, a server asks a user who does not for a plugin by chance.
#[test]
fn a_name_that_does_not_exist_is_never_said_to_be_no_server() {
    let server = DatabaseServer::start(&[]);
    let (how, plugin) = match programs().kind {
        Kind::MariaDb => ("VIA pam", "dialog"),
        Kind::MySql => ("WITH sha256_password BY 'pw'", "sha256_password"),
    };
    if programs().kind == Kind::MariaDb && !(has(&server, "auth_ed25519") && has(&server, "auth_pam")) {
        return;
    }
    let schema = server.motion();
    server.sql(&format!("CREATE USER special@'%' IDENTIFIED {how}; SET GLOBAL max_connect_errors = 10000"));
    let mut plugins = 0;
    for number in 0..40 {
        let user = format!("mistyped_{number}");
        let error = refused(&server.by_tcp(&user, "pw", &schema.name, Tls::Off));
        assert_eq!(error.kind(), ErrorKind::Credentials, "{user}: {error}");
        let said = format!("{error} {}", hint(&error));
        assert!(said.contains("there is no such user"), "{said}");
        plugins += u32::from(said.contains("does not know"));
    }
    assert!(plugins > 0, "one of so many names is asked for a plugin that is not known");
    let error = refused(&server.by_tcp("special", "pw", &schema.name, Tls::Off));
    let expected = format!("to log in by `{plugin}`, which motionctl does not know");
    assert!(error.to_string().contains(&expected), "{error}");
}

/// Sends these packets to whoever connects; each has its place in the exchange.
fn impostor(packets: &[(u8, &[u8])]) -> u16 {
    counting(packets).0
}

/// The same, and how many connected.
fn counting(packets: &[(u8, &[u8])]) -> (u16, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut bytes = Vec::new();
    for (number, payload) in packets {
        bytes.extend(&u32::try_from(payload.len()).expect("short").to_le_bytes()[..3]);
        bytes.push(*number);
        bytes.extend(*payload);
    }
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            counter.fetch_add(1, Ordering::Relaxed);
            stream.write_all(&bytes).expect("sent");
            held.push(stream);
        }
    });
    (port, count)
}

/// The driver loses a byte of what MariaDB sends, one time in 256; a MySQL may lock an account that is refused too often.
#[test]
fn a_refusal_is_asked_about_once_more_at_a_mariadb_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let denied = b"\xff\x15\x04#28000Access denied for user 'somebody'";
    let mariadb = [b"\x0a5.5.5-10.11.6-MariaDB\0", &GREETING[b"\x0a5.5.5-x\0".len()..]].concat();
    // The second connection only looks who answers; a third one logs in again.
    for (greeting, expected) in [(GREETING, 2), (&mariadb[..], 3)] {
        let (port, count) = counting(&[(0, greeting), (2, denied)]);
        let answer = discover("somebody", port, folder.path(), "pw");
        assert_eq!(answer.code, 69, "{answer:?}");
        assert!(answer.stdout.contains("Access denied"), "{answer:?}");
        assert_eq!(count.load(Ordering::Relaxed), expected, "{answer:?}");
    }
}

/// A greeting of MySQL 5.5 and later.
const GREETING: &[u8] =
    b"\x0a5.5.5-x\0\x01\0\0\x0012345678\0\x08\xa2\x21\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0\
                          123456789012\0mysql_native_password\0";

fn discover(user: &str, port: u16, folder: &Path, password: &str) -> Said {
    let options = option_file(folder, &format!("[client]\npassword={password}\n"));
    let url = format!("mysql://{user}@127.0.0.1:{port}/motion2");
    let out = folder.join("map.toml");
    let place = [&options, &out].map(|path| path.display().to_string());
    let arguments =
        ["seed", "schema", "discover", "--db", &url, "--defaults-file", &place[0], "--out", &place[1]];
    motionctl(arguments)
}

#[test]
fn a_plugin_that_is_not_known_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for plugin in
        ["auth_gssapi_client", "sha256_password", "mysql_clear_password", "mysql_old_password", "fancy"]
    {
        let switch = [b"\xfe", plugin.as_bytes(), b"\x0012345678901234567890\0"].concat();
        let answer = discover("somebody", impostor(&[(0, GREETING), (2, &switch)]), folder.path(), "pw");
        assert_eq!(answer.code, 69, "{answer:?}");
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert!(
            said.contains(&format!(
                "log in by `{plugin}`, which motionctl does not know, or there is no such user"
            )),
            "{said}"
        );
        assert!(said.contains("caching_sha2_password, mysql_native_password, ed25519 or"), "{said}");
    }
}

/// The driver gives up by a panic over some answers.
#[test]
fn nothing_of_a_thread_reaches_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let salt = [b"\xfe".as_slice(), b"parsec\0", &[7; 32]].concat();
    // Salt and iterations, as a server that knows the user sends them.
    let more = [b"P\x01".as_slice(), &[9; 18]].concat();
    type Packets<'a> = &'a [(u8, &'a [u8])];
    let cases: [(Packets<'_>, &str, &str); 3] = [
        (&[(0, GREETING), (2, b"")], "pw", "the answer to logging in cannot be understood"),
        (&[(0, GREETING), (2, b"")], "", "seems to want a password, and none was given"),
        (&[(0, GREETING), (2, &salt), (4, &more)], "", "seems to want a password, and none was given"),
    ];
    for (packets, password, expected) in cases {
        let answer = discover("somebody", impostor(packets), folder.path(), password);
        assert_eq!(answer.code, 69, "{answer:?}");
        let said = format!("{}{}", answer.stdout, answer.stderr);
        assert!(said.contains(expected) && !said.contains("does not speak"), "{said}");
        assert!(!said.contains("panicked") && !said.contains("thread"), "{said}");
    }
}

#[test]
fn refused_encryption_says_what_would_help() {
    let schema = shared().motion();
    let server = schema.server;
    let user = schema.user("pw", "SELECT");
    let check = |host: &str, tls: Tls, message: &str, helps: &[&str]| {
        let source = Source::Server {
            transport: Transport::Tcp { host: host.to_owned(), port: server.port, tls },
            user: user.clone(),
            password: Some(Secret::new("pw")),
            schema: schema.name.clone(),
        };
        let error = refused(&source);
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert!(error.to_string().contains(message), "{error}");
        for words in helps {
            assert!(hint(&error).contains(words), "{words}: {error:?}");
        }
    };
    let file = |name: &str| Tls::Authority(server.file(name));
    let other = server.file("other-ca.pem").display().to_string();
    check(DatabaseServer::HOST, Tls::Public, "UnknownIssuer", &["--db-ca FILE", "socket=FILE"]);
    check(DatabaseServer::HOST, file("other-ca.pem"), "UnknownIssuer", &[&other, "socket=FILE"]);
    if has_other_host("what helps against a certificate for another address") {
        let helps = ["name the host that --db names", "socket=FILE"];
        check(DatabaseServer::OTHER_HOST, file("ca.pem"), "not valid for name", &helps);
    }
    check(DatabaseServer::HOST, file("no-such.pem"), "no-such.pem: No such file", &["PEM"]);
    check(DatabaseServer::HOST, file("error.log"), "there is no certificate in it", &["PEM"]);
}

#[test]
fn a_server_without_encryption_and_one_that_demands_it() {
    let without = if programs().kind == Kind::MariaDb { "--skip-ssl" } else { "--tls-version=" };
    let plain = DatabaseServer::start(&[without]);
    let schema = plain.motion();
    let user = schema.user("pw", "SELECT");
    open(&plain.by_tcp(&user, "pw", &schema.name, Tls::Off)).expect("without encryption");
    let error = refused(&plain.by_tcp(&user, "pw", &schema.name, Tls::Authority(plain.file("ca.pem"))));
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("the server offers no encryption"), "{error}");
    let strict = DatabaseServer::start(&["--require-secure-transport=ON"]);
    let schema = strict.motion();
    let user = schema.user("pw", "SELECT");
    let error = refused(&strict.by_tcp(&user, "pw", &schema.name, Tls::Off));
    // MariaDB of before 11 says no more than that access is denied.
    match error.code() {
        Some(3159) => assert_eq!(error.kind(), ErrorKind::Tls, "{error}"),
        _ => assert!(hint(&error).contains("require_secure_transport"), "{error:?}"),
    }
    assert!(hint(&error).contains("`?tls=on` in --db, with --db-ca"), "{error:?}");
    open(&strict.by_tcp(&user, "pw", &schema.name, Tls::Authority(strict.file("ca.pem"))))
        .expect("encrypted");
    let folder = tempfile::tempdir().expect("a folder");
    let answer = discover(&user, strict.port, folder.path(), "pw");
    assert_eq!(answer.code, 69, "{answer:?}");
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains("hint: ") && said.contains("`?tls=on` in --db, with --db-ca"), "{said}");
}

#[test]
fn users_who_must_come_encrypted_are_told_how() {
    let schema = shared().motion();
    let server = schema.server;
    let make = |demand: &str| {
        let user = schema.user("pw", "SELECT");
        let name = format!("{user}_{}", demand.to_lowercase());
        server.sql(&format!("RENAME USER {user}@'%' TO {name}@'%'; ALTER USER {name}@'%' REQUIRE {demand}"));
        name
    };
    let [ssl, x509] = ["SSL", "X509"].map(make);
    let tls = || Tls::Authority(server.file("ca.pem"));
    let check = |source: Source, helps: &str| {
        let error = refused(&source);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Credentials, Some(1045)), "{error}");
        assert!(hint(&error).contains(helps), "{error:?}");
    };
    check(server.by_tcp(&ssl, "pw", &schema.name, Tls::Off), "REQUIRE SSL, or any where");
    check(by_socket(server, &ssl, "pw", &schema.name), "REQUIRE SSL must come by TCP");
    check(server.by_tcp(&x509, "pw", &schema.name, tls()), "REQUIRE X509");
    open(&server.by_tcp(&ssl, "pw", &schema.name, tls())).expect("encrypted");
}
