//! Strategy `replace`: the vendor's file in the place of Motion's blocks.
//!
//! Invariant: what is not Motion's stays, with what it uses: no other application goes out with Motion's old file. What
//! a vendor cannot know, the names of this server and where its certificate lies, is this server's.

use super::PlanError;
use super::candidate::{head, ports};
use super::input::Candidate;
use super::inputs::Material;
use super::local_include::outdented;
use super::needs::{Name, defined, same, used};
use crate::facts::{ServerFacts, ServerRole};
use crate::motion::redirects_only;
use nginx_config::routes::servers;
use nginx_config::{Config, EditError, Edits, File, FileId, Node, Place, is_placeholder, quote_word, splice};
use std::collections::{BTreeMap, BTreeSet};

/// A replacement on its way: `new` is the server's configuration with the vendor's file in it.
pub struct Replacing<'a> {
    pub material: &'a Material<'a>,
    /// What is to be there.
    pub new: &'a Config,
    /// The vendor's file, for people.
    pub name: &'a str,
}

impl Replacing<'_> {
    /// The file that takes the place of Motion's.
    pub fn text(&self, candidate: Option<&Candidate>) -> Result<Vec<u8>, PlanError> {
        let (file, File { tree, .. }) = self.file()?;
        let mut edits = Edits::new(tree);
        for server in self.blocks(file) {
            let Some(candidate) = candidate else { break };
            let origins = self.origins(candidate, server);
            self.names(&mut edits, server, &origins)?;
            self.certificates(&mut edits, candidate, server, &origins)?;
        }
        self.keep(&mut edits, file)?;
        Ok(splice(tree.source(), &edits.finish()?).map_err(EditError::Overlap)?)
    }

    fn file(&self) -> Result<(FileId, &File), PlanError> {
        let site = &self.material.site_file()?.identity;
        let found = self.new.files().find(|(_, file)| file.identity == *site);
        found.ok_or_else(|| PlanError::Lacks(format!("{} is not read any more", site.display())))
    }

    /// The server blocks of the vendor's file, in its order.
    fn blocks(&self, file: FileId) -> Vec<Node> {
        servers(self.new).iter().copied().filter(|server| server.file == file).collect()
    }

    /// Motion's live blocks whose place one of the vendor's takes: those on its ports, and those on whose ports the
    /// vendor has nothing. A block that only redirects does so for all of them.
    fn origins(&self, candidate: &Candidate, server: Node) -> Vec<&ServerFacts> {
        let Material { facts, config, .. } = *self.material;
        let in_site = |one: &&ServerFacts| config.file(one.node.file).path == facts.site.file;
        let own = facts.site.servers.iter().filter(in_site).filter(|one| facts.site.owns(one.node));
        let its = ports(self.new, server);
        if redirects_only(self.new, server) {
            // Beside a block that serves on the same port it is for everybody else's names.
            let shares = |other: &Node| !ports(self.new, *other).is_disjoint(&its);
            return if candidate.motion.iter().any(shares) { Vec::new() } else { own.collect() };
        }
        if !candidate.motion.contains(&server) {
            return Vec::new();
        }
        let serving = own.filter(|one| one.role == ServerRole::ServesMotion);
        let covered: BTreeSet<String> =
            candidate.motion.iter().flat_map(|server| ports(self.new, *server)).collect();
        let fits = |one: &&ServerFacts| {
            let live = ports(config, one.node);
            !live.is_disjoint(&its) || live.is_disjoint(&covered)
        };
        let fitting: Vec<_> = serving.clone().filter(fits).collect();
        if fitting.is_empty() { serving.collect() } else { fitting }
    }

    /// Names that say nothing, such as `_`, are those of the live blocks.
    fn names(&self, edits: &mut Edits, server: Node, origins: &[&ServerFacts]) -> Result<(), PlanError> {
        let Material { config, .. } = *self.material;
        let given: Vec<Node> = self.new.named(server, "server_name").collect();
        let is_open =
            |node: &Node| node.file == server.file && is_placeholder(self.new.directive(*node).args.iter());
        let live = origins.iter().flat_map(|one| config.named(one.node, "server_name"));
        let mut names: Vec<String> = Vec::new();
        for word in live.flat_map(|node| config.directive(node).args.iter()) {
            let name = written(word.value)?;
            if !is_placeholder([word]) && !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() || !given.iter().all(is_open) {
            return Ok(());
        }
        let line = format!("server_name {};", names.join(" "));
        let listen = self.new.named(server, "listen").rfind(|node| node.file == server.file);
        match (given.split_first(), listen) {
            (Some((first, others)), _) => {
                edits.replace(first.directive, line)?;
                others.iter().for_each(|node| edits.remove(node.directive));
            }
            (None, Some(listen)) => edits.insert_after(listen.directive, line)?,
            (None, None) => edits.prepend_to(Place::Block(server.directive), line)?,
        }
        Ok(())
    }

    /// A certificate that is not on this server is the one that the live blocks have.
    fn certificates(
        &self,
        edits: &mut Edits,
        candidate: &Candidate,
        server: Node,
        origins: &[&ServerFacts],
    ) -> Result<(), PlanError> {
        const NAMES: [&str; 2] = ["ssl_certificate", "ssl_certificate_key"];
        let Material { config, facts, .. } = *self.material;
        let lines_of = |config: &Config, server: Node| -> Vec<Node> {
            NAMES.iter().flat_map(|name| config.named(server, name).collect::<Vec<_>>()).collect()
        };
        let given = lines_of(self.new, server);
        let is_absent = |node: &Node| {
            let first = self.new.directive(*node).args.first();
            first.is_some_and(|word| {
                candidate.absent.contains(&facts.nginx.conf_prefix.join(word.text().as_ref()))
            })
        };
        let live = origins.iter().map(|one| lines_of(config, one.node)).find(|lines| !lines.is_empty());
        let (Some(live), Some((first, others))) = (live, given.split_first()) else { return Ok(()) };
        if !given.iter().any(is_absent) || given.iter().any(|node| node.file != server.file) {
            return Ok(());
        }
        let mut text = Vec::new();
        for node in live {
            let directive = config.directive(node);
            let words = directive.args.iter().map(|word| written(word.value));
            let words = words.collect::<Result<Vec<_>, _>>()?;
            text.push(format!("{} {};", directive.name.text(), words.join(" ")));
        }
        edits.replace(first.directive, text.join("\n"))?;
        others.iter().for_each(|node| edits.remove(node.directive));
        Ok(())
    }

    /// Keeps what is not Motion's, before or behind the vendor's blocks as it stood before or behind Motion's: of two
    /// blocks on one address the first answers for names that nobody has.
    fn keep(&self, edits: &mut Edits, file: FileId) -> Result<(), PlanError> {
        let Material { config, facts, .. } = *self.material;
        let site = self.material.site_file()?;
        let here = |node: &&Node| config.file(node.file).identity == site.identity;
        let mut live: Vec<Node> = Vec::new();
        for server in servers(config).iter().filter(here) {
            if !live.contains(server) {
                live.push(*server);
            }
        }
        let goes = |node: &Node| facts.site.owns(*node) && !self.is_only_listener(*node, file);
        let first_own = live.iter().position(goes).unwrap_or(live.len());
        let (before, behind) = live.split_at(first_own);
        let behind: Vec<Node> = behind.iter().copied().filter(|node| !goes(node)).collect();
        let kept: Vec<Node> = before.iter().chain(&behind).copied().collect();
        let tree = &self.new.file(file).tree;
        let mut http = tree.roots().iter().filter(|id| tree.directive(**id).is("http"));
        let place = http.next().map_or(Place::Top, |id| Place::Block(*id));
        let first = self.blocks(file).into_iter().min_by_key(|node| self.new.directive(*node).span.start);
        let text = |node: &Node| outdented(&config.file(node.file).tree, node.directive);
        for definition in self.needed(&kept)?.iter().chain(before) {
            match first {
                Some(first) => edits.insert_before(first.directive, text(definition))?,
                None => edits.append_to(place, text(definition))?,
            }
        }
        for server in &behind {
            edits.append_to(place, text(server))?;
        }
        Ok(())
    }

    /// Whether it is a redirect without a name of its own, on ports that the vendor's file has no block for: it may
    /// be there for others.
    fn is_only_listener(&self, live: Node, file: FileId) -> bool {
        let Material { config, .. } = *self.material;
        let mut names = config.named(live, "server_name");
        let its = ports(config, live);
        redirects_only(config, live)
            && names.all(|node| is_placeholder(config.directive(node).args.iter()))
            && self.blocks(file).iter().all(|server| ports(self.new, *server).is_disjoint(&its))
    }

    /// What gives a name that is used by what stays, here or in other files, and that the vendor's file does not give.
    fn needed(&self, kept: &[Node]) -> Result<Vec<Node>, PlanError> {
        let Material { config, .. } = *self.material;
        let site = &self.material.site_file()?.identity;
        let (live, theirs) = (defined(config), defined(self.new));
        let elsewhere = config.top_named("http").flat_map(|http| config.children(http));
        let elsewhere = elsewhere.filter(|node| config.file(node.file).identity != *site);
        let mut waiting: Vec<(Name, Option<Node>)> = Vec::new();
        for node in elsewhere {
            waiting.extend(used(config, *node).names.into_iter().map(|name| (name, None)));
        }
        for &block in kept {
            waiting.extend(used(config, block).names.into_iter().map(|name| (name, Some(block))));
        }
        let (mut found, mut seen) = (Vec::new(), BTreeMap::new());
        while let Some((name, user)) = waiting.pop() {
            if seen.insert((name.clone(), user.is_some()), ()).is_some() {
                continue;
            }
            let Some(&definition) = live.get(&name) else { continue };
            match (theirs.get(&name), user) {
                (Some(new), Some(user)) if !same((self.new, *new), (config, definition)) => {
                    return Err(self.taken(definition, *new, user));
                }
                (Some(_), _) => {}
                (None, _) => {
                    waiting.extend(used(config, definition).names.into_iter().map(|name| (name, user)));
                    if !found.contains(&definition) {
                        found.push(definition);
                    }
                }
            }
        }
        // What uses a name was met before what gives it.
        found.reverse();
        Ok(found)
    }

    fn taken(&self, live: Node, new: Node, user: Node) -> PlanError {
        let config = self.material.config;
        PlanError::OthersNeed {
            name: self.name.to_owned(),
            user: config.place(user),
            wanted: format!("{}: {}", config.place(live), head(config, live)),
            new: head(self.new, new),
        }
    }
}

fn written(word: &[u8]) -> Result<String, PlanError> {
    let text = String::from_utf8_lossy(word).into_owned();
    let quoted = quote_word(word).map_err(|error| PlanError::Lacks(format!("{text}: {error}")))?;
    String::from_utf8(quoted).map_err(|_| PlanError::NotText)
}
