//! What there is to say about a date, in words.

use std::fmt::{self, Display, Formatter};

use chrono::{Datelike, NaiveDate, NaiveDateTime, Weekday};

use super::Timezone;
use crate::post::Code;

/// What is odd about a date that could be read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateWarning {
    /// `01/02/2024`, and nobody said which comes first.
    #[error("this may be {read} or {other}; it is read as {read}, month first")]
    Order {
        /// As it was read.
        read: NaiveDate,
        /// The other way.
        other: NaiveDate,
    },
    /// The day of the week is not that of the date.
    #[error("{date} is a {}, not a {}", long(date.weekday()), long(*written))]
    Weekday {
        /// As it was written.
        written: Weekday,
        /// As it was written, and believed.
        date: NaiveDate,
    },
    /// A zone abbreviation with more than one meaning, which the folder's zone does not use at that time.
    #[error("`{letters}` has more than one meaning; it is read as {}", Offset(*minutes))]
    Zone {
        /// The abbreviation.
        letters: &'static str,
        /// Its reading, minutes east of UTC.
        minutes: i32,
    },
    /// The clock was put forward over this time.
    #[error("{naive} does not exist in {zone}: the clock was put forward; the time is moved behind the gap")]
    Skipped {
        /// As it was written.
        naive: NaiveDateTime,
        /// Whose clock.
        zone: Timezone,
    },
    /// The clock was put back, so that this time came twice.
    #[error("{naive} came twice in {zone}: the clock was put back; the first of the two is taken")]
    Twice {
        /// As it was written.
        naive: NaiveDateTime,
        /// Whose clock.
        zone: Timezone,
    },
}

impl DateWarning {
    /// The kind of remark.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Order { .. } => Code::AmbiguousDate,
            Self::Weekday { .. } => Code::WrongWeekday,
            Self::Zone { .. } => Code::AmbiguousZone,
            Self::Skipped { .. } | Self::Twice { .. } => Code::ClockChange,
        }
    }

    /// The cure.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Order { read, .. } => {
                format!(
                    "write the year first (`{read}`), or set `date_order: day-first` or `month-first` for the folder"
                )
            }
            Self::Weekday { date, .. } => format!("correct the day or write `{}`", date.format("%a, %-d %b %Y")),
            Self::Zone { minutes, .. } => {
                format!(
                    "write the offset (`{}`), or set `timezone` to a zone that uses the abbreviation",
                    Offset(*minutes)
                )
            }
            Self::Skipped { .. } | Self::Twice { .. } => "write the offset behind the time, like `+02:00`".into(),
        }
    }
}

/// Why a text is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// There is no text.
    #[error("the date is empty")]
    Empty,
    /// Something stands there that is no part of a date, or not at this place.
    #[error("`{0}` cannot be read as part of a date")]
    Unknown(String),
    /// A part is not there.
    #[error("the date names no {0}")]
    Missing(Part),
    /// A part is there twice, and differs.
    #[error("the date names two different {0}s")]
    Contradiction(Part),
    /// `22-02-25`: three parts that could each be the year.
    #[error("`{0}` does not say which part is the year")]
    ShortYear(String),
    /// A month beyond December.
    #[error("there is no month {0}")]
    NoSuchMonth(u32),
    /// The month has no such day in that year.
    #[error("there is no {year:04}-{month:02}-{day:02}: {}", days(*year, *month))]
    NoSuchDay {
        /// As written.
        year: i32,
        /// As written, 1–12.
        month: u32,
        /// As written.
        day: u32,
    },
    /// No clock shows this time.
    #[error("no clock shows `{0}`")]
    NoSuchTime(String),
    /// No zone is so far from UTC.
    #[error("no zone has the offset `{0}`")]
    NoSuchOffset(String),
    /// The moment, in UTC, is outside the years that feeds can write.
    #[error("the date is outside the years 1 to 9999")]
    OutOfRange,
}

impl DateError {
    /// The kind of remark.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::BadDate
    }

    /// The cure.
    #[must_use]
    pub fn help(&self) -> String {
        let cure = match self {
            Self::Empty => "write a date or remove the key",
            Self::Unknown(_) | Self::Missing(_) | Self::Contradiction(_) => {
                "write it like `2024-03-18 16:54:00 +08:00`"
            }
            Self::ShortYear(_) => "write the year first and with four digits, like `2024-03-18`",
            Self::NoSuchMonth(_) => "months are 1 to 12; write it like `2024-03-18`",
            Self::NoSuchDay { .. } => "correct the day, the month or the year",
            Self::NoSuchTime(_) => "write a time from `00:00:00` to `23:59:59`",
            Self::NoSuchOffset(_) => "write an offset from `-12:00` to `+14:00`",
            Self::OutOfRange => "correct the year",
        };
        cure.into()
    }
}

/// A part of a date that may be missing or stand twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The year.
    Year,
    /// The month.
    Month,
    /// The day of the month.
    Day,
    /// The time of day, or its half.
    Time,
    /// The day of the week.
    Weekday,
    /// The zone.
    Zone,
}

impl Display for Part {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Time => "time",
            Self::Weekday => "weekday",
            Self::Zone => "zone",
        })
    }
}

/// Minutes east of UTC, written `+08:00`.
struct Offset(i32);

impl Display for Offset {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(out, "{sign}{:02}:{:02}", self.0.abs() / 60, self.0.abs() % 60)
    }
}

/// A weekday's full name.
const fn long(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// How long a month is, in words.
fn days(year: i32, month: u32) -> String {
    let days = (28..=31).rev().find(|day| NaiveDate::from_ymd_opt(year, month, *day).is_some());
    days.map_or_else(|| "no such month".into(), |days| format!("the month has {days} days"))
}
