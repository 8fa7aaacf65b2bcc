//! One configuration as differences see it: its directives with their
//! identities, includes expanded, and one number for all that mean the same.
//!
//! Invariant: two directives have one meaning exactly when their words and
//! their blocks do, whatever their spelling; order counts only where it has a
//! meaning to nginx. Numbers can be compared between outlines that were made
//! with one [`Meanings`].

use super::at::{Any, At, Table, Whose};
use crate::config::Config;
use crate::identity::{Identity, OrderClass, meant_words};
use crate::node::Node;
use crate::tree::{Body, Directive, DirectiveId, Tree};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// The number of everything that means the same.
pub type Meaning = u32;

/// Directives by what they mean. Kept whole, so that no hash can deceive.
#[derive(Debug, Default)]
pub struct Meanings(HashMap<Spelled, Meaning>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Spelled {
    words: Vec<Vec<u8>>,
    body: Inside,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Inside {
    Nothing,
    Lua(Vec<u8>),
    Block { free: Vec<Meaning>, ordered: Vec<(OrderClass, Meaning)> },
}

impl Meanings {
    fn number(
        &mut self,
        (block, directive): (Option<Directive<'_>>, Directive<'_>),
        source: &[u8],
        children: &[(Option<OrderClass>, Meaning)],
    ) -> Meaning {
        let body = match directive.body {
            Body::Semicolon => Inside::Nothing,
            Body::Lua { span } => Inside::Lua(source[span.range()].trim_ascii().to_vec()),
            Body::Block { .. } => {
                let mut free: Vec<_> = children
                    .iter()
                    .filter(|(order, _)| order.is_none())
                    .map(|(_, meaning)| *meaning)
                    .collect();
                free.sort_unstable();
                let mut ordered: Vec<_> =
                    children.iter().filter_map(|(order, meaning)| Some(((*order)?, *meaning))).collect();
                ordered.sort_by_key(|(order, _)| *order);
                Inside::Block { free, ordered }
            }
        };
        let next = Meaning::try_from(self.0.len()).expect("fewer directives than 2^32");
        *self.0.entry(Spelled { words: meant_words(block, directive), body }).or_insert(next)
    }
}

/// One directive of an [`Outline`].
#[derive(Debug)]
pub struct Item<'s, S = Any> {
    /// The tree it stands in.
    pub tree: &'s Tree,
    /// The file of that tree, where there are several.
    pub file: Option<&'s Path>,
    /// Its id there.
    pub id: DirectiveId,
    /// The block around it.
    pub parent: Option<At<S>>,
    /// The directives in it.
    pub children: Vec<At<S>>,
    /// How it is recognised.
    pub identity: Identity,
    /// What it means, with all that stands in it.
    pub meaning: Meaning,
    /// Whether somebody chose this server block where several fit.
    pub is_chosen: bool,
}

impl<'s, S> Item<'s, S> {
    /// The directive itself.
    pub fn directive(&self) -> Directive<'s> {
        self.tree.directive(self.id)
    }

    /// Whether it holds directives.
    pub fn is_block(&self) -> bool {
        matches!(self.directive().body, Body::Block { .. })
    }
}

/// A configuration, directives in the order in which nginx reads them.
#[derive(Debug)]
pub struct Outline<'s, S = Any> {
    /// All directives, blocks before what they hold.
    pub items: Table<S, Item<'s, S>>,
    /// Those that stand in no block.
    pub roots: Vec<At<S>>,
    /// Of the blocks that were asked for, how many siblings before each of its directives have the same label.
    pub ordinals: RefCell<HashMap<Option<At<S>>, Vec<u32>>>,
}

/// Where a directive comes from and which block holds it.
type Place<'s, S> = (&'s Tree, Option<&'s Path>, DirectiveId, Option<At<S>>);

impl<'s, S: Whose> Outline<'s, S> {
    /// The outline of one file; each place is that of its directive there.
    pub fn of_tree(tree: &'s Tree, meanings: &mut Meanings) -> Self {
        let place = |id: DirectiveId| (tree, None, id, tree.directive(id).parent.map(At::of));
        Self::build(tree.walk().map(place).collect(), meanings)
    }

    /// The outline of a configuration with its includes expanded.
    pub fn of_config(config: &'s Config, meanings: &mut Meanings) -> Self {
        let mut places: Vec<Place<'s, S>> = Vec::new();
        let mut around: Vec<At<S>> = Vec::new();
        let mut walk = config.walk();
        while let Some(Node { file, directive }) = walk.next() {
            around.truncate(walk.ancestors().len());
            let file = config.file(file);
            places.push((&file.tree, Some(file.path.as_path()), directive, around.last().copied()));
            around.push(At::nth(places.len() - 1));
        }
        Self::build(places, meanings)
    }

    /// The directives in a block, or those outside of all blocks.
    pub fn children(&self, block: Option<At<S>>) -> &[At<S>] {
        block.map_or(&self.roots, |block| &self.items[block].children)
    }

    fn build(places: Vec<Place<'s, S>>, meanings: &mut Meanings) -> Self {
        let places = Table::new(places);
        let mut roots = Vec::new();
        let mut children: Table<S, Vec<At<S>>> = Table::new(vec![Vec::new(); places.len()]);
        for (index, (.., parent)) in places.rows() {
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(index);
        }
        let directive = |index: At<S>| {
            let (tree, _, id, _) = places[index];
            tree.directive(id)
        };
        let mut items: Vec<Item<'s, S>> = Vec::with_capacity(places.len());
        // From the last to the first, so that what a block holds is known before the block.
        for index in places.places().rev() {
            let (tree, file, id, parent) = places[index];
            let children = std::mem::take(&mut children[index]);
            let inside = children.iter().map(|&child| directive(child));
            let identity = Identity::of(parent.map(directive), directive(index), inside);
            let known = |child: At<S>| &items[places.len() - 1 - child.0];
            let held: Vec<_> =
                children.iter().map(|&child| (known(child).identity.order, known(child).meaning)).collect();
            let meaning = meanings.number((parent.map(directive), directive(index)), tree.source(), &held);
            items.push(Item { tree, file, id, parent, children, identity, meaning, is_chosen: false });
        }
        items.reverse();
        Self { items: Table::new(items), roots, ordinals: RefCell::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, MemoryReader};

    /// Whether two sources mean the same.
    fn check(first: &str, second: &str, same: bool) {
        let [first_tree, second_tree] = [first, second].map(|source| Tree::parse(source).expect("parses"));
        let mut meanings = Meanings::default();
        let [one, other] = [&first_tree, &second_tree].map(|tree| {
            let outline: Outline<'_> = Outline::of_tree(tree, &mut meanings);
            outline.items[outline.roots[0]].meaning
        });
        assert_eq!(one == other, same, "{first} and {second}");
    }

    #[test]
    fn spelling_and_free_order_mean_nothing() {
        check("a { b 1; c 'x'; }", "a {\n c \"x\"; # c\n b 1;}", true);
        check("a { b 1; }", "a { b 2; }", false);
        check("a { allow x; b; deny all; }", "a { b; allow x; deny all; }", true);
        check("a { allow x; deny all; }", "a { deny all; allow x; }", false);
        check("a { location ~ x {} location ~ y {} }", "a { location ~ y {} location ~ x {} }", false);
        check("a { location /x {} location /y {} }", "a { location /y {} location /x {} }", true);
        check(
            "server { listen 443 ssl default_server; }",
            "server { listen *:443 default_server ssl; }",
            true,
        );
        check("server { listen [::]:80; }", "server { listen '[::]:80'; }", true);
        check("server { listen 443 ssl; }", "server { listen 443 ssl http2; }", false);
        check("server { listen 443 ssl; }", "server { listen [::]:443 ssl; }", false);
        check(
            "upstream u { server a weight=2 max_fails=3; }",
            "upstream u { server a max_fails=3 weight=2; }",
            true,
        );
        check("upstream u { server a backup; }", "upstream u { server backup a; }", false);
        check("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.3 TLSv1.2;", true);
        check("server_name a b;", "server_name b a;", false);
        check("map $x $y { listen A; }", "map $x $y { listen a; }", false);
        check("x_by_lua_block { a }", "x_by_lua_block {a}", true);
        check("x_by_lua_block { a b }", "x_by_lua_block { a  b }", false);
    }

    #[test]
    fn includes_are_expanded() {
        let reader = MemoryReader::new().with("/n.conf", "a { include b; c; }").with("/b", "d { e; } f;");
        let config = Config::load(Path::new("/n.conf"), Path::new("/"), &reader).expect("loads");
        let outline: Outline<'_> = Outline::of_config(&config, &mut Meanings::default());
        let names = |list: &[At]| -> Vec<_> {
            list.iter().map(|&index| outline.items[index].directive().name.text().into_owned()).collect()
        };
        assert_eq!(names(&outline.roots), ["a"]);
        assert_eq!(names(outline.children(Some(At::nth(0)))), ["d", "f", "c"]);
        assert_eq!(outline.items[At::nth(1)].file, Some(Path::new("/b")));
    }
}
