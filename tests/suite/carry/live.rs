//! The story on a live server: the script ran a year ago, its backup lies beside the file, and the bridge is gone.
//!
//! Invariant: the real binary on `/` of a private machine; what is said to work was asked on the wire.

use super::{CLIENT, NODE, TLS};
use crate::support::machine::Machine;
use crate::support::wait::eventually;
use motionctl::rehearse::standin::{Role, StandIn};
use std::fs;
use std::path::Path;

const BRIDGE: &str = "/whatsapp-bridge/ping";
const COPY: &str = "/etc/nginx/conf.d/motion.conf.bak-2025-11-02";

/// The site with these lines in its block.
fn site(lines: &str) -> String {
    format!(
        "server {{\n    listen 443 ssl;\n    server_name cc.example.test;\n    {TLS}\n{lines}    \
         location /api/ {{ proxy_pass {NODE}; }}\n    location /socket.io/ {{ proxy_pass {NODE}; }}\n    \
         location / {{ proxy_pass {NODE}; }}\n}}\n"
    )
}

fn before() -> String {
    site(
        "    client_max_body_size 100m;\n    location /whatsapp-bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n",
    )
}

fn after() -> String {
    site(&format!("    client_max_body_size 20m;\n    {CLIENT}\n"))
}

/// The server a year after the script.
fn a_year_after(edit: impl FnOnce(&Path)) -> Machine {
    Machine::edited("standalone", |nginx| {
        fs::write(nginx.join("conf.d/motion.conf"), after()).expect("writing");
        fs::write(nginx.join("conf.d/motion.conf.bak-2025-11-02"), before()).expect("writing");
        edit(nginx);
    })
}

#[test]
fn the_script_s_backup_is_named_and_brings_the_bridge_back() {
    let machine = a_year_after(|_| ());
    let address = "127.0.0.1:3434".parse().expect("an address");
    let _bridge = machine.inside(|| StandIn::http(address, Role::Other).expect("a stand-in"));
    let gone = machine.get(BRIDGE).body;
    let checked = machine.motionctl(&["check", "--no-db", "--json"]);
    let finding = checked.finding("site.older-copy").unwrap_or_else(|| panic!("{checked}"));
    assert_eq!(finding["level"], "warn", "{finding:#}");
    let said = finding["evidence"].to_string() + &finding["advice"].to_string();
    for part in
        [COPY, "location /whatsapp-bridge/", "client_max_body_size 100m", &format!("plan --carry {COPY}")]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    machine.apply(&["--carry", COPY]).expect(0, "applied");
    let back = machine.get(BRIDGE);
    assert_eq!(back.status, 200, "{back:?}");
    assert_ne!(back.body, gone, "the bridge answers, not Motion");
    assert!(
        machine.get("/user-ui/login").body.windows(9).any(|part| part == b"/user-ui/"),
        "the route stays"
    );
    let checked = machine.motionctl(&["check", "--no-db", "--json"]);
    assert!(checked.finding("site.older-copy").is_none(), "nothing is lost any more: {checked}");
    machine.motionctl(&["rollback", "--yes", "--json"]).expect(0, "applied");
    eventually("the old answer", || machine.get(BRIDGE).body == gone);
    assert_eq!(machine.read("/etc/nginx/conf.d/motion.conf"), after());
}

#[test]
fn of_several_copies_the_newest_that_has_more_is_named_first() {
    let machine = a_year_after(|nginx| {
        let write = |name: &str, text: String, age: &str| {
            let path = nginx.join("conf.d").join(name);
            fs::write(&path, text).expect("writing");
            let done = std::process::Command::new("touch").arg("-d").arg(age).arg(&path).status();
            assert!(done.expect("touch is installed").success());
        };
        write("motion.conf.new", after(), "2026-01-01");
        write("motion.conf.bak-2025-11-02", before(), "2025-11-02");
        write("motion.conf.2020", before().replace("100m", "200m"), "2020-01-01");
        write("motion.conf.txt", "nothing of NGINX's {".to_owned(), "2026-02-01");
    });
    let checked = machine.motionctl(&["status", "-v", "--no-db", "--json"]);
    let evidence = &checked.finding("site.older-copy").unwrap_or_else(|| panic!("{checked}"))["evidence"];
    assert!(
        evidence[0].to_string().contains("bak-2025-11-02 of 2025-11-02: 2 things are lost"),
        "{evidence:#}"
    );
    assert!(
        evidence.to_string().contains("also /etc/nginx/conf.d/motion.conf.2020 of 2020-01-01"),
        "{evidence:#}"
    );
    assert!(!evidence.to_string().contains("motion.conf.new"), "{evidence:#}");
    assert!(machine.motionctl(&["status", "--no-db", "--json"]).finding("site.older-copy").is_none());
}
