//! Probes, load, stand-ins and the name server against a real NGINX.
//!
//! Invariant: every expectation here is met by NGINX itself or by a socket
//! that misbehaves on purpose; nothing is simulated.

use crate::support::wire_nginx::{
    self, Nginx, free, own_address, soon, target, tls_server, write_certificate,
};
use motionctl::host::http::{
    Address, BodyEnd, Handshake, PROBE_LIMIT, Preface, ProbeError, Scheme, Sender, Target, get,
    websocket_handshake,
};
use motionctl::rehearse::dns::{DnsStandIn, Zone};
use motionctl::rehearse::load::{From, Load, LoadOptions, Route, Window};
use motionctl::rehearse::standin::{Role, StandIn};
use motionctl::verify::certificate::{Certificate, DH_PARAMETERS};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_name_reaches_its_own_server_block_and_nothing_is_followed() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "a", &["a.example.test"]);
    write_certificate(folder.path(), "b", &["b.example.test"]);
    let said = r#"add_header Set-Cookie "s=1"; default_type text/plain;
        return 200 "$server_name|$ssl_server_name|$http_host|$http_user_agent|$http_accept_encoding|$http_cookie|$server_protocol";"#;
    let http = [
        tls_server(ip, "a", "a.example.test", said),
        tls_server(ip, "b", "b.example.test", said),
        format!("server {{ listen {ip}:8080; return 301 https://$host$request_uri; }}"),
        format!("server {{ listen unix:{{DIR}}/nginx.sock; {said} }}"),
    ];
    let nginx = Nginx::start(folder, &http.concat(), SocketAddr::new(ip, 8443));

    for name in ["a.example.test", "b.example.test"] {
        let answer = get(&target(ip, Scheme::Https, name), "/", soon()).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        let expect = format!("{name}|{name}|{name}:8443|motionctl/{version}|||HTTP/1.1");
        assert_eq!(String::from_utf8_lossy(&answer.body), expect);
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("text/plain")));
    }
    let redirect = get(&target(ip, Scheme::Http, "a.example.test"), "/x?y=z", soon()).unwrap();
    assert_eq!(redirect.status, 301);
    assert_eq!(redirect.location.as_deref(), Some("https://a.example.test/x?y=z"));

    let unix = Target {
        address: Address::Unix(nginx.folder.path().join("nginx.sock")),
        scheme: Scheme::Http,
        server_name: "c.example.test".to_owned(),
        port: 80,
        sender: Sender::default(),
    };
    assert!(String::from_utf8_lossy(&get(&unix, "/", soon()).unwrap().body).contains("|c.example.test|"));
    let plain_on_tls = Target { scheme: Scheme::Http, ..target(ip, Scheme::Https, "a.example.test") };
    assert_eq!(get(&plain_on_tls, "/", soon()).unwrap().status, 400);
    let tls_on_plain = Target { scheme: Scheme::Https, ..target(ip, Scheme::Http, "a.example.test") };
    assert!(matches!(get(&tls_on_plain, "/", soon()), Err(ProbeError::Tls(_))));
}

#[test]
fn the_proxy_protocol_and_the_source_reach_nginx() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "a", &["a.example.test"]);
    let said = r#"return 200 "$remote_addr|$proxy_protocol_addr|$proxy_protocol_server_addr:$proxy_protocol_server_port";"#;
    let tls = tls_server(ip, "a", "a.example.test", said).replace("8443 ssl", "8443 ssl proxy_protocol");
    let http = [
        tls,
        format!("server {{ listen {ip}:8080 proxy_protocol; {said} }}"),
        format!("server {{ listen {ip}:8081; {said} }}"),
        format!("server {{ listen unix:{{DIR}}/nginx.sock proxy_protocol; {said} }}"),
    ];
    let nginx = Nginx::start(folder, &http.concat(), SocketAddr::new(ip, 8081));
    let answer = |target: &Target| {
        get(target, "/", soon()).map(|answer| String::from_utf8_lossy(&answer.body).into_owned())
    };
    let announced = |source| Sender { source, preface: Preface::ProxyProtocol, ..Sender::default() };
    for (scheme, port) in [(Scheme::Http, 8080), (Scheme::Https, 8443)] {
        let plain = target(ip, scheme, "a.example.test");
        assert!(answer(&plain).is_err() || !answer(&plain).unwrap().contains("127.0.0.1"), "{scheme:?}");
        let spoken = Target { sender: announced(None), ..plain.clone() };
        assert_eq!(answer(&spoken).unwrap(), format!("127.0.0.1|127.0.0.1|{ip}:{port}"));
        let elsewhere = Target { sender: announced(Some([127, 9, 9, 9].into())), ..plain };
        assert_eq!(answer(&elsewhere).unwrap(), format!("127.9.9.9|127.9.9.9|{ip}:{port}"));
    }
    let unix = Target {
        address: Address::Unix(nginx.folder.path().join("nginx.sock")),
        sender: announced(None),
        ..target(ip, Scheme::Http, "a.example.test")
    };
    assert_eq!(answer(&unix).unwrap(), "unix:||:");
    let from = Sender { source: Some([127, 8, 8, 8].into()), ..Sender::default() };
    let address = Address::Tcp(SocketAddr::new(ip, 8081));
    let elsewhere = Target { sender: from, address, ..target(ip, Scheme::Http, "a.example.test") };
    assert_eq!(answer(&elsewhere).unwrap(), "127.8.8.8||:");
    // An address that is not this machine's cannot be asked from.
    let nobody = Sender { source: Some([192, 0, 2, 1].into()), ..Sender::default() };
    assert!(matches!(answer(&Target { sender: nobody, ..elsewhere }), Err(ProbeError::Unreachable(_))));
}

/// Answers one connection with `speak`.
fn server(speak: impl Fn(&mut dyn Write) -> std::io::Result<()> + Send + 'static) -> Target {
    let listener = TcpListener::bind(free()).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let _read = stream.read(&mut request);
        let _spoken = speak(&mut stream);
    });
    Target {
        address: Address::Tcp(address),
        scheme: Scheme::Http,
        server_name: String::new(),
        port: address.port(),
        sender: Sender::default(),
    }
}

fn drip(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    for byte in text.bytes().cycle() {
        out.write_all(&[byte])?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn a_server_that_misbehaves_costs_no_more_than_the_limit() {
    let hang = |_: &mut dyn Write| {
        thread::sleep(Duration::from_secs(10));
        Ok(())
    };
    let whole = thread::spawn(move || {
        let started = Instant::now();
        let answer = get(&server(hang), "/", Instant::now() + Duration::from_secs(60));
        (answer, started.elapsed())
    });
    let within = |target: &Target| {
        let started = Instant::now();
        let answer = get(target, "/", started + Duration::from_millis(700));
        assert!(started.elapsed() < Duration::from_millis(1_200), "{:?}", started.elapsed());
        answer
    };
    assert_eq!(within(&server(hang)), Err(ProbeError::Timeout));
    let head = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\n")?;
        drip(out, "X-Slow: yes\r\n")
    });
    assert_eq!(within(&head), Err(ProbeError::Timeout));
    let body = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")?;
        drip(out, "data\n")
    });
    let answer = within(&body).unwrap();
    assert_eq!((answer.status, answer.body_end), (200, BodyEnd::TimedOut));

    let endless = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            out.write_all(&[b'x'; 65_536])?;
        }
    });
    let answer = within(&endless).unwrap();
    assert_eq!((answer.body.len(), answer.body_end), (1 << 20, BodyEnd::Capped));
    let long = server(|out| {
        out.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            out.write_all(b"X-Long: 0123456789\r\n")?;
        }
    });
    assert_eq!(within(&long), Err(ProbeError::Protocol));
    assert_eq!(within(&server(|out| out.write_all(b"SSH-2.0-x\r\n\r\n"))), Err(ProbeError::Protocol));
    assert_eq!(within(&server(|_| Ok(()))), Err(ProbeError::Closed));
    let cut = server(|out| out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"));
    assert_eq!(within(&cut), Err(ProbeError::Closed));
    let wrong = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    let impostor = server(move |out| out.write_all(wrong.as_bytes()));
    assert_eq!(websocket_handshake(&impostor, "/", soon()), Ok(Handshake::Mismatched));
    let nobody = Target { address: Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1))), ..cut };
    assert!(matches!(within(&nobody), Err(ProbeError::Unreachable(_))));

    let (answer, took) = whole.join().unwrap();
    assert_eq!(answer, Err(ProbeError::Timeout));
    assert!(took >= PROBE_LIMIT && took < PROBE_LIMIT + Duration::from_millis(800), "{took:?}");
}

#[test]
fn stand_ins_answer_through_nginx_on_every_kind_of_upstream() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("app.sock");
    let plain = StandIn::http(free(), Role::Motion).unwrap();
    let unix = StandIn::unix(&socket, Role::Other).unwrap();
    let certificate = Certificate::for_names(&["upstream.test"]).unwrap();
    let tls = StandIn::https(free(), Role::NewClient, &certificate).unwrap();
    let raw = StandIn::hangup(free()).unwrap();
    let at = |standin: &StandIn| standin.address().unwrap();
    let http = format!(
        "upstream motion {{ server {}; keepalive 4; }}
         server {{ listen {ip}:8080;
           location / {{ proxy_pass http://motion; proxy_http_version 1.1; proxy_set_header Connection ''; }}
           location /socket.io/ {{ proxy_pass http://motion; proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}
           location /unix/ {{ proxy_pass http://unix:{{DIR}}/app.sock:/; }}
           location /user-ui/ {{ proxy_pass https://{}/; }}
           location /fcgi/ {{ fastcgi_pass {}; }}
         }}",
        at(&plain),
        at(&tls),
        at(&raw)
    );
    let nginx = Nginx::start(folder, &http, SocketAddr::new(ip, 8080));
    let site = target(ip, Scheme::Http, "cc.example.test");
    let check = |uri: &str, status: u16, mark: &str| {
        let answer = get(&site, uri, soon()).unwrap();
        let body = String::from_utf8_lossy(&answer.body);
        assert!(answer.status == status && body.contains(mark), "{uri}: {} {body}", answer.status);
    };
    check("/login", 200, "ng-app");
    check("/api/users?x=1", 200, &format!("{} GET /api/users?x=1", at(&plain)));
    check("/unix/a", 200, &format!("unix:{} GET /a", socket.display()));
    check("/user-ui/login", 200, "<base href=\"/user-ui/\">");
    check("/fcgi/x", 502, "502");
    assert_eq!((plain.requests(), unix.requests(), tls.requests()), (2, 1, 1));

    assert_eq!(
        websocket_handshake(&site, "/socket.io/?transport=websocket", soon()),
        Ok(Handshake::Accepted)
    );
    let refused = websocket_handshake(&site, "/api/", soon()).unwrap();
    assert!(matches!(refused, Handshake::Refused { status: 200, .. }), "{refused:?}");

    drop(unix);
    assert!(!socket.exists());
    check("/unix/a", 502, "502");
    let started = Instant::now();
    drop(plain);
    assert!(started.elapsed() < Duration::from_secs(1), "kept connections and WebSockets are cut");
    drop(nginx);
}

#[test]
fn fresh_connections_survive_reloads_under_load() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "a", &["cc.example.test"]);
    let motion = StandIn::http(free(), Role::Motion).unwrap();
    let inside = format!("location / {{ proxy_pass http://{}; }}", motion.address().unwrap());
    let http = tls_server(ip, "a", "cc.example.test", &inside);
    let nginx = Nginx::start(folder, &http, SocketAddr::new(ip, 8443));

    let site = target(ip, Scheme::Https, "cc.example.test");
    let routes = ["/login", "/api/"].map(|uri| Route {
        target: site.clone(),
        uri: uri.to_owned(),
        limits: Vec::new(),
    });
    let load = Load::start(routes.to_vec(), LoadOptions { requests: 300, from: From::Here });
    while load.begun() < 20 {
        thread::sleep(Duration::from_millis(5));
    }
    let mut windows = Vec::new();
    for _ in 0..4 {
        let (from, to) = nginx.reload(&http);
        windows.push(Window { from, to });
        thread::sleep(Duration::from_millis(100));
    }
    let log = load.stop();
    let section = log.section(&windows, Instant::now());
    assert_eq!(section.fresh.failed, 0, "{:?}", log.failures());
    assert!(section.fresh.sent >= 150 && section.keepalive.sent >= 150, "{section:?}");
    assert!(section.during_reload >= 8, "the load missed the reloads: {section:?}");
    assert!(section.keepalive.failed <= 8, "{:?}", log.failures());
    assert!(motion.requests() >= section.fresh.sent, "the answers came through NGINX");
}

#[test]
fn a_load_on_a_server_that_goes_away_counts_every_loss() {
    let standin = StandIn::http(free(), Role::Other).unwrap();
    let address = standin.address().unwrap();
    let site = Target {
        address: Address::Tcp(address),
        scheme: Scheme::Http,
        server_name: "a.test".to_owned(),
        port: address.port(),
        sender: Sender::default(),
    };
    let load = Load::start(
        vec![Route { target: site, uri: "/".to_owned(), limits: Vec::new() }],
        LoadOptions { requests: 400, from: From::Here },
    );
    while standin.requests() < 50 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(standin);
    let section = load.stop().section(&[], Instant::now());
    assert!(section.fresh.sent >= 200 && section.keepalive.sent >= 200, "{section:?}");
    for kind in [&section.fresh, &section.keepalive] {
        assert!(kind.failed >= 50 && kind.failed < kind.sent, "{section:?}");
    }
}

#[test]
fn nginx_resolves_variables_through_the_stand_in_name_server() {
    let ip = own_address();
    let motion = StandIn::http(free(), Role::Motion).unwrap();
    let upstream = motion.address().unwrap();
    let names = BTreeMap::from([("app.example.test".to_owned(), Ipv4Addr::LOCALHOST)]);
    // Nothing listens there, so that the map and the default are told apart.
    let zone = Zone { names, default: Ipv4Addr::new(127, 255, 255, 254) };
    let dns = DnsStandIn::start(free(), zone).unwrap();
    let http = format!(
        "resolver {} ; resolver_timeout 2s;
         server {{ listen {ip}:8080; set $mapped app.example.test; set $other other.example.test;
           location / {{ proxy_pass http://$mapped:{}; }}
           location /other {{ proxy_pass http://$other:{}; }} }}",
        dns.address(),
        upstream.port(),
        upstream.port()
    );
    let _nginx = Nginx::start(tempfile::tempdir().unwrap(), &http, SocketAddr::new(ip, 8080));
    let site = target(ip, Scheme::Http, "cc.example.test");
    let answer = get(&site, "/login", soon()).unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("GET /login"));
    assert_eq!(get(&site, "/other", soon()).unwrap().status, 502);
    assert!(dns.queries() >= 2, "{}", dns.queries());
}

#[test]
fn nginx_accepts_the_diffie_hellman_parameters() {
    let ip = own_address();
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "a", &["cc.example.test"]);
    fs::write(folder.path().join("dh.pem"), DH_PARAMETERS).unwrap();
    let http = tls_server(ip, "a", "cc.example.test", "ssl_dhparam {DIR}/dh.pem;");
    let (said, accepted) = wire_nginx::test(folder.path(), &http);
    assert!(accepted, "{said}");
    fs::write(folder.path().join("dh.pem"), DH_PARAMETERS.replace("MIIB", "MIIC")).unwrap();
    assert!(!wire_nginx::test(folder.path(), &http).1, "the oracle sees a damaged one");
}
