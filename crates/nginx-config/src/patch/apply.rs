//! From a base and changes to the file that they make of it.
//!
//! Invariant: what no change names stays byte for byte, and a text is whole
//! directives or comments, so that none can close somebody else's block.

use super::change::{Change, ChangeKind};
use crate::diff::at::At;
use crate::diff::compare::Side;
use crate::diff::outline::Meanings;
use crate::diff::show;
use crate::position::SyntaxError;
use crate::tree::{Body, Tree};
use std::collections::{HashMap, HashSet};

/// A change that cannot be made to this base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Misfit {
    /// Which one.
    pub index: usize,
    /// Why not.
    pub why: Unfit,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It names a directive that is not there.
    #[error("the base has no `{0}`")]
    NoDirective(String),
    /// It names a block that is not there, or is none.
    #[error("the base has no block `{0}`")]
    NoBlock(String),
    /// It adds nothing.
    #[error("the text holds no directive")]
    Empty,
    /// Its text is several directives, or a block in the place of none.
    #[error("the text is not one directive of the same kind")]
    OtherKind,
    /// It is about comments and has directives.
    #[error("the text is more than comments")]
    MoreThanComments,
    /// Its text does not parse.
    #[error(transparent)]
    Text(#[from] SyntaxError),
    /// With all changes the file does not parse.
    #[error("the result does not parse: {0}")]
    Result(SyntaxError),
}

/// The base with these changes.
///
/// # Errors
/// The first change that names what the base does not have, or whose text is
/// not what its kind says.
pub fn apply(base: &Tree, changes: &[Change]) -> Result<Vec<u8>, Misfit> {
    if let Some(index) = changes.iter().position(|change| change.kind == ChangeKind::Whole) {
        let text = changes[index].text.clone().unwrap_or_default();
        let parsed = Tree::parse(text.clone());
        return parsed.map(|_| text).map_err(|error| Misfit { index, why: error.into() });
    }
    let side: Side<'_> = Side::of_tree(base, &mut Meanings::default());
    let names: HashMap<String, At> =
        side.outline.items.places().map(|index| (show::full_path(&side.outline, index), index)).collect();
    let mut maker =
        Maker { side: &side, base, names, edits: Edits::default(), out: Vec::new(), breaks: false };
    for (index, change) in changes.iter().enumerate() {
        maker.take(change).map_err(|why| Misfit { index, why })?;
    }
    maker.write();
    let made = maker.out;
    match Tree::parse(made.clone()) {
        Ok(_) => Ok(made),
        Err(error) => Err(Misfit { index: 0, why: Unfit::Result(error) }),
    }
}

/// A block, and the directive in it that something stands behind.
type Seat = (Option<At>, Option<At>);

/// What happens to the directives of the base, by their place.
#[derive(Default)]
struct Edits<'c> {
    removed: HashSet<At>,
    heads: HashMap<At, &'c [u8]>,
    above: HashMap<At, &'c [u8]>,
    behind: HashMap<At, &'c [u8]>,
    feet: HashMap<Option<At>, &'c [u8]>,
    /// By block and by the directive that they stand behind.
    added: HashMap<Seat, Vec<&'c [u8]>>,
}

struct Maker<'a, 's, 'c> {
    side: &'a Side<'s>,
    base: &'s Tree,
    names: HashMap<String, At>,
    edits: Edits<'c>,
    out: Vec<u8>,
    /// Whether what is written next must start on a line of its own.
    breaks: bool,
}

impl<'c> Maker<'_, '_, 'c> {
    fn take(&mut self, change: &'c Change) -> Result<(), Unfit> {
        let text = change.text.as_deref().unwrap_or_default();
        match change.kind {
            ChangeKind::Added => {
                let block = self.block(&change.block)?;
                let anchor = |name: &String| self.named(&show::join(&change.block, name));
                let after = change.after.as_ref().map(anchor).transpose()?;
                if Tree::parse(text.to_vec())?.is_empty() {
                    return Err(Unfit::Empty);
                }
                self.edits.added.entry((block, after)).or_default().push(text);
            }
            ChangeKind::Removed => {
                self.edits.removed.insert(self.named(&change.path())?);
            }
            ChangeKind::Changed => {
                let index = self.named(&change.path())?;
                one_head(text, self.side.outline.items[index].is_block())?;
                self.edits.heads.insert(index, text);
            }
            ChangeKind::CommentAbove => {
                only_comments(text)?;
                self.edits.above.insert(self.named(&change.path())?, text);
            }
            ChangeKind::CommentBehind => {
                only_comments(text)?;
                self.edits.behind.insert(self.named(&change.path())?, text);
            }
            ChangeKind::CommentAtEnd => {
                only_comments(text)?;
                let block = self.block(&change.path())?;
                self.edits.feet.insert(block, text);
            }
            ChangeKind::Whole => {}
        }
        Ok(())
    }

    fn named(&self, path: &str) -> Result<At, Unfit> {
        self.names.get(path).copied().ok_or_else(|| Unfit::NoDirective(path.to_owned()))
    }

    fn block(&self, path: &str) -> Result<Option<At>, Unfit> {
        if path.is_empty() {
            return Ok(None);
        }
        let found = self.names.get(path).copied();
        let found = found.filter(|&index| self.side.outline.items[index].is_block());
        found.map(Some).ok_or_else(|| Unfit::NoBlock(path.to_owned()))
    }

    /// Writes the whole file: open blocks wait on a list.
    fn write(&mut self) {
        let mut open: Vec<(Option<At>, usize)> = vec![(None, 0)];
        self.additions(None, None);
        while let Some((block, next)) = open.last_mut() {
            let (block, at) = (*block, *next);
            *next += 1;
            match self.side.outline.children(block).get(at).copied() {
                Some(child) if self.edits.removed.contains(&child) => self.additions(block, Some(child)),
                Some(child) => {
                    self.gap(child);
                    self.head(child);
                    if self.side.outline.items[child].is_block() {
                        self.additions(Some(child), None);
                        open.push((Some(child), 0));
                    } else {
                        self.end(child);
                    }
                }
                None => {
                    open.pop();
                    self.foot(block);
                    if let Some(block) = block {
                        self.push(b"}");
                        self.end(block);
                    }
                }
            }
        }
    }

    /// What comes behind a directive: its comment, and what was added there.
    fn end(&mut self, index: At) {
        let item = &self.side.outline.items[index];
        match self.edits.behind.get(&index).copied() {
            Some(text) if !text.is_empty() => {
                self.push(b" ");
                self.push(text);
                self.breaks = true;
            }
            Some(_) => {}
            None => {
                let units = self.side.units_of(index);
                self.push(units.text(units.tail(item.id)));
            }
        }
        self.additions(item.parent, Some(index));
    }

    fn additions(&mut self, block: Option<At>, after: Option<At>) {
        for text in self.edits.added.remove(&(block, after)).unwrap_or_default() {
            self.line_break();
            self.push(text);
            self.breaks = true;
        }
    }

    fn gap(&mut self, index: At) {
        let item = &self.side.outline.items[index];
        let units = self.side.units_of(index);
        let gap = units.text(units.gap(item.id));
        match self.edits.above.get(&index).copied() {
            None => self.push(gap),
            Some(text) => self.comments(text, gap),
        }
    }

    fn foot(&mut self, block: Option<At>) {
        let (units, id) = match block {
            Some(index) => (Some(self.side.units_of(index)), Some(self.side.outline.items[index].id)),
            None => (self.side.root_units(), None),
        };
        let foot = units.map_or(&[][..], |units| units.text(units.foot(id)));
        match self.edits.feet.get(&block).copied() {
            None => self.push(foot),
            Some(text) => self.comments(text, foot),
        }
    }

    /// Other comments in the place of a gap, with the gap's last indentation.
    fn comments(&mut self, text: &[u8], gap: &[u8]) {
        let indent = gap.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |at| &gap[at + 1..]);
        let indent = if indent.trim_ascii().is_empty() { indent } else { &[] };
        self.line_break();
        self.push(text);
        if !text.is_empty() && !text.ends_with(b"\n") {
            self.push(b"\n");
        }
        self.push(indent);
    }

    fn head(&mut self, index: At) {
        let item = &self.side.outline.items[index];
        let units = self.side.units_of(index);
        let head = self.edits.heads.get(&index).copied();
        self.push(head.unwrap_or_else(|| units.text(units.head(item.id))));
    }

    fn line_break(&mut self) {
        self.breaks = false;
        if !self.out.is_empty() && !self.out.ends_with(b"\n") {
            let crlf = self.base.source().windows(2).any(|pair| pair == b"\r\n");
            self.out.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.breaks && !bytes.starts_with(b"\n") && !bytes.starts_with(b"\r\n") {
            self.line_break();
        }
        self.breaks = false;
        self.out.extend_from_slice(bytes);
    }
}

/// Whether the text is a directive without what stands in its block.
fn one_head(text: &[u8], is_block: bool) -> Result<(), Unfit> {
    let whole = if is_block { [text, b"\n}"].concat() } else { text.to_vec() };
    let parsed = Tree::parse(whole)?;
    let fits = match parsed.roots() {
        [only] => match parsed.directive(*only).body {
            Body::Block { children, .. } => is_block && children.is_empty() && parsed.len() == 1,
            Body::Semicolon | Body::Lua { .. } => !is_block,
        },
        _ => false,
    };
    if fits { Ok(()) } else { Err(Unfit::OtherKind) }
}

fn only_comments(text: &[u8]) -> Result<(), Unfit> {
    if Tree::parse(text.to_vec())?.is_empty() { Ok(()) } else { Err(Unfit::MoreThanComments) }
}
