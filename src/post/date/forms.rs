//! Takes a date's text apart.
//!
//! One pass from left to right. What a number is, is told by what stands around it (`:`, `-`, `年`, `th`, a month's
//! name) and by what is still missing; so the order of the parts is free where their shape makes it plain. Nothing is
//! skipped in silence: what is neither a part nor one of a few fillers is an error that names it.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    DateError, DateOrder, Part,
    parts::{Half, Parts, Time, month, weekday},
    zones::{self, Zone},
};

/// A date's text, taken apart.
#[derive(Debug)]
pub(super) enum Form {
    /// A count since the Unix epoch.
    Instant(DateTime<Utc>),
    /// Everything else.
    Parts(Parts),
}

/// Longer than any date; the rest of such a text is not even looked at.
const LONGEST: usize = 160;

/// Takes a text apart.
pub(super) fn take_apart(text: &str, order: DateOrder) -> Result<Form, DateError> {
    if text.len() > LONGEST {
        return Err(unknown(text));
    }
    let folded = fold(text);
    let text = folded.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\u{feff}'));
    if text.is_empty() {
        return Err(DateError::Empty);
    }
    if let Some(at) = count(text)? {
        return Ok(Form::Instant(at));
    }
    let mut reader = Reader { rest: text, order, parts: Parts::default() };
    reader.run()?;
    Ok(Form::Parts(reader.parts))
}

/// Full-width and typographic characters become their ASCII twins, letters small; invisible marks go.
fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| !('\u{200b}'..='\u{200f}').contains(c))
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c).to_ascii_lowercase(),
            '\u{2010}'..='\u{2013}' | '\u{2212}' => '-',
            '、' => ',',
            c if c.is_whitespace() => ' ',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Reads seconds or milliseconds since the Unix epoch: 9 or 10 digits, or 13; seconds may have a fraction.
fn count(text: &str) -> Result<Option<DateTime<Utc>>, DateError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') || fraction.contains('.') {
        return Ok(None);
    }
    let at = match (whole.len(), fraction.len()) {
        (9 | 10, _) => {
            let seconds = whole.parse().map_err(|_| unknown(text))?;
            DateTime::from_timestamp(seconds, nanos(fraction))
        }
        (13, 0) => DateTime::from_timestamp_millis(whole.parse().map_err(|_| unknown(text))?),
        _ => return Ok(None),
    };
    at.map(Some).ok_or(DateError::OutOfRange)
}

/// Digits behind a decimal point as billionths; further digits are cut.
fn nanos(fraction: &str) -> u32 {
    let digits = fraction.bytes().filter(u8::is_ascii_digit).chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

/// `20240318` as a date.
pub(super) fn compact_date(number: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(number / 10_000).ok()?, number / 100 % 100, number % 100)
}

/// Names what could not be read, cut to a length that fits a message.
fn unknown(text: &str) -> DateError {
    let mut shown: String = text.trim().chars().take(40).collect();
    if shown.len() < text.trim().len() {
        shown.push('…');
    }
    DateError::Unknown(shown)
}

/// Stores a part; another value for the same part is a contradiction.
fn put<T: PartialEq>(place: &mut Option<T>, value: T, part: Part) -> Result<(), DateError> {
    match place {
        Some(before) if *before != value => Err(DateError::Contradiction(part)),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// The text that is still to be read, and what was found.
struct Reader<'a> {
    rest: &'a str,
    order: DateOrder,
    parts: Parts,
}

impl<'a> Reader<'a> {
    /// Reads to the end.
    fn run(&mut self) -> Result<(), DateError> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', ',']);
            let Some(next) = self.rest.chars().next() else { return Ok(()) };
            match next {
                '0'..='9' => self.number()?,
                '+' | '-' if self.parts.time.is_some() => self.offset()?,
                '+' if self.parts.dated() => self.offset()?,
                // `Feb-25-2022`
                '-' if self.parts.month.is_some() && !self.parts.dated() => {
                    self.eat(&["-"]);
                }
                '(' => self.remark('(', ')')?,
                '[' => self.remark('[', ']')?,
                _ if next.is_ascii_alphabetic() => self.word()?,
                _ => self.ideographs()?,
            }
        }
    }

    /// Takes the longest start that satisfies `accept`.
    fn take(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes digits, if there are any.
    fn digits(&mut self) -> &'a str {
        self.take(|c| c.is_ascii_digit())
    }

    /// Takes one of these, if it comes next.
    fn eat(&mut self, any: &[&str]) -> bool {
        let rest = any.iter().find_map(|start| self.rest.strip_prefix(start));
        rest.inspect(|rest| self.rest = rest).is_some()
    }

    /// Reads what starts with a digit.
    fn number(&mut self) -> Result<(), DateError> {
        let from = self.rest;
        let digits = self.digits();
        let value: u32 = match digits.parse() {
            Ok(value) if digits.len() <= 8 => value,
            _ => return self.compact(digits),
        };
        let free = self.parts.year.is_none() && self.parts.month.is_none() && self.parts.day.is_none();
        let mut follows = self.rest.chars();
        match (follows.next(), follows.next()) {
            (Some(':'), _) => self.time(from, digits),
            (Some(mark @ ('-' | '/' | '.')), Some(next))
                if free && digits.len() < 8 && next.is_ascii_alphanumeric() =>
            {
                self.date(from, digits, mark)
            }
            _ if self.eat(&["年"]) => self.year(from, digits),
            _ if self.eat(&["月"]) => put(&mut self.parts.month, value, Part::Month),
            _ if self.eat(&["日", "号", "號"]) => put(&mut self.parts.day, value, Part::Day),
            _ if self.eat(&["时", "時", "点", "點"]) => self.hour(from, Time { hour: value, ..Time::default() }),
            _ if self.eat(&["分"]) => self.finer(from, |time| time.minute = value),
            _ if self.eat(&["秒"]) => self.finer(from, |time| time.second = Some(value)),
            _ => self.bare(from, digits, value),
        }
    }

    /// Reads a number that nothing stands beside.
    fn bare(&mut self, from: &str, digits: &str, value: u32) -> Result<(), DateError> {
        let twelve_hours = ["am", "pm", "a.m", "p.m"].iter().any(|half| self.rest.trim_start().starts_with(half));
        if twelve_hours && self.parts.time.is_none() && digits.len() <= 2 {
            return self.hour(from, Time { hour: value, ..Time::default() });
        }
        match digits.len() {
            8 => self.compact(digits),
            4 | 6 if self.parts.dated() && self.parts.time.is_none() => self.compact_time(digits),
            4 => self.year(from, digits),
            1 | 2 if self.parts.day.is_none() => {
                self.eat(&["st", "nd", "rd", "th"]);
                put(&mut self.parts.day, value, Part::Day)
            }
            2 if self.parts.year.is_none() && self.parts.month.is_some() => self.year(from, digits),
            _ => Err(unknown(from)),
        }
    }

    /// Reads `20220225`, `202202251654` or `20220225165446`.
    fn compact(&mut self, digits: &str) -> Result<(), DateError> {
        let (Some((date, time)), false) = (digits.split_at_checked(8), self.parts.year.is_some()) else {
            return Err(unknown(digits));
        };
        let number: u32 = date.parse().map_err(|_| unknown(digits))?;
        put(&mut self.parts.year, i32::try_from(number / 10_000).map_err(|_| DateError::OutOfRange)?, Part::Year)?;
        put(&mut self.parts.month, number / 100 % 100, Part::Month)?;
        put(&mut self.parts.day, number % 100, Part::Day)?;
        match time.len() {
            0 => Ok(()),
            4 | 6 => self.compact_time(time),
            _ => Err(unknown(digits)),
        }
    }

    /// Reads `1654` or `165446`, and a fraction behind it.
    fn compact_time(&mut self, digits: &str) -> Result<(), DateError> {
        let number: u32 = digits.parse().map_err(|_| unknown(digits))?;
        let time = if digits.len() == 6 {
            let nanos = self.fraction();
            Time { hour: number / 10_000, minute: number / 100 % 100, second: Some(number % 100), nanos }
        } else {
            Time { hour: number / 100, minute: number % 100, ..Time::default() }
        };
        self.hour(digits, time)
    }

    /// Reads a date of three parts with one mark between them.
    fn date(&mut self, from: &str, first: &str, mark: char) -> Result<(), DateError> {
        self.eat(&["-", "/", "."]);
        let month_name = self.rest.starts_with(|c: char| c.is_ascii_alphabetic());
        let second = self.take(|c| if month_name { c.is_ascii_alphabetic() } else { c.is_ascii_digit() });
        if !self.rest.starts_with(mark) {
            return Err(DateError::Missing(if first.len() == 4 { Part::Day } else { Part::Year }));
        }
        self.eat(&["-", "/", "."]);
        let third = self.digits();
        let number = |text: &str| text.parse::<u32>().map_err(|_| unknown(from));
        if month_name {
            put(&mut self.parts.month, month(second).ok_or_else(|| unknown(second))?, Part::Month)?;
            let (year, day) = if first.len() >= 4 { (first, third) } else { (third, first) };
            put(&mut self.parts.day, number(day)?, Part::Day)?;
            return self.year(from, year);
        }
        if first.len() >= 4 {
            put(&mut self.parts.month, number(second)?, Part::Month)?;
            put(&mut self.parts.day, number(third)?, Part::Day)?;
            return self.year(from, first);
        }
        if third.len() < 4 {
            let written = from.get(..from.len() - self.rest.len()).unwrap_or(from);
            return Err(if third.is_empty() { unknown(from) } else { DateError::ShortYear(written.into()) });
        }
        let (first, second) = (number(first)?, number(second)?);
        let day_first = match self.order {
            _ if first > 12 => true,
            _ if second > 12 => false,
            order => order == DateOrder::DayFirst,
        };
        let (day, month) = if day_first { (first, second) } else { (second, first) };
        put(&mut self.parts.day, day, Part::Day)?;
        put(&mut self.parts.month, month, Part::Month)?;
        self.year(from, third)?;
        if self.order == DateOrder::Unset && first != second && first <= 12 && second <= 12 {
            self.parts.other_reading = self.parts.year.and_then(|year| NaiveDate::from_ymd_opt(year, day, month));
        }
        Ok(())
    }

    /// Reads a year. Two digits are one only behind a month's name.
    fn year(&mut self, from: &str, digits: &str) -> Result<(), DateError> {
        let value: i32 = digits.parse().map_err(|_| unknown(from))?;
        let year = match digits.len() {
            4.. => value,
            2 if self.parts.month.is_some() => value + if value < 50 { 2000 } else { 1900 },
            _ => return Err(DateError::ShortYear(from.trim().into())),
        };
        put(&mut self.parts.year, year, Part::Year)
    }

    /// Reads `16:54`, `16:54:46` or `16:54:46.123` from its first colon.
    fn time(&mut self, from: &'a str, hour: &str) -> Result<(), DateError> {
        self.eat(&[":"]);
        let minute = self.digits();
        let seconds = self.rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let second = if seconds && self.eat(&[":"]) { Some(self.digits()) } else { None };
        let written = from.get(..from.len() - self.rest.len()).unwrap_or(from);
        let number = |text: &str| match text.parse() {
            Ok(value) if text.len() <= 2 => Ok(value),
            _ => Err(DateError::NoSuchTime(written.into())),
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        let second = second.map(number).transpose()?;
        let nanos = if second.is_some() { self.fraction() } else { 0 };
        self.hour(from, Time { hour, minute, second, nanos })
    }

    /// Reads `.123` or `,123`.
    fn fraction(&mut self) -> u32 {
        let digits = self.rest.strip_prefix(['.', ',']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let Some(rest) = digits else { return 0 };
        self.rest = rest;
        nanos(self.digits())
    }

    /// Stores a time of day; there is only one.
    fn hour(&mut self, from: &str, time: Time) -> Result<(), DateError> {
        match self.parts.time.replace(time) {
            None => Ok(()),
            Some(_) => Err(unknown(from)),
        }
    }

    /// Adds minutes or seconds to an hour that was read before (`22时57分`).
    fn finer(&mut self, from: &str, change: impl Fn(&mut Time)) -> Result<(), DateError> {
        self.parts.time.as_mut().map(change).ok_or_else(|| unknown(from))
    }

    /// Reads `+0800`, `+08:00`, `+08`, `-5` …. An offset wins over a name, whichever comes first.
    fn offset(&mut self) -> Result<(), DateError> {
        let from = self.rest;
        let sign = if self.eat(&["-"]) { -1 } else { 1 };
        self.eat(&["+"]);
        let first = self.digits();
        let mut number: i32 = first.parse().map_err(|_| unknown(from))?;
        let colon = self.rest.starts_with(':');
        number = match first.len() {
            1 | 2 if colon => {
                self.eat(&[":"]);
                let minutes = self.digits();
                let valid = minutes.len() == 2;
                number * 100 + minutes.parse::<i32>().ok().filter(|_| valid).ok_or_else(|| unknown(from))?
            }
            1 | 2 => number * 100,
            3 | 4 => number,
            _ => return Err(unknown(from)),
        };
        let written = from.get(..from.len() - self.rest.len()).unwrap_or(from);
        let (hours, minutes) = (number / 100, number % 100);
        if hours > 15 || minutes > 59 {
            return Err(DateError::NoSuchOffset(written.into()));
        }
        self.parts.zone = Some(Zone::Offset(sign * (hours * 3600 + minutes * 60)));
        Ok(())
    }

    /// Reads a remark: `(中国标准时间)`, `(CST)`, `[Asia/Shanghai]`, `(周日)`. It counts only where nothing better stands.
    fn remark(&mut self, open: char, close: char) -> Result<(), DateError> {
        let from = self.rest;
        let inner = from.strip_prefix(open).and_then(|rest| rest.split_once(close));
        let (inner, rest) = inner.ok_or_else(|| unknown(from))?;
        self.rest = rest;
        if let Some(day) = weekday(inner.trim()) {
            return put(&mut self.parts.weekday, day, Part::Weekday);
        }
        if self.parts.zone.is_none() {
            self.parts.zone = zones::named(inner.trim());
        }
        Ok(())
    }

    /// Reads a word of ASCII letters.
    fn word(&mut self) -> Result<(), DateError> {
        let from = self.rest;
        if self.eat(&["a.m.", "a.m"]) {
            return put(&mut self.parts.half, Half::Am, Part::Time);
        }
        if self.eat(&["p.m.", "p.m"]) {
            return put(&mut self.parts.half, Half::Pm, Part::Time);
        }
        let word = self.take(|c| c.is_ascii_alphabetic());
        if let Some(month) = month(word) {
            self.eat(&["."]);
            return put(&mut self.parts.month, month, Part::Month);
        }
        if let Some(day) = weekday(word) {
            self.eat(&["."]);
            return put(&mut self.parts.weekday, day, Part::Weekday);
        }
        match word {
            "am" => put(&mut self.parts.half, Half::Am, Part::Time),
            "pm" => put(&mut self.parts.half, Half::Pm, Part::Time),
            "t" if self.parts.dated() && self.rest.starts_with(|c: char| c.is_ascii_digit()) => Ok(()),
            "at" | "of" | "on" | "the" => Ok(()),
            _ => self.zone(from, word),
        }
    }

    /// Reads a zone's name, which may go on behind its first letters.
    fn zone(&mut self, from: &'a str, word: &str) -> Result<(), DateError> {
        if matches!(word, "utc" | "gmt" | "ut") && self.rest.trim_start().starts_with(['+', '-']) {
            self.rest = self.rest.trim_start();
            return self.offset();
        }
        self.rest = from;
        let mut name = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-'));
        if zones::named(name).is_none() {
            // `EST-0500`: the name ends where the offset starts.
            name = word;
            self.rest = from.get(word.len()..).unwrap_or_default();
        }
        let zone = zones::named(name).ok_or_else(|| unknown(from))?;
        match self.parts.zone {
            None => self.parts.zone = Some(zone),
            Some(Zone::Offset(_)) => {}
            Some(_) => put(&mut self.parts.zone, zone, Part::Zone)?,
        }
        Ok(())
    }

    /// Reads what is written in ideographs: weekday, half of the day, zone.
    fn ideographs(&mut self) -> Result<(), DateError> {
        for (name, half) in [("上午", Half::Am), ("凌晨", Half::Am), ("早上", Half::Am), ("下午", Half::Pm)] {
            if self.eat(&[name]) {
                return put(&mut self.parts.half, half, Part::Time);
            }
        }
        if self.rest.chars().next().is_some_and(|c| "星周週礼禮".contains(c)) {
            let from = self.rest;
            let end = if from.starts_with(['周', '週']) { 2 } else { 3 };
            let name: String = from.chars().take(end).collect();
            let day = weekday(&name).ok_or_else(|| unknown(from))?;
            self.rest = from.strip_prefix(name.as_str()).unwrap_or_default();
            return put(&mut self.parts.weekday, day, Part::Weekday);
        }
        let from = self.rest;
        let name = self.take(|c| c.is_alphabetic() && !c.is_ascii());
        let zone = zones::named(name).ok_or_else(|| unknown(from))?;
        self.parts.zone.get_or_insert(zone);
        Ok(())
    }
}
