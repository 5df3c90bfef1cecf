//! How a report for people looks.

use clap::{Args, ColorChoice};

use crate::console;

/// What the help says of colours.
const COLOR: &str = "Whether the report for people has colours; auto goes by the terminal, NO_COLOR and CLICOLOR_FORCE";

/// How much it says, and whether in colours.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Style {
    /// Report only what is wrong: denials, warnings and errors, and what was left out of what is read.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto, help = COLOR)]
    color: ColorChoice,
}

impl Style {
    /// Whether a report has colours, that goes to a file or else to standard output.
    pub(crate) fn is_coloured(self, is_file: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !is_file && console::is_coloured(),
        }
    }
}
