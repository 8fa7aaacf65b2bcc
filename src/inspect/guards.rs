//! What of a server block turns this machine's own requests away, whatever they ask for.
//!
//! Invariant: only rules that every location inherits count, as they stand there; a location may have its
//! own, so what is found here is foreseen, not proven. Pure.

use crate::motion::guards::{KeptOut, Rules, own_address};
use nginx_config::routes::Endpoint;
use nginx_config::{Config, Node};

/// The guard that a request to `at` from this machine meets in a server block.
pub fn guarded(config: &Config, server: Node, at: &Endpoint) -> Option<KeptOut> {
    let own = match at {
        Endpoint::Tcp(ip, _) => Some(own_address(*ip)),
        Endpoint::Unix(_) | Endpoint::Name(..) => None,
    };
    let last = |name: &str| inherited(config, server, &[name]).pop();
    let rules = Rules {
        addresses: inherited(config, server, &["allow", "deny"]),
        password: last("auth_basic"),
        password_file: last("auth_basic_user_file"),
        satisfy: last("satisfy"),
    };
    rules.keep_out(config, own)
}

/// The directives of these names that hold in a server block: its own, or those above it. `allow` and `deny` are
/// inherited together, or not at all.
fn inherited(config: &Config, server: Node, names: &[&str]) -> Vec<Node> {
    let of = |block: Node| -> Vec<Node> {
        let is_one = |node: &&Node| names.iter().any(|name| config.directive(**node).is(name));
        config.children(block).iter().filter(is_one).copied().collect()
    };
    let own = of(server);
    if own.is_empty() { config.top_named("http").flat_map(of).collect() } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    fn found(inside: &str, above: &str, at: &str) -> Option<(String, Option<String>)> {
        let reader = MemoryReader::new().with("/n", format!("http {{ {above} server {{ {inside} }} }}"));
        let config = Config::load(Path::new("/n"), Path::new("/"), &reader).expect("loads");
        let at = at.parse().map_or(Endpoint::Unix(b"/s".to_vec()), |ip| Endpoint::Tcp(ip, 80));
        let guarded = guarded(&config, servers(&config)[0], &at)?;
        let by = guarded.by.split(" at /n").next().unwrap_or_default().to_owned();
        Some((by, guarded.pass.and_then(|pass| pass.from).map(|address| address.to_string())))
    }

    #[test]
    fn the_first_rule_that_speaks_of_this_machine_decides() {
        let refused = |rules: &str, at: &str, open_to: Option<&str>| {
            let by = format!(
                "this machine is not let in (deny {}",
                if rules.contains("deny 127") { "127.0.0.0/8" } else { "all" }
            );
            assert_eq!(found(rules, "", at), Some((by, open_to.map(str::to_owned))), "{rules} {at}");
        };
        let open = |rules: &str, at: &str| assert_eq!(found(rules, "", at), None, "{rules} {at}");
        refused("deny all;", "127.0.0.1", None);
        refused("allow 192.0.2.0/24; deny all;", "127.0.0.1", Some("192.0.2.1"));
        refused("allow 192.0.2.7; deny all;", "10.1.2.3", Some("192.0.2.7"));
        refused(
            "deny 192.0.2.0/24; allow 192.0.2.0/24; allow 198.51.100.0/31; deny all;",
            "127.0.0.1",
            Some("198.51.100.1"),
        );
        refused("allow 2001:db8::/32; allow 10.0.0.0/8; deny all;", "::1", Some("2001:db8::1"));
        refused("deny 127.0.0.0/8; allow all;", "127.0.0.2", None);
        open("allow 127.0.0.1; deny all;", "127.0.0.2");
        refused("allow 192.0.2.0/24; deny all;", "unix", None);
        open("allow 127.0.0.1; deny all;", "127.0.0.1");
        open("allow 127.0.0.0/8; deny all;", "127.0.0.2");
        open("allow unix:; deny all;", "unix");
        open("allow 0.0.0.0/0; deny all;", "127.0.0.1");
        open("deny 192.0.2.0/24;", "127.0.0.1");
    }

    #[test]
    fn a_password_is_asked_for_unless_an_address_will_do() {
        let asks = |inside: &str, above: &str, expect: bool| {
            let by = found(inside, above, "127.0.0.1").map(|(by, _)| by);
            let password = by.is_some_and(|by| by.starts_with("it asks for a password"));
            assert_eq!(password, expect, "{inside} {above}");
        };
        asks("auth_basic a;", "", true);
        asks("", "auth_basic a;", true);
        asks("auth_basic off;", "auth_basic a;", false);
        asks("satisfy any; allow 127.0.0.1; deny all; auth_basic a;", "", false);
        asks("allow 127.0.0.1; deny all; auth_basic a;", "", true);
        asks("satisfy any; auth_basic a;", "", true);
        // Who is let in by address needs no password then.
        let any = found("satisfy any; allow 192.0.2.0/24; deny all; auth_basic a;", "", "127.0.0.1");
        assert_eq!(any.and_then(|(_, open_to)| open_to).as_deref(), Some("192.0.2.1"));
        let all = found("allow 192.0.2.0/24; deny all; auth_basic a;", "", "127.0.0.1");
        assert_eq!(all.and_then(|(_, open_to)| open_to), None);
    }
}
