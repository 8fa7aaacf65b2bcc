//! Any file and any text, parted by a line of `%%`, and any place: an edit
//! that is handed out parses, and keeps every directive that was there.
//!
//! Invariant: an edit is refused or right; it never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::{Edits, Place, Tree, splice};

const PART: &[u8] = b"\n%%\n";

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (index, action, rest) = input;
    let parted = rest.windows(PART.len()).position(|bytes| bytes == PART);
    let (source, text) = parted.map_or((rest, &b""[..]), |end| (&rest[..end], &rest[end + PART.len()..]));
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
