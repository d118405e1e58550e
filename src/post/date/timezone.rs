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

/// What a clock's time is in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    /// It was shown once.
    Once(NaiveDateTime),
    /// It came twice, as the clock was put back.
    Twice(NaiveDateTime, NaiveDateTime),
    /// It never came, as the clock was put forward over it. What the clock of before would have shown then: it lands behind the
    /// gap, by what was skipped.
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
        tz::db().get(name).ok().map(Self)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = String> {
        tz::db().available().map(|name| name.to_string())
    }

    /// Its name, as the database writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What its clock shows at a time; after 9999-12-30, when the database ends, at its end.
    #[must_use]
    pub fn shows(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let known = Timestamp::from_second(at.timestamp()).unwrap_or(Timestamp::MAX);
        let offset = FixedOffset::east_opt(self.0.to_offset(known).seconds());
        offset.map_or_else(|| at.fixed_offset(), |offset| at.with_timezone(&offset))
    }

    /// What a time on its clock is in UTC; `None` for years that no calendar of the program has.
    pub(super) fn utc(&self, naive: NaiveDateTime) -> Option<Local> {
        let part = |part: u32| i8::try_from(part).ok();
        let time = civil::DateTime::new(
            i16::try_from(naive.year()).ok()?,
            part(naive.month())?,
            part(naive.day())?,
            part(naive.hour())?,
            part(naive.minute())?,
            part(naive.second())?,
            0,
        )
        .ok()?;
        let east = |offset: Offset| naive.checked_sub_signed(TimeDelta::seconds(offset.seconds().into()));
        Some(match self.0.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => Local::Once(east(offset)?),
            AmbiguousOffset::Fold { before, after } => Local::Twice(east(before)?, east(after)?),
            AmbiguousOffset::Gap { before, .. } => Local::Skipped(east(before)?),
        })
    }

    /// Whether it calls itself so (`EST`) at this time, in UTC.
    pub(super) fn is_called(&self, letters: &str, at: NaiveDateTime) -> bool {
        Timestamp::from_second(at.and_utc().timestamp())
            .is_ok_and(|at| self.0.to_offset_info(at).abbreviation().eq_ignore_ascii_case(letters))
    }
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
