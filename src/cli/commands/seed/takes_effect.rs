//! What a plan's effects and the check at the login are in the answer.
//!
//! Invariant: what the map says is handed on as it is, with its mark; nothing is run.

use super::client::Client;
use crate::outcome::{EffectMark, EffectSection, LoginSection, visible};
use crate::seed::Planned;
use crate::seed::map::{Effect, Mark};

/// The effects of a plan, each by its name in the map.
pub fn effects(effects: &[(String, Effect)]) -> Vec<EffectSection> {
    let effects = effects.iter().map(|(name, effect)| EffectSection {
        name: name.clone(),
        text: effect.text.clone(),
        mark: match effect.mark {
            Mark::Documented => EffectMark::Documented,
            Mark::Inferred => EffectMark::Inferred,
            Mark::Guess => EffectMark::Guess,
        },
        commands: effect.commands.clone(),
    });
    effects.collect()
}

/// Who can try it out, and where, as far as this host says it.
pub fn check_by_hand(planned: &Planned, client: &Client) -> Option<LoginSection> {
    let login = planned.login.as_ref()?;
    let profiles = login.profiles.iter().map(|name| visible(name));
    Some(LoginSection {
        agent: visible(&login.agent),
        url: client.host.as_ref().map(|host| format!("https://{host}/user-ui/login")),
        profiles: std::iter::once("Personal".to_owned()).chain(profiles).collect(),
    })
}
