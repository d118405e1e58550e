//! Any text as a date: a moment that is read is in years 1 to 9999, and is read again from every way of printing it.
#![no_main]

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use feedwright::post::date::{self, DateOrder, DateRules, StampRule, Timezone};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"];
const ORDERS: [DateOrder; 3] = [DateOrder::Unset, DateOrder::DayFirst, DateOrder::MonthFirst];

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let rules = DateRules {
        timezone: Timezone::named(ZONES[usize::from(choice) % ZONES.len()]).expect("a zone"),
        order: ORDERS[usize::from(choice) / ZONES.len() % ORDERS.len()],
        stamps: StampRule::AnyZone { holds_future: choice & 128 != 0 },
    };
    if let Ok(moment) = date::read(text, &rules) {
        check(moment.at, &rules);
        for warning in &moment.warnings {
            assert!(!warning.to_string().is_empty() && !warning.help().is_empty());
        }
        let _ = date::stamp(&moment, DateTime::from_timestamp(1_700_000_000, 0).expect("a time"), &rules);
    }
    if let Some((moment, rest)) = date::from_file_name(text, &rules) {
        check(moment.at, &rules);
        assert!(text.ends_with(rest));
    }
});

fn check(at: DateTime<Utc>, rules: &DateRules) {
    assert!((1..=9999).contains(&at.year()), "{at}");
    for printed in [at.to_rfc3339_opts(SecondsFormat::AutoSi, true), at.to_rfc3339()] {
        let again = date::read(&printed, rules).map(|moment| moment.at);
        assert_eq!(again, Ok(at), "{printed}");
    }
    // RFC 2822 has no fractions, and two-digit years stand for others.
    let whole = DateTime::from_timestamp(at.timestamp(), 0).expect("a time");
    let again = date::read(&whole.to_rfc2822(), rules).map(|moment| moment.at);
    assert_eq!(again, Ok(whole), "{}", whole.to_rfc2822());
}
