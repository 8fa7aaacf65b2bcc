//! From a host, or a tree, to [`Facts`] and findings.
//!
//! Invariant: reads only. What could not be looked at becomes a finding or a
//! failure, never an assumption.

mod absence;
mod access;
mod answers;
mod archived;
mod beside;
mod boot;
mod build;
mod client;
mod code;
mod connections;
mod copies;
pub mod database;
mod entrance;
mod family;
mod guards;
mod hands;
mod holders;
mod judge;
mod lacking;
mod layout;
mod limits;
mod managed;
mod master;
mod module_files;
mod named;
mod nginx;
mod older_copies;
mod own;
mod place;
mod planted;
mod purpose;
mod reader;
mod review;
mod search;
mod select;
mod served;
pub mod sessions;
mod site;
mod topology;
pub mod units;
mod upstream;
mod values;
mod variables;
mod written;

pub use answers::{Answers, Asked, Lies, NotAskable, Question, answers, lies, routing};
pub use archived::ArchiveReader;
pub use boot::{BootUnit, UNIT as BOOT_UNIT, boot_unit, no_boot_unit};
pub use client::{APPLICATION_ROOT, ClientChoice, adopt, unusual};
pub use copies::{ClientRoute, SiteCopy, main_files, site_alone, site_in};
pub use holders::{barred, barred_at_boot, described, meets};
pub use layout::{Layout, NoLayout, Top};
pub use named::ServerName;
pub use nginx::Programs;
pub use older_copies::{OlderCopies, OlderCopy, older_copies};
pub use place::{Place, Wanted};
pub use planted::planted;
pub use purpose::motion_blocks_of;
pub use reader::{RootReader, file_facts};
pub use review::routes;
pub use search::client_at;
pub use site::all_listens;
pub use topology::tell_of_database_host;
pub use upstream::{parse_upstream, upstreams_of};

use crate::facts::{Facts, HostFacts, NginxFacts, Scope, SiteFacts, WayFacts};
use crate::host::{Extent, Root, machine};
use crate::motion::settings::OwnPlace;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use crate::values::RootPath;
use nginx_config::{Config, ConfigError, redact_text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the operator said where discovery may need help.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Motion's NGINX file.
    pub site: Option<PathBuf>,
    /// Motion's server blocks.
    #[serde(default)]
    pub servers: Vec<ServerName>,
    /// NGINX's program, a path of this machine.
    #[serde(default)]
    pub nginx: Option<PathBuf>,
    /// NGINX's main file.
    #[serde(default)]
    pub place: Wanted,
    /// The new client.
    pub client: ClientChoice,
    /// Where Motion listens, as it was found outside; inside of a rehearsal alone. There stand-ins answer, and none of
    /// Motion's processes is to be seen.
    #[serde(default)]
    pub rehearsed: Option<Vec<(OwnPlace, String)>>,
    /// Files that a run changed which is to be undone: the NGINX that is looked for reads one of them.
    #[serde(default)]
    pub changed: Vec<RootPath>,
}

/// Everything that was found, and what there is to say about it.
pub struct Inspection {
    /// The facts.
    pub facts: Facts,
    /// The configuration that they come from.
    pub config: Config,
    /// Findings, in no order.
    pub findings: Vec<Finding>,
    /// What there is to say of the search for the new client, unless the running server or a candidate shows it.
    pub client: Vec<Finding>,
    /// NGINX's programs.
    pub programs: Programs,
}

/// What is known of a server of which less was asked.
pub struct Known {
    /// The facts.
    pub facts: Facts,
    /// NGINX's programs.
    pub programs: Programs,
    /// What there is to say about it, in no order.
    pub findings: Vec<Finding>,
}

/// Looks at the server below `root`.
///
/// # Errors
/// When there is no NGINX, no readable configuration, or no certain site; the
/// findings so far are in the failure.
pub fn inspect(root: &Root, options: &Options) -> Result<Inspection, Failure> {
    let (mut findings, mut client) = (Vec::new(), Vec::new());
    match look(root, options, &mut findings, &mut client) {
        Ok((facts, programs, config)) => {
            findings.extend(review::review(root, &facts, &config));
            Ok(Inspection { facts, config, findings, client, programs })
        }
        Err(mut failure) => {
            failure.findings.splice(0..0, findings.into_iter().chain(client));
            Err(failure)
        }
    }
}

/// What else there is to say before a change: whether this is a standalone
/// server, who is connected, who else writes these files. In no order.
#[must_use]
pub fn survey(root: &Root, inspection: &Inspection) -> Vec<Finding> {
    let (facts, config) = (&inspection.facts, &inspection.config);
    let mut findings = topology::topology(root, facts, config);
    findings.extend(connections::connections(root, facts));
    findings.extend(hands::hands(root));
    findings
}

fn look(
    root: &Root,
    options: &Options,
    findings: &mut Vec<Finding>,
    client: &mut Vec<Finding>,
) -> Result<(Facts, Programs, Config), Failure> {
    let server = nginx::server(root, options, findings)?;
    let reader = RootReader::new(root);
    let config = Config::load(&server.place.main_file, &server.place.prefix, &reader)
        .map_err(|error| unloadable(root, &error))?;
    findings.extend(holders::findings(root, &server.chosen, Some(&all_listens(&config))));
    let mut motion = client::motion(root, &options.client, findings, client);
    let Sought { mut selected, visits, targets, own } =
        sought(root, &config, &reader, options, motion.root.as_deref())?;
    findings.append(&mut selected.findings);
    motion.places = own.places;
    if options.client == ClientChoice::Search {
        served::name_client(root, &config, &selected.servers, &mut motion, client);
    }
    served::settle(root, &config, &motion, &targets, &mut selected.servers);
    let upstreams: Vec<_> = targets
        .into_iter()
        .map(|target| {
            let mut upstream = target.upstream;
            upstream.serves_motion = selected.upstreams.contains(&upstream.address);
            upstream
        })
        .collect();
    let programs = server.programs.clone();
    let stand_ins = reader.stand_ins();
    findings.extend(lacking::findings(root, &stand_ins));
    let nginx = NginxFacts { stand_ins, ..nginx_facts(root, server, &config, &visits, &upstreams) };
    let site = SiteFacts { file: selected.file, servers: selected.servers, upstreams };
    let (files, ways) = reader.into_files();
    let facts = Facts { host: host_facts(root), nginx, motion, site, files, ways };
    Ok((facts, programs, config))
}

/// Motion's part of a configuration, with what led to it.
struct Sought {
    selected: select::Selected,
    visits: Vec<values::Visit>,
    targets: Vec<upstream::Target>,
    own: own::Own,
}

fn sought(
    root: &Root,
    config: &Config,
    reader: &RootReader,
    options: &Options,
    application_root: Option<&Path>,
) -> Result<Sought, Failure> {
    let visits = values::visits(config);
    let groups = upstream::groups(config, &visits);
    let targets = upstream::targets(config, &visits, &groups);
    let named_site =
        options.site.as_deref().map(|site| named::named_file(config, reader, site)).transpose()?;
    let own = match &options.rehearsed {
        Some(places) => own::Own::known(places.clone()),
        None => own::Own::find(root, application_root, &targets, &site::all_listens(config)),
    };
    let support = judge::Support { application_root, named_site, own: &own };
    let selected = select::select(judge::candidates(config, &targets, &support), &options.servers, &own)?;
    Ok(Sought { selected, visits, targets, own })
}

/// Whether a configuration holds Motion's site, or the file that the operator names as it; also when which of
/// several it is cannot be told.
fn reads_motion(root: &Root, config: &Config, reader: &RootReader, options: &Options) -> bool {
    let application = client::application(root);
    let found = sought(root, config, reader, options, application.as_deref());
    let is_missing = |failure: Failure| failure.findings.iter().any(|one| one.code == codes::SITE_NOT_FOUND);
    found.map_or_else(|failure| !is_missing(failure), |_| true)
}

/// What is known of a server whose configuration cannot be read: enough to
/// put a backup back and to reload.
///
/// # Errors
/// When there is no NGINX, or it does not say what it is.
pub fn bare_facts(root: &Root, options: &Options) -> Result<Known, Failure> {
    let mut findings = Vec::new();
    let server = nginx::server(root, options, &mut findings)?;
    let Place { main_file, prefix, .. } = &server.place;
    let on_disk = Config::load(main_file, prefix, &RootReader::new(root));
    let listens = on_disk.map(|config| all_listens(&config)).ok();
    findings.extend(holders::findings(root, &server.chosen, listens.as_deref()));
    let empty = Config::load(main_file, prefix, &EmptyReader).map_err(|error| unloadable(root, &error))?;
    let programs = server.programs.clone();
    let nginx = nginx_facts(root, server, &empty, &[], &[]);
    let motion = crate::facts::MotionFacts::default();
    let site = SiteFacts { file: PathBuf::from("/"), servers: Vec::new(), upstreams: Vec::new() };
    let files = BTreeMap::new();
    let ways = WayFacts::default();
    let facts = Facts { host: host_facts(root), nginx, motion, site, files, ways };
    Ok(Known { facts, programs, findings })
}

/// Where the main context of the configuration on the disk logs; `None` when
/// that is no file, or the configuration cannot be read.
#[must_use]
pub fn installed_error_log(root: &Root, nginx: &NginxFacts) -> Option<PathBuf> {
    let config = Config::load(&nginx.main_file, &nginx.prefix, &RootReader::new(root)).ok()?;
    written::named_error_log(&config, &nginx.prefix, nginx.default_error_log.as_ref())
}

/// Every file is there and empty.
struct EmptyReader;

impl nginx_config::Reader for EmptyReader {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn list(&self, _: &std::path::Path) -> std::io::Result<Vec<std::ffi::OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &std::path::Path) -> std::io::Result<bool> {
        Ok(true)
    }
}

/// What a host is called and runs; also where no NGINX is.
#[must_use]
pub fn host_facts(root: &Root) -> HostFacts {
    let read = |path: &str| root.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pretty = read("/etc/os-release").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?.to_owned();
        Some(line.trim_matches('"').to_owned())
    });
    let folder =
        || root.name().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let name = if root.is_live() {
        machine::host_name()
    } else {
        read("/etc/hostname").map(|name| name.trim().to_owned())
    };
    HostFacts {
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(folder),
        os: pretty.unwrap_or_else(|| "unknown".to_owned()),
        scope: if root.is_live() { Scope::Live } else { Scope::Tree(root.base().to_owned()) },
        superuser: machine::is_superuser(),
    }
}

fn nginx_facts(
    root: &Root,
    server: nginx::Server,
    config: &Config,
    visits: &[values::Visit],
    upstreams: &[crate::facts::UpstreamFacts],
) -> NginxFacts {
    let place = server.place;
    let conf_prefix = place.main_file.parent().map(PathBuf::from).unwrap_or_default();
    let user = config.top_named("user").next_back().map(|node| values::arguments(config, node));
    let mut user = user.unwrap_or_default().into_iter();
    let mut certificates = written::certificates(config, visits, &conf_prefix);
    for entry in &mut certificates {
        let readable = |path: &PathBuf| root.open(path).is_ok();
        entry.readable = readable(&entry.certificate) && entry.key.as_ref().is_none_or(readable);
    }
    NginxFacts {
        version: server.build.version,
        user: user.next().unwrap_or_else(|| server.build.user.clone()),
        group: user.next(),
        error_log: written::main_error_log(config, &server.build),
        default_error_log: server.build.error_log.clone(),
        written: {
            let mut all = module_files::written(root, config, visits, &conf_prefix);
            all.extend(written::written(config, visits, &server.build, upstreams));
            all.into_iter().collect()
        },
        certificates,
        dhparams: written::dhparams(config, visits, &conf_prefix),
        listens: site::all_listens(config),
        resolvers: written::resolvers(config, visits),
        syslog_servers: written::syslog_servers(config, visits),
        runs_code: code::runs_code(config, visits),
        main_file: place.main_file,
        conf_prefix,
        stand_ins: BTreeMap::new(),
        prefix: place.prefix,
        arguments: place.arguments,
        master: server.master,
    }
}

/// The main file is missing, or the configuration cannot be read as nginx would.
fn unloadable(root: &Root, error: &ConfigError) -> Failure {
    // A path of a copy is told from one of this machine by what stands before it.
    let tree = if root.is_live() { String::new() } else { root.name().display().to_string() };
    let text = format!("{tree}{}", redact_text(&error.to_string()));
    let finding = Finding::new(codes::NGINX_CONFIG_BROKEN, "NGINX's configuration cannot be read")
        .evidence(text.clone())
        .advice(match root.extent() {
            Extent::Whole => "fix it until `nginx -t` accepts it; nothing is changed before",
            Extent::Parts => {
                "ask what `nginx -t` says on the server: either it is broken there, too, or a file is missing here"
            }
        });
    Failure::new(FailureKind::Invalid, format!("reading NGINX's configuration: {text}"))
        .with_findings(vec![finding])
}
