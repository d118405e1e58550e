use std::path::Path;

use chrono::{TimeZone, Utc};
use clap::{CommandFactory, Parser};

use super::{
    arguments::{Arguments, Command, ConfigCommand},
    report::{self, Status, Summary, Verdict},
};
use crate::post::{Code, Diagnostic};

#[test]
fn the_grammar_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn arguments() {
    let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command);
    for line in [
        "feedwright run",
        "feedwright run a b -c f --output o --state s --listen 127.0.0.1:0 --base-url https://e.org/x",
        "feedwright run --listen fd",
        "feedwright build a --strict --dry-run",
        "feedwright check --format json a",
        "feedwright check -c f",
        "feedwright explain a",
        "feedwright forget a b",
        "feedwright refresh a --state s",
        "feedwright config check --resolved -c f",
        "feedwright config default",
        "feedwright config schema",
        "feedwright config unit",
        "feedwright completions bash",
        "feedwright man",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
    for line in [
        "feedwright",
        "feedwright forget",
        "feedwright run --listen here",
        "feedwright run --base-url e.org",
        "feedwright explain",
        "feedwright config init",
        "feedwright check --format xml",
        "feedwright completions csh2",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
    let Ok(Command::Config { command: ConfigCommand::Init { dir } }) = parse("feedwright config init blog") else {
        panic!("config init takes a folder")
    };
    assert_eq!(dir, Path::new("blog"));
}

/// The text form of one diagnostic on a file.
fn shown(diagnostic: Diagnostic, source: &str) -> String {
    let verdict = Verdict { diagnostics: vec![diagnostic], ..Verdict::new("a/知.md".as_ref()) };
    let mut out = Vec::new();
    report::text(&verdict, source, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_diagnostic_shows_its_line_with_a_caret() {
    let error = Diagnostic::error(Code::Syntax, "a quote is missing").at(2, 8).help("add `'`");
    let expected = "\
error[syntax]: a quote is missing
 --> a/知.md:2:8
  |
2 | title: '标题
  |        ^
  |
help: add `'`

";
    assert_eq!(shown(error, "---\ntitle: '标题\n---\n"), expected);
}

#[test]
fn a_warning_marks_the_whole_value() {
    let warning = Diagnostic::warning(Code::BadDate, "no such day").at(1, 4);
    let text = shown(warning, "标题：2月30日  \r\n");
    assert!(text.contains("1 | 标题：2月30日  \n  |       ^^^^^^^\n"), "{text}");
}

#[test]
fn places_that_do_not_exist_and_control_characters_do_no_harm() {
    for (line, column) in [(1, 1), (1, 99), (9, 1), (0, 0), (u32::MAX, u32::MAX)] {
        let text = shown(Diagnostic::error(Code::Syntax, "\u{1b}[2Jx").at(line, column), "a\u{1b}[31m\0b\n");
        assert!(!text.contains('\u{1b}') && text.contains("error[syntax]"), "{text}");
    }
}

#[test]
fn json_has_the_documented_keys_and_no_others() {
    let mut out = Vec::new();
    report::json(&Verdict::new("x.md".as_ref()), &mut out).unwrap();
    let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
    let documented =
        "path status id title published published_from updated categories tags authors image link language diagnostics";
    let mut documented: Vec<&str> = documented.split(' ').collect();
    documented.sort_unstable();
    assert_eq!(keys, documented);
    let remark = serde_json::to_value(Diagnostic::error(Code::Binary, "x")).unwrap();
    let keys: Vec<&String> = remark.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "column", "help", "level", "line", "message"]);
}

#[test]
fn times_are_in_utc() {
    assert_eq!(report::time(Utc.with_ymd_and_hms(2022, 2, 25, 8, 54, 46).unwrap()), "2022-02-25T08:54:46Z");
}

#[test]
fn a_summary_counts() {
    let mut summary = Summary::default();
    assert_eq!(summary.to_string(), "0 files: 0 published");
    for status in [Status::Published, Status::Published, Status::Draft, Status::Rejected] {
        let diagnostics = vec![Diagnostic::warning(Code::NoDate, "x")];
        summary.count(&Verdict { status, diagnostics, ..Verdict::new("x".as_ref()) });
    }
    assert_eq!(summary.to_string(), "4 files: 2 published, 1 not public, 1 rejected; 4 warnings");
}
