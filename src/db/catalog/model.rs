//! Tables as every engine describes them.
//!
//! Invariant: names are kept as the server writes them; a column's name does not count letter by letter.

/// One table or view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    pub name: String,
    pub kind: TableKind,
    /// The storage engine, such as `InnoDB`; none for views.
    pub engine: Option<String>,
    /// The collation of columns that name none.
    pub collation: Option<String>,
    /// How many rows there may be; an estimate of the server.
    pub rows: Option<u64>,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Its indexes, the primary key first.
    pub indexes: Vec<Index>,
    /// What it refers to.
    pub foreign_keys: Vec<ForeignKey>,
    /// What runs when it is written.
    pub triggers: Vec<Trigger>,
    /// Rules for its rows, of servers that list them.
    pub checks: Vec<Check>,
}

/// Table or view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableKind {
    #[default]
    Table,
    View,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// The type without length, in lower case: `varchar`.
    pub data_type: String,
    /// The type as declared: `int(10) unsigned`.
    pub full_type: String,
    /// The most characters that it holds.
    pub length: Option<u64>,
    /// The character set of text.
    pub charset: Option<String>,
    /// The collation of text.
    pub collation: Option<String>,
    /// Whether NULL may be stored.
    pub nullable: bool,
    /// What is stored when nothing is given.
    pub default: ColumnDefault,
    /// `auto_increment`, `on update …`, `VIRTUAL GENERATED`, as the server puts it.
    pub extra: String,
    /// What somebody wrote about it.
    pub comment: String,
}

/// What a column holds when nothing is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnDefault {
    /// Nothing: an insert must name it.
    None,
    Null,
    /// This value, without quotes.
    Literal(String),
    /// What this computes, such as `current_timestamp()`.
    Expression(String),
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name; `PRIMARY` for the primary key.
    pub name: String,
    /// Whether a key occurs once.
    pub unique: bool,
    /// Its columns in their order; an expression is empty.
    pub columns: Vec<String>,
    /// How much of the table it is about.
    pub covers: Covers,
}

/// How much of a table an index is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// Its columns, in every row.
    Whole,
    /// The first letters of columns: what is unique there is unique as a whole, and more is taken than the same values.
    Prefix,
    /// Some rows only: the others may hold the same.
    SomeRows,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: String,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema referred to, where it is another one.
    pub to_schema: Option<String>,
    /// The table referred to.
    pub to_table: String,
    /// The columns referred to.
    pub to_columns: Vec<String>,
    /// `CASCADE`, `SET NULL`, `RESTRICT` or `NO ACTION`.
    pub on_delete: String,
    /// The same for updates.
    pub on_update: String,
}

/// A column of another schema's table that refers to this schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The schema of the table that refers.
    pub schema: String,
    /// The table that refers.
    pub table: String,
    pub column: String,
    /// The table referred to.
    pub to_table: String,
    /// The column referred to.
    pub to_column: String,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    pub name: String,
    /// `BEFORE`, `AFTER` or `INSTEAD OF`.
    pub timing: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
}

impl Table {
    /// The column with this name, in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the primary key, in its order.
    #[must_use]
    pub fn primary_key(&self) -> &[String] {
        let primary = self.indexes.iter().find(|index| index.name == "PRIMARY");
        primary.map_or(&[], |index| &index.columns)
    }

    /// Whether an index begins with these columns, in this order: then a search by them is quick.
    #[must_use]
    pub fn is_indexed(&self, columns: &[&str]) -> bool {
        self.indexes.iter().any(|index| {
            let same = |(known, wanted): (&String, &&str)| known.eq_ignore_ascii_case(wanted);
            index.columns.len() >= columns.len() && index.columns.iter().zip(columns).all(same)
        })
    }

    /// Whether exactly these columns, in any order, are unique together.
    #[must_use]
    pub fn is_unique(&self, columns: &[&str]) -> bool {
        let covers = |index: &&Index| {
            let has = |name: &&str| index.columns.iter().any(|known| known.eq_ignore_ascii_case(name));
            index.unique
                && index.covers == Covers::Whole
                && index.columns.len() == columns.len()
                && columns.iter().all(has)
        };
        self.indexes.iter().any(|index| covers(&index))
    }

    /// Whether a rollback takes back what was written; SQLite has no engines and always does.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.engine.as_ref().is_none_or(|engine| engine.eq_ignore_ascii_case("innodb"))
    }
}

impl Column {
    /// Whether the server gives the value.
    #[must_use]
    pub fn is_auto_increment(&self) -> bool {
        self.extra.to_ascii_lowercase().contains("auto_increment")
    }

    /// Whether an insert must name it, because nobody else gives it a value.
    #[must_use]
    pub fn is_demanded(&self) -> bool {
        !self.nullable
            && self.default == ColumnDefault::None
            && !self.is_auto_increment()
            && !self.is_generated()
    }

    /// Whether `SELECT *` leaves it out: a key that the server made where the table has none is such a column.
    #[must_use]
    pub fn is_invisible(&self) -> bool {
        self.extra.to_ascii_lowercase().contains("invisible")
    }

    /// Whether the value is computed from others and cannot be written.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        let extra = self.extra.to_ascii_lowercase();
        // MySQL marks defaults that are expressions with DEFAULT_GENERATED.
        extra.contains("generated") && !extra.contains("default_generated")
    }
}

/// A name as an identifier in a statement: the one way by which names get there.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Which tables are read.
pub(super) enum Names<'a> {
    All,
    Some(&'a [&'a str]),
}

impl Names<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Names::All => true,
            Names::Some(names) => names.contains(&name),
        }
    }
}

/// A rule that every row must not break; NULL breaks none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    /// An expression about columns of the table, in the server's SQL.
    pub clause: String,
    /// The columns in it.
    pub columns: Vec<String>,
}

#[cfg(test)]
impl Column {
    /// A column of that type that has nothing else.
    pub(crate) fn bare(name: &str, full_type: &str) -> Self {
        Self {
            name: name.to_owned(),
            data_type: full_type.split(['(', ' ']).next().unwrap_or_default().to_lowercase(),
            full_type: full_type.to_owned(),
            length: None,
            charset: None,
            collation: None,
            nullable: false,
            default: ColumnDefault::None,
            extra: String::new(),
            comment: String::new(),
        }
    }
}
