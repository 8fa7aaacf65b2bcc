//! Texts that a column's character set has no place for.
//!
//! Invariant: whether a column can hold a text is the server's word, asked in batches inside the snapshot; columns that
//! hold every text are not asked about. Where an export stands for the server, it is what its map records of the column.

use super::charset;
use super::made::{GIVEN, held, made_of};
use super::names::is_word;
use super::section::{Field, Section};
use crate::db::{Catalog, Connection, DbError, Engine};
use crate::seed::manifest::Name;
use crate::seed::map::{Map, Part};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Texts that columns are to hold.
pub type Texts = BTreeMap<(Part, Field), BTreeSet<Name>>;

/// Texts that their columns cannot hold, each with the first character that would be lost.
#[derive(Debug, Clone, Default)]
pub struct Unholdable(HashMap<(Part, Field), HashMap<Name, char>>);

impl Unholdable {
    /// The first character of a text that its column has no place for.
    #[must_use]
    pub fn lost(&self, part: Part, field: &Field, text: &str) -> Option<char> {
        self.0.get(&(part, field.clone()))?.get(text).copied()
    }
}

/// Asks about texts.
pub(super) fn unholdable(
    conn: &mut Connection,
    map: &Map,
    catalog: &Catalog,
    texts: &Texts,
) -> Result<Unholdable, DbError> {
    let mut unholdable = Unholdable::default();
    for ((part, field), texts) in texts {
        let Some(section) = Section::of(map, *part) else { continue };
        let column = section.ident(field).and_then(|ident| {
            catalog.table(section.table.as_str()).and_then(|table| table.column(ident.as_str()))
        });
        let Some(column) = column else { continue };
        let charset = column.charset.as_deref().filter(|charset| is_word(charset) && *charset != "utf8mb4");
        let Some(charset) = charset else { continue };
        // What is too long is refused for that.
        let fits = |text: &&Name| column.length.is_none_or(|most| text.chars().count() as u64 <= most);
        let texts: Vec<&Name> = texts.iter().filter(fits).collect();
        let mut lost = HashMap::new();
        if conn.engine() == Engine::Sqlite {
            lost.extend(
                texts.iter().filter_map(|text| Some(((*text).clone(), charset::lost(charset, text)?))),
            );
        } else {
            ask(conn, charset, &texts, &mut lost)?;
        }
        unholdable.0.insert((*part, field.clone()), lost);
    }
    Ok(unholdable)
}

fn ask(
    conn: &mut Connection,
    charset: &str,
    texts: &[&Name],
    lost: &mut HashMap<Name, char>,
) -> Result<(), DbError> {
    let asked: Vec<&str> = texts.iter().map(|text| &***text).collect();
    let answers = made_of(conn, &[held(charset, GIVEN)], &asked)?;
    for (text, back) in texts.iter().zip(&answers) {
        // What cannot be held comes back as another character.
        let back = String::from_utf8_lossy(back);
        let mut others = back.chars();
        if let Some(letter) = text.chars().find(|letter| others.next() != Some(*letter)) {
            lost.insert((*text).clone(), letter);
        }
    }
    Ok(())
}
