//! A secret planted somewhere in any configuration: it is not in the redacted text, which keeps its lines.
//!
//! Invariant: what surrounds a secret never saves it, and a text that parses is redacted to one that is as long in
//! lines. Which words are secret is the table's business and not judged here: the planted ones are plain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::{
    DirectiveId, Edits, Place, Tree, redact_arguments, redact_name, redact_source, redact_text, redact_tree,
    splice,
};

const SECRET: &str = "Zq7PlantedX2vW9";

/// Directives that hand a secret on, wherever they stand.
const PLANTS: [&str; 8] = [
    "proxy_set_header Authorization \"Bearer Zq7PlantedX2vW9\";",
    "proxy_set_header X-Api-Token Zq7PlantedX2vW9;",
    "add_header X-Auth-Token 'Zq7PlantedX2vW9' always;",
    "set $api_secret \"Zq7PlantedX2vW9\";",
    "fastcgi_param DB_PASSWORD Zq7PlantedX2vW9;",
    "proxy_pass http://admin:Zq7PlantedX2vW9@127.0.0.1:9000/;",
    "secure_link_secret Zq7PlantedX2vW9;",
    "env DB_PASSWORD=Zq7PlantedX2vW9;",
];

/// Blocks whose entries are no directives, whatever they are called.
const LISTS: [&str; 4] = ["map", "geo", "split_clients", "types"];

/// Lines in which a secret is said, as NGINX or a person would.
const LINES: [&str; 5] = [
    "Authorization: Bearer Zq7PlantedX2vW9",
    "password=Zq7PlantedX2vW9",
    "https://admin:Zq7PlantedX2vW9@db.example.test/x",
    "GET /login?token=Zq7PlantedX2vW9&x=1",
    "api_key: \"Zq7PlantedX2vW9\"",
];

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (place, which, source) = input;
    // Where the surroundings have the word themselves, nothing was planted.
    if contains(source, SECRET.as_bytes()) {
        return;
    }
    in_text(&String::from_utf8_lossy(source), which);
    let Ok(tree) = Tree::parse(source) else {
        // Not a file of NGINX's: redacted by what it looks like, and still in as many lines.
        let _ = redact_source(source);
        return;
    };
    keeps_its_lines(&tree);
    in_a_directive(&tree, PLANTS[usize::from(which) % PLANTS.len()], place);
});

fn in_a_directive(tree: &Tree, plant: &str, place: u16) {
    let mut edits = Edits::new(tree);
    let place = match tree.walk().nth(usize::from(place)) {
        // There stand values, and no directives.
        Some(id) if LISTS.iter().any(|name| is_within(tree, id, name)) => return,
        Some(id) => Place::Block(id),
        None => Place::Top,
    };
    let planted = edits.append_to(place, plant);
    let (Ok(()), Ok(splices)) = (planted, edits.finish()) else { return };
    let bytes = splice(tree.source(), &splices).expect("finished edits apply");
    let after = Tree::parse(bytes).expect("finished edits parse");
    let shown = redact_tree(&after);
    assert!(!contains(&shown, SECRET.as_bytes()), "{}", String::from_utf8_lossy(&shown));
    keeps_its_lines(&after);
    for id in after.walk() {
        let shown = format!("{} {}", redact_name(&after, id), redact_arguments(&after, id));
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

fn is_within(tree: &Tree, id: DirectiveId, name: &str) -> bool {
    std::iter::successors(Some(id), |id| tree.directive(*id).parent).any(|id| tree.directive(id).is(name))
}

fn in_text(surroundings: &str, which: u8) {
    let line = LINES[usize::from(which) % LINES.len()];
    // On a line of its own, so that no quote or word of the surroundings becomes a part of it.
    let text = format!("{surroundings}\n{line}\n{surroundings}");
    let shown = redact_text(&text);
    assert!(!shown.contains(SECRET), "{shown}");
}

fn keeps_its_lines(tree: &Tree) {
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines(&redact_tree(tree)), lines(tree.source()));
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
