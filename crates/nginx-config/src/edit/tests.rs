//! What edits leave behind, by example and by property.
//!
//! Invariant: every expectation is a whole source, so that a byte changed
//! anywhere fails. Nothing here looks inside of `Edits`.

use super::*;
use proptest::prelude::*;

/// The directive called `name`, which stands once in the source.
fn find(tree: &Tree, name: &str) -> DirectiveId {
    tree.walk().find(|&id| tree.directive(id).is(name)).expect("the directive is there")
}

fn edited(source: &str, edit: impl FnOnce(&Tree, &mut Edits<'_>) -> Result<(), EditError>) -> String {
    let tree = Tree::parse(source).expect("valid");
    let mut edits = Edits::new(&tree);
    edit(&tree, &mut edits).expect("edits");
    let splices = edits.finish().expect("finishes");
    String::from_utf8(splice(tree.source(), &splices).expect("splices")).expect("UTF-8")
}

fn before(source: &str, name: &str, text: &str) -> String {
    edited(source, |tree, edits| edits.insert_before(find(tree, name), text))
}

fn after(source: &str, name: &str, text: &str) -> String {
    edited(source, |tree, edits| edits.insert_after(find(tree, name), text))
}

fn append(source: &str, name: &str, text: &str) -> String {
    edited(source, |tree, edits| edits.append_to(Place::Block(find(tree, name)), text))
}

fn prepend(source: &str, name: &str, text: &str) -> String {
    edited(source, |tree, edits| edits.prepend_to(Place::Block(find(tree, name)), text))
}

fn remove(source: &str, name: &str) -> String {
    edited(source, |tree, edits| {
        edits.remove(find(tree, name));
        Ok(())
    })
}

const BLOCK: &str = "n {\n    x;\n}";

#[test]
fn lines_go_between_lines() {
    let file = "s {\n  # of a\n  a; # behind\n\n  b;\n}\n";
    assert_eq!(before(file, "a", BLOCK), "s {\n  n {\n    x;\n  }\n  # of a\n  a; # behind\n\n  b;\n}\n");
    assert_eq!(after(file, "a", "n;"), "s {\n  # of a\n  a; # behind\n  n;\n\n  b;\n}\n");
    assert_eq!(before(file, "b", "n;"), "s {\n  # of a\n  a; # behind\n\n  n;\n  b;\n}\n");
    assert_eq!(append(file, "s", "# c\nn;"), "s {\n  # of a\n  a; # behind\n\n  b;\n  # c\n  n;\n}\n");
    assert_eq!(prepend(file, "s", "n;"), "s {\n  n;\n  # of a\n  a; # behind\n\n  b;\n}\n");
    assert_eq!(append("s {\r\n\ta;\r\n}\r\n", "s", BLOCK), "s {\r\n\ta;\r\n\tn {\r\n\t\tx;\r\n\t}\r\n}\r\n");
}

#[test]
fn blocks_on_one_line_are_opened_where_needed() {
    let file = "s { a; b; }\n";
    assert_eq!(before(file, "b", "n;"), "s { a; n; b; }\n");
    assert_eq!(after(file, "a", "n;"), "s { a; n; b; }\n");
    assert_eq!(append(file, "s", "n;"), "s { a; b; n; }\n");
    assert_eq!(prepend(file, "s", "n;"), "s { n; a; b; }\n");
    assert_eq!(append(file, "s", BLOCK), "s { a; b;\n    n {\n        x;\n    }\n}\n");
    assert_eq!(prepend(file, "s", BLOCK), "s {\n    n {\n        x;\n    }\n    a; b; }\n");
    assert_eq!(before(file, "b", "n; # c"), "s { a;\n    n; # c\n    b; }\n");
    assert_eq!(after(file, "b", BLOCK), "s { a; b;\n    n {\n        x;\n    }\n}\n");
    assert_eq!(after(file, "a", BLOCK), "s { a;\n    n {\n        x;\n    }\n    b; }\n");
    assert_eq!(append("s{}", "s", "n;"), "s{ n; }");
    assert_eq!(append("s { }", "s", "n;"), "s { n; }");
    assert_eq!(append("s {\n}\n", "s", "n;"), "s {\n    n;\n}\n");
    assert_eq!(append("h {\n  s {}\n}\n", "s", BLOCK), "h {\n  s {\n    n {\n      x;\n    }\n  }\n}\n");
}

#[test]
fn the_top_and_the_end_of_a_file_are_places_too() {
    let append = |source| edited(source, |_, edits| edits.append_to(Place::Top, "n;"));
    let prepend = |source| edited(source, |_, edits| edits.prepend_to(Place::Top, "n;"));
    assert_eq!(append(""), "n;\n");
    assert_eq!(append("a;"), "a;\nn;");
    assert_eq!(append("a;\r\nb; # c\r\n"), "a;\r\nb; # c\r\nn;\r\n");
    assert_eq!(append("# only"), "# only\nn;");
    assert_eq!(prepend("# head\na;\n"), "n;\n# head\na;\n");
}

#[test]
fn removals_take_their_lines_along() {
    let file = "s {\n  # of a\n  a; # behind\n\n  b;\n\n  c;\n}\n";
    assert_eq!(remove(file, "a"), "s {\n  # of a\n\n  b;\n\n  c;\n}\n");
    assert_eq!(remove(file, "b"), "s {\n  # of a\n  a; # behind\n\n  c;\n}\n");
    let with_comments = edited(file, |tree, edits| {
        edits.remove_with_comments(find(tree, "a"));
        Ok(())
    });
    assert_eq!(with_comments, "s {\n\n  b;\n\n  c;\n}\n");
    assert_eq!(remove("s { a; b; }", "a"), "s { b; }");
    assert_eq!(remove("s { a; b; }", "b"), "s { a; }");
    assert_eq!(remove("a;\nb {\n x;\n}", "b"), "a;");
    let both = edited("  a; b;\n", |tree, edits| {
        edits.remove(find(tree, "a"));
        edits.remove(find(tree, "b"));
        Ok(())
    });
    assert_eq!(both, "  \n");
}

#[test]
fn replacements_keep_the_comments_around() {
    let replace = |source, name, text| edited(source, |tree, edits| edits.replace(find(tree, name), text));
    let file = "s {\n\t# of a\n\ta; # behind\n\tb { c; } d;\n}\n";
    assert_eq!(replace(file, "a", "n 1;"), "s {\n\t# of a\n\tn 1; # behind\n\tb { c; } d;\n}\n");
    assert_eq!(
        replace(file, "b", "n {\n    x;\n}"),
        "s {\n\t# of a\n\ta; # behind\n\tn {\n\t\tx;\n\t} d;\n}\n"
    );
    assert_eq!(replace("s { a; b; }", "a", "n; # c"), "s { n; # c\n     b; }");
}

#[test]
fn several_edits_keep_the_order_of_the_calls() {
    let both = edited("a;\nb;\n", |tree, edits| {
        edits.insert_after(find(tree, "a"), "one;")?;
        edits.insert_before(find(tree, "b"), "two;")?;
        edits.remove(find(tree, "b"));
        edits.append_to(Place::Top, "three;")
    });
    assert_eq!(both, "a;\none;\ntwo;\nthree;\n");
}

#[test]
fn what_would_break_the_file_is_refused() {
    let tree = Tree::parse("map $a $b {\n    x y;\n}\nuser www;\n").expect("valid");
    let (map, user) = (find(&tree, "map"), find(&tree, "user"));
    let mut edits = Edits::new(&tree);
    for text in ["a", "a; }", "} a {", "\"a;"] {
        assert!(matches!(edits.insert_before(user, text), Err(EditError::Text(_))), "{text:?}");
    }
    assert!(matches!(edits.append_to(Place::Block(user), "a;"), Err(EditError::NoBlock(_))));
    assert_eq!(edits.replace(user, "# nothing"), Err(EditError::NoDirective));
    assert_eq!(edits.clone().finish(), Ok(Vec::new()));
    edits.append_to(Place::Block(map), "s { z; }").expect("parses on its own");
    assert!(matches!(edits.finish(), Err(EditError::Result(_))));
    let mut edits = Edits::new(&tree);
    edits.replace(user, "a;").expect("parses");
    edits.replace(user, "b;").expect("parses");
    assert!(matches!(edits.finish(), Err(EditError::Overlap(_))));
}

/// Sources of directives named apart from `n`, in many layouts.
fn sources() -> impl Strategy<Value = String> {
    let gap = prop_oneof![Just(""), Just(" "), Just("\n"), Just("\r\n"), Just("\n\n\t"), Just("\n  # c\n  ")];
    let leaf =
        prop_oneof![Just("a;"), Just("b 'x\n y' ;"), Just("c_by_lua_block { '}' }")].prop_map(String::from);
    let list = leaf.prop_recursive(4, 40, 5, move |inner| {
        let gap = gap.clone();
        (prop::collection::vec((inner, gap.clone()), 0..5), gap).prop_map(|(items, gap)| {
            let body: String = items.into_iter().map(|(item, gap)| item + gap).collect();
            format!("blk 1 {{{gap}{body}}}")
        })
    });
    (prop::collection::vec(list, 0..4), prop_oneof![Just(""), Just("\n"), Just("  \n")])
        .prop_map(|(blocks, end)| blocks.join("\n") + end)
}

/// Every place at which something can be inserted.
#[derive(Debug, Clone, Copy)]
enum Spot {
    Before,
    After,
    Prepend,
    Append,
}

fn insert(edits: &mut Edits<'_>, spot: Spot, id: DirectiveId, text: &str) -> Result<(), EditError> {
    match spot {
        Spot::Before => edits.insert_before(id, text),
        Spot::After => edits.insert_after(id, text),
        Spot::Prepend => edits.prepend_to(Place::Block(id), text),
        Spot::Append => edits.append_to(Place::Block(id), text),
    }
}

/// Name and parent of every directive, the inserted ones left out.
fn outline(tree: &Tree) -> Vec<(String, usize)> {
    let old = |id: &DirectiveId| !tree.directive(*id).is("n") && !tree.directive(*id).is("x");
    let depth = |id| std::iter::successors(Some(id), |&id| tree.directive(id).parent).count();
    tree.walk().filter(old).map(|id| (tree.directive(id).name.text().into_owned(), depth(id))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn insertions_arrive_and_can_be_taken_back(
        source in sources(),
        index in any::<prop::sample::Index>(),
        spot in prop_oneof![Just(Spot::Before), Just(Spot::After), Just(Spot::Prepend), Just(Spot::Append)],
        text in prop_oneof![Just("n 1;"), Just(BLOCK)],
    ) {
        let tree = Tree::parse(source.clone()).expect("generated sources are valid");
        prop_assume!(!tree.is_empty());
        let id = DirectiveId(u32::try_from(index.index(tree.len())).expect("small"));
        let mut edits = Edits::new(&tree);
        if let Err(error) = insert(&mut edits, spot, id, text) {
            prop_assert!(matches!(error, EditError::NoBlock(_)), "{error}");
            return Ok(());
        }
        let splices = edits.finish().expect("finishes");
        let result = Tree::parse(splice(tree.source(), &splices).expect("splices")).expect("parses");
        prop_assert_eq!(outline(&result), outline(&tree));
        let new = find(&result, "n");
        let siblings = result.children(result.directive(new).parent);
        let at = siblings.iter().position(|&sibling| sibling == new).expect("among its siblings");
        let neighbour = |at: usize| siblings.get(at).map(|&id| result.directive(id).name.text().into_owned());
        let name = tree.directive(id).name.text().into_owned();
        match spot {
            Spot::Before => prop_assert_eq!(neighbour(at + 1), Some(name)),
            Spot::After => prop_assert_eq!(neighbour(at - 1), Some(name)),
            Spot::Prepend => prop_assert_eq!(at, 0),
            Spot::Append => prop_assert_eq!(at, siblings.len() - 1),
        }
        let mut undo = Edits::new(&result);
        undo.remove(new);
        let undone = splice(result.source(), &undo.finish().expect("finishes")).expect("splices");
        // A line that was broken stays broken; whole lines leave nothing behind.
        let starts_line = |at: usize| at == 0 || tree.source()[at - 1] == b'\n';
        if splices.len() == 1 && starts_line(splices[0].range.start) && splices[0].text.ends_with(b"\n") {
            prop_assert_eq!(String::from_utf8_lossy(&undone), source);
        } else {
            let tidy = |bytes: &[u8]| bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
            prop_assert_eq!(tidy(&undone), tidy(source.as_bytes()));
        }
    }

    #[test]
    fn removals_leave_the_others(source in sources(), index in any::<prop::sample::Index>()) {
        let tree = Tree::parse(source).expect("generated sources are valid");
        prop_assume!(!tree.is_empty());
        let id = DirectiveId(u32::try_from(index.index(tree.len())).expect("small"));
        let mut edits = Edits::new(&tree);
        edits.remove(id);
        let result = splice(tree.source(), &edits.finish().expect("finishes")).expect("splices");
        let gone = tree.directive(id).span;
        let kept = |one: &DirectiveId| {
            let span = tree.directive(*one).span;
            span.start < gone.start || span.start >= gone.end
        };
        let result = Tree::parse(result).expect("parses");
        prop_assert_eq!(result.len(), tree.walk().filter(kept).count());
    }
}
