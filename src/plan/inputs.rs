//! The server as the strategies see it: facts, configuration, and the values
//! of the old file that a template may take.
//!
//! Invariant: a value of the old file enters a template only through the
//! bundle's checked types.

use super::PlanError;
use super::bundle::{
    BelowRoute, ClientFolder, ClientSource, FilePath, Listen, MissingFiles, RouteValues, ServerName,
    SiteValues, Size, Switch, Tls, Transport, UpstreamUrl,
};
use crate::facts::{ClientFacts, Facts, FileFacts, NginxVersion, ServerFacts, ServerRole, UpstreamAddress};
use crate::motion::error_page::{turned, without_missing};
use crate::values::TextPath;
use nginx_config::routes::{Handler, answer};
use nginx_config::{Config, DirectiveId, File, FileId, Node};
use std::collections::BTreeMap;

/// How a template names Motion's upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// As the old file does: its `upstream` blocks stay.
    AsWritten,
    /// By its address: nothing else of the old file stays.
    ByAddress,
}

/// What every strategy works with.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    pub facts: &'a Facts,
    /// The configuration that they come from.
    pub config: &'a Config,
    /// Every configuration file that was read, by a name that a plan can hold.
    pub files: &'a BTreeMap<TextPath, FileFacts>,
    /// The site's file, as the configuration names it.
    pub site: &'a str,
}

impl<'a> Material<'a> {
    /// The site's file.
    pub fn site_id(&self) -> Result<FileId, PlanError> {
        let found = self.config.files().find(|(_, file)| file.path == self.facts.site.file);
        found
            .map(|(id, _)| id)
            .ok_or_else(|| PlanError::Lacks("the site's file is not part of the configuration".to_owned()))
    }

    /// The same, with what stands in it.
    pub fn site_file(&self) -> Result<&'a File, PlanError> {
        Ok(self.config.file(self.site_id()?))
    }

    /// The values of the new client's routes in a server block of a configuration, which may be the staged one.
    pub fn route_values(&self, config: &Config, blocks: &[Node]) -> Result<RouteValues, PlanError> {
        let client = match self.facts.motion.client.as_ref().ok_or(PlanError::NoClient)? {
            ClientFacts::Static(root) => {
                let below = self.facts.motion.page.below.as_deref();
                ClientSource::Static {
                    root: ClientFolder::parse(&root.to_string_lossy())?,
                    below: below.map(BelowRoute::parse).transpose()?,
                }
            }
            ClientFacts::Proxied(url) => ClientSource::Proxied { upstream: UpstreamUrl::parse(url)? },
        };
        let NginxVersion(major, minor, patch) = self.facts.nginx.version;
        let scopes: Vec<Node> = blocks.iter().copied().chain(config.top_named("http")).collect();
        let missing_files = turned(config, &scopes).map_or(MissingFiles::Missing, |turned| {
            MissingFiles::Turned(
                turned.all.iter().filter_map(|page| without_missing(config, *page)).collect(),
            )
        });
        Ok(RouteValues { nginx_version: (major, minor, patch), client, missing_files })
    }

    /// The values of the whole site.
    pub fn site_values(&self, naming: Naming) -> Result<SiteValues, PlanError> {
        let file = self.site_id()?;
        let servers: Vec<_> =
            self.facts.site.servers.iter().filter(|server| server.node.file == file).collect();
        let serving: Vec<_> =
            servers.iter().copied().filter(|server| server.role == ServerRole::ServesMotion).collect();
        let has_tls = |server: &&&ServerFacts| server.listens.iter().any(|listen| listen.tls);
        let main = serving
            .iter()
            .find(has_tls)
            .or(serving.first())
            .ok_or_else(|| PlanError::Lacks("no server block of the file serves Motion".to_owned()))?;
        let size = self.first(main.node, "client_max_body_size");
        Ok(SiteValues {
            // Nothing else of the old block stays where the file is replaced.
            routes: match naming {
                Naming::AsWritten => self.route_values(self.config, &[main.node])?,
                Naming::ByAddress => self.route_values(self.config, &[])?,
            },
            server_names: main.names.iter().map(|name| ServerName::parse(name)).collect::<Result<_, _>>()?,
            transport: self.transport(&servers, main)?,
            node: self.node(main.node, naming)?,
            client_max_body_size: size.map(|size| Size::parse(&size)).transpose()?,
        })
    }

    fn transport(&self, servers: &[&ServerFacts], main: &ServerFacts) -> Result<Transport, PlanError> {
        let (mut tls, mut quic, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        for server in servers.iter().filter(|server| server.role != ServerRole::Other) {
            let ssl_on = self.first(server.node, "ssl").is_some_and(|value| value == "on");
            for node in self.config.named(server.node, "listen") {
                let words: Vec<_> =
                    self.config.directive(node).args.iter().map(|word| word.text().into_owned()).collect();
                let has = |option: &str| words.iter().skip(1).any(|word| word == option);
                let list = match () {
                    // It needs the certificate and takes no `ssl` (`ngx_http_core_listen`).
                    () if has("quic") => &mut quic,
                    () if has("ssl") || ssl_on => &mut tls,
                    () => &mut plain,
                };
                let listen = Listen::parse(&words)?;
                if !list.contains(&listen) {
                    list.push(listen);
                }
            }
        }
        if tls.is_empty() && quic.is_empty() {
            return Ok(Transport::Plain { listens: plain });
        }
        let path = |name: &str| match self.inherited(main.node, name) {
            Some(path) => Ok(FilePath::parse(&path)?),
            None => Err(PlanError::Lacks(format!("the old file has no `{name}`"))),
        };
        Ok(Transport::Tls(Tls {
            listens: tls,
            quic,
            redirects: plain,
            certificate: path("ssl_certificate")?,
            certificate_key: path("ssl_certificate_key")?,
            http2: main.listens.iter().any(|listen| listen.http2),
            http3: self.first(main.node, "http3").and_then(|value| match value.as_str() {
                "on" => Some(Switch::On),
                "off" => Some(Switch::Off),
                _ => None,
            }),
        }))
    }

    /// Motion's upstream: as `/` is proxied, or its one address.
    fn node(&self, server: Node, naming: Naming) -> Result<UpstreamUrl, PlanError> {
        if naming == Naming::AsWritten
            && let Handler::Proxy { target, .. } = answer(self.config, server, "/").handler
            && let Ok(url) = UpstreamUrl::parse(&target)
        {
            return Ok(url);
        }
        Ok(UpstreamUrl::parse(&self.node_url()?)?)
    }

    /// The one address that answers Motion's routes.
    fn node_url(&self) -> Result<String, PlanError> {
        let mut upstreams: Vec<_> = self
            .facts
            .site
            .upstreams
            .iter()
            .filter(|upstream| upstream.serves_motion && upstream.http)
            .collect();
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
            variable @ UpstreamAddress::Variable(..) => {
                Err(PlanError::Lacks(format!("Motion's upstream `{variable}` depends on a variable")))
            }
            address => Ok(format!("{scheme}://{address}")),
        }
    }

    fn first(&self, block: Node, name: &str) -> Option<String> {
        let node = self.config.named(block, name).next()?;
        self.config.directive(node).args.first().map(|word| word.text().into_owned())
    }

    /// The value in the block, or in the blocks around it.
    fn inherited(&self, block: Node, name: &str) -> Option<String> {
        self.first(block, name).or_else(|| self.first(self.config.top_named("http").next()?, name))
    }
}

/// The blocks of the site's file that serve Motion: where the vendor's could be
/// several by what it is for, it is one of these.
pub(super) fn serving(material: &Material) -> Vec<DirectiveId> {
    let Ok(site) = material.site_file() else { return Vec::new() };
    let serves = material.facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let here = serves.filter(|server| material.config.file(server.node.file).identity == site.identity);
    here.map(|server| server.node.directive).collect()
}
