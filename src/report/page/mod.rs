//! An outcome as one page of HTML.
//!
//! Invariant: the page needs nothing beside itself: no script, no file, no network. Every text of a server is escaped by
//! the template engine; the only text that is not is our own style sheet.

mod change;
mod matrix;
mod past;
mod rehearsal;
mod routing;
mod sides;
mod view;

use super::Glyphs;
use super::plain;
use crate::outcome::Outcome;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use view::View;

/// The parts of the page, in its order. Each is filled in by itself: a bundle's templates are filled in by the same
/// engine, and must not learn to include anything.
const PARTS: [(&str, &str); 9] = [
    ("head.html", include_str!("../../../templates/report/head.html")),
    ("findings.html", include_str!("../../../templates/report/findings.html")),
    ("routing.html", include_str!("../../../templates/report/routing.html")),
    ("change.html", include_str!("../../../templates/report/change.html")),
    ("files.html", include_str!("../../../templates/report/files.html")),
    ("seed.html", include_str!("../../../templates/report/seed.html")),
    ("rehearsal.html", include_str!("../../../templates/report/rehearsal.html")),
    ("past.html", include_str!("../../../templates/report/past.html")),
    ("foot.html", include_str!("../../../templates/report/foot.html")),
];
const STYLE: &str = include_str!("../../../templates/report/style.css");

/// The page; `written` says when, and is left out where the same answer must give the same bytes.
///
/// # Errors
/// When a template asks for what it is not given, which is a mistake of ours: it costs the page and not the answer.
pub fn page(outcome: &Outcome, written: Option<&str>) -> Result<String, minijinja::Error> {
    let outcome = plain::outcome(outcome, Glyphs::Unicode);
    let mut environment = Environment::new();
    // Keys that do not apply are absent from sections; to print one all the same is a mistake.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are distinct"));
    let view = minijinja::Value::from(Serde(View::of(&outcome, written)));
    let parts = PARTS.map(|(name, text)| environment.render_named_str(name, text, view.clone()));
    let page = parts.into_iter().collect::<Result<String, _>>()?;
    // Its place stands once, in the head, and nothing that is escaped looks like it.
    Ok(page.replacen("<style></style>", &format!("<style>\n{STYLE}</style>"), 1) + "\n")
}
