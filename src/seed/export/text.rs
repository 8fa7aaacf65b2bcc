//! YAML, line by line.
//!
//! Invariant: two spaces for each level, one item in a line, so that a difference of two exports shows what changed.

/// Lines of YAML.
#[derive(Debug, Default)]
pub(in crate::seed) struct Text {
    text: String,
    lines: u32,
}

impl Text {
    /// One line.
    pub fn line(&mut self, level: usize, text: &str) {
        self.indent(level);
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A key with a value that is written as it stands.
    pub fn value(&mut self, level: usize, key: &str, value: &str) {
        self.indent(level);
        self.text.extend([key, ": ", value, "\n"]);
    }

    /// A key with something below it.
    pub fn open(&mut self, level: usize, key: &str) {
        self.indent(level);
        self.text.extend([key, ":\n"]);
    }

    /// An item of a list; what belongs to it follows at `level + 1`.
    pub fn item(&mut self, level: usize, text: &str) {
        self.indent(level);
        self.text.extend(["- ", text, "\n"]);
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        self.lines
    }

    /// Begins a line.
    fn indent(&mut self, level: usize) {
        self.lines = self.lines.saturating_add(1);
        for _ in 0..level {
            self.text.push_str("  ");
        }
    }
}
