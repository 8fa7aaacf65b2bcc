//! Whether a value can be a secret at all, and which values are one by their look alone.
//!
//! Invariant: what is only variables is none, whatever it is called; a known shape is one, wherever it stands.

use super::mask::{REDACTED, masked, pattern};
use super::name::{self, About, Says};
use regex::Regex;
use std::sync::LazyLock;

/// Values that switch something or name a choice.
const FLAGS: [&str; 36] = [
    "", "*", "-", "all", "always", "any", "basic", "bearer", "block", "cookie", "default", "deny", "digest",
    "disabled", "enabled", "false", "header", "hit", "include", "invalid", "miss", "missing", "never", "no",
    "none", "null", "off", "ok", "on", "optional", "required", "same-origin", "true", "valid", "value",
    "yes",
];
/// Schemes of the `Authorization` header.
const SCHEMES: [&str; 7] = ["basic", "bearer", "digest", "negotiate", "ntlm", "token", "apikey"];
/// What a cookie says of itself beside its value.
const ATTRIBUTES: [&str; 9] =
    ["domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure"];

/// A variable: of the digits nginx takes one alone.
static VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u:\$(?:[A-Za-z_]\w*|\{\w+\}|\d|\((?:[A-Za-z_]\w*)\)))"));
/// What documents offer for the kind, the store or the state of something.
const KINDS: [&str; 44] = [
    "access", "active", "aes", "api", "apikey", "argon2id", "bcrypt", "code", "database", "db", "expired",
    "failed", "files", "form", "hmac", "id", "jsessionid", "json", "jwt", "kerberos", "lax", "ldap", "local",
    "memcached", "memory", "oauth", "oauth2", "oidc", "opaque", "openid", "pam", "phpsessid", "plain",
    "query", "redis", "refresh", "rsa", "saml", "sid", "sso", "strict", "success", "token", "url",
];
/// Words of which the names of services beside NGINX are made: `auth-backend`.
const SERVICES: [&str; 34] = [
    "api", "app", "auth", "authelia", "authentik", "backend", "cache", "cc", "cluster", "db", "dex",
    "frontend", "gateway", "host", "internal", "keycloak", "ldap", "local", "localhost", "login", "main",
    "motion", "node", "oauth", "proxy", "redis", "server", "servers", "service", "session", "sso", "token",
    "upstream", "web",
];
/// A size or a time.
static AMOUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{1,6}(?:ms|[smhdwykKMgG])$"));
/// An address or a host of several parts, or with a port; a socket.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    let address = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?|\[[0-9a-f:]+\]|[0-9a-f]*:[0-9a-f:]*:[0-9a-f:]*(?:/[0-9]{1,3})?";
    let host = r"(?:\*?\.)?(?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,12}\.?";
    pattern(&format!(
        r"^(?:(?:{address}|{host})(?::[0-9]{{1,5}})?|[a-z][a-z0-9_-]*:[0-9]{{2,5}}|unix:/[A-Za-z0-9_./-]+)$"
    ))
});
/// A file in one of the system's folders.
static FILE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^/(?:etc|usr|var|opt|run|srv|home|root)(?:/[A-Za-z0-9_.@-]+)+$"));
/// Names of algorithms, as their documents write them.
static ALGORITHM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:HMAC(?:-SHA-?[0-9]{1,3})?|[REHP]S(?:256|384|512)|SHA-?(?:1|256|384|512)|AES(?:-[0-9]{3}(?:-[A-Z]{3})?)?|RSA|ECDSA|EdDSA|MD5)$",
    )
});
static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^v?[0-9]{1,2}(?:\.[0-9]{1,3}){0,2}$"));
static LICENCE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?-u:MIT|ISC|Apache(?:-2\.0)?|[AL]?GPL(?:-?v?\d[\w.+-]*)?|BSD(?:-\d-Clause)?|MPL-2\.0)$")
});
/// The address of a network card.
static CARD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"));
/// Who may use a feature of a browser (`Permissions-Policy`).
static ALLOWED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\(?(?:self|src|none|\*)?\)?,?$"));

/// Shapes that nothing else has: JWTs, keys of clouds and services, hashes of passwords, private keys.
static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"-{5}BEGIN [A-Z0-9 ]*PRIVATE KEY-{5}(?s:.)*?(?:-{5}END [A-Z0-9 ]*PRIVATE KEY-{5}|\z)",
        r"|(?-u:\b(?:eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}",
        r"|(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{12,}\b",
        r"|gh[pousr]_[A-Za-z0-9]{8,}|github_pat_\w{8,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{8,}",
        r"|xox[a-z](?:\.xox[a-z])?-[\w-]{6,}|xapp-[\w-]{6,}",
        r"|[sr]k_(?:live|test)_\w{6,}|whsec_\w{6,}|sk-(?:[a-z]+-)*[A-Za-z0-9_]{16,}|pypi-[\w-]{16,}",
        r"|AIza[\w-]{16,}|ya29\.[\w.-]{8,}|GOCSPX-[\w-]{8,}|SG\.[\w-]{8,}\.[\w-]{8,}|npm_[A-Za-z0-9]{16,}",
        r"|dop_v1_\w{16,}|hvs\.[\w-]{8,}|shp(?:at|ca|pa|ss)_\w{8,}|AGE-SECRET-KEY-1\w{8,}|dckr_pat_[\w-]{8,}",
        r"|key-[0-9a-f]{32}\b|AC[0-9a-f]{32}\b|SK[0-9a-f]{32}\b|hf_[A-Za-z0-9]{16,}|nrak-[\w]{16,}",
        r"|\d{8,10}:AA[\w-]{20,}))",
        r"|\$(?:1|2[abxy]|5|6|7|y|gy|apr1|sha1|argon2id?)\$[^\s:'\x22;]{8,}|\{(?:SSHA|SHA|CRYPT|PLAIN)[0-9]*\}[^\s'\x22;]{4,}",
    ))
});
/// Addresses whose path is the key.
static HOOK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot|outlook\.office\.com/webhook/)[^\s\x22'?;]+",
    )
});
/// A long run as a key is written: see [`is_random`].
static RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9+/_=-]{40,}"));

/// Whether nothing of a value is written out but what parts its variables, and the name of a scheme.
pub fn is_only_variables(value: &str) -> bool {
    // What was hidden before is not there to be hidden.
    let value = value.replace(REDACTED, " ");
    let rest = VARIABLE.replace_all(&value, " ");
    let written = rest.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    written.into_iter().all(|word| SCHEMES.contains(&word.to_ascii_lowercase().as_str()))
}

/// Whether a value of a name that speaks of a secret is none: only variables, a switch, an amount; what the name's last
/// word says that is meant instead; a cookie whose value is not written out. Addresses and paths are yet to be read as
/// free text.
pub fn is_harmless(called: &str, value: &str) -> bool {
    let flag = value.trim().trim_end_matches(['?', '!']).to_ascii_lowercase();
    let is_number = |most: usize| flag.len() <= most && flag.bytes().all(|byte| byte.is_ascii_digit());
    let says = name::says(called);
    is_number(if says == Says::Surely { 1 } else { 2 })
        || FLAGS.contains(&flag.as_str())
        || is_only_variables(value)
        || AMOUNT.is_match(&flag)
        || ALGORITHM.is_match(value)
        || ALLOWED.is_match(value)
        || is_what_is_meant(called, value)
        || is_of_its_name(called, says, value)
        || is_open_cookie(called, value)
}

/// `auth_backend http://…`: what the last word of the name says, and no secret's look.
fn is_what_is_meant(called: &str, value: &str) -> bool {
    let Some(about) = name::about(called) else { return false };
    // Of an address each part is a word of its own.
    if value.split(['/', ':', '@', '?', '=', '&']).any(is_random) || SHAPE.is_match(value) {
        return false;
    }
    let is_kind = KINDS.contains(&value.to_ascii_lowercase().as_str()) || VERSION.is_match(value);
    let is_short = value.len() <= 3 && value.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_meant = match about {
        About::Place => is_place(value),
        About::Amount => value.len() <= 8 && value.bytes().all(|byte| byte.is_ascii_digit()),
        About::Kind => false,
        About::Said => value.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' '),
    };
    is_meant || is_kind || is_short
}

/// An address, a host, a path, or the name of a service, which is made of words that services are called by.
pub fn is_place(value: &str) -> bool {
    let mut words = value.split(['-', '_', '.']);
    value.starts_with('/')
        || value.contains("://")
        || HOST.is_match(value)
        || words.all(|word| SERVICES.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit())))
}

/// What the very word of a name has beside secrets: `license: MIT`, `key: /etc/x.key`, `auth http://…`, `mac: 00:…`.
fn is_of_its_name(called: &str, says: Says, value: &str) -> bool {
    let words = name::words(called);
    let last = words.last().map(String::as_str).unwrap_or_default();
    match last {
        "license" | "licence" if LICENCE.is_match(value) => true,
        "mac" if CARD.is_match(value) => true,
        "pass" | "passes" if name::ONWARDS.contains(&value) => true,
        "auth" if value.contains("://") => true,
        _ if name::is_table_key(called) => is_table_value(value),
        _ => says == Says::Perhaps && FILE.is_match(value) && !is_random(value),
    }
}

/// The key of a table is built of variables, with a few letters between them.
fn is_table_value(value: &str) -> bool {
    const LONGEST: usize = 6;
    let rest = VARIABLE.replace_all(value, " ");
    let mut words = rest.split(|letter: char| !letter.is_alphanumeric());
    VARIABLE.is_match(value) && words.all(|word| word.len() <= LONGEST)
}

/// `Set-Cookie "lang=$lang; Path=/"`: nothing of its value is written out.
fn is_open_cookie(called: &str, value: &str) -> bool {
    let lower = called.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim).filter(|part| !part.is_empty());
    let is_choice = |called: &str, value: &str| {
        let word = (1..=8).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
        word && !name::is_secret_name(&format!("cookie_{}", called.trim()))
    };
    let is_open = |part: &str| match part.split_once('=') {
        Some((called, value)) => is_only_variables(value.trim_matches('"')) || is_choice(called, value),
        None => is_only_variables(part),
    };
    let is_attribute = |part: &str| {
        let name = part.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        ATTRIBUTES.contains(&name.as_str())
    };
    match lower.replace('_', "-").as_str() {
        "cookie" | "http-cookie" => parts.all(is_open),
        name if name.ends_with("set-cookie") => parts.next().is_some_and(is_open) && parts.all(is_attribute),
        _ => false,
    }
}

/// Whether a regular expression names nothing but a scheme, so that it cannot tell one visitor from another.
pub fn is_open_pattern(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('~') else { return false };
    let words = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut words = words.filter(|word| !word.is_empty() && !["s", "S", "w", "d", "b", "i"].contains(word));
    words.all(|word| SCHEMES.contains(&word.to_ascii_lowercase().as_str()))
}

/// A text without what is a secret by its look alone.
pub fn without_shapes(text: &str) -> String {
    let text = SHAPE.replace_all(text, |found: &regex::Captures<'_>| masked(&found[0]));
    let text = HOOK.replace_all(&text, format!("${{1}}{REDACTED}"));
    let run = |found: &regex::Captures<'_>| {
        let whole = found.get(0).expect("the match");
        // The hash of a script in a policy is public.
        let is_hash = ["sha256-", "sha384-", "sha512-"].iter().any(|hash| whole.as_str().starts_with(hash));
        if is_hash || !is_key_material(whole.as_str()) {
            whole.as_str().to_owned()
        } else {
            REDACTED.to_owned()
        }
    };
    RUN.replace_all(&text, run).into_owned()
}

/// Capitals, small letters and digits, without the parts that a path has.
fn is_key_material(run: &str) -> bool {
    let kinds = [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit];
    let is_mixed = |text: &str| kinds.iter().all(|is_kind| text.bytes().any(|byte| is_kind(&byte)));
    let mut parts = run.split(['/', '-', '_']).filter(|part| part.len() >= 20);
    // Of a path each part is a name of its own: a moment in one and a hash in the next are no key.
    let is_mixed =
        if run.starts_with('/') { parts.any(is_mixed) } else { parts.next().is_some() && is_mixed(run) };
    is_mixed && is_random(run)
}

/// Long, with letters and digits in no order that a word has: a key, a hash, a UUID.
pub fn is_random(run: &str) -> bool {
    /// A run of letters and digits is no token when it is shorter.
    const SHORTEST: usize = 16;
    /// In a token letters and digits change so often, of a hundred places; words with numbers stay far below.
    const CHANGES: usize = 25;
    let kinds: Vec<u8> = run.bytes().filter(u8::is_ascii_alphanumeric).map(kind).collect();
    let has = |wanted: fn(&u8) -> bool| kinds.iter().any(wanted);
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    kinds.len() >= SHORTEST
        && has(|kind| *kind == b'0')
        && has(|kind| *kind != b'0')
        && changes * 100 >= kinds.len() * CHANGES
}

/// Whether the whole of a value is such a token, and nothing that is read by people.
pub fn is_token(value: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    let plain = value.bytes().all(part) && !value.contains("//") && !value.starts_with('/');
    plain && value.len() >= 20 && is_random(value)
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'A'..=b'Z' => b'A',
        _ => b'a',
    }
}
