//! Names by the conventions of the application's framework: what a table's or column's name says.
//!
//! Invariant: pure text. `voice_queues`, `VoiceQueues` and `voiceQueue` are one key; names prove
//! nothing, they only grade.

use crate::seed::Channel;

/// How a column is called that holds the opposite of `enabled`.
pub(super) const OPPOSITES: [&str; 5] = ["disabled", "isdisabled", "inactive", "isinactive", "blocked"];

/// Words that turn a flag around besides those that turn the meaning of a row.
const TURNS_A_FLAG: [&str; 5] = ["not", "never", "isoffline", "off", "offline"];

/// The words of a name, in lower case and singular.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let breaks = !c.is_alphanumeric() || c.is_uppercase() && !before.is_uppercase();
        if breaks && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            let last = words.last_mut().expect("there is always one");
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words.iter().flat_map(|word| parts(word).unwrap_or_else(|| vec![singular(word)])).collect()
}

/// The known words that a word consists of, and of nothing else: some servers keep all names in lower case, so that
/// `AgentProfiles` is `agentprofiles` there. The longest word first: `openchannel` before `open`.
fn parts(word: &str) -> Option<Vec<String>> {
    if word.is_empty() {
        return Some(Vec::new());
    }
    let ends = word.char_indices().map(|(start, c)| start + c.len_utf8()).rev();
    ends.map(|end| word.split_at(end)).find_map(|(head, rest)| {
        let head = singular(head);
        if !is_known(&head) {
            return None;
        }
        let mut found = vec![head];
        found.extend(parts(rest)?);
        Some(found)
    })
}

fn is_known(word: &str) -> bool {
    PLAIN.contains(&word) || turns(word) || is_past(word)
}

/// Words of which names of tables and columns are made, besides those that turn their meaning.
const PLAIN: [&str; 38] = [
    "accepted", "agent", "allowed", "app", "approved", "assigned", "assignment", "cc", "channel", "chat",
    "cm", "email", "enabled", "fax", "granted", "has", "id", "in", "link", "mail", "map", "member", "open",
    "openchannel", "permitted", "profile", "queue", "rel", "sms", "tb", "tbl", "team", "to", "user", "video",
    "voice", "whats", "whatsapp",
];
/// Words of tables that keep what was, or what is counted. `session` turns a column's meaning as well, and so is in both.
const PAST: [&str; 33] = [
    "activity", "archive", "archived", "audit", "backup", "bak", "copy", "dump", "event", "expired",
    "export", "feed", "history", "import", "journal", "legacy", "log", "migration", "notification", "old",
    "report", "revision", "session", "snapshot", "staging", "stat", "statistic", "temp", "temporary", "tmp",
    "trail", "trash", "version",
];
/// Words that turn around or change what a table of two ends means: who is kept out, who asked, who looks on.
const TURNED: [&str; 65] = [
    "admin", "approver", "banned", "blacklist", "block", "blocked", "candidate", "chosen", "creator",
    "current", "declined", "default", "deleted", "denied", "deny", "disabled", "draft", "editor", "exclude",
    "excluded", "exclusion", "favorite", "favourite", "follower", "forbidden", "former", "hidden", "ignored",
    "inactive", "invitation", "invite", "invited", "last", "leader", "manager", "muted", "observer", "owner",
    "paused", "pending", "permission", "preference", "previous", "proposed", "rejected", "removed",
    "request", "requested", "restricted", "revoked", "right", "selected", "session", "skipped", "state",
    "status", "subscription", "supervisor", "suspended", "template", "unassigned", "unavailable", "viewer",
    "waiting", "watcher",
];

/// Whether a word says that a table keeps what was: a year or a date does as well.
pub fn is_past(word: &str) -> bool {
    PAST.contains(&word) || word.len() >= 4 && word.chars().all(|c| c.is_ascii_digit())
}

/// Whether a word turns the meaning of what it stands beside.
pub fn turns(word: &str) -> bool {
    TURNED.contains(&word)
}

/// The words of a name that speak against what the others say.
pub fn against(name: &str) -> Vec<String> {
    words(name).into_iter().filter(|word| is_past(word) || turns(word)).collect()
}

/// The words of a name joined: what is the same in every spelling.
pub fn key(name: &str) -> String {
    words(name).concat()
}

/// What a foreign key's name refers to: `UserId`, `user_id` and `fk_user` say `user`.
pub fn referred(column: &str) -> Option<String> {
    let words = words(column);
    match words.as_slice() {
        [first, rest @ ..] if first == "fk" && !rest.is_empty() => {
            Some(rest.strip_suffix(&["id".to_owned()]).unwrap_or(rest).concat()).filter(|key| !key.is_empty())
        }
        [rest @ .., last] if last == "id" && !rest.is_empty() => Some(rest.concat()),
        // `userid` in one word.
        [one] => one.strip_suffix("id").filter(|stem| stem.len() > 2).map(str::to_owned),
        _ => None,
    }
}

fn singular(word: &str) -> String {
    match word {
        "sms" | "status" | "has" | "whats" => word.to_owned(),
        "statuses" => "status".to_owned(),
        _ if word.ends_with("ss") => word.to_owned(),
        _ => match (word.strip_suffix("ies"), word.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(stem)) if stem.len() > 2 => stem.to_owned(),
            _ => word.to_owned(),
        },
    }
}

/// Whether a name has the word of a channel.
pub fn names_channel(channel: Channel, name: &str) -> bool {
    let words = words(name);
    let pairs = words.windows(2).map(<[String]>::concat);
    let said: Vec<String> = words.iter().cloned().chain(pairs).collect();
    spellings(channel).iter().any(|word| said.iter().any(|it| it == word))
}

/// How a channel may be written, in lower case without separators.
pub fn spellings(channel: Channel) -> &'static [&'static str] {
    match channel {
        Channel::Voice => &["voice"],
        Channel::Chat => &["chat"],
        Channel::Mail => &["mail", "email"],
        Channel::Sms => &["sms"],
        Channel::Openchannel => &["openchannel"],
        Channel::Fax => &["fax"],
        Channel::Whatsapp => &["whatsapp"],
        Channel::Video => &["video"],
    }
}

/// Whether the name of a flag's column says the opposite of being enabled or online.
pub fn is_opposite(column: &str) -> bool {
    let words = words(column);
    OPPOSITES.contains(&words.concat().as_str())
        || words.iter().any(|word| turns(word) || TURNS_A_FLAG.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_many_spellings() {
        for name in ["voice_queues", "VoiceQueues", "voiceQueue", "VOICE_QUEUES", "voice-queue"] {
            assert_eq!(key(name), "voicequeue", "{name}");
        }
        assert_eq!(words("user_has_sms_queues"), ["user", "has", "sms", "queue"]);
        assert_eq!(words("AgentProfileId"), ["agent", "profile", "id"]);
        assert_eq!(key("WhatsAppQueues"), "whatsappqueue");
        assert_eq!(key("categories"), "category");
        assert_eq!(words("__"), [""; 0]);
        for name in
            ["agentprofilehasvoicequeues", "AGENTPROFILEHASVOICEQUEUES", "agent_profilehas_voicequeues"]
        {
            assert_eq!(words(name), ["agent", "profile", "has", "voice", "queue"], "{name}");
        }
        assert_eq!(words("SMSQueues"), ["sms", "queue"]);
        assert_eq!(words("agentprofileblockedvoicequeues")[2], "blocked");
        // What is not made of known words alone stays one word.
        assert_eq!(words("username"), ["username"]);
        assert_eq!(words("paid"), ["paid"]);
    }

    #[test]
    fn words_that_turn_a_meaning_are_found_in_every_spelling() {
        for (name, expect) in [
            ("agent_profile_blocked_voice_queues", "blocked"),
            ("AgentProfileSupervisors", "supervisor"),
            ("userhasvoicequeuesrequested", "requested"),
            ("voice_queues_2023", "2023"),
            ("user_has_archives", "archive"),
            ("VoiceQueueStatuses", "status"),
        ] {
            assert_eq!(against(name), [expect], "{name}");
        }
        for name in
            ["user_has_voice_queues", "agent_profile_allowed_users", "map1", "AgentProfileAssignedUsers"]
        {
            assert_eq!(against(name), [""; 0], "{name}");
        }
        assert!(PLAIN.is_sorted() && PAST.is_sorted() && TURNED.is_sorted());
    }

    #[test]
    fn foreign_keys_say_whom_they_mean() {
        for column in ["UserId", "user_id", "userId", "fk_user", "fk_user_id", "userid", "USER_ID"] {
            assert_eq!(referred(column).as_deref(), Some("user"), "{column}");
        }
        for column in ["id", "name", "paid", "fk", "createdAt"] {
            assert_eq!(referred(column), None, "{column}");
        }
    }
}
