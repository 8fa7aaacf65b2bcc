//! Agents against profiles, as the templates are given it.
//!
//! Invariant: what happens is said by a sign and a word, not by colour alone.

use crate::outcome::{AgentRow, Change, Heading, Matrix, Membership};
use serde::Serialize;

/// The table.
#[derive(Serialize)]
pub struct MatrixView<'a> {
    profiles: Vec<Head<'a>>,
    agents: Vec<Agent<'a>>,
    left_out: usize,
}

#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    change: &'static str,
}

#[derive(Serialize)]
struct Agent<'a> {
    agent: Head<'a>,
    cells: Vec<Cell<'a>>,
}

#[derive(Serialize)]
struct Cell<'a> {
    profile: &'a str,
    change: &'static str,
    sign: &'static str,
}

impl<'a> MatrixView<'a> {
    /// The table of a matrix.
    pub fn of(matrix: &'a Matrix) -> Self {
        Self {
            profiles: matrix.profiles.iter().map(head).collect(),
            agents: matrix.agents.iter().map(|row| agent(row, &matrix.profiles)).collect(),
            left_out: matrix.left_out,
        }
    }
}

fn head(heading: &Heading) -> Head<'_> {
    let change = match heading.change {
        Change::Stays => "",
        Change::Added => "new",
        Change::Changed => "changed",
        Change::Removed => "gone",
    };
    Head { name: &heading.name, change }
}

fn agent<'a>(row: &'a AgentRow, profiles: &'a [Heading]) -> Agent<'a> {
    let cell = |(membership, profile): (&Membership, &'a Heading)| {
        let (change, sign) = match membership {
            Membership::No => ("no", ""),
            Membership::Stays => ("stays", "●"),
            Membership::Added => ("added", "+"),
            Membership::Removed => ("removed", "−"),
        };
        Cell { profile: &profile.name, change, sign }
    };
    Agent { agent: head(&row.agent), cells: row.cells.iter().zip(profiles).map(cell).collect() }
}
