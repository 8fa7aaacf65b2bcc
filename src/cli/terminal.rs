//! What the screen can show: how wide it is, and which colours and characters it has.
//!
//! Invariant: what goes through a pipe or into a file is not wrapped, so that a search finds a line whole; no locale is
//! believed to have characters beyond ASCII that does not say so.

use super::args::{ColorChoice, Global};
use super::manual;
use crate::report::{Colour, Detail, ENDLESS, Glyphs, Style, hanging, paragraph};
use console::Term;

/// Columns of a terminal that does not tell how wide it is.
const USUAL: usize = 80;
/// Nobody reads in less.
const NARROWEST: usize = 40;

/// How an answer looks on standard output.
pub fn style(global: &Global) -> Style {
    let terminal = Term::stdout();
    let in_colour = terminal.is_term() && manual::NO_COLOR.value().is_none();
    let colour = match global.color {
        ColorChoice::Always => Colour::On,
        ColorChoice::Auto if in_colour => Colour::On,
        ColorChoice::Auto | ColorChoice::Never => Colour::Off,
    };
    let detail = match (global.quiet, global.verbose) {
        (true, _) => Detail::Quiet,
        (false, 0) => Detail::Normal,
        (false, 1) => Detail::Verbose,
        (false, _) => Detail::Everything,
    };
    Style { colour, detail, width: width(&terminal), glyphs: glyphs() }
}

/// Which characters the locale has.
pub fn glyphs() -> Glyphs {
    let variables = [manual::LC_ALL, manual::LC_CTYPE, manual::LANG].map(|variable| variable.text());
    Glyphs::of_locale(variables.iter().map(Option::as_deref))
}

/// A line for people on standard error, in lines that fit where that is a terminal.
pub fn message(text: &str) -> String {
    const NAME: &str = "motionctl: ";
    hanging(NAME.trim_end(), NAME.len(), &glyphs().of(text), width(&Term::stderr())).join("\n")
}

/// A question, with room for the answer behind it.
pub fn question(text: &str) -> String {
    const ROOM: usize = 5;
    let width = width(&Term::stderr()).saturating_sub(ROOM);
    format!("{} ", paragraph(&glyphs().of(text.trim_end()), width).join("\n"))
}

fn width(terminal: &Term) -> usize {
    if !terminal.is_term() {
        return ENDLESS;
    }
    terminal.size_checked().map_or(USUAL, |(_, columns)| usize::from(columns)).max(NARROWEST)
}
