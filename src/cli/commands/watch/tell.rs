//! Telling the administrator's command what has changed.
//!
//! Invariant: run once for each change of the verdict, and again only where it failed. It is believed like a program
//! of root's: nobody else may be able to write it, or the settings that name it.

use super::remembered::Remembered;
use crate::cli::commands::status::ServerState;
use crate::cli::context::Context;
use crate::cli::settings::Settings;
use crate::host::clock;
use crate::host::command;
use crate::host::trust::{self, Executable};
use crate::watch::{Grade, Reason, Verdict, judge};
use nginx_config::redact_text;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Tells what is new, and remembers that it was told.
pub fn tell(context: &Context, look: &mut ServerState, remembered: &mut Remembered) {
    if let Some(fault) = remembered.fault() {
        look.seen.said.push(Reason { grade: Grade::Warning, kind: "memory", text: fault.to_owned() });
    }
    let verdict = judge(&look.seen);
    if remembered.memory().is_some_and(|memory| !memory.is_news(&verdict)) {
        // The first look finds all well: that is where the next one begins.
        remember(context, look, remembered, &verdict);
        return;
    }
    let was = remembered.memory().and_then(|memory| memory.told.as_ref()).map(|told| told.grade);
    if let Err(why) = run(context, &verdict, was, look.seen.site.as_deref()) {
        look.seen.said.push(Reason {
            grade: Grade::Warning,
            kind: "command",
            text: format!("the command of the settings did not hear of it: {why}"),
        });
        return;
    }
    remember(context, look, remembered, &verdict);
}

fn remember(context: &Context, look: &mut ServerState, remembered: &mut Remembered, verdict: &Verdict) {
    let time = clock::now().to_string();
    if let Err(text) = remembered.change(context, |memory| memory.tell(verdict, &time)) {
        look.seen.said.push(Reason { grade: Grade::Warning, kind: "memory", text });
    }
}

/// Runs the command; nothing where there is none.
fn run(context: &Context, verdict: &Verdict, was: Option<Grade>, site: Option<&str>) -> Result<(), String> {
    let Some((program, arguments)) = context.settings.watch.command.split_first() else { return Ok(()) };
    let settings = Settings::place(context.global.config.as_deref());
    let settings = std::path::absolute(settings).map_err(|error| error.to_string())?;
    trust::only_ours(&settings).map_err(|distrust| distrust.to_string())?;
    let program = Executable::open(Path::new(program)).map_err(|distrust| distrust.to_string())?;
    let line = redact_text(&verdict.text());
    let word = |grade: Grade| grade.word().to_owned();
    let was = was.map(word).unwrap_or_default();
    let environment = [
        ("MOTIONCTL_STATE", word(verdict.grade)),
        ("MOTIONCTL_WAS", was.clone()),
        ("MOTIONCTL_LINE", line.clone()),
    ];
    let reasons: Vec<_> = verdict
        .reasons
        .iter()
        .map(
            |reason| json!({ "state": reason.grade, "kind": reason.kind, "text": redact_text(&reason.text) }),
        )
        .collect();
    let document = json!({
        "tool": "motionctl",
        "version": env!("CARGO_PKG_VERSION"),
        "format": 1,
        "host": context.host().name,
        "site": site,
        "state": verdict.grade,
        "was": was,
        "line": line,
        "reasons": reasons,
    });
    let input = format!("{document:#}\n");
    match command::tell(&program, arguments, &environment, input.as_bytes(), LIMIT) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: {status}", program.name().display())),
        Err(error) => Err(format!("{}: {error}", program.name().display())),
    }
}
