//! Zones of the tz database, and what their clocks show.
//!
//! The database is part of the program, so that a date means the same on every machine.

use std::fmt::{self, Debug, Display, Formatter};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, TimeDelta, Timelike, Utc};
use jiff::{
    Timestamp, civil,
    tz::{self, AmbiguousOffset, Offset, TimeZone},
};

/// A zone of the tz database (`Asia/Shanghai`); a clone costs nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Timezone(TimeZone);

/// Names that stand for no zone having been set.
const NO_PLACES: [&str; 2] = ["Etc/Unknown", "Factory"];

/// What a clock's time is in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    /// It was shown once.
    Once(NaiveDateTime),
    /// It came twice, as the clock was put back.
    Twice(NaiveDateTime, NaiveDateTime),
    /// It never came, as the clock was put forward over it. What the clock of before would have shown then: it lands behind
    /// the gap, by what was skipped.
    Skipped(NaiveDateTime),
}

impl Local {
    /// When it was shown, or would have been, first.
    pub(super) const fn first(self) -> NaiveDateTime {
        match self {
            Self::Once(at) | Self::Twice(at, _) | Self::Skipped(at) => at,
        }
    }
}

impl Timezone {
    /// +00:00 at all times.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this name, or of a former one (`PRC`), in any case of letters.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_place = !NO_PLACES.iter().any(|no_place| no_place.eq_ignore_ascii_case(name));
        tz::db().get(name).ok().filter(|_| is_place).map(Self)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = String> {
        tz::db().available().map(|name| name.to_string()).filter(|name| !NO_PLACES.contains(&name.as_str()))
    }

    /// Its name, as the database writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What its clock shows at a time.
    #[must_use]
    pub fn shows(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let offset = FixedOffset::east_opt(self.0.to_offset(known(at)).seconds());
        offset.map_or_else(|| at.fixed_offset(), |offset| at.with_timezone(&offset))
    }

    /// What a time on its clock is in UTC; `None` beyond what chrono can tell.
    pub(super) fn utc(&self, naive: NaiveDateTime) -> Option<Local> {
        let utc = |offset: Offset| naive.checked_sub_signed(TimeDelta::seconds(offset.seconds().into()));
        Some(match self.0.to_ambiguous_timestamp(civil(naive)).offset() {
            AmbiguousOffset::Unambiguous { offset } => Local::Once(utc(offset)?),
            AmbiguousOffset::Fold { before, after } => Local::Twice(utc(before)?, utc(after)?),
            AmbiguousOffset::Gap { before, .. } => Local::Skipped(utc(before)?),
        })
    }

    /// Whether it calls itself so (`EST`) at this time, in UTC.
    pub(super) fn is_called(&self, letters: &str, at: NaiveDateTime) -> bool {
        self.0.to_offset_info(known(at.and_utc())).abbreviation().eq_ignore_ascii_case(letters)
    }
}

/// The same moment, or the last that jiff knows (9999-12-30): from then on offsets stay as they are.
fn known(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_second(at.timestamp()).unwrap_or(Timestamp::MAX)
}

/// The same time on a clock, or the last that jiff knows: it has no year 10,000, in which `9999-12-31 24:00` lies.
fn civil(naive: NaiveDateTime) -> civil::DateTime {
    let part = |part: u32| i8::try_from(part).unwrap_or_default();
    let year = i16::try_from(naive.year()).unwrap_or(i16::MAX);
    let (month, day) = (part(naive.month()), part(naive.day()));
    let (hour, minute, second) = (part(naive.hour()), part(naive.minute()), part(naive.second()));
    civil::DateTime::new(year, month, day, hour, minute, second, 0).unwrap_or(civil::DateTime::MAX)
}

impl Display for Timezone {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Debug for Timezone {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, out)
    }
}
