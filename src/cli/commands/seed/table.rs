//! Rows of a table whose last column is a list.
//!
//! Invariant: every row has as many cells, so that lists stand below each other; how wide a screen is, is the report's
//! business.

/// A row: cells, and items in the last column.
pub struct Row {
    /// The first cells; none where a row goes on with the list above.
    pub cells: Vec<String>,
    /// What the last column lists.
    pub items: Vec<String>,
}

/// The rows of `details.rows`.
pub fn laid_out(rows: Vec<Row>) -> Vec<Vec<String>> {
    let count = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let line = |row: Row| {
        let mut cells = row.cells;
        cells.resize(count, String::new());
        cells.push(row.items.join(", "));
        cells
    };
    rows.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_in_one_column() {
        let row = |cells: &[&str], items: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Row { cells: owned(cells), items: owned(items) }
        };
        let rows = laid_out(vec![row(&["a", "b"], &["one", "two"]), row(&[], &["three"]), row(&["c"], &[])]);
        assert_eq!(rows, [["a", "b", "one, two"], ["", "", "three"], ["c", "", ""]]);
    }
}
