use proptest::prelude::*;

use super::{
    super::{Bases, Body, Markup, Target, render},
    *,
};
use url::Url;

fn bases() -> Bases {
    Bases {
        post: Url::parse("https://blog.example/b/2024/trip/").ok(),
        site: Url::parse("https://blog.example/b/").ok(),
    }
}

fn body(markup: Markup, text: &str) -> Body {
    Body { markup, text: text.to_owned(), line: 10 }
}

/// The posts of a small site.
fn posts(name: &str) -> Option<Target> {
    let (title, link) = match name {
        "hello" => ("Hello *world*", "https://blog.example/b/hello/"),
        "2018-01-19-forums" => ("Forums", "https://blog.example/b/2018/01/19/forums.html"),
        "topics/social" => ("Social", "https://blog.example/b/topics/social/"),
        _ => return None,
    };
    Some(Target { title: title.to_owned(), link: link.to_owned() })
}

fn html_of(markup: Markup, text: &str) -> String {
    render(&body(markup, text), &bases(), Some(&posts)).html
}

/// Markdown with tags, and the HTML that feeds show.
fn check(text: &str, expected: &str) {
    assert_eq!(html_of(Markup::Markdown, text), expected, "{text}");
}

/// The same, where the text is HTML.
fn check_html(text: &str, expected: &str) {
    assert_eq!(html_of(Markup::Html, text), expected, "{text}");
}

fn expanded(text: &str) -> String {
    expand(&body(Markup::Markdown, text), &bases(), Some(&posts)).text.into_owned()
}

#[test]
fn raw_goes_and_its_content_stays() {
    check("{% raw %}{{ a.b }} *c*{% endraw %}", "<p>{{ a.b }} <em>c</em></p>");
    check("{% raw %}`{{ a.b }}`{% endraw %}", "<p><code>{{ a.b }}</code></p>");
    check("`{% raw %}{{ a.b }}{% endraw %}`", "<p><code>{{ a.b }}</code></p>");
    check("`{% raw %}{% raw %}{% endraw %}`", "<p><code>{% raw %}</code></p>");
    check(
        "{% raw %}\n```liquid\n{{ a.b }}\n```\n{% endraw %}",
        "<pre><code class=\"language-liquid\">{{ a.b }}\n</code></pre>",
    );
    check("```\n{%- raw -%}\n{% if x %}\n{%- endraw -%}\n```", "<pre><code>\n{% if x %}\n\n</code></pre>");
    check_html("<pre>{% raw %}{{ a.b }}{% endraw %}</pre>{{ a.b }}", "<pre>{{ a.b }}</pre>");
    check("a {% raw %} b", "<p>a  b</p>");
}

#[test]
fn code_keeps_its_tags() {
    let expected = "<pre><code>{% img a.png %} {{ a.b }}\n</code></pre>";
    check("```\n{% img a.png %} {{ a.b }}\n```", expected);
    check("~~~~\n{% img a.png %} {{ a.b }}\n~~~~", expected);
    check("    {% img a.png %} {{ a.b }}\n\nx", &format!("{expected}\n<p>x</p>"));
    check(
        "> ```\n> {{ a.b }}\n> ```\n\n{{ a.b }}c",
        "<blockquote>\n<pre><code>{{ a.b }}\n</code></pre>\n</blockquote>\n<p>c</p>",
    );
    check(
        "- a\n\n  ```\n  {{ a.b }}\n  ```\n- {{ a.b }}b",
        "<ul>\n<li>\n<p>a</p>\n<pre><code>{{ a.b }}\n</code></pre>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>",
    );
    check("`{{ a.b }}` ``{% if ` %}`` {{ a.b }}", "<p><code>{{ a.b }}</code> <code>{% if ` %}</code></p>");
    check("<code>{{ a.b }}</code> {{ a.b }}", "<p><code>{{ a.b }}</code></p>");
    check_html(
        "<PRE>{% x %}</PRE><code class=\"c\">{{ a.b }}</code>{% x %}",
        "<pre>{% x %}</pre><code>{{ a.b }}</code>",
    );
    check_html("```\n{{ a.b }}\n```", "```\n\n```");
}

#[test]
fn escaped_shortcodes_show() {
    check("{{</* ref \"x\" */>}}", "<p>{{&lt; ref \"x\" &gt;}}</p>");
    check("`{{%/* x */%}}` {{</* /x */>}}", "<p><code>{{% x %}}</code> {{&lt; /x &gt;}}</p>");
    check("```\n{{</* x */>}}\n{{< y >}}\n```", "<pre><code>{{&lt; x &gt;}}\n{{&lt; y &gt;}}\n</code></pre>");
    check_html("<pre>{{</* x */>}}</pre>", "<pre>{{&lt; x &gt;}}</pre>");
}

#[test]
fn code_tags_become_code() {
    check("{% img a.png %}\r\n*b*", "<img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"\">\n<p><em>b</em></p>");
    check("{{< code-tabs >}}\n```js\nx\n```\n{{< /code-tabs >}}", "<pre><code class=\"language-js\">x\n</code></pre>");
    let code = "<pre><code class=\"language-ruby\">a < b\n\n  *c*\n# `d`</code></pre>".replace("a <", "a &lt;");
    check("{% highlight ruby %}\na < b\n\n  *c*\n# `d`\n{% endhighlight %}", &code);
    check("{{< highlight ruby \"linenos=table\" >}}\na < b\n\n  *c*\n# `d`\n{{< /highlight >}}", &code);
    check("{% code lang:ruby %}\na < b\n\n  *c*\n# `d`\n{% endcode %}", &code);
    check("{%\n  highlight\n  ruby\n%}\na < b\n\n  *c*\n# `d`\n{% endhighlight %}", &code);
    check(
        "text {% highlight ruby %}*a* {{ x.y }}{% endhighlight %} text",
        "<p>text </p><pre><code class=\"language-ruby\">*a* {{ x.y }}</code></pre> text<p></p>",
    );
    check(
        "{% codeblock a.js lang:js https://x.example/ the file %}\nx\n{% endcodeblock %}\n*b*",
        "<figure><figcaption><a href=\"https://x.example/\">a.js the file</a></figcaption><pre><code class=\"language-js\">x</code></pre></figure>\n<p><em>b</em></p>",
    );
    check(
        "1. a\n\n    {% code %}\n    {\n      b\n    }\n    {% endcode %}\n\n2. c",
        "<ol>\n<li>\n<p>a</p>\n <pre><code>{\n  b\n}</code></pre>\n</li>\n<li>\n<p>c</p>\n</li>\n</ol>",
    );
    check(
        "{% highlight md %}\n```\n{% endhighlight %}\n\n{{ a.b }}c",
        "<pre><code class=\"language-md\">```</code></pre>\n<p>c</p>",
    );
    check_html(
        "{% highlight c++ %}\na && b{% endhighlight %}",
        "<pre><code class=\"language-c++\">a &amp;&amp; b</code></pre>",
    );
    check("{% include_code lang:js a.js %}", "<p><code>a.js</code></p>");
}

#[test]
fn pictures_become_pictures() {
    let img = |rest: &str| format!("<p><img src=\"https://blog.example/b/2024/trip/a.png\"{rest}></p>");
    check("{% asset_img a.png %}x", &format!("{}x</p>", img(" alt=\"\"").trim_end_matches("</p>")));
    check(
        "x {% img left a.png 100 200 \"The title\" \"The alt\" %}",
        "<p>x <img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"The alt\" title=\"The title\"></p>",
    );
    check(
        "x {% img a.png '\"The title\" \"The alt\"' %}",
        "<p>x <img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"The alt\" title=\"The title\"></p>",
    );
    check(
        "{{< figure src=\"a.png\" alt=\"b\" >}}\n*c*",
        "<img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"b\">\n<p><em>c</em></p>",
    );
    check(
        "{{< figure src=\"/a.png\" title=\"T\" caption=\"C <b>d</b>\" link=\"https://x.example/\" attr=\"by me\" attrlink=\"https://me.example/\" >}}",
        "<figure><a href=\"https://x.example/\"><img src=\"https://blog.example/a.png\" alt=\"\"></a><figcaption>T C <b>d</b> <a href=\"https://me.example/\">by me</a></figcaption></figure>",
    );
    check(
        "[{{< img src=\"a.png\" >}}](https://x.example/)",
        "<p><a href=\"https://x.example/\"><img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"\"></a></p>",
    );
    check(
        "{% include figure.html image_path=\"/a.png\" caption=\"c\" %}",
        "<figure><img src=\"https://blog.example/a.png\" alt=\"\"><figcaption>c</figcaption></figure>",
    );
    check("{{< img src=\"name-of-the-theme\" >}}x", "<p>x</p>");
    assert_eq!(
        render(&body(Markup::Markdown, "{% img a.png %}"), &bases(), None).image.map(|image| image.url).as_deref(),
        Some("https://blog.example/b/2024/trip/a.png")
    );
}

#[test]
fn links_lead_to_posts() {
    check("{% post_link hello %}", "<p><a href=\"https://blog.example/b/hello/\">Hello *world*</a></p>");
    check(
        "{% post_link hello 'the _title_' false %}",
        "<p><a href=\"https://blog.example/b/hello/\">the _title_</a></p>",
    );
    for name in ["hello.md", "hello.htm", "hello.HTML", "hello.Markdown", "hello/index.htm"] {
        let link = "<p><a href=\"https://blog.example/b/hello/\">Hello *world*</a></p>";
        check(&format!("{{% post_link {name} %}}"), link);
        assert_eq!(
            html_of(Markup::Markdown, &format!("[f]({{% link _posts/{name} %}})")),
            link.replace("Hello *world*", "f")
        );
    }
    check(
        "[f]({% post_url 2018-01-19-forums %}#x)",
        "<p><a href=\"https://blog.example/b/2018/01/19/forums.html#x\">f</a></p>",
    );
    check(
        "[f]({% link _posts/2018-01-19-forums.markdown %})",
        "<p><a href=\"https://blog.example/b/2018/01/19/forums.html\">f</a></p>",
    );
    check("[f]({% link assets/a.pdf %})", "<p><a href=\"https://blog.example/b/assets/a.pdf\">f</a></p>");
    check(
        "[s]({{< ref \"/topics/social/_index.md#a\" >}} \"t\")",
        "<p><a href=\"https://blog.example/b/topics/social/#a\" title=\"t\">s</a></p>",
    );
    check(
        "<a href=\"{{% relref path=\"topics/social\" %}}\">s</a>",
        "<p><a href=\"https://blog.example/b/topics/social/\">s</a></p>",
    );
    check("[s]({{< relref \"#a\" >}})", "<p><a href=\"https://blog.example/b/2024/trip/#a\">s</a></p>");
    check("{% post_link gone 'T' %} {% post_link gone %} {% post_url gone %}", "<p>T gone gone</p>");
    check("[f]({% post_url gone %}#x) [g]({{< unheard \"x\" >}} \"t\")", "<p><a>f</a> <a title=\"t\">g</a></p>");
    check(
        "{% link the text https://x.example/ true a title %}",
        "<p><a href=\"https://x.example/\" title=\"a title\">the text</a></p>",
    );
    check(
        "{% asset_link a.pdf 'the file' %} [p]({% asset_path b.pdf %})",
        "<p><a href=\"https://blog.example/b/2024/trip/a.pdf\">the file</a> <a href=\"https://blog.example/b/2024/trip/b.pdf\">p</a></p>",
    );
}

#[test]
fn quotations_are_markdown() {
    check("{% blockquote %}\n*a*\n{% endblockquote %}\nb", "<blockquote>\n<p><em>a</em></p>\n</blockquote>\n<p>b</p>");
    check(
        "{% blockquote David, Book https://x.example/ The page %}\na\n{% endblockquote %}",
        "<blockquote>\n<p>a</p>\n<footer>David — <cite><a href=\"https://x.example/\">The page</a></cite></footer></blockquote>",
    );
    check(
        "{{< quote author=\"Ann\" source=\"Book\" >}}*a*{{< /quote >}}",
        "<blockquote>\n<p><em>a</em></p>\n<footer>Ann — <cite>Book</cite></footer></blockquote>",
    );
    check(
        "{% quote(author=\"Ann\") %}a{% end %}b{% endquote %}",
        "<blockquote>\n<p>a</p>\n<footer>Ann</footer></blockquote>\n<p>b</p>",
    );
    check("2024 was {% cq %}a{% endcq %}", "<p>2024 was</p>\n<blockquote>\n<p>a</p>\n</blockquote>");
    check(
        "1. {% cq %}a{% endcq %}\n2. b",
        "<ol>\n<li><blockquote>\n<p>a</p>\n</blockquote>\n</li>\n<li>\n<p>b</p>\n</li>\n</ol>",
    );
    check(
        "> {% cq %}\n> a\n> {% endcq %}\n\nb",
        "<blockquote>\n<blockquote>\n<p>a</p>\n</blockquote>\n</blockquote>\n<p>b</p>",
    );
    check("{% pullquote left %}a{% endpullquote %}", "<blockquote>\n<p>a</p>\n</blockquote>");
    check("{% cq %}a{% endcq %}", "<blockquote>\n<p>a</p>\n</blockquote>");
    check("{% quote some words %}", "<blockquote>some words</blockquote>");
    check(
        "- a\n  {% cq %}\n  b\n  {% endcq %}\n- c",
        "<ul>\n<li>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>",
    );
    check_html("{% cq %}<p>a{% endcq %}b", "<blockquote><p>a</p></blockquote>b");
    check(
        "{% cq %}{% quote %}a{% endcq %}b{% endquote %}",
        "<blockquote>\n<blockquote>\n<p>a</p>\n</blockquote>\n</blockquote>\n<p>b</p>",
    );
}

#[test]
fn films_become_films_or_links() {
    let link = |url: &str| format!("<p><a href=\"{url}\">{url}</a></p>");
    check("{{< youtube dQw4w9WgXcQ >}}", &link("https://www.youtube.com/watch?v=dQw4w9WgXcQ"));
    check("{{< youtube id=\"a_b-c\" title=\"T\" >}}", "<p><a href=\"https://www.youtube.com/watch?v=a_b-c\">T</a></p>");
    check("{% youtube a_b-c %}", &link("https://www.youtube.com/watch?v=a_b-c"));
    check("{{ youtube(id=\"a_b-c\") }}", &link("https://www.youtube.com/watch?v=a_b-c"));
    check("{% include youtube.html id='a_b-c' %}", &link("https://www.youtube.com/watch?v=a_b-c"));
    check("{{< vimeo 146022717 >}}", &link("https://vimeo.com/146022717"));
    check("{% bilibili BV1x %}", &link("https://www.bilibili.com/video/BV1x"));
    check("{{< gist spf13 7896402 >}}", &link("https://gist.github.com/spf13/7896402"));
    check("{% iframe https://x.example/ 100% 300 %}", &link("https://x.example/"));
    check(
        "{% video https://x.example/a.mp4 %}",
        "<p><video src=\"https://x.example/a.mp4\" controls=\"\"></video></p>",
    );
    check("{% video https://x.example/watch %}", &link("https://x.example/watch"));
    check(
        "{% dplayer \"url=https://x.example/a.mp4\" \"pic=b.png\" %}",
        "<p><video src=\"https://x.example/a.mp4\" controls=\"\"></video></p>",
    );
    check(
        "{% aplayer \"Mr. Blue\" \"Ann\" \"a.mp3\" %}",
        "<p><audio src=\"https://blog.example/b/2024/trip/a.mp3\" controls=\"\"></audio></p>",
    );
    check("{{< youtube \"a b\" >}}x", "<p>x</p>");
}

#[test]
fn what_makes_an_address_is_known() {
    check("![a]({{ site.baseurl }}/a.png)", "<p><img src=\"https://blog.example/b/a.png\" alt=\"a\"></p>");
    check("<a href=\"{{site.url}}{{ site.baseurl }}/x\">y</a>", "<p><a href=\"https://blog.example/b/x\">y</a></p>");
    check(
        "[a]({{ '/x' | relative_url }}) [b]({{ \"x\" | absolute_url }})",
        "<p><a href=\"https://blog.example/b/x\">a</a> <a href=\"https://blog.example/b/x\">b</a></p>",
    );
    check(
        "[a]({{ \"/x\" | prepend: site.baseurl | prepend: site.url }})",
        "<p><a href=\"https://blog.example/b/x\">a</a></p>",
    );
    check(
        "[a]({{ page.url | absolute_url }}) [b]({{ \"x\" | relURL }})",
        "<p><a href=\"https://blog.example/b/2024/trip/\">a</a> <a href=\"https://blog.example/b/x\">b</a></p>",
    );
    check(
        "{% assign base = \"https://x.example/a/\" %}[a]({{base}}12)",
        "<p><a href=\"https://x.example/a/12\">a</a></p>",
    );
    check("[a]({{ site.data.x }}/y) [b](https://x.example/{{ y.z }}/)", "<p><a>a</a> <a>b</a></p>");
    check("[a]\n\n[a]: {{ site.repository }}/x", "<p><a>a</a></p>");
    check(
        "<img alt=\"{{ page.title }}\" src=\"a.png\">",
        "<p><img src=\"https://blog.example/b/2024/trip/a.png\" alt=\"\"></p>"
            .trim_start_matches("<p>")
            .trim_end_matches("</p>"),
    );
    check("{{ \"{{\" }} {{ '%}' }}", "<p>{{ %}</p>");
}

#[test]
fn other_tags_go_and_their_content_stays() {
    check("{% note info %}\n*a*\n{% endnote %}", "<p><em>a</em></p>");
    check("{% if x %}a{% elsif y %}b{% else %}c{% endif %}{% for a in (1..3) %}d{% endfor %}", "<p>abcd</p>");
    check("a{% comment %}b{% endcomment %}c{# d #}e{{< comment >}}f{{< /comment >}}", "<p>ace</p>");
    check("a {{ page.title | upcase }}{{- x -}} {{ .Site.Title }} {{ partial \"x\" . }} {{ $x }} b", "<p>a     b</p>");
    check("{% tabs x, 1 %}\n<!-- tab a -->\nb\n<!-- endtab -->\n{% endtabs %}", "<p>b</p>");
    check("{% include a.html x=\"{{ page.y }}\" %}b{{ site.z\n}}", "<p>b</p>");
}

#[test]
fn what_no_engine_takes_for_a_mark_stays() {
    for text in [
        "{%d} of {%s}",
        "\\frac{{a}}{b}",
        "x^{{n}} and x_{{n}} and ${{n}}$ and \\binom{n}{{k}}",
        "{{cite web|url=x|title=y}}",
        "{{some plain words}}",
        "{{变量}}",
        "{{a: 1, b: 2}}",
        "{{1}} {{1,2}} {{{1},{2}}} {{a,b}} {{}}",
        "{{\"a\": 1}}",
        "{{{a}",
        "{% open",
        "{{ open",
        "{{< open",
        "{# open",
        "## A {#b} {#c}",
        "}} %} {} { }",
        "&#123;&#123; a.b &#125;&#125;",
    ] {
        assert_eq!(expanded(text), text);
        assert_eq!(expand(&body(Markup::Markdown, text), &bases(), None).diagnostics, [], "{text}");
    }
}

#[test]
fn a_title_loses_only_what_is_no_words() {
    for (title, expected) in [
        ("{{ page.title }}", ""),
        ("A {{ site.title | upcase }} B{% include x %}{{< x >}}", "A  B"),
        ("The {{mustache}} and {% frobnicate %}", "The {{mustache}} and {% frobnicate %}"),
        ("How `{{ a.b }}` and `{% raw %}` work", "How `{{ a.b }}` and `{% raw %}` work"),
        ("&#123;&#123; a.b &#125;&#125;", "&#123;&#123; a.b &#125;&#125;"),
        ("a { b }", "a { b }"),
    ] {
        assert_eq!(strip(title), expected, "{title}");
    }
}

#[test]
fn each_kind_of_tag_is_told_once_with_its_line() {
    let text = "a\n\n{% note x %}\n{% note y %}{% endnote %}\n{{ page.title }} {{ page.title | upcase }}\n{% post_link gone %}{% raw %}";
    let told = render(&body(Markup::Markdown, text), &bases(), Some(&posts)).diagnostics;
    let told: Vec<_> =
        told.iter().map(|one| (one.code, one.line, one.message.split('`').nth(1).unwrap_or(""))).collect();
    assert_eq!(
        told,
        [
            (Code::TemplateTag, Some(12), "note"),
            (Code::TemplateTag, Some(14), "page.title"),
            (Code::UnknownPost, Some(15), "gone"),
            (Code::TemplateTag, Some(15), "raw"),
        ]
    );
    assert_eq!(render(&body(Markup::Markdown, "{% post_link gone %}"), &bases(), None).diagnostics, []);
    let many: Vec<_> = (0..100).map(|number| format!("{{% tag{number} %}}")).collect();
    let many = many.concat();
    assert_eq!(render(&body(Markup::Markdown, &many), &bases(), None).diagnostics.len(), REMARKS);
}

#[test]
fn what_comes_out_is_guarded() {
    let nested = format!("{}x{}", "{% quote %}".repeat(10_000), "{% endquote %}".repeat(10_000));
    let rendered = render(&body(Markup::Markdown, &nested), &bases(), None);
    assert!(rendered.diagnostics.iter().any(|one| one.code == Code::Markup));
    assert!(!rendered.html.contains("<blockquote>") && !rendered.summary.contains("{%"));
}

#[test]
fn a_hostile_text_costs_what_it_has_bytes() {
    // What is quadratic takes minutes for this.
    const SIZE: usize = 250_000;
    let mega = |piece: &str| piece.repeat(SIZE / piece.len());
    let texts = [
        mega("{%"),
        mega("{{"),
        mega("{{<"),
        mega("{#"),
        mega("{% a %}"),
        mega("{% raw %}"),
        mega("{% cq %}"),
        mega("{{ a.b }}"),
        mega("{{ \"a"),
        mega("{% post_link hello %}"),
        mega("<code>"),
        mega("<!--"),
        mega("`{{ a.b }}"),
        mega("{% highlight x %}`"),
        mega("{% img a.png %}"),
        format!("{}x{}", "{% quote %}".repeat(10_000), "{% endquote %}".repeat(10_000)),
        format!("{}{}", mega("{% include "), " ".repeat(10_000) + "%}"),
        format!("{}{}", mega("{{ a "), "}}"),
        (0..15_000).map(|number| format!("{{% code-{number} %}}")).collect::<Vec<_>>().concat(),
        format!(
            "{{% assign x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}}{}",
            "{% assign x = x | append: x %}{{x}}".repeat(20_000)
        ),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        for markup in [Markup::Markdown, Markup::Html] {
            let body = body(markup, &text);
            let bases = bases();
            let Expanded { text: out, .. } = expand(&body, &bases, Some(&posts));
            assert!(out.len() <= 3 * text.len() + 2 * ALLOWANCE, "{} of {}", out.len(), text.len());
        }
        let taken = start.elapsed();
        println!("{taken:?} {}", text.chars().take(30).collect::<String>());
        assert!(taken < std::time::Duration::from_secs(20), "{taken:?}");
    }
}

/// Texts near everything that is a mark.
fn near_marks() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{%",
            "%}",
            "{{",
            "}}",
            "{{<",
            ">}}",
            "{{%",
            "%}}",
            "{#",
            "#}",
            "{% raw %}",
            "{% endraw %}",
            "{% cq %}",
            "{% endcq %}",
            "{% highlight x %}",
            "{% endhighlight %}",
            "{{< highlight x >}}",
            "{{< /highlight >}}",
            "{{</* a */>}}",
            "{{ a.b }}",
            "{% img a.png %}",
            "{% post_link hello %}",
            "{{ site.url }}",
            "[a](",
            ")",
            "```\n",
            "~~~\n",
            "`",
            "``",
            "\n\n",
            "    ",
            "> ",
            "- ",
            "<pre>",
            "</pre>",
            "<code>",
            "</code>",
            "<!--",
            "-->",
            "\"",
            "'",
            "|",
            "end",
            "<div>\n",
            "{% quote a %}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
        "[a-z{}%<> ]{0,4}",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_expanded_within_bounds(text in near_marks(), is_html: bool) {
        let markup = if is_html { Markup::Html } else { Markup::Markdown };
        let body = body(markup, &text);
        let bases = bases();
        let once = expand(&body, &bases, Some(&posts)).text;
        prop_assert!(once.len() <= 8 * text.len() + ALLOWANCE);
        _ = render(&body, &bases, Some(&posts));
        _ = strip(&text);
        if !has_marks(&text) {
            prop_assert!(matches!(&once, Cow::Borrowed(same) if *same == text));
        }
    }

    #[test]
    fn plain_markup_passes_as_it_is(text in "(\\PC|\n|[{}] |%|<b>|`){0,60}") {
        let text = text.replace("{%", "{ %").replace("{{", "{ {").replace("{#", "{ #").replace("{{", "{ {");
        let body = body(Markup::Markdown, &text);
        prop_assert!(matches!(expand(&body, &Bases::default(), None).text, Cow::Borrowed(same) if same == text));
        prop_assert!(matches!(strip(&text), Cow::Borrowed(_)));
    }
}
