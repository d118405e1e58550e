//! Names of zones → offsets.
//!
//! | letters | meaning | |
//! |---|---|---|
//! | UTC, UT, GMT, Z, WET | +00:00 | |
//! | EST EDT, CST CDT, MST MDT, PST PDT | RFC 822 §5.1: −05:00 −04:00, −06:00 −05:00, −07:00 −06:00, −08:00 −07:00 | each with a warning: China, Cuba, Australia, Malaysia and the Philippines use the same letters |
//! | AST ADT, BST, IST, GST, NST | −04:00 −03:00, +01:00, +05:30, +04:00, −03:30 | with a warning |
//! | all others of [`ABBREVIATIONS`] | one meaning | |
//!
//! An abbreviation that the folder's own zone uses at the time in question means that zone: the caller looks there first.
//! Names of the tz database (`Asia/Shanghai`, `PRC`) are known in any case of letters.

use super::Timezone;

/// A zone as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    /// Letters.
    Abbreviation(&'static Abbreviation),
    /// A name of the tz database.
    Named(Timezone),
}

/// Letters that stand for an offset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Abbreviation {
    /// In capitals.
    pub(super) letters: &'static str,
    /// East of UTC.
    pub(super) minutes: i32,
    /// Others mean something else by them.
    pub(super) ambiguous: bool,
}

/// The zone of this name.
pub(super) fn named(name: &str) -> Option<Zone> {
    if ["utc", "ut", "gmt", "z"].iter().any(|utc| name.eq_ignore_ascii_case(utc)) {
        return Some(Zone::Offset(0));
    }
    if ["中国标准时间", "中國標準時間", "北京时间", "北京時間"].contains(&name) {
        return Some(Zone::Offset(8 * 3600));
    }
    let abbreviation = ABBREVIATIONS.iter().find(|known| known.letters.eq_ignore_ascii_case(name));
    abbreviation.map(Zone::Abbreviation).or_else(|| Timezone::named(name).map(Zone::Named))
}

/// Letters with one meaning.
const fn one(letters: &'static str, hours: i32, minutes: i32) -> Abbreviation {
    Abbreviation { letters, minutes: hours * 60 + minutes, ambiguous: false }
}

/// Letters with several, of which this is taken.
const fn several(letters: &'static str, hours: i32, minutes: i32) -> Abbreviation {
    Abbreviation { letters, minutes: hours * 60 + minutes, ambiguous: true }
}

/// The documented table.
#[rustfmt::skip]
static ABBREVIATIONS: [Abbreviation; 56] = [
    // North and South America; those of RFC 822 first.
    several("EST", -5, 0), several("EDT", -4, 0), several("CST", -6, 0), several("CDT", -5, 0),
    several("MST", -7, 0), several("MDT", -6, 0), several("PST", -8, 0), several("PDT", -7, 0),
    several("AST", -4, 0), several("ADT", -3, 0), several("NST", -3, -30), one("NDT", -2, -30),
    one("AKST", -9, 0), one("AKDT", -8, 0), one("HST", -10, 0), one("BRT", -3, 0), one("ART", -3, 0),
    // Europe and Africa.
    one("WET", 0, 0), one("WEST", 1, 0), several("BST", 1, 0), one("CET", 1, 0), one("CEST", 2, 0),
    one("MET", 1, 0), one("MEZ", 1, 0), one("MESZ", 2, 0), one("EET", 2, 0), one("EEST", 3, 0), one("MSK", 3, 0),
    one("TRT", 3, 0), one("WAT", 1, 0), one("CAT", 2, 0), one("EAT", 3, 0), one("SAST", 2, 0),
    // Asia and Oceania.
    several("IST", 5, 30), several("GST", 4, 0), one("PKT", 5, 0), one("NPT", 5, 45), one("ICT", 7, 0),
    one("WIB", 7, 0), one("WITA", 8, 0), one("WIT", 9, 0), one("HKT", 8, 0), one("SGT", 8, 0), one("MYT", 8, 0),
    one("PHT", 8, 0), one("BJT", 8, 0), one("JST", 9, 0), one("KST", 9, 0), one("AWST", 8, 0), one("ACST", 9, 30),
    one("ACDT", 10, 30), one("AEST", 10, 0), one("AEDT", 11, 0), one("NZST", 12, 0), one("NZDT", 13, 0),
    one("ChST", 10, 0),
];
