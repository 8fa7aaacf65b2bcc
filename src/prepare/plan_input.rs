//! What the planner is asked for: what the operator wants, with what the last change left behind.
//!
//! Invariant: every file that the operator names is read here, so that planning reads none.

use super::options::Options;
use super::{candidate, carry, kept};
use crate::host::Root;
use crate::inspect::{Inspection, file_facts};
use crate::outcome::{Failure, FailureKind, Finding};
use crate::plan::{Companion, LocalInclude, PlanInput, SiteState, Strategy, WantedStrategy, remembers_base};
use crate::values::{RootPath, TextPath};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is wanted, with what the last change left behind.
pub(super) fn wanted(
    root: &Root,
    inspection: &Inspection,
    options: &Options,
    findings: &mut Vec<Finding>,
) -> Result<PlanInput, Failure> {
    options.base.iter().try_for_each(|base| candidate::base(inspection, base))?;
    let (memory, keeping, unknown) = match kept::kept(root, &inspection.facts) {
        Ok((memory, keeping)) => {
            let unknown = keeping.is_gone.then_some(SiteState::RecordGone);
            findings.extend(unknown.map(|_| kept::gone(root, &inspection.facts)));
            (Some(memory), Some(keeping), unknown)
        }
        // A merge would be planned as if there had never been a change: that is for a person to accept.
        Err(unreadable) => {
            findings.push(unreadable.finding());
            (None, None, Some(SiteState::Unreadable))
        }
    };
    let candidate = options.candidate.clone();
    let is_known = options.base.is_some() || remembers_base(memory.as_ref(), keeping.as_ref());
    let strategy = match options.strategy {
        // As the planner chooses.
        WantedStrategy::Auto if !is_known => WantedStrategy::Named(Strategy::Graft),
        wanted => wanted,
    };
    let beside: BTreeMap<PathBuf, Vec<u8>> = options
        .beside
        .iter()
        .map(|input| (PathBuf::from(&input.name), input.bytes.clone()))
        .filter(|(path, _)| root.metadata(path).is_err())
        .collect();
    let read = |input| candidate::candidate(root, inspection, strategy, input, &beside);
    let candidate = candidate.map(read).transpose()?;
    let mut companions = Vec::new();
    for (path, bytes) in beside {
        if candidate.as_ref().is_some_and(|candidate| candidate.beside.contains_key(&path)) {
            companions.push(Companion { file: local_include(root, &path)?, bytes });
        }
    }
    let carry = options.carry.as_ref().map(|old| carry::carry(root, inspection, old)).transpose()?;
    let record =
        keeping.as_ref().zip(memory.as_ref()).and_then(|(keeping, memory)| kept::left(keeping, memory));
    let coming_back =
        carry.iter().map(|carry| carry.tree.source()).chain(record.iter().map(|left| left.source()));
    let named = coming_back.flat_map(|text| candidate::named_by(root, inspection, text)).collect();
    Ok(PlanInput {
        strategy: options.strategy,
        named,
        candidate,
        companions,
        base: options.base.clone(),
        memory,
        keeping,
        unknown,
        carry,
        resolutions: options.resolutions.clone(),
        take: options.take.clone(),
        local_include: options.local_include.as_deref().map(|path| local_include(root, path)).transpose()?,
        guards: options.guards,
    })
}

/// The customer's own file as it is, and what it needs to be.
fn local_include(root: &Root, path: &Path) -> Result<LocalInclude, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("looking at {}: {error}", path.display()))
    };
    let at = RootPath::new(path).map_err(|error| failed(&error))?;
    let at = TextPath::try_from(at).map_err(|error| failed(&error))?;
    let facts = file_facts(root, &at).map_err(|error| failed(&error))?;
    let existing = match facts {
        Some(facts) => Some((facts, root.read(&at).map_err(|error| failed(&error))?)),
        None => None,
    };
    let missing = at.folders_above().into_iter().filter(|folder| root.metadata(folder).is_err());
    let missing_folders = missing.collect();
    let attributes = kept::new_file(root, &at, 0o644);
    Ok(LocalInclude { path: at, existing, missing_folders, attributes })
}
