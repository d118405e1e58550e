//! Posts that try to keep a parser busy: deep, wide, never closed, or quadratic to somebody.

/// Bytes of the largest front matter that is read, and of the largest body; less where nothing is optimised.
const HEAD: usize = 60 * 1024;
const BODY: usize = if cfg!(debug_assertions) { 128 * 1024 } else { 1000 * 1024 };

/// Every one with its file's name.
pub(super) fn posts() -> Vec<(String, String)> {
    let heads = front_matters().into_iter().map(|(name, text)| (format!("head/{name}.md"), text));
    let bodies = bodies().into_iter().flat_map(|(name, body)| {
        let text = format!("---\ntitle: {name}\ndate: 2018-01-02\ncategories: [heavy]\n---\n{body}\n");
        // Without a title the text is searched for a heading.
        let untitled = format!("---\ndate: 2018-01-02\n---\n{body}\n");
        [
            (format!("body/{name}.md"), text.clone()),
            (format!("body/{name}.html"), text),
            (format!("body/{name}-untitled.md"), untitled),
        ]
    });
    heads.chain(bodies).collect()
}

/// So many of a piece that they fill so many bytes.
fn fill(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

fn numbered(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// An opening piece so many times, and its closing piece as often.
fn nested(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

fn front_matters() -> Vec<(&'static str, String)> {
    let yaml = |text: &str| format!("---\ndate: 2018-01-01\n{text}\n---\ntext\n");
    let toml = |text: &str| format!("+++\ndate = 2018-01-01\n{text}\n+++\ntext\n");
    let json = |text: &str| format!("{{\"date\": \"2018-01-01\", {text}}}\ntext\n");
    let mega = "長".repeat(350_000);
    let laughs = numbered(20, |n| format!("l{}: &l{} [{}]\n", n + 1, n + 1, format!("*l{n}, ").repeat(9)));
    vec![
        ("yaml-laughs", yaml(&format!("l0: &l0 lol\n{laughs}title: *l20"))),
        ("yaml-anchors", yaml(&numbered(4000, |n| format!("k{n}: &a{n} x\n")))),
        ("yaml-merge", yaml(&format!("a: &a {{b: c}}\n{}", fill("<<: *a\n", HEAD)))),
        ("yaml-deep-lists", yaml(&format!("tags: {}", nested("[", "]", 10_000)))),
        ("yaml-deep-maps", yaml(&format!("tags: {}", nested("{a: ", "}", 10_000)))),
        ("yaml-deep-dashes", yaml(&format!("tags:\n {}x", "- ".repeat(10_000)))),
        ("yaml-deep-indents", yaml(&numbered(340, |n| format!("{}a:\n", " ".repeat(n))))),
        ("yaml-unclosed-lists", yaml(&format!("tags: {}", "[".repeat(10_000)))),
        ("yaml-question-marks", yaml(&format!("tags: {}", "? ".repeat(10_000)))),
        ("yaml-same-keys", yaml(&fill("a: b\n", HEAD))),
        ("yaml-many-keys", yaml(&numbered(5000, |n| format!("k{n}: v\n")))),
        ("yaml-many-tags", yaml(&format!("tags: [{}]", numbered(8000, |n| format!("t{n}, "))))),
        ("yaml-many-categories", yaml(&format!("categories:\n{}", numbered(3000, |n| format!(" - [a, b{n}]\n"))))),
        ("yaml-deep-category", yaml(&format!("categories: [{}]", numbered(8000, |n| format!("c{n}, "))))),
        ("yaml-to-mend", yaml(&fill("k: a: b\n", HEAD))),
        ("yaml-to-mend-quotes", yaml(&fill("k: 'a' b\n", HEAD))),
        ("yaml-to-mend-tabs", yaml(&fill("\tk: v\n", HEAD))),
        ("yaml-to-mend-long", yaml(&fill(&format!("k: {}: b\n", "a ".repeat(700)), HEAD))),
        ("yaml-quotes", yaml(&format!("title: {}", "'".repeat(HEAD)))),
        ("yaml-backslashes", yaml(&format!("title: \"{}", "\\".repeat(HEAD)))),
        ("yaml-hashes", yaml(&format!("title: {}", fill("# ", HEAD)))),
        ("yaml-folded", yaml(&format!("title: >\n{}", fill(" a\n\n", HEAD)))),
        ("title-of-a-megabyte", yaml(&format!("title: {mega}"))),
        ("title-long", yaml(&format!("title: '{}'", fill("長", HEAD)))),
        ("title-entities", yaml(&format!("title: '{}'", fill("&amp;", HEAD)))),
        ("title-ampersands", yaml(&format!("title: '{}'", fill("&", HEAD)))),
        ("title-tags", yaml(&format!("title: '{}'", fill("<b>", HEAD)))),
        ("title-open", yaml(&format!("title: '{}'", fill("<", HEAD)))),
        ("title-closed", yaml(&format!("title: '{}'", fill(">", HEAD)))),
        ("title-quoted", yaml(&format!("title: '{}{}'", fill("<a b=\"", HEAD / 2), fill(">", HEAD / 2)))),
        ("title-comments", yaml(&format!("title: '{}{}'", fill("<!--", HEAD / 2), fill("->", HEAD / 2)))),
        ("title-marks", yaml(&format!("title: '{}'", fill("\u{301}\u{327}", HEAD)))),
        ("title-bidi", yaml(&format!("title: '{}'", fill("\u{202e}\u{2066}", HEAD)))),
        ("title-nul", yaml(&format!("title: \"{}\"", fill("\\0", HEAD)))),
        ("title-cdata", yaml(&format!("title: '{}'", fill("]]>", HEAD)))),
        ("date-digits", yaml(&format!("updated: {}", "9".repeat(HEAD)))),
        ("date-words", yaml(&format!("updated: {}", fill("Jan 1 ", HEAD)))),
        ("date-signs", yaml(&format!("updated: '{}'", fill("2018-01-01T00:00:00+", HEAD)))),
        ("link-long", yaml(&format!("link: https://e.example/{}", "a".repeat(HEAD)))),
        ("link-dots", yaml(&format!("link: https://e.example/{}", fill("../", HEAD)))),
        ("language-long", yaml(&format!("lang: {}", fill("en-", HEAD)))),
        ("toml-deep-lists", toml(&format!("tags = {}", nested("[", "]", 10_000)))),
        ("toml-deep-maps", toml(&format!("tags = {}", nested("{a = ", "}", 10_000)))),
        ("toml-deep-key", toml(&format!("{}a = 1", "a.".repeat(10_000)))),
        ("toml-deep-table", toml(&format!("[{}a]", "a.".repeat(10_000)))),
        ("toml-wide-line", toml(&format!("tags = [{}]", fill("1,", HEAD)))),
        ("toml-many-tables", toml(&fill("[[a]]\n", HEAD))),
        ("toml-many-keys", toml(&numbered(6000, |n| format!("k{n} = 1\n")))),
        ("json-deep-lists", json(&format!("\"tags\": {}", nested("[", "]", 10_000)))),
        ("json-deep-maps", json(&format!("\"tags\": {}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)))),
        ("json-unclosed", json(&"[".repeat(HEAD))),
        ("json-wide", json(&format!("\"tags\": [{}1]", fill("1,", HEAD)))),
        ("never-closed", format!("---\n{}", fill("a: b\n", BODY))),
        ("almost-closed", format!("---\n{}", fill("--\n", BODY))),
        ("unopened", format!("title: a\n{}", fill("a: b\n", BODY))),
        ("fences", fill("---\n", BODY)),
        ("bytes", "\u{fffd}".repeat(BODY / 3)),
    ]
}

/// What TRAPS and others knew, and everything of which a parser could search the end again and again.
fn bodies() -> Vec<(String, String)> {
    let formatting = "<b title=i>".repeat(400) + &"<p>x".repeat(5000);
    let rising: String = (1..1400).flat_map(|length| ["`".repeat(length), String::from("a")]).collect();
    let columns = "|x".repeat(20_000);
    let named = [
        ("lists", nested("<ul><li>", "</li></ul>", 20_000)),
        ("attributes", format!("<p {}>x</p>", numbered(80_000, |n| format!("a{n}=1 ")))),
        ("formatting", formatting),
        ("formatting-fonts", "<i><b><u><s><em><code>".repeat(300) + &"<div>".repeat(480) + &"<p>x".repeat(5000)),
        ("formatting-closed", fill("<b><p></b>", BODY)),
        ("links-misnested", fill("<a href=x><p></a>", BODY)),
        ("tables", nested("<table><tr><td>", "</table>", 300)),
        ("table-texts", format!("<table>{}", fill("x<b>", BODY))),
        ("table-rows", format!("<table>{}", fill("<tr><td>", BODY))),
        ("table-strays", format!("<table>{}", "<p>x".repeat(20_000))),
        ("divs-to-the-limit", format!("{}{}", "<div>".repeat(500), fill("<p>x</p>", BODY))),
        ("divs-that-close", format!("{}{}", "<div>".repeat(400), fill("</span>", BODY))),
        ("ampersands", fill("&", BODY)),
        ("entities", fill("&#x41;", BODY)),
        ("marks", fill("&«", BODY)),
        ("value-marks", format!("<p title=\"{}\">x", fill("&«", BODY))),
        ("values-marks", fill(&format!("<p title=\"{}\">", fill("&«", 8000)), BODY)),
        ("open", fill("<", BODY)),
        ("open-tags", fill("<a ", BODY)),
        ("open-values", fill("<a b=\"", BODY)),
        ("open-comments", fill("<!--", BODY)),
        ("open-scripts", fill("<script>", BODY)),
        ("open-noscripts", fill("<noscript>", BODY)),
        ("noscripts", fill("<noscript><img src=x></noscript>", BODY)),
        ("cdata", fill("<![CDATA[", BODY)),
        ("instructions", fill("<?", BODY)),
        ("closing", fill("</p>", BODY)),
        ("pictures", fill("<img srcset='a 1x,b 2x' data-src=c>", BODY)),
        ("srcset", format!("<img srcset='{}'>", fill("a 1x, ", BODY))),
        ("styles", fill("<img style='a:b;;;;;;;;width:2px'>", BODY)),
        ("breaks", fill("<br>", BODY)),
        ("selects", fill("<select><option>", BODY)),
        ("svgs", fill("<svg><p>", BODY)),
        ("nul", fill("a\0", BODY)),
        ("bidi", fill("\u{202e}\u{2066}x", BODY)),
        ("cdata-ends", fill("]]>", BODY)),
        ("line-ends", fill("\r", BODY)),
        ("spaces", fill(" ", BODY)),
        ("word", fill("x", BODY)),
        ("brackets", fill("[", BODY)),
        ("brackets-closed", nested("[", "]", BODY / 2)),
        ("brackets-in-brackets", fill("[a](", BODY)),
        ("pictures-in-brackets", fill("![[]()", BODY)),
        ("links-unclosed", fill("[a](<b", BODY)),
        ("link-titles", fill("[a](b \"", BODY)),
        ("references", numbered(40_000, |n| format!("[{n}]: u\n"))),
        ("reference-labels", fill("[a][b]", BODY)),
        ("references-large", format!("[a]: <{}>\n\n{}", "u".repeat(8000), fill("[a] ", 200_000))),
        ("stars", fill("*", BODY)),
        ("stars-and-words", fill("a**b", BODY)),
        ("stars-and-lines", fill("*_", BODY)),
        ("emphasis-open", fill("*a ", BODY)),
        ("emphasis-mixed", fill("*a _b ~~c ", BODY)),
        ("emphasis-nested", nested("*a **a ", " a** a*", 30_000)),
        ("tildes", fill("~~a~ ", BODY)),
        ("backticks", rising),
        ("backticks-alternating", fill("`a``b", BODY)),
        ("quotes", fill("> ", BODY)),
        ("quotes-deep", numbered(900, |n| format!("{}x\n", ">".repeat(n)))),
        ("items-deep", numbered(1000, |n| format!("{}- x\n", "  ".repeat(n)))),
        ("items-and-blanks", format!("{}x\n{}", "- ".repeat(90), fill("\n", BODY))),
        ("items", fill("- \n", BODY)),
        ("numbers", fill("1. a\n\n", BODY)),
        ("columns", format!("{columns}|\n{}|\n{}", "|-".repeat(20_000), fill("x\n", BODY / 2))),
        ("rows", format!("|a|b|\n|-|-|\n{}", fill("|x|\n", BODY))),
        ("pipes", fill("|-", BODY)),
        ("footnotes", numbered(30_000, |n| format!("[^{n}]: x[^{n}]\n\n"))),
        ("footnote-uses", format!("[^a]: x\n\n{}", fill("[^a]", BODY))),
        ("headings", fill("# a {#b}\n", BODY)),
        ("heading-attributes", format!("# a {{{}}}\n", fill(".b ", BODY))),
        ("heading-braces", format!("# {}\n", fill("{a", BODY))),
        ("heading-of-a-megabyte", format!("# {}\n", fill("長", BODY))),
        ("heading-tags", format!("# {}{}\n", fill("<a b=\"", BODY / 2), fill(">", BODY / 2))),
        ("underlines", fill("a\n=\n", BODY)),
        ("rules", fill("- - -\n", BODY)),
        ("fences", fill("```\n~~~\n", BODY)),
        ("blocks-of-html", fill("<div>\n\n", BODY)),
        ("addresses", fill("<http:", BODY)),
        ("mail", fill("<a@", BODY)),
        ("escapes", fill("\\", BODY)),
        ("hard-breaks", fill("a  \n", BODY)),
        ("tags-of-templates", fill("{%", BODY)),
        ("outputs-of-templates", fill("{{", BODY)),
        ("comments-of-templates", fill("{#", BODY)),
        ("raw", fill("{% raw %}", BODY)),
        ("highlights", fill("{% highlight a %}", BODY)),
        ("highlights-closed", nested("{% highlight a %}", "{% endhighlight %}", 15_000)),
        ("shortcodes", fill("{{< a >}}", BODY)),
        ("shortcodes-open", fill("{{< figure src=\"", BODY)),
        ("conditions", fill("{% if a %}", BODY)),
        ("parentheses", format!("{{{{ {} }}}}", "(".repeat(BODY))),
        ("filters", format!("{{{{ 'a' {} }}}}", fill("| upcase ", BODY))),
        ("quotes-of-templates", format!("{{{{ {} }}}}", fill("'", BODY))),
        ("posts-of-templates", fill("{% post_link a %}", BODY)),
    ];
    named.into_iter().map(|(name, body)| (name.to_owned(), body)).collect()
}
