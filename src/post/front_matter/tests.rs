use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Vec<(String, String)>, Vec<Diagnostic>) {
    let split = split(text).unwrap().unwrap();
    let mut diagnostics = Vec::new();
    let node = parse(&split, &mut diagnostics).unwrap();
    let Value::Map(entries) = node.value else { panic!("no map") };
    (entries.into_iter().map(|(key, node)| (key, show(&node))).collect(), diagnostics)
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => String::from("~"),
        Value::Text(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, node)| format!("{key}={}", show(node))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

#[test]
fn every_kind_of_front_matter() {
    for (text, expected, body) in [
        ("---\na: b\n---\nbody", "a=b", "body"),
        ("\n---\na: b\n---\n\nbody", "a=b", "\nbody"),
        ("\r\n---\r\na: b\r\n---\r\nbody", "a=b", "body"),
        ("---\na: b\n...\nbody", "a=b", "body"),
        ("---  \na: b\n---  \nbody", "a=b", "body"),
        ("---\n---\nbody", "", "body"),
        ("---\na: 1.10\nb: true\nc: 0x1F\n---\n", "a=1.10 b=true c=0x1F", ""),
        ("---\nc: \n - x\n - y\n---\n", "c=[x,y]", ""),
        ("---\nc: [[a, b], d]\n---\n", "c=[[a,b],d]", ""),
        ("---\na: ~\nb:\n---\n", "a=~ b=~", ""),
        ("+++\na = \"b\"\nd = 2024-01-02\n[t]\nc = [\"x\"]\n+++\nbody", "a=b d=2024-01-02 t={c=[x]}", "body"),
        (";;;\n{\"a\": \"b\"}\n;;;\nbody", "a=b", "body"),
        ("{\"a\": {\"b\": [1, null]}}\nbody", "a={b=[1,~]}", "\nbody"),
        ("title: x\ndate: 2024-01-01\n---\nbody", "title=x date=2024-01-01", "body"),
    ] {
        let (entries, diagnostics) = read(text);
        let shown: Vec<_> = entries.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(shown.join(" "), expected, "{text:?}");
        assert_eq!(split(text).unwrap().unwrap().body, body, "{text:?}");
        assert_eq!(diagnostics, [], "{text:?}");
    }
}

#[test]
fn no_front_matter() {
    for text in ["", "\n\n", "# Title\ntext", "text\n---\nmore", "Note: this is prose\nand more\n---\n", "{% tag %}\n", "{{ x }}"] {
        assert_eq!(split(text), Ok(None), "{text:?}");
    }
    assert_eq!(split("\n---\na: b\n"), Err(PostError::Unclosed { line: 2, closing: "---" }));
}

#[test]
fn repairs() {
    for (line, expected) in [
        ("title: a: b", "a: b"),
        ("title: @home", "@home"),
        ("title: `code` here", "`code` here"),
        ("title: 100% %x", "100% %x"),
        ("title: %x", "%x"),
        ("title: *bold* text", "*bold* text"),
        ("title: &amp; more", "&amp; more"),
        ("title: | pipe", "| pipe"),
        ("title: 'it's \"so\"'", "it's \"so\""),
        ("title: \"a \"b\" c\"", "a \"b\" c"),
        ("title: 'a' b", "'a' b"),
        ("title:\ta: b", "a: b"),
    ] {
        let (entries, diagnostics) = read(&format!("---\n{line}\ntags: [x]\n---\n"));
        assert_eq!(entries[0].1, expected, "{line}");
        let repaired = diagnostics.iter().filter(|one| one.code == Code::Repaired).count();
        assert_eq!(repaired, usize::from(line != "title: 100% %x"), "{line}: {diagnostics:?}");
        assert!(diagnostics.iter().all(|one| one.line == Some(2)), "{line}: {diagnostics:?}");
    }
}

#[test]
fn a_duplicate_key_counts_once() {
    let (entries, diagnostics) = read("---\na: 1\na: 2\n---\n");
    assert_eq!(entries, [("a".to_owned(), "2".to_owned())]);
    assert_eq!((diagnostics[0].code, diagnostics[0].line), (Code::DuplicateKey, Some(3)));
}

#[test]
fn what_cannot_be_read_says_where() {
    for (text, line, part) in [
        ("---\na: b\n  c: d\n---\n", 3, "not valid YAML"),
        ("---\n- a\n- b\n---\n", 2, "no list of keys and values"),
        ("---\na: &x [1]\nb: *x\n---\n", 2, "anchors"),
        ("+++\na = b\n+++\n", 2, "not valid TOML"),
        (";;;\n{\"a\": }\n;;;\n", 2, "not valid JSON"),
    ] {
        let split = split(text).unwrap().unwrap();
        let error = parse(&split, &mut Vec::new()).unwrap_err();
        let diagnostic = error.diagnostic();
        assert_eq!(diagnostic.line, Some(line), "{text:?}: {diagnostic:?}");
        assert!(diagnostic.message.contains(part) && diagnostic.help.is_some(), "{diagnostic:?}");
    }
    let deep = format!("---\na: {}{}\n---\n", "[".repeat(40), "]".repeat(40));
    assert!(matches!(parse(&split(&deep).unwrap().unwrap(), &mut Vec::new()), Err(PostError::OverLimit { .. })));
}

proptest! {
    #[test]
    fn splitting_loses_nothing_and_never_panics(text in "(\n|---\n|\\+\\+\\+\n|a: b\n|[a-z知 :'\"{}\\[\\]&*|%@`#-]{0,12}\n?){0,12}") {
        if let Ok(Some(split)) = split(&text) {
            prop_assert!(text.ends_with(split.body));
            prop_assert!(text.contains(split.matter));
            let line = text[..text.len() - split.body.len()].matches('\n').count() + 1;
            prop_assert_eq!(split.body_line as usize, line);
            let _ = parse(&split, &mut Vec::new());
        }
    }
}
