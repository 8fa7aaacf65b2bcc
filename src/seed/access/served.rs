//! Which queues an agent is offered, and by which ways.
//!
//! Invariant: the same tables read for the state before and after a plan; nothing is asked of the database.

use super::narrow::Narrow;
use super::view::View;
use crate::seed::Channel;
use crate::seed::manifest::Name;
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;

/// A queue that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub channel: Channel,
    pub name: Name,
    /// The penalty of the profile's link.
    pub penalty: Option<i32>,
    /// Whose link it is.
    pub from: From,
}

/// Whose link makes a queue one that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    Profile,
    Personal,
}

/// The queues of an owner that are shown, by channel and name.
pub(super) fn served(
    view: &View,
    owner: RowRef,
    kind: fn(Channel) -> LinkKind,
    from: From,
    narrow: &Narrow,
) -> Vec<Served> {
    let mut all = Vec::new();
    for channel in Channel::ALL {
        let members = view.members(kind(channel), owner).filter_map(|(member, penalty)| {
            let row = view.row(Part::Queues(channel), member).filter(|_| narrow.queue(channel, member))?;
            Some(Served { channel, name: row.name.clone(), penalty, from })
        });
        let start = all.len();
        all.extend(members);
        all[start..].sort_by(|one: &Served, other| one.name.cmp(&other.name));
    }
    all
}
