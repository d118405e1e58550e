use proptest::prelude::*;

use super::*;
use crate::post::{Code, Level};

/// The tree on one line: `title=a, list=[b, {c=d}], none=~`.
fn show(map: &Map) -> String {
    fn value(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Text(text) => text.clone(),
            Value::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
            Value::Map(map) => format!("{{{}}}", show(map)),
        }
    }
    map.iter().map(|(key, node)| format!("{key}={}", value(node))).collect::<Vec<_>>().join(", ")
}

fn parse(text: &str) -> Result<Parsed, PostError> {
    split(text)?.expect("a front matter").parse()
}

#[test]
fn every_dress_of_a_front_matter_is_found() {
    for (text, keys, body, body_line) in [
        ("---\ntitle: a\n---\nbody\n", "title=a", "body\n", 4),
        ("\n---\ntitle: a\n---\nbody\n", "title=a", "body\n", 5),
        ("\u{feff}\n \n---  \ntitle: a\n--- \nbody\n", "title=a", "body\n", 6),
        ("---\r\ntitle: a\r\ntags:\r\n - b\r\n---\r\n\r\nbody\r\n", "title=a, tags=[b]", "\r\nbody\r\n", 6),
        ("---\ntitle: a\n...\nbody", "title=a", "body", 4),
        ("---\ntitle: a\n---", "title=a", "", 4),
        ("---\n---\nbody", "", "body", 3),
        ("---\n\n# nothing\n---\nbody", "", "body", 5),
        ("-----\ntitle: a\n-----\nbody", "title=a", "body", 4),
        ("+++\ntitle = \"a\"\n+++\nbody", "title=a", "body", 4),
        (";;;\n\"title\": \"a\",\n\"tags\": [\"b\"]\n;;;\nbody", "title=a, tags=[b]", "body", 5),
        (";;;\n{\"title\": \"a\"}\n;;;\nbody", "title=a", "body", 4),
        ("{\"title\": \"a\"}\nbody", "title=a", "body", 2),
        ("{\n\t\"title\": \"a\",\n\t\"tags\": []\n}\n\nbody", "title=a, tags=[]", "\nbody", 5),
        ("title: a\ntags:\n- b\n---\nbody", "title=a, tags=[b]", "body", 5),
        ("\n\ntitle: a\n---\nbody", "title=a", "body", 5),
        ("---\ntitle: |\n  a\n  ---\n---\nbody", "title=a\n---\n", "body", 6),
    ] {
        let found = split(text).unwrap().unwrap_or_else(|| panic!("{text:?}"));
        assert_eq!(show(&found.parse().unwrap().map), keys, "{text:?}");
        assert_eq!((found.body, found.body_line), (body, body_line), "{text:?}");
    }
}

#[test]
fn prose_has_no_front_matter() {
    for text in [
        "",
        "\n\n",
        "Hello",
        "# Hello\n\n---\n",
        "Note: this is prose\n---\nmore",
        "{{ page.excerpt }}\n",
        "{% include a.html %}",
        "{ braces }",
        "<div>a: b</div>\n---\n",
        "a: b\nprose in between\n---\n",
        "http://example.org/\n---\n",
        "- item\n---\n",
        "+++ b",
    ] {
        assert_eq!(split(text), Ok(None), "{text:?}");
        assert_eq!(near_miss(text), None, "{text:?}");
    }
}

#[test]
fn what_was_meant_as_front_matter_is_told() {
    for (text, message) in [
        ("--\ntitle: a\n---\nbody", "the opening line of the front matter is not `---`"),
        ("——\ntitle: a\n——\nbody", "the opening line of the front matter is made of long dashes"),
        ("Un att---\ntitle: a\n---\n", "`---` does not stand alone on its line"),
        ("title: a\nlang: fr\n\n\nbody", "the file begins with keys, but no line closes the front matter"),
    ] {
        assert_eq!(split(text), Ok(None), "{text:?}");
        assert_eq!(near_miss(text).unwrap().to_string(), message);
    }
}

#[test]
fn an_open_end_is_named() {
    for (text, line, closing) in [
        ("---\ntitle: a\nbody", 1, "---"),
        ("\n\n---", 3, "---"),
        ("+++\ntitle = 'a'\n---\n", 1, "+++"),
        (";;;\n", 1, ";;;"),
        ("{\"title\": \"a\",\n", 1, "}"),
    ] {
        assert_eq!(split(text), Err(PostError::Unclosed { line, closing }), "{text:?}");
    }
}

#[test]
fn scalars_keep_their_text() {
    let yaml = "---\na: 2021\nb: 1.10\nc: true\nd: 0x1F\ne: 2022-02-25 16:54\nf: ~\ng:\nh: ''\ni: \"\\u77e5\\n\"\nj: 'it''s'\n\
                k: >\n  one\n  two\nl: {m: [1e3, no]}\n中文: 值\n---\n";
    assert_eq!(
        show(&parse(yaml).unwrap().map),
        "a=2021, b=1.10, c=true, d=0x1F, e=2022-02-25 16:54, f=~, g=~, h=, i=知\n, j=it's, k=one two\n, \
         l={m=[1e3, no]}, 中文=值"
    );
    let toml = "+++\nz = 1.10\ny = 2021\nx = 2022-02-25\nw = 2022-02-25 16:54:00\nv = 2022-02-25T16:54:00+08:00\nu = true\n\
                [taxonomies]\ntags = ['b', \"a\"]\n[extra]\nn.o = 0x1F\n[[p]]\nq = 1_000\n+++\n";
    assert_eq!(
        show(&parse(toml).unwrap().map),
        "z=1.10, y=2021, x=2022-02-25, w=2022-02-25 16:54:00, v=2022-02-25T16:54:00+08:00, u=true, \
         taxonomies={tags=[b, a]}, extra={n={o=0x1F}}, p=[{q=1_000}]"
    );
    let json = "{\"a\": 1.10, \"b\": null, \"c\": \"\\u77e5\\ud83d\\ude00\\/\\t\", \"d\": [true, {}]}\n";
    assert_eq!(show(&parse(json).unwrap().map), "a=1.10, b=~, c=知😀/\t, d=[true, {}]");
}

#[test]
fn every_value_knows_its_place() {
    for (text, key, place) in [
        ("\n---\ntitle: a\ntags:\n - b\n---\n", "title", (3, 8)),
        ("标题: a\ntitle: b\n---\n", "标题", (1, 5)),
        ("+++\nb = 1\n  a =  '知'\n+++\n", "a", (3, 8)),
        ("{\"知\": 1,\n \"title\": \"a\"}\n", "title", (2, 11)),
        (";;;\n\"title\": \"a\"\n;;;\n", "title", (2, 10)),
        ("---\r\na: b\r\ntitle:  c\r\n---\r\n", "title", (3, 9)),
    ] {
        let map = parse(text).unwrap().map;
        let node = map.iter().find(|(known, _)| *known == key).unwrap().1;
        assert_eq!((node.line, node.column), place, "{text:?}");
    }
}

#[test]
fn what_is_almost_yaml_is_mended_with_a_warning() {
    for (line, value, column) in [
        ("title: Foo: bar", "Foo: bar", 8),
        ("title: 知乎: 热榜: 一", "知乎: 热榜: 一", 8),
        ("title: ends with:", "ends with:", 8),
        ("title: @mark-i-m", "@mark-i-m", 8),
        ("title: `code` first", "`code` first", 8),
        ("title: %d of %d", "%d of %d", 8),
        ("title: *star", "*star", 8),
        ("title: *emphasis* here", "*emphasis* here", 8),
        ("title: &foo bar", "&foo bar", 8),
        ("title: & more", "& more", 8),
        ("title: | pipe", "| pipe", 8),
        ("title: > greater", "> greater", 8),
        ("title: !important news", "!important news", 8),
        ("title: [教程] 如何", "[教程] 如何", 8),
        ("title: {{ page.name }} x", "{{ page.name }} x", 8),
        ("title: 'Lettre d'information #231: Revue'", "Lettre d'information #231: Revue", 8),
        ("title: 'He said \"don't\"'", "He said \"don't\"", 8),
        ("title: \"He said \"don't\" twice\"", "He said \"don't\" twice", 8),
        ("title: \"a \\\"b\\\" c \"d\"\"", "a \"b\" c \"d\"", 8),
        ("title: \"C:\\dir\"", "C:\\dir", 8),
        ("title: \"Foo\" and bar", "\"Foo\" and bar", 8),
        ("title: '90s music isn't dead", "'90s music isn't dead", 8),
        ("title:   Foo: bar  ", "Foo: bar", 10),
    ] {
        let text = format!("\n---\n{line}\ndate: 2022-02-25\n---\n");
        let parsed = parse(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(show(&parsed.map), format!("title={value}, date=2022-02-25"), "{text}");
        let [note] = parsed.diagnostics.as_slice() else { panic!("{line}: {:?}", parsed.diagnostics) };
        assert_eq!(
            (note.code, note.level, note.line, note.column),
            (Code::Repaired, Level::Warning, Some(3), Some(column))
        );
        assert!(note.help.is_some());
    }
}

#[test]
fn several_mends_in_one_front_matter() {
    let text = "---\ntitle: a: b\ncategories:\n\t- @x\n\t- y: z: w\nauthor: 'd'Antras'\ntags: [a, b]\n---\n";
    let parsed = parse(text).unwrap();
    assert_eq!(show(&parsed.map), "title=a: b, categories=[@x, {y=z: w}], author=d'Antras, tags=[a, b]");
    let lines: Vec<_> = parsed.diagnostics.iter().filter_map(|note| note.line).collect();
    assert_eq!(lines, [4, 5, 2, 4, 5, 6]);
}

#[test]
fn of_two_equal_keys_the_last_counts() {
    let parsed = parse("---\ntitle: a\ntags: b\ntitle: c\n---\n").unwrap();
    assert_eq!(show(&parsed.map), "title=c, tags=b");
    let [note] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
    assert_eq!((note.code, note.line, note.column), (Code::DuplicateKey, Some(4), Some(1)));
    assert_eq!(note.help.as_deref(), Some("remove this line or line 2"));
    assert_eq!(show(&parse("{\"a\": 1, \"a\": 2}").unwrap().map), "a=2");
}

#[test]
fn what_cannot_be_mended_is_refused_with_place_and_cure() {
    for (text, line, column, help) in [
        ("---\nextrait: >\nLe huitième\n---\n", 3, 1, "indent the line"),
        ("---\ntitle:foo\ndate: 2022-02-25\n---\n", 2, 1, "blank after the colon"),
        ("---\ntitle: a\ntags: [b, c\ndate: x\n---\n", 4, 5, "single quotes"),
        ("---\ntitle: \"never closed\ndate: x\n---\n", 2, 8, "check the quotes"),
        ("---\ntitle: [never closed\n---\n", 2, 8, "close the bracket"),
        ("---\ntags: {a: b: c}\n---\n", 2, 12, "single quotes"),
        ("---\njust text\n---\n", 2, 1, "indent the line"),
        ("---\n- a\n- b\n---\n", 2, 1, "single quotes"),
        ("+++\ntitle = \"a\nauthors = []\n+++\n", 2, 11, "double quotes"),
        ("+++\na = 1\na = 2\n+++\n", 3, 1, "each key once"),
        ("{\"a\": 1,\n b}\n", 2, 2, "double quotes"),
        ("{\"标题\": 1 2}\n", 1, 10, "double quotes"),
        (";;;\n\"a\" 1\n;;;\n", 2, 5, "double quotes"),
    ] {
        match parse(text) {
            Err(error @ PostError::Syntax { .. }) => {
                assert!(error.help().contains(help), "{text}: {}", error.help());
                let message = error.to_string();
                assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
                assert_eq!(error.position(), (Some(line), Some(column)), "{text}: {error}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn limits_are_kept() {
    let deep = |levels: usize| format!("---\na: {}{}\n---\n", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(&deep(MAX_DEPTH - 1)).is_ok());
    let deep_toml = format!("+++\na = {}{}\n+++\n", "[".repeat(16), "]".repeat(16));
    for text in [
        deep(MAX_DEPTH),
        deep(400),
        deep_toml,
        format!("---\na: '{}'\n---\n", "x".repeat(MAX_BYTES)),
        format!("---\n{}\n---\n", (0..2000).map(|n| format!("k{n}: 1")).collect::<Vec<_>>().join("\n")),
        "---\na: &x [1, 2]\nb: *x\n---\n".to_owned(),
        "---\na: &x one\nb: *x\n---\n".to_owned(),
        "---\na: &x {b: c}\n<<: *x\n---\n".to_owned(),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(matches!(error, PostError::OverLimit { .. }), "{error:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(---|\n|: |[-a'\"\\[\\]{}&*!|>%@`#,:?]| |\t|\r\n|知|\\+\\+\\+|;;;|\\PC){0,60}") {
        let _ = near_miss(&text);
        if let Ok(Some(split)) = split(&text) {
            let _ = split.parse();
        }
    }

    #[test]
    fn any_title_of_a_crawler_survives(title in "[a-z知乎'\" :#@&*|{}\\[\\]%!,.?<>`=-]{1,30}") {
        // A quote, a blank and a hash are the end of the text and a comment: nobody can tell.
        let is_comment = |rest: &str| rest.starts_with(' ') && rest.trim_start().starts_with('#');
        prop_assume!(!title.split('\'').skip(1).any(is_comment));
        prop_assume!(!title.contains("''") && title.trim() == title && !title.is_empty());
        // Crawlers put single quotes around whatever the title is.
        let parsed = parse(&format!("\n---\ntitle: '{title}'\ncategories: \n - 知乎\n---\n")).unwrap();
        prop_assert_eq!(show(&parsed.map), format!("title={title}, categories=[知乎]"));
    }
}
