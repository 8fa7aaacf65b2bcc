//! Passwords that a line of a script hands to a command by its standard input: `echo 'user:password' | chpasswd`.
//!
//! Invariant: what such a command is given is not shown, in one line, in the two lines of a trace, behind `<<<` and in a
//! here-document; nothing is taken away from the line of any other command.

use super::words::{Word, words};
use nginx_config::REDACTED;
use std::ops::Range;

/// Commands that read a password from their standard input, with the options that make them; always, where none is named.
const READERS: [(&str, &[&str]); 14] = [
    ("chgpasswd", &[]),
    ("chpasswd", &[]),
    ("cryptsetup", &[]),
    ("docker", &["--password-stdin"]),
    ("gpg", &["--passphrase-fd"]),
    ("helm", &["--password-stdin"]),
    ("htpasswd", &["-i"]),
    ("kinit", &[]),
    ("newusers", &[]),
    ("openssl", &["-stdin"]),
    ("passwd", &["--stdin", "-s"]),
    ("podman", &["--password-stdin"]),
    ("smbpasswd", &["-s"]),
    ("sudo", &["-S", "--stdin"]),
];
/// Commands whose arguments become the input of the next one.
const WRITERS: [&str; 3] = ["cat", "echo", "printf"];
/// A trace shows the commands of one pipeline in any order, so many lines apart.
const NEAR: usize = 2;

/// The lines without what is handed to such a command.
pub(super) fn hide(lines: &[&str]) -> Vec<String> {
    let parsed: Vec<Line<'_>> = lines.iter().map(|line| Line::of(line)).collect();
    let mut document: Option<String> = None;
    let mut shown = Vec::with_capacity(lines.len());
    for (at, line) in parsed.iter().enumerate() {
        if let Some(end) = &document {
            let is_end = line.text.trim() == end.as_str();
            shown.push(if is_end { line.text.to_owned() } else { line.wholly_hidden() });
            document = document.filter(|_| !is_end);
            continue;
        }
        document = line.document();
        let near = parsed[at.saturating_sub(NEAR)..].iter().take(at.min(NEAR) + NEAR + 1);
        let is_near_a_reader =
            line.is_trace() && near.clone().any(|other| other.is_trace() && other.reads_alone());
        shown.push(line.shown(is_near_a_reader));
    }
    shown
}

/// A line and its commands.
struct Line<'t> {
    text: &'t str,
    commands: Vec<Vec<Word>>,
}

impl<'t> Line<'t> {
    fn of(text: &'t str) -> Self {
        let mut commands = vec![Vec::new()];
        for word in words(text) {
            match word.ends_command {
                true => commands.push(Vec::new()),
                false => commands.last_mut().expect("never empty").push(word),
            }
        }
        commands.retain(|command| !command.is_empty());
        Self { text, commands }
    }

    /// Whether a shell printed it before it ran it.
    fn is_trace(&self) -> bool {
        self.text.starts_with('+')
    }

    /// Whether its only command reads a password, so that the input is on another line.
    fn reads_alone(&self) -> bool {
        matches!(self.commands.as_slice(), [only] if reads(only))
    }

    /// The end of the here-document that begins on this line.
    fn document(&self) -> Option<String> {
        let command = self.commands.iter().find(|command| reads(command))?;
        let mut words = command.iter().map(|word| word.text.as_str());
        let mark = words.find(|word| word.starts_with("<<") && !word.starts_with("<<<"))?;
        let name = mark.trim_start_matches("<<").trim_start_matches('-');
        let name = if name.is_empty() { words.next()? } else { name };
        Some(name.to_owned())
    }

    fn wholly_hidden(&self) -> String {
        let end = self.text.len() - self.text.trim_end().len();
        format!("{REDACTED}{}", &self.text[self.text.len() - end..])
    }

    fn shown(&self, is_near_a_reader: bool) -> String {
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for (at, command) in self.commands.iter().enumerate() {
            // `(echo 1; echo 1) | smbpasswd -s`: whatever is written on the way to it.
            let feeds = is_near_a_reader || self.commands[at + 1..].iter().any(|next| reads(next));
            if feeds && writes(command) {
                hidden.extend(behind(command, |word| WRITERS.contains(&name(&word.text))));
            }
            if reads(command) {
                let handed = |word: &Word| word.text.starts_with("<<<");
                let sticks = command.iter().find(|word| handed(word) && word.text.len() > 3);
                hidden.extend(sticks.map(|word| word.place.start + 3..word.place.end));
                hidden.extend(behind(command, handed).filter(|_| sticks.is_none()));
            }
        }
        let mut text = self.text.to_owned();
        for place in hidden.into_iter().rev() {
            text.replace_range(place, REDACTED);
        }
        text
    }
}

/// The place of all words behind the first that is wanted.
fn behind(command: &[Word], wanted: impl Fn(&Word) -> bool) -> Option<Range<usize>> {
    let first = command.iter().position(wanted)? + 1;
    let (first, last) = (command.get(first)?, command.last()?);
    Some(first.place.start..last.place.end)
}

fn name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

/// What is called: behind the marks of a trace, settings for it alone, and `sudo` with its options.
fn called(command: &[Word]) -> Option<usize> {
    command.iter().position(|word| {
        let text = word.text.as_str();
        let is_mark = text.chars().all(|letter| "+-<>#".contains(letter));
        let is_setting = text
            .split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        !is_mark && !is_setting && !text.starts_with('-') && name(text) != "sudo"
    })
}

fn reads(command: &[Word]) -> bool {
    let does = |at: usize, until: usize| {
        let known = READERS.iter().find(|(reader, _)| *reader == name(&command[at].text));
        known.is_some_and(|(_, options)| {
            let has = |option: &&str| command[at + 1..until].iter().any(|word| is_option(&word.text, option));
            options.is_empty() || options.iter().any(has)
        })
    };
    let called = called(command);
    let sudo = command.iter().position(|word| name(&word.text) == "sudo");
    called.is_some_and(|at| does(at, command.len()))
        || sudo.is_some_and(|at| does(at, called.unwrap_or(command.len()).max(at + 1)))
}

fn writes(command: &[Word]) -> bool {
    called(command).is_some_and(|at| WRITERS.contains(&name(&command[at].text)))
}

/// Whether a word is this option; letters may stand together.
fn is_option(word: &str, option: &str) -> bool {
    let letter = option.strip_prefix('-').filter(|letter| letter.len() == 1);
    let cluster = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    match (letter, cluster) {
        (Some(letter), Some(cluster)) => cluster.contains(letter),
        _ => word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        hide(&text.split_inclusive('\n').collect::<Vec<_>>()).concat()
    }

    #[test]
    fn what_a_command_reads_as_a_password_is_not_shown() {
        for text in [
            "echo 'admin:S3CRET' | chpasswd",
            "echo admin:S3CRET | sudo chpasswd -e",
            "printf '%s\\n' \"root:S3CRET\" | /usr/sbin/chpasswd",
            "echo S3CRET | passwd --stdin root",
            "echo S3CRET | sudo -S systemctl reload nginx",
            "(echo S3CRET; echo S3CRET) | smbpasswd -s -a x",
            "echo \"S3CRET\" | docker login -u a --password-stdin registry.example.test",
            "echo S3CRET | htpasswd -ci /etc/nginx/users admin",
            "echo S3CRET | openssl passwd -6 -stdin",
            "chpasswd <<< 'root:S3CRET'",
            "chpasswd <<<root:S3CRET",
            "chpasswd <<EOF\nroot:S3CRET\na:S3CRET\nEOF\n",
            "sudo chpasswd <<- 'END'\n\troot:S3CRET\n\tEND\n",
            "+ echo admin:S3CRET\n+ chpasswd\n",
            "+ chpasswd\n+ echo admin:S3CRET\n",
            "++ echo admin:S3CRET\n++ tr a b\n++ chpasswd\n",
        ] {
            assert!(!shown(text).contains("S3CRET"), "{}", shown(text));
        }
        let after = shown("chpasswd <<EOF\nroot:S3CRET\nEOF\necho done\n");
        assert!(after.ends_with("EOF\necho done\n"), "{after}");
    }

    #[test]
    fn what_other_commands_get_stays() {
        for text in [
            "echo done | tee /root/log",
            "cat <<EOF\nserver {\nEOF\n",
            "echo chpasswd",
            "sudo systemctl reload nginx",
            "+ echo admin\n+ grep -q x\n",
            "+ echo one\n+ true\n+ true\n+ chpasswd\n",
            "passwd -l root; echo locked",
            "docker ps | head",
        ] {
            assert_eq!(shown(text), text);
        }
    }
}
