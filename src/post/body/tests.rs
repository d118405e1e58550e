use proptest::prelude::*;
use scraper::{Html, Selector};

use super::*;

fn bases() -> Bases {
    Bases {
        post: Some("https://blog.example.org/2022/post/".parse().unwrap()),
        site: Some("https://blog.example.org/".parse().unwrap()),
    }
}

fn html(text: &str) -> Body {
    Body { markup: Markup::Html, text: text.into(), line: 1 }
}

fn markdown(text: &str) -> Body {
    Body { markup: Markup::Markdown, text: text.into(), line: 1 }
}

#[test]
fn what_is_kept_and_what_goes() {
    for (input, expected) in [
        ("<p onclick=x()>a<script>b()</script></p>", "<p>a</p>"),
        ("<style>p{}</style><svg><text>x</text></svg>y", "y"),
        ("<img src=/a.jpg referrerpolicy=\"no-referrer\">", "<img src=\"https://blog.example.org/a.jpg\" referrerpolicy=\"no-referrer\">"),
        ("<img src='b.jpg'>", "<img src=\"https://blog.example.org/2022/post/b.jpg\">"),
        ("<img src='//x.org/b.jpg'>", "<img src=\"https://x.org/b.jpg\">"),
        ("<img data-original='https://x.org/b.jpg' src='data:image/gif;base64,R0'>", "<img src=\"https://x.org/b.jpg\">"),
        ("<img src='https://x.org/s.jpg' data-original='https://x.org/l.jpg'>", "<img src=\"https://x.org/s.jpg\">"),
        ("<img src='data:image/png;base64,x'>", ""),
        ("<img data-src='https://x.org/b.jpg'><noscript><img src='https://x.org/b.jpg'></noscript>", "<img src=\"https://x.org/b.jpg\">"),
        ("<noscript><img src='https://x.org/b.jpg'></noscript>", "<img src=\"https://x.org/b.jpg\">"),
        ("<a href='javascript:x()'>a</a>", "<a rel=\"noopener noreferrer\">a</a>"),
        ("<a href=' java\nscript:x()'>a</a>", "<a rel=\"noopener noreferrer\">a</a>"),
        ("<a href='../x?a=1&amp;b=2#c'>a</a>", "<a href=\"https://blog.example.org/2022/x?a=1&amp;b=2#c\" rel=\"noopener noreferrer\">a</a>"),
        ("<figure><img src='a.jpg'><figcaption>c</figcaption></figure>", "<figure><img src=\"https://blog.example.org/2022/post/a.jpg\"><figcaption>c</figcaption></figure>"),
        ("<iframe src='https://v.example/1'></iframe>", "<p><a href=\"https://v.example/1\" rel=\"noopener noreferrer\">https://v.example/1</a></p>"),
        ("<img src='a.jpg' srcset='a.jpg 1x, javascript:x 2x, /b.jpg 3x'>", "<img src=\"https://blog.example.org/2022/post/a.jpg\" srcset=\"https://blog.example.org/2022/post/a.jpg 1x, https://blog.example.org/b.jpg 3x\">"),
    ] {
        assert_eq!(render(&html(input), &bases()).html, expected, "{input}");
    }
    let nowhere = render(&html("<a href='x'>a</a><img src='b.jpg'>"), &Bases::default());
    assert_eq!(nowhere.html, "<a rel=\"noopener noreferrer\">a</a>");
}

#[test]
fn markdown_with_the_extensions_of_github() {
    let rendered = render(&markdown("# T\n\n| a |\n|---|\n| b |\n\n~~c~~ <b>d</b>\n\n- [x] e\n"), &bases());
    for part in ["<h1>T</h1>", "<td>b</td>", "<del>c</del>", "<b>d</b>", "type=\"checkbox\""] {
        assert!(rendered.html.contains(part), "{part} in {}", rendered.html);
    }
}

#[test]
fn summaries() {
    let long = "字".repeat(300);
    for (body, expected) in [
        (html("<p>one</p><p>two <b>th</b>ree &amp; &lt;b&gt;</p>"), "one two three & <b>".to_owned()),
        (markdown("intro *text*\n\n<!-- more -->\n\nrest"), "intro text".to_owned()),
        (markdown("<!--more-->rest"), String::new()),
        (html("a<a id=\"more\"></a>b"), "a".to_owned()),
        (html(&long), format!("{}…", "字".repeat(200))),
        (html(&"word ".repeat(100)), format!("{}…", "word ".repeat(40).trim())),
        (html("<script>x</script><img src='https://x.org/a.jpg'>"), String::new()),
    ] {
        assert_eq!(render(&body, &bases()).summary, expected, "{}", &body.text[..body.text.len().min(60)]);
    }
}

#[test]
fn the_first_picture_that_shows_something() {
    let body = html("<img src='https://x.org/pixel.gif' width=1 height=1><p><img src='/a.jpg' alt='一  张图'></p><img src='/b.jpg'>");
    let image = render(&body, &bases()).image.unwrap();
    assert_eq!((image.url.as_str(), image.alt.as_str()), ("https://blog.example.org/a.jpg", "一 张图"));
}

/// A body as crawlers write it.
const CRAWLED: &str = "<div>   \n愚海的回答<br><br><p data-pid=\"a\">基辅</p><figure data-size=\"normal\"><img src=\"https://pic1.example.com/v2-1_1440w.jpg\" data-rawwidth=\"1280\" class=\"origin_image\" data-original=\"https://pic1.example.com/v2-1_r.jpg\" referrerpolicy=\"no-referrer\"></figure><p><br></p><figure><img src=\"https://pic2.example.com/2.jpg\" referrerpolicy=\"no-referrer\"></figure><img src=\"https://pic3.example.com/3.jpg\" referrerpolicy=\"no-referrer\">  \n</div>\n            ";

#[test]
fn a_crawled_body_keeps_its_pictures() {
    let rendered = render(&markdown(CRAWLED), &Bases::default());
    assert_eq!(rendered.html.matches("referrerpolicy=\"no-referrer\"").count(), 3);
    assert_eq!(rendered.image.unwrap().url, "https://pic1.example.com/v2-1_1440w.jpg");
    assert_eq!(rendered.summary, "愚海的回答 基辅");
}

#[test]
fn the_digest_knows_words_not_markup() {
    let same = |a: &str, b: &str| significant("t", None, a) == significant("t", None, b);
    assert!(same("<p>a b</p>", "<div class=x>a\nb</div><!-- c -->"));
    assert!(!same("<p>a b</p>", "<p>a c</p>"));
    assert!(!same("1 < 2", "1 2"));
    assert_ne!(significant("t", None, "a"), significant("t", Some("https://x.org/"), "a"));
}

#[test]
fn headings() {
    for (body, expected) in [
        (markdown("text\n\n# One *two*\n"), Some("One two")),
        (markdown("Setext\n======\n"), Some("Setext")),
        (markdown("```\n# no\n```\n"), None),
        (html("<p>x</p><h2>A &amp; B</h2>"), Some("A & B")),
        (markdown("#### deep"), None),
    ] {
        assert_eq!(first_heading(&body).as_deref(), expected, "{}", body.text);
    }
}

#[test]
fn hostile_markup_is_refused_in_time() {
    let mib = 1 << 20;
    for (name, body) in [
        ("nesting", html(&"<div>".repeat(20_000))),
        ("attributes", html(&format!("<p {}>", "a=1 ".repeat(80_000)))),
        ("reopening", html(&("<b title=i>".repeat(400) + &"<p>x".repeat(5_000)))),
        ("length", html(&"x".repeat(2 * mib))),
        ("quotes", markdown(&">".repeat(mib))),
        ("brackets", markdown(&"[".repeat(mib))),
        ("stars", markdown(&"*a ".repeat(mib / 3))),
        ("lists", markdown(&"- ".repeat(mib / 2))),
        ("entities", markdown(&"&".repeat(mib))),
        ("comments", html(&"<!--".repeat(mib / 4))),
        ("tags", html(&"<a".repeat(mib / 2))),
        ("quotes in tags", html(&"<a b=\"".repeat(mib / 6))),
        ("ends", html(&("<i>".repeat(500) + &"</b>".repeat(mib / 8)))),
        ("tables", markdown(&"|a|\n|-|\n".repeat(mib / 16))),
    ] {
        let start = std::time::Instant::now();
        let rendered = render(&body, &bases());
        assert!(rendered.html.len() < 8 * mib, "{name}: {}", rendered.html.len());
        assert!(start.elapsed().as_secs() < 20, "{name}: {:?}", start.elapsed());
    }
}

#[test]
fn ordinary_markup_is_not_refused() {
    for text in ["<p>x".repeat(20_000), "<li>x".repeat(20_000), "<tr><td>x".repeat(9_000), "<b>x</b><p>".repeat(9_000)] {
        assert!(render(&html(&text), &bases()).diagnostics.is_empty(), "{}", &text[..20]);
    }
}

fn addresses(html: &str) -> Vec<String> {
    let document = Html::parse_fragment(html);
    let all = Selector::parse("*").unwrap();
    let mut found = Vec::new();
    for element in document.select(&all) {
        for (name, value) in element.value().attrs() {
            assert!(!name.starts_with("on") && name != "style", "{name} in {html}");
            if ["href", "src", "poster", "srcset", "cite"].contains(&name) {
                found.push(value.to_owned());
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_unsafe_ever_leaves(text in "(<(img|a|p|script|svg|iframe|video|div|noscript|!--|/p|/div|/a|/svg|/noscript)[ />]|(src|href|srcset|onclick|style|data-src|poster)=|[\"'>]|javascript:|data:|/x|//y|https://z\\.org/|\\.\\./|&#x6a;|知| |\n|\\*|`|\\[|\\]\\(|-->){0,40}") {
        for body in [html(&text), markdown(&text)] {
            for bases in [bases(), Bases::default()] {
                let rendered = render(&body, &bases);
                for address in addresses(&rendered.html) {
                    let sound = address.is_empty() || ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme));
                    prop_assert!(sound, "{} in {}", address, rendered.html);
                }
                prop_assert!(!rendered.html.contains("<script"));
                prop_assert!(rendered.summary.chars().count() <= words::EXCERPT + 1);
                prop_assert_eq!(sanitise::sanitise(&rendered.html), rendered.html.clone());
                if let Some(image) = rendered.image {
                    prop_assert!(image.url.starts_with("http"));
                }
            }
        }
        let _ = (significant("", None, &text), first_heading(&markdown(&text)));
    }

    #[test]
    fn the_pieces_are_the_whole(text in "([<>/!=\"' -]|[a-z]|<script|</script|<!--|-->){0,60}") {
        let joined: usize = tags::pieces(&text).map(|piece| match piece {
            tags::Piece::Text(text) | tags::Piece::Raw(text) | tags::Piece::Comment(text) => text.len(),
            tags::Piece::Tag(tag) => { tag.attributes().count(); tag.raw.len() }
        }).sum();
        prop_assert_eq!(joined, text.len());
    }
}
