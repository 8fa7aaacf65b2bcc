//! Where NGINX cannot judge a copy of a server: there is none here, or it misses what the copy lacks.
//!
//! Invariant: a refusal is this machine's only where the copy is known to lack something, or NGINX here lacks a module or
//! is older; any other, a mistyped word among them, is the configuration's own fault.

use crate::facts::{Facts, StandIn};
use crate::host::{Extent, Root};
use crate::outcome::Finding;
use crate::outcome::codes;

/// How directives begin that not every NGINX knows: those of modules that are packaged by themselves, and newer ones.
/// Any other that is not known was mistyped.
const NOT_EVERYWHERE: [&str; 30] = [
    "add_header_inherit", "auth_jwt", "auth_ldap", "auth_pam", "brotli", "dav_ext", "echo", "geoip",
    "headers_more", "http2", "http3", "image_filter", "js_", "keepalive_min_timeout", "lua_", "mail",
    "modsecurity", "more_", "pagespeed", "passenger", "perl", "quic", "rtmp", "sticky", "stream",
    "subs_filter", "upload_", "vhost_traffic_status", "xslt_", "zstd",
];
/// How NGINX says that a module cannot be loaded into it.
const NOT_LOADED: [&str; 2] = ["dlopen()", "module \""];

/// That nothing was validated, since nobody is here who could.
pub fn no_program() -> Finding {
    not_validated(
        "there is no NGINX on this machine",
        "install NGINX here, or run motionctl on the server itself",
    )
}

/// That nothing was validated, since this machine differs from the server; `None` where the refusal counts.
pub fn not_this_machine(root: &Root, facts: &Facts, errors: impl Iterator<Item = String>) -> Option<Finding> {
    if root.extent() == Extent::Whole {
        return None;
    }
    let errors: Vec<String> = errors.collect();
    let lacks = facts.nginx.stand_ins.values().any(|stand_in| *stand_in == StandIn::Nothing);
    (lacks || errors.iter().any(|line| is_about_modules(line))).then(|| {
        let title = "NGINX of this machine refuses this copy, which says little about the server";
        let advice = "where it has other modules than the server, run motionctl on the server itself";
        not_validated(title, advice).evidence_lines(errors)
    })
}

/// Whether NGINX's refusal is about what another NGINX has.
fn is_about_modules(line: &str) -> bool {
    let unknown = line.split_once("unknown directive \"").map_or("", |(_, name)| name);
    NOT_LOADED.iter().any(|words| line.contains(words))
        || NOT_EVERYWHERE.iter().any(|module| unknown.starts_with(module))
        || unknown.contains("_by_lua")
}

fn not_validated(why: &str, advice: &str) -> Finding {
    Finding::new(codes::NGINX_NOT_VALIDATED, "not validated: no `nginx -t` has judged this configuration")
        .evidence(why.to_owned())
        .advice(advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_nginx_has_is_told_from_what_was_mistyped() {
        let line = |text: &str| format!("[emerg] {text} in /etc/nginx/nginx.conf:3");
        for known in [
            "unknown directive \"brotli_types\"",
            "unknown directive \"stream\"",
            "unknown directive \"http2\"",
            "unknown directive \"content_by_lua_block\"",
            "dlopen() \"/usr/lib/nginx/modules/x.so\" failed",
            "module \"/usr/lib/x.so\" version 1018000 instead of 1022001",
        ] {
            assert!(is_about_modules(&line(known)), "{known}");
        }
        for fault in
            ["unknown directive \"proxy_reed_timeout\"", "unexpected \"}\"", "host not found in upstream"]
        {
            assert!(!is_about_modules(&line(fault)), "{fault}");
        }
    }
}
