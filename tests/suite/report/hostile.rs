//! Names that would be markup, everywhere where a page shows a text that comes from a server.
//!
//! Invariant: each of them is on the page as it is written, and none of it is an element or an attribute.

use crate::support::browser::{Browser, Scheme};
use motionctl::outcome::{
    AgentRow, BackupSection, Change, Comparison, DatabaseSection, Details, DirectiveChange, DurationSection,
    ErrorSection, Finding, FoundSection, GuessSection, Heading, HostSection, KeptBackup, LocalChange,
    LocalChanges, Matrix, Membership, OfferKind, Offered, Outcome, OutcomeKind, PlanSection, ProbeRow,
    ProblemSection, RouteAnswer, RouteKind, RoutePlace, RouteRow, RoutesRole, RoutesSection, Routing,
    RunSection, ServerRoutes, StepSection, codes,
};
use motionctl::report::page;
use serde_json::json;

/// Ends every context that a page has, and would begin an element with an attribute.
const EVIL: &str = r#"'"></title></style></text></svg></script>--><evil-tag onload="evil()" x='&amp;'>"#;

/// An answer of which every text is hostile; each begins with another number.
fn evil() -> (Outcome, usize) {
    let mut count = 0;
    let mut text = || {
        count += 1;
        format!("{count}{EVIL}")
    };
    let mut outcome = Outcome::new("plan", OutcomeKind::ChangesPending);
    outcome.host = Some(HostSection { name: text(), os: text(), nginx: Some(text()), motion: Some(text()) });
    outcome.database = Some(DatabaseSection {
        server: text(),
        version: text(),
        user: text(),
        host: text(),
        schema: text(),
        transport: text(),
    });
    let finding = Finding::new(codes::SITE_DEAD_UPSTREAM, text());
    outcome.findings = vec![finding.evidence(text()).advice(text())];
    outcome.next(text(), text());
    outcome.plan = Some(plan(&mut text));
    let name = text();
    outcome.comparisons = vec![Comparison::of_file(name.as_ref(), text(), format!("{}\n{}", text(), text()))];
    outcome.routing = Some(Routing { before: routes(&mut text), after: Some(routes(&mut text)) });
    let heading = |name| Heading { name, change: Change::Added };
    outcome.matrix = Some(Matrix {
        profiles: vec![heading(text())],
        agents: vec![AgentRow { agent: heading(text()), cells: vec![Membership::Added] }],
        left_out: 0,
    });
    outcome.probes = vec![ProbeRow {
        server: text(),
        uri: text(),
        before: 200,
        after: None,
        restored: None,
        gated: true,
        ok: true,
        accepted: false,
        note: text(),
    }];
    outcome.backup =
        Some(BackupSection { id: String::new(), path: text(), files: 1, bytes: 1, verified: true });
    outcome.durations = vec![DurationSection { step: text(), millis: 1, at: None }];
    outcome.problems = vec![ProblemSection {
        file: text(),
        line: 1,
        column: 1,
        message: text(),
        hint: Some(text()),
        excerpt: vec![text()],
    }];
    outcome.details = details(&mut text);
    (outcome, count)
}

fn plan(text: &mut impl FnMut() -> String) -> PlanSection {
    let mut local = |take| LocalChange {
        path: text(),
        directive: text(),
        snippet: Some(text()),
        today: Some(text()),
        take,
    };
    let lists = LocalChanges { dropped: vec![local(None)], carried: vec![], ..LocalChanges::default() };
    let guess = LocalChanges { dropped: vec![local(None)], ..LocalChanges::default() };
    let directive = DirectiveChange { path: text(), directive: text(), old: Some(text()), new: Some(text()) };
    let mut plan: PlanSection = serde_json::from_value(json!({
        "id": "", "strategy": text(), "site": text(), "base": text(),
        "steps": [], "local_changes": lists, "diff": { "directives": [directive], "unified": "" },
    }))
    .expect("a plan");
    let step = json!({ "kind": "write-file", "path": text(), "describe": text() });
    plan.steps = vec![serde_json::from_value::<StepSection>(step).expect("a step")];
    plan.differences_from_guess = Some(GuessSection { base: text(), lists: guess });
    plan.offered = vec![Offered {
        kind: OfferKind::Change,
        path: String::new(),
        directive: String::new(),
        old: Some(text()),
        new: Some(text()),
        take: text(),
    }];
    plan
}

fn details(text: &mut impl FnMut() -> String) -> Details {
    let error =
        ErrorSection { message: text(), hint: Some(text()), particulars: Vec::new(), causes: Vec::new() };
    let run = RunSection {
        began: text(),
        ended: Some(text()),
        actor: text(),
        reason: Some(text()),
        command: text(),
        ..RunSection::default()
    };
    let backup = BackupSection { id: text(), path: String::new(), files: 1, bytes: 1, verified: true };
    Details {
        verdict: Some(text()),
        summary: Some(text()),
        rows: Some(vec![vec![text(), text()]]),
        notes: Some(vec![text(), text(), text()]),
        not_seen: Some(vec![text()]),
        environment: Some(vec![[text(), text()]]),
        found: Some(FoundSection { outcome: OutcomeKind::Ok, exit_code: 3, error: Some(error) }),
        runs: Some(vec![run]),
        backups: Some(vec![KeptBackup { backup, created: text(), reason: text() }]),
        ..Details::default()
    }
}

fn routes(text: &mut impl FnMut() -> String) -> RoutesSection {
    let mut place = || RoutePlace { directive: text(), file: text(), line: 1 };
    let (server, block, condition) = (place(), place(), place());
    let answer = RouteAnswer {
        conditions: vec![condition],
        block,
        ended_by: None,
        ends_inside: false,
        kind: RouteKind::Proxy,
        target: text(),
        addresses: vec![text()],
        status: None,
        there: None,
        tried: Vec::new(),
        by_way_of: Vec::new(),
    };
    let row = RouteRow { uri: text(), by: Vec::new(), answers: vec![answer], complete: true };
    let server = ServerRoutes {
        server: text(),
        names: vec![text()],
        listens: vec![text()],
        role: RoutesRole::Motion,
        place: server,
        routes: vec![row],
        patterns: Vec::new(),
        locations_left_out: 0,
        never_asked: None,
    };
    RoutesSection { servers: vec![server], nowhere: Vec::new(), servers_left_out: 0 }
}

#[test]
fn no_name_is_markup_wherever_it_stands() {
    let (outcome, count) = evil();
    let text = page(&outcome, Some(EVIL)).expect("a page");
    assert!(count > 60, "every place is tried: {count}");
    for part in ["<evil", "\"evil()", "</title></style>"] {
        let found = text.lines().find(|line| line.contains(part));
        assert_eq!(found, None, "{part}");
    }
    let Some(mut browser) = Browser::for_test("hostile names on a page") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evil.html");
    std::fs::write(&file, &text).expect("a file");
    browser.open(&file, 390, Scheme::Dark);
    assert_eq!(browser.complaints, Vec::<String>::new());
    assert_eq!(browser.count("evil-tag, [onload], script, iframe, object, embed, form, base"), 0);
    assert_eq!(browser.count("img, link:not([href='data:,']), [src], use, image"), 0);
    assert_eq!(browser.count("footer"), 1, "the page goes on to its end");
    let shown =
        browser.ask("document.documentElement.textContent.split('<evil-tag onload=\"evil()\"').length - 1");
    assert!(shown.as_u64() > Some(60), "they are shown as they are written: {shown}");
}
