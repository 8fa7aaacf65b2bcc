//! Durations as people type them.
//!
//! Invariant: a duration is never negative and never rounded.

use std::time::Duration;

/// The reload and its proof lie within the time to confirm.
const SHORTEST_WINDOW: Duration = Duration::from_secs(10);

/// Reads `30s`, `10m`, `2h`, `30d` or a sum of them such as `1h30m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => {
            let seconds = days.checked_mul(86_400).ok_or("this is longer than any clock runs")?;
            jiff::SignedDuration::from_secs(seconds)
        }
        _ => text.parse().map_err(|_| "expected a duration such as 30s, 10m or 30d".to_owned())?,
    };
    Duration::try_from(span).map_err(|_| "a duration cannot be negative".to_owned())
}

/// Reads how long a change may wait for its confirmation.
pub fn parse_window(text: &str) -> Result<Duration, String> {
    let window = parse_duration(text)?;
    if window < SHORTEST_WINDOW {
        return Err(format!("nobody can confirm within less than {} s", SHORTEST_WINDOW.as_secs()));
    }
    Ok(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_type_them() {
        let check = |text, seconds: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        };
        check("30s", Some(30));
        check("10m", Some(600));
        check("1h30m", Some(5400));
        check("30d", Some(2_592_000));
        check("-5s", None);
        check("9223372036854775807d", None);
        check("soon", None);
        check("", None);
    }
}
