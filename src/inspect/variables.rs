//! What a variable of the configuration can stand for, in one server block.
//!
//! Pure. Invariant: a text is filled in with every value that it can have, or its variable stays in it. Values are
//! bounded, and never filled in without end: a map may name itself.

use super::directives::{Visit, arguments, first_argument, name};
use nginx_config::{Config, Node};
use std::collections::BTreeMap;

/// More values of one text are not followed.
const MOST: usize = 16;
/// A value that names a variable is filled in again, so often at most.
const DEEPEST: usize = 4;
/// Variables that hold the name that was asked for.
const NAMES: [&str; 4] = ["host", "http_host", "server_name", "ssl_server_name"];

/// One text that a directive's argument can stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text; with a variable in it where that is not known.
    pub text: String,
    pub share: Share,
}

/// For which requests of a server block something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// For all of them, or for some that nothing here tells apart by their host.
    Whole,
    /// For some of the names that the block answers to.
    SomeNames,
}

/// The tables of a configuration that give variables their values.
pub struct Variables<'c> {
    config: &'c Config,
    /// `map`, `geo` and `split_clients`, by the variable that they set.
    tables: BTreeMap<String, Node>,
}

impl<'c> Variables<'c> {
    /// Collects the tables.
    pub fn new(config: &'c Config, visits: &[Visit]) -> Self {
        let mut tables = BTreeMap::new();
        for visit in visits {
            if ["map", "geo", "split_clients"].contains(&name(config, visit.node).as_str())
                && let Some(variable) = arguments(config, visit.node).last()
            {
                tables.insert(variable.trim_start_matches('$').to_owned(), visit.node);
            }
        }
        Self { config, tables }
    }

    /// Every text that `text` can stand for where it stands inside of `ancestors`. What of the request `keeps` names
    /// stays as it is.
    pub fn fill(&self, ancestors: &[Node], text: &str, keeps: impl Fn(&str) -> bool) -> Vec<Filled> {
        let mut found = Vec::new();
        let mut waiting = vec![(Filled { text: text.to_owned(), share: Share::Whole }, 0, 0)];
        while let Some((filled, from, depth)) = waiting.pop() {
            let Some(at) = next(&filled.text, from) else {
                if !found.contains(&filled) {
                    found.push(filled);
                }
                continue;
            };
            let values =
                if keeps(&at.name) || depth == DEEPEST { None } else { self.values(ancestors, &at.name) };
            match values {
                // Behind what is not known another variable may be known.
                None => waiting.push((filled, at.end, depth)),
                Some((values, share)) => {
                    for value in values.into_iter().rev() {
                        let text = format!("{}{value}{}", &filled.text[..at.start], &filled.text[at.end..]);
                        let share = share.max(filled.share);
                        waiting.push((Filled { text, share }, at.start, depth + 1));
                    }
                }
            }
            if found.len() + waiting.len() > MOST {
                return vec![Filled { text: text.to_owned(), share: Share::Whole }];
            }
        }
        found
    }

    /// The values of a variable, the usual one first; `None` where they are not known.
    fn values(&self, ancestors: &[Node], variable: &str) -> Option<(Vec<String>, Share)> {
        if let Some(values) = self.set_to(ancestors, variable) {
            return Some((values, Share::Whole));
        }
        self.tabled(ancestors, *self.tables.get(variable)?)
    }

    /// What `set` gives it: in the innermost block that does so always, and wherever an `if` on the way there does.
    fn set_to(&self, ancestors: &[Node], variable: &str) -> Option<Vec<String>> {
        let sets = |block: Node| {
            self.config.named(block, "set").filter_map(move |node| {
                match arguments(self.config, node).as_slice() {
                    [name, value] if name.trim_start_matches('$') == variable => Some(value.clone()),
                    _ => None,
                }
            })
        };
        let mut values: Vec<String> = Vec::new();
        for &block in ancestors {
            if let Some(always) = sets(block).next_back() {
                values = vec![always];
            }
            let sometimes = self.config.named(block, "if").filter_map(|block| sets(block).next_back());
            values.extend(sometimes.collect::<Vec<_>>());
        }
        values.dedup();
        (!values.is_empty()).then_some(values)
    }

    /// What a table gives it; by the names of the server block where the table is asked by name.
    fn tabled(&self, ancestors: &[Node], table: Node) -> Option<(Vec<String>, Share)> {
        let rows: Vec<(String, String)> = self
            .config
            .children(table)
            .iter()
            .filter_map(|&node| Some((name(self.config, node), first_argument(self.config, node)?)))
            .filter(|(key, _)| !["include", "ranges", "proxy", "delete"].contains(&key.as_str()))
            .collect();
        let key = arguments(self.config, table);
        let key = key.first().map(|key| key.trim_start_matches('$').to_owned()).unwrap_or_default();
        let by_name = name(self.config, table) == "map" && NAMES.contains(&key.as_str());
        let names = if by_name { self.names(ancestors) } else { Vec::new() };
        let asked: Option<Vec<String>> = names.iter().map(|name| look_up(&rows, name)).collect();
        let (mut values, share) = match asked {
            Some(values) if !values.is_empty() => (values, Share::SomeNames),
            _ => {
                let usual = rows.iter().filter(|(key, _)| key == "default");
                let others = rows.iter().filter(|(key, _)| key != "default");
                let share = if by_name { Share::SomeNames } else { Share::Whole };
                (usual.chain(others).map(|(_, value)| value.clone()).collect(), share)
            }
        };
        let mut seen = Vec::new();
        values.retain(|value| {
            !seen.contains(value) && {
                seen.push(value.clone());
                true
            }
        });
        let share = if values.len() > 1 { share } else { Share::Whole };
        (!values.is_empty()).then_some((values, share))
    }

    /// The plain names of the server block around; none where one of them is no plain name.
    fn names(&self, ancestors: &[Node]) -> Vec<String> {
        let server = ancestors.iter().copied().find(|node| self.config.directive(*node).is("server"));
        let names: Vec<String> = server
            .into_iter()
            .flat_map(|server| self.config.named(server, "server_name"))
            .flat_map(|node| arguments(self.config, node))
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let plain =
            |name: &String| !name.is_empty() && !name.contains(['*', '~', '$']) && !name.starts_with('.');
        if names.iter().all(plain) { names } else { Vec::new() }
    }
}

/// The row of a `map` for a plain name; `None` where a regular expression might come first.
fn look_up(rows: &[(String, String)], name: &str) -> Option<String> {
    let value = |wanted: &dyn Fn(&str) -> bool| {
        rows.iter().find(|(key, _)| wanted(key)).map(|(_, value)| value.clone())
    };
    if let Some(exact) = value(&|key| key.eq_ignore_ascii_case(name)) {
        return Some(exact);
    }
    // Wildcards and regular expressions are NGINX's to judge; any of them leaves every value open.
    if rows.iter().any(|(key, _)| key.starts_with(['~', '*', '.']) || key.ends_with(".*")) {
        return None;
    }
    value(&|key| key == "default")
}

/// A variable in a text.
struct Found {
    start: usize,
    end: usize,
    name: String,
}

/// The first variable behind `from`.
fn next(text: &str, from: usize) -> Option<Found> {
    let start = from + text.get(from..)?.find('$')?;
    let after = &text[start + 1..];
    let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
        Some((name, _)) => (name.to_owned(), start + name.len() + 3),
        None => {
            let length = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            (after[..length].to_owned(), start + 1 + length)
        }
    };
    Some(Found { start, end, name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::directives::visits;
    use std::ffi::OsString;
    use std::io;
    use std::path::Path;

    struct OneFile(&'static str);

    impl nginx_config::Reader for OneFile {
        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Ok(self.0.as_bytes().to_vec())
        }

        fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
            Ok(Vec::new())
        }

        fn exists(&self, _: &Path) -> io::Result<bool> {
            Ok(true)
        }
    }

    #[test]
    fn a_text_is_filled_in_for_its_own_server_block() {
        let text = "http { map $host $app { a.test 1; b.test 2; default 3; }\n\
            map $cookie_x $beta { default 4; on $app; }\nmap $self $self { default $self; }\n\
            split_clients $request_id $part { 50% 5; * 6; }\n\
            server { server_name a.test; set $p 7; if ($arg_x) { set $p 8; } location / { set $q 9; proxy_pass x; } }\n\
            server { server_name a.test c.test; proxy_pass y; } }";
        let config = Config::load(Path::new("/x"), Path::new("/"), &OneFile(text)).expect("it loads");
        let variables = Variables::new(&config, &visits(&config));
        let check = |at: &str, text: &str, expect: &[&str], share: Share| {
            let all = visits(&config);
            let at = all
                .iter()
                .find(|visit| first_argument(&config, visit.node).as_deref() == Some(at))
                .expect("a directive");
            let found = variables.fill(&at.ancestors(), text, |name| name == "uri");
            let texts: Vec<_> = found.iter().map(|filled| filled.text.as_str()).collect();
            assert_eq!(texts, expect, "{text}");
            assert_eq!(found.iter().map(|filled| filled.share).max(), Some(share), "{text}");
        };
        check("x", "$app$uri", &["1$uri"], Share::Whole);
        check("y", "${app}!", &["1!", "3!"], Share::SomeNames);
        check("x", "$beta", &["4", "1"], Share::Whole);
        check("x", "$part", &["5", "6"], Share::Whole);
        check("x", "$p:$q", &["7:9", "8:9"], Share::Whole);
        check("x", "$unknown:$q", &["$unknown:9"], Share::Whole);
        check("x", "$self", &["$self"], Share::Whole);
        check("x", "$", &["$"], Share::Whole);
        check("x", "${q", &["${q"], Share::Whole);
    }
}
