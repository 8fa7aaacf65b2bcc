//! How a directive is recognised among its siblings, and where order has a
//! meaning to nginx, by the [`table`] that differences and merges are made by.
//!
//! Invariant: two siblings with one key are the same thing in two versions;
//! what is only similar never has the same key. Nothing is compared here.

mod table;

pub use table::OrderClass;

use super::tree::{Body, Directive};
use super::word::Word;
use std::collections::BTreeSet;
use table::{
    ACCESS, DATA_BLOCKS, EVERY_PATH, OPTIONS, RESERVED_NAMES, REWRITE, RULES, Rule, SINGLE_NAMES,
    SINGLE_PREFIXES,
};

/// What ends a directive is part of its key: a block never becomes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Ending {
    Semicolon,
    Block,
    Lua,
}

/// What a directive is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    slot: Vec<u8>,
    ending: Ending,
    words: Vec<Vec<u8>>,
}

/// How one directive is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Equal keys are the same directive.
    pub key: Key,
    /// Where no key is equal: the single members of a set-like key. Two that
    /// share a member with each other and with nobody else are the same.
    pub members: Vec<Key>,
    /// Where no member is shared either: the half of the key that must then be
    /// equal, and unique, on both sides.
    pub half: Option<Key>,
    /// How many arguments, from the first, name it to people.
    pub named_by: usize,
    /// Among which siblings its place has a meaning.
    pub order: Option<OrderClass>,
}

/// More members than this are not compared one by one.
const MOST_MEMBERS: usize = 4_096;

impl Identity {
    /// The identity of `directive`, which stands in `block` and holds
    /// `children`, includes expanded where the caller knows them.
    #[must_use]
    pub fn of<'d>(
        block: Option<Directive<'_>>,
        directive: Directive<'d>,
        children: impl Iterator<Item = Directive<'d>>,
    ) -> Self {
        let in_data = block.is_some_and(|block| one_of(DATA_BLOCKS, block));
        let rule = if in_data { data_rule(directive) } else { rule(directive) };
        let order = if in_data { entry_order(block, directive) } else { order(directive) };
        let maker = Maker { directive, rule };
        match rule {
            Rule::Server => Self { order, ..maker.server(children) },
            Rule::Codes => Self { order, ..maker.codes() },
            _ => {
                let (words, named_by) = maker.words();
                let slot = if let Rule::Slot(slot) = rule { slot.as_bytes() } else { directive.name.value };
                Self { key: maker.key(slot, words), members: Vec::new(), half: None, named_by, order }
            }
        }
    }
}

struct Maker<'d> {
    directive: Directive<'d>,
    rule: Rule,
}

impl Maker<'_> {
    fn key(&self, slot: &[u8], words: Vec<Vec<u8>>) -> Key {
        let ending = match self.directive.body {
            Body::Semicolon => Ending::Semicolon,
            Body::Block { .. } => Ending::Block,
            Body::Lua { .. } => Ending::Lua,
        };
        Key { slot: slot.to_vec(), ending, words }
    }

    /// The words of the key, and how many arguments name the directive.
    fn words(&self) -> (Vec<Vec<u8>>, usize) {
        let args: Vec<_> = self.directive.args.iter().map(|word| word.value.to_vec()).collect();
        let count = args.len();
        match self.rule {
            Rule::Name | Rule::Slot(_) | Rule::Server | Rule::Codes => (Vec::new(), 0),
            Rule::First => (args.into_iter().take(1).collect(), 1),
            Rule::Last => (args.into_iter().skip(count.saturating_sub(1)).collect(), count),
            Rule::AllButLast => (args.into_iter().take(count.saturating_sub(1)).collect(), count),
            Rule::All => (args, count),
            Rule::Prefixed(prefix) => {
                let found = args.into_iter().find(|word| word.starts_with(prefix.as_bytes()));
                let zone =
                    found.map(|word| word.split(|&byte| byte == b':').next().unwrap_or(&word).to_vec());
                (zone.into_iter().collect(), count)
            }
            Rule::HeaderLine => {
                let line = args.into_iter().rev().find(|word| word.contains(&b':')).unwrap_or_default();
                let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
                (vec![name.to_ascii_lowercase()], count)
            }
            Rule::Location => (location_words(&args), count),
            Rule::Listen => (listener(&args).into_iter().collect(), 1),
        }
    }

    /// `error_page 500 502 /x`: the codes, each a member of its own.
    fn codes(&self) -> Identity {
        let args = &self.directive.args;
        let is_code = |word: &Word<'_>| word.value.iter().all(u8::is_ascii_digit);
        let codes: BTreeSet<Vec<u8>> =
            args.iter().take_while(is_code).map(|word| word.value.to_vec()).collect();
        let members =
            codes.iter().take(MOST_MEMBERS).map(|code| self.key(b"error_page code", vec![code.clone()]));
        Identity {
            members: members.collect(),
            named_by: codes.len(),
            key: self.key(b"error_page", codes.into_iter().collect()),
            half: None,
            order: None,
        }
    }

    /// A virtual server: where it listens and what it is called.
    fn server<'d>(&self, children: impl Iterator<Item = Directive<'d>>) -> Identity {
        let (mut listens, mut names) = (BTreeSet::new(), BTreeSet::new());
        for child in children {
            if child.is("listen") {
                let args: Vec<_> = child.args.iter().map(|word| word.value.to_vec()).collect();
                listens.extend(listener(&args));
            } else if child.is("server_name") {
                names.extend(child.args.iter().map(|word| word.value.to_ascii_lowercase()));
            }
        }
        if listens.is_empty() {
            listens.insert(normal_address(b"80"));
        }
        let is_named = names.iter().any(|name| !name.is_empty() && name != b"_");
        let half = is_named.then(|| self.key(b"server names", names.iter().cloned().collect()));
        if names.is_empty() {
            names.insert(Vec::new());
        }
        let mut members = Vec::new();
        if names.len().saturating_mul(listens.len()) <= MOST_MEMBERS {
            for name in &names {
                let pair = |listen: &Vec<u8>| self.key(b"server member", vec![name.clone(), listen.clone()]);
                members.extend(listens.iter().map(pair));
            }
        }
        let mut words: Vec<_> = listens.into_iter().collect();
        words.push(b" ".to_vec());
        words.extend(names);
        Identity { key: self.key(b"server", words), members, half, named_by: 0, order: None }
    }
}

fn rule(directive: Directive<'_>) -> Rule {
    let name = directive.name.value;
    if name == b"server" {
        let is_block = directive.args.is_empty() && matches!(directive.body, Body::Block { .. });
        return if is_block { Rule::Server } else { Rule::First };
    }
    if let Ok(found) = RULES.binary_search_by(|(known, _)| known.as_bytes().cmp(name)) {
        return RULES[found].1;
    }
    let is_lua = [&b"_by_lua"[..], b"_by_lua_file", b"_by_lua_block"].iter().any(|end| name.ends_with(end));
    let is_family = SINGLE_PREFIXES.iter().any(|family| name.starts_with(family.as_bytes()));
    let is_single = || std::str::from_utf8(name).is_ok_and(|name| SINGLE_NAMES.contains(name));
    if is_lua || is_family || is_single() { Rule::Name } else { Rule::First }
}

fn data_rule(directive: Directive<'_>) -> Rule {
    if directive.is("include") || directive.is("proxy") || directive.is("delete") {
        Rule::All
    } else {
        Rule::Name
    }
}

fn order(directive: Directive<'_>) -> Option<OrderClass> {
    if one_of(ACCESS, directive) {
        Some(OrderClass::Access)
    } else if one_of(REWRITE, directive) {
        Some(OrderClass::Rewrite)
    } else if directive.is("location") && directive.arg(0).is_some_and(|word| word.starts_with(b"~")) {
        Some(OrderClass::RegexLocation)
    } else {
        None
    }
}

fn entry_order(block: Option<Directive<'_>>, entry: Directive<'_>) -> Option<OrderClass> {
    let block = block?;
    let ordered = block.is("split_clients") || block.is("map") && entry.name.value.starts_with(b"~");
    ordered.then_some(OrderClass::Entry)
}

fn one_of(names: &[&str], directive: Directive<'_>) -> bool {
    names.iter().any(|name| directive.is(name))
}

/// nginx refuses `location /x` beside `location ^~ /x`: both are the prefix
/// `/x`, and the modifier is a value that may change.
fn location_words(args: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let split = |modifier: &[u8], path: &[u8]| match modifier {
        b"^~" => vec![b"".to_vec(), path.to_vec()],
        _ => vec![modifier.to_vec(), path.to_vec()],
    };
    match args {
        [modifier, path] => split(modifier, path),
        [word] => {
            let modifiers: [&[u8]; 4] = [b"=", b"^~", b"~*", b"~"];
            match modifiers.iter().find_map(|modifier| Some((modifier, word.strip_prefix(*modifier)?))) {
                Some((modifier, path)) => split(modifier, path),
                None => split(b"", word),
            }
        }
        _ => args.to_vec(),
    }
}

/// What `listen` binds: a port of UDP for QUIC, beside the same one of TCP.
fn listener(args: &[Vec<u8>]) -> Option<Vec<u8>> {
    let (address, options) = args.split_first()?;
    let mut key = normal_address(address);
    if options.iter().any(|option| option == b"quic") {
        key.extend(b" quic");
    }
    Some(key)
}

/// The port of a `listen`'s first word; of a unix socket its path.
#[must_use]
pub fn listen_port(written: &[u8]) -> Vec<u8> {
    let address = normal_address(written);
    if address.starts_with(b"unix:") {
        return address;
    }
    address.rsplit(|&byte| byte == b':').next().unwrap_or_default().to_vec()
}

/// The words of a directive as far as they mean something to nginx: options have no order, and an address has several
/// spellings.
#[must_use]
pub fn meant_words(block: Option<Directive<'_>>, directive: Directive<'_>) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = directive.words().map(|word| word.value.to_vec()).collect();
    let in_data = block.is_some_and(|block| one_of(DATA_BLOCKS, block));
    let is_line = directive.body == Body::Semicolon;
    let rule = OPTIONS.iter().find(|(name, around, _)| {
        directive.is(name) && around.is_none_or(|around| block.is_some_and(|block| block.is(around)))
    });
    let Some((_, _, fixed)) = rule.filter(|_| is_line && !in_data) else { return words };
    if directive.is("listen")
        && let Some(address) = words.get_mut(1)
    {
        *address = normal_address(address);
    }
    let options = words.split_off((1 + fixed).min(words.len()));
    words.extend(options.into_iter().collect::<BTreeSet<_>>());
    words
}

/// Whether a directive of a server block answers every request before a
/// location is chosen.
#[must_use]
pub fn returns_at_once(directive: Directive<'_>) -> bool {
    let leads_away = || {
        matches!(directive.arg(2), Some(b"permanent" | b"redirect"))
            || directive.arg(1).is_some_and(|to| to.starts_with(b"http") || to.starts_with(b"$scheme:"))
    };
    let fits_all =
        || directive.arg(0).is_some_and(|pattern| EVERY_PATH.iter().any(|all| pattern == all.as_bytes()));
    directive.is("return") || directive.is("rewrite") && fits_all() && leads_away()
}

/// Whether these names of a server say nothing about whose it is: what stands
/// in a vendor's file, which cannot know the customer's names.
#[must_use]
pub fn is_placeholder<'w>(names: impl IntoIterator<Item = Word<'w>>) -> bool {
    names.into_iter().all(|name| {
        let name = name.value.to_ascii_lowercase();
        let is_reserved = |end: &str| {
            let rest = name.strip_suffix(end.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(b"."))
        };
        matches!(name.as_slice(), b"" | b"_" | b"localhost")
            || RESERVED_NAMES.iter().any(|end| is_reserved(end))
            // Characters that no name has, such as `{{ domain }}` and `<your-domain>`.
            || !name.starts_with(b"~") && name.iter().any(|byte| b"<>{}[]%@#".contains(byte))
    })
}

/// `443`, `*:443` and `0.0.0.0:443` are one address to nginx.
fn normal_address(written: &[u8]) -> Vec<u8> {
    if written.starts_with(b"unix:") {
        return written.to_vec();
    }
    let written = written.to_ascii_lowercase();
    if !written.is_empty() && written.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
        return [b"*:", &written[..]].concat();
    }
    let has_port = match written.iter().rposition(|&byte| byte == b']') {
        Some(end) => written[end..].contains(&b':'),
        None => written.contains(&b':'),
    };
    let full = if has_port { written } else { [&written[..], b":80"].concat() };
    full.strip_prefix(b"0.0.0.0:").map_or(full.clone(), |port| [b"*:", port].concat())
}

#[cfg(test)]
mod tests;
