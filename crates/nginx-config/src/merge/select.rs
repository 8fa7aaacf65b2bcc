//! Single differences of another file, put into the file that is there: each
//! is named, and somebody chooses.
//!
//! Invariant: what nobody chose stays byte for byte; each difference is either
//! taken or offered. What is taken brings along the definitions of its names
//! that the other file has.

use super::emit;
use super::fingerprint::Own;
use super::model::{Cause, Choice, Choose, Doubt, Local, Otherwise, Sides};
use super::references::{Hints, Name, Sort, defines_any, undefined};
use super::resolution::Resolutions;
use super::walk;
use super::walked::Triple;
use super::walker::{Decider, Walker};
use crate::diff::at::{At, Theirs, Whose};
use crate::diff::compare::Side;
use crate::diff::outline::Meanings;
use crate::diff::{Kind, Version, show, version};
use crate::position::SyntaxError;
use crate::tree::{DirectiveId, Tree};
use std::collections::{BTreeSet, HashSet};

/// One thing that the other file has otherwise, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it is.
    pub what: Otherwise,
    /// The blocks around it.
    pub block: String,
    /// Name and arguments, redacted; of a line its name.
    pub directive: String,
    /// What is there; none where it is new.
    pub ours: Option<Version>,
    /// What the other file has; none where it has nothing.
    pub theirs: Option<Version>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The file with what was taken.
    pub text: Vec<u8>,
    /// What was taken.
    pub taken: Vec<Offer>,
    /// What was not.
    pub offered: Vec<Offer>,
    /// What both files say alike.
    pub present: Vec<Local>,
    /// Server blocks of the other file that several here could be.
    pub doubts: Vec<Doubt>,
    /// Names that what was taken uses and neither file defines.
    pub lacks: BTreeSet<(Sort, String)>,
}

/// What is known of ours beside its text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Around<'a> {
    /// Its server blocks that somebody chose where several fit.
    pub servers: &'a [DirectiveId],
    /// Names that other files define.
    pub names: &'a [(Sort, String)],
}

/// Puts what is chosen of the other file's differences into ours.
///
/// # Errors
/// As of [`super::merge`].
pub fn select(
    ours: &Tree,
    theirs: &Tree,
    around: Around<'_>,
    choose: Choose<'_>,
) -> Result<Selected, SyntaxError> {
    let nothing = Tree::parse("")?;
    let mut meanings = Meanings::default();
    let (base, mut here) = (Side::of_tree(&nothing, &mut meanings), Side::of_tree(ours, &mut meanings));
    let there = Side::of_tree(theirs, &mut meanings);
    for &id in around.servers {
        here.outline.items[At::of(id)].is_chosen = true;
    }
    let sides = Sides { base: &base, ours: &here, theirs: &there };
    let own = Own::of(&here, HashSet::new());
    let known = undefined(ours);
    let mut hints = Hints::default();
    loop {
        let walked = walk::walk(&sides, Decider::Choice(choose), &hints, &own);
        let result = emit::emit(&sides, &walked);
        let mut lacking = undefined(&Tree::parse(result.text.clone())?);
        lacking.retain(|name| !known.contains(name) && !around.defines(name));
        let left = walked.otherwise.iter().filter(|(what, is_taken)| what.kind == Kind::Added && !is_taken);
        let left = left.filter_map(|(what, _)| what.theirs);
        // A block that defines a name only inside of itself does not help others.
        let needed: Vec<_> =
            left.filter(|&id| is_definition(theirs, id) && defines_any(theirs, id, &lacking)).collect();
        if !needed.is_empty() {
            hints.needed.extend(needed.into_iter().map(At::of));
            continue;
        }
        let offer = |(what, _): &(Otherwise, bool)| sides.offer(what);
        let (taken, offered): (Vec<_>, Vec<_>) =
            walked.otherwise.iter().partition::<Vec<_>, _>(|(_, is_taken)| *is_taken);
        let (taken, offered) =
            (taken.into_iter().map(offer).collect(), offered.into_iter().map(offer).collect());
        let lacks = lacking.into_iter();
        let lacks = lacks.map(|(sort, name)| (sort, String::from_utf8_lossy(&name).into_owned())).collect();
        let text = result.text.clone();
        let merged = sides.merged(walked, result, &Resolutions::none());
        return Ok(Selected {
            text,
            taken,
            offered,
            present: merged.lists.already_present,
            doubts: merged.doubts,
            lacks,
        });
    }
}

impl Around<'_> {
    fn defines(&self, (sort, name): &Name) -> bool {
        // NGINX does not tell the cases of a variable's letters apart.
        let is_it = |known: &str| match sort {
            Sort::Variable => known.as_bytes().eq_ignore_ascii_case(name),
            _ => known.as_bytes() == name.as_slice(),
        };
        self.names.iter().any(|(other, known)| other == sort && is_it(known))
    }
}

/// Whether a directive gives a name to what stands beside it.
fn is_definition(tree: &Tree, id: DirectiveId) -> bool {
    !tree.directive(id).is("server")
}

impl Sides<'_, '_> {
    fn offer(&self, what: &Otherwise) -> Offer {
        let directive = match (what.kind, what.ours, what.theirs) {
            (Kind::Moved, ..) => what.path.rsplit(show::SEPARATOR).next().unwrap_or_default().to_owned(),
            (_, Some(ours), _) => named(self.ours, ours),
            (_, None, Some(theirs)) => named(self.theirs, theirs),
            (_, None, None) => String::new(),
        };
        Offer {
            what: what.clone(),
            block: show::path_of(&self.ours.outline, what.within.map(At::of)),
            directive,
            ours: what.ours.map(|ours| offered(self.ours, ours, what.kind)),
            theirs: what.theirs.map(|theirs| offered(self.theirs, theirs, what.kind)),
        }
    }
}

/// One side of a difference of this kind; of a line its arguments.
fn offered<S: Whose>(side: &Side<'_, S>, id: DirectiveId, kind: Kind) -> Version {
    let item = &side.outline.items[At::of(id)];
    if kind == Kind::Moved {
        return version(side, At::of(id), kind);
    }
    let mut found = version(side, At::of(id), Kind::Added);
    if !item.is_block() {
        found.text = show::arguments(item);
    }
    found
}

fn named<S: Whose>(side: &Side<'_, S>, id: DirectiveId) -> String {
    let item = &side.outline.items[At::of(id)];
    if item.is_block() {
        show::heading(&side.outline, At::of(id))
    } else {
        crate::redact::redact_name(item.tree, item.id)
    }
}

impl Walker<'_, '_> {
    /// Whether somebody chose this difference; notes it.
    pub fn is_chosen(&mut self, kind: Kind, triple: Triple) -> bool {
        let path = self.path(triple);
        self.asked(kind, path, triple)
    }

    fn asked(&mut self, kind: Kind, path: String, triple: Triple) -> bool {
        let Some(choose) = self.choose else { return false };
        let what = Otherwise {
            kind,
            path,
            within: self.within.map(At::id),
            ours: triple.ours.map(At::id),
            theirs: triple.theirs.map(At::id),
        };
        let is_needed = triple.theirs.is_some_and(|theirs| self.hints.needed.contains(&theirs));
        let is_taken = is_needed && kind == Kind::Added || choose(&what);
        self.walked.otherwise.push((what, is_taken));
        is_taken
    }

    /// The side of a conflict that somebody chose.
    pub fn chosen_side(&mut self, path: &str, cause: Cause, triple: Triple) -> Option<Choice> {
        let kind = match cause {
            // Who chose the `return` has decided that what is here is not reached.
            Cause::Dead => return Some(Choice::Ours),
            Cause::Order => Kind::Moved,
            _ => Kind::Changed,
        };
        let is_taken = self.asked(kind, path.to_owned(), triple);
        Some(if is_taken { Choice::Theirs } else { Choice::Ours })
    }

    /// Of what is new in theirs, leaves out what nobody chose.
    pub fn leave_unchosen(&mut self, inserted: &mut BTreeSet<At<Theirs>>) {
        if self.choose.is_none() {
            return;
        }
        for theirs in std::mem::take(inserted) {
            let triple = Triple { base: None, ours: None, theirs: Some(theirs) };
            if self.is_chosen(Kind::Added, triple) {
                inserted.insert(theirs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is there after taking these paths, and what was offered besides.
    fn check(ours: &str, theirs: &str, take: &[&str], text: &str, offered: &[&str]) {
        let [here, there] = [ours, theirs].map(|source| Tree::parse(source).expect("parses"));
        let choose = |what: &Otherwise| take.contains(&what.path.as_str());
        let found = select(&here, &there, Around::default(), &choose).expect("parses");
        assert_eq!(String::from_utf8_lossy(&found.text), text, "{ours} and {theirs}");
        let paths: Vec<_> = found.offered.iter().map(|offer| offer.what.path.as_str()).collect();
        assert_eq!(paths, offered, "{ours} and {theirs}");
    }

    #[test]
    fn what_nobody_chose_is_offered_and_nothing_changes() {
        let ours = "server { listen 80; server_name a; sendfile on; mine; location / { x; } }";
        check(
            ours,
            "server { listen 80; server_name a; sendfile off; location / { x; y; } location /n { z; } }",
            &[],
            ours,
            &[
                "server a:80 / sendfile",
                "server a:80 / mine",
                "server a:80 / location /n",
                "server a:80 / location / / y",
            ],
        );
    }

    #[test]
    fn each_kind_is_taken_by_its_path() {
        check("a { gzip on; }", "a { gzip off; }", &["a / gzip"], "a { gzip off; }", &[]);
        check("a { gzip on; }", "a { gzip off; }", &[], "a { gzip on; }", &["a / gzip"]);
        check("a { b; c; }", "a { c; }", &["a / b"], "a { c; }", &[]);
        check("a { c; }", "a { b { d; } c; }", &["a / b"], "a { b { d; } c; }", &[]);
        check(
            "a { allow x; deny all; }",
            "a { deny all; allow x; }",
            &[],
            "a { allow x; deny all; }",
            &["a / order of allow and deny"],
        );
    }

    #[test]
    fn what_is_taken_brings_the_names_that_it_uses() {
        let theirs =
            "upstream u { server x; } map $a $b { c d; } s { location /x { proxy_pass http://u/$b; } }";
        check(
            "s { y; }",
            theirs,
            &["s / location /x"],
            "upstream u { server x; }\nmap $a $b { c d; }\ns { y; location /x { proxy_pass http://u/$b; } }",
            &["s / y"],
        );
        check("s { y; }", theirs, &[], "s { y; }", &["upstream u", "map $a $b", "s / y", "s / location /x"]);
    }

    #[test]
    fn a_name_that_nobody_defines_is_said() {
        let [here, there] =
            ["s { y; }", "s { y; limit_req zone=z; }"].map(|source| Tree::parse(source).expect("parses"));
        let found = select(&here, &there, Around::default(), &|_| true).expect("parses");
        assert_eq!(found.lacks, BTreeSet::from([(Sort::Zone, "z".to_owned())]));
    }

    #[test]
    fn a_placeholder_is_neither_taken_nor_offered() {
        let named = "server { listen 80; server_name a; location / { proxy_pass http://b; } }";
        let placeholder = named.replace("server_name a", "server_name _");
        check(named, &placeholder, &[], named, &[]);
    }
}
