//! The vendor's own file as the source of the routes: what of it is put into the live blocks.
//!
//! Invariant: a location of the candidate comes with everything that it needs, or not at all; then the plan is refused
//! and the message names what is needed. What is live already is never replaced.

use super::PlanError;
use super::graft::Addition;
use super::input::Candidate;
use super::local_include::outdented;
use super::needs::{Name, Used, defined, same, sets, twin, used};
use crate::motion::{ANY_ROUTE, Block, Content, RouteState, outer};
use nginx_config::{Config, EditError, Edits, Node, Place, Tree, quote_word, splice};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Settings that a location takes from around it and that decide which file it serves.
const INHERITED: [&str; 2] = ["root", "index"];

/// Refuses a candidate in which no block that serves Motion has a location for the new client.
pub fn has_route(candidate: &Candidate) -> Result<(), PlanError> {
    let lacks = |server: &&Node| Block::new(&candidate.config, **server).new_client() == RouteState::Missing;
    let lacking: Vec<&Node> = candidate.motion.iter().filter(lacks).collect();
    if lacking.len() < candidate.motion.len() {
        return Ok(());
    }
    let seen = lacking.iter().map(|server| {
        let answer = Block::new(&candidate.config, **server).answer("/user-ui/login");
        let by = answer.as_ref().and_then(outer);
        let by = by.map_or_else(|| "no location".to_owned(), |node| shown(candidate, node));
        format!("server at {}: /user-ui/login is answered by {by}", place(candidate, **server))
    });
    let seen: Vec<String> = seen.collect();
    Err(PlanError::CandidateLacksRoute { name: candidate.input.name.clone(), seen })
}

/// What the candidate adds to these server blocks of the live configuration.
///
/// # Errors
/// When several of its blocks fit, or a location needs what is live with another meaning.
pub fn additions(
    candidate: &Candidate,
    config: &Config,
    servers: &[Node],
    assets: &[String],
) -> Result<Vec<(Node, Addition)>, PlanError> {
    let sources = Sources::of(candidate, assets);
    let mut taking = Taking {
        candidate,
        config,
        live: defined(config),
        theirs: defined(&candidate.config),
        above: BTreeSet::new(),
    };
    servers
        .iter()
        .map(|server| {
            let source = sources.for_server(config, *server)?;
            Ok((*server, taking.for_server(source, *server, assets)?))
        })
        .collect()
}

/// The blocks of the candidate whose locations live blocks may take.
struct Sources<'a> {
    candidate: &'a Candidate,
    /// Each with its locations for the new client.
    with_route: Vec<(Node, Vec<Node>)>,
    /// Whether they all say the same.
    alike: bool,
}

impl<'a> Sources<'a> {
    fn of(candidate: &'a Candidate, assets: &[String]) -> Self {
        let blocks = candidate.motion.iter().map(|node| (*node, Block::new(&candidate.config, *node)));
        let with_route = blocks.filter(|(_, block)| block.new_client() != RouteState::Missing);
        let with_route: Vec<_> =
            with_route.map(|(node, block)| (node, block.made_for_new_client(assets))).collect();
        let alike = agree(&candidate.config, &with_route.iter().collect::<Vec<_>>());
        Self { candidate, with_route, alike }
    }

    /// Several may fit if they say the same; else those that listen on the same port.
    fn for_server(&self, live: &Config, server: Node) -> Result<Node, PlanError> {
        let all: Vec<&(Node, Vec<Node>)> = self.with_route.iter().collect();
        let (fitting, alike) = if self.alike {
            (all, true)
        } else {
            let config = &self.candidate.config;
            let ports = ports(live, server);
            let is_near = |(node, _): &&&(Node, Vec<Node>)| !self::ports(config, *node).is_disjoint(&ports);
            let near: Vec<_> = all.iter().filter(is_near).copied().collect();
            let fitting = if near.is_empty() { all } else { near };
            let alike = agree(config, &fitting);
            (fitting, alike)
        };
        match fitting.first() {
            Some((first, _)) if alike => Ok(*first),
            _ => Err(PlanError::CandidateUnclear {
                name: self.candidate.input.name.clone(),
                blocks: fitting.iter().map(|(node, _)| place(self.candidate, *node)).collect(),
            }),
        }
    }
}

/// Whether these blocks serve the new client by the same text.
fn agree(config: &Config, blocks: &[&(Node, Vec<Node>)]) -> bool {
    blocks.windows(2).all(|pair| {
        let [(_, one), (_, other)] = pair else { return true };
        one.len() == other.len()
            && one.iter().zip(other).all(|(one, other)| same((config, *one), (config, *other)))
    })
}

/// The ports of a block, as written; 80 where it names none.
pub(super) fn ports(config: &Config, server: Node) -> BTreeSet<String> {
    let listens = config.named(server, "listen").filter_map(|node| {
        let address = config.directive(node).args.first()?.text().into_owned();
        let port = address.rsplit(':').next().unwrap_or_default();
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_port { port.to_owned() } else { "80".to_owned() })
    });
    let found: BTreeSet<String> = listens.collect();
    if found.is_empty() { BTreeSet::from(["80".to_owned()]) } else { found }
}

/// Locations on their way from the candidate into live blocks.
struct Taking<'a> {
    candidate: &'a Candidate,
    config: &'a Config,
    /// What the live configuration gives a name to.
    live: BTreeMap<Name, Node>,
    /// What the candidate does.
    theirs: BTreeMap<Name, Node>,
    /// What an earlier block brought along already.
    above: BTreeSet<Node>,
}

impl Taking<'_> {
    fn for_server(&mut self, source: Node, server: Node, assets: &[String]) -> Result<Addition, PlanError> {
        let theirs = &self.candidate.config;
        let mut chosen: Vec<Node> = Block::new(theirs, source).made_for_new_client(assets);
        let made = chosen.clone();
        let their_sets = sets(theirs, source);
        let (mut above, mut beside, mut inside) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        let mut next = 0;
        while let Some(&location) = chosen.get(next) {
            next += 1;
            if let Some(live) = twin(self.config, server, (theirs, location)) {
                // What the customer has for this path stays his, unless a location that is taken leads there.
                if !made.contains(&location) && !same((self.config, live), (theirs, location)) {
                    return Err(self.taken(location, live));
                }
                continue;
            }
            let Used { names, internal } = used(theirs, location);
            chosen.extend(
                internal.iter().filter_map(|to| self.led_to(source, &chosen, to)).collect::<Vec<_>>(),
            );
            let mut waiting: Vec<Name> = names.into_iter().collect();
            while let Some(name) = waiting.pop() {
                if !seen.insert(name.clone()) {
                    continue;
                }
                if let Some(set) = self.set_needed(&name, &their_sets, server)? {
                    waiting.extend(used(theirs, set).names);
                    beside.push(self.text(set)?);
                }
                if let Some(definition) = self.definition_needed(&name, server)? {
                    waiting.extend(used(theirs, definition).names);
                    above.push(self.text(definition)?);
                }
            }
            inside.push(self.location(location, source, server)?);
        }
        // What uses a name was met before what gives it.
        above.reverse();
        beside.reverse();
        Ok(Addition { above: above.join("\n"), inside: [beside, inside].concat().join("\n") })
    }

    /// The location that has to come along because a request is handed on to it.
    fn led_to(&self, source: Node, chosen: &[Node], to: &str) -> Option<Node> {
        let theirs = &self.candidate.config;
        let found = if to.starts_with('@') {
            theirs
                .named(source, "location")
                .find(|node| theirs.directive(*node).args.first().is_some_and(|word| word.text() == to))
        } else {
            let block = Block::new(theirs, source);
            let catch_all = block.answer(ANY_ROUTE).as_ref().and_then(outer);
            // What answers everything is there in the live block, too.
            block.answer(to).as_ref().and_then(outer).filter(|node| Some(*node) != catch_all)
        };
        found.filter(|node| !chosen.contains(node))
    }

    /// The server's own `set` of a variable, where the live block lacks it.
    fn set_needed(
        &self,
        name: &Name,
        theirs: &BTreeMap<String, Node>,
        server: Node,
    ) -> Result<Option<Node>, PlanError> {
        let Name::Variable(variable) = name else { return Ok(None) };
        let Some(&set) = theirs.get(variable) else { return Ok(None) };
        let own = sets(self.config, server).get(variable).copied();
        match own.or_else(|| self.live.get(name).copied()) {
            None => Ok(Some(set)),
            Some(live) if same((self.config, live), (&self.candidate.config, set)) => Ok(None),
            Some(live) => Err(self.taken(set, live)),
        }
    }

    /// The directive of `http` that gives a name, where the live configuration lacks it.
    fn definition_needed(&mut self, name: &Name, server: Node) -> Result<Option<Node>, PlanError> {
        let Some(&definition) = self.theirs.get(name) else { return Ok(None) };
        // A `set` of the live block takes the place of what a `map` would say.
        let set = match name {
            Name::Variable(variable) => sets(self.config, server).get(variable).copied(),
            Name::Group(_) | Name::Zone(_) | Name::Format(_) => None,
        };
        match set.or_else(|| self.live.get(name).copied()) {
            Some(live) if same((self.config, live), (&self.candidate.config, definition)) => Ok(None),
            Some(live) => Err(self.taken(definition, live)),
            None => Ok(self.above.insert(definition).then_some(definition)),
        }
    }

    /// A location's text, with the settings that decide where its files are.
    fn location(&self, location: Node, source: Node, server: Node) -> Result<String, PlanError> {
        let theirs = &self.candidate.config;
        let text = self.text(location)?;
        let missing: Vec<String> = INHERITED
            .iter()
            .filter(|name| serves_files(theirs, location, name))
            .filter_map(|name| {
                let wanted = around(theirs, source, name)?;
                (around(self.config, server, name).as_ref() != Some(&wanted))
                    .then(|| format!("{name} {wanted};"))
            })
            .collect();
        if missing.is_empty() {
            return Ok(text);
        }
        let tree = Tree::parse(text).map_err(EditError::Text)?;
        let mut edits = Edits::new(&tree);
        if let Some(root) = tree.roots().first() {
            edits.prepend_to(Place::Block(*root), missing.join("\n"))?;
        }
        let bytes = splice(tree.source(), &edits.finish()?).map_err(EditError::Overlap)?;
        String::from_utf8(bytes).map_err(|_| PlanError::NotText)
    }

    fn text(&self, node: Node) -> Result<String, PlanError> {
        let tree = &self.candidate.config.file(node.file).tree;
        String::from_utf8(outdented(tree, node.directive)).map_err(|_| PlanError::NotText)
    }

    /// The live configuration has something else of that name.
    fn taken(&self, wanted: Node, live: Node) -> PlanError {
        PlanError::CandidateNeeds {
            name: self.candidate.input.name.clone(),
            wanted: shown(self.candidate, wanted),
            live: format!("{}: {}", self.config.place(live), head(self.config, live)),
        }
    }
}

/// Whether a location may serve files by a setting that it does not have itself.
fn serves_files(config: &Config, location: Node, setting: &str) -> bool {
    let has = |name: &str| config.named(location, name).next().is_some();
    let by_others = ["proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "return"];
    let hands_on = !has("try_files") && by_others.iter().any(|name| has(name));
    let decides_itself = has(setting) || (setting == "root" && has("alias"));
    !hands_on && !decides_itself
}

/// The value of a setting in a server block or around it, as it is to be written.
fn around(config: &Config, server: Node, name: &str) -> Option<String> {
    let own = config.named(server, name).next();
    let node = own.or_else(|| config.top_named("http").find_map(|http| config.named(http, name).next()))?;
    let words = config.directive(node).args.iter().map(|word| quote_word(word.value).ok());
    let words: Option<Vec<Vec<u8>>> = words.collect();
    Some(String::from_utf8_lossy(&words?.join(&b' ')).into_owned())
}

/// `FILE:LINE:COLUMN: DIRECTIVE`, with the name that the operator gave.
fn shown(candidate: &Candidate, node: Node) -> String {
    format!("{}: {}", place(candidate, node), head(&candidate.config, node))
}

fn place(candidate: &Candidate, node: Node) -> String {
    if node.file != candidate.file {
        return candidate.config.place(node);
    }
    let tree = &candidate.config.file(node.file).tree;
    format!("{}:{}", candidate.input.name, tree.position(tree.directive(node.directive).span.start))
}

/// A directive without its block.
pub(super) fn head(config: &Config, node: Node) -> String {
    let tree = &config.file(node.file).tree;
    let name = nginx_config::redact_name(tree, node.directive);
    format!("{name} {}", nginx_config::redact_arguments(tree, node.directive)).trim_end().to_owned()
}

/// The pages that the new client's locations of these blocks serve, where they are files.
pub fn pages(config: &Config, servers: &[Node]) -> BTreeSet<PathBuf> {
    let page = |server: &Node| match Block::new(config, *server).new_client_content()? {
        (Content::Page(path), _) => Some(path),
        _ => None,
    };
    servers.iter().filter_map(page).collect()
}

/// Refuses locations that would serve another page in the live blocks than in the candidate: what decides on that
/// stands around them.
pub fn same_page(candidate: &Candidate, new: &BTreeSet<PathBuf>) -> Result<(), PlanError> {
    let wanted = pages(&candidate.config, &candidate.motion);
    match new.iter().find(|found| !wanted.is_empty() && !wanted.contains(*found)) {
        None => Ok(()),
        Some(found) => Err(PlanError::CandidateMoves {
            name: candidate.input.name.clone(),
            wanted: wanted.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
            found: found.display().to_string(),
        }),
    }
}
