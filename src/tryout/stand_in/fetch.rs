//! Downloads: `curl` and `wget` without a network.
//!
//! Invariant: as of all stand-ins. A file is handed out only where somebody put it there under the address's own name;
//! otherwise the command ends as it does where no name can be resolved, and with `--fail` as where there is no such file.

use super::decision::{Act, Around, Decision, Destination, Fetch, How, Told, real};

/// What a command line of either program says.
#[derive(Debug, Default)]
struct Line {
    urls: Vec<String>,
    outputs: Vec<String>,
    /// Each under its own name.
    by_name: bool,
    folder: Option<String>,
    fail: bool,
    head: bool,
    sends: bool,
    credentials: bool,
    written: Option<String>,
    version: bool,
}

/// Short options of `curl` with a value.
const CURL_SHORT: &str = "AbcCdDeEFHKmoPQrtTuUwxXyYz";
/// Its long options without one; any other has one.
const CURL_FLAGS: &[&str] = &[
    "anyauth", "append", "basic", "compressed", "create-dirs", "crlf", "digest", "disable", "fail",
    "fail-early", "fail-with-body", "false-start", "get", "globoff", "head", "help", "http0.9", "http1.0",
    "http1.1", "http2", "http2-prior-knowledge", "http3", "include", "insecure", "ipv4", "ipv6",
    "junk-session-cookies", "list-only", "location", "location-trusted", "manual", "negotiate", "netrc",
    "netrc-optional", "no-buffer", "no-clobber", "no-keepalive", "no-progress-meter", "no-sessionid", "ntlm",
    "parallel", "path-as-is", "post301", "post302", "post303", "progress-bar", "proxytunnel", "raw",
    "remote-header-name", "remote-name", "remote-name-all", "remote-time", "remove-on-error",
    "retry-all-errors", "retry-connrefused", "show-error", "silent", "ssl", "ssl-no-revoke", "ssl-reqd",
    "sslv2", "sslv3", "styled-output", "suppress-connect-headers", "tcp-fastopen", "tcp-nodelay", "tls-max",
    "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3", "tr-encoding", "use-ascii", "verbose", "version",
    "xattr",
];
/// Short options of `wget` with a value.
const WGET_SHORT: &str = "aABDeGiIlnoOPQRtTUwX";
/// Its long options whose value may be a word of its own.
const WGET_VALUED: &[&str] = &[
    "append-output", "base", "body-data", "body-file", "ca-certificate", "ca-directory", "certificate",
    "connect-timeout", "cut-dirs", "directory-prefix", "dns-timeout", "execute", "header", "http-password",
    "http-user", "input-file", "level", "limit-rate", "load-cookies", "method", "output-document",
    "output-file", "password", "post-data", "post-file", "private-key", "proxy-password", "proxy-user",
    "quota", "read-timeout", "referer", "save-cookies", "secure-protocol", "timeout", "tries", "user",
    "user-agent", "wait", "waitretry",
];

impl Line {
    fn curl(arguments: &[String]) -> Self {
        let mut line = Self::default();
        each(
            arguments,
            CURL_SHORT,
            |name| !CURL_FLAGS.contains(&name) && !name.starts_with("no-"),
            |option, value| match option {
                "" | "url" => line.urls.extend(value),
                "o" | "output" => line.outputs.extend(value),
                "O" | "remote-name" | "remote-name-all" => line.by_name = true,
                "output-dir" => line.folder = value,
                "f" | "fail" | "fail-with-body" => line.fail = true,
                "I" | "head" => line.head = true,
                "w" | "write-out" => line.written = value,
                "V" | "version" | "M" | "manual" => line.version = true,
                "u" | "user" | "U" | "proxy-user" | "oauth2-bearer" | "b" | "cookie" | "E" | "cert"
                | "key" | "n" | "netrc" | "netrc-file" => line.credentials = true,
                "H" | "header" => line.credentials |= value.is_some_and(|value| is_secret_header(&value)),
                "T" | "upload-file" | "F" | "form" | "json" => line.sends = true,
                "X" | "request" => {
                    line.sends |= value.is_some_and(|verb| !["GET", "HEAD"].contains(&verb.as_str()))
                }
                _ if option == "d" || option.starts_with("data") => line.sends = true,
                _ => {}
            },
        );
        line
    }

    fn wget(arguments: &[String]) -> Self {
        // wget itself fails where the server says so.
        let mut line = Self { by_name: true, fail: true, ..Self::default() };
        each(
            arguments,
            WGET_SHORT,
            |name| WGET_VALUED.contains(&name),
            |option, value| match option {
                "" => line.urls.extend(value),
                "O" | "output-document" => line.outputs.extend(value),
                "P" | "directory-prefix" => line.folder = value,
                "V" | "version" => line.version = true,
                "spider" => line.head = true,
                "user" | "password" | "http-user" | "http-password" | "load-cookies" | "certificate"
                | "private-key" => {
                    line.credentials = true;
                }
                "header" => line.credentials |= value.is_some_and(|value| is_secret_header(&value)),
                "post-data" | "post-file" | "body-data" | "body-file" => line.sends = true,
                "method" => line.sends |= value.is_some_and(|verb| !["GET", "HEAD"].contains(&verb.as_str())),
                _ => {}
            },
        );
        line
    }
}

/// Reads options as both programs do: clusters of letters, whose first with a value takes the rest; `--name=value`.
fn each(
    arguments: &[String],
    short: &str,
    valued: impl Fn(&str) -> bool,
    mut option: impl FnMut(&str, Option<String>),
) {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--").filter(|name| !name.is_empty()) {
            match name.split_once('=') {
                Some((name, value)) => option(name, Some(value.to_owned())),
                None if valued(name) => option(name, words.next().cloned()),
                None => option(name, None),
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (at, letter) in letters.char_indices() {
                let name = letter.to_string();
                if short.contains(letter) {
                    let rest = &letters[at + letter.len_utf8()..];
                    let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
                    option(&name, value);
                    break;
                }
                option(&name, None);
            }
        } else {
            option("", Some(word.clone()));
        }
    }
}

fn is_secret_header(header: &str) -> bool {
    let name = header.split(':').next().unwrap_or_default().to_ascii_lowercase();
    ["auth", "cookie", "key", "secret", "token"].iter().any(|word| name.contains(word))
}

pub(super) fn curl(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let line = Line::curl(arguments);
    if line.version {
        return real(command, arguments, around);
    }
    // Without --fail an error of the server comes as a page, and the exit code says that all is well.
    let code = |url: &str| match () {
        () if is_this_server(url) => 7,
        () if line.fail => 22,
        () => 6,
    };
    decide(command, arguments, &line, around, code)
}

pub(super) fn wget(command: &str, arguments: &[String], around: &dyn Around) -> Decision {
    let line = Line::wget(arguments);
    if line.version {
        return real(command, arguments, around);
    }
    decide(command, arguments, &line, around, |_| 4)
}

fn decide(
    command: &str,
    arguments: &[String],
    line: &Line,
    around: &dyn Around,
    code: impl Fn(&str) -> i32,
) -> Decision {
    let (mut told, mut files, mut err, mut last) = (Vec::new(), Vec::new(), String::new(), 0);
    let mut status = "200";
    for (index, url) in line.urls.iter().enumerate() {
        let served = if line.sends { None } else { around.file(&names(url)) };
        match &served {
            Some(_) if line.head => {}
            Some(name) => files.push((name.clone(), target(line, index, url))),
            None => {
                last = code(url);
                status = "000";
                let wanted = if line.sends { "not sent" } else { "not fetched: give it with --files" };
                err.push_str(&format!("{command}: ({last}) {wanted}: {}\n", shown(url)));
            }
        }
        let fetch = Fetch {
            url: url.clone(),
            served,
            unchecked: command == "curl" && !line.fail,
            sends: line.sends,
            credentials: line.credentials || has_user(url),
        };
        let how = if fetch.served.is_some() { How::Run } else { How::Refused };
        let (command, arguments) = (command.to_owned(), arguments.to_vec());
        told.push(Told { command, arguments, how, note: String::new(), fetch: Some(fetch) });
    }
    if line.urls.is_empty() {
        last = 2;
        err = format!("{command}: no address was named\n");
    }
    let out = line.written.as_ref().map_or_else(String::new, |format| {
        format.replace("%{http_code}", status).replace("%{response_code}", status).replace("\\n", "\n")
    });
    Decision { told, act: Act::Fetch { files, out, err, code: last } }
}

/// Without what must not be shown: the script's output is.
fn shown(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].rsplit_once('@').map_or(&url[..end], |(_, rest)| rest)
}

fn has_user(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// Host and path, without user, query and fragment.
fn parts(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host);
    (host.to_ascii_lowercase(), path.to_owned())
}

fn is_this_server(url: &str) -> bool {
    let (host, _) = parts(url);
    host == "localhost" || host.starts_with("127.") || host.is_empty()
}

/// By which names a file for this address may lie in the folder: as a mirror would have it, then by its last name.
fn names(url: &str) -> Vec<String> {
    let (host, path) = parts(url);
    let climbs = path.split('/').any(|part| part == ".." || part == ".");
    let last = path.rsplit('/').next().filter(|name| !name.is_empty());
    let mut all = Vec::new();
    if !climbs && !path.is_empty() {
        let whole = if path.ends_with('/') { format!("{path}index.html") } else { path.clone() };
        all.push(format!("{host}/{whole}"));
    }
    match last {
        Some(name) if !climbs => all.push(name.to_owned()),
        Some(_) => {}
        None => all.extend([format!("{host}/index.html"), host]),
    }
    all
}

fn target(line: &Line, index: usize, url: &str) -> Destination {
    let named = line.outputs.get(index).or(line.outputs.last().filter(|_| line.urls.len() == 1));
    let name = match named {
        Some(name) if name == "-" => return Destination::Output,
        Some(name) => name.clone(),
        None if line.by_name => {
            let (_, path) = parts(url);
            let last = path.rsplit('/').next().unwrap_or_default();
            if last.is_empty() { "index.html".to_owned() } else { last.to_owned() }
        }
        None => return Destination::Output,
    };
    match &line.folder {
        Some(folder) if !name.starts_with('/') => Destination::File(format!("{folder}/{name}")),
        _ => Destination::File(name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Copy, asked};
    use super::*;

    const FILES: Copy =
        Copy { there: &[], files: &["motion.conf", "get.example.test/a/client.tgz", "install.sh"] };

    fn fetched(line: &str) -> (i32, Vec<(String, Destination)>, Vec<Fetch>) {
        let Decision { told, act } = asked(line, &FILES);
        let Act::Fetch { files, code, .. } = act else { panic!("{line}: {act:?}") };
        (code, files, told.into_iter().filter_map(|told| told.fetch).collect())
    }

    fn file(name: &str) -> Destination {
        Destination::File(name.to_owned())
    }

    #[test]
    fn what_is_there_by_its_name_is_handed_out() {
        let check = |line: &str, name: &str, target: Destination| {
            let (code, files, _) = fetched(line);
            assert_eq!((code, files), (0, vec![(name.to_owned(), target)]), "{line}");
        };
        check("curl -fsSL https://get.example.test/x/install.sh", "install.sh", Destination::Output);
        check(
            "curl -o /etc/nginx/m.conf https://u:p@h.example.test/motion.conf?t=1",
            "motion.conf",
            file("/etc/nginx/m.conf"),
        );
        check("curl -sSLo/tmp/x https://h/motion.conf", "motion.conf", file("/tmp/x"));
        check(
            "curl -LO --retry 3 https://get.example.test/a/client.tgz",
            "get.example.test/a/client.tgz",
            file("client.tgz"),
        );
        check("curl --output-dir /opt -O https://h/motion.conf", "motion.conf", file("/opt/motion.conf"));
        check("wget -q https://h/motion.conf -P /etc", "motion.conf", file("/etc/motion.conf"));
        check("wget -qO- https://h/install.sh", "install.sh", Destination::Output);
        check("wget --output-document=/x https://h/install.sh", "install.sh", file("/x"));
    }

    #[test]
    fn what_is_not_there_fails_as_without_a_network() {
        assert_eq!(fetched("curl https://h/none -o x").0, 6);
        assert_eq!(fetched("curl -fsS https://h/none").0, 22);
        assert_eq!(fetched("curl http://127.0.0.1:9000/api").0, 7);
        assert_eq!(fetched("wget https://h/none").0, 4);
        assert_eq!(fetched("curl https://h/../motion.conf/..").0, 6);
        let (code, files, told) = fetched("curl -d x=1 https://h/motion.conf");
        assert!(code == 6 && files.is_empty() && told[0].sends);
    }

    #[test]
    fn who_sends_a_password_and_who_checks_nothing_is_told() {
        let told = |line: &str| fetched(line).2.remove(0);
        for line in [
            "curl -u a:b https://h/x",
            "curl -ua:b https://h/x",
            "curl -H Authorization:x https://h/x",
            "curl https://a:b@h/x",
            "wget --user=a --password=b https://h/x",
        ] {
            assert!(told(line).credentials, "{line}");
        }
        assert!(!told("curl -H Accept:x https://h/x").credentials);
        assert!(told("curl -sL https://h/x").unchecked && !told("curl -sfL https://h/x").unchecked);
        assert!(!told("wget https://h/x").unchecked);
    }
}
