//! Free text: addresses, assignments, headers, and what else is read by people or other programs.
//!
//! Invariant: what is shown is the text in its lines; a secret that was hidden once is hidden when the text is read
//! again, and nothing more.

use super::mask::{LETTERS, REDACTED, masked, pattern};
use super::name::{self, Says};
use super::url;
use super::value::{is_harmless, is_only_variables, without_shapes};
use regex::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Prose,
    /// Addresses and patterns: a colon assigns nothing, and no word is the name of a scheme.
    Plain,
}

/// Where something may begin that holds a secret. Of several that begin at one place the first one counts: the name of
/// a host in a URL is none of a setting.
static START: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r"\$?\{{?[A-Za-z_][{LETTERS}.$-]*(?:\[[{LETTERS}-]*\])*\}}?");
    let parts = [
        r"(?P<url>[A-Za-z][A-Za-z0-9+.-]*://)",
        r#"(?P<login>["'])[^\s/@"';:]+:[^\s/@"';]+@"#,
        // A user with his password before a host, and nothing else around them.
        r#"(?P<at>(?:^|[\s,(\[{=])(?P<scheme_or_user>[A-Za-z0-9._+-]+):)[^\s@"';,/]+@[A-Za-z0-9\[(]"#,
        r#"(?P<entry>(?:conflicting|too long) parameter ")[^"]*"#,
        r#"(?:unknown|closing bracket in) "(?P<tail>[^"]*)" variable"#,
        r"(?P<scheme>(?-u:\b)(?i:basic|bearer|digest|negotiate|ntlm)[ \t]+)",
        r"(?P<by>(?-u:\b)(?:(?i:identified)[ \t]+(?i:by)[ \t]+|(?i:password)\())",
        r"(?P<user>(?:^|[ \t])(?:-u|-U|--user|--proxy-user)[ \t=]*[\x22']?)[^\s:\x22'/]+:",
        &format!(r"<(?P<tag>{name})>"),
        &format!(r"(?P<option>(?:^|[ \t])--?(?P<called>{name})[ \t]+)"),
        &format!(
            r#"(?-u:\b(?:(?:\w+_header|\w+_param|\w+_env_var|SetEnv|setenv)[ \t]+\\?["']?|(?:js_var|set)[ \t]+\\?\$))(?P<given>{name})\\?["']?[ \t]+"#
        ),
        &format!(r#"(?-u:\b)define[ \t]*\([ \t]*["'](?P<defined>{name})["'][ \t]*,[ \t]*"#),
        // A rule of ModSecurity: `REQUEST_HEADERS:X-Api-Key "!@streq …"`.
        &format!(r#"(?P<tested>{name})[ \t]+\\?["']!?@[A-Za-z]+[ \t]+"#),
        &format!(
            r#"(?P<name>{name})(?:&(?:quot|apos|#3[49]);|\\*["'\])]*)(?P<sep>[ \t]*(?:=>|:=|!?={{2,3}}|!=|~=|=~|[=:])[ \t]*|[ \t]+(?:!?~\*?|is|was)[ \t]+)"#
        ),
    ];
    pattern(&parts.join("|"))
});

/// What ends a value of several words.
static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"["';{}<>&|\\#]|(?-u:,?[ \t]+[\w.$-]+(?:=|:[ \t])|[ \t]+(?:--?\w|https?://))"#)
});
/// Words that stand behind the name of a scheme where prose speaks of it.
const PROSE: [&str; 62] = [
    "access", "and", "auth", "authentication", "authorisation", "authorization", "caching", "challenge",
    "check", "checks", "config", "configuration", "credentials", "data", "error", "example", "files", "for",
    "from", "header", "headers", "health", "html", "http", "in", "info", "is", "login", "logging", "members",
    "mode", "not", "of", "on", "only", "or", "page", "protection", "proxy", "realm", "required", "routing",
    "rules", "scheme", "security", "server", "settings", "setup", "site", "ssl", "string", "strings", "the",
    "tls", "to", "token", "tokens", "usage", "user", "users", "website", "with",
];

/// What the challenge of a scheme says, and a digest before its secret parts.
const PARAMETERS: [&str; 10] = [
    "algorithm", "charset", "error", "error_description", "error_uri", "qop", "realm", "scope", "title",
    "username",
];

/// The text without the secrets that stand beside what names them.
pub fn plain(text: &str, kind: Kind) -> String {
    let text = without_shapes(text);
    let mut shown = String::with_capacity(text.len());
    let (mut position, mut kept) = (0, 0);
    while let Some(found) = START.captures_at(&text, position) {
        let whole = found.get(0).expect("the match");
        let (place, replacement) = match begins(&text, &found, kind) {
            Some(hidden) => hidden,
            None => {
                // Inside of a name that says nothing another one may begin only behind what parts it from its value.
                position = whole.end().max(position + 1);
                while !text.is_char_boundary(position) {
                    position += 1;
                }
                continue;
            }
        };
        shown.push_str(&text[kept..place.start]);
        shown.push_str(&replacement);
        kept = place.end;
        position = place.end.max(whole.start() + 1);
    }
    shown.push_str(&text[kept..]);
    shown
}

/// The place that is hidden, and what stands there instead.
fn begins(text: &str, found: &Captures<'_>, kind: Kind) -> Option<(Range<usize>, String)> {
    let whole = found.get(0).expect("the match");
    let hide = |place: Range<usize>| (!place.is_empty()).then(|| (place.clone(), masked(&text[place])));
    if found.name("url").is_some() {
        let end = url::end(text, whole.start());
        let shown = url::shown(&text[whole.start()..end]);
        return Some((whole.start()..end, shown));
    }
    if let Some(quote) = found.name("login") {
        // `"HIGH:!PSK:@STRENGTH"` is a list of ciphers.
        if ["STRENGTH", "SECLEVEL"].iter().any(|word| text[whole.end()..].starts_with(word)) {
            return None;
        }
        return hide(quote.end()..whole.end() - 1);
    }
    if let Some(user) = found.name("at") {
        let is_scheme = ["acct", "mailto", "sip", "sips", "xmpp"].contains(&&found["scheme_or_user"]);
        let end = whole.end() - 2;
        // `nginx:1.27@sha256:…` is an image by its hash.
        let is_kept =
            is_scheme || text[end..].starts_with("@sha256:") || is_only_variables(&text[user.end()..end]);
        return if is_kept { None } else { hide(user.end()..end) };
    }
    // What NGINX says of an entry of a map, and of what stands behind a `$`.
    if let Some(entry) = found.name("entry") {
        return hide(entry.end()..whole.end());
    }
    if let Some(tail) = found.name("tail") {
        return (!is_variable_name(tail.as_str())).then(|| hide(tail.range())).flatten();
    }
    if let Some(scheme) = found.name("scheme") {
        return if kind == Kind::Plain { None } else { credential(text, scheme.end()).and_then(hide) };
    }
    if let Some(user) = found.name("user") {
        let rest = &text[user.end()..];
        let length = rest.find(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
        return hide(user.end()..length.map_or(text.len(), |length| user.end() + length));
    }
    named_before(text, found, kind).and_then(hide)
}

/// The value behind what names it: a phrase, a tag, an option, a directive, a setting.
fn named_before(text: &str, found: &Captures<'_>, kind: Kind) -> Option<Range<usize>> {
    let whole = found.get(0).expect("the match");
    let if_hidden = |called: &str, place: Range<usize>| hidden(text, called, place.clone()).then_some(place);
    if let Some(by) = found.name("by") {
        let place = value(text, whole.end(), false);
        let place = if by.as_str().ends_with('(') { until_closed(text, place) } else { place };
        // `password(s)` is one or several.
        return (&text[place.clone()] != "s").then_some(place);
    }
    if let Some(tested) = found.name("tested") {
        let end =
            text[whole.end()..].find(['"', '\'', '\n', '\\']).map_or(text.len(), |end| whole.end() + end);
        return if_hidden(tested.as_str(), whole.end()..end);
    }
    if let Some(tag) = found.name("tag") {
        // `(?<token>…)` names what a pattern finds.
        if text[..whole.start()].ends_with(['?', 'P']) {
            return None;
        }
        let end = text[whole.end()..].find(['<', '\n']).map_or(text.len(), |end| whole.end() + end);
        return if_hidden(tag.as_str(), whole.end()..end);
    }
    if let Some(called) = found.name("called") {
        let place = value(text, whole.end(), false);
        let is_option = text[place.clone()].starts_with('-');
        let named = name::says(called.as_str()) == Says::Surely;
        return if_hidden(called.as_str(), place).filter(|_| named && !is_option);
    }
    if let Some(given) = found.name("given").or(found.name("defined")) {
        let place = value(text, whole.end(), false);
        return if_hidden(given.as_str(), place);
    }
    assigned(text, found, kind)
}

/// `name = value`, `Name: value`, `"name": "value"`.
fn assigned(text: &str, found: &Captures<'_>, kind: Kind) -> Option<Range<usize>> {
    let whole = found.get(0).expect("the match");
    let (named, separator) = (found.name("name")?, found.name("sep")?);
    let before = &text[..named.start()];
    let called = without_escape(before, named.as_str());
    let says = name::says(called);
    let sign = separator.as_str().trim();
    let is_colon = sign == ":";
    let word = matches!(sign, "is" | "was");
    // `upstream "my token": why` quotes something, and gives no name a value.
    if is_colon
        && ends_quotation(before, &text[named.end()..])
        && !text[whole.end()..].starts_with(['"', '\''])
    {
        return None;
    }
    if says == Says::Nothing || (is_colon && kind == Kind::Plain) || (word && says != Says::Surely) {
        return None;
    }
    // `cannot open /etc/x.key: why` names a file.
    let is_path = before.ends_with(['/', '.']);
    let is_file = is_path || called.contains('.') && says == Says::Perhaps;
    let is_apart = separator.as_str().ends_with([' ', '\t']);
    if is_colon && is_apart && is_file {
        return None;
    }
    let is_header = is_colon && is_apart && is_header(called);
    let place = value(text, whole.end(), is_header);
    let shown = &text[place.clone()];
    let behind = text[place.end..].trim_start_matches(['"', '\'', ',']);
    let is_plain_word =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_alphabetic() || b",.()/".contains(&byte));
    // "key: see below" is a sentence; so is "the password is not kept".
    let is_sentence = is_colon
        && is_apart
        && says == Says::Perhaps
        && is_plain_word(shown.split_whitespace().next().unwrap_or_default())
        && (behind.starts_with([' ', '\t']) || shown.contains(' '))
        && !["authorization", "cookie"].iter().any(|header| called.to_ascii_lowercase().ends_with(header));
    let is_quoted = text[..place.start].ends_with(['"', '\'', '`']);
    let is_said = word && !is_quoted && !shown.bytes().any(|byte| byte.is_ascii_digit());
    // `auth:8443` is a host with its port, `~ (?<key>…)` a pattern.
    let is_port = is_colon
        && !is_apart
        && (says == Says::Perhaps
            || before.ends_with("→ ")
            || ["80", "443", "8080", "8443"].contains(&shown))
        && shown.split([',', '/']).next().is_some_and(is_number)
        && !name::words(called).iter().any(|word| word.starts_with("pin"));
    let is_pattern = kind == Kind::Plain && shown.starts_with(['(', '[', '\\', '.', '^']);
    // "pass: through the proxy".
    let is_onwards = called.ends_with("pass") && name::ONWARDS.contains(&shown);
    let is_kept = is_sentence || is_said || is_port || is_pattern || is_onwards;
    // "password: two words".
    let is_open =
        says == Says::Surely && !is_quoted && !word && (is_apart || sign == ":") && kind == Kind::Prose;
    let place = if is_open && !is_kept { with_more_words(text, place) } else { place };
    (!is_kept && hidden(text, called, place.clone())).then_some(place)
}

/// Whether a quotation ends behind a name that began before it.
fn ends_quotation(before: &str, behind: &str) -> bool {
    /// No quotation in a message is longer.
    const LONGEST: usize = 200;
    let Some(quote) = behind.chars().next().filter(|letter| ['"', '\''].contains(letter)) else {
        return false;
    };
    let mut line = before.chars().rev().take(LONGEST).take_while(|letter| *letter != '\n');
    !before.ends_with([quote, '[', '-', '\\']) && line.any(|letter| letter == quote)
}

/// A name without the letter of an escape that stands before it: `\nsig=…`.
fn without_escape<'t>(before: &str, name: &'t str) -> &'t str {
    let slashes = before.len() - before.trim_end_matches('\\').len();
    let rest = name.strip_prefix(['n', 'r', 't']).filter(|_| slashes % 2 == 1);
    rest.filter(|rest| name::is_secret_name(rest)).unwrap_or(name)
}

/// A value without quotes up to the end of its line, or of what it stands in, or to the next name that is given one.
fn with_more_words(text: &str, place: Range<usize>) -> Range<usize> {
    let line = text[place.end..].find('\n').map_or(text.len(), |end| place.end + end);
    let rest = &text[place.end..line];
    let end = NEXT.find(rest).map_or(rest.len(), |next| next.start());
    place.start..place.end + rest[..end].trim_end().len()
}

/// What stands in round brackets, of which the last one is none of its own.
fn until_closed(text: &str, place: Range<usize>) -> Range<usize> {
    let end = text[place.clone()].find(')').map_or(place.end, |end| place.start + end);
    place.start..end
}

/// Whether a variable is likely called so, and a password is not.
fn is_variable_name(name: &str) -> bool {
    const BEGINS: [&str; 9] =
        ["arg_", "cookie_", "geoip", "http2", "http3", "http_", "proxy_", "ssl_", "upstream_"];
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    plain || BEGINS.iter().any(|begin| name.starts_with(begin))
}

/// Whether a text can be the number of a port.
fn is_number(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the value there is to be hidden.
fn hidden(text: &str, called: &str, place: Range<usize>) -> bool {
    let value = &text[place];
    let is_harmless = match value.strip_prefix(['{', '[']) {
        Some(list) if value != REDACTED => harmless_list(called, list),
        _ => is_harmless(called, value),
    };
    name::is_secret_name(called) && !value.is_empty() && !is_harmless
}

/// Whether nothing in a list, or in an object with names of its own, is a secret.
fn harmless_list(called: &str, list: &str) -> bool {
    /// A longer one is hidden: looking at the rest of a line once more for each list in it would never end.
    const LONGEST: usize = 500;
    if list.len() > LONGEST {
        return false;
    }
    let parts =
        list.split([',', '{', '}', '[', ']', ';']).map(|part| part.rsplit(':').next().unwrap_or_default());
    let mut parts = parts
        .map(|part| part.trim_matches(|letter: char| letter.is_whitespace() || "\\\"'".contains(letter)));
    parts.all(|part| is_harmless(called, part))
}

/// Whether a name is written as headers are, so that its value is the rest of the line.
fn is_header(name: &str) -> bool {
    name.contains('-') || ["authorization", "cookie"].contains(&name.to_ascii_lowercase().as_str())
}

/// Where the value lies that begins there: what is in quotes, a list in brackets, the rest of the line for a header, or
/// else a word.
pub fn value(text: &str, start: usize, is_header: bool) -> Range<usize> {
    let blanks = ["\\t", "\\n", "\\r"].iter().filter(|blank| text[start..].starts_with(**blank));
    let start = start + blanks.map(|blank| blank.len()).sum::<usize>();
    let line = text[start..].find('\n').map_or(text.len(), |end| start + end);
    let rest = &text[start..line];
    let slashes = rest.len() - rest.trim_start_matches('\\').len();
    if let Some(quote @ ('"' | '\'' | '`')) = rest[slashes..].chars().next() {
        let inside = start + slashes + 1;
        return inside..closed(text, inside, line, quote, slashes);
    }
    let entity = ["&quot;", "&apos;", "&#34;", "&#39;"].into_iter().find(|entity| rest.starts_with(*entity));
    if let Some(entity) = entity {
        let inside = start + entity.len();
        return inside..text[inside..line].find(entity).map_or(line, |end| inside + end);
    }
    if rest.starts_with('{') {
        return start..rest.find('}').map_or(line, |end| start + end + 1);
    }
    if rest.starts_with('[') && !rest.starts_with(REDACTED) {
        return start..rest.find(']').map_or(line, |end| start + end + 1);
    }
    let before = &text[text[..start].rfind('\n').map_or(0, |end| end + 1)..start];
    let open = ['"', '\''].into_iter().find(|quote| before.matches(*quote).count() % 2 == 1);
    if is_header {
        return start
            ..open
                .and_then(|quote| rest.find(quote))
                .map_or(start + rest.trim_end().len(), |end| start + end);
    }
    let ends = |letter: char| letter.is_whitespace() || "\"'&;".contains(letter);
    let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
    // Behind variables alone another name may follow: `sid=$cookie_sid,pin=$arg_pin`.
    let word = match word.starts_with('$') {
        true => &word[..word.find([',', '|', ')', ']', '>', '?']).unwrap_or(word.len())],
        false => match word.find(REDACTED) {
            Some(at) => &word[..at + REDACTED.len()],
            None => word.trim_end_matches([',', ')', '}', ']']),
        },
    };
    let word = if word.is_empty() { &rest[..rest.find(ends).unwrap_or(rest.len())] } else { word };
    start..start + word.len()
}

/// Where a quotation ends, which may run over lines.
///
/// A quote in a later line behind which a word goes on closes nothing: the quotation was never closed, and that quote opens
/// another one. What stands there may be a secret whose name was taken for a part of the value.
fn closed(text: &str, inside: usize, line: usize, quote: char, slashes: usize) -> usize {
    /// Behind so many quotes that open another quotation this one is not closed. What looks further for each name that is
    /// given no secret looks through the rest of a file as often as it has lines.
    const MOST: usize = 50;
    let mut from = inside;
    for _ in 0..MOST {
        let Some(end) = closing(text, from, quote, slashes) else { break };
        from = end + slashes + 1;
        let is_over = |letter: char| letter.is_whitespace() || ",;:.)]}>|&<\"'`\\".contains(letter);
        if end <= line || text[from..].chars().next().is_none_or(is_over) {
            return end;
        }
    }
    text[from..].find('\n').map_or(text.len(), |end| from + end)
}

/// Where a quotation ends: at the same quote, behind as many backslashes.
fn closing(text: &str, inside: usize, quote: char, slashes: usize) -> Option<usize> {
    let mut before = 0;
    for (at, letter) in text[inside..].char_indices() {
        match letter {
            '\\' => before += 1,
            letter if letter == quote && before == slashes => return Some(inside + at - slashes),
            _ => before = 0,
        }
    }
    None
}

/// Where the credential lies behind the name of a scheme, if one does.
fn credential(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..];
    let ends = |letter: char| letter.is_whitespace() || "\"'\\,;)}]<".contains(letter);
    let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
    // `Basic realm="x"` asks for a credential, and is none.
    let is_parameter = word.split_once('=').is_some_and(|(name, _)| PARAMETERS.contains(&name));
    let plain = word.trim_end_matches(['.', ':', '!', '?']).to_ascii_lowercase();
    let kept = is_parameter
        || PROSE.contains(&plain.as_str())
        || rest[word.len()..].starts_with("]") && word == "[redacted"
        || is_only_variables(word)
        || !word.contains(|letter: char| letter.is_alphanumeric());
    (!kept).then(|| start..start + word.len())
}
