use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn rules(timezone: Tz) -> DateRules {
    DateRules { timezone, order: DateOrder::Unset, stamps: StampRule::SameZone }
}

fn check(text: &str, expected: &str) {
    let read = read(text, &rules(Tz::Asia__Shanghai));
    let shown = match &read {
        Ok(moment) => moment.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn every_form() {
    for (text, expected) in [
        // RFC 5322 and RFC 822
        ("Fri, 25 Feb 2022 08:54:46 GMT", "2022-02-25T08:54:46Z"),
        ("25 Feb 2022 08:54:46 +0000", "2022-02-25T08:54:46Z"),
        ("Fri, 25 Feb 2022 08:54 +0800", "2022-02-25T00:54:00Z"),
        ("25 Feb 22 08:54:46 GMT", "2022-02-25T08:54:46Z"),
        ("Fri, 25 Feb 2022 16:54:46 +0800 (CST)", "2022-02-25T08:54:46Z"),
        ("Mon, 25 Feb 2022 08:54:46 GMT", "2022-02-25T08:54:46Z"),
        // RFC 3339 and ISO 8601
        ("2022-02-25T08:54:46Z", "2022-02-25T08:54:46Z"),
        ("2022-02-25t08:54:46z", "2022-02-25T08:54:46Z"),
        ("2022-02-25T16:54:46+08:00", "2022-02-25T08:54:46Z"),
        ("2022-02-25T16:54:46+0800", "2022-02-25T08:54:46Z"),
        ("2022-02-25T16:54:46+08", "2022-02-25T08:54:46Z"),
        ("2022-02-25T16:54:46.123+08:00", "2022-02-25T08:54:46.123Z"),
        ("2022-02-25T16:54:46,5+08:00", "2022-02-25T08:54:46.500Z"),
        ("20220225T085446Z", "2022-02-25T08:54:46Z"),
        ("20220225T0854Z", "2022-02-25T08:54:00Z"),
        ("2022-02-25T08Z", "2022-02-25T08:00:00Z"),
        ("2022-02-25 24:00 +08:00", "2022-02-25T16:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        // Naive, in the folder's zone
        ("2022-02-25 16:54:46", "2022-02-25T08:54:46Z"),
        ("2022-02-25 16:54", "2022-02-25T08:54:00Z"),
        ("2022-02-25", "2022-02-24T16:00:00Z"),
        ("2022/2/25", "2022-02-24T16:00:00Z"),
        ("2022.2.5", "2022-02-04T16:00:00Z"),
        ("2022-2-5 0:00:00", "2022-02-04T16:00:00Z"),
        ("20220225", "2022-02-24T16:00:00Z"),
        ("20220225165446", "2022-02-25T08:54:46Z"),
        ("2019-04-30 8:30:00 -0500", "2019-04-30T13:30:00Z"),
        ("2023-01-29 18:30:22 2023 -0800", "2023-01-30T02:30:22Z"),
        // Words
        ("March 18, 2024", "2024-03-17T16:00:00Z"),
        ("18 Mar 2024", "2024-03-17T16:00:00Z"),
        ("Mar 18th, 2024 3:30 PM", "2024-03-18T07:30:00Z"),
        ("18-Mar-2024", "2024-03-17T16:00:00Z"),
        ("Sept 3 2024", "2024-09-02T16:00:00Z"),
        ("Fri Feb 25 08:54:46 UTC 2022", "2022-02-25T08:54:46Z"),
        ("Fri Feb 25 2022 16:54:46 GMT+0800 (中国标准时间)", "2022-02-25T08:54:46Z"),
        ("2022-02-25 16:54:46 UTC+8", "2022-02-25T08:54:46Z"),
        ("2022-02-25 16:54:46 Asia/Shanghai", "2022-02-25T08:54:46Z"),
        ("2022-02-25 16:54:46 America/New_York", "2022-02-25T21:54:46Z"),
        ("2022-02-25 16:54:46 CST", "2022-02-25T08:54:46Z"),
        ("2022-02-25 16:54:46 PST", "2022-02-26T00:54:46Z"),
        // Chinese
        ("2023年10月22日 22时57分24秒", "2023-10-22T14:57:24Z"),
        ("2023年10月22日", "2023-10-21T16:00:00Z"),
        ("2023年10月22日 星期日 下午3:05", "2023-10-22T07:05:00Z"),
        ("２０２３－１０－２２　２２：５７", "2023-10-22T14:57:00Z"),
        // Numbers
        ("1645779286", "2022-02-25T08:54:46Z"),
        ("1645779286123", "2022-02-25T08:54:46.123Z"),
        // Day and month
        ("25/02/2022", "2022-02-24T16:00:00Z"),
        ("02/25/2022", "2022-02-24T16:00:00Z"),
        ("01/02/2022", "2022-01-01T16:00:00Z"),
        ("01.02.2022", "2022-01-31T16:00:00Z"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_no_date() {
    for text in ["", "soon", "2022", "2022-02", "12:30", "2022-02-25 08:54:46 Mars/Base", "1.10", "-", "25/02"] {
        check(text, &format!("`{text}` is no date in any known form"));
    }
    for text in ["2017-02-29 11:00:00", "2022-13-01", "2022-02-25 25:00", "2022-02-25 08:61", "31 Apr 2022"] {
        check(text, &format!("`{text}` names a day or time that does not exist"));
    }
    for text in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z", "0001-01-01 00:00:00"] {
        check(text, &format!("`{text}` is not in the years 1 to 9999"));
    }
}

#[test]
fn oddities_are_remarked_on() {
    for (text, zone, expected) in [
        ("Mon, 25 Feb 2022 08:54:46 GMT", Tz::UTC, "2022-02-25 is a Fri, not a Mon"),
        ("01/02/2022", Tz::UTC, "`1/2/2022` could be day/month or month/day; it is read month first"),
        ("2022-02-25 16:54 CST", Tz::UTC, "the zone `CST` is not one of this folder's time zone; it is read as UTC-06:00"),
        ("2022-03-27 02:30", Tz::Europe__Berlin, "the clocks of Europe/Berlin skipped 2022-03-27 02:30:00; it is read as 2022-03-27 03:30:00"),
        ("2022-10-30 02:30", Tz::Europe__Berlin, "the clocks of Europe/Berlin showed 2022-10-30 02:30:00 twice; the first is taken"),
    ] {
        let warnings: Vec<_> = read(text, &rules(zone)).unwrap().warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [expected], "{text}");
    }
    let day_first = DateRules { order: DateOrder::DayFirst, ..rules(Tz::UTC) };
    let moment = read("01/02/2022", &day_first).unwrap();
    assert_eq!((moment.at.month(), moment.warnings.len()), (2, 0));
}

#[test]
fn file_names() {
    for (stem, expected) in [
        ("2024-03-18-title", Some(("2024-03-18", "title"))),
        ("2024-3-8-title", Some(("2024-03-08", "title"))),
        ("2024-03-18", Some(("2024-03-18", ""))),
        ("20240318-标题", Some(("2024-03-18", "标题"))),
        ("2024_03_18_x", Some(("2024-03-18", "x"))),
        ("2024-13-18-x", None),
        ("2024-03-18x", None),
        ("title", None),
        ("2024", None),
        ("知乎", None),
    ] {
        let found = from_file_name(stem, &rules(Tz::UTC)).map(|(moment, rest)| (moment.at.date_naive().to_string(), rest));
        assert_eq!(found, expected.map(|(date, rest)| (date.to_owned(), rest)), "{stem}");
    }
}

#[test]
fn crawl_time_stamps() {
    let modified = Utc.with_ymd_and_hms(2022, 2, 25, 8, 54, 46).unwrap();
    let any = |holds_future| StampRule::AnyZone { holds_future };
    for (text, stamps, expected) in [
        ("2022-02-25 16:54:40", StampRule::SameZone, Some("2022-02-25T08:54:40Z")),
        ("2022-02-25 16:56:46", StampRule::SameZone, Some("2022-02-25T08:56:46Z")),
        ("2022-02-25 16:57:46", StampRule::SameZone, None),
        ("2022-02-25 16:54", StampRule::SameZone, None),
        ("2022-02-25 08:54:40", StampRule::SameZone, None),
        ("2022-02-25 16:54:40 +08:00", StampRule::SameZone, None),
        ("2022-02-25 08:54:40", any(true), Some("2022-02-25T08:54:40Z")),
        ("2022-02-25 08:54:40", any(false), Some("2022-02-25T08:54:40Z")),
        ("2022-02-25 18:54:40", any(false), Some("2022-02-25T08:54:40Z")),
        ("2022-02-25 18:54:40", any(true), None),
        ("2022-02-25 18:50:00", any(false), None),
        ("2022-02-27 08:54:40", any(false), None),
    ] {
        let rules = DateRules { stamps, ..rules(Tz::Asia__Shanghai) };
        let found = stamp(&read(text, &rules).unwrap(), modified, &rules);
        assert_eq!(found, expected.map(|time| time.parse().unwrap()), "{text} {stamps:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}", numbers in "[0-9 :./,TZ+年月日-]{0,40}") {
        for text in [text, numbers] {
            for zone in [Tz::UTC, Tz::Asia__Shanghai, Tz::Pacific__Apia] {
                if let Ok(moment) = read(&text, &rules(zone)) {
                    prop_assert!((1..=9999).contains(&moment.at.year()));
                    let _ = stamp(&moment, Utc::now(), &rules(zone));
                }
                let _ = from_file_name(&text, &rules(zone));
            }
        }
    }

    #[test]
    fn what_others_write_is_read_back(seconds in -60_000_000_000_i64..250_000_000_000, minutes in -14 * 60_i32..=14 * 60) {
        let utc = DateTime::from_timestamp(seconds, 0).unwrap();
        let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
        let local = utc.with_timezone(&offset);
        if (1..=9999).contains(&local.year()) && (1..=9999).contains(&utc.year()) {
            for format in [
                "%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%:z", "%Y-%m-%d %H:%M:%S %z", "%d %B %Y %H:%M:%S %z",
                "%A, %B %-d, %Y %-I:%M:%S %p %z", "%Y年%-m月%-d日 %H时%M分%S秒 %:z", "%Y%m%dT%H%M%S%z", "%a %b %e %H:%M:%S %Y %z",
                "%Y/%-m/%-d %-H:%M:%S%z",
            ] {
                let text = local.format(format).to_string();
                prop_assert_eq!(read(&text, &rules(Tz::UTC)).map(|moment| moment.at), Ok(utc), "{}", text);
            }
        }
    }
}
