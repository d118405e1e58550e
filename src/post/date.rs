//! Text → moment, in every form that posts have been seen to use.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// How dates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRules {
    /// The zone of a time that names none.
    pub timezone: Tz,
    /// What `01/02/2024` means.
    pub order: DateOrder,
    /// Which dates count as a crawler's time stamp.
    pub stamps: StampRule,
}

/// What `01/02/2024` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// Not configured: a date that could be both earns a warning and is read month first.
    #[default]
    Unset,
    /// The first of February.
    DayFirst,
    /// The second of January.
    MonthFirst,
}

/// Which naive dates count as the time at which a crawler wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StampRule {
    /// Within two minutes of the file's modification time, in the folder's zone.
    #[default]
    SameZone,
    /// Also when it differs by a whole quarter-hour offset, which is then the date's offset.
    AnyZone {
        /// Whether a date in the future is held: then a stamp never moves a future date, so that no post is early.
        holds_future: bool,
    },
}

/// A moment read from text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// In years 1–9999.
    pub at: DateTime<Utc>,
    /// The local time as written, if no offset stood beside it.
    pub naive: Option<NaiveDateTime>,
    /// How much was written.
    pub precision: Precision,
    /// What should be said about it.
    pub warnings: Vec<DateWarning>,
}

/// The smallest part that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A date alone.
    Day,
    /// Hours and minutes.
    Minute,
    /// Seconds or finer.
    Second,
}

/// What is odd about a date that could be read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateWarning {}

/// Why a text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {}

/// Reads a date in any known form.
///
/// # Errors
/// When the text has no known form, or names a day or time that does not exist.
pub fn read(_text: &str, _rules: &DateRules) -> Result<Moment, DateError> {
    todo!()
}

/// The date at the start of a file name (`2024-03-18-title.md`), and the rest of the name.
#[must_use]
pub fn from_file_name<'a>(_stem: &'a str, _rules: &DateRules) -> Option<(Moment, &'a str)> {
    todo!()
}

/// When a crawler wrote the file, if `moment` is its time stamp.
#[must_use]
pub fn stamp(_moment: &Moment, _modified: DateTime<Utc>, _rules: &DateRules) -> Option<DateTime<Utc>> {
    todo!()
}
