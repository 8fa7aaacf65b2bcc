//! How the guards of a route differ from those of another, or from its own after a change.
//!
//! Invariant: a guard counts as kept only where every way has it; the strongest of the old side is what is held against
//! the weakest of the new one.

use super::super::routes::Block;
use super::{Around, Guards, KeptOut, Kind, Rules, of_way, text};
use nginx_config::{Config, Node};
use std::net::IpAddr;

/// How a route's guards are not those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Somebody gets in who did not.
    Opened,
    /// Headers or limits are others.
    Differs,
    /// Somebody is kept out who was not.
    Closed,
    /// It matters only together with another one.
    Beside,
}

/// One kind of guard that is not alike on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub change: Change,
    pub name: String,
    /// The directives of the old side.
    pub old: Vec<Node>,
    /// Those of the new side; empty where there are none.
    pub new: Vec<Node>,
}

/// A route as it was or is to be: where it stands, and its guards on each way.
pub struct Side<'c> {
    config: &'c Config,
    ways: Vec<Guards>,
}

impl<'c> Side<'c> {
    /// What guards `uri` of a server block.
    #[must_use]
    pub fn of(around: &Around<'c>, server: Node, uri: &str) -> Self {
        let config = around.config;
        let ways = Block::new(config, server).served_ways(uri);
        // Without a location the server block itself has answered, whatever guards its locations.
        let located = ways.iter().filter(|way| !way.answer.chain.is_empty());
        Self { config, ways: located.map(|way| of_way(around, server, &way.answer)).collect() }
    }

    /// Whether something decides who gets in, on any way.
    #[must_use]
    pub fn asks_who_it_is(&self) -> bool {
        self.ways.iter().flat_map(Guards::values).any(|guard| guard.works && guard.kind == Kind::Access)
    }

    /// What turns a client away that comes from `own`, on the way on which nothing unknown holds.
    #[must_use]
    pub fn keeps_out(&self, own: Option<IpAddr>) -> Option<KeptOut> {
        Rules::of(self.ways.first()?).keep_out(self.config, own)
    }

    /// The strongest guard of each kind.
    fn strongest(&self) -> Guards {
        let mut all = Guards::new();
        for (name, guard) in self.ways.iter().flatten() {
            if all.get(name).is_none_or(|first| !first.works && guard.works) {
                all.insert(name.clone(), guard.clone());
            }
        }
        all
    }

    fn texts(&self, directives: &[Node]) -> Vec<String> {
        directives.iter().map(|node| text(self.config, *node)).collect()
    }
}

/// What of the old side's guards the new side does not have alike, on every way.
#[must_use]
pub fn differences(old: &Side<'_>, new: &Side<'_>) -> Vec<Difference> {
    let had = old.strongest();
    let mut found = Vec::new();
    for (name, guard) in &had {
        let wanted = old.texts(&guard.directives);
        let keeps = |way: &Guards| {
            way.get(name).is_some_and(|there| {
                let there = new.texts(&there.directives);
                // The first rule that fits decides: an order is no set.
                if name == "allow and deny" {
                    there == wanted
                } else {
                    wanted.iter().all(|one| there.contains(one))
                }
            })
        };
        let Some(weakest) = new.ways.iter().find(|way| !keeps(way)) else { continue };
        let there = weakest.get(name);
        let is_on = there.is_some_and(|there| there.works);
        let change = match () {
            () if guard.works && guard.kind == Kind::Manner => beside(name, &had),
            () if guard.works => Some(Change::Opened),
            () if is_on => Some(Change::Closed),
            () if is_setting(name) => setting(name, &wanted, &had),
            () => None,
        };
        let new = there.map_or_else(Vec::new, |there| there.directives.clone());
        found.extend(change.map(|change| Difference {
            change,
            name: name.clone(),
            old: guard.directives.clone(),
            new,
        }));
    }
    // Where rules are gone, whether one of them was enough belongs to what they said.
    if found.iter().any(|one| one.change == Change::Opened) {
        found.iter_mut().filter(|one| one.name == "satisfy").for_each(|one| one.change = Change::Opened);
    }
    found
}

/// The page for those who are turned away matters where somebody is.
fn beside(name: &str, had: &Guards) -> Option<Change> {
    let asked = || had.values().any(|guard| guard.works && guard.kind == Kind::Access);
    match name {
        "error_page" => asked().then_some(Change::Beside),
        _ => Some(Change::Differs),
    }
}

fn is_setting(name: &str) -> bool {
    let is_switch = name.starts_with("auth_") && name.matches('_').count() == 1;
    !is_switch && !matches!(name, "allow and deny" | "modsecurity")
}

/// What it means that a setting is another one: nothing where what it belongs to is off.
fn setting(name: &str, wanted: &[String], had: &Guards) -> Option<Change> {
    let owner = match name {
        "auth_request_set" | "auth_delay" => return Some(Change::Beside),
        "satisfy" if wanted == ["satisfy any"] => return Some(Change::Beside),
        "satisfy" => return Some(Change::Opened),
        "valid_referers" => "if",
        name if name.starts_with("secure_link") => "if",
        name if name.starts_with("modsecurity") => "modsecurity",
        name => name.match_indices('_').nth(1).map_or(name, |(at, _)| &name[..at]),
    };
    had.get(owner).is_some_and(|guard| guard.works).then_some(Change::Opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    fn found(server: &str, pages: &str, client: &str) -> Vec<(Change, String)> {
        let text = format!(
            "http {{ limit_req zone=all; server {{ {server}\n location / {{ {pages}\n proxy_pass http://127.0.0.1:9000; }}\n\
             location ^~ /user-ui/ {{ {client}\n alias /srv/; try_files $uri /user-ui/index.html; }} }} }}"
        );
        let reader = MemoryReader::new().with("/n", text);
        let config = Config::load(Path::new("/n"), Path::new("/"), &reader).expect("loads");
        let around = Around::of(&config);
        let side = |uri| Side::of(&around, servers(&config)[0], uri);
        let found = differences(&side("/login"), &side("/user-ui/login"));
        found.into_iter().map(|one| (one.change, one.name)).collect()
    }

    #[test]
    fn guards_of_modules_that_are_not_everywhere_are_known() {
        for pages in [
            "access_by_lua_block { if not ngx.var.cookie_agent then ngx.exit(403) end }",
            "access_by_lua_file /etc/nginx/agents.lua;",
            "rewrite_by_lua_block { require(\"sso\").ask() }",
            "modsecurity on;",
            "auth_jwt agents;",
            "auth_pam agents;",
            "SecRulesEnabled;",
        ] {
            let changes: Vec<_> = found("", pages, "").into_iter().map(|(change, _)| change).collect();
            assert_eq!(changes, [Change::Opened], "{pages}");
            assert_eq!(found("", pages, pages), [], "{pages}");
            assert_eq!(found(pages, "", ""), [], "{pages}");
        }
        assert_eq!(
            found("modsecurity on;", "modsecurity off;", "").first().map(|one| one.0),
            Some(Change::Closed)
        );
    }

    #[test]
    fn a_setting_counts_where_what_it_belongs_to_is_on() {
        let check = |server: &str, pages: &str, expect: &[Change]| {
            let changes: Vec<_> = found(server, pages, "").into_iter().map(|(change, _)| change).collect();
            assert_eq!(changes, expect, "{server} / {pages}");
        };
        check("auth_basic x; auth_basic_user_file a;", "auth_basic_user_file b;", &[Change::Opened]);
        check("auth_basic_user_file a;", "auth_basic_user_file b;", &[]);
        check("satisfy any; deny all; auth_basic x;", "satisfy all;", &[Change::Opened]);
        check("deny all; auth_basic x;", "satisfy any;", &[Change::Beside]);
        check("auth_request /a;", "auth_request_set $who $upstream_http_x_who;", &[Change::Beside]);
        check("modsecurity on;", "modsecurity_rules_file more.conf;", &[Change::Opened]);
        check("allow 192.0.2.1; deny all;", "deny 192.0.2.1; allow all;", &[Change::Opened]);
    }

    #[test]
    fn limits_and_headers_differ_and_are_no_stop() {
        assert_eq!(found("", "limit_req zone=few;", ""), [(Change::Differs, "limit_req".to_owned())]);
        assert_eq!(found("", "limit_req zone=all;", ""), []);
        assert_eq!(
            found("add_header X 1;", "add_header X 1; add_header Y 2;", ""),
            [(Change::Differs, "add_header".to_owned())]
        );
        assert_eq!(found("add_header X 1;", "more_set_headers \"Y: 2\";", "more_set_headers \"Y: 2\";"), []);
        // It answers before anybody is asked who it is.
        assert_eq!(found("", "auth_basic x; return 302 /home;", ""), []);
    }
}
