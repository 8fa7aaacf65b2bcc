//! Command lines and addresses of somebody else's script, without what must not be shown.
//!
//! Invariant: a value that may be a secret by its place is not shown, whatever it looks like.

use super::secret_name::is_secret_name;
use nginx_config::REDACTED;
use regex::Regex;
use std::sync::LazyLock;

/// Options whose value, the next word, is or holds a secret.
const NEXT: [&str; 24] = [
    "--body-data", "--cookie", "--data", "--data-ascii", "--data-binary", "--data-raw", "--data-urlencode",
    "--form", "--http-password", "--json", "--key", "--oauth2-bearer", "--pass", "--password", "--post-data",
    "--proxy-password", "--proxy-user", "--token", "--user", "-F", "-U", "-b", "-d", "-u",
];
/// Clients that take a password behind `-p`.
const DATABASES: [&str; 11] = [
    "mariadb", "mariadb-admin", "mariadb-check", "mariadb-dump", "mariadb-import", "mysql", "mysqladmin",
    "mysqlcheck", "mysqldump", "mysqlimport", "mysqlshow",
];
/// Of these the ones that take `password NEW` as a command.
const ADMINS: [&str; 2] = ["mariadb-admin", "mysqladmin"];
/// Where a system's own programs lie. What `-p` means to them is known: a password to those that are listed here.
const SYSTEM: [&str; 6] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/lib/", "/usr/lib/"];
/// Commands with the letters behind which a password stands, beside it or as the next word.
const PASSWORDS: [(&str, &[&str]); 17] = [
    ("docker", &["-p"]),
    ("ftp", &["-u"]),
    ("helm", &["-p"]),
    // Its password has no letter of its own: see `Hiding`.
    ("htpasswd", &[]),
    ("http", &["-a"]),
    ("ldapsearch", &["-w"]),
    ("lftp", &["-u"]),
    ("mongo", &["-p"]),
    ("mongodump", &["-p"]),
    ("mongosh", &["-p"]),
    ("openssl", &["-k", "-K", "-pass", "-passin", "-passout"]),
    ("podman", &["-p"]),
    ("redis-cli", &["-a"]),
    ("smbclient", &["-U"]),
    ("sshpass", &["-p"]),
    ("useradd", &["-p"]),
    ("usermod", &["-p"]),
];
/// Headers that say nothing secret.
const HARMLESS: [&str; 8] =
    ["accept", "accept-language", "cache-control", "content-type", "expect", "host", "pragma", "user-agent"];
/// Commands whose letters of this kind mean something harmless.
const DOWNLOADS: [&str; 2] = ["curl", "wget"];

/// `user:password@` of an address, and the whole of its query's values.
static USER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)([a-z][a-z0-9+.-]*://)[^\s/?#@]*@"));
static QUERY: LazyLock<Regex> = LazyLock::new(|| pattern(r"([?&][^=&\s#]*=)[^&\s#]+"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// An address without user and without the values of its query: any of them may be a token.
pub(super) fn address(url: &str) -> String {
    let url = USER.replace_all(url, "${1}");
    // What a variable stands for is not there to be shown.
    let value = |found: &regex::Captures<'_>| match found[0].contains("=$") {
        true => found[0].to_owned(),
        false => format!("{}{REDACTED}", &found[1]),
    };
    QUERY.replace_all(&url, value).into_owned()
}

/// The words behind a command, one after the other.
#[derive(Debug)]
pub(super) struct Hiding {
    command: String,
    /// The next word is or holds a secret.
    hides: bool,
    /// The next word is a header.
    is_header: bool,
    /// So many operands more, and what follows is a password.
    operands: Option<usize>,
    /// `-p` may be a password: nobody knows the program, or another of its options is one.
    is_strange: bool,
    /// The next word is what `-p` of such a program names.
    is_behind_p: bool,
}

impl Hiding {
    /// Behind this command.
    pub(super) fn of(command: &str) -> Self {
        let command = command.to_owned();
        Self {
            command,
            hides: false,
            is_header: false,
            operands: None,
            is_strange: false,
            is_behind_p: false,
        }
    }

    /// Behind a command that is none of those whose options are known, as it was called.
    pub(super) fn behind(called: &str) -> Self {
        // A unit has it behind `ExecStart=`, with signs for how it is started.
        let path = called.rsplit('=').next().unwrap_or(called).trim_start_matches(['-', '@', '+', '!', ':']);
        let is_strange = path.starts_with('/') && !SYSTEM.iter().any(|folder| path.starts_with(folder));
        Self { is_strange, ..Self::of("") }
    }

    /// `htpasswd -b FILE USER PASSWORD`, or without the file for `-n`.
    fn htpasswd(&mut self, word: &str) -> String {
        match (word.strip_prefix('-'), &mut self.operands) {
            (Some(letters), operands) if letters.contains('b') => {
                *operands = Some(if letters.contains('n') { 1 } else { 2 });
            }
            (Some(_), _) | (None, None) => {}
            (None, Some(0)) => return REDACTED.to_owned(),
            (None, Some(left)) => *left -= 1,
        }
        word.to_owned()
    }

    /// The next word as it may be shown.
    pub(super) fn word(&mut self, word: &str) -> String {
        // `sudo curl …` is curl's.
        if self.command == "sudo" && is_known(word) {
            word.clone_into(&mut self.command);
        }
        let command = self.command.as_str();
        if command == "htpasswd" {
            return self.htpasswd(word);
        }
        if std::mem::take(&mut self.is_behind_p) && may_be_password(word) {
            return REDACTED.to_owned();
        }
        self.is_behind_p = self.is_strange && word == "-p";
        let shown = match (std::mem::take(&mut self.hides), std::mem::take(&mut self.is_header)) {
            (true, _) => REDACTED.to_owned(),
            (_, true) => header(word),
            _ => self::word(command, word),
        };
        self.is_header = DOWNLOADS.contains(&command) && ["-H", "--header"].contains(&word);
        self.hides = takes_secret(command, word);
        self.is_strange |= self.hides && command.is_empty();
        shown
    }
}

/// Whether what `-p` names may be a password: no port, path or option.
fn may_be_password(word: &str) -> bool {
    let is_port = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
    !is_port && !word.starts_with(['/', '.', '-', '$']) && !word.contains(":/")
}

/// Commands whose options are known to carry secrets.
pub(super) fn is_known(command: &str) -> bool {
    DOWNLOADS.contains(&command)
        || DATABASES.contains(&command)
        || PASSWORDS.iter().any(|(known, _)| *known == command)
}

/// The letters behind which a password stands for this command.
fn letters(command: &str) -> &'static [&'static str] {
    PASSWORDS.iter().find(|(known, _)| *known == command).map_or(&[], |(_, letters)| letters)
}

/// `-u` is a user with a password for `curl`, and a user alone for others; `-d` and `-b` are data there.
fn takes_secret(command: &str, option: &str) -> bool {
    if letters(command).contains(&option)
        || ADMINS.contains(&command) && ["password", "old-password"].contains(&option)
    {
        return true;
    }
    let by_name = option.strip_prefix("--").is_some_and(|name| {
        name != "key" && !name.contains('=') && !name.ends_with("stdin") && is_secret_name(name)
    });
    let is_listed = NEXT.contains(&option);
    by_name || is_listed && DOWNLOADS.contains(&command) || is_listed && is_always(option)
}

/// Options that mean the same to every command: those with a name, but for two that others use otherwise.
fn is_always(option: &str) -> bool {
    const OTHERWISE: [&str; 2] = ["--user", "--key"];
    option.starts_with("--") && !OTHERWISE.contains(&option)
}

/// The name of a header, and its value where the name says that it is harmless.
fn header(text: &str) -> String {
    let name = text.split([':', ';']).next().unwrap_or_default();
    if HARMLESS.contains(&name.trim().to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    format!("{name}: {REDACTED}")
}

fn word(command: &str, word: &str) -> String {
    if DOWNLOADS.contains(&command) {
        let attached =
            ["-H", "--header="].iter().find_map(|option| Some((option, word.strip_prefix(*option)?)));
        if let Some((option, value)) = attached.filter(|(_, value)| !value.is_empty()) {
            return format!("{option}{}", header(value));
        }
    }
    // A password that sticks to its option: `-pSECRET` of database clients, `-uUSER:SECRET`, `--password=SECRET`.
    if DATABASES.contains(&command) && word.starts_with("-p") && word.len() > 2 {
        return format!("-p{REDACTED}");
    }
    let sticks = |letter: &&&str| letter.len() == 2 && word.len() > 2 && word.starts_with(**letter);
    if let Some(letter) = letters(command).iter().find(sticks) {
        return format!("{letter}{REDACTED}");
    }
    if command == "curl" && word.starts_with("-u") && word.len() > 2 {
        return format!("-u{REDACTED}");
    }
    if let Some((name, _)) = word.split_once('=')
        && (NEXT.contains(&name) || name.strip_prefix("--").is_some_and(is_secret_name))
    {
        return format!("{name}={REDACTED}");
    }
    if DOWNLOADS.contains(&command) || word.contains("://") { address(word) } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::prose::command_line as line;
    use super::*;

    #[test]
    fn no_secret_of_a_command_line_is_shown() {
        let check = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            let shown = line(&words[0], &words[1..]);
            assert!(!shown.contains("S3CRET"), "{shown}");
            shown
        };
        check("curl -u admin:S3CRET https://h/x");
        check("curl -uadmin:S3CRET https://h/x");
        check("curl --user admin:S3CRET https://h/x");
        check("curl -d password=S3CRET https://h/x");
        check("curl -b sid=S3CRET https://h/x");
        check("wget --password=S3CRET https://h/x");
        check("wget --http-password S3CRET https://h/x");
        check("mysql -uroot -pS3CRET motion2");
        check("mysql --password=S3CRET");
        check("sudo curl -u admin:S3CRET https://h/x");
        check("sudo -n mysql -pS3CRET");
        check("git clone https://bot:S3CRET@h/x.git");
        let shown = check("curl https://admin:S3CRET@h/x?file=S3CRET&k=S3CRET#part");
        assert!(shown.contains("https://h/x?file="), "{shown}");
        let mut words =
            vec!["-H".to_owned(), "Authorization: Bearer S3CRET".to_owned(), "https://h/".to_owned()];
        assert!(!line("curl", &words).contains("S3CRET"));
        for header in ["X-Api-Key: S3CRET", "X-Vendor-Licence: S3CRET", "Authorization:S3CRET"] {
            words[1] = header.to_owned();
            assert!(!line("curl", &words).contains("S3CRET"), "{}", line("curl", &words));
            let attached = [format!("-H{header}")];
            assert!(!line("curl", &attached).contains("S3CRET"), "{}", line("curl", &attached));
            let attached = [format!("--header={header}")];
            assert!(!line("wget", &attached).contains("S3CRET"), "{}", line("wget", &attached));
        }
        words[1] = "Accept: text/html".to_owned();
        assert!(line("curl", &words).contains("Accept: text/html"));
    }

    #[test]
    fn what_is_no_secret_stays() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(line("systemctl", &words("reload nginx")), "systemctl reload nginx");
        assert_eq!(line("sudo", &words("-u motion id")), "sudo -u motion id");
        assert_eq!(address("https://h.example.test:8443/a/b.tgz"), "https://h.example.test:8443/a/b.tgz");
    }
}
