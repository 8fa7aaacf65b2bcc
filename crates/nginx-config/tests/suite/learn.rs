//! The vendor's text, learned from made-up fleets of which it is known what is whose.
//!
//! Invariant: what is measured is said when a test fails; the fleets are drawn by fixed seeds.

use crate::fleet::{Drawn, Generation, fleet, genuine};
use nginx_config::Tree;
use nginx_config::learn::{Learned, Part, Percent, learn};
use nginx_config::merge::{Resolutions, distance, fill_base, merge};

fn percent(number: usize) -> Percent {
    Percent::new(number).unwrap()
}

fn learned(fleet: &[Drawn]) -> Learned {
    let trees: Vec<Tree> = fleet.iter().map(|server| Tree::parse(server.text.clone()).unwrap()).collect();
    learn(&trees.iter().collect::<Vec<_>>(), percent(80))
}

/// How many of the vendor's directives the base has, and how many it has that are none of the vendor's.
fn measured(base: &Learned, generation: Generation) -> (usize, usize, usize) {
    let vendor = Tree::parse(genuine(generation)).unwrap();
    let base = fill_base(&Tree::parse(base.text.clone()).unwrap(), &vendor).unwrap();
    let (found, own) = (distance(&vendor, &base), distance(&base, &vendor));
    (found.found, found.total, own.total - own.found)
}

/// The local changes of a server against a base, as the fleet says them.
fn locals(base: &Tree, server: &Drawn) -> Vec<String> {
    let ours = Tree::parse(server.text.clone()).unwrap();
    // The vendor changed nothing: every difference is the customer's.
    let filled = fill_base(base, &ours).unwrap();
    let merged = merge(base, &ours, &filled, &Resolutions::none()).unwrap();
    assert!(merged.conflicts.is_empty() && merged.doubts.is_empty(), "{:#?}", merged.conflicts);
    let mut found: Vec<String> = merged.lists.carried.iter().map(said).collect();
    found.sort();
    found
}

fn said(local: &nginx_config::merge::Local) -> String {
    let words: Vec<&str> = local.directive.split(' ').collect();
    let kind = format!("{:?}", local.kind).to_lowercase();
    let label = match words[0] {
        "server" => "server".to_owned(),
        "location" | "include" | "allow" => local.directive.clone(),
        "add_header" => words[..2].join(" "),
        name => name.to_owned(),
    };
    format!("{kind} {label}")
}

#[test]
fn of_thirty_servers_the_vendors_text_is_found_and_each_customers_changes_are_his() {
    for seed in [1, 2, 3] {
        let fleet = fleet(seed, 30, Generation::Legacy);
        let base = learned(&fleet);
        let text = String::from_utf8(base.text.clone()).unwrap();
        let (found, total, foreign) = measured(&base, Generation::Legacy);
        assert!(found * 100 >= total * 99, "seed {seed}: {found} of {total}\n{text}");
        assert_eq!(foreign, 0, "seed {seed}\n{text}");
        for server in &fleet {
            assert!(!text.contains(&server.name), "{} in\n{text}", server.name);
        }
        assert!(!text.contains("t0p-s3cret") && !text.contains("whatsapp"), "{text}");
        let tree = Tree::parse(base.text).unwrap();
        for server in &fleet {
            assert_eq!(locals(&tree, server), server.own, "seed {seed}\n{}\n{text}", server.text);
        }
    }
}

/// The vendor's new text as it ships it: nobody's names, and some settings of its own.
fn update() -> Tree {
    let text = genuine(Generation::New)
        .replace("cc.genuine.test", "example.com")
        .replace("listen 443 ssl", "listen 443 ssl http2")
        .replace("gzip_min_length 1024", "gzip_min_length 512")
        .replace("proxy_read_timeout 3600s", "proxy_read_timeout 7200s");
    Tree::parse(text).unwrap()
}

#[test]
fn with_a_learned_base_the_next_update_keeps_each_servers_own_and_conflicts_are_few() {
    let fleet = fleet(4, 30, Generation::Legacy);
    let base = Tree::parse(learned(&fleet).text).unwrap();
    let theirs = update();
    let (mut clean, mut conflicts) = (0, 0);
    for server in &fleet {
        let ours = Tree::parse(server.text.clone()).unwrap();
        let merged = merge(&base, &ours, &theirs, &Resolutions::none()).unwrap();
        assert!(merged.doubts.is_empty(), "{:?}", merged.doubts);
        conflicts += merged.conflicts.len();
        // Only what the customer changed and the vendor changed as well.
        for conflict in &merged.conflicts {
            assert!(conflict.path.contains("gzip_min_length"), "{}", conflict.path);
        }
        let Ok(text) = merged.text() else { continue };
        clean += 1;
        let text = std::str::from_utf8(text).unwrap();
        assert!(!text.contains("example.com") && !text.contains("<any:"), "{text}");
        assert!(text.contains("location ^~ /user-ui/") && text.contains("7200s"), "{text}");
        assert!(!text.contains("/classic/"), "{text}");
        // Name, port, certificate, upstream and log stay the server's.
        for own in ["listen", "server_name", "ssl_certificate ", "proxy_pass", "access_log"] {
            let of = |text: &str| -> Vec<String> {
                let lines = text.lines().map(str::trim).filter(|line| line.starts_with(own));
                let words = lines.map(|line| line.split([' ', ';']).nth(1).unwrap().replace(['\'', '"'], ""));
                let mut words: Vec<_> = words.collect();
                words.sort();
                words.dedup();
                words
            };
            assert_eq!(of(text), of(&server.text), "{own}\n{text}");
        }
        let mut found: Vec<String> = merged.lists.carried.iter().map(said).collect();
        found.extend(merged.lists.already_present.iter().map(said));
        found.sort();
        assert_eq!(found, server.own, "{text}");
    }
    assert!(clean >= 27 && conflicts <= 3, "{clean} of 30 merge, {conflicts} conflicts");
}

#[test]
fn three_servers_are_enough_for_what_all_three_have_and_one_has_nothing_in_common_with_nobody() {
    let fleet = fleet(5, 3, Generation::Legacy);
    let base = learned(&fleet);
    let (found, total, _) = measured(&base, Generation::Legacy);
    // Of three, four fifths are all three: what one of them threw away is not found.
    assert!(found * 100 >= total * 93, "{found} of {total}");
    assert!(base.directives.iter().all(|shared| shared.servers == 3));
    // Of one, everything is shared by all; the caller says that this tells nothing.
    assert_eq!(learned(&fleet[..1]).left_out.len(), 0);
    assert!(learned(&[]).text.is_empty());
}

#[test]
fn two_hundred_servers_take_little_more_than_ten_times_twenty() {
    let mut fleet = fleet(6, 200, Generation::Legacy);
    // What each customer has alone must not count against all others.
    for (at, server) in fleet.iter_mut().enumerate() {
        let own = (0..60).map(|n| {
            format!("location /own{at}/{n}/ {{ proxy_pass http://127.0.0.1:{n}; expires {n}s; }}\n")
        });
        let own: String = own.collect();
        server.text = server.text.replacen("location /socket.io/", &(own + "location /socket.io/"), 1);
    }
    let time = |servers: &[Drawn]| {
        let start = std::time::Instant::now();
        let base = learned(servers);
        let (found, total, foreign) = measured(&base, Generation::Legacy);
        assert!(found * 100 >= total * 99 && foreign == 0, "{found} of {total}, {foreign}");
        start.elapsed()
    };
    let (few, many) = (time(&fleet[..20]), time(&fleet));
    let tree = Tree::parse(learned(&fleet[..20]).text).unwrap();
    let own = locals(&tree, &fleet[0]).into_iter().filter(|change| change.contains("/own0/")).count();
    assert_eq!(own, 60);
    // Ten times as many; the bound is loose, since tests share a machine. Quadratic would be a hundred times.
    assert!(many < few * 40 + std::time::Duration::from_secs(2), "{few:?} and {many:?}");
}

#[test]
fn two_generations_are_never_mixed_and_strangers_are_told() {
    let mut mixed = fleet(7, 20, Generation::Legacy);
    mixed.extend(fleet(8, 10, Generation::New));
    mixed.push(Drawn {
        text: "server { listen 80; root /srv/www; location /a { deny all; } }".to_owned(),
        name: "other".to_owned(),
        own: Vec::new(),
    });
    let base = learned(&mixed);
    assert_eq!(base.used, 20);
    let (found, total, foreign) = measured(&base, Generation::Legacy);
    assert!(found * 100 >= total * 99 && foreign == 0, "{found} of {total}, {foreign}");
    let parts: Vec<Part> = base.files.iter().map(|file| file.part).collect();
    assert!(parts[..20].iter().all(|part| *part == Part::Learned), "{parts:?}");
    assert!(parts[20..30].iter().all(|part| matches!(part, Part::OtherGeneration(1))), "{parts:?}");
    assert_eq!(parts[30], Part::Outlier);
    // A server of the other generation has most of this one's text, a stranger next to nothing.
    assert!(base.files[25].found * 10 > base.directives.len() * 7);
    assert!(base.files[30].found * 10 < base.directives.len());
}

#[test]
fn a_few_servers_that_are_ahead_are_told_as_well() {
    let mut mixed = fleet(10, 27, Generation::Legacy);
    mixed.extend(fleet(11, 4, Generation::New));
    let base = learned(&mixed);
    assert_eq!(base.used, 27);
    assert!(base.files[27..].iter().all(|file| file.part == Part::OtherGeneration(1)), "{:?}", base.files);
    // Among servers of one generation none is told apart, whatever they added.
    for seed in 20..30 {
        let base = learned(&fleet(seed, 12, Generation::New));
        assert_eq!(base.used, 12, "seed {seed}: {:?}", base.files);
    }
}

#[test]
fn what_many_customers_have_is_told_as_left_out_and_nobodys_name_with_it() {
    let fleet = fleet(9, 30, Generation::Legacy);
    let base = learned(&fleet);
    let bridge = base.left_out.iter().find(|out| out.path.contains("/whatsapp-bridge/")).unwrap();
    assert!(bridge.servers >= 12 && bridge.servers < 24 && bridge.directives == 5, "{bridge:?}");
    let all: Vec<&str> = base.left_out.iter().map(|out| out.path.as_str()).collect();
    for server in &fleet {
        assert!(!all.iter().any(|path| path.contains(&server.name)), "{all:?}");
    }
    // From a lower share on it is the vendor's, as far as can be told.
    let trees: Vec<Tree> = fleet.iter().map(|server| Tree::parse(server.text.clone()).unwrap()).collect();
    let lower = learn(&trees.iter().collect::<Vec<_>>(), percent(51));
    let text = String::from_utf8(lower.text).unwrap();
    assert_eq!(text.contains("/whatsapp-bridge/"), bridge.servers >= 16, "{text}");
    // A secret is none of the vendor's, however many share it.
    assert!(!text.contains("t0p-s3cret"), "{text}");
}

#[test]
fn one_conflict_on_two_servers_has_one_fingerprint_whatever_was_filled_in() {
    let base = Tree::parse(learned(&fleet(12, 20, Generation::Legacy)).text).unwrap();
    let conflicts = |name: &str, port: &str, timeout: &str| {
        let text = genuine(Generation::Legacy).replace("cc.genuine.test", name).replace("9000", port);
        let text = text.replace("proxy_read_timeout 90s", &format!("proxy_read_timeout {timeout}"));
        let merged = merge(&base, &Tree::parse(text).unwrap(), &update(), &Resolutions::none()).unwrap();
        // The vendor throws away the location in which the customer changed something.
        let [conflict] = &merged.conflicts[..] else { panic!("{:#?}", merged.conflicts) };
        assert!(conflict.general.path.ends_with("location /classic/"), "{conflict:#?}");
        assert!(!conflict.general.path.contains(name), "{conflict:#?}");
        conflict.general.fingerprint.clone()
    };
    let first = conflicts("cc.a.test", "9000", "600s");
    assert_eq!(first, conflicts("motion.b.test", "3456", "600s"));
    assert_ne!(first, conflicts("cc.a.test", "9000", "900s"));
}
