//! One server's file as learning sees it: its directives, its words without
//! what only this server is called, and what its server blocks look like.
//!
//! Invariant: facts of this one file; no other file is asked.

use crate::diff::at::{Any, At, Table};
use crate::diff::outline::{Meanings, Outline};
use crate::diff::trivia::Units;
use crate::likeness::{Features, features, masked, own_names};
use crate::tree::Tree;
use std::collections::HashMap;

/// One server's file.
#[derive(Debug)]
pub struct File<'s> {
    /// Its directives.
    pub outline: Outline<'s>,
    /// Its comments.
    pub units: Units<'s>,
    /// The arguments of each directive, a blank for each name of this server.
    pub masked: Table<Any, Vec<Vec<u8>>>,
    /// What its server blocks look like.
    pub servers: HashMap<At, Features>,
}

impl<'s> File<'s> {
    /// Reads a tree.
    pub fn of(tree: &'s Tree) -> Self {
        let outline = Outline::of_tree(tree, &mut Meanings::default());
        let names = own_names(&outline);
        let words = outline
            .items
            .iter()
            .map(|item| item.directive().args.iter().map(|word| masked(word.value, &names)).collect())
            .collect();
        let servers = features(&outline);
        Self { outline, units: Units::of(tree), masked: Table::new(words), servers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_server_are_blanks_wherever_they_stand() {
        let tree = Tree::parse(
            "server { server_name cc.a.test _; access_log /var/log/cc.a.test-access.log; \
             return 301 https://CC.a.test$request_uri; x xcc.a.test old.cc.a.test); y localhost; }",
        )
        .unwrap();
        let file = File::of(&tree);
        let ids: Vec<_> = tree.walk().collect();
        let shown = |index: usize| String::from_utf8(file.masked[At::of(ids[index])].concat()).unwrap();
        assert_eq!(shown(2), "/var/log/<any:name>-access.log");
        assert_eq!(shown(3), "301https://<any:name>$request_uri");
        assert_eq!(shown(4), "xcc.a.testold.<any:name>)");
        assert_eq!(shown(5), "localhost");
    }
}
