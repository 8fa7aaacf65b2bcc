//! Columns of text, aligned by what a terminal shows.

/// Rows with columns padded to their widest cell, two spaces apart.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, wide)| {
                let padding = wide.saturating_sub(width(cell));
                format!("{cell}{}", " ".repeat(padding))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

fn width(cell: &str) -> usize {
    console::measure_text_width(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_without_counting_colour() {
        let rows = [vec!["a".into(), "bb".into()], vec!["\u{1b}[31mccc\u{1b}[0m".into(), "d".into()]];
        assert_eq!(columns(&rows), ["a    bb", "\u{1b}[31mccc\u{1b}[0m  d"]);
        assert!(columns(&[]).is_empty());
    }
}
