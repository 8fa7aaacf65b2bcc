//! What the running application notices of a seed, and what a person can try out, as text for people.
//!
//! Invariant: each effect says how well it is known, and its commands stand on lines of their own, as they are to be
//! copied.

use super::ending::{INDENT, section};
use super::style::Style;
use super::wrap::{command, paragraph};
use crate::outcome::{EffectSection, LoginSection, Outcome};

/// Both, below a title each.
pub fn takes_effect(outcome: &Outcome, style: Style) -> Vec<String> {
    let inside = style.inside(INDENT);
    let effects = outcome.takes_effect.iter().flat_map(|effect| told(effect, inside)).collect();
    let mut lines = section("Takes effect (motionctl restarts nothing)", effects, style);
    let login = outcome.check_by_hand.iter();
    let login = login.flat_map(|login| paragraph(&in_words(login), inside.for_reading().width));
    lines.extend(section("Check by hand", login.collect(), style));
    lines
}

fn told(effect: &EffectSection, style: Style) -> Vec<String> {
    let text = format!("{} ({})", effect.text, effect.mark.name());
    let mut lines = paragraph(&text, style.for_reading().width);
    let width = style.inside(INDENT).width;
    let commands = effect.commands.iter().flat_map(|text| command(text, width));
    lines.extend(commands.map(|line| format!("{}{line}", " ".repeat(INDENT))));
    lines
}

/// What a person does, and is to see then.
fn in_words(LoginSection { agent, url, profiles }: &LoginSection) -> String {
    let url = url.as_deref().unwrap_or("https://HOST/user-ui/login");
    format!("log in as {agent} at {url}: you should see {}", profiles.join(", "))
}
