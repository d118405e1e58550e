//! Text → moment, in every form that posts have been seen to use.
//!
//! In goes what stands behind a date key (or at the start of a file name), out comes a [`Moment`] in UTC with what
//! should be said about it, or a [`DateError`]. `forms` takes the text apart into `parts`, `zones` knows the names of zones,
//! `timezone` what their clocks show; this module turns the parts into a moment. Nothing here knows what time it is.
//!
//! # What was decided where a text leaves it open
//!
//! - An offset beside the time always wins: over the folder's zone, over a zone's name, over a name in parentheses.
//! - A local time that a clock change skips moves forward by what was skipped (02:30 becomes 03:30); one that happens
//!   twice is the first of the two, unless an abbreviation (`EST`) says which. Either earns a warning when a time was
//!   written, none when the date stands alone.
//! - `24:00` is the start of the next day, and so is the leap second `23:59:60`, as Unix counts it.
//! - `01/02/2024` is the configured [`DateOrder`]'s; one above twelve decides by itself.
//! - A year has four digits, except behind a month's name (RFC 2822 §4.3: below 50 is 20xx).

mod forms;
mod parts;
mod remarks;
#[cfg(test)]
mod tests;
mod timezone;
mod zones;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use forms::Form;
use parts::Parts;
pub use remarks::{DateError, DateWarning, Part};
use timezone::Local;
pub use timezone::Timezone;
use zones::Zone;

/// How dates are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateRules {
    /// The zone of a time that names none.
    pub timezone: Timezone,
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

/// Reads a date in any known form.
///
/// # Errors
/// When the text has no known form, or names a day or time that does not exist.
pub fn read(text: &str, rules: &DateRules) -> Result<Moment, DateError> {
    match forms::take_apart(text, rules.order)? {
        Form::Instant(at) => {
            Ok(Moment { at: bounded(at.naive_utc())?, naive: None, precision: Precision::Second, warnings: Vec::new() })
        }
        Form::Parts(parts) => moment(&parts, &rules.timezone),
    }
}

/// The date at the start of a file name (`2024-03-18-title.md`), and the rest of the name.
///
/// `2024-3-8-title`, `2024-03-18_title` and `20240318-title` too; the rest is empty when the name is a date alone. Eight
/// digits in a row count as a date only from 1900 to 2199: they may well be a number.
#[must_use]
pub fn from_file_name<'a>(stem: &'a str, rules: &DateRules) -> Option<(Moment, &'a str)> {
    let (date, rest) = split_file_name(stem)?;
    let naive = date.and_hms_opt(0, 0, 0)?;
    let at = bounded(rules.timezone.utc(naive)?.first()).ok()?;
    Some((Moment { at, naive: Some(naive), precision: Precision::Day, warnings: Vec::new() }, rest))
}

/// The date at the start of a file's name, and the rest behind a separator.
pub(super) fn split_file_name(stem: &str) -> Option<(NaiveDate, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (date, rest) = match digits(stem) {
        4 => {
            let (year, rest) = stem.split_at_checked(4)?;
            let rest = rest.strip_prefix('-')?;
            let (month, rest) = rest.split_at_checked(digits(rest))?;
            let rest = rest.strip_prefix('-')?;
            let (day, rest) = rest.split_at_checked(digits(rest))?;
            if month.len() > 2 || day.len() > 2 {
                return None;
            }
            (NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?, rest)
        }
        8 => {
            let (date, rest) = stem.split_at_checked(8)?;
            let date = forms::compact_date(date.parse().ok()?).filter(|date| (1900..2200).contains(&date.year()))?;
            (date, rest)
        }
        _ => return None,
    };
    if rest.is_empty() {
        return Some((date, rest));
    }
    rest.strip_prefix(['-', '_', ' ']).map(|rest| (date, rest))
}

/// When a crawler wrote the file, if `moment` is its time stamp.
///
/// A stamp is a naive time with seconds within two minutes of the file's modification, on the clock of the folder's zone;
/// where that clock shows an hour twice, the occurrence near the modification is meant. With [`StampRule::AnyZone`] the
/// clock may be that of any zone: naive time and modification (UTC) differ by whole quarters of an hour, at most 14
/// hours, give or take 30 seconds.
#[must_use]
pub fn stamp(moment: &Moment, modified: DateTime<Utc>, rules: &DateRules) -> Option<DateTime<Utc>> {
    let naive = moment.naive.filter(|_| moment.precision == Precision::Second)?;
    let near = |at: DateTime<Utc>| (at - modified).abs() <= TimeDelta::minutes(2);
    if near(moment.at) {
        return Some(moment.at);
    }
    if let Some(Local::Twice(_, second)) = rules.timezone.utc(naive)
        && near(second.and_utc())
    {
        return Some(second.and_utc());
    }
    let StampRule::AnyZone { holds_future } = rules.stamps else { return None };
    let ahead = (naive - modified.naive_utc()).num_seconds();
    let offset = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    if offset.abs() > 14 * 3600 || (ahead - offset).abs() > 30 {
        return None;
    }
    let at = bounded(naive.checked_sub_signed(TimeDelta::seconds(offset))?).ok()?;
    if holds_future && moment.at > modified && at < moment.at {
        return None;
    }
    Some(at)
}

/// Seconds in a quarter of an hour, the step of all zones' offsets.
const QUARTER: i64 = 15 * 60;

/// Puts the parts together.
fn moment(parts: &Parts, timezone: &Timezone) -> Result<Moment, DateError> {
    let (date, naive) = parts.local()?;
    let mut warnings = Vec::new();
    if let Some(other) = parts.other_reading {
        warnings.push(DateWarning::Order { read: date, other });
    }
    if let Some(written) = parts.weekday.filter(|day| *day != date.weekday()) {
        warnings.push(DateWarning::Weekday { written, date });
    }
    let at = match &parts.zone {
        Some(Zone::Offset(seconds)) => naive.checked_sub_signed(TimeDelta::seconds((*seconds).into())),
        Some(Zone::Abbreviation(name)) => own_abbreviation(naive, timezone, name.letters).or_else(|| {
            if name.ambiguous {
                warnings.push(DateWarning::Zone { letters: name.letters, minutes: name.minutes });
            }
            naive.checked_sub_signed(TimeDelta::minutes(name.minutes.into()))
        }),
        Some(Zone::Named(named)) => local(naive, named, parts.precision(), &mut warnings),
        None => local(naive, timezone, parts.precision(), &mut warnings),
    };
    Ok(Moment {
        at: bounded(at.ok_or(DateError::OutOfRange)?)?,
        naive: parts.zone.is_none().then_some(naive),
        precision: parts.precision(),
        warnings,
    })
}

/// A local time in UTC, with a warning when the clock was changed just then; see the module's doc.
fn local(
    naive: NaiveDateTime,
    zone: &Timezone,
    precision: Precision,
    warnings: &mut Vec<DateWarning>,
) -> Option<NaiveDateTime> {
    let local = zone.utc(naive)?;
    if precision > Precision::Day {
        let zone = zone.clone();
        match local {
            Local::Once(_) => {}
            Local::Twice(..) => warnings.push(DateWarning::Twice { naive, zone }),
            Local::Skipped(_) => warnings.push(DateWarning::Skipped { naive, zone }),
        }
    }
    Some(local.first())
}

/// The Unix time of a local time, in seconds.
pub(super) fn unix(naive: NaiveDateTime, zone: &Timezone) -> Option<i64> {
    zone.utc(naive).map(|local| local.first().and_utc().timestamp())
}

/// A local time in UTC, if `zone` itself uses this abbreviation at that time.
fn own_abbreviation(naive: NaiveDateTime, zone: &Timezone, letters: &str) -> Option<NaiveDateTime> {
    let (first, second) = match zone.utc(naive)? {
        Local::Once(at) => (at, None),
        Local::Twice(first, second) => (first, Some(second)),
        Local::Skipped(_) => return None,
    };
    std::iter::once(first).chain(second).find(|at| zone.is_called(letters, *at))
}

/// Holds the bounds that every time of the program keeps; outside them RFC 2822 and RFC 3339 have no way to write it.
fn bounded(at: NaiveDateTime) -> Result<DateTime<Utc>, DateError> {
    if (1..=9999).contains(&at.year()) { Ok(at.and_utc()) } else { Err(DateError::OutOfRange) }
}
