//! The columns of a table of agents.
//!
//! Invariant: a column means one thing or is refused; a name that could mean two is refused with both.

use super::model::Fault;
use crate::seed::Channel;
use crate::seed::manifest::{Candidates, shown};
use std::sync::LazyLock;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Username,
    Fullname,
    Email,
    Internal,
    /// Which profiles the agent may choose.
    Profiles,
    /// Voice queues of those profiles, with penalties.
    Penalties,
    /// Queues of the Personal Profile.
    Personal(Channel),
}

/// Names of columns, without blanks and marks, and what they mean. The first of each is the one that is taught.
const NAMES: [(&str, Column); 23] = [
    ("username", Column::Username),
    ("user", Column::Username),
    ("login", Column::Username),
    ("loginname", Column::Username),
    ("agent", Column::Username),
    ("agentusername", Column::Username),
    ("fullname", Column::Fullname),
    ("displayname", Column::Fullname),
    ("agentname", Column::Fullname),
    ("email", Column::Email),
    ("emailaddress", Column::Email),
    ("mailaddress", Column::Email),
    ("internal", Column::Internal),
    ("internalnumber", Column::Internal),
    ("extension", Column::Internal),
    ("ext", Column::Internal),
    ("profiles", Column::Profiles),
    ("profile", Column::Profiles),
    ("agentprofiles", Column::Profiles),
    ("agentprofile", Column::Profiles),
    ("penalties", Column::Penalties),
    ("penalty", Column::Penalties),
    ("voicepenalties", Column::Penalties),
];

/// What queues of the Personal Profile are called, in the same way.
static PERSONAL: LazyLock<Vec<String>> =
    LazyLock::new(|| Channel::ALL.map(|channel| plain(&Column::Personal(channel).title())).into());

/// All names of columns, made ready once: a table may have a million headers.
static KNOWN: LazyLock<Candidates<'static>> = LazyLock::new(|| {
    let names = NAMES.iter().map(|(name, _)| *name);
    Candidates::new(names.chain(PERSONAL.iter().map(String::as_str)))
});

impl Column {
    /// As a person should write it.
    pub fn title(self) -> String {
        match self {
            Self::Personal(channel) => format!("personal {channel}"),
            named => NAMES
                .iter()
                .find(|(_, column)| *column == named)
                .map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }

    /// Every column, in the order of the template.
    pub fn all() -> Vec<Self> {
        let mut columns = vec![
            Self::Username,
            Self::Fullname,
            Self::Email,
            Self::Internal,
            Self::Profiles,
            Self::Penalties,
        ];
        columns.extend(Channel::ALL.map(Self::Personal));
        columns
    }
}

/// A name of a column without case, blanks and marks.
pub(super) fn plain(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a header means, if it means a column.
pub(super) fn column(header: &str) -> Option<Column> {
    let plain = plain(header);
    let named = NAMES.iter().find(|(name, _)| *name == plain).map(|(_, column)| *column);
    named.or_else(|| personal(&plain))
}

/// What to say of a header that means no column.
pub(super) fn unknown(header: &str) -> Fault {
    let hint = meant(header)
        .unwrap_or_else(|| "--template shows all columns; --ignore NAME leaves one out".to_owned());
    Fault::new(format!("no column is called {}", shown(header)), hint)
}

/// What somebody probably meant by a header that means no column, and has to write.
pub(super) fn meant(header: &str) -> Option<String> {
    let plain = plain(header);
    Some(match plain.as_str() {
        "name" => "write `username` or `fullname`".to_owned(),
        "mail" => "write `email` for the address, or `personal mail` for queues".to_owned(),
        "queues" | "queue" => {
            "write `personal voice`, `personal chat`, … : a column for each channel".to_owned()
        }
        "password" | "passwd" | "secret" => {
            "a manifest holds no passwords; remove the column: an agent sets one through the reset mail"
                .to_owned()
        }
        _ => {
            let title = column(KNOWN.suggest(&plain)?)?.title();
            format!("did you mean `{title}`? --ignore NAME leaves a column out")
        }
    })
}

/// `chat`, `chat queues`, `personal chat`, `personal chat queues`.
fn personal(plain: &str) -> Option<Column> {
    let named = |name: &str| Channel::named(if name == "email" { "mail" } else { name });
    let with_queues = plain.strip_suffix("queues").or_else(|| plain.strip_suffix("queue"));
    let bare = with_queues.unwrap_or(plain);
    let channel = match bare.strip_prefix("personal") {
        Some(name) => named(name),
        // Alone it may as well be the address.
        None if bare == "mail" || bare == "email" => with_queues.and_then(named),
        None => named(bare),
    };
    channel.map(Column::Personal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_many_spellings() {
        let check = |header: &str, expect: Column| assert_eq!(column(header), Some(expect), "{header}");
        for column in Column::all() {
            check(&column.title(), column);
            check(&format!(" {} ", column.title().to_uppercase()), column);
        }
        check("User Name", Column::Username);
        check("E-Mail", Column::Email);
        check("Full_Name", Column::Fullname);
        check("Ext.", Column::Internal);
        check("Voice penalties", Column::Penalties);
        check("Chat", Column::Personal(Channel::Chat));
        check("personal chat queues", Column::Personal(Channel::Chat));
        check("Personal E-mail Queue", Column::Personal(Channel::Mail));
        check("mail queues", Column::Personal(Channel::Mail));
    }

    #[test]
    fn what_means_nothing_or_two_things_is_refused() {
        let check = |header: &str, part: &str| {
            let fault = unknown(header);
            assert_eq!(column(header), None, "{header}");
            assert!(fault.hint.contains(part), "{header}: {fault:?}");
        };
        check("name", "`username` or `fullname`");
        check("Mail", "`personal mail`");
        check("usrname", "did you mean `username`?");
        check("persnal chat", "did you mean `personal chat`?");
        check("Password", "holds no passwords");
        check("Phone", "--template shows all columns");
    }
}
