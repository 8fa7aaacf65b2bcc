//! Which server block answers, against a real nginx.
//!
//! Invariant: every server answers with a text of its own.

use super::{expected, loaded};
use crate::support::nginx::{Nginx, get};
use nginx_config::Node;
use nginx_config::routes::{Endpoint, ServerMatch, answer, server_for, servers};
use std::net::SocketAddr;

/// The names of the servers on the first port.
const NAMES: &[&str] = &[
    "example.test",
    "*.example.test",
    "www.example.test WWW.Second.test",
    "~^(?<user>.+)\\.users\\.test$",
    ".dot.test",
    "mail.*",
    "*.a.example.test",
    "~^w",
    "_",
    "www.*",
];

/// The hosts that are asked for there.
const HOSTS: &str = "example.test EXAMPLE.test example.test. example.test:8080 www.example.test x.example.test x.a.example.test a.example.test second.test www.second.test ann.users.test dot.test x.dot.test mail.org mail.example.test www.net west none.test _";

#[test]
fn nginx_picks_the_server_that_was_foretold() {
    let nginx = Nginx::serving(|place| {
        let block = |listen: &str, names: &str, body: &str| {
            format!("server {{ listen {listen}; server_name {names}; return 200 \"{body}\"; }}\n")
        };
        let first = NAMES
            .iter()
            .enumerate()
            .map(|(number, names)| block(&place.listen(0), names, &number.to_string()));
        let wide = format!("*:{}", place.socket(1).port());
        let second = [
            block(&wide, "plain.test", "wide"),
            block(&format!("{wide} default_server"), "other.test", "default"),
            block(&place.listen(1), "narrow.test", "narrow"),
        ];
        first.chain(second).collect()
    });
    let config = loaded(&nginx);
    let body = |node: Node| {
        let last = *config.children(node).last().expect("a return");
        config.directive(last).args.get(1).expect("a text").text().into_owned()
    };
    let check = |socket: SocketAddr, host: &str| {
        let theirs = get(socket, host, "/").expect("an answer").text();
        let ours = match server_for(&config, &Endpoint::Tcp(socket.ip(), socket.port()), host) {
            ServerMatch::Server(node) => body(node),
            other => format!("{other:?}"),
        };
        assert_eq!(ours, theirs, "{host} on {socket}");
    };
    for host in HOSTS.split(' ') {
        check(nginx.place.socket(0), host);
    }
    for host in ["plain.test", "narrow.test", "none.test"] {
        check(nginx.place.socket(1), host);
        check(SocketAddr::new([127, 0, 0, 1].into(), nginx.place.socket(1).port()), host);
    }
    let elsewhere = Endpoint::Tcp(nginx.place.socket(0).ip(), 1);
    assert_eq!(server_for(&config, &elsewhere, "example.test"), ServerMatch::Nowhere);
}

#[test]
fn the_default_server_decides_on_slashes() {
    let nginx = Nginx::serving(|place| {
        let block = |number: usize, name: &str, more: &str| {
            format!(
                "server {{ listen {}; server_name {name}; {more} return 200 $uri; }}\n",
                place.listen(number)
            )
        };
        block(0, "a", "merge_slashes off;")
            + &block(0, "b", "")
            + &block(1, "c", "")
            + &block(1, "d", "merge_slashes off;")
    });
    let config = loaded(&nginx);
    for (number, (&server, name)) in servers(&config).iter().zip(["a", "b", "c", "d"]).enumerate() {
        for uri in ["//x", "/x//y", "/x//../y", "/%2f/x", "/x"] {
            let theirs = get(nginx.place.socket(number / 2), name, uri).expect("an answer").text();
            assert_eq!(expected(&answer(&config, server, uri)), theirs, "{uri} on {name}");
        }
    }
}
