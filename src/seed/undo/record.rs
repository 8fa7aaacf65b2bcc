//! What a run left for its undo: the rows that it wrote, before and after.
//!
//! Invariant: what is read back is what was written, value by value: a number stays a number, bytes stay bytes.

use super::table::{Key, Row};
use crate::db::Value;
use crate::seed::map::Part;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The version of records.
pub const FORMAT: u32 = 1;

/// All rows that a run wrote, by place, as they are read back.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The rows of each table.
    pub(super) tables: BTreeMap<String, Rows>,
    /// What rows are called that links are about, by part.
    pub(super) labels: Labels,
}

/// Names of rows by their ids, by part.
pub(in crate::seed) type Labels = BTreeMap<String, BTreeMap<i64, String>>;

/// The rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// The columns that are kept, in the order of each row's values.
    pub columns: Vec<String>,
    /// What was written. Of links that have the same ends as such a one, all are here.
    pub units: Vec<Unit>,
}

/// What has one name: one row, or the links between the same ends where they have no ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    pub key: Key,
    /// As it was; empty where the run made it.
    #[serde(with = "rows")]
    pub before: Vec<Row>,
    /// As the run left it; empty where the run deleted it.
    #[serde(with = "rows")]
    pub after: Vec<Row>,
}

impl Unit {
    /// The columns that the run changed, where it is one row that changed.
    pub fn changed(&self) -> Option<Vec<usize>> {
        match (self.before.as_slice(), self.after.as_slice()) {
            ([before], [after]) => {
                let pairs = before.iter().zip(after).enumerate();
                Some(pairs.filter(|(_, (old, new))| old != new).map(|(index, _)| index).collect())
            }
            _ => None,
        }
    }
}

impl Record {
    /// What a row is called.
    pub(super) fn label(&self, part: Part, id: i64) -> Option<&str> {
        self.labels.get(&part.to_string())?.get(&id).map(String::as_str)
    }
}

/// Writes a record while its rows are read, so that a million of them are never in memory.
///
/// A failure ends the writing and is told by [`Self::finish`]: whoever reads rows of a database has no use for it.
pub(super) struct RecordWriter<W> {
    out: W,
    failed: Option<io::Error>,
    tables: usize,
    units: usize,
}

impl<W: Write> RecordWriter<W> {
    pub fn new(out: W) -> Self {
        let mut writer = Self { out, failed: None, tables: 0, units: 0 };
        writer.text(r#"{"tables":{"#);
        writer
    }

    /// Begins a table, whose units follow.
    pub fn table(&mut self, place: &str, columns: &[String]) {
        if self.tables > 0 {
            self.text("]},");
        }
        self.tables += 1;
        self.units = 0;
        self.json(place);
        self.text(r#":{"columns":"#);
        self.json(columns);
        self.text(r#","units":["#);
    }

    pub fn unit(&mut self, unit: &Unit) {
        if self.units > 0 {
            self.text(",");
        }
        self.units += 1;
        self.json(unit);
    }

    /// Ends the record.
    pub fn finish(mut self, labels: &Labels) -> io::Result<W> {
        if self.tables > 0 {
            self.text("]}");
        }
        self.text(r#"},"labels":"#);
        self.json(labels);
        self.text("}\n");
        self.failed.map_or(Ok(self.out), Err)
    }

    fn text(&mut self, text: &str) {
        self.put(|out| out.write_all(text.as_bytes()));
    }

    fn json(&mut self, what: &(impl Serialize + ?Sized)) {
        self.put(|out| Ok(serde_json::to_writer(out, what)?));
    }

    fn put(&mut self, put: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.failed.is_none() {
            self.failed = put(&mut self.out).err();
        }
    }
}

/// A value as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Null(()),
    Int(i64),
    UInt(u64),
    Text(String),
    Float {
        /// In digits, because not every reader of JSON gives the same number back.
        float: String,
    },
    Bytes {
        hex: String,
    },
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null(()),
            Value::Int(number) => Self::Int(*number),
            Value::UInt(number) => Self::UInt(*number),
            Value::Float(number) => Self::Float { float: number.to_string() },
            Value::Text(text) => Self::Text(text.clone()),
            Value::Bytes(bytes) => Self::Bytes { hex: hex::encode(bytes) },
        }
    }
}

impl Cell {
    fn value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null(()) => Value::Null,
            Self::Int(number) => Value::Int(number),
            Self::UInt(number) => Value::UInt(number),
            Self::Float { float } => {
                Value::Float(float.parse().map_err(|_| format!("{float} is no number"))?)
            }
            Self::Text(text) => Value::Text(text),
            Self::Bytes { hex: text } => Value::Bytes(hex::decode(&text).map_err(|error| error.to_string())?),
        })
    }
}

/// Rows in a file.
mod rows {
    use super::{Cell, Deserialize, Deserializer, Row, Serializer};
    use serde::de::Error;

    pub fn serialize<S: Serializer>(rows: &[Row], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rows.iter().map(|row| row.iter().map(Cell::from).collect::<Vec<_>>()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Row>, D::Error> {
        let rows: Vec<Vec<Cell>> = Vec::deserialize(deserializer)?;
        let row = |row: Vec<Cell>| row.into_iter().map(Cell::value).collect::<Result<Row, String>>();
        rows.into_iter().map(row).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let row = vec![
            Value::Null,
            Value::Int(-7),
            Value::UInt(u64::MAX),
            Value::Float(0.1),
            Value::Float(7.0),
            Value::Text("7".to_owned()),
            Value::Text(String::new()),
            Value::Bytes(vec![0, 255]),
        ];
        let unit = Unit { key: [1, 0], before: vec![row.clone()], after: Vec::new() };
        let text = serde_json::to_string(&unit).expect("a text");
        assert_eq!(serde_json::from_str::<Unit>(&text).expect("a unit"), unit, "{text}");
    }

    #[test]
    fn what_was_written_piece_by_piece_is_read_as_a_whole() {
        let unit = |id| Unit { key: [id, 0], before: vec![vec![Value::Int(id)]], after: Vec::new() };
        let rows = |units: Vec<Unit>| Rows { columns: vec!["id".to_owned()], units };
        let tables = [("a", vec![unit(1), unit(2)]), ("b", vec![]), ("c", vec![unit(3)])];
        for count in 0..=tables.len() {
            let tables =
                tables[..count].iter().map(|(name, units)| ((*name).to_owned(), rows(units.clone())));
            let labels = BTreeMap::from([("a".to_owned(), BTreeMap::from([(7, "\"Zoë\"".to_owned())]))]);
            let record = Record { tables: tables.collect(), labels };
            let mut writer = RecordWriter::new(Vec::new());
            for (place, rows) in &record.tables {
                writer.table(place, &rows.columns);
                rows.units.iter().for_each(|unit| writer.unit(unit));
            }
            let text = writer.finish(&record.labels).expect("written");
            assert_eq!(serde_json::from_slice::<Record>(&text).expect("a record"), record);
        }
    }

    #[test]
    fn a_full_disk_is_told_at_the_end() {
        let mut writer = RecordWriter::new(io::Cursor::new([0; 40]));
        writer.table("a", &["id".to_owned()]);
        (0..9).for_each(|id| writer.unit(&Unit { key: [id, 0], before: Vec::new(), after: Vec::new() }));
        let error = writer.finish(&Labels::new()).expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn only_what_differs_is_changed() {
        let unit = |before, after| Unit { key: [1, 0], before, after };
        let [old, new] = [7, 8].map(|number| vec![Value::Int(1), Value::Int(number)]);
        assert_eq!(unit(vec![old.clone()], vec![new.clone()]).changed(), Some(vec![1]));
        assert_eq!(unit(vec![old], Vec::new()).changed(), None);
        assert_eq!(unit(Vec::new(), vec![new]).changed(), None);
    }
}
