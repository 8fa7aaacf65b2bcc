//! Motion's `.env` without anything but where it listens, which hosts it asks, and its version.
//!
//! Pure. Invariant: of a value only what [`crate::motion::settings`] reads is written, never the value itself; what is
//! written is read the same again.

use crate::motion::settings::{OwnPlace, env_hosts, env_places, env_value};
use nginx_config::REDACTED;

/// The key that names Motion's version.
const VERSION: &str = "XC_VERSION";

/// The settings as they may leave the server: every key, and what is no secret of the values.
pub fn reduced(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let Some((key, _)) = line.split_once('=') else { continue };
        let key = key.trim().trim_start_matches("export ").trim();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte == b'-';
        if key.is_empty() || !key.bytes().all(is_name) {
            continue;
        }
        let value = kept(line).unwrap_or_else(|| REDACTED.to_owned());
        lines.push_str(&format!("{key}={value}\n"));
    }
    lines
}

/// What is kept of a line's value.
fn kept(line: &str) -> Option<String> {
    let hosts = env_hosts(line);
    if let Some(setting) = hosts.first() {
        let shapes = [setting.host.clone(), format!("mysql://{}", setting.host)];
        return shapes.into_iter().find(|value| env_hosts(&format!("{}={value}", setting.key)) == hosts);
    }
    if let Some((_, place)) = env_places(line).first() {
        return Some(match place {
            OwnPlace::Port(port) => port.to_string(),
            OwnPlace::Socket(path) => path.display().to_string(),
        });
    }
    let version = env_value(line, VERSION)?;
    let is_plain = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
    is_plain.then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_hosts_and_the_version_leave_the_settings() {
        let text = "# S3cr3t-comment\nXC_VERSION=3.45.2\r\nXC_PORT=9000\nXC_DB_HOST=10.0.0.5\n\
                    XC_DB_PASSWORD=S3cr3t\nXC_MYSQL_URI=mysql://motion:S3cr3t@db.example.test/motion\n\
                    JWT=S3cr3t\nexport TOKEN = S3cr3t\nS3cr3t\n";
        let reduced = reduced(text);
        assert!(!reduced.contains("S3cr3t"), "{reduced}");
        for line in ["XC_VERSION=3.45.2\n", "XC_PORT=9000\n", "XC_DB_HOST=10.0.0.5\n", "JWT=[redacted]\n"] {
            assert!(reduced.contains(line), "{line} in {reduced}");
        }
        assert_eq!(env_hosts(&reduced), env_hosts(text));
        assert_eq!(env_places(&reduced), env_places(text));
    }
}
