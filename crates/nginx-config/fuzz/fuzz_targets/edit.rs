//! Any file, any text, any place: an edit that is handed out parses, and
//! keeps every directive that was there.
//!
//! Invariant: an edit is refused or right; it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::{Edits, Place, Tree, splice};

fuzz_target!(|input: (&[u8], &[u8], u16, u8)| {
    let (source, text, index, action) = input;
    let Ok(tree) = Tree::parse(source) else { return };
    let Some(id) = tree.walk().nth(usize::from(index)) else { return };
    let mut edits = Edits::new(&tree);
    let done = match action % 6 {
        0 => edits.insert_before(id, text),
        1 => edits.insert_after(id, text),
        2 => edits.prepend_to(Place::Block(id), text),
        3 => edits.append_to(Place::Block(id), text),
        4 => edits.append_to(Place::Top, text),
        _ => {
            edits.remove_with_comments(id);
            Ok(())
        }
    };
    let (Ok(()), Ok(splices)) = (done, edits.finish()) else { return };
    let bytes = splice(tree.source(), &splices).expect("finished edits apply");
    let after = Tree::parse(bytes).expect("finished edits parse");
    if action % 6 < 5 {
        let added = Tree::parse(text).expect("accepted texts parse").len();
        assert_eq!(after.len(), tree.len() + added);
    }
});
