//! `base learn`: the vendor's text, found in many servers' files.
//!
//! Invariant: every operand is in the answer, with what became of it. Nothing is said to be the vendor's that one
//! server alone shows, and files of two editions are never mixed.

mod operand;

use crate::cli::args::LearnArgs;
use crate::cli::context::Context;
use crate::cli::files::{IfExists, write_out};
use crate::inspect::{ClientRoute, InCopy, SiteCopy};
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Outcome, OutcomeKind, Row, counted, counted_as, row};
use nginx_config::learn::{Learned, LeftOut, Part, Percent, learn as learn_from};
use operand::open;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Fewer servers may have more in common than the vendor's text.
const FEW: usize = 5;
/// What fewer servers of a hundred have is nobody's question.
const WORTH_TELLING: usize = 20;

/// A server with Motion's file.
struct Server<'a> {
    operand: &'a Path,
    site: SiteCopy,
}

/// Learns a base, and writes it where asked.
pub fn learn(context: &Context, args: &LearnArgs) -> Result<Outcome, Failure> {
    let percent = Percent::new(args.share.into()).expect("the argument's range is that of the type");
    named_once(&args.servers)?;
    let mut findings = Vec::new();
    let mut servers = Vec::new();
    context.progress.stage("reading the servers' files");
    for path in &args.servers {
        match open(path, args.site.as_deref())? {
            InCopy::Site(site) => servers.push(Server { operand: path, site: *site }),
            InCopy::Nothing(why) => findings.push(
                Finding::new(codes::BASE_NO_SITE, "no file of Motion's was found")
                    .evidence(format!("{}: {}", path.display(), nginx_config::redact_text(&why)))
                    .advice("name the file itself, or its place with --site"),
            ),
        }
    }
    if servers.len() < 2 {
        return Err(too_few(servers.len(), findings));
    }
    let (used, others) = by_client(&servers);
    if !others.is_empty() {
        findings.push(editions(&used, &others));
    }
    if used.len() < 2 {
        return Err(too_few(used.len(), findings));
    }
    context.progress.stage("comparing them");
    let trees: Vec<_> = used.iter().map(|server| &server.site.tree).collect();
    let learned = learn_from(&trees, percent);
    findings.extend(self::findings(&used, &learned));
    if learned.directives.is_empty() || learned.used < 2 {
        let title = "these servers share nothing that could be the vendor's";
        let shown = used.iter().map(|server| server.operand.display().to_string());
        findings.push(Finding::new(codes::BASE_NOTHING_SHARED, title).evidence_lines(shown));
        return Err(Failure::new(FailureKind::Refused, title).with_findings(findings));
    }
    let mut outcome = Outcome::new("base learn", OutcomeKind::Ok);
    outcome.findings = findings;
    if let Some(out) = &args.out {
        let standing = if args.force { IfExists::Replace } else { IfExists::Keep };
        let read: Vec<&Path> = args.servers.iter().map(PathBuf::as_path).collect();
        write_out(out, &learned.text, standing, &read)?;
        outcome.details.saved = Some(out.display().to_string());
    }
    let count = learned.directives.len();
    let verdict = format!(
        "{} shared by {} % of {}",
        counted_as(count, "directive is", "directives are"),
        args.share,
        counted(learned.used, "server")
    );
    outcome.set_verdict(verdict);
    outcome.details.rows = Some(rows(&used, &others, &learned));
    outcome.details.add("learned", section(args, &used, &others, &learned));
    Ok(outcome)
}

/// One server that counts twice would decide for others.
fn named_once(servers: &[PathBuf]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for path in servers {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if !seen.insert(real) {
            return Err(Failure::new(FailureKind::Usage, format!("{} is named twice", path.display())));
        }
    }
    Ok(())
}

fn too_few(found: usize, mut findings: Vec<Finding>) -> Failure {
    let title = match found {
        0 => "none of these servers has a file that is known to be Motion's",
        _ => "nothing can be told from one server: its customer's changes look like the vendor's text",
    };
    let finding = Finding::new(codes::BASE_ONE_SERVER, title)
        .evidence(format!("{found} of the operands can be learned from"))
        .advice("name two servers at least; more are better");
    findings.push(finding);
    Failure::new(FailureKind::Refused, title).with_findings(findings)
}

type Group<'a, 's> = Vec<&'a Server<'s>>;

/// The servers to learn from, and those that have another edition of the file, as far as the new client's routes tell:
/// the larger part counts. Who added them does not matter.
fn by_client<'a, 's>(servers: &'a [Server<'s>]) -> (Group<'a, 's>, Group<'a, 's>) {
    let (with, without): (Group<'_, '_>, Group<'_, '_>) =
        servers.iter().partition(|server| server.site.client == ClientRoute::There);
    if with.len() > without.len() { (with, without) } else { (without, with) }
}

fn client(server: &Server<'_>) -> &'static str {
    match server.site.client {
        ClientRoute::There => "with the new client's routes",
        ClientRoute::Missing => "without the new client's routes",
    }
}

/// Servers of two editions.
fn editions(used: &[&Server<'_>], others: &[&Server<'_>]) -> Finding {
    let line = |servers: &[&Server<'_>], what: &str| {
        let shown = servers.first().map_or("", |server| client(server));
        format!("{} {shown}, {what}: {}", servers.len(), operands(servers.iter().copied()))
    };
    generations().evidence(line(used, "learned from")).evidence(line(others, "left out"))
}

fn generations() -> Finding {
    Finding::new(codes::BASE_GENERATIONS, "the servers have different editions of the vendor's file")
        .advice("learn a base of its own from those that were left out")
}

fn operands<'a, 's: 'a>(servers: impl Iterator<Item = &'a Server<'s>>) -> String {
    servers.map(|server| server.operand.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What there is to say about what was learned.
fn findings(used: &[&Server<'_>], learned: &Learned) -> Vec<Finding> {
    let of = |wanted: &dyn Fn(Part) -> bool| {
        let all = used.iter().zip(&learned.files);
        all.filter(|(_, file)| wanted(file.part)).map(|(server, _)| *server).collect::<Vec<_>>()
    };
    let mut findings = Vec::new();
    let numbers: BTreeSet<usize> = learned
        .files
        .iter()
        .filter_map(|file| match file.part {
            Part::OtherGeneration(number) => Some(number),
            Part::Learned | Part::Outlier => None,
        })
        .collect();
    if !numbers.is_empty() {
        let kept = of(&|part| part == Part::Learned);
        let kept = format!("{} learned from: {}", kept.len(), operands(kept.into_iter()));
        findings.push(generations().evidence(kept).evidence_lines(numbers.iter().map(|number| {
            let others = of(&|part| part == Part::OtherGeneration(*number));
            format!("{} left out: {}", others.len(), operands(others.into_iter()))
        })));
    }
    let outliers = of(&|part| part == Part::Outlier);
    if !outliers.is_empty() {
        let finding = Finding::new(codes::BASE_OUTLIER, "servers have little of what the others share")
            .advice("look whether their files are Motion's");
        let line = |server: &&Server| format!("{}: {}", server.operand.display(), server.site.file.display());
        findings.push(finding.evidence_lines(outliers.iter().map(line)));
    }
    if learned.used < FEW {
        findings.push(
            Finding::new(codes::BASE_FEW_SERVERS, "the base was learned from few servers")
                .evidence(format!("{} servers: what all of these customers added is in it", learned.used))
                .advice("read it before it is used, and learn again when there are more servers"),
        );
    }
    let mut near = near(learned).peekable();
    if near.peek().is_some() {
        let finding =
            Finding::new(codes::BASE_LEFT_OUT, "several servers have it, and it is not in the base");
        let line = |out: &LeftOut| format!("{} of {}: {}", out.servers, learned.used, out.path);
        findings.push(finding.evidence_lines(near.map(line)));
    }
    findings
}

/// What was left out and may be worth a look.
fn near(learned: &Learned) -> impl Iterator<Item = &LeftOut> {
    learned.left_out.iter().filter(|out| out.servers * 100 >= learned.used * WORTH_TELLING)
}

fn part(part: Part) -> String {
    match part {
        Part::Learned => "learned from".to_owned(),
        Part::OtherGeneration(number) => format!("another edition ({number})"),
        Part::Outlier => "little in common".to_owned(),
    }
}

/// Each server with how much of the base it has.
fn rows(used: &[&Server<'_>], others: &[&Server<'_>], learned: &Learned) -> Vec<Row> {
    let total = learned.directives.len();
    let own = used.iter().zip(&learned.files).map(|(server, file)| {
        row(&[&server.operand.display(), &format!("{} of {total}", file.found), &part(file.part)])
    });
    let left = others.iter().map(|server| row(&[&server.operand.display(), &"", &client(server)]));
    own.chain(left).collect()
}

/// The answer for programs.
fn section(args: &LearnArgs, used: &[&Server<'_>], others: &[&Server<'_>], learned: &Learned) -> Value {
    let own = used.iter().zip(&learned.files).map(|(server, file)| {
        json!({
            "operand": server.operand.display().to_string(),
            "site": server.site.file.display().to_string(),
            "part": match file.part {
                Part::Learned => "learned",
                Part::OtherGeneration(_) => "other-generation",
                Part::Outlier => "outlier",
            },
            "found": file.found,
        })
    });
    let left = others.iter().map(|server| {
        json!({
            "operand": server.operand.display().to_string(),
            "site": server.site.file.display().to_string(),
            "part": "other-generation",
        })
    });
    let directives = learned
        .directives
        .iter()
        .map(|shared| json!({ "path": shared.path, "servers": shared.servers, "alike": shared.alike }));
    let left_out = near(learned)
        .map(|out| json!({ "path": out.path, "servers": out.servers, "directives": out.directives }));
    json!({
        "share": args.share,
        "used": learned.used,
        "servers": own.chain(left).collect::<Vec<_>>(),
        "directives": directives.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
    })
}
