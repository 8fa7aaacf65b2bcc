//! The pages as a browser shows them: what stands where, in light and dark, wide and narrow.
//!
//! Invariant: a page asks for nothing and complains of nothing, nothing on it is wider than its window, and every text
//! can be read.

use crate::support::binary::{SITE, Server, motionctl};
use crate::support::browser::{Browser, Scheme};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Texts whose colour is too near to what is behind them, by the Web Content Accessibility Guidelines 2.1 (1.4.3).
const HARD_TO_READ: &str = r"(() => {
    const numbers = text => { const all = text.match(/[\d.]+/g).map(Number); return all.length == 3 ? [...all, 1] : all };
    const light = colour => {
        const [r, g, b] = colour.slice(0, 3).map(part => part / 255)
            .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, other) => {
        const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
        return (more + 0.05) / (less + 0.05);
    };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = numbers(getComputedStyle(element).backgroundColor);
            if (colour[3] == 1) return colour;
        }
        return [255, 255, 255];
    };
    const found = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text; text = texts.nextNode();) {
        const element = text.parentElement, style = getComputedStyle(element);
        if (!text.textContent.trim() || element.closest('title, style') || !element.getClientRects().length) continue;
        const node = element.closest('g');
        const front = numbers(node ? style.fill : style.color);
        const back = node ? numbers(getComputedStyle(node.querySelector('rect')).fill) : behind(element);
        const size = parseFloat(style.fontSize);
        const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
        if (ratio(front, back) < least)
            found.add(`${element.tagName}.${element.className.baseVal ?? element.className}: ${ratio(front, back).toFixed(2)}`);
    }
    for (const bar of document.querySelectorAll('.bar')) {
        const seen = ratio(behind(bar), behind(bar.parentElement));
        if (seen < 3) found.add(`bar: ${seen.toFixed(2)}`);
    }
    return [...found];
})()";

/// What is wider than the window.
const TOO_WIDE: &str = r"(() => {
    const window = document.documentElement;
    return window.scrollWidth > window.clientWidth ? [window.scrollWidth, window.clientWidth] : [];
})()";

/// A server with three server blocks of Motion's, and a page of a change to it.
fn page_of_a_change(arguments: &[&str]) -> (Server, PathBuf) {
    let server = Server::copy("customised");
    let second = server.read("etc/nginx/conf.d/motion.conf").replace("cc.example.test", "other.example.test");
    let blocks = &second[second.find("server {").expect("a block")..];
    let last = blocks.rfind("\nserver {").expect("a second block");
    server.write(SITE, format!("{}\n{}\n", server.read(SITE), &blocks[last..]));
    let page = server.at("page.html");
    let path = page.display().to_string();
    let all: Vec<&str> = arguments.iter().copied().chain(["--html", &path]).collect();
    let answer = server.run(&all);
    assert_eq!(answer.code, 0, "{answer:?}");
    (server, page)
}

/// A page of a plan that changes two of five profiles of 40 agents and makes a sixth.
fn page_of_a_seed_plan() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let agents: String = (1..=40)
        .map(|n| format!("  - {{ username: agent{n:02}, fullname: Agent {n}, internal: \"10{n:02}\" }}\n"))
        .collect();
    let profile = |number: usize, members: &[usize]| {
        let members: Vec<_> = members.iter().map(|n| format!("agent{n:02}")).collect();
        format!(
            "  - name: Profile {number}\n    enabled: true\n    agents: {{ mode: exact, members: [{}] }}\n",
            members.join(", ")
        )
    };
    let of = |first: usize, last: usize| (first..=last).collect::<Vec<_>>();
    let before: String = (0..5).map(|n| profile(n + 1, &of(n * 8 + 1, n * 8 + 8))).collect();
    let after: String = [profile(1, &of(2, 9)), profile(2, &of(9, 17)), profile(6, &of(17, 40))].concat();
    std::fs::write(at("before.yaml"), format!("version: 1\nagents:\n{agents}profiles:\n{before}"))
        .expect("a file");
    std::fs::write(at("after.yaml"), format!("version: 1\nagents:\n{agents}profiles:\n{after}"))
        .expect("a file");
    let (database, page) = (format!("sqlite:{}", at("motion.db")), at("page.html"));
    let applied = motionctl(["seed", "apply", &at("before.yaml"), "--db", &database, "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let allowed = ["--prune", "memberships", "--max-delete", "5"];
    let arguments = ["seed", "plan", &at("after.yaml"), "--db", &database, "--html", &page];
    let planned = motionctl(arguments.into_iter().chain(allowed));
    assert_eq!(planned.code, 0, "{planned:?}");
    (folder, page.into())
}

/// Opens a page in both schemes and two widths, and says what is wrong with it.
fn looks_well(browser: &mut Browser, page: &Path) {
    for scheme in [Scheme::Light, Scheme::Dark] {
        for width in [1280, 390] {
            browser.open(page, width, scheme);
            let place = format!("{} at {width}, {scheme:?}", page.display());
            assert_eq!(browser.complaints, Vec::<String>::new(), "{place}");
            assert_eq!(browser.ask(TOO_WIDE), serde_json::json!([]), "{place}");
            assert_eq!(browser.ask(HARD_TO_READ), serde_json::json!([]), "{place}");
        }
    }
}

#[test]
fn a_plan_is_shown_line_beside_line_and_as_a_picture() {
    let Some(mut browser) = Browser::for_test("a page of a plan") else { return };
    let (server, page) = page_of_a_change(&["plan", "--strategy", "replace"]);
    looks_well(&mut browser, &page);
    browser.open(&page, 1280, Scheme::Light);

    let document = server.json(&["plan", "--strategy", "replace"]);
    let unified = document["plan"]["diff"]["unified"].as_str().expect("a difference");
    let lines = |sign: &str, heading: &str| {
        unified.lines().filter(|line| line.starts_with(sign) && !line.starts_with(heading)).count() as u64
    };
    assert_eq!(browser.count(".sides :is(.added, .changed) td.new:not(.none)"), lines("+", "+++"));
    assert_eq!(browser.count(".sides :is(.removed, .changed) td.old:not(.none)"), lines("-", "---"));
    assert_eq!(browser.count(".sides .changed del") > 0, browser.count(".sides .changed ins") > 0);
    let directives = document["plan"]["diff"]["directives"].as_array().expect("directives").len() as u64;
    assert_eq!(browser.count("#change .block .directives li"), directives);
    let lost = document["plan"]["local_changes"]["dropped"].as_array().expect("a list");
    assert!(!lost.is_empty());
    assert_eq!(browser.count("[data-list=lost] .snippet.copy"), lost.len() as u64, "each with its text");

    assert_eq!(browser.count("#routing [data-state=before] svg"), 3);
    assert_eq!(
        browser.count("#routing [data-state=after] svg"),
        2,
        "the whole template has one block of Motion's"
    );
    assert_eq!(browser.texts("#routing .absent"), ["after the change this server block is gone"]);
    assert_eq!(browser.count("#routing [data-state=before] .new"), 0);
    let new = browser.texts("#routing [data-state=after] .location.new text:first-of-type");
    assert!(new.iter().any(|text| text.ends_with("location ^~ /user-ui/")), "{new:?}");
    let gone = browser.texts("#routing [data-state=before] .location.gone text:first-of-type");
    assert!(gone.iter().any(|text| text.starts_with("gone location")), "{gone:?}");
    let edges = browser.count("#routing [data-state=after] .edge");
    assert!(edges >= browser.count("#routing [data-state=after] .location"), "each location leads somewhere");
}

#[test]
fn a_rehearsal_is_shown_on_a_time_line() {
    let Some(mut browser) = Browser::for_test("a page of a rehearsal") else { return };
    let (_server, page) = page_of_a_change(&["rehearse", "--load", "60"]);
    looks_well(&mut browser, &page);
    browser.open(&page, 1280, Scheme::Dark);
    for state in ["before", "after"] {
        assert_eq!(browser.count(&format!("#routing [data-state={state}] svg")), 3, "{state}");
    }
    assert_eq!(browser.count("#routing .server-block:has([data-state=after] .location.new)"), 2);
    let steps = browser.texts(".time li:not(.requests) .step");
    assert_eq!(steps.first().map(String::as_str), Some("starting the private server"), "{steps:?}");
    assert_eq!(browser.count(".time .bar"), steps.len() as u64);
    assert!(browser.count(".requests .column") > 3, "the load is there");
    assert_eq!(browser.count(".requests .during"), 1, "and the reload is marked in it");
    let inside = "[...document.querySelectorAll('.track > span')].every(one => {
        const [part, whole] = [one.getBoundingClientRect(), one.parentElement.getBoundingClientRect()];
        return part.left >= whole.left - 1 && part.right <= whole.right + 1;
    })";
    assert_eq!(browser.ask(inside), true, "nothing stands beside the time line");
    assert_eq!(browser.count(".probes tbody tr b.bad"), 0);
}

#[test]
fn a_seed_plan_is_shown_as_agents_against_profiles() {
    let Some(mut browser) = Browser::for_test("a page of a seed plan") else { return };
    let (_folder, page) = page_of_a_seed_plan();
    looks_well(&mut browser, &page);
    browser.open(&page, 1280, Scheme::Light);
    assert_eq!(browser.texts("#matrix thead th span"), ["Profile 1", "Profile 2", "Profile 6 new"]);
    let mut cell = |agent: &str, profile: &str| {
        let cells = browser.texts(&format!("tr[data-agent={agent}] td[data-profile='{profile}']"));
        assert_eq!(cells.len(), 1, "{agent}, {profile}");
        cells[0].clone()
    };
    assert_eq!(cell("agent01", "Profile 1"), "−");
    assert_eq!(cell("agent02", "Profile 1"), "●");
    assert_eq!(cell("agent09", "Profile 1"), "+");
    assert_eq!(cell("agent09", "Profile 2"), "●");
    assert_eq!(cell("agent33", "Profile 6"), "+");
    assert_eq!(cell("agent33", "Profile 1"), "");
    assert_eq!(browser.count("#matrix td.added"), 26);
    assert_eq!(browser.count("#matrix td.removed"), 1);
    assert_eq!(browser.count("#matrix tbody tr"), 40);
}

#[test]
fn a_report_is_shown_with_its_history() {
    let Some(mut browser) = Browser::for_test("a page of a report") else { return };
    let server = Server::copy("standalone");
    assert_eq!(server.run(&["apply", "--yes"]).code, 0);
    let page = server.at("page.html");
    assert_eq!(server.run(&["report", "--out", &page.display().to_string()]).code, 0);
    looks_well(&mut browser, &page);
    browser.open(&page, 1280, Scheme::Light);
    assert_eq!(browser.count("#past code"), 1, "one backup");
    assert!(browser.texts("#environment th").contains(&"NGINX".to_owned()));
}
