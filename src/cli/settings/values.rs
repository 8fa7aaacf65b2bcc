//! Values of the settings that have a form of their own: read where they stand, so that a fault has its line.
//!
//! Invariant: refuses what the flag of the same meaning refuses, in the same words.

use crate::cli::args::{parse_duration, parse_window};
use crate::db::DbUrl;
use crate::outcome::codes::{Accepted, Family, accepted};
use crate::plan::bundle::UpstreamUrl;
use nginx_config::redact_text;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

pub fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    parse_duration(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

pub fn window<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    parse_window(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

pub fn upstream<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let url = String::deserialize(from)?;
    match UpstreamUrl::parse(&url) {
        Ok(_) => Ok(Some(url)),
        Err(error) => Err(D::Error::custom(redact_text(&error.to_string()))),
    }
}

/// The text is not repeated where it is refused: it may hold a password.
pub fn database<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DbUrl>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(|error: crate::db::UrlError| D::Error::custom(error))
}

pub fn findings<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    for word in &words {
        let refused = match accepted(word, Family::Migration) {
            Ok(Accepted::Finding(_) | Accepted::Side(_, "ours" | "theirs")) => continue,
            Ok(Accepted::Side(code, _)) => {
                format!("`{word}` cannot be accepted: write {code}=ours or {code}=theirs")
            }
            Err(failure) => match failure.hint {
                Some(hint) => format!("{}: {hint}", failure.message),
                None => failure.message,
            },
        };
        return Err(D::Error::custom(refused));
    }
    Ok(words)
}
