//! Signs in the files of a copied tree.

use crate::support::binary::{Server, codes, finding, fixture};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

/// Each overlay, and what its evidence says.
const SIGNS: [(&str, &[&str]); 22] = [
    (
        "cluster-manager.unit",
        &["enabled unit /etc/systemd/system/multi-user.target.wants/keepalived.service"],
    ),
    ("cluster-manager.init", &["enabled unit /etc/rc3.d/S99heartbeat"]),
    (
        "cluster-manager.files",
        &["/etc/keepalived/keepalived.conf", "/etc/corosync/corosync.conf", "/var/lib/pacemaker/cib/cib.xml"],
    ),
    ("shared-storage.drbd", &["DRBD resource /etc/drbd.d/motion.res"]),
    (
        "shared-storage.fstab",
        &["/var/opt/motion2 is on /var/opt: nfs4 from nas.example.test:/motion (/etc/fstab)"],
    ),
    ("shared-storage.unit", &["the database /srv/db/mysql is on /srv/db: glusterfs"]),
    ("database-cluster.galera", &["wsrep_on=ON in /etc/mysql/mariadb.conf.d/60-galera.cnf"]),
    ("database-cluster.group", &["group_replication_group_name=", "in /etc/group.cnf"]),
    ("remote-upstream.address", &["location / → 192.0.2.20:9000", "location /api/ → 192.0.2.20:9000"]),
    ("remote-upstream.several", &["spreads requests over 127.0.0.1:9000, 127.0.0.1:9001"]),
    ("remote-database.env", &["XC_MYSQL_HOST is db.example.test in /var/opt/motion2/.env"]),
    ("remote-database.production", &["a database URL is 192.0.2.30 in /var/opt/motion2/server/config"]),
    ("floating-address.interfaces", &["eth0 is given 192.0.2.10 and 192.0.2.100"]),
    ("floating-address.ifcfg", &["eth0 is given 192.0.2.10 and 192.0.2.100"]),
    ("floating-address.networkd", &["eth0 is given 192.0.2.10 and 192.0.2.100"]),
    (
        "behind-proxy.real-ip",
        &["set_real_ip_from 192.0.2.0/24 (/etc/nginx/conf.d/motion.conf:", "real_ip_header X-Forwarded-For"],
    ),
    ("behind-proxy.protocol", &["listen 443 ssl proxy_protocol (/etc/nginx/conf.d/motion.conf:"]),
    ("behind-proxy.http", &["set_real_ip_from 192.0.2.5 (/etc/nginx/conf.d/00-real-ip.conf:1"]),
    ("other-balancer.unit", &["multi-user.target.wants/haproxy.service", "`bind *:443 ssl crt"]),
    ("other-balancer.files", &["`Listen 80` in /etc/apache2/ports.conf"]),
    ("other-balancer.init", &["enabled unit /etc/rc3.d/S91apache2"]),
    ("split-voice.unit", &["pm2-motion.service starts Motion, and there is no Asterisk"]),
];

/// A copy of `standalone` with an overlay's files over it.
fn overlaid(overlay: &str) -> Server {
    let server = Server::copy("standalone");
    let from = fixture("topology").join(overlay).join(".");
    let status = Command::new("cp").arg("-a").arg(from).arg(server.path()).status().expect("cp is installed");
    assert!(status.success(), "{overlay}");
    server
}

fn topology(document: &Value) -> BTreeSet<String> {
    codes(document).into_iter().filter(|code| code.starts_with("topology.")).collect()
}

/// Asserts that this is the only sign, stops, and can be accepted.
fn one_stop(overlay: &str, evidence: &[&str]) {
    let server = overlaid(overlay);
    let code = format!("topology.{}", overlay.split('.').next().expect("a name"));
    let document = server.json(&["check"]);
    let wanted = BTreeSet::from([code.clone(), "topology.unknown".to_owned()]);
    assert_eq!(topology(&document), wanted, "{overlay}: {document:#}");
    let sign = finding(&document, &code);
    assert_eq!(
        (&sign["level"], &document["exit_code"]),
        (&"stop".into(), &3.into()),
        "{overlay}: {document:#}"
    );
    let said = sign["evidence"].to_string().replace("\\\"", "\"");
    for line in evidence {
        assert!(said.contains(line), "{overlay}: `{line}` is not in {said}");
    }
    assert!(
        sign["advice"].as_str().is_some_and(|advice| advice.contains("contact the vendor's support")),
        "{sign}"
    );
    assert!(!document.to_string().contains("not-to-be-shown"), "{document:#}");
    let accepted = server.json(&["check", "--accept", &code]);
    assert_eq!(accepted["exit_code"], 0, "{overlay}: {accepted:#}");
    assert_eq!(finding(&accepted, &code)["accepted"], true);
}

#[test]
fn every_sign_is_seen_alone() {
    for (overlay, evidence) in SIGNS {
        one_stop(overlay, evidence);
    }
    one_stop("split-voice.setting", &["XC_ASTERISK_HOST is 192.0.2.40"]);
    let there: BTreeSet<String> = fs::read_dir(fixture("topology"))
        .expect("the overlays")
        .map(|entry| entry.expect("a name").file_name().to_string_lossy().into_owned())
        .collect();
    let others = ["split-voice.setting", "no-tls.plain", "innocent"];
    let tried = SIGNS.iter().map(|(name, _)| *name).chain(others).map(str::to_owned).collect();
    assert_eq!(there, tried);
}

#[test]
fn plain_http_is_told_and_stops_nothing() {
    let document = overlaid("no-tls.plain").json(&["check"]);
    assert_eq!(document["exit_code"], 0, "{document:#}");
    assert_eq!(finding(&document, "topology.no-tls")["level"], "info");
    assert_eq!(finding(&document, "topology.no-tls")["evidence"][0], "server cc.example.test:80");
}

#[test]
fn what_only_looks_like_a_sign_is_none() {
    let document = overlaid("innocent").json(&["check"]);
    assert_eq!(topology(&document), BTreeSet::from(["topology.unknown".to_owned()]), "{document:#}");
    let unknown = finding(&document, "topology.unknown");
    assert_eq!(unknown["level"], "info", "nothing can be done about a tree");
    let lines: Vec<_> =
        unknown["evidence"].as_array().expect("lines").iter().map(ToString::to_string).collect();
    let expect = [
        "\"processes, mounts, network addresses: a tree shows files only\"",
        "\"in question: cluster managers, shared storage, floating addresses, other balancers, split voice\"",
    ];
    assert_eq!(lines, expect);
    assert_eq!(document["exit_code"], 0);
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let server = overlaid("innocent");
    // Somebody else's file, a folder in a file's place, and a setting that is computed.
    fs::remove_file(server.at("var/opt/motion2/.env")).expect("removing");
    fs::create_dir(server.at("var/opt/motion2/.env")).expect("a folder");
    fs::remove_file(server.at("etc/mysql/my.cnf")).expect("removing");
    symlink("my.cnf", server.at("etc/mysql/my.cnf")).expect("a loop");
    let document = server.json(&["check"]);
    let said = finding(&document, "topology.unknown")["evidence"].to_string();
    for line in ["Motion's settings: /var/opt/motion2/.env: not a regular file", "/etc/mysql/my.cnf: "] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    assert_eq!(document["exit_code"], 0);
}

#[test]
fn hostile_files_end_soon() {
    let server = overlaid("innocent");
    let fifo = |path: &str| {
        fs::create_dir_all(server.at(path).parent().expect("a folder")).expect("folders");
        // There may be a file of this name.
        let _gone = fs::remove_file(server.at(path));
        nix::unistd::mkfifo(&server.at(path), nix::sys::stat::Mode::S_IRWXU).expect("a fifo");
    };
    for path in ["etc/my.cnf", "etc/fstab", "etc/network/interfaces", "etc/haproxy/haproxy.cfg", "etc/hosts"]
    {
        fifo(path);
    }
    fifo("var/opt/motion2/server/package.json");
    fifo("etc/letsencrypt/renewal/x.conf");
    symlink("/dev/zero", server.at("etc/mysql/zero.cnf")).expect("a link");
    server.write("etc/mysql/my.cnf", "[mysqld]\n!includedir /etc/mysql\n!include /etc/mysql/zero.cnf\n");
    symlink(".", server.at("etc/systemd/system/loop.wants")).expect("a loop");
    let large = fs::File::create(server.at("var/opt/motion2/server/config")).expect("a file");
    large.set_len(8 << 30).expect("a hole");
    fs::remove_file(server.at("var/opt/motion2/.env")).expect("removing");
    let large = fs::File::create(server.at("var/opt/motion2/.env")).expect("a file");
    large.set_len(8 << 30).expect("a hole");
    for number in 0..2000 {
        server.write(
            &format!("etc/network/interfaces.d/{number}"),
            "iface eth9 inet static\naddress 192.0.2.9\n",
        );
    }
    let started = Instant::now();
    let document = server.json(&["check"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(
        finding(&document, "topology.unknown")["evidence"].to_string().contains("/etc/my.cnf"),
        "{document:#}"
    );
}
