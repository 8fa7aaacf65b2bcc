//! The look at a whole server: NGINX, its configuration, Motion's part of it.
//!
//! Invariant: reads only. The findings so far go with every failure.

use super::client::ClientChoice;
use super::host::host_facts;
use super::nginx::Programs;
use super::options::Options;
use super::place::Place;
use super::reader::RootReader;
use super::site::all_listens;
use super::sought::{Sought, sought, unloadable};
use super::{
    client, code, connections, directives, holders, lacking, module_files, nginx, other_writers, review,
    served, site, topology, touched_paths,
};
use crate::facts::{Facts, NginxFacts, SiteFacts, WayFacts};
use crate::host::Root;
use crate::outcome::{Failure, Finding};
use nginx_config::Config;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that was found, and what there is to say about it.
pub struct Inspection {
    pub facts: Facts,
    /// The configuration that they come from.
    pub config: Config,
    /// Findings, in no order.
    pub findings: Vec<Finding>,
    /// What there is to say of the search for the new client, unless the running server or a candidate shows it.
    pub client: Vec<Finding>,
    pub programs: Programs,
}

/// What is known of a server of which less was asked.
pub struct Known {
    pub facts: Facts,
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
    findings.extend(other_writers::other_writers(root));
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
    touched_paths::named_error_log(&config, &nginx.prefix, nginx.default_error_log.as_ref())
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

fn nginx_facts(
    root: &Root,
    server: nginx::Server,
    config: &Config,
    visits: &[directives::Visit],
    upstreams: &[crate::facts::UpstreamFacts],
) -> NginxFacts {
    let place = server.place;
    let conf_prefix = place.main_file.parent().map(PathBuf::from).unwrap_or_default();
    let user = config.top_named("user").next_back().map(|node| directives::arguments(config, node));
    let mut user = user.unwrap_or_default().into_iter();
    let mut certificates = touched_paths::certificates(config, visits, &conf_prefix);
    for entry in &mut certificates {
        let readable = |path: &PathBuf| root.open(path).is_ok();
        entry.readable = readable(&entry.certificate) && entry.key.as_ref().is_none_or(readable);
    }
    NginxFacts {
        version: server.build.version,
        user: user.next().unwrap_or_else(|| server.build.user.clone()),
        group: user.next(),
        error_log: touched_paths::main_error_log(config, &server.build),
        default_error_log: server.build.error_log.clone(),
        written: {
            let mut all = module_files::written(root, config, visits, &conf_prefix);
            all.extend(touched_paths::written(config, visits, &server.build, upstreams));
            all.into_iter().collect()
        },
        certificates,
        dhparams: touched_paths::dhparams(config, visits, &conf_prefix),
        listens: site::all_listens(config),
        resolvers: touched_paths::resolvers(config, visits),
        syslog_servers: touched_paths::syslog_servers(config, visits),
        runs_code: code::runs_code(config, visits),
        main_file: place.main_file,
        conf_prefix,
        stand_ins: BTreeMap::new(),
        prefix: place.prefix,
        arguments: place.arguments,
        master: server.master,
    }
}
