//! The column that tells of which channel a link is, where the links of all channels share a table.
//!
//! Invariant: every value that means a channel is named, so that no row of it is overlooked; the first is what new rows
//! get.

use super::fields::{Type, takes};
use super::names::{key, spellings};
use super::proposal::{Grade, quoted};
use crate::db::Engine;
use crate::db::catalog::{Column, Table};
use crate::seed::Channel;
use crate::seed::verify::Family;

/// How a column that names the channel may be called.
const NAMES: [&str; 9] = [
    "channel", "type", "kind", "media", "queuetype", "channeltype", "queuechannel", "mediatype",
    "channelname",
];

/// The values that mark the rows of one channel.
pub struct Only<'a> {
    pub column: &'a Column,
    /// What new rows get, then what means the same.
    values: Vec<String>,
    /// How sure that is.
    pub grade: Grade,
    pub why: String,
    /// Whether rows have values of others, and none is this one: it must not be written by mistake.
    pub is_made_up: bool,
}

/// The column that names the channel, of a table whose queue column does not.
pub fn discriminator(table: &Table, engine: Engine) -> Option<&Column> {
    let texts = || table.columns.iter().filter(|column| takes(column, Type::Text, engine));
    NAMES.iter().find_map(|name| texts().find(|column| key(&column.name) == *name))
}

/// Why a column that is called as if it named the channel does not.
pub fn unfit(table: &Table, engine: Engine) -> Option<String> {
    let others = || table.columns.iter().filter(|column| !takes(column, Type::Text, engine));
    let column = NAMES.iter().find_map(|name| others().find(|column| key(&column.name) == *name))?;
    Some(match column.data_type.as_str() {
        "set" => format!("{} is a SET, of which one row may hold several", column.name),
        _ => format!("{} is {}", column.name, column.full_type),
    })
}

/// The channel that a value means, however it is spelt.
#[must_use]
pub fn channel_of(value: &str) -> Option<Channel> {
    let value = key(value);
    let means = |channel: &Channel| {
        spellings(*channel).iter().any(|word| value == *word || value == format!("{word}queue"))
    };
    Channel::ALL.into_iter().find(means)
}

/// What marks a channel's rows; `seen` are the values of the rows, the most frequent first.
pub fn only<'a>(
    column: &'a Column,
    channel: Channel,
    seen: Option<&Vec<String>>,
    engine: Engine,
) -> Option<Only<'a>> {
    let means = |value: &&String| channel_of(value) == Some(channel);
    let members = (Family { column, engine }).members();
    let meant: Vec<String> = members.as_ref().or(seen).into_iter().flatten().filter(means).cloned().collect();
    let guess = |why: &str, is_made_up: bool| {
        let values = vec![channel.name().to_owned()];
        Some(Only { column, values, grade: Grade::Guess, why: why.to_owned(), is_made_up })
    };
    match (meant.as_slice(), &members, seen) {
        ([_], Some(_), _) => Some(Only {
            column,
            values: meant,
            grade: Grade::Certain,
            why: "a member of the ENUM".to_owned(),
            is_made_up: false,
        }),
        ([_], None, _) => Some(Only {
            column,
            values: meant,
            grade: Grade::Certain,
            why: "rows hold this value".to_owned(),
            is_made_up: false,
        }),
        ([], Some(_), _) => None,
        ([], None, Some(values)) if !values.is_empty() => guess("no row says it", true),
        ([], None, _) => guess("the column may hold any text, and no row says it", false),
        ([first, others @ ..], _, _) => {
            let who = if members.is_some() { "members of the ENUM" } else { "values of rows" };
            let others = others.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
            let why = format!("{who} that mean {channel}, too: {others}; new rows get {}", quoted(first));
            Some(Only { column, values: meant.clone(), grade: Grade::Likely, why, is_made_up: false })
        }
    }
}

impl Only<'_> {
    /// Whether one value alone means the channel.
    pub fn is_one_value(&self) -> bool {
        self.values.len() == 1
    }

    /// As the map has it.
    pub fn to_toml(&self) -> String {
        let column = quoted(&self.column.name);
        let values: Vec<String> = self.values.iter().map(|value| quoted(value)).collect();
        match values.as_slice() {
            [value] => format!("{{ column = {column}, value = {value} }}"),
            [value, also @ ..] => {
                format!("{{ column = {column}, value = {value}, also = [{}] }}", also.join(", "))
            }
            [] => String::new(),
        }
    }
}
