//! Durations and sizes as people write them (`5 min`, `1h 30m`, `64 MiB`), read and written.

use std::time::Duration;

/// The units of time, the largest first, with the spellings that are read; the first one is written.
const TIMES: [(u64, &[&str]); 5] = [
    (604_800, &["weeks", "week", "w"]),
    (86_400, &["days", "day", "d"]),
    (3600, &["h", "hours", "hour", "hr"]),
    (60, &["min", "minutes", "minute", "mins", "m"]),
    (1, &["s", "seconds", "second", "secs", "sec"]),
];

/// The units of memory, the largest first.
const SIZES: [(u64, &[&str]); 7] = [
    (1 << 30, &["GiB", "G"]),
    (1_000_000_000, &["GB"]),
    (1 << 20, &["MiB", "M"]),
    (1_000_000, &["MB"]),
    (1 << 10, &["KiB", "K"]),
    (1000, &["kB", "KB"]),
    (1, &["bytes", "byte", "B"]),
];

/// The longest duration in seconds, some 68 years: what caches can be counted on to understand (RFC 9111 §1.2.2), and no
/// clock runs over.
const LONGEST: u64 = (1 << 31) - 1;

/// Reads a duration: numbers with units, added up. A number without a unit is refused, for nobody can know it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = sum(text, &TIMES).ok_or_else(|| {
        format!("`{text}` is no duration: write a number and a unit, such as `90 s`, `5 min`, `6 h`, `2 days`")
    })?;
    if seconds > LONGEST {
        return Err(format!("`{text}` is too long: write at most 68 years, which are `3500 weeks`"));
    }
    Ok(Duration::from_secs(seconds))
}

/// Reads a size in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    sum(text, &SIZES)
        .ok_or_else(|| format!("`{text}` is no size: write a number and a unit, such as `512 KiB`, `64 MiB`, `1 GiB`"))
}

/// Writes a duration so that [`duration`] reads it.
pub(super) fn write_duration(duration: Duration) -> String {
    write(duration.as_secs(), &TIMES, "0 s")
}

/// Writes a size so that [`size`] reads it.
pub(super) fn write_size(bytes: u64) -> String {
    write(bytes, &SIZES, "0 bytes")
}

/// The sum of all `number unit` pairs of a text.
fn sum(text: &str, units: &[(u64, &[&str])]) -> Option<u64> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (factor, _) = units.iter().find(|(_, names)| names.contains(&unit))?;
        let part = number.parse::<u64>().ok()?.checked_mul(*factor)?;
        total = Some(total.unwrap_or(0_u64).checked_add(part)?);
        rest = tail.trim_start();
    }
    total
}

/// The largest unit that divides the value evenly.
fn write(value: u64, units: &[(u64, &[&str])], zero: &str) -> String {
    let unit = units.iter().find(|(factor, _)| value != 0 && value.is_multiple_of(*factor));
    match unit {
        Some((factor, names)) => format!("{} {}", value / factor, names.first().unwrap_or(&"")),
        None => zero.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let table = [
            ("5 min", Some(300)),
            ("6h", Some(21_600)),
            ("6 hours", Some(21_600)),
            ("1h 30m", Some(5400)),
            ("2 days", Some(172_800)),
            ("90 s", Some(90)),
            ("0", Some(0)),
            ("300", None),
            ("", None),
            ("min", None),
            ("5 fortnights", None),
            ("-5 min", None),
            ("1.5 h", None),
            ("99999999999999999999 h", None),
            ("9999999999999999999 h", None),
            ("3500 weeks", Some(2_116_800_000)),
            ("4000 weeks", None),
        ];
        for (text, seconds) in table {
            assert_eq!(duration(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_with_units() {
        let table = [("64 MiB", Some(64 << 20)), ("1GiB", Some(1 << 30)), ("500 kB", Some(500_000)), ("64", None)];
        for (text, bytes) in table {
            assert_eq!(size(text).ok(), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0..=LONGEST, bytes in 0..10_u64.pow(12)) {
            prop_assert_eq!(duration(&write_duration(Duration::from_secs(seconds))), Ok(Duration::from_secs(seconds)));
            prop_assert_eq!(size(&write_size(bytes)), Ok(bytes));
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = (duration(&text), size(&text));
        }
    }
}
