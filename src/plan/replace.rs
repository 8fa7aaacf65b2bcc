//! Strategy `replace`: the whole template, with the names, addresses and
//! certificates of the old file. What else was there is dropped, and listed.
//!
//! Invariant: a value of the old file enters the template only through the
//! bundle's checked types.

use super::PlanError;
use super::bundle::{
    Bundle, FilePath, Listen, RouteValues, ServerName, SiteValues, Size, Tls, Transport, UpstreamUrl,
};
use super::graft::wants_routes;
use super::step::Patch;
use crate::facts::{Facts, ServerFacts, ServerRole, UpstreamAddress};
use crate::nginx::{Config, FileId, Node};
use std::collections::BTreeMap;

/// The changes of the site's file: all of it.
pub fn replace(
    facts: &Facts,
    config: &Config,
    bundle: &Bundle,
    values: &RouteValues,
) -> Result<BTreeMap<FileId, Vec<Patch>>, PlanError> {
    let (file, source) = config
        .files()
        .find(|(_, file)| file.path == facts.site.file)
        .map(|(id, file)| (id, file.tree.source()))
        .ok_or_else(|| PlanError::Lacks("the site's file is not part of the configuration".to_owned()))?;
    // One file is rewritten; a block of another one that NGINX uses, or uses
    // instead, would stay without the new client.
    if let Some(other) = facts.site.servers.iter().find(|s| wants_routes(s) && s.node.file != file) {
        let place = config.place(other.node);
        return Err(PlanError::Lacks(format!(
            "{place} serves Motion, too, and a template replaces one file"
        )));
    }
    let in_file: Vec<_> = facts.site.servers.iter().filter(|server| server.node.file == file).collect();
    let text = bundle.render_site(&site_values(facts, config, &in_file, values)?)?;
    if text.as_bytes() == source {
        return Ok(BTreeMap::new());
    }
    Ok(BTreeMap::from([(file, vec![Patch { start: 0, end: source.len(), text }])]))
}

fn site_values(
    facts: &Facts,
    config: &Config,
    servers: &[&ServerFacts],
    values: &RouteValues,
) -> Result<SiteValues, PlanError> {
    let serving: Vec<_> =
        servers.iter().copied().filter(|server| server.role == ServerRole::ServesMotion).collect();
    let has_tls = |server: &&&ServerFacts| server.listens.iter().any(|listen| listen.tls);
    let main = serving
        .iter()
        .find(has_tls)
        .or(serving.first())
        .ok_or_else(|| PlanError::Lacks("no server block of the file serves Motion".to_owned()))?;
    let names = main.names.iter().map(|name| ServerName::parse(name)).collect::<Result<_, _>>()?;
    let size = first(config, main.node, "client_max_body_size");
    Ok(SiteValues {
        routes: values.clone(),
        server_names: names,
        transport: transport(config, servers, main)?,
        node: UpstreamUrl::parse(&node_url(facts)?)?,
        client_max_body_size: size.map(|size| Size::parse(&size)).transpose()?,
    })
}

fn transport(config: &Config, servers: &[&ServerFacts], main: &ServerFacts) -> Result<Transport, PlanError> {
    let (mut tls, mut plain) = (Vec::new(), Vec::new());
    for server in servers.iter().filter(|server| server.role != ServerRole::Other) {
        let nodes = named(config, server.node, "listen");
        for (node, facts) in nodes.into_iter().zip(&server.listens) {
            let words: Vec<_> =
                config.directive(node).args.iter().map(|word| word.text().into_owned()).collect();
            let listen = Listen::parse(&words)?;
            let list = if facts.tls { &mut tls } else { &mut plain };
            if !list.contains(&listen) {
                list.push(listen);
            }
        }
    }
    if tls.is_empty() {
        return Ok(Transport::Plain { listens: plain });
    }
    let path = |name: &str| match inherited(config, main.node, name) {
        Some(path) => Ok(FilePath::parse(&path)?),
        None => Err(PlanError::Lacks(format!("the old file has no `{name}`"))),
    };
    Ok(Transport::Tls(Tls {
        listens: tls,
        redirects: plain,
        certificate: path("ssl_certificate")?,
        certificate_key: path("ssl_certificate_key")?,
        http2: main.listens.iter().any(|listen| listen.http2),
    }))
}

/// The one address that answers Motion's routes.
fn node_url(facts: &Facts) -> Result<String, PlanError> {
    let mut upstreams: Vec<_> =
        facts.site.upstreams.iter().filter(|upstream| upstream.serves_motion && upstream.http).collect();
    upstreams.sort_by(|a, b| a.address.cmp(&b.address));
    upstreams.dedup_by(|a, b| a.address == b.address);
    let [upstream] = upstreams.as_slice() else {
        let count = upstreams.len();
        return Err(PlanError::Lacks(format!(
            "the template takes one Motion upstream, the old file has {count}"
        )));
    };
    let scheme = if upstream.tls { "https" } else { "http" };
    match &upstream.address {
        UpstreamAddress::Variable(text, _) => {
            Err(PlanError::Lacks(format!("Motion's upstream `{text}` depends on a variable")))
        }
        address => Ok(format!("{scheme}://{address}")),
    }
}

fn named(config: &Config, block: Node, name: &str) -> Vec<Node> {
    config.children(block).into_iter().filter(|node| config.directive(*node).is(name)).collect()
}

fn first(config: &Config, block: Node, name: &str) -> Option<String> {
    let node = named(config, block, name).into_iter().next()?;
    config.directive(node).args.first().map(|word| word.text().into_owned())
}

/// The value in the block, or in the blocks around it.
fn inherited(config: &Config, block: Node, name: &str) -> Option<String> {
    let http = config.top().into_iter().find(|node| config.directive(*node).is("http"));
    first(config, block, name).or_else(|| first(config, http?, name))
}
