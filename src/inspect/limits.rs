//! The limits of requests and connections that a server block is under.
//!
//! Invariant: every limit that may apply somewhere in the block is listed, each with the status that it
//! answers with there: which of them a request meets is for whoever sees that status. Pure.

use super::directives::{arguments, first_argument};
use crate::facts::{Counted, LimitFacts, LimitKind};
use nginx_config::{Config, Node};
use std::collections::BTreeSet;
use std::time::Duration;

/// Variables that differ from address to address.
const OF_THE_ADDRESS: [&str; 4] =
    ["$binary_remote_addr", "$remote_addr", "$realip_remote_addr", "$proxy_protocol_addr"];

/// How far a key is followed through `map`s.
const MOST_MAPS: usize = 4;

/// What of the levels above holds at one level, unless it has its own.
#[derive(Clone)]
struct Level {
    limits: [Vec<Node>; 2],
    status: [u16; 2],
}

const KINDS: [LimitKind; 2] = [LimitKind::Requests, LimitKind::Connections];

/// The names of a kind's directive, of its zone's and of its status's.
fn names(kind: LimitKind) -> [&'static str; 3] {
    match kind {
        LimitKind::Requests => ["limit_req", "limit_req_zone", "limit_req_status"],
        LimitKind::Connections => ["limit_conn", "limit_conn_zone", "limit_conn_status"],
    }
}

/// The limits of a server block, without repeats.
pub fn limits(config: &Config, server: Node) -> Vec<LimitFacts> {
    // 503 where nothing is said (ngx_http_limit_req_module, limit_req_status).
    let mut level = Level { limits: [Vec::new(), Vec::new()], status: [503, 503] };
    for http in config.top_named("http") {
        level = level.below(config, http);
    }
    let mut found = BTreeSet::new();
    collect(config, server, &level, &mut found);
    found.into_iter().collect()
}

fn collect(config: &Config, block: Node, above: &Level, found: &mut BTreeSet<LimitFacts>) {
    let level = above.below(config, block);
    for (index, kind) in KINDS.into_iter().enumerate() {
        let nodes = level.limits[index].iter();
        found.extend(nodes.filter_map(|&node| limit(config, kind, node, level.status[index])));
    }
    for location in config.named(block, "location") {
        collect(config, location, &level, found);
    }
}

impl Level {
    /// A level's own limits replace those above it; its status is another question.
    fn below(&self, config: &Config, block: Node) -> Self {
        let mut level = self.clone();
        for (index, kind) in KINDS.into_iter().enumerate() {
            let [limit, _, status] = names(kind);
            let own: Vec<Node> = config.named(block, limit).collect();
            if !own.is_empty() {
                level.limits[index] = own;
            }
            let said = config.named(block, status).next_back();
            let said = said.and_then(|node| first_argument(config, node)?.parse().ok());
            level.status[index] = said.unwrap_or(level.status[index]);
        }
        level
    }
}

fn limit(config: &Config, kind: LimitKind, node: Node, status: u16) -> Option<LimitFacts> {
    let words = arguments(config, node);
    let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name).map(str::to_owned));
    let zone = match kind {
        LimitKind::Requests => option("zone=")?,
        LimitKind::Connections => words.first()?.clone(),
    };
    let definition = definition(config, kind, &zone);
    let rate = definition.iter().find_map(|word| word.strip_prefix("rate=").map(str::to_owned));
    let most = match kind {
        LimitKind::Requests => rate.unwrap_or_default(),
        LimitKind::Connections => words.get(1)?.clone(),
    };
    let key = definition.first().map_or("", String::as_str);
    let counts =
        if is_of_the_address(config, key, MOST_MAPS) { Counted::EachAddress } else { Counted::Together };
    let place = config.place(node);
    Some(LimitFacts { kind, interval: interval(&most), zone, most, status, counts, place })
}

/// The arguments of the directive that makes a zone.
fn definition(config: &Config, kind: LimitKind, zone: &str) -> Vec<String> {
    let [_, name, _] = names(kind);
    let named = format!("zone={zone}:");
    let all = config.top_named("http").flat_map(|http| config.named(http, name));
    all.map(|node| arguments(config, node))
        .find(|words| words.iter().any(|word| word.starts_with(&named)))
        .unwrap_or_default()
}

/// `5r/s` lets one through every 200 ms, `30r/m` every two seconds.
fn interval(rate: &str) -> Option<Duration> {
    let (number, unit) = rate.split_once("r/")?;
    let number: u32 = number.parse().ok().filter(|&number| number > 0)?;
    match unit {
        "s" => Some(Duration::from_secs(1) / number),
        "m" => Some(Duration::from_secs(60) / number),
        _ => None,
    }
}

/// Whether requests from two addresses have two keys, also through a `map` that excepts some.
fn is_of_the_address(config: &Config, key: &str, depth: usize) -> bool {
    // `${x}` is `$x`.
    let key = key.replace(['{', '}'], "");
    if OF_THE_ADDRESS.iter().any(|variable| key.contains(variable)) {
        return true;
    }
    if depth == 0 || !key.contains('$') {
        return false;
    }
    let maps = config.top_named("http").flat_map(|http| config.named(http, "map"));
    let made_here = maps.filter(|&map| arguments(config, map).get(1).is_some_and(|made| *made == key));
    let entries = made_here.flat_map(|map| config.children(map));
    let values: BTreeSet<_> = entries.filter_map(|&entry| first_argument(config, entry)).collect();
    values.into_iter().any(|value| is_of_the_address(config, &value, depth - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    /// The limits of the first server block, for people.
    fn shown(http: &str) -> Vec<String> {
        let reader = MemoryReader::new().with("/n", format!("http {{\n{http}\n}}"));
        let config = Config::load(Path::new("/n"), Path::new("/"), &reader).expect("loads");
        limits(&config, servers(&config)[0])
            .iter()
            .map(|limit| format!("{limit} {:?} {:?}", limit.interval.unwrap_or_default(), limit.counts))
            .collect()
    }

    #[test]
    fn a_limit_is_found_at_every_level_with_the_status_that_holds_there() {
        let check = |http: &str, expect: &[&str]| assert_eq!(shown(http), expect, "{http}");
        let zones = "limit_req_zone $binary_remote_addr zone=a:1m rate=5r/s; limit_conn_zone $server_name zone=c:1m;\n";
        check(
            &format!("{zones}limit_req zone=a burst=20 nodelay; server {{ }}"),
            &["limit_req zone=a (5r/s, answers 503) at /n:3:1 200ms EachAddress"],
        );
        check(
            &format!(
                "{zones}limit_req_status 444; server {{\nlimit_conn_status 429; location / {{\nlimit_conn c 2; limit_req zone=a; }} }}"
            ),
            &[
                "limit_req zone=a (5r/s, answers 444) at /n:5:17 200ms EachAddress",
                "limit_conn c 2 (answers 429) at /n:5:1 0ns Together",
            ],
        );
        // Its own limit replaces those above; a status alone does not.
        check(
            &format!(
                "{zones}server {{\nlimit_req zone=a; location /x {{ limit_req_status 429; location /x/y {{\nlimit_req zone=b; }} }} }}"
            ),
            &[
                "limit_req zone=a (5r/s, answers 429) at /n:4:1 200ms EachAddress",
                "limit_req zone=a (5r/s, answers 503) at /n:4:1 200ms EachAddress",
                "limit_req zone=b (, answers 429) at /n:5:1 0ns Together",
            ],
        );
        check(&format!("{zones}server {{ }}"), &[]);
    }

    #[test]
    fn a_key_is_followed_through_maps() {
        let check = |key: &str, more: &str, expect: Counted| {
            let http =
                format!("limit_req_zone {key} zone=a:1m rate=30r/m; {more}\nserver {{ limit_req zone=a; }}");
            let found = shown(&http);
            assert!(found[0].ends_with(&format!("2s {expect:?}")), "{key}: {found:?}");
        };
        check("$http_x$remote_addr", "", Counted::EachAddress);
        check("${binary_remote_addr}${host}", "", Counted::EachAddress);
        check("$server_name", "", Counted::Together);
        let map = "geo $inside { default 1; 127.0.0.1 0; } map $inside $key { 0 ''; 1 $binary_remote_addr; }";
        check("$key", map, Counted::EachAddress);
        check("$other", map, Counted::Together);
        check("$key", "map $host $key { default $key; }", Counted::Together);
    }
}
