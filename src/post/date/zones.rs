//! Offsets and zones.

use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::{OffsetName, Tz};

use super::{DateWarning, Precision};

/// What an abbreviation means where the folder's zone does not use it: RFC 822 §5.1, then common usage. In minutes.
const ABBREVIATIONS: [(&str, i64); 32] = [
    ("est", -300), ("edt", -240), ("cst", -360), ("cdt", -300), ("mst", -420), ("mdt", -360), ("pst", -480),
    ("pdt", -420), ("akst", -540), ("akdt", -480), ("hst", -600), ("wet", 0), ("west", 60), ("bst", 60), ("ist", 330),
    ("cet", 60), ("cest", 120), ("met", 60), ("eet", 120), ("eest", 180), ("msk", 180), ("pkt", 300), ("wib", 420),
    ("ict", 420), ("hkt", 480), ("sgt", 480), ("awst", 480), ("jst", 540), ("kst", 540), ("aest", 600), ("aedt", 660),
    ("nzst", 720),
];

/// A local time of a zone in UTC; `None` outside what the calendar can hold.
pub(super) fn to_utc(
    local: NaiveDateTime,
    zone: Tz,
    precision: Precision,
    warnings: &mut Vec<DateWarning>,
) -> Option<NaiveDateTime> {
    // A date alone means its day, not an instant that a clock change could matter for.
    let mut warn = |warning| {
        if precision > Precision::Day {
            warnings.push(warning);
        }
    };
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Some(time.naive_utc()),
        LocalResult::Ambiguous(first, _) => {
            warn(DateWarning::Repeated { zone, time: local });
            Some(first.naive_utc())
        }
        LocalResult::None => {
            // No zone ever skipped more than a day.
            let before = (1..=26).find_map(|hours| {
                let earlier = local.checked_sub_signed(TimeDelta::hours(hours))?;
                zone.from_local_datetime(&earlier).latest()
            })?;
            let utc = local.checked_sub_signed(TimeDelta::seconds(before.offset().fix().local_minus_utc().into()))?;
            warn(DateWarning::Skipped { zone, time: local, read: zone.from_utc_datetime(&utc).naive_local() });
            Some(utc)
        }
    }
}

/// A local time of a zone that is named beside it; `None` if there is no such zone.
pub(super) fn named(
    name: &str,
    local: NaiveDateTime,
    folder: Tz,
    warnings: &mut Vec<DateWarning>,
) -> Option<Option<NaiveDateTime>> {
    if matches!(name, "z" | "utc" | "gmt" | "ut" | "zulu") {
        return Some(Some(local));
    }
    if let Some(seconds) = own_abbreviation(name, local, folder) {
        return Some(local.checked_sub_signed(TimeDelta::seconds(seconds)));
    }
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(known, _)| *known == name) {
        let offset = format!("{}{:02}:{:02}", if *minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
        warnings.push(DateWarning::Abbreviation { name: name.to_ascii_uppercase(), offset });
        return Some(local.checked_sub_signed(TimeDelta::minutes(*minutes)));
    }
    let zone = name.contains('/').then(|| Tz::from_str_insensitive(name).ok()).flatten()?;
    Some(to_utc(local, zone, Precision::Second, warnings))
}

/// The offset that an abbreviation has in the folder's own zone, in summer or winter of that year.
fn own_abbreviation(name: &str, local: NaiveDateTime, folder: Tz) -> Option<i64> {
    [0, 182, -182].into_iter().find_map(|days| {
        let near = local.checked_add_signed(TimeDelta::days(days))?;
        let offset = folder.offset_from_utc_datetime(&near);
        let same = offset.abbreviation().is_some_and(|own| own.eq_ignore_ascii_case(name));
        same.then(|| offset.fix().local_minus_utc().into())
    })
}
