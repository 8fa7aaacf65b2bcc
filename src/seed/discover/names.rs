//! Names by the conventions of the application's framework: what a table's or column's name says.
//!
//! Invariant: pure text. `voice_queues`, `VoiceQueues` and `voiceQueue` are one key; names prove
//! nothing, they only grade.

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
    words.iter().map(|word| singular(word)).collect()
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
        _ if word.ends_with("ss") => word.to_owned(),
        _ => match (word.strip_suffix("ies"), word.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(stem)) if stem.len() > 2 => stem.to_owned(),
            _ => word.to_owned(),
        },
    }
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
