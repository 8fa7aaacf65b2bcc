//! Logs that modules open, through the sandbox.
//!
//! Invariant: what stands in for the module opens its log as `ModSecurity` does, to append to it.

use crate::support::binary::Server;
use motionctl::host::Root;
use motionctl::inspect::{Options, inspect};
use std::path::PathBuf;

/// What the facts of a tree say that NGINX writes.
fn written(server: &Server) -> Vec<PathBuf> {
    let root = Root::at(server.path()).expect("a root");
    let found = inspect(&root, &Options::default()).unwrap_or_else(|failure| panic!("{failure:?}"));
    found.facts.nginx.written.into_iter().map(|one| one.path).collect()
}

#[test]
fn the_logs_of_modsecurity_are_shadowed_whatever_file_names_them() {
    let server = Server::copy("standalone");
    server.replace("etc/nginx/nginx.conf", "http {", "http {\n    modsecurity_rules_file modsec/main.conf;");
    server.write("etc/nginx/modsec/main.conf", "SecAuditLog /srv/waf/audit\nInclude crs/*.conf\n");
    server.write("etc/nginx/modsec/crs/a.conf", "SecDebugLog \"/srv/waf/debug\"\n");
    let all = written(&server);
    for log in ["/srv/waf/audit", "/srv/waf/debug"] {
        assert!(all.contains(&PathBuf::from(log)), "{log} is missing in {all:?}");
    }
}
