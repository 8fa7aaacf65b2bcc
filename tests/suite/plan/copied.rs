//! A copied tree lacks what nobody copies: the folders that NGINX writes into.
//!
//! Invariant: they are made in the private copy alone; of the server itself a missing one is a fault.

use crate::support::binary::{SITE, Server};
use crate::support::machine::Machine;
use std::fs;
use std::path::Path;

const MAIN: &str = "etc/nginx/nginx.conf";
const INCLUDES: &str = "include /etc/nginx/conf.d/*.conf;";

/// Each directive, and the folder that it needs.
const WRITES: [(&str, &str); 4] = [
    (
        "proxy_cache_path /var/cache/motionctl-none/mc levels=1:2 keys_zone=mc:1m;",
        "/var/cache/motionctl-none",
    ),
    ("access_log /var/log/motionctl-none/deep/access.log;", "/var/log/motionctl-none/deep"),
    ("client_body_temp_path /var/spool/motionctl-none/body;", "/var/spool/motionctl-none"),
    ("server { listen unix:/run/motionctl-none/x.sock; return 204; }", "/run/motionctl-none"),
];

#[test]
fn folders_that_nginx_writes_into_may_be_missing_from_a_copy() {
    for (directive, folder) in WRITES {
        let server = Server::copy("standalone");
        server.replace(MAIN, INCLUDES, &format!("{directive}\n{INCLUDES}"));
        let planned = server.json(&["plan"]);
        assert_eq!(planned["exit_code"], 0, "{directive}: {planned:#}");
        let notes = planned["details"]["notes"].to_string();
        // That a copy has nothing of `/run` is no news.
        let is_said = notes.contains(&format!("{folder} is missing"));
        assert_eq!(is_said, !folder.starts_with("/run"), "{directive}: {notes}");
        assert!(!Path::new(folder).exists() && !server.at(folder).exists(), "{folder} was made outside");
    }
}

#[test]
fn routes_below_the_root_location_are_rehearsed_with_their_cache() {
    let server = Server::copy("standalone");
    server.replace(MAIN, INCLUDES, &format!("{}\n{INCLUDES}", WRITES[0].0));
    server.write(
        SITE,
        "upstream node { server 127.0.0.1:9000; keepalive 8; }\n\
         server { listen 80 default_server; server_name _; return 444; }\n\
         server { listen 127.0.0.1:8081; server_name localhost; location = /basic_status { stub_status; } }\n\
         server { listen 443 ssl; server_name cc.example.test; ssl_certificate /etc/nginx/tls/a.crt;\n\
         ssl_certificate_key /etc/nginx/tls/a.key;\n location / { proxy_pass http://node;\n\
         location /api/ { proxy_pass http://node; proxy_cache mc; proxy_cache_valid 200 1s; }\n\
         location /socket.io/ { proxy_pass http://node; }\n\
         location ~* \\.(?:png|svg|css|js)$ { proxy_pass http://node; expires 30d; } } }\n",
    );
    for site in [&[][..], &["--site", "/etc/nginx/conf.d/motion.conf"]] {
        let rehearsed = server.json(&[&["rehearse", "--load", "40"][..], site].concat());
        assert_eq!(
            (&rehearsed["outcome"], &rehearsed["exit_code"]),
            (&"ok".into(), &0.into()),
            "{rehearsed:#}"
        );
        let probes = rehearsed["probes"].as_array().expect("probes");
        let of = |server: &str| {
            probes.iter().filter(|row| row["server"] == server && row["uri"] == "/user-ui/login").count()
        };
        assert_eq!((of("cc.example.test:443"), of("localhost:8081")), (1, 0), "{rehearsed:#}");
    }
}

#[test]
fn a_folder_that_the_server_itself_lacks_is_a_fault() {
    let machine = Machine::stopped("standalone", |nginx: &Path| {
        let main = nginx.join("nginx.conf");
        let text = fs::read_to_string(&main).expect("the main file");
        fs::write(&main, text.replace(INCLUDES, &format!("{}\n{INCLUDES}", WRITES[0].0))).expect("writing");
    });
    let said = machine.motionctl(&["check", "--json", "--no-db"]);
    assert_eq!(said.code, 65, "{said}");
    assert!(
        said.finding("nginx.config-broken").is_some_and(|found| found.to_string().contains("motionctl-none")),
        "{said}"
    );
}
