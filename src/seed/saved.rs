//! Saved plans of seeding.
//!
//! Invariant: a plan is made again from the manifest in the file, and is applied only if it is the same; no name of a
//! table or column, and no change, is ever taken from the file.

use super::plan::{Allowance, FORMAT, Fingerprint, Plan, Prune, changes};
use super::text::Text;
use super::{Planned, Session};
use crate::outcome::seed_change::SeedChange;
use crate::outcome::{DatabaseSection, Failure, FailureKind};
use schemars::JsonSchema;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// The key by which a saved plan is told from a manifest, which is YAML and may be JSON.
const MARK: &str = "motionctl_seed_plan";

/// What a file holds. Its changes are written for people and programs, and passed over when it is read.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saved<Changes = IgnoredAny> {
    motionctl_seed_plan: u32,
    /// The database, for people.
    database: Shown,
    /// The map's hash.
    map: String,
    /// What the plan relies on.
    pub fingerprint: Fingerprint,
    /// SHA-256 of the changes.
    pub digest: String,
    /// Deletions that were allowed when it was made.
    prune: Vec<String>,
    max_delete: Option<u64>,
    /// What it was made from.
    pub manifest: SavedManifest,
    changes: Changes,
}

/// A manifest inside of a saved plan.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedManifest {
    /// What the file was called.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The values of the site that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<SavedSite>,
    /// Further files of the same manifest, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more: Vec<SavedFile>,
}

/// A further file of a manifest inside of a saved plan.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SavedFile {
    name: String,
    text: String,
}

/// The values of a site inside of a saved plan.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SavedSite {
    name: String,
    text: String,
}

impl SavedManifest {
    /// What a plan was made from.
    pub fn new(manifests: &[Text], site: Option<&Text>) -> Self {
        let site = site.map(|site| SavedSite { name: site.name.clone(), text: site.to_text() });
        let mut files =
            manifests.iter().map(|text| SavedFile { name: text.name.clone(), text: text.to_text() });
        let SavedFile { name, text } = files.next().unwrap_or_default();
        Self { name, text, site, more: files.collect() }
    }

    /// The same files again.
    pub fn texts(&self) -> (Vec<Text>, Option<Text>) {
        let text = |name: &str, text: &str| Text { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
        let more = self.more.iter().map(|file| text(&file.name, &file.text));
        let files = std::iter::once(text(&self.name, &self.text)).chain(more).collect();
        (files, self.site.as_ref().map(|site| text(&site.name, &site.text)))
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shown {
    server: String,
    version: String,
    host: String,
    schema: String,
}

/// A plan as `seed plan --out` writes it.
pub type SavedPlan = Saved<Vec<SeedChange>>;

impl SavedPlan {
    /// A plan, ready to be written.
    pub fn new(
        planned: &Planned,
        session: &Session,
        database: &DatabaseSection,
        allowed: &Allowance,
        manifest: SavedManifest,
    ) -> Self {
        let DatabaseSection { server, version, host, schema, .. } = database.clone();
        Self {
            motionctl_seed_plan: FORMAT,
            database: Shown { server, version, host, schema },
            map: session.map().hash(),
            fingerprint: planned.fingerprint.clone(),
            digest: digest(&planned.plan),
            prune: allowed.prune.iter().map(|prune| prune.name().to_owned()).collect(),
            max_delete: allowed.most,
            manifest,
            changes: changes(&planned.plan),
        }
    }

    /// The bytes of the file.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a plan has text keys and no odd floats");
        bytes.push(b'\n');
        bytes
    }
}

impl Saved {
    /// A saved plan, if these bytes are one.
    ///
    /// # Errors
    /// When they are one that cannot be read.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Option<Self>, Failure> {
        if !is_marked(bytes) {
            return Ok(None);
        }
        let invalid =
            |why: String| Failure::new(FailureKind::Invalid, format!("reading the plan {name}: {why}"));
        let saved: Self = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if saved.motionctl_seed_plan != FORMAT {
            let format = saved.motionctl_seed_plan;
            return Err(invalid(format!("this motionctl reads format {FORMAT}, not {format}")));
        }
        Ok(Some(saved))
    }

    /// Deletions that were allowed when it was made.
    pub fn allowed(&self) -> Allowance {
        let all = [Prune::Memberships, Prune::Profiles, Prune::Absent, Prune::Permissions];
        let prune = all.into_iter().filter(|prune| self.prune.iter().any(|name| name == prune.name()));
        Allowance { prune: prune.collect(), most: self.max_delete }
    }

    /// Refuses a plan that is not this one any more.
    pub fn compare(&self, planned: &Planned, session: &Session) -> Result<(), Failure> {
        let stale = |why: &str| {
            let failure = Failure::new(FailureKind::Refused, format!("the plan is stale: {why}"));
            Err(failure.with_hint("make a new one with `motionctl seed plan --out`"))
        };
        if self.map != session.map().hash() {
            return stale("it was made by another schema map");
        }
        if self.fingerprint != planned.fingerprint {
            return stale("the database has moved since, or is another one");
        }
        if self.digest != digest(&planned.plan) {
            return stale("this motionctl would do something else");
        }
        Ok(())
    }
}

/// Whether a text has the mark as a key of its own: one that breaks off is a plan, and a manifest that only speaks of
/// plans is none.
fn is_marked(bytes: &[u8]) -> bool {
    let mut search = Search { found: false };
    // An error says that the text is no JSON from there on.
    let _ = serde_json::Deserializer::from_slice(bytes).deserialize_map(&mut search);
    search.found
}

/// Goes through the keys of an object until the mark is found.
struct Search {
    found: bool,
}

impl<'de> Visitor<'de> for &mut Search {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            self.found = key == MARK;
            if self.found {
                break;
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// SHA-256 of what a plan does; by way of a value, whose keys are in order whatever the types are.
fn digest(plan: &Plan) -> String {
    let changes = serde_json::to_value(changes(plan)).expect("a plan has text keys and no odd floats");
    hex::encode(Sha256::digest(changes.to_string()))
}
