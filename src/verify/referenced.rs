//! What a file that is about to be installed names: hosts that NGINX looks up
//! when it reads it, and certificates that it loads.
//!
//! Invariant: the facts describe what is on the disk; this describes what is
//! not there yet, or is to come back. Pure; a name too many does no harm.

use crate::facts::{CERTIFICATES, CertificateFacts};
use nginx_config::{Directive, DirectiveId, Tree};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Directives whose first argument is an address, with or without a scheme.
const ADDRESSED: [&str; 7] =
    ["proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "server"];

/// The host names in a configuration file; none when it does not parse.
pub fn hosts(source: &[u8]) -> BTreeSet<String> {
    let Ok(tree) = Tree::parse(source) else { return BTreeSet::new() };
    let directives = tree.walk().map(|id| tree.directive(id));
    let addressed = directives.filter(|directive| ADDRESSED.iter().any(|name| directive.is(name)));
    addressed.filter_map(|directive| host(&first(directive)?)).collect()
}

/// The host name of a URL or an address; `None` for IP addresses, sockets and
/// what only a request decides.
pub fn host(address: &str) -> Option<String> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if authority.starts_with("unix:") || authority.contains(['$', '[', '@']) {
        return None;
    }
    let host = authority.split(':').next().unwrap_or(authority);
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let is_name = !host.is_empty() && host.bytes().all(known) && host.parse::<IpAddr>().is_err();
    (is_name && host != "localhost").then(|| host.to_owned())
}

/// The certificates in a configuration file, with their keys: beside them, or in a block around.
pub fn certificates(source: &[u8], conf_prefix: &Path) -> Vec<CertificateFacts> {
    let Ok(tree) = Tree::parse(source) else { return Vec::new() };
    let around = |id: DirectiveId, name: &str| {
        let mut block = tree.directive(id).parent;
        loop {
            let mut beside = tree.children(block).iter().map(|other| tree.directive(*other));
            let found = beside.rfind(|other| other.is(name));
            match block {
                Some(inner) if found.is_none() => block = tree.directive(inner).parent,
                _ => return found,
            }
        }
    };
    let found = tree.walk().filter_map(|id| {
        let directive = tree.directive(id);
        let (_, key) = CERTIFICATES.iter().find(|(name, _)| directive.is(name))?;
        let names = around(id, "server_name").into_iter().flat_map(|names| names.args.iter());
        Some(CertificateFacts {
            certificate: path(conf_prefix, &first(directive)?)?,
            key: key.and_then(|key| path(conf_prefix, &first(around(id, key)?)?)),
            names: names.map(|word| word.text().into_owned()).collect(),
            readable: true,
        })
    });
    found.collect()
}

/// The files that these directives of a configuration file name.
pub fn files_of(source: &[u8], conf_prefix: &Path, names: &[&str]) -> Vec<PathBuf> {
    let Ok(tree) = Tree::parse(source) else { return Vec::new() };
    let directives = tree.walk().map(|id| tree.directive(id));
    let naming = directives.filter(|directive| names.iter().any(|name| directive.is(name)));
    naming.filter_map(|directive| path(conf_prefix, &first(directive)?)).collect()
}

fn first(directive: Directive<'_>) -> Option<String> {
    directive.args.first().map(|word| word.text().into_owned())
}

fn path(conf_prefix: &Path, text: &str) -> Option<PathBuf> {
    let is_file = !text.contains('$') && !text.starts_with("data:") && !text.starts_with("engine:");
    is_file.then(|| conf_prefix.join(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_addresses() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(host(text).as_deref(), expect, "{text}");
        check("http://wallboard.example.test:8090/x", Some("wallboard.example.test"));
        check("https://a.test", Some("a.test"));
        check("b.test:81", Some("b.test"));
        check("http://127.0.0.1:9000", None);
        check("http://[::1]:9000", None);
        check("http://unix:/run/x.sock:/", None);
        check("unix:/run/x.sock", None);
        check("http://$reports:8088", None);
        check("localhost:9000", None);
        check("http://user:secret@a.test", None);
        check("", None);
    }

    #[test]
    fn a_file_names_its_hosts_and_certificates() {
        let source = b"upstream n { server a.test:1; server 127.0.0.1:2; }\n\
            server { server_name x.test; ssl_certificate tls/a.crt; ssl_certificate_key /k/a.key;\n\
            location / { proxy_pass http://n; } location /b/ { proxy_pass http://b.test/; } }";
        assert_eq!(hosts(source).into_iter().collect::<Vec<_>>(), ["a.test", "b.test", "n"]);
        let found = certificates(source, Path::new("/etc/nginx"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certificate, Path::new("/etc/nginx/tls/a.crt"));
        assert_eq!(found[0].key.as_deref(), Some(Path::new("/k/a.key")));
        assert_eq!(found[0].names, ["x.test"]);
        let source =
            b"ssl_certificate_key k; server { ssl_trusted_certificate t; server { ssl_certificate c; } }";
        let found = certificates(source, Path::new("/e"));
        let keys: Vec<_> = found.iter().map(|entry| entry.key.as_deref()).collect();
        assert_eq!(keys, [None, Some(Path::new("/e/k"))], "a key stands around its certificate");
        assert!(hosts(b"server {").is_empty() && certificates(b"}", Path::new("/")).is_empty());
    }
}
