//! Whether a name says that what it stands for is a secret: of a header, a variable, a parameter, a setting.
//!
//! Invariant: a name is judged by its words, however they are joined (`X-Api-Key`, `apiKey`, `API_KEY`, `XAPIKEY`).
//! Names of directives are none of these: see the table.

/// How much a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// Nothing secret.
    Nothing,
    /// A secret, by a word that prose and settings use otherwise, too (`auth`, `session`, `key`).
    Perhaps,
    /// A secret (`password`, `secret`, `token`).
    Surely,
}

/// Words that are a secret by themselves. "Surely" is what no sentence uses otherwise.
const SURELY: [&str; 11] =
    ["pass", "pw", "pwd", "psk", "jwt", "otp", "totp", "passwd", "apikey", "accesskey", "secretkey"];
const PERHAPS: [&str; 18] = [
    "auth",
    "bearer",
    "cred",
    "creds",
    "jsessionid",
    "key",
    "keys",
    "mac",
    "phpsessid",
    "pin",
    "pincode",
    "pins",
    "salt",
    "sess",
    "sid",
    "sig",
    "sigs",
    "signed",
];
/// Parts of a word: `dbpassword`, `clientsecret`, `userpass`.
const SURELY_INSIDE: [&str; 11] = [
    "accesskey",
    "apikey",
    "authkey",
    "credential",
    "hmac",
    "passcode",
    "passphrase",
    "passw",
    "secret",
    "signature",
    "token",
];
const PERHAPS_INSIDE: [&str; 6] = ["auth", "cookie", "licence", "license", "session", "privatekey"];
/// Ends of a word.
const SURELY_ENDS: [&str; 4] = ["pass", "psk", "pwd", "pw"];
/// Words that only look so.
const OTHERS: [&str; 40] = [
    "author",
    "authored",
    "authoring",
    "authoritative",
    "authorities",
    "authority",
    "authors",
    "authentic",
    "authenticity",
    "bypass",
    "coauthor",
    "coauthors",
    "compass",
    "donkey",
    "encompass",
    "hockey",
    "hotkey",
    "jackass",
    "jockey",
    "keyboard",
    "keypass",
    "keyword",
    "keywords",
    "mackey",
    "monkey",
    "nobypass",
    "obsession",
    "overpass",
    "passive",
    "passw0rdless",
    "passwordless",
    "secretariat",
    "secretary",
    "tokenizer",
    "trespass",
    "turkey",
    "turnkey",
    "underpass",
    "upass",
    "whiskey",
];
/// Words before `key` that make it the key of a table, not of a lock.
const TABLES: [&str; 23] = [
    "balance",
    "balancer",
    "bucket",
    "cache",
    "foreign",
    "group",
    "hash",
    "limit",
    "limiter",
    "lookup",
    "map",
    "partition",
    "primary",
    "public",
    "purge",
    "rate",
    "route",
    "routing",
    "shard",
    "sort",
    "throttle",
    "websocket",
    "zone",
];
/// Last words that say what of a secret's surroundings is meant: `auth_backend`, `session_timeout`.
const ABOUT: [&str; 42] = [
    "age",
    "backend",
    "bucket",
    "cache",
    "count",
    "dir",
    "directory",
    "domain",
    "enabled",
    "endpoint",
    "expires",
    "expiry",
    "file",
    "header",
    "host",
    "level",
    "limit",
    "method",
    "mode",
    "path",
    "policy",
    "port",
    "provider",
    "rate",
    "realm",
    "required",
    "scheme",
    "server",
    "service",
    "size",
    "state",
    "status",
    "timeout",
    "ttl",
    "type",
    "upstream",
    "uri",
    "url",
    "zone",
    "valid",
    "ok",
    "format",
];
/// Names of cookies that hold a choice of the visitor.
const CHOICES: [&str; 27] = [
    "ab",
    "abtest",
    "bucket",
    "color",
    "consent",
    "country",
    "currency",
    "device",
    "experiment",
    "i18n",
    "lang",
    "language",
    "layout",
    "locale",
    "mobile",
    "nocache",
    "noscript",
    "region",
    "skin",
    "theme",
    "timezone",
    "tz",
    "variant",
    "version",
    "view",
    "desktop",
    "gdpr",
];
/// Headers that only speak about authentication, to every client.
const PUBLIC: [&str; 9] = [
    "access-control-",
    "authentication-info",
    "clear-site-data",
    "proxy-authenticate",
    "public-key-pins",
    "sec-websocket-",
    "strict-transport-",
    "www-authenticate",
    "x-accel-",
];

/// What a name says.
pub fn says(name: &str) -> Says {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let bare = lower.trim_start_matches("$").trim_start_matches("http-").trim_start_matches("sent-http-");
    if PUBLIC.iter().any(|public| bare.starts_with(public)) {
        return Says::Nothing;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = match words.as_slice() {
        // What a visitor chose, and `cookie_path`, `cookie_flags` of a setting.
        ["cookie", choice @ ..] if choice.iter().any(|word| CHOICES.contains(word)) => return Says::Nothing,
        [.., "cookie", "flags" | "name" | "samesite" | "secure" | "httponly" | "prefix"] => {
            return Says::Nothing;
        }
        // `$http_x_key`, `$arg_key`: the first word is nginx's.
        ["http" | "arg", rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    (0..words.len()).map(|index| word(words, index)).max().unwrap_or(Says::Nothing)
}

/// Whether the value of what is called so is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    says(name) != Says::Nothing
}

/// Whether the last word of a name says that a secret's place, time or kind is meant.
pub fn is_about(name: &str) -> bool {
    let words = words(name);
    words.len() > 1 && words.last().is_some_and(|last| ABOUT.contains(&last.as_str()))
}

/// What one word of a name says, among the others.
fn word(words: &[&str], index: usize) -> Says {
    let word = words[index];
    let before = index.checked_sub(1).map_or("", |before| words[before]);
    let behind = words.get(index + 1).copied().unwrap_or_default();
    match word {
        word if OTHERS.contains(&word) => return Says::Nothing,
        // `proxy_pass`, `by_pass` and `pass_through` say what is done.
        "pass" if ["by", "fastcgi", "grpc", "memcached", "proxy", "scgi", "uwsgi"].contains(&before) => {
            return Says::Nothing;
        }
        "pass" | "passes" if ["through", "thru", "on", "by", "to"].contains(&behind) => return Says::Nothing,
        "key" | "keys" if TABLES.contains(&before) || TABLES.contains(&behind) => return Says::Nothing,
        "tokens" if before == "server" => return Says::Nothing,
        _ => {}
    }
    let inside = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    if SURELY.contains(&word) || inside(&SURELY_INSIDE) || SURELY_ENDS.iter().any(|end| word.ends_with(end)) {
        return Says::Surely;
    }
    let ends_in_key = word.len() > 3 && word.ends_with("key");
    if PERHAPS.contains(&word) || inside(&PERHAPS_INSIDE) || ends_in_key {
        Says::Perhaps
    } else {
        Says::Nothing
    }
}

/// The words of a name in small letters: parted by other letters, by a capital behind a small one, and before the last
/// of several capitals (`DBPass`). Digits at the end of a word count for nothing.
pub fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let behind = letters.get(index + 1);
        let begins = letter.is_ascii_uppercase()
            && (before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit())
                || before.is_some_and(|before| before.is_ascii_uppercase())
                    && behind.is_some_and(char::is_ascii_lowercase));
        if begins || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric() {
            words.last_mut().expect("there is always one").push(letter.to_ascii_lowercase());
        }
    }
    let plain = |word: String| match word.trim_end_matches(|letter: char| letter.is_ascii_digit()) {
        "" => word,
        short => short.to_owned(),
    };
    words.into_iter().filter(|word| !word.is_empty()).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "X-Api-Key apiKey api_key API_KEY XAPIKEY X-Internal-Key X-Remote-Pass SMTP_PASS DBPass \
        userpass $arg_key $http_x_key $http_pin $arg_pw hmac X-Hub-Signature-256 sig PSK wifi_psk \
        X-PIN Authorization Proxy-Authorization X-Auth oauth2 Cookie Set-Cookie $cookie_session \
        $cookie_x X-Licence licenseKey credential sessionId client_secret AWS_SECRET_ACCESS_KEY \
        MYSQL_PWD passphrase authkey X-Author-Auth authority_token db_password2 keyPin \
        X-Vendor-Signature csrf_token accessToken mykey Pwd JSESSIONID X-Session Key";
    const PLAIN: &str = "Host X-Author $bypass $compass $pass_through $pwm proxy_pass $proxy_pass keepalive \
        keys_zone cache_key X-Cache-Key $limit_key Access-Control-Allow-Credentials \
        WWW-Authenticate $cookie_lang Sec-WebSocket-Key keyword monkey spinner shipping design \
        signal Strict-Transport-Security X-Request-Id $upstream server_tokens X-Forwarded-For \
        assign HTTP_PROXY max_passes_by DOCUMENT_ROOT $cookie_theme authors";

    #[test]
    fn a_name_is_judged_by_its_words_however_they_are_joined() {
        for name in SECRET.split_whitespace() {
            assert!(is_secret_name(name), "{name}");
        }
        for name in PLAIN.split_whitespace() {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
