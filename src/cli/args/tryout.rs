//! Trying somebody else's script.
//!
//! Invariant: as of the whole command line, nothing here decides.

use super::{ChangeArgs, parse_duration};
use clap::{Args, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// The script; `-` reads it from standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub script: PathBuf,
    /// What the script is called with
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<String>,
    /// Hand out the files in DIR, by their names, for what the script downloads
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub files: Option<PathBuf>,
    /// Plan the migration with the file that the script makes for Motion's site as its candidate
    #[arg(long)]
    pub plan: bool,
    /// Take the file at PATH of the copy for Motion's site, when it cannot be told which
    #[arg(long, value_name = "PATH")]
    pub candidate_from: Option<PathBuf>,
    /// Save the file that the script makes for Motion's site, for plan, rehearse and apply --candidate
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub candidate_out: Option<PathBuf>,
    /// Save the plan for a later apply
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "plan")]
    pub out: Option<PathBuf>,
    /// How the change is planned.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// How long the script may run
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5m")]
    pub timeout: Duration,
    /// How many processes there may be of it at once
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(8..=32_768))]
    pub processes: u64,
    /// How much memory it may take, such as 512M
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "1G")]
    pub memory: u64,
    /// How much it may write, such as 2G; this lies in memory as well
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "512M")]
    pub disk: u64,
}

/// Less is too little to start anything.
const LEAST: u64 = 16 << 20;

/// A number of bytes, with `K`, `M` or `G` behind it.
fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, letter)) if letter.is_ascii_alphabetic() => (&text[..at], letter.to_ascii_uppercase()),
        _ => (text, 'B'),
    };
    let shift = match unit {
        'B' => 0,
        'K' => 10,
        'M' => 20,
        'G' => 30,
        _ => return Err("a size ends with K, M or G, such as 512M".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "a size is a number such as 512M".to_owned())?;
    match number.checked_mul(1 << shift) {
        Some(bytes) if bytes >= LEAST => Ok(bytes),
        Some(_) => Err(format!("at least {}M are needed", LEAST >> 20)),
        None => Err("that is too much".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(parse_size("512M"), Ok(512 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
        assert_eq!(parse_size("33554432"), Ok(32 << 20));
        for wrong in ["", "M", "1T", "1K", "-1M", "99999999999G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
