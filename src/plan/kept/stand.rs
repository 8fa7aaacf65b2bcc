//! How Motion's file stands against what the last change left: which local
//! changes are gone, and who took them away.
//!
//! Invariant: a change counts as gone only when the file neither has it nor
//! decided otherwise by hand. What is hand-made is never called the vendor's.

use super::derive::is_same;
use super::edit::{not_kept, without};
use super::file::{BaseKind, LocalPatch, Origin};
use super::record::{Kept, KeptError};
use crate::outcome::on_one_line;
use crate::plan::standing::{MissingChange, SiteState, Standing};
use crate::values::Hash;
use nginx_config::diff::{Kind, diff, join};
use nginx_config::merge::{Choice, Lists, Local, Resolutions, distance, merge};
use nginx_config::patch::{Change, ChangeKind, apply, record};
use nginx_config::{Body, Tree};

/// How much of a location of ours is still in one of its name, where somebody edited it.
const STILL_OURS: usize = 50;

/// How much of what was left is still there, where nothing else tells.
const STILL_THERE: usize = 80;

/// So many local changes do not go by hand while something else is edited: then the rest of the file is the vendor's.
/// Where fewer are gone, what differs counts as local, and is only given up where somebody says so.
const CLEARLY_GONE: usize = 2;

/// Directives whose place among their siblings has a meaning: one that went by hand does not come back by itself.
const ORDERED: [&str; 7] = ["allow", "break", "deny", "if", "return", "rewrite", "set"];

/// The file as it stands, and what it is told from.
#[derive(Debug, Clone)]
pub struct Stand {
    pub standing: Standing,
    /// What the base is.
    pub kind: BaseKind,
    pub base: Tree,
    /// What the last change left.
    pub left: Tree,
    /// The customer's file: the base with the local changes, without our routes.
    pub ours: Tree,
    /// Whether the file that stands there is the vendor's text from now on.
    pub is_vendors: bool,
    /// The local changes of which it is not known whether they were the vendor's.
    pub soft: Vec<String>,
    /// The local changes as a merge tells them.
    pub lists: Lists,
    /// Of a union: the facts of today, as the live file has them.
    today: Vec<Change>,
}

impl Stand {
    /// Whether an update stands there and no text of the vendor's is known: both sides are put together.
    pub(super) fn is_union(&self) -> bool {
        let is_vendors = matches!(self.standing.state, SiteState::Overwritten | SiteState::VendorOnRequest);
        self.kind == BaseKind::AsFound && is_vendors
    }

    /// Whether a change of ours has something to bring back, or to write down.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.standing.lacks_changes() || self.standing.state == SiteState::Overwritten
    }
}

/// How the live file stands against what was kept. `motion` are addresses at which Motion answers now.
///
/// # Errors
/// When nothing can be built on what was kept.
pub fn stand(kept: Kept<'_>, live: &Tree, file: String, motion: &[String]) -> Result<Stand, KeptError> {
    let Kept { patch, base } = kept;
    let ours = kept.with(|kept| kept.from != Origin::Motionctl)?;
    let left = kept.with(|_| true)?;
    // What may have been an update's.
    let perhaps = kept.with(|kept| kept.from == Origin::AsFound)?;
    let base = Tree::parse(base.to_vec())?;
    let (base, ours) = match patch.base {
        BaseKind::Vendor => (base, ours),
        // All of it counts as local, but for what somebody dropped.
        BaseKind::AsFound => (without(base, &patch.forgotten)?, without(ours, &patch.forgotten)?),
    };
    let is_left = Hash::of(live.source()) == patch.left_sha256;
    let state = match (is_left, patch.vendor_on_request) {
        (true, true) => SiteState::VendorOnRequest,
        (true, false) => SiteState::AsLeft,
        (false, _) => who(patch, [&base, &perhaps], &left, live),
    };
    let edited = if state == SiteState::Edited { not_kept(kept, live)? } else { Vec::new() };
    let soft = patch.changes.iter().filter(|kept| kept.from == Origin::AsFound);
    let mut stand = Stand {
        standing: Standing { state, file, edited, ..Standing::default() },
        kind: patch.base,
        base,
        left,
        ours,
        is_vendors: false,
        soft: soft.map(|kept| kept.change.directive.clone()).collect(),
        lists: Lists::default(),
        today: Vec::new(),
    };
    if stand.is_union() {
        stand.today = facts_of_today(&stand.ours, live, motion);
        stand.standing.no_removals = true;
        stand.standing.updated = stand.today.iter().filter_map(updated).collect();
    }
    stand.lists = lists(&stand, live)?;
    stand.standing.missing =
        stand.lists.carried.iter().chain(&stand.lists.conflicting).map(missing).collect();
    stand.is_vendors = state == SiteState::Overwritten
        // The vendor's text that was asked for may have been edited since.
        && !patch.vendor_on_request
        && (stand.standing.missing.len() >= CLEARLY_GONE
            || lost_ours(patch, live)
            || lost_the_route(&stand.left, live)
            || diff(&stand.base, live).is_empty());
    Ok(stand)
}

/// How another file stands against what was kept of one that is Motion's no more. Nothing is missing in it that it has.
///
/// # Errors
/// When nothing can be built on what was kept.
pub fn moved(kept: Kept<'_>, live: &Tree, file: String, motion: &[String]) -> Result<Standing, KeptError> {
    // Nobody edited a file of another name by hand into this one: what differs is told as from an update.
    let patch = LocalPatch { vendor_on_request: true, ..kept.patch.clone() };
    let found = stand(Kept { patch: &patch, base: kept.base }, live, file, motion)?.standing;
    Ok(Standing { state: SiteState::Moved, ..found })
}

/// Whether the live file has a change, by itself.
///
/// # Errors
/// When base and patch do not fit.
pub fn is_there(kept: Kept<'_>, change: &Change, live: &Tree) -> Result<bool, KeptError> {
    let base = kept.with(|_| false)?;
    // A comment that goes with two directives is where neither of them alone would have put it.
    if record(&base, live).iter().any(|found| is_same(found, change)) {
        return Ok(true);
    }
    let one = kept.with(|kept| is_same(&kept.change, change))?;
    let lists = merge(&base, &one, live, &Resolutions::none())?.lists;
    Ok(lists.carried.is_empty() && lists.conflicting.is_empty() && !lists.already_present.is_empty())
}

/// Who changed the file.
fn who(patch: &LocalPatch, vendors: [&Tree; 2], left: &Tree, live: &Tree) -> SiteState {
    let rows = |from: &Tree| diff(from, live).rows().count();
    let is_overwritten = match (patch.base, patch.vendor_on_request) {
        (_, true) => true,
        (BaseKind::Vendor, false) => match vendors.map(rows).into_iter().min().cmp(&Some(rows(left))) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => lost_ours(patch, live) || lost_the_route(left, live),
            std::cmp::Ordering::Greater => false,
        },
        (BaseKind::AsFound, false) if own(patch).next().is_none() => {
            !distance(left, live).is_at_least(STILL_THERE)
        }
        (BaseKind::AsFound, false) => lost_ours(patch, live),
    };
    if is_overwritten { SiteState::Overwritten } else { SiteState::Edited }
}

/// What our own runs added.
fn own(patch: &LocalPatch) -> impl Iterator<Item = &[u8]> {
    let own = patch.changes.iter();
    let own = own.filter(|kept| kept.from == Origin::Motionctl && kept.change.kind == ChangeKind::Added);
    own.filter_map(|kept| kept.change.text.as_deref())
}

/// Whether no location of the new client is left.
fn lost_the_route(left: &Tree, live: &Tree) -> bool {
    let has = |tree: &Tree| {
        tree.walk().map(|id| tree.directive(id)).any(|directive| {
            let path = directive.args.last().map(|word| word.text()).unwrap_or_default();
            directive.is("location") && path.starts_with("/user-ui")
        })
    };
    has(left) && !has(live)
}

/// Whether something was added by us, and nothing of it is left.
fn lost_ours(patch: &LocalPatch, live: &Tree) -> bool {
    own(patch).next().is_some() && !own(patch).any(|text| stands(text, live))
}

/// Whether one of the blocks of a text of ours still stands in the file, perhaps edited.
fn stands(text: &[u8], live: &Tree) -> bool {
    let Ok(own) = Tree::parse(text.to_vec()) else { return false };
    own.roots().iter().any(|&root| {
        let ours = own.directive(root);
        live.walk().map(|id| live.directive(id)).any(|found| {
            let is_block = matches!(found.body, Body::Block { .. });
            let head = |one: nginx_config::Directive<'_>| -> Vec<Vec<u8>> {
                one.words().map(|word| word.value.to_vec()).collect()
            };
            is_block && head(ours) == head(found) && {
                let [mine, theirs] = [(&own, ours), (live, found)]
                    .map(|(tree, one)| Tree::parse(tree.source()[one.span.range()].to_vec()));
                matches!((mine, theirs), (Ok(mine), Ok(theirs)) if distance(&mine, &theirs).is_at_least(STILL_OURS))
            }
        })
    })
}

/// Every local change, by what would become of it.
fn lists(stand: &Stand, live: &Tree) -> Result<Lists, KeptError> {
    let nothing = Tree::parse("").expect("no directive is no fault");
    let all = Resolutions::none();
    match (stand.standing.state, stand.kind) {
        (SiteState::Overwritten | SiteState::VendorOnRequest, BaseKind::Vendor) => {
            Ok(merge(&stand.base, &stand.ours, live, &all)?.lists)
        }
        (SiteState::Overwritten | SiteState::VendorOnRequest, BaseKind::AsFound) => {
            let ours = of_today(stand)?;
            let resolutions = Resolutions::all(Choice::Ours).telling_redirects();
            let merged = merge(&nothing, &ours, live, &resolutions)?;
            let made = merged.text().ok().map(|text| Tree::parse(text.to_vec())).transpose()?;
            Ok(made.map_or_else(|| merged.lists.clone(), |made| exact(merged.lists.clone(), live, &made)))
        }
        (_, kind) => {
            let mut lists = merge(&stand.base, &stand.ours, live, &all)?.lists;
            // What the hand decided otherwise is no longer ours to say.
            lists.conflicting.clear();
            lists.carried.retain(|local| !is_ordered(&local.directive) && local.kind != Kind::Comment);
            if kind == BaseKind::AsFound && stand.standing.state == SiteState::Edited {
                let gone = gone_blocks(stand, live);
                let found =
                    merge(&nothing, &stand.ours, live, &Resolutions::all(Choice::Ours))?.lists.carried;
                let is_gone = |local: &Local| {
                    local.theirs.is_none() && gone.iter().any(|change| change.directive == local.directive)
                };
                let known: Vec<_> = lists.carried.iter().map(|local| local.directive.clone()).collect();
                lists.carried.extend(
                    found.into_iter().filter(|local| is_gone(local) && !known.contains(&local.directive)),
                );
            }
            Ok(lists)
        }
    }
}

/// Whole blocks of the customer's that the edited file lacks, as additions to it.
pub fn gone_blocks(stand: &Stand, live: &Tree) -> Vec<Change> {
    let is_block =
        |change: &Change| change.text.as_deref().is_some_and(|text| text.trim_ascii_end().ends_with(b"}"));
    let mut found = record(live, &stand.ours);
    found.retain(|change| {
        change.kind == ChangeKind::Added && is_block(change) && !is_ordered(&change.directive)
    });
    found
}

/// The lists of a union with all that comes back, and nothing else: what the made file has otherwise than the live
/// one, also what stands in a block that both have, and comments.
pub fn exact(lists: Lists, live: &Tree, made: &Tree) -> Lists {
    let nginx_config::diff::Changes { directives, cosmetic } = diff(live, made);
    let comments = cosmetic.into_iter().filter(|change| change.kind == Kind::Comment);
    let carried = directives.into_iter().chain(comments).map(|change| {
        let known = lists.carried.iter().find(|local| {
            (&local.path, &local.directive, local.kind) == (&change.path, &change.directive, change.kind)
        });
        let joined = || join(&change.path, &change.directive);
        let select = known.map_or_else(joined, |local| local.select.clone());
        let nginx_config::diff::Change { kind, path, directive, old, new, rows } = change;
        Local { kind, path, directive, select, base: None, ours: new, theirs: old, conflict: None, rows }
    });
    let carried: Vec<Local> = carried.collect();
    Lists { carried, ..lists }
}

/// A fact of today in two versions: what is kept of the update, and what stood there before.
fn updated(change: &Change) -> Option<String> {
    let shown = |text: &Option<Vec<u8>>| {
        let text = nginx_config::redact_source(text.as_deref()?);
        Some(on_one_line(&String::from_utf8_lossy(&text)))
    };
    Some(format!(
        "{}: {} is kept of the update, before it was {}",
        change.path(),
        shown(&change.text)?,
        shown(&change.was)?
    ))
}

/// Of a union: the customer's file with what is a fact of today as the live file has it.
pub fn of_today(stand: &Stand) -> Result<Tree, KeptError> {
    let made = apply(&stand.ours, &stand.today).unwrap_or_else(|_| stand.ours.source().to_vec());
    Ok(Tree::parse(made)?)
}

/// What decides as the live file has it, whatever ours says: certificates, and where Motion listens.
fn facts_of_today(ours: &Tree, live: &Tree, motion: &[String]) -> Vec<Change> {
    let leads_to_motion = |text: &str| motion.iter().any(|address| text.contains(address.as_str()));
    let text =
        |change: &Change| String::from_utf8_lossy(change.text.as_deref().unwrap_or_default()).into_owned();
    let upstreams: Vec<String> = live
        .roots()
        .iter()
        .map(|id| live.directive(*id))
        .filter(|directive| directive.is("upstream"))
        .filter(|directive| leads_to_motion(&String::from_utf8_lossy(&live.source()[directive.span.range()])))
        .filter_map(|directive| Some(format!("upstream {}", directive.args.first()?.text())))
        .collect();
    // Where our file leads to Motion as it listens today, another address in it is somebody's decision.
    let has_moved = !leads_to_motion(&String::from_utf8_lossy(ours.source()));
    let mut changes = record(ours, live);
    changes.retain(|change| {
        let is_value = change.kind == ChangeKind::Changed;
        let is_certificate = change.directive.starts_with("ssl_certificate");
        let is_motion = change.directive.starts_with("proxy_pass") && leads_to_motion(&text(change));
        is_value && (is_certificate || is_motion && has_moved)
            || has_moved && upstreams.contains(&change.block)
    });
    changes
}

/// Whether the place of a directive among its siblings has a meaning.
pub fn is_ordered(directive: &str) -> bool {
    let name = directive.split(' ').next().unwrap_or_default();
    ORDERED.contains(&name) || directive.starts_with("location ~")
}

fn missing(local: &Local) -> MissingChange {
    let directive = crate::plan::local::named(local.kind, &local.directive);
    MissingChange { block: local.path.clone(), directive }
}
