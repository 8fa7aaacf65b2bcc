//! Colour and detail of the human text.

/// Whether the text carries colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    On,
    /// Plain text.
    Off,
}

/// How much the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Only the verdict, stops and failures.
    Quiet,
    /// What a person needs to decide.
    Normal,
    /// Evidence of everything, too.
    Verbose,
}

/// How the human text looks.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colour or not.
    pub colour: Colour,
    /// How much.
    pub detail: Detail,
    /// How many columns a line may have.
    pub width: usize,
}

impl Style {
    /// Bold text.
    #[must_use]
    pub fn bold(&self, text: &str) -> String {
        self.paint(text, console::Style::new().bold())
    }

    /// Text that steps back.
    #[must_use]
    pub fn dim(&self, text: &str) -> String {
        self.paint(text, console::Style::new().dim())
    }

    /// What went well, or was added.
    #[must_use]
    pub fn good(&self, text: &str) -> String {
        self.paint(text, console::Style::new().green())
    }

    /// What needs a look.
    #[must_use]
    pub fn warn(&self, text: &str) -> String {
        self.paint(text, console::Style::new().yellow())
    }

    /// What went wrong, or was removed.
    #[must_use]
    pub fn bad(&self, text: &str) -> String {
        self.paint(text, console::Style::new().red())
    }

    /// A heading inside a diff.
    #[must_use]
    pub fn hunk(&self, text: &str) -> String {
        self.paint(text, console::Style::new().cyan())
    }

    fn paint(&self, text: &str, style: console::Style) -> String {
        style.force_styling(self.colour == Colour::On).apply_to(text).to_string()
    }
}
