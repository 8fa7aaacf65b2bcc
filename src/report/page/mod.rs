//! An outcome as one page of HTML.
//!
//! Invariant: the page needs nothing beside itself: no script, no file, no network. Every text of a server is escaped by
//! the template engine; the only text that is not is our own style sheet.

mod view;

use super::plain;
use crate::outcome::Outcome;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use view::View;

/// The parts of the page, in its order. Each is filled in by itself: a bundle's templates are filled in by the same
/// engine, and must not learn to include anything.
const PARTS: [(&str, &str); 2] = [
    ("head.html", include_str!("../../../templates/report/head.html")),
    ("findings.html", include_str!("../../../templates/report/findings.html")),
];
const STYLE: &str = include_str!("../../../templates/report/style.css");

/// The page; `written` says when, and is left out where the same answer must give the same bytes.
#[must_use]
pub fn page(outcome: &Outcome, written: Option<&str>) -> String {
    let outcome = plain::outcome(outcome);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are distinct"));
    let view = minijinja::Value::from(Serde(View::of(&outcome, written)));
    let parts = PARTS.map(|(name, text)| {
        environment
            .render_named_str(name, text, view.clone())
            .expect("the tests fill in every part of the page")
    });
    // The place of the style sheet stands once, in the head, and nothing that is escaped looks like it.
    parts.concat().replacen("<style></style>", &format!("<style>\n{STYLE}</style>"), 1)
        + "</main>\n</body>\n</html>\n"
}
