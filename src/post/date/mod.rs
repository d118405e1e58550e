//! Text → moment, in every form that posts have been seen to use.
//!
//! An explicit offset always wins. A naive time is in the folder's zone; one that a clock change skipped is read with
//! the offset before the change, so it falls as far behind the gap as it was in it; one that a clock change repeated is
//! the first of the two.

mod form;
#[cfg(test)]
mod tests;
mod tokens;
mod zones;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use super::Code;

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
pub enum DateWarning {
    /// The day of the week is another one.
    #[error("{date} is a {real}, not a {written}")]
    WrongWeekday {
        /// The day as it was read.
        date: NaiveDate,
        /// The weekday that was written.
        written: Weekday,
        /// The weekday of the date.
        real: Weekday,
    },
    /// Day and month may be the other way round.
    #[error("`{0}` could be day/month or month/day; it is read month first")]
    Ambiguous(String),
    /// An abbreviation that the folder's zone does not use.
    #[error("the zone `{name}` is not one of this folder's time zone; it is read as UTC{offset}")]
    Abbreviation {
        /// As it was written.
        name: String,
        /// `+08:00`
        offset: String,
    },
    /// A clock change skipped the local time.
    #[error("the clocks of {zone} skipped {time}; it is read as {read}")]
    Skipped {
        /// The folder's zone.
        zone: Tz,
        /// As it was written.
        time: NaiveDateTime,
        /// On the clock after the change.
        read: NaiveDateTime,
    },
    /// A clock change repeated the local time.
    #[error("the clocks of {zone} showed {time} twice; the first is taken")]
    Repeated {
        /// The folder's zone.
        zone: Tz,
        /// As it was written.
        time: NaiveDateTime,
    },
}

impl DateWarning {
    /// What kind of remark it is.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::WrongWeekday { .. } => Code::WrongWeekday,
            Self::Ambiguous(_) => Code::AmbiguousDate,
            Self::Abbreviation { .. } => Code::AmbiguousZone,
            Self::Skipped { .. } | Self::Repeated { .. } => Code::ClockChange,
        }
    }

    /// The cure.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::WrongWeekday { .. } => "correct the weekday or leave it out; the date counts",
            Self::Ambiguous(_) => "write it as YYYY-MM-DD, or set `date_order` for this folder",
            Self::Abbreviation { .. } => "write the offset itself, as in `+08:00`",
            Self::Skipped { .. } | Self::Repeated { .. } => "write the offset beside the time, as in `+02:00`",
        }
    }
}

/// Why a text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// No known form.
    #[error("`{0}` is no date in any known form")]
    Unknown(String),
    /// A known form, but there is no such day or time.
    #[error("`{0}` names a day or time that does not exist")]
    Impossible(String),
    /// Before year 1 or after year 9999, in UTC.
    #[error("`{0}` is not in the years 1 to 9999")]
    OutOfRange(String),
}

impl DateError {
    /// What kind of remark it is.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::BadDate
    }

    /// The cure.
    #[must_use]
    pub fn help(&self) -> &'static str {
        "write it as 2024-03-18 09:30:00 +08:00"
    }
}

/// How far a crawler's time stamp may be from the file's own time.
const STAMP_WITHIN: TimeDelta = TimeDelta::minutes(2);

/// The same, where the offset is guessed.
const STAMP_WITHIN_OF_OFFSET: i64 = 30;

/// Reads a date in any known form.
///
/// # Errors
/// When the text has no known form, or names a day or time that does not exist.
pub fn read(text: &str, rules: &DateRules) -> Result<Moment, DateError> {
    let text = text.trim();
    // What is shown of a text that is no date.
    let shown = || text.chars().take(60).collect::<String>();
    let form = form::read(text, rules.order).map_err(|failure| match failure {
        form::Failure::Unknown => DateError::Unknown(shown()),
        form::Failure::Impossible => DateError::Impossible(shown()),
    })?;
    let mut warnings = form.warnings;
    let (at, naive) = match form.zone {
        form::Zone::None => (zones::to_utc(form.local, rules.timezone, form.precision, &mut warnings), Some(form.local)),
        form::Zone::Offset(seconds) => (form.local.checked_sub_signed(TimeDelta::seconds(seconds)), None),
        form::Zone::Name(name) => match zones::named(&name, form.local, rules.timezone, &mut warnings) {
            Some(at) => (at, None),
            None => return Err(DateError::Unknown(shown())),
        },
    };
    let at = at.map(|at| at.and_utc()).filter(|at| (1..=9999).contains(&at.year()));
    match at {
        Some(at) => Ok(Moment { at, naive, precision: form.precision, warnings }),
        None => Err(DateError::OutOfRange(shown())),
    }
}

/// The date at the start of a file name (`2024-03-18-title.md`), and the rest of the name.
#[must_use]
pub fn from_file_name<'a>(stem: &'a str, rules: &DateRules) -> Option<(Moment, &'a str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let year = digits(stem);
    let (date, length) = if year == 8 {
        (NaiveDate::parse_from_str(stem.get(..8)?, "%Y%m%d").ok()?, 8)
    } else {
        let separator = stem.get(4..5).filter(|separator| year == 4 && matches!(*separator, "-" | "_" | "."))?;
        let rest = stem.get(5..)?;
        let month = digits(rest);
        let day_at = rest.get(month..)?.strip_prefix(separator)?;
        let day = digits(day_at);
        if !(1..=2).contains(&month) || !(1..=2).contains(&day) {
            return None;
        }
        let number = |text: &str| text.parse::<u32>().ok();
        let date = NaiveDate::from_ymd_opt(
            stem.get(..4)?.parse().ok()?,
            number(rest.get(..month)?)?,
            number(day_at.get(..day)?)?,
        )?;
        (date, 5 + month + 1 + day)
    };
    let rest = stem.get(length..)?;
    let rest = match rest.chars().next() {
        None => rest,
        Some(separator @ ('-' | '_' | ' ' | '.')) => &rest[separator.len_utf8()..],
        Some(_) => return None,
    };
    let local = date.and_time(NaiveTime::MIN);
    let at = zones::to_utc(local, rules.timezone, Precision::Day, &mut Vec::new())?.and_utc();
    let moment = Moment { at, naive: Some(local), precision: Precision::Day, warnings: Vec::new() };
    (1..=9999).contains(&at.year()).then_some((moment, rest))
}

/// When a crawler wrote the file, if `moment` is its time stamp: a naive time with seconds, close to the time of the
/// file.
#[must_use]
pub fn stamp(moment: &Moment, modified: DateTime<Utc>, rules: &DateRules) -> Option<DateTime<Utc>> {
    let naive = moment.naive.filter(|_| moment.precision == Precision::Second)?;
    if (moment.at - modified).abs() <= STAMP_WITHIN {
        return Some(moment.at);
    }
    let StampRule::AnyZone { holds_future } = rules.stamps else { return None };
    // Whoever holds posts for the future has written this date on purpose.
    if holds_future && moment.at > modified {
        return None;
    }
    let apart = (naive - modified.naive_utc()).num_seconds();
    let offset = (apart + 450).div_euclid(900) * 900;
    let close = (apart - offset).abs() <= STAMP_WITHIN_OF_OFFSET && offset.abs() <= 14 * 3600;
    close.then(|| (naive - TimeDelta::seconds(offset)).and_utc())
}
