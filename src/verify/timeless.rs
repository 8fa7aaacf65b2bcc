//! Whether an answer can hold a clock, so that two looks within one second would not tell that it changes by itself.
//!
//! Invariant: in doubt it can. A file does not change within a second, and a time of day is written with digits.

use crate::host::http::{BodyEnd, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// A file that was changed later than this before the look may be one that is written all the time.
const AT_REST: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// Whether the body is the same at any time of day, as far as it can be told from one answer.
pub(super) fn is_timeless(response: &Response, now: Timestamp) -> bool {
    response.body_end == BodyEnd::Complete && (is_at_rest(response, now) || has_no_time(response))
}

/// Of a file NGINX, Express and all others tell when it was changed (RFC 9110, 8.8.2); of what a program makes at the
/// moment they do not.
fn is_at_rest(response: &Response, now: Timestamp) -> bool {
    let changed = response.last_modified.as_ref().and_then(|text| rfc2822::parse(text).ok());
    changed.is_some_and(|changed| now.duration_since(changed.timestamp()) >= AT_REST)
}

/// A time has two digits with at most one sign between them: `12:05`, `9:5`, `1732900000`. The status is no time: what
/// turns a request away often repeats it.
fn has_no_time(response: &Response) -> bool {
    let status = response.status.to_string();
    let text = String::from_utf8_lossy(&response.body).replace(&status, "");
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    !text.as_bytes().windows(2).any(|pair| pair.iter().all(is_digit))
        && !text.as_bytes().windows(3).any(|three| is_digit(&three[0]) && is_digit(&three[2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Hash;

    #[test]
    fn what_may_hold_a_clock_is_looked_at_a_second_apart() {
        let now: Timestamp = "2026-11-29T20:00:00Z".parse().expect("a time");
        let check = |body: &str, last_modified: Option<&str>, body_end, expect: bool| {
            let response = Response {
                status: 404,
                content_type: None,
                location: None,
                last_modified: last_modified.map(str::to_owned),
                body: body.as_bytes().to_vec(),
                body_end,
                body_sha256: Hash::of(body.as_bytes()),
            };
            assert_eq!(is_timeless(&response, now), expect, "{body:?} {last_modified:?} {body_end:?}");
        };
        let whole = BodyEnd::Complete;
        check("", None, whole, true);
        check("<meta charset=\"utf-8\"><pre>Cannot GET /api/</pre>", None, whole, true);
        check("{\"statusCode\":404,\"message\":\"Not Found\"}", None, whole, true);
        check("it is 12:05:07", None, whole, false);
        check("it is 9:5", None, whole, false);
        check("{\"at\":1764446400}", None, whole, false);
        check("main.3f9a1c07.js", None, whole, false);
        check("main.3f9a1c07.js", Some("Sat, 28 Nov 2026 20:00:00 GMT"), whole, true);
        check("main.3f9a1c07.js", Some("Sun, 29 Nov 2026 19:59:59 GMT"), whole, false);
        check("main.3f9a1c07.js", Some("Mon, 30 Nov 2026 20:00:00 GMT"), whole, false);
        check("main.3f9a1c07.js", Some("yesterday"), whole, false);
        // More may come that holds one.
        check("", None, BodyEnd::Capped, false);
        check("", None, BodyEnd::TimedOut, false);
    }
}
