//! What a date's text says, part by part, and the local time that the parts make.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::{DateError, Part, Precision, zones::Zone};

/// The parts of a date as they were written.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) year: Option<i32>,
    pub(super) month: Option<u32>,
    pub(super) day: Option<u32>,
    pub(super) time: Option<Time>,
    pub(super) half: Option<Half>,
    /// The day of the week.
    pub(super) weekday: Option<Weekday>,
    /// What stands beside the time.
    pub(super) zone: Option<Zone>,
    /// The date with day and month exchanged, where nothing decides.
    pub(super) other_reading: Option<NaiveDate>,
}

/// A time of day as it was written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Time {
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: Option<u32>,
    pub(super) nanos: u32,
}

/// A half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// From midnight to noon.
    Am,
    /// From noon to midnight.
    Pm,
}

impl Parts {
    /// How much was written.
    pub(super) fn precision(&self) -> Precision {
        match self.time {
            None => Precision::Day,
            Some(Time { second: None, .. }) => Precision::Minute,
            Some(_) => Precision::Second,
        }
    }

    /// The date as written, and the local time that date and time of day make.
    pub(super) fn local(&self) -> Result<(NaiveDate, NaiveDateTime), DateError> {
        let year = self.year.ok_or(DateError::Missing(Part::Year))?;
        let month = self.month.ok_or(DateError::Missing(Part::Month))?;
        let day = self.day.ok_or(DateError::Missing(Part::Day))?;
        if !(1..=12).contains(&month) {
            return Err(DateError::NoSuchMonth(month));
        }
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DateError::NoSuchDay { year, month, day })?;
        if self.half.is_some() && self.time.is_none() {
            return Err(DateError::Missing(Part::Time));
        }
        let naive = self.time.unwrap_or_default().on(date, self.half)?;
        Ok((date, naive))
    }

    /// Whether year, month and day are known.
    pub(super) const fn dated(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }
}

impl Time {
    /// The local time on this date. `24:00` and the leap second belong to what follows.
    fn on(self, date: NaiveDate, half: Option<Half>) -> Result<NaiveDateTime, DateError> {
        let second = self.second.unwrap_or(0);
        let wrong = || DateError::NoSuchTime(format!("{}:{:02}:{second:02}", self.hour, self.minute));
        let hour = match (half, self.hour) {
            (Some(Half::Am), 12) => 0,
            (Some(Half::Am), 13..) => return Err(wrong()),
            (Some(Half::Pm), hour @ 0..12) => hour + 12,
            (_, hour) => hour,
        };
        let midnight = hour == 24 && self.minute == 0 && second == 0 && self.nanos == 0;
        if (hour > 23 && !midnight) || self.minute > 59 || second > 60 {
            return Err(wrong());
        }
        let length = TimeDelta::seconds(i64::from(hour * 3600 + self.minute * 60 + second))
            + TimeDelta::nanoseconds(self.nanos.into());
        date.and_time(NaiveTime::MIN).checked_add_signed(length).ok_or(DateError::OutOfRange)
    }
}

/// A month's English name, in full or its first letters, at least three.
pub(super) fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let index = NAMES.iter().position(|name| word.len() >= 3 && name.starts_with(word))?;
    u32::try_from(index + 1).ok()
}

/// A weekday's name, English or Chinese.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [(&str, &str, Weekday); 8] = [
        ("monday", "一", Weekday::Mon),
        ("tuesday", "二", Weekday::Tue),
        ("wednesday", "三", Weekday::Wed),
        ("thursday", "四", Weekday::Thu),
        ("friday", "五", Weekday::Fri),
        ("saturday", "六", Weekday::Sat),
        ("sunday", "日", Weekday::Sun),
        ("sunday", "天", Weekday::Sun),
    ];
    let chinese = ["星期", "礼拜", "禮拜", "周", "週"].iter().find_map(|start| word.strip_prefix(start));
    let found = NAMES.iter().find(|(english, numeral, _)| {
        chinese.map_or_else(|| word.len() >= 3 && english.starts_with(word), |rest| rest == *numeral)
    });
    found.map(|(_, _, day)| *day)
}
