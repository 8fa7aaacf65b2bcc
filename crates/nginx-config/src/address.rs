//! An address as people write it, taken apart at one place: its scheme, where it leads, and what follows.
//!
//! Invariant: what is called the authority has neither user nor password, so that whoever shows it shows none. Where it
//! is in doubt whether a part is a password or a host, it counts as a password.

use std::net::IpAddr;

/// The parts of `http://user:password@host:port/path?query`. The scheme may lack, as in `fastcgi_pass` and `server`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// `http`; nothing where none is written.
    pub scheme: &'a str,
    /// `host:port`, or `unix:` with the rest of the text, as it is written.
    pub authority: &'a str,
    /// From the path, query or fragment on.
    pub rest: &'a str,
}

impl<'a> Address<'a> {
    /// Takes a text apart. Every text has an authority, which may be empty or no host at all.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let (scheme, behind) = text.split_once("://").unwrap_or(("", text));
        if behind.starts_with("unix:") {
            return Self { scheme, authority: behind, rest: "" };
        }
        let behind = &behind[login_end(behind)..];
        let (authority, rest) = behind.split_at(authority_end(behind));
        Self { scheme, authority, rest }
    }

    /// As it is written, but without user and password.
    #[must_use]
    pub fn without_login(&self) -> String {
        let between = if self.scheme.is_empty() { "" } else { "://" };
        format!("{}{between}{}{}", self.scheme, self.authority, self.rest)
    }
}

fn authority_end(text: &str) -> usize {
    text.find(['/', '?', '#']).unwrap_or(text.len())
}

/// Where user and password end, with their `@`; 0 where there are none.
fn login_end(text: &str) -> usize {
    let (authority, rest) = text.split_at(authority_end(text));
    let written = authority.rfind('@').map_or(0, |at| at + 1);
    let host = &authority[written..];
    let Some(last) = text.rfind('@').filter(|last| *last >= authority.len()) else { return written };
    // There is one more `@` behind the first `/`, `?` or `#`. By the standard it is of path or query; but whoever writes
    // a password as it is (`u:p/w@host`) means another thing, and then what seems to be the host is a part of it.
    let between = &rest[..last - authority.len()];
    if is_place(host) && !may_be_login(authority, host, between) { written } else { last + 1 }
}

/// Whether what stands before an `@` of path or query may be a password all the same.
fn may_be_login(authority: &str, host: &str, between: &str) -> bool {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let is_certain = host.parse::<IpAddr>().is_ok() || host.starts_with('[');
    let is_parameter = between.find('?').is_some_and(|at| between[at..].contains('='));
    // `/@scope/name` is how paths have it.
    let in_path =
        between.starts_with('/') && (is_parameter || between.contains('#') || between.ends_with('/'));
    let in_query = between.starts_with('?') && is_parameter;
    !is_certain && authority.contains([':', '@']) && !in_path && !in_query
}

/// Whether a text can be `host:port`: what stands behind its colon begins as a number or a variable does.
fn is_place(text: &str) -> bool {
    let port = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map_or("", |(_, behind)| behind.trim_start_matches(':')),
        None if text.matches(':').count() > 1 && !text.contains('$') => {
            return text.parse::<IpAddr>().is_ok();
        }
        None => text.split_once(':').map_or("", |(_, port)| port),
    };
    let behind = port.trim_start_matches(|letter: char| letter.is_ascii_digit());
    behind.is_empty() || behind.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, scheme: &str, authority: &str, rest: &str) {
        assert_eq!(Address::of(text), Address { scheme, authority, rest }, "{text}");
    }

    #[test]
    fn an_address_is_taken_apart() {
        check("http://127.0.0.1:9000/api/?x=a:b", "http", "127.0.0.1:9000", "/api/?x=a:b");
        check("https://a.test?x", "https", "a.test", "?x");
        check("backend", "", "backend", "");
        check("[::1]:9000", "", "[::1]:9000", "");
        check("http://unix:/run/a@b.sock:/uri/", "http", "unix:/run/a@b.sock:/uri/", "");
        check("http://127.0.0.1:9000$request_uri", "http", "127.0.0.1:9000$request_uri", "");
        check("", "", "", "");
    }

    #[test]
    fn user_and_password_are_no_part_of_it() {
        check("http://u:S3cr3t@10.0.0.6:9000/x", "http", "10.0.0.6:9000", "/x");
        check("u:S3cr3t@10.0.0.6:9000", "", "10.0.0.6:9000", "");
        check("S3cr3t@10.0.0.6", "", "10.0.0.6", "");
        check("http://u:S3cr3t@$host", "http", "$host", "");
        check("http://$u:$p@[::1]:80/", "http", "[::1]:80", "/");
        check("mysql://u:p@S3c:r3t@db:3306/x", "mysql", "db:3306", "/x");
        assert_eq!(Address::of("http://u:S3cr3t@a.test/x?y").without_login(), "http://a.test/x?y");
        assert_eq!(Address::of("u:S3cr3t@$host:80").without_login(), "$host:80");
    }

    #[test]
    fn a_password_may_hold_what_ends_an_authority() {
        check("mysql://motion:p@ss:w#rd@10.0.0.5:3306/motion2", "mysql", "10.0.0.5:3306", "/motion2");
        check("mysql://u:S3/cr3t@db/x", "mysql", "db", "/x");
        check("mysql://u:p@S3/cr3t@db/x", "mysql", "db", "/x");
        check("mysql://u:12/34@db/x", "mysql", "db", "/x");
        check("http://u:S3?cr3t@db", "http", "db", "");
        check("http://u:S3$x/cr3t@db", "http", "db", "");
    }

    #[test]
    fn a_later_at_sign_is_of_path_or_query() {
        check(
            "mysql://10.0.0.5/m?user=root&password=p@S3",
            "mysql",
            "10.0.0.5",
            "/m?user=root&password=p@S3",
        );
        check("mysql://db:3306/m?password=p@S3", "mysql", "db:3306", "/m?password=p@S3");
        check("mysql://db?password=p@S3", "mysql", "db", "?password=p@S3");
        check("mysql://u:x@db/m?password=p@S3", "mysql", "db", "/m?password=p@S3");
        check("mysql://10.0.0.5:3306/p@S3", "mysql", "10.0.0.5:3306", "/p@S3");
        check("mysql://db/m?ssl=on#p@S3", "mysql", "db", "/m?ssl=on#p@S3");
        check("http://packages:4873/@scope/name", "http", "packages:4873", "/@scope/name");
        check("http://127.0.0.1:9000$request_uri/@x", "http", "127.0.0.1:9000$request_uri", "/@x");
    }
}
