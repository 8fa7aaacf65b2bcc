//! Addresses: without user and password, and without the values of parameters that speak of a secret.
//!
//! Invariant: scheme, host, port and path stay, so that it is seen where something leads.

use super::mask::REDACTED;
use super::name;
use super::value::{is_harmless, is_only_variables, is_token};

/// Where an address ends that begins there.
pub fn end(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let ends = |letter: char| letter.is_whitespace() || "\"'<>;`\\".contains(letter);
    let end = rest.find(ends).unwrap_or(rest.len());
    // A password may hold what ends an address elsewhere: `mysql://u:p;w@host`.
    let blank = rest.find(|letter: char| letter.is_whitespace() || letter == '"').unwrap_or(rest.len());
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let has_user =
        |part: &str| part.rfind('@').is_some_and(|at| part[..at].contains(':') && !part[..at].contains('/'));
    start + if !rest[..end].contains('@') && has_user(&rest[authority..blank]) { blank } else { end }
}

/// The address as it may be shown.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (user, rest) = match user_end(rest) {
        Some(at) if !is_only_variables(&rest[..at]) => (format!("{REDACTED}@"), &rest[at + 1..]),
        _ => (String::new(), rest),
    };
    format!("{scheme}://{user}{}", parameters(rest))
}

/// An address that need not have a scheme.
pub fn address(text: &str) -> String {
    if text.contains("://") {
        return shown(text);
    }
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    match text[..end].rfind('@') {
        Some(at) if at > 0 && !is_only_variables(&text[..at]) => {
            format!("{REDACTED}@{}", parameters(&text[at + 1..]))
        }
        _ => parameters(text),
    }
}

/// Where the part before `@` ends. A password may hold `/`, `?` and `#`: then what stands behind the first colon is no
/// port.
fn user_end(rest: &str) -> Option<usize> {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if let Some(at) = rest[..authority].rfind('@') {
        return Some(at);
    }
    let (_, behind) = rest[..authority].split_once(':')?;
    let is_port = behind.bytes().all(|byte| byte.is_ascii_digit()) || behind.contains('$');
    if is_port { None } else { rest.rfind('@') }
}

/// What follows `?`, `&`, `;` or `#` as `name=value`.
fn parameters(rest: &str) -> String {
    let mut shown = String::with_capacity(rest.len());
    let mut begins = false;
    for part in rest.split_inclusive(['?', '&', ';', '#']) {
        let (body, sign) = match part.chars().next_back() {
            Some(sign @ ('?' | '&' | ';' | '#')) => (&part[..part.len() - 1], Some(sign)),
            _ => (part, None),
        };
        match body.split_once('=').filter(|_| begins) {
            Some((called, value)) if is_secret(called, value) => {
                shown.push_str(&format!("{called}={REDACTED}"));
            }
            // An address that is handed on.
            Some((called, value)) if value.contains("://") => {
                shown.push_str(&format!("{called}={}", self::shown(value)));
            }
            _ => shown.push_str(body),
        }
        shown.extend(sign);
        begins = sign.is_some();
    }
    shown
}

fn is_secret(called: &str, value: &str) -> bool {
    let named = name::is_secret_name(called) && !is_harmless(called, value);
    !value.is_empty() && (named || is_token(value))
}
