//! Motion's part of a configuration, with what led to it.
//!
//! Invariant: the first failure keeps its findings; a configuration that cannot be read is said without its secrets.

use super::options::Options;
use super::reader::RootReader;
use super::{client, directives, judge, operator_named, own, select, site, upstream};
use crate::host::{Extent, Root};
use crate::outcome::{Failure, FailureKind, Finding, codes};
use nginx_config::{Config, ConfigError, ConfigErrorKind, redact_text};
use std::path::Path;

/// Motion's part of a configuration, with what led to it.
pub(super) struct Sought {
    pub(super) selected: select::Selected,
    pub(super) visits: Vec<directives::Visit>,
    pub(super) targets: Vec<upstream::PassTarget>,
    pub(super) own: own::Own,
}

pub(super) fn sought(
    root: &Root,
    config: &Config,
    reader: &RootReader,
    options: &Options,
    application_root: Option<&Path>,
) -> Result<Sought, Failure> {
    let visits = directives::visits(config);
    let groups = upstream::groups(config, &visits);
    let targets = upstream::targets(config, &visits, &groups);
    let named_site =
        options.site.as_deref().map(|site| operator_named::named_file(config, reader, site)).transpose()?;
    let own = match &options.rehearsed {
        Some(places) => own::Own::known(places.clone()),
        None => own::Own::find(root, application_root, &targets, &site::all_listens(config)),
    };
    let support = judge::Support { application_root, named_site, own: &own };
    let mut selected = select::select(judge::candidates(config, &targets, &support), &options.servers, &own)?;
    selected.servers.iter_mut().for_each(|server| site::ask(config, server));
    Ok(Sought { selected, visits, targets, own })
}

/// Whether a configuration holds Motion's site, or the file that the operator names as it; also when which of
/// several it is cannot be told.
pub(super) fn reads_motion(root: &Root, config: &Config, reader: &RootReader, options: &Options) -> bool {
    let application = client::application(root);
    let found = sought(root, config, reader, options, application.as_deref());
    let is_missing = |failure: Failure| failure.findings.iter().any(|one| one.code == codes::SITE_NOT_FOUND);
    found.map_or_else(|failure| !is_missing(failure), |_| true)
}

/// The main file is missing, or the configuration cannot be read as nginx would.
pub(super) fn unloadable(root: &Root, error: &ConfigError) -> Failure {
    // A path of a copy is told from one of this machine by what stands before it.
    let tree = if root.is_live() { String::new() } else { root.name().display().to_string() };
    let text = format!("{tree}{}", redact_text(&error.to_string()));
    if error.kind == ConfigErrorKind::TooLarge {
        return too_large(text);
    }
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

/// A limit of ours was met: what NGINX says of the configuration is not known, and "fix it" would be wrong.
fn too_large(text: String) -> Failure {
    let message = format!("NGINX's configuration is larger than motionctl reads: {text}");
    let finding =
        Finding::new(codes::NGINX_CONFIG_TOO_LARGE, "NGINX's configuration is larger than motionctl reads")
            .evidence(text)
            .advice(
                "nothing is wrong with it for NGINX: copy the tree without the long list that is named, let \
                 `motionctl --root COPY plan` show the change, and make it by hand",
            );
    Failure::new(FailureKind::Invalid, message).with_findings(vec![finding])
}
