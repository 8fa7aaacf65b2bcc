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
const SURELY: [&str; 8] = ["pw", "psk", "jwt", "otp", "totp", "apikey", "accesskey", "secretkey"];
const PERHAPS: [&str; 15] = [
    "auth", "bearer", "cred", "creds", "key", "keys", "mac", "pin", "pincode", "pins", "salt", "sid", "sig",
    "sigs", "signed",
];
/// Parts of a word: `dbpassword`, `clientsecret`, `userpass`.
const SURELY_INSIDE: [&str; 13] = [
    "accesskey", "apikey", "authkey", "credential", "hmac", "passcode", "passphrase", "passw", "pswd", "pwd",
    "secret", "signature", "token",
];
const PERHAPS_INSIDE: [&str; 7] = ["auth", "cookie", "licence", "license", "privatekey", "sessid", "session"];
/// Ends of a word: `dbpsw`, `voicemailpin`, `mykey`.
const SURELY_ENDS: [&str; 4] = ["pass", "psk", "psw", "pw"];
const PERHAPS_ENDS: [&str; 2] = ["key", "pin"];
/// Beginnings of a word: `passhash`, `sesstoken`.
const SURELY_BEGINS: [&str; 2] = ["pass", "psw"];
const PERHAPS_BEGINS: [&str; 1] = ["sess"];
/// Words that only look so.
const OTHERS: [&str; 56] = [
    "authentic", "authenticity", "author", "authored", "authoring", "authoritative", "authorities",
    "authority", "authors", "bypass", "coauthor", "coauthors", "compass", "donkey", "encompass", "hairpin",
    "hockey", "hotkey", "jackass", "jockey", "keyboard", "keyword", "keywords", "kingpin", "linchpin",
    "mackey", "monkey", "nobypass", "obsession", "overpass", "passage", "passages", "passed", "passenger",
    "passengers", "passes", "passing", "passion", "passive", "passport", "passthrough", "passthru",
    "passw0rdless", "passwordless", "pushpin", "secretariat", "secretary", "spin", "tokenizer", "topspin",
    "trespass", "turkey", "turnkey", "underpass", "unpin", "whiskey",
];
/// Words before `key` that make it no lock's: what the world may see, and what tables are read by.
const OPEN_KEYS: [&str; 9] =
    ["bucket", "cache", "foreign", "lookup", "partition", "public", "shard", "sort", "websocket"];
/// Words before `key` that make it the key of a table where its value is built of variables.
const TABLES: [&str; 14] = [
    "balance", "balancer", "group", "hash", "limit", "limiter", "map", "memcached", "primary", "rate",
    "redis", "route", "routing", "throttle",
];
/// What passes requests on, as the first part of a directive's name and of variables that are called so.
const PASSES: [&str; 6] = ["fastcgi", "grpc", "memcached", "proxy", "scgi", "uwsgi"];
/// What follows `pass` where something is passed on: no password begins so.
pub const ONWARDS: [&str; 5] = ["through", "thru", "on", "by", "to"];
/// What of a secret's surroundings the last word of a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// `auth_backend`: an address, a host, a path.
    Place,
    /// `session_timeout`: a time, a number, a size.
    Amount,
    /// `auth_mode`: one of the words that documents have for it.
    Kind,
    /// `auth_realm`: what every visitor is told.
    Said,
}

const PLACES: [&str; 25] = [
    "backend", "callback", "dir", "directory", "domain", "endpoint", "file", "folder", "host", "hosts",
    "issuer", "location", "page", "path", "provider", "proxy", "redirect", "server", "servers", "service",
    "socket", "upstream", "uri", "url", "website",
];
const AMOUNTS: [&str; 18] = [
    "age", "bits", "count", "duration", "expires", "expiry", "length", "level", "lifetime", "limit",
    "maxlifetime", "port", "rate", "retries", "size", "status", "timeout", "ttl",
];
const KINDS: [&str; 26] = [
    "alg", "algo", "algorithm", "bucket", "cache", "cipher", "enabled", "format", "handler", "hash",
    "header", "method", "mode", "name", "ok", "policy", "required", "samesite", "scheme", "state", "storage",
    "store", "type", "valid", "version", "zone",
];
/// Names of cookies that hold a choice of the visitor.
const CHOICES: [&str; 27] = [
    "ab", "abtest", "bucket", "color", "consent", "country", "currency", "device", "experiment", "i18n",
    "lang", "language", "layout", "locale", "mobile", "nocache", "noscript", "region", "skin", "theme",
    "timezone", "tz", "variant", "version", "view", "desktop", "gdpr",
];
/// Headers that only speak about authentication, to every client.
const PUBLIC: [&str; 17] = [
    "access-control-allow-", "access-control-expose-", "access-control-max-age", "access-control-request-",
    "authentication-info", "clear-site-data", "proxy-authenticate", "public-key-pins",
    "sec-websocket-accept", "sec-websocket-key", "strict-transport-", "www-authenticate",
    "x-accel-buffering", "x-accel-charset", "x-accel-expires", "x-accel-limit-rate", "x-accel-redirect",
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
        // What a visitor chose, where no other word speaks of a secret.
        ["cookie", choice @ ..] if is_choice(choice) => return Says::Nothing,
        // `cookie_flags` of a setting.
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

/// Whether these words of a cookie's name, by its last one, mean a choice.
fn is_choice(words: &[&str]) -> bool {
    let end = words.iter().rposition(|word| !["new", "old"].contains(word));
    end.is_some_and(|end| CHOICES.contains(&words[end]))
        && (0..words.len()).all(|index| word(words, index) == Says::Nothing)
}

/// What the last word of a name says that is meant instead of a secret. What a client sends may be a secret under any
/// such name.
pub fn about(name: &str) -> Option<About> {
    let words = words(name);
    let (last, before) = words.split_last()?;
    let before = before.last()?.as_str();
    let is_one_of = |list: &[&str]| list.contains(&last.as_str());
    if ["http_", "arg_", "cookie_"].iter().any(|sent| name.starts_with(sent)) {
        return is_one_of(&KINDS).then_some(About::Kind);
    }
    match last.as_str() {
        "realm" => Some(About::Said),
        "pass" if PASSES.contains(&before) => Some(About::Place),
        _ if is_one_of(&PLACES) => Some(About::Place),
        _ if is_one_of(&AMOUNTS) => Some(About::Amount),
        _ => is_one_of(&KINDS).then_some(About::Kind),
    }
}

/// Whether a name's last words mean the key of a table: `limit_key`.
pub fn is_table_key(name: &str) -> bool {
    match words(name).as_slice() {
        [.., before, last] => ["key", "keys"].contains(&last.as_str()) && TABLES.contains(&before.as_str()),
        _ => false,
    }
}

/// What one word of a name says, among the others.
fn word(words: &[&str], index: usize) -> Says {
    let word = words[index];
    let before = index.checked_sub(1).map_or("", |before| words[before]);
    let behind = words.get(index + 1).copied().unwrap_or_default();
    match word {
        word if OTHERS.contains(&word) => return Says::Nothing,
        // `by_pass` and `pass_through` say what is done.
        "pass" if before == "by" => return Says::Nothing,
        "pass" | "passes" if ONWARDS.contains(&behind) => return Says::Nothing,
        "key" | "keys" if OPEN_KEYS.contains(&before) || behind == "zone" => return Says::Nothing,
        // The hash of a certificate, which each visitor is told.
        "pin" if behind == "sha" => return Says::Nothing,
        "tokens" if before == "server" => return Says::Nothing,
        _ => {}
    }
    let inside = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    let ends = |parts: &[&str]| parts.iter().any(|part| word.ends_with(part));
    let begins = |parts: &[&str]| parts.iter().any(|part| word.starts_with(part));
    if SURELY.contains(&word) || inside(&SURELY_INSIDE) || ends(&SURELY_ENDS) || begins(&SURELY_BEGINS) {
        return Says::Surely;
    }
    if PERHAPS.contains(&word) || inside(&PERHAPS_INSIDE) || ends(&PERHAPS_ENDS) || begins(&PERHAPS_BEGINS) {
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
        X-Vendor-Signature csrf_token accessToken mykey Pwd JSESSIONID X-Session Key \
        $cookie_device_token $cookie_mobile_session $cookie_region_sid $cookie_version_key \
        $arg_purge_key X-Purge-Key AZURE_PRIMARY_KEY $hash_key $route_key X-Group-Key $upass X-Upass \
        $keypass X-Accel-Secret $http_x_accel_key $access_control_key Access-Control-Token PROXY_PASS \
        X-Proxy-Pass MEMCACHED_PASS $psw DB_PSW sessid passhash userpwdhash voicemailpin $public_key_pass";
    const PLAIN: &str = "Host X-Author $bypass $compass $pass_through $pwm keepalive $passenger_app_env unpin \
        keys_zone cache_key X-Cache-Key X-Accel-Redirect pin-sha256 Access-Control-Allow-Credentials $cookie_lang_new \
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
