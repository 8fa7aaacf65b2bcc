//! Where a directive stands in an outline, and in whose.
//!
//! Invariant: a place in one side's outline cannot be looked up in another's;
//! that does not compile.

use crate::tree::DirectiveId;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// Whose an outline is.
pub trait Whose: Copy + Ord + Hash + Debug {}

/// The old side of a comparison, and what the sides of a merge started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {}

/// The new side of a comparison; of a merge, the file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ours {}

/// The other side of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Theirs {}

/// Nobody's in particular: no sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Any {}

impl Whose for Base {}
impl Whose for Ours {}
impl Whose for Theirs {}
impl Whose for Any {}

/// The place of a directive in an outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At<S = Any>(pub(super) usize, PhantomData<S>);

impl<S> At<S> {
    pub(super) fn nth(index: usize) -> Self {
        Self(index, PhantomData)
    }

    /// Of a directive in the outline of its file alone.
    pub fn of(id: DirectiveId) -> Self {
        Self::nth(id.index())
    }

    /// The directive, in the outline of its file alone.
    pub fn id(self) -> DirectiveId {
        DirectiveId::at(self.0)
    }
}

/// Something for each directive of an outline.
#[derive(Debug)]
pub struct Table<S, T>(Vec<T>, PhantomData<S>);

impl<S, T> Table<S, T> {
    /// In the order of the outline.
    pub fn new(rows: Vec<T>) -> Self {
        Self(rows, PhantomData)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Each with its place.
    pub fn rows(&self) -> impl Iterator<Item = (At<S>, &T)> {
        self.places().zip(&self.0)
    }

    /// Every place, in order.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = At<S>> + use<S, T> {
        (0..self.0.len()).map(At::nth)
    }
}

impl<S, T> Index<At<S>> for Table<S, T> {
    type Output = T;

    fn index(&self, at: At<S>) -> &T {
        &self.0[at.0]
    }
}

impl<S, T> IndexMut<At<S>> for Table<S, T> {
    fn index_mut(&mut self, at: At<S>) -> &mut T {
        &mut self.0[at.0]
    }
}
