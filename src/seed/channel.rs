//! The channels that a queue can serve.
//!
//! Invariant: the order of [`Channel::ALL`] is the order in everything that is
//! shown. Which of them a server has is the schema map's to say, not ours.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A way in which customers reach agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Telephone calls; the only channel with penalties.
    Voice,
    /// Chats on a web site.
    Chat,
    Mail,
    Sms,
    /// Messages of other systems, over a hook.
    Openchannel,
    Fax,
    Whatsapp,
    Video,
}

impl Channel {
    /// Every channel, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Voice,
        Self::Chat,
        Self::Mail,
        Self::Sms,
        Self::Openchannel,
        Self::Fax,
        Self::Whatsapp,
        Self::Video,
    ];

    /// The names of [`Self::ALL`], as a manifest writes them.
    pub const NAMES: [&'static str; 8] =
        ["voice", "chat", "mail", "sms", "openchannel", "fax", "whatsapp", "video"];

    /// As manifests, maps and options write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The channel of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialised_form() {
        for channel in Channel::ALL {
            assert_eq!(serde_json::to_value(channel).expect("a string"), channel.name());
            assert_eq!(Channel::named(channel.name()), Some(channel));
        }
        assert_eq!(Channel::named("Voice"), None);
    }
}
