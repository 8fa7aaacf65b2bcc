//! Free text of somebody else's script, line by line, without what must not be shown: what it prints, what it writes.
//!
//! Invariant: what is hidden in a recorded command line is hidden as well where the same command line stands in a text,
//! and the value of a setting or header whose name speaks of a secret is never shown.

use super::redact::Hiding;
use super::secret_name::is_secret_name;
use super::words::{QUOTE, TRACED, quotation, words};
use super::{redact, spread, sql, stdin};
use nginx_config::{REDACTED, is_directive_name, redact_source, redact_text};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)[a-z][a-z0-9+.-]*://[^\s"'<>]+"#));
/// A password as the system keeps it (crypt).
static CRYPT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\$(?:1|2[abxy]|5|6|7|y|gy|sha1)\$[^\s:'\x22]{8,}"));
/// A name, and what parts it from its value.
static SETTING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:\\[nrt])?([A-Za-z0-9_-]+)\\*["']?\s*[:=]\s*"#));
/// A user with his password before a host, where no scheme says so.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?P<front>(?:^|[\s"'=>,(]|\\n)[A-Za-z0-9._+-]+:)[^\s/:@"'\\]+@(?P<host>[A-Za-z0-9\[])"#)
});
/// A mailbox of Asterisk: its number, and behind it the PIN.
static MAILBOX: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?P<front>(?:^|\\n|\s)\d{2,}\s*=>\s*)[^\s,\\$\[]+,"));
/// A header's or variable's name and value inside of other text, such as a program for `sed`.
static INNER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"((?:_header|_param|\bset)\s+\$?([A-Za-z0-9_-]+)\s+\\?["']?)([^\s"'\\;$]+)"#));
/// What a difference, a trace or a comment puts before a line.
static MARKS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[+\-<>|#\s]*"));
/// Begins as a directive of NGINX does.
static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([a-z][a-z0-9_]*)[\s(]"));
/// Handed on from somewhere else: no value at all.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\$\{?\w+\}?$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// A text of some lines.
pub(super) fn text(text: &str) -> String {
    let text = spread::hide(text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    stdin::hide(&lines).iter().map(|text| line(text)).collect()
}

/// One line.
pub(super) fn line(text: &str) -> String {
    let text = text.replace(TRACED, QUOTE.encode_utf8(&mut [0; 4]));
    let text = sql::hide(&commands(&directive(&text)));
    let text = ADDRESS.replace_all(&text, |found: &regex::Captures<'_>| redact::address(&found[0]));
    let text = CRYPT.replace_all(&text, REDACTED);
    let inner = |found: &regex::Captures<'_>| match is_secret_name(&found[2]) {
        true => format!("{}{REDACTED}", &found[1]),
        false => found[0].to_owned(),
    };
    let text = settings(&text);
    let text = LOGIN.replace_all(&text, format!("${{front}}{REDACTED}@${{host}}"));
    let text = MAILBOX.replace_all(&text, format!("${{front}}{REDACTED},"));
    redact_text(&INNER.replace_all(&text, inner)).replace(QUOTE, TRACED)
}

/// A line of a configuration, as in what `diff` prints, by its directive.
fn directive(line: &str) -> String {
    let start = MARKS.find(line).map_or(0, |marks| marks.end());
    let (marks, rest) = line.split_at(start);
    let whole = rest.trim_end();
    let closing = match whole.chars().next_back() {
        Some(';') => "",
        Some('{') => "\n}",
        _ => return line.to_owned(),
    };
    // A file alone may hold the entries of a list; a line of prose or of a script is none of them.
    let name = DIRECTIVE.captures(whole).map(|found| found.get(1).expect("a group").as_str());
    if !name.is_some_and(|name| is_directive_name(name.as_bytes())) {
        return line.to_owned();
    }
    let shown = redact_source(format!("{whole}{closing}").as_bytes());
    let shown = String::from_utf8_lossy(&shown);
    let shown = named_argument(shown.strip_suffix(closing).unwrap_or(&shown));
    format!("{marks}{shown}{}", &rest[whole.len()..])
}

/// `proxy_set_header X-Vendor-Key VALUE;`: the name speaks of a secret by words that NGINX's own names use otherwise.
fn named_argument(directive: &str) -> String {
    let words = words(directive);
    let [first, name, value, ..] = words.as_slice() else { return directive.to_owned() };
    let is_set = ["_header", "_param", "set"].iter().any(|end| first.text.ends_with(end));
    let is_secret =
        is_set && is_secret_name(&name.text) && !VARIABLE.is_match(value.text.trim_end_matches(';'));
    if !is_secret {
        return directive.to_owned();
    }
    format!("{}{REDACTED};", &directive[..value.place.start])
}

/// Every command line that stands in a line, also behind the times of a table of cron or the mark of a trace.
fn commands(line: &str) -> String {
    let mut hiding: Option<Hiding> = None;
    let mut shown = String::with_capacity(line.len());
    let mut position = 0;
    for word in words(line) {
        let text = match &mut hiding {
            _ if word.ends_command => {
                hiding = None;
                continue;
            }
            Some(hiding) => hiding.word(&word.text),
            None => word.text.clone(),
        };
        // `sh -c '…'`, and what `echo '…'` writes somewhere.
        let text = if text.contains(char::is_whitespace) { commands(&text) } else { text };
        let name = word.text.rsplit('/').next().unwrap_or_default();
        if redact::is_known(name) {
            hiding = Some(Hiding::of(name));
        } else if hiding.is_none() {
            // An option's name speaks for itself, whoever is called. The mark of a trace is called by nobody.
            let is_mark = word.text.bytes().all(|byte| b"+*/-0123456789,".contains(&byte));
            hiding = (!is_mark).then(|| Hiding::behind(&word.text));
        }
        shown.push_str(&line[position..word.place.start]);
        match text == word.text {
            true => shown.push_str(&line[word.place.clone()]),
            false => shown.push_str(&quoted(&line[word.place.clone()], &text)),
        }
        position = word.place.end;
    }
    shown.push_str(&line[position..]);
    shown
}

fn quoted(was: &str, text: &str) -> String {
    match was.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{text}{quote}"),
        _ => text.to_owned(),
    }
}

/// `Name: value`, `name=value`, `"name": "value"`.
fn settings(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut position = 0;
    while let Some(found) = SETTING.captures_at(line, position) {
        let (whole, name) = (found.get(0).expect("the match"), found.get(1).expect("it is not optional"));
        shown.push_str(&line[position..whole.end()]);
        position = whole.end();
        let is_header = whole.as_str().trim_end().ends_with(':');
        // `cannot open /etc/x.key: why` names a file.
        let is_file = is_header && line[..name.start()].ends_with(['.', '/']);
        if is_file || !is_secret_name(name.as_str()) {
            continue;
        }
        let value = value(line, position, is_header);
        if !value.is_empty() && !VARIABLE.is_match(&line[value.clone()]) {
            shown.push_str(&line[position..value.start]);
            shown.push_str(REDACTED);
            position = value.end;
        }
    }
    shown.push_str(&line[position..]);
    shown
}

/// Where the value lies that begins there: what is in quotes, or a word, or the rest for a header.
fn value(line: &str, start: usize, is_header: bool) -> Range<usize> {
    if let Some(place) = quotation(line, start) {
        return place;
    }
    // A line may end inside of a word: `printf 'a=1\nb=2\n'`.
    let line = &line[..line[start..].find(r"\n").map_or(line.len(), |end| start + end)];
    let rest = &line[start..];
    let open = ['"', '\''].into_iter().find(|quote| line[..start].matches(*quote).count() % 2 == 1);
    let length = match (open, is_header) {
        (Some(quote), true) => rest.find(quote),
        (None, true) => None,
        (_, false) => rest.find(|letter: char| letter.is_whitespace() || "\"'&;,".contains(letter)),
    };
    start..length.map_or(start + rest.trim_end().len(), |length| start + length)
}

/// A whole command line.
pub(super) fn command_line(command: &str, arguments: &[String]) -> String {
    let mut hiding = Hiding::of(command);
    let words: Vec<_> = arguments.iter().map(|word| hiding.word(word)).collect();
    line(&[&[command.to_owned()][..], &words].concat().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_text_is_shown() {
        for text in [
            "+ export PSW=S3CRET",
            "+ mysqladmin -u root password S3CRET",
            "+ mariadb-admin -u root old-password S3CRET",
            "ExecStart=/x --token S3CRET -p S3CRET",
            "ExecStart=/opt/agent/bin/agent -p S3CRET",
            "+ agent --api-token S3CRET -p S3CRET",
            r"+ printf 'secret=S3CRET\nregister => user:S3CRET@sip.example.test\n1234 => S3CRET,Name\n'",
            r"+ printf 'a=1\npin: S3CRET\n'",
            "register => user:S3CRET@sip.example.test/1",
            "1234 => S3CRET,Name",
            "DSN=root:S3CRET@tcp(127.0.0.1:3306)/x",
            r#"echo "{\"password\": \"S3CRET it\"}""#,
            r#"echo "password=\"S3CRET it\"" > /x"#,
            r"+ bash -c 'MASTER_PASSWORD='\''S3CRET it'\'''",
            "+ curl -u xcally:S3CRET 'https://h/x'",
            "+ curl --user a:S3CRET $URL",
            "+ curl -uxcally:S3CRET https://h/x",
            "++ /usr/bin/curl -s -H 'X-Api-Key: S3CRET' https://h/x",
            "+ curl -d 'username=a&pin=S3CRET' https://h/x",
            "+ mysql -uroot -pS3CRET motion2 -e 'select 1'",
            "+ mysqldump -uroot -pS3CRET motion2",
            "+ MYSQL_PWD=S3CRET mysql",
            "+ sshpass -p S3CRET scp a b:",
            "+ sshpass -pS3CRET ssh h",
            "+ docker login -u a -p S3CRET",
            "+ redis-cli -a S3CRET ping",
            "+ vendor-agent --license-key S3CRET --quiet",
            "+ vendor-agent --api-token=S3CRET",
            "see https://h/a?key=S3CRET&license=S3CRET&x=S3CRET.",
            "Authorization: Basic S3CRETeGNhbGx5OkJBU0lDU0VDUkVUMTM=",
            "Cookie: a=S3CRET; b=S3CRET",
            "Authorization: Digest username=\"S3CRET\", response=\"S3CRET\"",
            "{\"apiKey\": \"S3CRET\", \"x\": 1}",
            "license_key = S3CRET",
            "vendor.licence=S3CRET",
            "PASSWORD='S3CRET with S3CRET'",
            "+    proxy_set_header X-Vendor-Token \"S3CRET\";",
            "-\tproxy_set_header X-Vendor-Key S3CRET;",
            "# proxy_set_header X-Licence 'S3CRET';",
            "    if ($http_x_token != \"S3CRET\") {",
            "*/5 * * * * root curl -u a:S3CRET https://x/y",
            "@reboot root cd /opt && wget --http-password S3CRET https://x | sh",
            "root:$y$j9T$S3CRETS3CRET$ZyXwVuS3CRET:19000:0:99999:7:::",
            "deb https://user:S3CRET@repo.example.com/ stable main",
            "$(curl -u \"a:S3CRET",
            "+ sed -i 's|^x|proxy_set_header X-Vendor-Key \\\"S3CRET\\\";|' /etc/x",
            "+ useradd -m -p S3CRET -s /bin/sh x",
            "+ usermod -pS3CRET x",
            "+ htpasswd -cb /etc/nginx/users admin S3CRET",
            "+ htpasswd -nb admin S3CRET",
            "+ bash -c 'mysql -uroot -pS3CRET motion2'",
            "+ echo '*/5 * * * * root curl -u a:S3CRET https://x/y'",
        ] {
            let shown = line(text);
            assert!(!shown.contains("S3CRET"), "{text}\n{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is_written() {
        for text in [
            "",
            "a client\n",
            "code 22\n",
            "+ cp -p '/etc/nginx/a b.conf' /root/x",
            "cannot open '/etc/nginx/tls/motion.key': No such file or directory",
            "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok",
            "+    proxy_cache_path /var/cache keys_zone=one:10m;",
            "    proxy_set_header Host $host;",
            "    proxy_set_header X-Vendor-Key $http_x_vendor;",
            "ssl_certificate_key /etc/nginx/tls/motion.key;",
            "motionctl-test-user:x:998:998::/home/x:/usr/sbin/nologin",
            "+ mysql -u root -e 'select 1' | grep -p x",
            "+ mkdir -p /etc/x; tar -C /opt -xzf a.tgz",
            "+ install -d -u root -p x",
            "monkey: banana; writer: me",
            "author: x",
            "# Author: The Vendor <support@vendor.example.test>",
            "+ htpasswd -c /etc/nginx/users admin",
            "+ ssh -p 2222 root@host.example.test",
            "+ scp a root@host.example.test:/x",
            "+ git clone git@git.example.test:a/b",
            "ExecStart=/opt/nginx/sbin/nginx -p /opt/nginx -c x.conf",
            "ExecStart=/opt/agent/bin/agent -p 8080",
            "ExecStartPre=/usr/bin/install -d -p x",
            "+ mkdir -p x",
            r"+ printf 'a=1\nb: 2\n'",
            r"+ echo 'it'\''s'",
            "exten => 100,1,Dial(SIP/100)",
            "at 10:30 by mail@example.test",
        ] {
            assert_eq!(line(text), text);
        }
    }
}
