//! Motion's own settings: which hosts they name, and for what; where its own process listens.
//!
//! Invariant: only the host of a setting, or the place where Motion listens, leaves this file, never a password, a
//! user or a whole URL. What a key means is read from its words; a key that does not say so is passed over.

use super::javascript;
use nginx_config::{Address, is_secret_name};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where V3 keeps its settings, below the application root (vendor's documentation).
pub const ENV_FILE: &str = ".env";
/// Where V2 keeps them.
pub const PRODUCTION_FILE: &str = "server/config/environment/production.js";

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Database,
    Voice,
}

/// A setting that names a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSetting {
    pub key: String,
    /// What it is about.
    pub about: About,
    /// The host, or the path of a socket.
    pub host: String,
}

const DATABASE: [&str; 7] = ["DB", "DATABASE", "MYSQL", "MARIADB", "SEQUELIZE", "SQL", "RDBMS"];
const VOICE: [&str; 4] = ["ASTERISK", "AMI", "AGI", "ARI"];
const HOST: [&str; 7] = ["HOST", "HOSTNAME", "SERVER", "ADDRESS", "URL", "URI", "SOCKET"];
/// Words of a key that names somebody.
const USER: [&str; 4] = ["USER", "USR", "LOGIN", "ACCOUNT"];
/// What may have a host of its own: a session, a cookie, an authority. As the last word of a key it is one's value.
const ELSEWHERE: [&str; 3] = ["SESSION", "COOKIE", "AUTH"];
/// Words of a secret that are too short to be looked for inside of others.
const SECRET: [&str; 6] = ["PSW", "PSWD", "PW", "PWD", "PIN", "CREDS"];
/// What may stand behind the word for a host and still says which host: `DB_HOST_1`, `DB_SERVER_NAME`. Anything else is
/// a thing of the host's, such as its password.
const WHICH: [&str; 16] = [
    "MASTER", "PRIMARY", "MAIN", "WRITE", "WRITER", "RW", "PROD", "PRODUCTION", "DEFAULT", "LOCAL", "NAME",
    "IP", "ADDR", "FQDN", "PATH", "STRING",
];
/// A second database to read reports from: a standalone server may have one.
const SECOND: [&str; 6] = ["REPLICA", "SLAVE", "REPORT", "REPORTING", "READ", "READONLY"];

/// The hosts that a `.env` file names: `XC_DB_HOST=10.0.0.5`, `XC_MYSQL_URI=mysql://…`.
#[must_use]
pub fn env_hosts(text: &str) -> Vec<HostSetting> {
    text.lines().filter_map(env_setting).collect()
}

/// Where Motion's own process listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnPlace {
    /// A TCP port of this host.
    Port(u16),
    Socket(PathBuf),
}

/// Words of a key that is about the application itself; `XC_REDIS_PORT` has another.
const OWN: [&str; 14] = [
    "XC", "MOTION", "MOTION2", "APP", "SERVER", "BACKEND", "NODE", "WEB", "HTTP", "API", "LISTEN", "WS",
    "SOCKETIO", "EXPRESS",
];

/// The places where Motion listens by a `.env` file: `XC_PORT=9000`, `XC_SOCKET=/run/motion/node.sock`; each with
/// its key.
#[must_use]
pub fn env_places(text: &str) -> Vec<(String, OwnPlace)> {
    text.lines()
        .filter_map(assignment)
        .filter_map(|(key, value)| {
            let in_capitals = key.to_ascii_uppercase();
            let words: Vec<&str> = in_capitals.split('_').collect();
            let (last, about) = words.split_last()?;
            about.iter().all(|word| OWN.contains(word)).then_some(())?;
            let place = match *last {
                "PORT" => own_place(&value)?,
                // A socket by its path; `XC_SOCKET=true` says something else.
                "SOCKET" | "SOCK" if value.starts_with('/') => OwnPlace::Socket(PathBuf::from(value)),
                _ => return None,
            };
            Some((key, place))
        })
        .collect()
}

/// A port, or the path of a socket in a port's place, as Node takes both.
fn own_place(value: &str) -> Option<OwnPlace> {
    if value.starts_with('/') {
        return Some(OwnPlace::Socket(PathBuf::from(value)));
    }
    value.parse().ok().filter(|port| *port != 0).map(OwnPlace::Port)
}

/// The port that `production.js` names for the application itself: a plain number at the top of what is exported.
/// One that is computed there is not known.
#[must_use]
pub fn production_places(text: &str) -> Vec<(String, OwnPlace)> {
    let written = javascript::written(text).into_iter();
    let own = written.filter(|one| one.within.len() == 1 && one.key == "port");
    let is_port = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
    own.filter(|one| is_port(&one.value)).filter_map(|one| Some((one.key, own_place(&one.value)?))).collect()
}

/// The value of one key of a `.env` file.
#[must_use]
pub fn env_value(text: &str, wanted: &str) -> Option<String> {
    text.lines().filter_map(assignment).find_map(|(key, value)| (key == wanted).then_some(value))
}

fn env_setting(line: &str) -> Option<HostSetting> {
    let (key, value) = assignment(line)?;
    if is_credential(&key) {
        return None;
    }
    let words = words(&key);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let about = match (has(&DATABASE), has(&VOICE)) {
        (true, _) if !has(&SECOND) => About::Database,
        (false, true) => About::Voice,
        _ => return None,
    };
    let host = if names_host(&words) || value.contains("://") { host_of(&value)? } else { return None };
    Some(HostSetting { key, about, host })
}

/// Whether a key's words end with a host, and with which one.
fn names_host(words: &[&str]) -> bool {
    let Some(at) = words.iter().rposition(|word| HOST.contains(word)) else { return false };
    let says_which = |word: &&str| {
        word.bytes().all(|byte| byte.is_ascii_digit())
            || [&WHICH[..], &DATABASE, &VOICE].iter().any(|known| known.contains(word))
    };
    words[at + 1..].iter().all(says_which)
}

/// `KEY=value`, `export KEY="value"`, with a comment behind an unquoted value.
fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split(quote).next());
    let bare = || value.split(" #").next().unwrap_or(value).trim_end();
    plain.then(|| (key.to_owned(), quoted('"').or_else(|| quoted('\'')).unwrap_or_else(bare).to_owned()))
}

/// Whether a key's words speak of somebody's credentials: then its value is nobody's host, whatever it looks like.
fn is_credential(key: &str) -> bool {
    let words = words(key);
    let last = words.last().is_some_and(|word| ELSEWHERE.iter().any(|part| word.contains(part)));
    last || speaks_of_credentials(key)
}

/// As [`is_credential`], for an object that holds the setting: one for sessions may have a database of its own.
fn speaks_of_credentials(key: &str) -> bool {
    let is_one = |word: &str| {
        USER.iter().any(|user| word.contains(user))
            || SECRET.contains(&word)
            || is_secret_name(word) && !ELSEWHERE.iter().any(|part| word.contains(part))
    };
    words(key).iter().any(|word| is_one(word))
        || key.chars().any(|letter| letter.is_ascii_lowercase())
            && is_secret_name(key)
            && !words(key).iter().any(|word| ELSEWHERE.contains(&word.as_str()))
}

/// The words of a key in capitals: of `DB_HOST`, `db-host` and `dbHost`.
fn words(key: &str) -> Vec<String> {
    let mut parted = String::with_capacity(key.len());
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && parted.ends_with(|before: char| before.is_ascii_lowercase()) {
            parted.push('_');
        }
        parted.push(if letter.is_ascii_alphanumeric() { letter } else { '_' });
    }
    parted.to_ascii_uppercase().split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The database hosts that `production.js` names: in a URL, or as `host` of an object that is
/// named for the database, or of one in it. What is computed there is not known, and not guessed.
#[must_use]
pub fn production_hosts(text: &str) -> Vec<HostSetting> {
    /// Objects inside of the database's that are still about the same host.
    const SAME: [&str; 9] = [
        "", "connection", "config", "development", "master", "options", "production", "replication", "write",
    ];
    let setting =
        |key: String, host: &str| host_of(host).map(|host| HostSetting { key, about: About::Database, host });
    let mut in_urls = Vec::new();
    let mut in_objects = Vec::new();
    for one in javascript::written(text) {
        let is_credential =
            is_credential(&one.key) || one.within.iter().any(|object| speaks_of_credentials(object));
        if one.is_number || is_credential {
            continue;
        }
        if ["mysql://", "mariadb://"].iter().any(|scheme| one.value.starts_with(scheme)) {
            in_urls.extend(setting("a database URL".to_owned(), &one.value));
            continue;
        }
        let is_database = |object: &String| {
            ["mysql", "mariadb", "sequelize", "database", "db"]
                .contains(&object.to_ascii_lowercase().as_str())
        };
        let Some(object) = one.within.iter().rposition(is_database).filter(|_| one.key == "host") else {
            continue;
        };
        if one.within[object + 1..].iter().all(|inner| SAME.contains(&inner.as_str())) {
            in_objects.extend(setting(format!("{}.host", one.within[object]), &one.value));
        }
    }
    in_urls.into_iter().chain(in_objects).collect()
}

/// The host of `host`, `host:port`, `[::1]:port`, a socket's path, or any of them in a URL with
/// a user and a password.
fn host_of(value: &str) -> Option<String> {
    let value = value.trim();
    if value.starts_with('/') {
        return Some(value.to_owned());
    }
    let address = Address::of(value).authority;
    let host = match address.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        // An IPv6 address without brackets has no port behind it.
        None if address.matches(':').count() > 1 => address,
        // `mysql://user:password` has no host: what stands behind the colon is no port.
        None => match address.split_once(':') {
            Some((_, port)) if !port.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some((host, _)) => host,
            None => address,
        },
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(settings: &[HostSetting]) -> Vec<(&str, &str)> {
        settings.iter().map(|setting| (setting.key.as_str(), setting.host.as_str())).collect()
    }

    #[test]
    fn keys_are_read_by_their_words() {
        let text = "# XC_DB_HOST=commented\nXC_HOST=10.0.0.1\nexport XC_DB_HOST = \"db.example.test\" # x\n\
            XC_MYSQL_URI='mysql://motion:p@ss:w#rd@10.0.0.5:3306/motion2'\nXC_MYSQL_PASSWORD=10.0.0.9\n\
            XC_DB_REPLICA_HOST=10.0.0.6\nXC_AMI_HOST=10.0.0.7 # pbx\nXC_MYSQL_SOCKET=/run/x.sock\nnonsense\n";
        let found = env_hosts(text);
        assert_eq!(
            hosts(&found),
            [
                ("XC_DB_HOST", "db.example.test"),
                ("XC_MYSQL_URI", "10.0.0.5"),
                ("XC_AMI_HOST", "10.0.0.7"),
                ("XC_MYSQL_SOCKET", "/run/x.sock"),
            ]
        );
        assert_eq!(found[2].about, About::Voice);
        assert_eq!(env_value("A=1\nXC_VERSION=3.1.0\n", "XC_VERSION").as_deref(), Some("3.1.0"));
    }

    #[test]
    fn motion_s_own_port_is_told_from_others() {
        let text = "XC_PORT=9000\nXC_DB_PORT=3306\nXC_REDIS_PORT=6379\nXC_AMI_PORT=5038\nPORT=\"9001\"\n\
            export XC_HTTP_PORT=9002 # plain\nXC_SMTP_PORT=25\nXC_PORT_RANGE=1\nXC_SOCKET=/run/x.sock\n\
            XC_MYSQL_SOCKET=/run/mysqld.sock\nXC_APP_PORT=/run/y.sock\nXC_API_PORT=${OTHER}\nXC_WEB_PORT=0\n";
        let port = |key: &str, port: u16| (key.to_owned(), OwnPlace::Port(port));
        let socket = |key: &str, path: &str| (key.to_owned(), OwnPlace::Socket(path.into()));
        assert_eq!(
            env_places(text),
            [
                port("XC_PORT", 9000),
                port("PORT", 9001),
                port("XC_HTTP_PORT", 9002),
                socket("XC_SOCKET", "/run/x.sock"),
                socket("XC_APP_PORT", "/run/y.sock"),
            ]
        );
        let script =
            "module.exports = {\n  // port: 1,\n  port: 9000,\n  mysql: {\n    port: 3306,\n  },\n};\n";
        assert_eq!(production_places(script), [port("port", 9000)]);
        assert!(production_places("module.exports = {\n  port: process.env.PORT || 8080,\n};\n").is_empty());
    }

    #[test]
    fn urls_give_their_host_and_nothing_else() {
        let check = |value: &str, host: Option<&str>| assert_eq!(host_of(value).as_deref(), host, "{value}");
        check("mysql://motion:p@ss@10.0.0.5:3306/motion2", Some("10.0.0.5"));
        check("mysql://[2001:db8::1]:3306/x", Some("2001:db8::1"));
        check("2001:db8::1", Some("2001:db8::1"));
        check("db:3306", Some("db"));
        check("", None);
        check("${DB}", None);
        check("mysql://user:secret", None);
        check("user:secret", None);
        check("mysql://10.0.0.5/motion?user=root&password=p@S3cr3t", Some("10.0.0.5"));
        check("mysql://u:p@db:3306/motion?password=p@S3cr3t", Some("db"));
        check("mysql://10.0.0.5/motion?ssl=on#p@S3cr3t", Some("10.0.0.5"));
        check("mysql://u:S3/cr3t@10.0.0.5/motion", Some("10.0.0.5"));
    }

    #[test]
    fn the_second_version_s_file_is_read() {
        let text = "module.exports = {\n  // mysql: { host: 'old' },\n  mysql: {\n    user: 'motion', password: 'x',\n    \
            host: '10.0.0.5'\n  },\n  uri: \"mysql://a:b@10.0.0.6/motion2\",\n  redis: { host: '10.0.0.8' }\n};\n";
        assert_eq!(
            hosts(&production_hosts(text)),
            [("a database URL", "10.0.0.6"), ("mysql.host", "10.0.0.5")]
        );
        assert!(production_hosts("mysql: { host: process.env.DB || 'x' }").is_empty());
        // Another object's host is not the database's, and a comment is nobody's.
        for text in [
            "module.exports = { mysql: { user: 'motion' }, redis: { host: '10.0.0.8' } };",
            "a = { mysql: {}, ami: { host: '10.0.0.8' } }",
            "a = { db: { cache: { host: '10.0.0.8' } } }",
            "a = { mysql: { read: { host: '10.0.0.8' } } }",
            "/* mysql: { host: '10.0.0.8' } */",
            "a = { mysql: { note: \"host: '10.0.0.8'\" } }",
            "a = { mysql: { password: 'mysql://10.0.0.8/' } }",
            "a = { user: { mysql: { host: '10.0.0.8' } } }",
        ] {
            assert_eq!(hosts(&production_hosts(text)), [], "{text}");
        }
        let nested = "a = { sequelize: { options: { x: {}, host: '10.0.0.5' } } }";
        assert_eq!(hosts(&production_hosts(nested)), [("sequelize.host", "10.0.0.5")]);
    }

    #[test]
    fn a_credential_is_nobody_s_host() {
        for key in [
            "XC_DB_SERVER_PASSWORD", "XC_MYSQL_HOST_PASS", "XC_ARI_SERVER_SECRET", "XC_DB_HOST_TOKEN",
            "XC_DB_SERVER_KEY", "XC_DB_HOST_USER", "XC_MYSQL_SERVER_PWD", "XC_DB_HOSTPASS_ADDRESS",
            "XC_DB_APIKEY_URL", "XC_DB_USERNAME_HOST", "db_Host_userPass", "XC_DB_SERVER_PSW",
            "XC_DB_SERVER_USR", "DB_SERVER_AUTH", "DB_HOST_COOKIE", "dbServerPsw", "DB_PW_URL",
        ] {
            for value in ["S3cr3tValue", "10.0.0.5", "mysql://10.0.0.5/x", "/run/x.sock"] {
                assert_eq!(env_hosts(&format!("{key}={value}\n")), [], "{key}={value}");
            }
        }
        // What stands behind the word for a host is a thing of the host's, unless it says which host.
        assert_eq!(env_hosts("XC_DB_SERVER_ENC=S3cr3tValue\nDB_HOST_X=S3cr3tValue\n"), []);
        for key in [
            "XC_DB_HOST", "XC_SESSION_DB_HOST", "XC_MYSQL_SERVER", "XC_DB_URL", "DB_HOST_1",
            "DB_SERVER_NAME", "dbHost",
        ] {
            assert_eq!(env_hosts(&format!("{key}=10.0.0.5\n")).len(), 1, "{key}");
        }
        for object in ["auth", "session", "sessionStore"] {
            let text = format!("a = {{ {object}: {{ mysql: {{ host: '10.0.0.5' }} }} }}");
            assert_eq!(production_hosts(&text).len(), 1, "{text}");
        }
        assert!(production_hosts("a = { mysql: { psw: { host: 'S3cr3t' } } }").is_empty());
        let query = "a = { uri: 'mysql://10.0.0.5/m?password=p@S3cr3t' }";
        assert_eq!(hosts(&production_hosts(query)), [("a database URL", "10.0.0.5")]);
    }
}
