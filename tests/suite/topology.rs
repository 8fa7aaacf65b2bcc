//! Signs that a server does not stand alone: each seen for what it is, on
//! copied trees and on live machines, and what only looks like one.
//!
//! Invariant: a fixture below `fixtures/topology/` holds only what it adds to
//! `standalone`, and gives exactly the sign that it is named for.

mod live;
mod trees;
