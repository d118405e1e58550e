use proptest::prelude::*;
use scraper::{Html, Selector};

use super::*;
use crate::uri;

const SEED: &str = "<div>   \n张三的回答<br><br><p data-pid=\"Ab1\">第一段话，<b>重点</b>。</p>\
<figure data-size=\"normal\"><img src=\"https://pic1.example.com/v2-a_1440w.jpg\" data-rawwidth=\"1280\" \
data-rawheight=\"720\" class=\"origin_image zh-lightbox-thumb\" data-original=\"https://pic1.example.com/v2-a_r.jpg\" \
referrerpolicy=\"no-referrer\"></figure><p><br></p>\
<figure><img src=\"https://pic2.example.com/v2-b_1440w.jpg\" referrerpolicy=\"no-referrer\"></figure>\
<figure><img src=\"https://pic3.example.com/v2-c_720w.jpg\" referrerpolicy=\"no-referrer\"></figure><p></p>  \n</div>\n";

fn bases() -> Bases {
    Bases { post: Url::parse("https://blog.example/2024/trip/").ok(), site: Url::parse("https://blog.example/").ok() }
}

fn body(markup: Markup, text: &str) -> Body {
    Body { markup, text: text.to_owned(), line: 10 }
}

fn html(text: &str) -> Rendered {
    render(&body(Markup::Html, text), &bases(), None)
}

fn markdown(text: &str) -> Rendered {
    render(&body(Markup::Markdown, text), &bases(), None)
}

fn check(text: &str, expected: &str) {
    assert_eq!(html(text).html, expected, "{text}");
    assert_eq!(html(expected).html, expected, "rendered again");
}

#[test]
fn the_crawlers_body_keeps_its_pictures() {
    let rendered = html(SEED);

    assert_eq!(rendered.html.matches("referrerpolicy=\"no-referrer\"").count(), 3);
    assert_eq!(rendered.html.matches("<figure><img src=\"https://pic").count(), 3);
    assert!(!rendered.html.contains("data-"), "{}", rendered.html);
    assert_eq!(rendered.image.map(|image| image.url).as_deref(), Some("https://pic1.example.com/v2-a_1440w.jpg"));
    assert_eq!(rendered.summary, "张三的回答 第一段话，重点。");
    assert_eq!(rendered.diagnostics, []);
}

#[test]
fn what_is_harmless_passes() {
    for text in [
        "<table><thead><tr><th align=\"right\">a</th></tr></thead><tbody><tr><td colspan=\"2\">b</td></tr></tbody></table>",
        "<details open=\"\"><summary>s</summary><p>t</p></details>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        "<pre class=\"lang-c\"><code class=\"language-c++\">a &lt; b &amp;&amp; c</code></pre>",
        "<p title=\"a &quot;b&quot;\" lang=\"zh\">x</p>",
        "1 &lt; 2 &amp; 3 &gt; 2",
    ] {
        check(text, text);
    }
}

#[test]
fn what_is_harmful_goes() {
    check("a<script>alert(1)</script >b<STYLE>p{}</style>c", "abc");
    check("a<script>alert(1)", "aalert(1)");
    check("<svg><script>x</script><a href=\"javascript:x\">y</a></svg>z<math><mi>q</mi></math>", "z");
    check("<p onclick=\"x\" style=\"color:red\" id=\"i\" class=\"c\">t</p>", "<p>t</p>");
    check("<a href=\"java&#10;script:alert(1)\" href=/x>t</a>", "<a>t</a>");
    check("<a href=\" &#x6A;avascript&colon;alert(1)\">t</a><a href=vbscript:x>u</a>", "<a>t</a><a>u</a>");
    check("<form action=/x><input name=q><button>go</button></form>", "go");
    check("a\u{0}b\u{8}c&#1;d&#xB;e\u{ffff}", "abcde");
    check("<!-- c --><!doctype html><?xml version=\"1.0\"?><![CDATA[x]]>y", "y");
    check("<img src=x onerror=alert(1)//", "&lt;img src=x onerror=alert(1)//");
    check("<title>t</title><textarea><img src=x></textarea>", "");
}

#[test]
fn addresses_become_absolute() {
    check("<a href=\"../x?a=1&amp;b=2\">t</a>", "<a href=\"https://blog.example/2024/x?a=1&amp;b=2\">t</a>");
    check("<a href=/关于/>t</a>", "<a href=\"https://blog.example/%E5%85%B3%E4%BA%8E/\">t</a>");
    check("<a href=#fn1>1</a>", "<a href=\"https://blog.example/2024/trip/#fn1\">1</a>");
    check("<a href=\"mailto:a@b.example\">t</a>", "<a href=\"mailto:a@b.example\">t</a>");
    check("<img src=\"//cdn.example/a.png\" alt=x>", "<img src=\"https://cdn.example/a.png\" alt=\"x\">");
    check(
        "<img src=a.png srcset=\"a.png, b.png 2x, javascript:x 3x\">",
        "<img src=\"https://blog.example/2024/trip/a.png\" srcset=\"https://blog.example/2024/trip/a.png, \
         https://blog.example/2024/trip/b.png 2x\">",
    );
    check(
        "<video poster=/p.jpg autoplay><source src=v.mp4 type=video/mp4><source></video>",
        "<video poster=\"https://blog.example/p.jpg\" controls=\"\"><source src=\"https://blog.example/2024/trip/v.mp4\" \
         type=\"video/mp4\"></video>",
    );
    let none = render(
        &body(Markup::Html, "<a href=/x>t</a><img src=y.png><a href=\"//h.example/\">u</a>"),
        &Bases::default(),
        None,
    );
    assert_eq!(none.html, "<a>t</a><a href=\"https://h.example/\">u</a>");
}

#[test]
fn lazy_pictures_are_shown_once() {
    let shown = "<img src=\"https://x.example/a.png\">";
    for text in [
        "<img data-src=https://x.example/a.png>",
        "<img src='' data-actualsrc=https://x.example/a.png>",
        "<img src='data:image/svg+xml;utf8,<svg width=\"1\"></svg>' data-lazy-src=https://x.example/a.png>",
        "<img src=/img/loading.gif data-original=https://x.example/a.png>",
        "<img src=https://x.example/a.png data-original=https://x.example/larger.png>",
        "<noscript><img src=https://x.example/a.png></noscript>",
        "<noscript><img src=https://x.example/a.png></noscript><img src=data:x data-actualsrc=https://x.example/a2.png>",
        "<img src=data:x data-src=https://x.example/a.png> <noscript><img src=https://x.example/a.png></noscript>",
        "<img src=https://x.example/a.png><noscript>turn scripts on <img src=https://x.example/a.png></noscript>",
    ] {
        assert_eq!(html(text).html.trim(), shown, "{text}");
    }
    check("a<img src=\"data:image/png;base64,AAAA\">b<img>c", "abc");
    check(
        "<img srcset=\"https://x.example/a.png 2x\">",
        "<img src=\"https://x.example/a.png\" srcset=\"https://x.example/a.png 2x\">",
    );
    check("a<noscript>b", "ab");
}

#[test]
fn a_page_in_the_page_becomes_a_link() {
    check(
        "<iframe src=\"//player.example/v?a=1&amp;b=2\" allowfullscreen></iframe>",
        "<a href=\"https://player.example/v?a=1&amp;b=2\">https://player.example/v?a=1&amp;b=2</a>",
    );
    check("a<iframe src=\"javascript:x\"><b>x</iframe>b", "ab");
}

#[test]
fn the_more_mark_splits_and_vanishes() {
    let split = |text: &str, summary: &str| {
        for rendered in [html(text), markdown(text)] {
            assert_eq!(rendered.summary, summary, "{text}");
            assert!(!rendered.html.contains("more") && rendered.html.contains("二"), "{}", rendered.html);
        }
    };

    split("<p>一</p>\n\n<!-- more -->\n\n<p>二</p>", "一");
    split("<p>一</p>\n\n<!--MORE-->\n\n<p>二</p>", "一");
    split("<p>一<a id=\"more\"></a>二</p>", "一");
    split("<p>一</p><span id=continue-reading></span><p>二</p>", "一");
    split("<!--more--><p>一</p><p>二</p>", "一 二");

    let long = "字".repeat(300);
    assert_eq!(html(&format!("{long}\n<!--more-->\n")).summary.chars().count(), 300);
    assert_eq!(html(&long).summary.chars().count(), 201);
}

#[test]
fn markdown_is_githubs() {
    let check = |text: &str, expected: &str| assert_eq!(markdown(text).html, expected, "{text}");

    check("# 标题 {#id}\n\n*a* ~~b~~ <b>c</b>", "<h1>标题</h1>\n<p><em>a</em> <del>b</del> <b>c</b></p>");
    check("- [x] a\n- [ ] b", "<ul>\n<li>☑ \na</li>\n<li>☐ \nb</li>\n</ul>");
    check(
        "|a|b|\n|-|-:|\n|1|2|",
        "<table><thead><tr><th>a</th><th align=\"right\">b</th></tr></thead><tbody>\n\
         <tr><td>1</td><td align=\"right\">2</td></tr>\n</tbody></table>",
    );
    check("```rust\na < b\n```", "<pre><code class=\"language-rust\">a &lt; b\n</code></pre>");
    check("![图](a.png \"t\")", "<p><img src=\"https://blog.example/2024/trip/a.png\" alt=\"图\" title=\"t\"></p>");
    check("[x](javascript:alert(1))", "<p><a>x</a></p>");
    assert!(markdown("a[^1]\n\n[^1]: note").html.contains("<a href=\"https://blog.example/2024/trip/#1\">1</a>"));
}

#[test]
fn an_excess_becomes_text_with_a_reason() {
    let check = |markup, text: &str, reason: &str, line| {
        let rendered = render(&body(markup, text), &bases(), None);
        let found = rendered.diagnostics.first().map(|found| (found.code, found.message.contains(reason), found.line));
        assert_eq!(found, Some((Code::Markup, true, line)), "{reason}: {:?}", rendered.diagnostics);
        assert!(!rendered.html.contains("<b") && !rendered.html.contains("<div"), "{reason}");
        rendered
    };
    let attributes = " a".repeat(300);

    let deep = check(Markup::Html, &format!("<p>甲<b>乙</b></p>\n\n{}丙", "<div>".repeat(600)), "nested", Some(12));
    assert_eq!((&*deep.html, &*deep.summary), ("<p>甲乙</p>\n<p>丙</p>", "甲乙 丙"));
    check(Markup::Html, &format!("<p{attributes}>"), "attributes", Some(10));
    check(Markup::Html, &format!("{}{}", "<b title=i>".repeat(400), "<p>".repeat(5000)), "never closed", Some(10));
    check(
        Markup::Html,
        &format!("<b title=\"{}\">{}", "x".repeat(8000), "<p>y".repeat(5000)),
        "never closed",
        Some(10),
    );
    check(Markup::Html, &format!("<table>{}", "<br>x".repeat(20_000)), "in a table", Some(10));
    check(Markup::Html, &format!("<table>{}", "<p>x".repeat(20_000)), "in a table", Some(10));
    check(Markup::Html, &"<i><p></i></p>".repeat(10_000), "wrong order", Some(10));
    check(Markup::Html, &format!("<table>{}", "&".repeat(100_000)), "in a table", Some(10));
    check(Markup::Html, &"< ".repeat(guard::SIZE / 2), "may be markup", None);
    check(Markup::Html, &"<a>".repeat(guard::SIZE / 3), "may be markup", None);
    check(Markup::Markdown, &"a\n".repeat(guard::SIZE / 2), "may be markup", None);
    check(Markup::Html, &"<br>x".repeat(60_000), "more than 50000 tags", Some(10));
    check(Markup::Html, &"x".repeat(guard::SIZE + 1), "larger", None);
    check(Markup::Markdown, &format!("\n{}", ">".repeat(200)), "lists", Some(11));
    check(Markup::Markdown, &"- ".repeat(200), "lists", Some(10));
    let huge = check(Markup::Markdown, &format!("<b>&amp;{}", "x".repeat(guard::SIZE)), "larger", None);
    assert!(huge.html.starts_with("<pre>&lt;b&gt;&amp;amp;xxx"));
}

#[test]
fn an_excess_comes_out_the_same_when_it_is_sanitised_again() {
    let wide = " a".repeat(300);
    for (markup, text) in [
        (Markup::Html, format!("<p>&#8220;a&#8221; &nbsp;\u{a0}&lt;b&gt; AT&T &amp;lt; \r\n b\r c<p{wide}>d")),
        (Markup::Markdown, format!("\n\r\n&#8220;\u{a0}<b>\r\nc\rd\n{}", "> ".repeat(200))),
    ] {
        let once = render(&body(markup, &text), &bases(), None);
        assert_eq!(once.diagnostics.len(), 1, "{text}");
        let again = render(&body(Markup::Html, &once.html), &bases(), None);
        assert_eq!((&again.html, &again.diagnostics), (&once.html, &Vec::new()));
    }
}

#[test]
fn a_long_text_comes_out_whole() {
    let text = "é · &amp; « x — 中文 &lt; ".repeat(2000);
    assert_eq!(html(&format!("<p>{text}</p>")).html, format!("<p>{text}</p>"));
    assert_eq!(html(&"&".repeat(100_000)).html, "&amp;".repeat(100_000));
    check(&format!("<p title=\"{}\">x</p>", "y".repeat(9000)), "<p>x</p>");
}

#[test]
fn honest_bodies_are_no_excess() {
    for text in [
        "<p>段落".repeat(5000),
        format!("<ul>{}</ul>", "<li>一<ul><li>二</ul>".repeat(3000)),
        format!("<table>{}</table>", "<tr><td><b>x<td>y".repeat(3000)),
        "<p><b>x<b></p>".repeat(1000),
        format!("<dl>{}", "<dt>a<dd>b".repeat(3000)),
        "<h2>a</h2><p>b <a href=/c>d</a><br><img src=e>".repeat(3000),
        "<a href=/x>a<p>".repeat(1000),
        format!("{}x{}", "<div>".repeat(300), "</div>".repeat(300)),
    ] {
        assert_eq!(html(&text).diagnostics, [], "{}", text.chars().take(60).collect::<String>());
    }
    assert_eq!(markdown(&format!("{}\n\n{}", "- ".repeat(60), "1. a\n".repeat(3000))).diagnostics, []);
}

#[test]
fn the_digest_sees_words_only() {
    let same =
        |left: &str, right: &str| assert_eq!(significant("t", None, left), significant("t", None, right), "{left}");
    let other =
        |left: &str, right: &str| assert_ne!(significant("t", None, left), significant("t", None, right), "{left}");

    same("<p>你 好\r\n</p>", "<div class=x>你好</div><img src=y>");
    same("a<!-- <b> > -->b", "ab");
    same("a<!---->b", "ab");
    same("a <3 b", "a<3b");
    other("a<3b", "a3b");
    same("a<?x?></b><!x>c", "ac");
    other("a<b", "a");
    other("a<b c", "a");
    other("a<!-- b", "a<!-- c");
    other("a", "b");
    other("", "\u{3000}");
    assert_ne!(significant("ab", None, "c"), significant("a", None, "bc"));
    assert_ne!(significant("a", Some("b"), ""), significant("a", None, "b"));
    assert_eq!(significant("", None, "").len(), 16);
}

#[test]
fn the_first_heading_with_words_is_found() {
    let check = |markup, text, expected: Option<&str>| {
        assert_eq!(first_heading(&body(markup, text)).as_deref(), expected, "{text}");
    };

    check(Markup::Markdown, "text\n\n# A *b* `c` [d](e) #\n\n## F", Some("A b c d"));
    check(Markup::Markdown, "```\n# no\n```\n\n题目\n====\n", Some("题目"));
    check(Markup::Markdown, "    # no\n\n#\n\n#### yes {#id}", Some("yes"));
    check(Markup::Markdown, "<div><h2>A &amp; b</h2></div>\n\n# C", Some("A & b"));
    check(Markup::Markdown, "#no\n\nno", None);
    check(Markup::Html, "<h4>no</h4><H1 class=x> A&nbsp;<b>b</b><br>c &lt;3 < d\n</h1>", Some("A b c <3 < d"));
    check(Markup::Html, "<h1> </h1><script><h1>no</h1></script><h3>yes</h3>", Some("yes"));
    check(Markup::Html, "<h1>never closed", None);
}

/// Markup as it comes, and as it should never come.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z<>&\"'= /!-]{0,6}",
        "\\PC{0,4}",
        prop::sample::select(vec![
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i title=x>",
            "</i>",
            "<div>",
            "</div>",
            "<ul>",
            "<li>",
            "</ul>",
            "<table>",
            "<tr>",
            "<td>",
            "</td>",
            "</table>",
            "<a href=\"",
            "<a href=/x>",
            "</a>",
            "<img src=\"",
            "<img src=a.png>",
            "\">",
            "'>",
            "<img srcset=\"a 1x, javascript:b 2x\" data-src=c>",
            "<script>",
            "</script>",
            "<svg>",
            "</svg>",
            "<math>",
            "<style>",
            "</style>",
            "<noscript>",
            "</noscript>",
            "<iframe src=/y>",
            "</iframe>",
            "javascript:alert(1)",
            " onload=x ",
            "<!--",
            "-->",
            "<!-- more -->",
            "<video src=v poster=p>",
            "<source srcset=s>",
            "<select>",
            "<option>",
            "<h1>",
            "</h2>",
            "&#1;",
            "&lt;script>",
            "&amp;",
            "&#106;avascript:",
            "<pre>\n\n",
            "<br/>",
            "<caption>",
            "<![CDATA[",
            "\u{1}",
            "\u{0}",
            "# ",
            "> ",
            "\n\n",
            "- ",
            "[a](javascript:b)",
            "`",
            "<plaintext>",
            "<template>",
            "<frameset>",
            "<body onload=x>",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn selected(html: &Html, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).filter_map(|element| element.attr(attribute)).map(str::to_owned).collect()
}

/// What was rendered renders to itself; once more where a parser reads another tree from it than it was written from, as
/// with what was misplaced in a table, or a heading in a link in a heading (HTML §13.3).
fn check_settles(text: &str) -> Result<(), TestCaseError> {
    // A parser drops a line feed that opens a `<pre>`, each time.
    let settled =
        |html: &str| html.split("<pre>").map(|part| part.trim_start_matches('\n')).collect::<Vec<_>>().join("<pre>");
    let once = html(text).html;
    let twice = html(&once).html;
    if settled(&Html::parse_fragment(&once).root_element().inner_html()) == settled(&once) {
        prop_assert_eq!(settled(&twice), settled(&once));
    }
    prop_assert_eq!(settled(&html(&twice).html), settled(&twice));
    Ok(())
}

#[test]
fn a_heading_in_a_heading_settles() {
    check_settles("<h1><a href=/x><h1><a href=/x>").unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_goes_in_harmless_markup_comes_out(text in markup(), is_html: bool, has_bases: bool) {
        let markup = if is_html { Markup::Html } else { Markup::Markdown };
        let bases = if has_bases { bases() } else { Bases::default() };
        let rendered = render(&body(markup, &text), &bases, None);
        let tree = Html::parse_fragment(&rendered.html);

        for node in tree.tree.root().descendants() {
            if let Some(element) = node.value().as_element() {
                prop_assert!(element.name() == "html" || policy::find(element.name()).is_some(), "{}", element.name());
                for (name, value) in element.attrs() {
                    let allowed = policy::find(element.name()).is_some_and(|found| found.attributes.contains(&name));
                    prop_assert!(allowed || policy::GENERIC.contains(&name), "{name}");
                    match policy::address(name) {
                        Some(policy::Address::Link) => prop_assert!(Url::parse(value).is_ok_and(|url| urls::LINK_SCHEMES.contains(&url.scheme()))),
                        Some(policy::Address::Media) => prop_assert!(uri::is_whole(value), "{value}"),
                        Some(policy::Address::Set) => {
                            prop_assert!(urls::candidates(value).all(|found| uri::is_whole(found.url)), "{value}");
                        }
                        None => {}
                    }
                }
            }
        }
        prop_assert!(!rendered.html.contains(prepare::is_control));
        prop_assert!(!rendered.summary.contains(prepare::is_control));
        prop_assert!(!rendered.html.to_lowercase().contains("<script"));
        prop_assert_eq!(selected(&tree, "img", "src").len(), tree.select(&Selector::parse("img").expect("a selector")).count());
        prop_assert!(rendered.summary.chars().count() <= summary::MARKED_LENGTH + 1);
        if let Some(image) = rendered.image {
            prop_assert!(uri::is_whole(&image.url));
        }
        _ = first_heading(&body(markup, &text));
        _ = significant("", None, &text);
    }

    #[test]
    fn what_was_rendered_renders_to_itself(text in markup()) {
        check_settles(&text)?;
    }

    #[test]
    fn any_text_is_all_tokens(text in "\\PC*|[<>a-c/!'\" =-]*") {
        let mut tokens = token::Tokens::new(&text);
        let mut begin = 0;
        while let Some(token) = tokens.next() {
            let end = tokens.position();
            prop_assert!(begin < end, "{token:?} at {begin}");
            let written = text.get(begin..end).expect("whole characters");
            // What stands there is the token, and nothing of it is passed over.
            match token {
                token::Token::Text(inside) => prop_assert_eq!(inside, written),
                token::Token::Start(name) => prop_assert!(written.starts_with(&format!("<{name}")), "{written}"),
                token::Token::End(name) => prop_assert!(written.starts_with(&format!("</{name}")), "{written}"),
                token::Token::Comment(inside) => prop_assert!(written.contains(inside), "{written}"),
            }
            prop_assert!(written.starts_with('<') && written.ends_with('>') || matches!(token, token::Token::Text(_)));
            begin = end;
        }
        prop_assert_eq!(begin, text.len());
    }
}
