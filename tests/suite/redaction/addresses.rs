//! Users and passwords in what names a place: targets of NGINX, Motion's settings, mounts.
//!
//! Invariant: the place itself is shown, since that is what is to be known of it.

use super::{MARK, says_no_secret};
use crate::support::binary::{SITE, Server};

const OTHER: &str = "etc/nginx/conf.d/other.conf";

/// A server with these files, of which everything is asked that looks at it; gives what `check -vv` says.
fn asked(files: &[(&str, &str)]) -> String {
    let server = Server::copy("standalone");
    for (path, text) in files {
        server.write(path, text);
    }
    for command in ["check", "status", "plan"] {
        says_no_secret(&server, &[command]);
    }
    let said = server.run(&["check", "-vv"]);
    assert!(!said.stdout.contains(MARK) && !said.stderr.contains(MARK), "{said:?}");
    said.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_target_of_nginx_is_shown_without_its_user() {
    for text in [
        "server { listen 83; set $up http://u:hunter2x@10.0.0.6:9000; location /h/ { proxy_pass $up; } }",
        "map $host $up { default http://u:hunter2x@10.0.0.6:9000; } server { listen 83; location /h/ { proxy_pass $up; } }",
        "server { listen 83; location /h/ { fastcgi_pass u:hunter2x@10.0.0.6:9000; } }",
        "server { listen 83; location /h/ { proxy_pass http://u:hunter2x@10.0.0.6:9000/; } }",
        "upstream bk { server u:hunter2x@10.0.0.6:9000; } server { listen 83; location /h/ { proxy_pass http://bk; } }",
    ] {
        let said = asked(&[(OTHER, text)]);
        assert!(
            said.contains("location /h/ → 10.0.0.6:9000 (/etc/nginx/conf.d/other.conf:1:"),
            "{text}\n{said}"
        );
    }
}

#[test]
fn motions_own_target_is_shown_without_its_user() {
    for (target, shown) in [
        ("http://u:hunter2x@$host", "where $host leads"),
        // A password may hold what ends an address elsewhere.
        ("http://u:hunter2x/y@$host", "where $host leads"),
        ("http://hunter2x@$host", "where $host leads"),
    ] {
        let own = Server::copy("standalone").read(SITE);
        let own = own.replace("proxy_pass http://127.0.0.1:9000", &format!("proxy_pass {target}"));
        let said = asked(&[(SITE, &own)]);
        assert!(said.contains(shown), "{said}");
    }
}

#[test]
fn a_host_that_is_called_as_secrets_are_keeps_its_port() {
    for host in ["token-service", "api_key", "$token"] {
        let text = format!(
            "server {{ listen 83; set $token a; set $up http://{host}:8080; location /h/ {{ proxy_pass $up; }} }}"
        );
        let said = asked(&[(OTHER, &text)]);
        assert!(!said.contains(":[redacted]"), "{said}");
        let is_named = host.starts_with('$') || said.contains(&format!("{host}:8080 ("));
        assert!(is_named, "{said}");
    }
}

#[test]
fn what_is_a_secret_in_motions_settings_is_no_host() {
    for line in [
        "XC_DB_SERVER_PSW=hunter2x", "DB_SERVER_AUTH=hunter2x", "XC_DB_SERVER_USR=hunter2x",
        "DB_HOST_ENC=hunter2x",
    ] {
        let said = asked(&[("var/opt/motion2/.env", line)]);
        assert!(!said.contains("topology.remote-database"), "{said}");
    }
    let said = asked(&[(
        "var/opt/motion2/.env",
        "DATABASE_URL=mysql://10.0.0.5/motion?user=root&password=p@hunter2x\n",
    )]);
    assert!(said.contains("DATABASE_URL is 10.0.0.5"), "{said}");
    let said = asked(&[(
        "var/opt/motion2/server/config/environment/production.js",
        "module.exports = { mysql: { uri: 'mysql://10.0.0.5/motion?password=p@hunter2x' } };\n",
    )]);
    assert!(said.contains("a database URL is 10.0.0.5"), "{said}");
}

#[test]
fn a_mount_is_shown_without_its_user() {
    for (line, shown) in [
        ("//u:hunter2x@nas/x /var/opt cifs rw 0 0", "cifs from //nas/x"),
        ("u:hunter2x@nas:/x /var/opt glusterfs rw 0 0", "glusterfs from nas:/x"),
        ("hunter2x@fs.cephfs=/x /var/opt ceph rw 0 0", "ceph from fs.cephfs=/x"),
        ("nas:/export/a@b /var/opt nfs rw 0 0", "nfs from nas:/export/a@b"),
    ] {
        let said = asked(&[("etc/fstab", line)]);
        assert!(said.contains(shown), "{said}");
    }
    let unit = "[Mount]\nWhat=//u:hunter2x@nas/x\nWhere=/var/opt\nType=cifs\n";
    let said = asked(&[("etc/systemd/system/var-opt.mount", unit)]);
    assert!(said.contains("cifs from //nas/x"), "{said}");
}

#[test]
fn a_fault_of_the_settings_has_its_place_and_no_secret() {
    for (text, place, what) in [
        (
            "# mine\ndb = \"mysql://root:hunter2x@h/x\n",
            "/etc/motionctl/config.toml:2:",
            "invalid basic string",
        ),
        ("site = \"a\"\nsite = \"hunter2x\"\n", "/etc/motionctl/config.toml:2:", "duplicate key"),
        ("\n\n  password = \"hunter2x\"\n", "/etc/motionctl/config.toml:3:", "unknown field"),
        ("heal = [\"hunter2x\"\n", "/etc/motionctl/config.toml:", ""),
    ] {
        let server = Server::copy("standalone");
        server.write("etc/motionctl/config.toml", text);
        says_no_secret(&server, &["plan"]);
        let said = server.run(&["plan"]);
        assert_eq!(said.code, 65, "{said:?}");
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(told.contains(place) && told.contains(what), "{told}");
    }
}

#[test]
fn our_own_words_are_no_value_of_what_they_speak_of() {
    for value in ["the token", "api_key", "my password"] {
        let server = Server::copy("standalone");
        let said = server.run(&["plan", "--new-client-upstream", value]);
        let told = format!("{}{}", said.stdout, said.stderr);
        assert!(told.contains("neither http:// nor https://") && !told.contains("[redacted]"), "{told}");
    }
}
