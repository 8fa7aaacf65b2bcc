//! The planner of migrations: from facts to the steps that bring the routes.
//!
//! Invariant: planning again after the plan was applied gives the empty plan.

use super::bundle::{BadValue, Bundle, BundleError, ClientFolder, ClientSource, RouteValues, UpstreamUrl};
use super::changes::{Changes, changes};
use super::saved::{Plan, PlanKind};
use super::step::{Content, Patch, PatchError, Step, Version, patch, sha256_hex};
use super::{graft, replace};
use crate::facts::{ClientFacts, Facts, NginxVersion, RouteState};
use crate::nginx::{Config, EditError, FileId, Tree, redact_source};
use crate::outcome::{DiffSection, LocalChanges};
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// How the new configuration is made from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The live files plus the missing routes.
    Graft,
    /// The whole template.
    Replace,
}

impl Strategy {
    /// As it is typed and printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Graft => "graft",
            Self::Replace => "replace",
        }
    }
}

/// A plan with what people want to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The plan.
    pub plan: Plan,
    /// What happens to the customer's own directives.
    pub local_changes: LocalChanges,
    /// What changes, redacted.
    pub diff: DiffSection,
    /// Each changed file before and after, redacted.
    pub previews: Vec<Preview>,
}

/// One changed file, redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The file.
    pub path: PathBuf,
    /// Its text before.
    pub old: String,
    /// Its text after.
    pub new: String,
}

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The bundle does not render.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A value of the server cannot stand in a template.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// The new client was not found.
    #[error("the new client was not found")]
    NoClient,
    /// The routes cannot be inserted.
    #[error("inserting the routes: {0}")]
    Edit(#[from] EditError),
    /// The changes do not fit the file.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The bundle's text is not UTF-8.
    #[error("the rendered routes are not UTF-8 text")]
    NotText,
    /// A saved plan changes a file that is no part of the configuration.
    #[error("{} is no part of this configuration", .0.display())]
    Foreign(PathBuf),
    /// The old file lacks something that the template needs.
    #[error("{0}")]
    Lacks(String),
}

/// Plans the migration of a server.
///
/// # Errors
/// When the bundle, the server's values or the edits do not allow a plan.
pub fn migrate(
    facts: &Facts,
    config: &Config,
    bundle: &Bundle,
    strategy: Strategy,
) -> Result<Migration, PlanError> {
    let patches = match (strategy, is_migrated(facts)) {
        (_, true) => BTreeMap::new(),
        (Strategy::Graft, false) => graft::graft(facts, config, bundle, &route_values(facts)?)?,
        (Strategy::Replace, false) => replace::replace(facts, config, bundle, &route_values(facts)?)?,
    };
    let mut steps = Vec::new();
    for (file, patches) in patches {
        steps.push(set_file(facts, config, file, patches)?);
    }
    if !steps.is_empty() && facts.nginx.master.is_some() {
        steps.push(Step::Reload);
    }
    let relies_on = facts.files.iter().map(|(path, file)| (path.clone(), file.sha256.clone())).collect();
    let site = facts.site.file.clone();
    let version = facts.nginx.version;
    explain(Plan::new(PlanKind::Migrate, strategy.name(), site, version, relies_on, steps), config)
}

/// A plan, also a saved one, with what people want to see of it.
///
/// # Errors
/// When it does not fit this configuration.
pub fn explain(plan: Plan, config: &Config) -> Result<Migration, PlanError> {
    let mut previews = Vec::new();
    let mut seen = Changes::default();
    for (path, _, to) in plan.files() {
        let (_, file) = config
            .files()
            .find(|(_, file)| file.identity == *path)
            .ok_or_else(|| PlanError::Foreign(path.clone()))?;
        let Version::File { content: Content::Patched(patches), .. } = to else {
            return Err(PlanError::Foreign(path.clone()));
        };
        let result = patch(file.tree.source(), patches)?;
        let new_tree = Tree::parse(result.clone()).map_err(EditError::Result)?;
        let found = changes(&file.tree, &new_tree);
        seen.removed.extend(found.removed);
        seen.added.extend(found.added);
        let text = |bytes: &[u8]| String::from_utf8_lossy(&redact_source(bytes)).into_owned();
        previews.push(Preview { path: path.clone(), old: text(file.tree.source()), new: text(&result) });
    }
    let dropped = seen.removed.iter().map(super::changes::Entry::to_local_change).collect();
    Ok(Migration {
        plan,
        local_changes: LocalChanges { dropped, ..LocalChanges::default() },
        diff: DiffSection { directives: seen.to_section(), unified: unified(&previews) },
        previews,
    })
}

/// Whether every block that serves Motion serves the new client.
fn is_migrated(facts: &Facts) -> bool {
    !facts.site.servers.iter().any(graft::wants_routes)
        && facts.site.servers.iter().any(|server| server.new_client == RouteState::Present)
}

fn route_values(facts: &Facts) -> Result<RouteValues, PlanError> {
    let client = match facts.motion.client.as_ref().ok_or(PlanError::NoClient)? {
        ClientFacts::Static(root) => {
            ClientSource::Static { root: ClientFolder::parse(&root.to_string_lossy())? }
        }
        ClientFacts::Proxied(url) => ClientSource::Proxied { upstream: UpstreamUrl::parse(url)? },
    };
    let NginxVersion(major, minor, patch) = facts.nginx.version;
    Ok(RouteValues { nginx_version: (major, minor, patch), client })
}

fn set_file(facts: &Facts, config: &Config, file: FileId, patches: Vec<Patch>) -> Result<Step, PlanError> {
    let file = config.file(file);
    let result = patch(file.tree.source(), &patches)?;
    let path = file.identity.clone();
    let found = facts.files.get(&path).expect("every file of the configuration was recorded");
    let version =
        |sha256: String, content| Version::File { sha256, attributes: found.attributes.clone(), content };
    Ok(Step::SetFile {
        from: version(found.sha256.clone(), Content::Live),
        to: version(sha256_hex(&result), Content::Patched(patches)),
        path,
    })
}

fn unified(previews: &[Preview]) -> String {
    let diff = |preview: &Preview| {
        let name = preview.path.display().to_string();
        similar::TextDiff::from_lines(&preview.old, &preview.new)
            .unified_diff()
            .context_radius(3)
            .header(&name, &name)
            .to_string()
    };
    previews.iter().map(diff).collect()
}
