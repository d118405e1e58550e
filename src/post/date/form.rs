//! Tokens → local time and zone, whatever the order and the spelling.
//!
//! One pass over the tokens fills in the parts of a date; a part that is said twice must be the same.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

use super::{
    DateOrder, DateWarning, Precision,
    tokens::{Token, tokens},
};

/// A date as it was written.
pub(super) struct Form {
    pub(super) local: NaiveDateTime,
    pub(super) zone: Zone,
    pub(super) precision: Precision,
    pub(super) warnings: Vec<DateWarning>,
}

/// What was written of the zone.
pub(super) enum Zone {
    None,
    /// Seconds east of UTC.
    Offset(i64),
    /// A name or abbreviation, lower case.
    Name(String),
}

pub(super) enum Failure {
    Unknown,
    Impossible,
}

const MONTHS: [&str; 12] = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
];

const WEEKDAYS: [(&str, char, Weekday); 7] = [
    ("monday", '一', Weekday::Mon),
    ("tuesday", '二', Weekday::Tue),
    ("wednesday", '三', Weekday::Wed),
    ("thursday", '四', Weekday::Thu),
    ("friday", '五', Weekday::Fri),
    ("saturday", '六', Weekday::Sat),
    ("sunday", '日', Weekday::Sun),
];

/// Words that say nothing.
const FILLERS: [&str; 5] = ["at", "of", "on", "the", "t"];

pub(super) fn read(text: &str, order: DateOrder) -> Result<Form, Failure> {
    let tokens = tokens(text);
    let mut parts = Parts { order, ..Parts::default() };
    if let [Token::Number(digits)] = tokens.as_slice()
        && let Some(form) = bare(digits)?
    {
        return Ok(form);
    }
    let mut at = 0;
    while at < tokens.len() {
        at += parts.take(&tokens[at..])?;
    }
    parts.finish()
}

/// A number alone: Unix seconds or milliseconds. Dates without separators are left to the parts.
fn bare(digits: &str) -> Result<Option<Form>, Failure> {
    let number: i64 = digits.parse().map_err(|_| Failure::Unknown)?;
    let time = match digits.len() {
        9 | 10 => chrono::DateTime::from_timestamp(number, 0),
        13 => chrono::DateTime::from_timestamp_millis(number),
        _ => return Ok(None),
    };
    let local = time.ok_or(Failure::Impossible)?.naive_utc();
    Ok(Some(Form { local, zone: Zone::Offset(0), precision: Precision::Second, warnings: Vec::new() }))
}

#[derive(Default)]
struct Parts {
    order: DateOrder,
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    time: Option<Clock>,
    afternoon: Option<bool>,
    weekday: Option<Weekday>,
    zone: Option<Zone>,
    warnings: Vec<DateWarning>,
}

#[derive(Clone, Copy)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    precision: Precision,
}

/// A number; one too long to be a part of a date has the largest value.
fn number(token: Option<&Token>) -> Option<(&str, u32)> {
    match token {
        Some(Token::Number(digits)) => Some((digits, digits.parse().unwrap_or(u32::MAX))),
        _ => None,
    }
}

fn sign(token: Option<&Token>) -> Option<char> {
    match token {
        Some(Token::Sign(sign)) => Some(*sign),
        _ => None,
    }
}

/// Sets a part, or agrees with what is set.
fn agree<T: PartialEq>(part: &mut Option<T>, value: T) -> Result<(), Failure> {
    match part {
        Some(before) if *before != value => Err(Failure::Unknown),
        _ => {
            *part = Some(value);
            Ok(())
        }
    }
}

impl Parts {
    /// Takes the next part; returns how many tokens it had.
    fn take(&mut self, tokens: &[Token]) -> Result<usize, Failure> {
        match &tokens[0] {
            Token::Word(word) => self.word(word),
            Token::Sign(sign @ ('+' | '-' | '−' | '–')) if self.time.is_some() => self.offset(*sign == '+', &tokens[1..]),
            Token::Sign(',' | '.' | '-' | '/' | ';') => Ok(1),
            Token::Sign(_) => Err(Failure::Unknown),
            Token::Number(digits) => self.number(digits, tokens),
        }
    }

    fn word(&mut self, word: &str) -> Result<usize, Failure> {
        let named = |full: &str| word.len() >= 3 && full.starts_with(word) || (full == "september" && word == "sept");
        if let Some(month) = (1..).zip(MONTHS).find(|(_, name)| named(name)).map(|(month, _)| month) {
            agree(&mut self.month, month)?;
        } else if let Some((.., weekday)) = WEEKDAYS.iter().find(|(name, sign, _)| {
            named(name)
                || (word.starts_with(['星', '周', '礼']) && (word.ends_with(*sign) || (*sign == '日' && word.ends_with('天'))))
        }) {
            agree(&mut self.weekday, *weekday)?;
        } else {
            match word {
                "am" | "上午" => agree(&mut self.afternoon, false)?,
                "pm" | "下午" => agree(&mut self.afternoon, true)?,
                _ if FILLERS.contains(&word) => {}
                _ if word.is_ascii() && self.zone.is_none() => self.zone = Some(Zone::Name(word.to_owned())),
                _ => return Err(Failure::Unknown),
            }
        }
        Ok(1)
    }

    /// `+0800`, `+08:00`, `+08`, `+8`, after a time or after `GMT`.
    fn offset(&mut self, east: bool, tokens: &[Token]) -> Result<usize, Failure> {
        let (digits, value) = number(tokens.first()).ok_or(Failure::Unknown)?;
        let (hours, minutes, taken) = match digits.len() {
            1 | 2 => match (sign(tokens.get(1)), number(tokens.get(2))) {
                (Some(':'), Some((_, minutes))) => (value, minutes, 4),
                _ => (value, 0, 2),
            },
            3 | 4 => (value / 100, value % 100, 2),
            _ => return Err(Failure::Unknown),
        };
        if hours > 18 || minutes > 59 {
            return Err(Failure::Impossible);
        }
        let seconds = i64::from(hours * 3600 + minutes * 60);
        match self.zone {
            // `GMT+0800`: the offset wins.
            None | Some(Zone::Name(_)) => self.zone = Some(Zone::Offset(if east { seconds } else { -seconds })),
            Some(_) => return Err(Failure::Unknown),
        }
        Ok(taken)
    }

    fn number(&mut self, digits: &str, tokens: &[Token]) -> Result<usize, Failure> {
        let (_, value) = number(tokens.first()).ok_or(Failure::Unknown)?;
        let next = sign(tokens.get(1));
        match next {
            Some('年') => agree(&mut self.year, i32::try_from(value).unwrap_or(i32::MAX)).map(|()| 2),
            Some('月') => agree(&mut self.month, value).map(|()| 2),
            Some('日' | '号') => agree(&mut self.day, value).map(|()| 2),
            Some(':' | '时' | '点') if self.time.is_none() => self.clock(tokens),
            Some(separator @ ('-' | '/' | '.')) if self.year.is_none() && self.day.is_none() => {
                self.triple(digits, value, separator, tokens)
            }
            _ => self.lone(digits, value, tokens),
        }
    }

    /// `2022-02-25`, `25/02/2022`, `02/25/2022`, `25-Feb-2022`.
    fn triple(&mut self, digits: &str, first: u32, separator: char, tokens: &[Token]) -> Result<usize, Failure> {
        let same = sign(tokens.get(3)) == Some(separator);
        let (Some((_, second)), Some((last_digits, last))) = (number(tokens.get(2)), number(tokens.get(4))) else {
            return self.lone(digits, first, tokens);
        };
        if !same {
            return Err(Failure::Unknown);
        }
        let (year, month, day) = if digits.len() >= 3 {
            (year_of(digits, first), second, last)
        } else {
            let year = year_of(last_digits, last);
            let day_first = match self.order {
                // `25.02.2022` is always day first.
                _ if separator == '.' => true,
                _ if first > 12 => true,
                _ if second > 12 || first == second => false,
                DateOrder::DayFirst => true,
                DateOrder::MonthFirst => false,
                DateOrder::Unset => {
                    self.warnings.push(DateWarning::Ambiguous(format!("{first}{separator}{second}{separator}{last}")));
                    false
                }
            };
            if day_first { (year, second, first) } else { (year, first, second) }
        };
        agree(&mut self.year, year)?;
        agree(&mut self.month, month)?;
        agree(&mut self.day, day)?;
        Ok(5)
    }

    /// `08:54`, `8:54:46.5`, `22时57分24秒`, `8点`.
    fn clock(&mut self, tokens: &[Token]) -> Result<usize, Failure> {
        let mut clock = Clock { hour: 0, minute: 0, second: 0, nanosecond: 0, precision: Precision::Minute };
        clock.hour = number(tokens.first()).ok_or(Failure::Unknown)?.1;
        let mut taken = 2;
        if let Some((_, minute)) = number(tokens.get(taken)) {
            clock.minute = minute;
            taken += 1;
            if matches!(sign(tokens.get(taken)), Some(':' | '分')) {
                taken += 1;
                if let Some((_, second)) = number(tokens.get(taken)) {
                    clock.second = second;
                    clock.precision = Precision::Second;
                    taken += 1;
                    taken += usize::from(sign(tokens.get(taken)) == Some('秒'));
                    taken += fraction(&tokens[taken..], &mut clock);
                }
            }
        } else if sign(tokens.get(1)) == Some(':') {
            return Err(Failure::Unknown);
        }
        self.time = Some(clock);
        Ok(taken)
    }

    /// A number that nothing after it explains.
    fn lone(&mut self, digits: &str, value: u32, tokens: &[Token]) -> Result<usize, Failure> {
        let known = self.year.is_some() && self.month.is_some() && self.day.is_some();
        let ordinal = matches!(tokens.get(1), Some(Token::Word(word)) if matches!(word.as_str(), "st" | "nd" | "rd" | "th"));
        match digits.len() {
            8 if self.year.is_none() => {
                agree(&mut self.year, i32::try_from(value / 10_000).unwrap_or(0))?;
                agree(&mut self.month, value / 100 % 100)?;
                agree(&mut self.day, value % 100)?;
            }
            14 | 12 if self.year.is_none() => {
                let (date, time) = digits.split_at(8);
                self.lone(date, date.parse().map_err(|_| Failure::Unknown)?, &[])?;
                self.compact_clock(time)?;
            }
            4 | 6 if known && self.time.is_none() => {
                self.compact_clock(digits)?;
                let mut extra = 0;
                if let Some(clock) = &mut self.time
                    && clock.precision == Precision::Second
                {
                    extra = fraction(&tokens[1..], clock);
                }
                return Ok(1 + extra);
            }
            4 => agree(&mut self.year, i32::try_from(value).unwrap_or(0))?,
            // `T08Z`: an hour alone.
            2 if known && self.time.is_none() => {
                self.time = Some(Clock { hour: value, minute: 0, second: 0, nanosecond: 0, precision: Precision::Minute });
            }
            1 | 2 if self.day.is_none() => agree(&mut self.day, value)?,
            // `25 Feb 22` (RFC 5322 §4.3)
            2 if self.year.is_none() => agree(&mut self.year, year_of(digits, value))?,
            // `3 pm`
            1 | 2 if self.time.is_none() => {
                self.time = Some(Clock { hour: value, minute: 0, second: 0, nanosecond: 0, precision: Precision::Minute });
            }
            _ => return Err(Failure::Unknown),
        }
        Ok(1 + usize::from(ordinal))
    }

    /// `0854`, `085446`
    fn compact_clock(&mut self, digits: &str) -> Result<(), Failure> {
        let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse().ok());
        let second = part(4..6);
        let clock = Clock {
            hour: part(0..2).ok_or(Failure::Unknown)?,
            minute: part(2..4).ok_or(Failure::Unknown)?,
            second: second.unwrap_or(0),
            nanosecond: 0,
            precision: if second.is_some() { Precision::Second } else { Precision::Minute },
        };
        self.time = Some(clock);
        Ok(())
    }

    fn finish(mut self) -> Result<Form, Failure> {
        let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) else {
            return Err(Failure::Unknown);
        };
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(Failure::Impossible)?;
        let precision = self.time.map_or(Precision::Day, |clock| clock.precision);
        let local = match self.time {
            None => date.and_time(NaiveTime::MIN),
            Some(clock) => instant(date, clock, self.afternoon)?,
        };
        if let Some(written) = self.weekday.filter(|weekday| *weekday != date.weekday()) {
            self.warnings.push(DateWarning::WrongWeekday { date, written, real: date.weekday() });
        }
        // A zone beside a date alone says in which zone that day began.
        Ok(Form { local, zone: self.zone.unwrap_or(Zone::None), precision, warnings: self.warnings })
    }
}

/// A fraction of a second after the seconds; returns how many tokens it had.
fn fraction(tokens: &[Token], clock: &mut Clock) -> usize {
    let (Some('.' | ','), Some(Token::Number(digits))) = (sign(tokens.first()), tokens.get(1)) else { return 0 };
    let padded: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    clock.nanosecond = padded.parse().unwrap_or(0);
    2
}

/// RFC 5322 §4.3: two digits up to 49 are 20xx, the others 19xx.
fn year_of(digits: &str, value: u32) -> i32 {
    let value = i32::try_from(value).unwrap_or(i32::MAX);
    match (digits.len(), value) {
        (..=2, ..50) => 2000 + value,
        (..=2, _) => 1900 + value,
        _ => value,
    }
}

/// A local time: `24:00` is the next midnight, a leap second the start of the next minute.
fn instant(date: NaiveDate, clock: Clock, afternoon: Option<bool>) -> Result<NaiveDateTime, Failure> {
    let hour = match (afternoon, clock.hour) {
        (Some(true), hour @ 1..12) => hour + 12,
        (Some(false), 12) => 0,
        (Some(_), 0) | (None, _) | (Some(true), 12..) | (Some(false), 1..12) => clock.hour,
        (Some(false), _) => return Err(Failure::Impossible),
    };
    let midnight = hour == 24 && clock.minute == 0 && clock.second == 0;
    let leap = clock.second == 60;
    let time = NaiveTime::from_hms_nano_opt(
        if midnight { 0 } else { hour },
        clock.minute,
        if leap { 59 } else { clock.second },
        clock.nanosecond,
    )
    .ok_or(Failure::Impossible)?;
    let later = TimeDelta::days(i64::from(midnight)) + TimeDelta::seconds(i64::from(leap));
    let local = date.and_time(time).with_nanosecond(time.nanosecond()).unwrap_or(date.and_time(time));
    local.checked_add_signed(later).ok_or(Failure::Impossible)
}
