//! How sure it is that a server block is Motion's, by what it does rather than by its name.
//!
//! Pure. Invariant: where Motion listens weighs more than what its routes are called. A block of which it cannot be
//! told is called so with the reason, and never counts as one that is not.

use super::directives::{arguments, name};
use super::own::{Own, Whose};
use super::site::{proxied_by, server_facts};
use super::upstream::PassTarget;
use super::variables::Share;
use crate::facts::{ServerFacts, UpstreamAddress};
use crate::motion::{ANY_ROUTE, Block, PAGES};
use nginx_config::routes::{Answer, Handler, servers};
use nginx_config::{Config, FileId, Node, redact_address};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Routes that only Motion's site answers apart from `/`.
pub(super) const PROXIED_ROUTES: [&str; 2] = ["/api/", "/socket.io/"];

/// A server block with the reasons for and against its being Motion's.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub server: ServerFacts,
    pub place: String,
    /// The file that it stands in.
    pub file: PathBuf,
    /// Whether that is the file that the operator named.
    pub site: Site,
    /// How sure it is.
    pub certainty: Certainty,
    /// The addresses that answer Motion's routes.
    pub upstreams: Vec<UpstreamAddress>,
    /// Whether it serves files of the application root.
    pub root: HasRoot,
    /// Whether all that decides is known.
    pub reading: Reading,
    /// What was seen, for people.
    pub evidence: Vec<String>,
}

/// Whether all that decides on a block is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Whole,
    /// A variable, a table or a condition leaves something open.
    Open,
}

/// Whether a block stands in the file that the operator named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    Named,
    /// Another file was named.
    NotNamed,
    Open,
}

/// Whether a block serves files of the application root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HasRoot {
    Yes,
    No,
}

/// How sure it is that a block is Motion's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It serves something else.
    No,
    /// It may be Motion's or not: what decides is not known.
    CannotTell,
    /// It has Motion's routes, and leads to a port that is not Motion's.
    Contradicted,
    /// It hands `/` to a local upstream, as any Node application's does.
    Perhaps,
    /// As that, in a file that is named for Motion, or that the operator named.
    Named,
    /// It does what Motion's does, and something on the server supports it.
    Yes,
    /// It leads to where Motion listens, or serves files of its application root.
    Known,
}

/// What supports the claim of a block.
pub struct Support<'a> {
    /// The application root below the server's root, when it exists.
    pub application_root: Option<&'a Path>,
    /// The file that the operator named.
    pub named_site: Option<FileId>,
    pub own: &'a Own,
}

/// The targets of a directive, in one server block.
type Targets<'a> = BTreeMap<(Node, Option<Node>), Vec<&'a PassTarget>>;

/// Every server block under `http`, judged.
pub fn candidates(config: &Config, targets: &[PassTarget], support: &Support) -> Vec<Candidate> {
    let mut of_directive = Targets::new();
    let mut of_server: BTreeMap<Option<Node>, Vec<&PassTarget>> = BTreeMap::new();
    for target in targets {
        of_directive.entry((target.directive, target.server)).or_default().push(target);
        of_server.entry(target.server).or_default().push(target);
    }
    // A file that is included twice gives the same block twice.
    let mut seen = BTreeSet::new();
    let blocks = servers(config).iter().filter(|&&server| seen.insert(server));
    let all = |server: Node| of_server.get(&Some(server)).map_or(&[][..], Vec::as_slice);
    blocks.map(|&server| judge(config, server, &of_directive, all(server), support)).collect()
}

/// What a block does with Motion's routes.
#[derive(Default)]
struct Doing {
    /// Where its pages lead.
    pages: BTreeSet<UpstreamAddress>,
    /// Where the routes lead that only Motion has.
    own_routes: BTreeSet<UpstreamAddress>,
    /// How many of them have a location of their own that hands them on.
    apart: usize,
    /// Why not everything is known of it.
    unknown: Vec<String>,
    /// Why it is Motion's and another's at once.
    shared: Option<String>,
    evidence: Vec<String>,
}

fn judge(
    config: &Config,
    node: Node,
    of_directive: &Targets,
    all: &[&PassTarget],
    support: &Support,
) -> Candidate {
    let file = config.file(node.file).path.clone();
    let block = Block::new(config, node);
    // A block that hands nothing on has nothing to be asked for.
    let mut doing = match all {
        [] => Doing::default(),
        _ => doing(config, node, &block, of_directive, support.own),
    };
    let root = support.application_root.filter(|root| has_root_under(config, node, root));
    doing.evidence.extend(root.map(|root| format!("serves files below {}", root.display())));
    let named_for_motion = file.file_name().is_some_and(|name| name.to_string_lossy().contains("motion"));
    if named_for_motion {
        doing.evidence.push(format!("{} is named for Motion", file.display()));
    }
    let named = support.named_site.map_or(named_for_motion, |site| site == node.file);
    // However little is known of what it does, it does not lead to Motion.
    if !all.iter().any(|target| may_be_motion(target, support.own)) {
        doing.unknown.clear();
    }
    let certainty = match by_place(&mut doing, all, support.own) {
        _ if root.is_some() => Certainty::Known,
        Some(certainty) => certainty,
        None => by_routes(&doing, named, support),
    };
    let reading =
        if doing.shared.is_none() && doing.unknown.is_empty() { Reading::Whole } else { Reading::Open };
    doing.evidence.extend(doing.shared.iter().chain(&doing.unknown).cloned());
    let site = match support.named_site {
        None => Site::Open,
        Some(site) if site == node.file => Site::Named,
        Some(_) => Site::NotNamed,
    };
    let root = if root.is_some() { HasRoot::Yes } else { HasRoot::No };
    let upstreams = doing.pages.union(&doing.own_routes).cloned().collect();
    let server = server_facts(config, node, &block);
    let place = config.place(node);
    Candidate { server, place, file, site, certainty, upstreams, root, reading, evidence: doing.evidence }
}

fn doing(config: &Config, node: Node, block: &Block, of_directive: &Targets, own: &Own) -> Doing {
    let catch_all = LazyCell::new(|| -> Vec<_> {
        block.ways(ANY_ROUTE).iter().map(|way| innermost(config, &way.answer)).collect()
    });
    let mut doing = Doing::default();
    for uri in PROXIED_ROUTES.into_iter().chain(PAGES) {
        // A condition may send the request elsewhere; what counts is where it can go.
        let ways = block.ways(uri);
        if !block.is_followed(uri) {
            doing.unknown.push(format!("{uri} depends on more conditions than can be followed"));
        }
        doing.unknown.extend(ways.iter().find_map(|way| match &way.answer.handler {
            Handler::Unknown { reason } => Some(format!("what answers {uri} is not known: {reason}")),
            _ => None,
        }));
        let proxied: Vec<_> = ways.iter().filter_map(|way| Some((way, proxied_by(&way.answer)?))).collect();
        let targets: Vec<&PassTarget> = proxied
            .iter()
            .filter_map(|(_, by)| of_directive.get(&(*by, Some(node))))
            .flatten()
            .copied()
            .collect();
        if proxied.is_empty() {
            continue;
        }
        let found: BTreeSet<_> = targets.iter().map(|target| target.upstream.address.clone()).collect();
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        doing.evidence.push(format!("{uri} is proxied to {}", shown.join(", ")));
        doing.unknown.extend(not_known(uri, &targets, own));
        doing.shared = doing.shared.take().or_else(|| shared(uri, &targets, own));
        let of_its_own = proxied.iter().any(|(way, _)| !catch_all.contains(&innermost(config, &way.answer)));
        if PROXIED_ROUTES.contains(&uri) {
            doing.apart += usize::from(of_its_own);
            doing.own_routes.extend(found);
        } else {
            doing.pages.extend(found);
        }
    }
    doing
}

/// Whether a target may be Motion; anything may where it is not known where Motion listens.
fn may_be_motion(target: &PassTarget, own: &Own) -> bool {
    let whose = own.whose(&target.upstream.address);
    own.places.is_empty() || matches!(whose, Whose::Motions | Whose::Perhaps)
}

/// A target of which it is not known whether it is Motion's.
fn not_known(uri: &str, targets: &[&PassTarget], own: &Own) -> Option<String> {
    let open = targets.iter().find(|target| own.whose(&target.upstream.address) == Whose::Perhaps)?;
    let (target, origin) = (redact_address(&open.upstream.target), &open.upstream.origin);
    Some(format!("whether {target} is Motion cannot be told: {uri} leads there ({origin})"))
}

/// A table or a condition by which one block leads some of its names, or some of its clients, to Motion and others
/// elsewhere: a route of the block would be added for all of them. Where it is not known which of them is Motion's, it
/// is so for a table alone.
fn shared(uri: &str, targets: &[&PassTarget], own: &Own) -> Option<String> {
    let whose = |target: &PassTarget| own.whose(&target.upstream.address);
    let first = *targets.iter().find(|target| own.places.is_empty() || whose(target) == Whose::Motions)?;
    let motion = if own.places.is_empty() { first.upstream.address.shown() } else { "Motion".to_owned() };
    // Several servers of one group are one program to NGINX.
    let by_table = |target: &PassTarget| target.directive == first.directive;
    let in_group = |target: &PassTarget| by_table(target) && target.upstream.target == first.upstream.target;
    let is_another = |target: &PassTarget| match whose(target) {
        Whose::Motions | Whose::Perhaps => false,
        Whose::Others | Whose::Open => !own.places.is_empty() || by_table(target),
    };
    let other = targets.iter().find(|target| is_another(target) && !in_group(target))?;
    let whom = if other.share == Share::SomeNames { "some of its names" } else { "some clients" };
    let (address, origin) = (other.upstream.address.shown(), &other.upstream.origin);
    Some(format!("{uri} leads to {motion} for {whom}, and to {address} for others ({origin})"))
}

/// By where Motion listens; `None` where that does not decide.
fn by_place(doing: &mut Doing, all: &[&PassTarget], own: &Own) -> Option<Certainty> {
    if doing.shared.is_some() {
        return Some(Certainty::CannotTell);
    }
    if own.places.is_empty() {
        return None;
    }
    let whose = |address: &UpstreamAddress| own.whose(address);
    let routes: BTreeSet<_> = doing.pages.iter().chain(&doing.own_routes).map(whose).collect();
    if routes.contains(&Whose::Motions) {
        return Some(Certainty::Known);
    }
    // However odd its paths are, it is Motion's; unless it is another application that hands something on to Motion.
    if let Some(aside) = all.iter().find(|target| whose(&target.upstream.address) == Whose::Motions) {
        let Some(pages) = doing.pages.first() else { return Some(Certainty::Known) };
        doing.shared = Some(format!(
            "its pages come from {}, and {} from Motion ({})",
            pages.shown(),
            aside.upstream.location,
            aside.upstream.origin
        ));
        return Some(Certainty::CannotTell);
    }
    match () {
        () if routes.contains(&Whose::Perhaps) => None,
        () if routes.contains(&Whose::Others) => Some(Certainty::Contradicted),
        () => None,
    }
}

/// By its routes, and what on the server supports them.
fn by_routes(doing: &Doing, named: bool, support: &Support) -> Certainty {
    let supported = support.application_root.is_some() || named;
    let local_page = doing.pages.iter().any(UpstreamAddress::is_local);
    let by_hand = support.named_site.is_some() && !(doing.pages.is_empty() && doing.own_routes.is_empty());
    match () {
        () if doing.apart > 0 && supported => Certainty::Yes,
        () if named && (local_page || by_hand) => Certainty::Named,
        () if doing.apart > 0 || (local_page && supported) => Certainty::Perhaps,
        () if !doing.unknown.is_empty() => Certainty::CannotTell,
        () => Certainty::No,
    }
}

/// The innermost location around an answer.
fn innermost(config: &Config, answer: &Answer) -> Option<Node> {
    answer.chain.iter().rev().copied().find(|node| config.directive(*node).is("location"))
}

fn has_root_under(config: &Config, server: Node, application_root: &Path) -> bool {
    let mut queue = vec![server];
    while let Some(node) = queue.pop() {
        for &child in config.children(node) {
            let directive = name(config, child);
            let path = arguments(config, child).into_iter().next();
            if ["root", "alias"].contains(&directive.as_str())
                && path.is_some_and(|path| Path::new(&path).starts_with(application_root))
            {
                return true;
            }
            queue.push(child);
        }
    }
    false
}
