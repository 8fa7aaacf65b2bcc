//! YAML, line by line.
//!
//! Invariant: two spaces for each level, one item in a line, so that a difference of two exports shows what changed.

/// Lines of YAML.
#[derive(Debug, Default)]
pub(in crate::seed) struct Text(String);

impl Text {
    /// One line.
    pub fn line(&mut self, level: usize, text: &str) {
        self.indent(level);
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A key with a value that is written as it stands.
    pub fn value(&mut self, level: usize, key: &str, value: &str) {
        self.indent(level);
        self.0.extend([key, ": ", value, "\n"]);
    }

    /// A key with something below it.
    pub fn open(&mut self, level: usize, key: &str) {
        self.indent(level);
        self.0.extend([key, ":\n"]);
    }

    /// An item of a list; what belongs to it follows at `level + 1`.
    pub fn item(&mut self, level: usize, text: &str) {
        self.indent(level);
        self.0.extend(["- ", text, "\n"]);
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    fn indent(&mut self, level: usize) {
        for _ in 0..level {
            self.0.push_str("  ");
        }
    }
}
