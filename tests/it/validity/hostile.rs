//! Posts that try to break a feed: everything that front matter and bodies can hold and documents must not.

use std::{fs, path::Path};

/// Texts for every field: what XML, HTML and JSON each take for markup, what they cannot carry, and what readers
/// confuse.
pub(super) const TEXTS: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<b>bold</b> & <I CLASS='x'>italic</I>",
    "a ]]> b ]]]]> c <![CDATA[ d ]]>",
    "&lt;b&gt; &amp;lt;b&amp;gt; &amp;amp;amp;",
    "&#0; &#x1; &#8; &#xB; &#x7f; &#x80; &#xFFFE; &#xFFFF;",
    "&#xD800; &#xDFFF;&#xD83D;&#xDE00; &#x110000; &#99999999999;",
    "&#x202e;drow &#x2066;isolate&#x2069; &#x200b;&#x200e;&#xfeff;",
    "\u{202e}txet\u{202c} \u{feff}\u{200b}\u{fffd}\u{e000}\u{10ffff}\u{1fffe}",
    "</title></item></channel></rss>",
    "</entry><entry> \" ' ` \\",
    "\\u0000 \\ud800 {\"a\":1} \\",
    "javascript:alert(1)",
    "中文 空格　全角 🦀 e\u{301}",
    "Vec<T> <3 a<b>c a < b > c <b",
    "<!-- comment --> <? pi ?> <!DOCTYPE html>",
    "&nbsp;&copy;&hellip;&ldquo;x&rdquo; &unknown; &amp &",
    "{{ page.title }} {% raw %} {{< ref >}} <%= x %>",
    "<a href=\"/relative\">link</a>",
    "%E7%9F%A5 %zz 100% %25",
    "https://e.example/a b|c^d{e}",
    "<p>unclosed <div attr=\"",
    "~",
    "null",
    "1.10",
    "- x",
    "[a, b]",
    "{a: b}",
    "*x",
    "&x",
    "!!tag",
    "@x",
    "%x",
    "|",
    ">",
];

/// Addresses for every field that holds one, and for every attribute of a body.
const ADDRESSES: &[&str] = &[
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java&#115;cript:alert(1)",
    "data:text/html;base64,AAAA",
    "vbscript:x",
    "file:///etc/passwd",
    "/rooted/path",
    "relative/path.png",
    "../up.png",
    "#fragment",
    "?query=1&x=2",
    "//cdn.example/x.png",
    "https://例え.jp/知乎 热榜/图 片.png?问=答#片段",
    "https://e.example/a|b^c`d{e}f[g]h\\i\"j<k>l",
    "https://e.example/?q=a|b^c`d{e}f[g]h\\i\"j<k>l",
    "https://e.example/#a|b^c`d{e}f[g]h#i",
    "https://e.example/%zz/%4/%/100%",
    "https://e.example/a%20b%E7%9F%A5?c=%26&amp;d=1&e=2",
    "https://user:pass@e.example:8443/x",
    "http://[::1]/x",
    "http://[::1",
    "https:///nohost",
    "https://e.example:99999/",
    "http:e.example/x",
    "HTTPS://E.EXAMPLE/X",
    "mailto:a@b.example",
    "ftp://e.example/x",
    "urn:isbn:1",
    "https://e.example/\u{202e}x\u{200b}",
    "https://xn--/",
    "ht tp://e.example/",
    "https://e.example/a[1]?b[2]#c[3]",
    "https://e.example/#a#b",
    "http:///e.example/x",
    ":",
    "a:b",
];

/// Values of `date`: the ends of time, and what is none.
const DATES: &[&str] = &[
    "0001-01-01",
    "0001-01-01 00:00:00 +1400",
    "0000-12-31",
    "9999-12-31",
    "9999-12-31 23:59:59 -1200",
    "10000-01-01",
    "-0001-01-01",
    "1969-12-31T23:59:59.999Z",
    "1900-02-29",
    "2016-12-31T23:59:60Z",
    "2022-02-25 24:00",
    "Fri, 30 Feb 2022 08:54:46 GMT",
    "99999999999999999999",
    "-62135596800",
    "1645779286.5",
    "NaN",
    "2022-02-25T08:54:46.123456789+08:45",
    "25/02/22",
    "<b>2022</b>",
];

/// Writes all of them below a folder.
pub(super) fn write(folder: &Path) {
    let write = |path: &str, bytes: &[u8]| {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    for (number, text) in TEXTS.iter().enumerate() {
        write(&format!("text/{number}-yaml.md"), everywhere(text).as_bytes());
        write(&format!("text/{number}-toml.html"), everywhere_in_toml(text).as_bytes());
        write(&format!("text/{number}-body.md"), body_only(text).as_bytes());
    }
    for (number, address) in ADDRESSES.iter().enumerate() {
        write(&format!("address/{number}.md"), addresses(address).as_bytes());
        write(&format!("address/{number}.html"), addresses(address).as_bytes());
    }
    for (number, date) in DATES.iter().enumerate() {
        let text =
            format!("---\ntitle: date {number}\ndate: {date}\nupdated: {date}\ncategories: [dates]\n---\ntext\n");
        write(&format!("date/{number}.md"), text.as_bytes());
    }
    for (number, body) in BODIES.iter().enumerate() {
        let text = format!("---\ntitle: body {number}\ndate: 2020-01-01\ncategories: [bodies]\n---\n{body}\n");
        write(&format!("body/{number}.md"), text.as_bytes());
        write(&format!("body/{number}.html"), text.as_bytes());
    }
    for (number, language) in LANGUAGES.iter().enumerate() {
        let text = format!("---\ntitle: language {number}\nlang: {}\ndate: 2020-02-02\n---\ntext\n", quoted(language));
        write(&format!("language/{number}.md"), text.as_bytes());
    }
    strange(&write);
}

/// A YAML scalar in double quotes, which says every character.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The text in every field of a YAML front matter, and in the body.
fn everywhere(text: &str) -> String {
    let quoted = quoted(text);
    let keys = ["title", "author", "excerpt", "slug", "permalink", "id", "lang", "image", "link"];
    let fields = keys.map(|key| format!("{key}: {quoted}\n")).concat();
    format!(
        "---\n{fields}categories:\n  - [{quoted}, sub {quoted_inside}]\n  - {quoted}\ntags: [{quoted}, {quoted}, b]\ndate: 2021-03-04\n---\n<p>{text}</p>\n\n{text}\n",
        quoted_inside = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>(),
    )
}

fn everywhere_in_toml(text: &str) -> String {
    let quoted = quoted(text);
    format!(
        "+++\ntitle = {quoted}\nauthors = [{quoted}, \"B\"]\ndescription = {quoted}\ndate = 2021-03-05\n[taxonomies]\ncategories = [{quoted}]\ntags = [{quoted}]\n+++\n{text}\n"
    )
}

/// Without a title, so that a heading or the file's name becomes one.
fn body_only(text: &str) -> String {
    format!(
        "---\ndate: 2021-03-06\n---\n# {text}\n\n{text}\n\n```\n{text}\n```\n\n`{text}`\n\n| a | {text} |\n|---|---|\n| b | c |\n"
    )
}

/// The address in every field and attribute that holds one.
fn addresses(address: &str) -> String {
    let quoted = quoted(address);
    let attribute = address.replace('"', "&quot;");
    format!(
        "---\ntitle: {quoted}\nlink: {quoted}\nimage: {quoted}\nid: {quoted}\npermalink: {quoted}\ncategories: [addresses]\ndate: 2021-04-05\n---\n\
         <base href=\"{attribute}\"><a href=\"{attribute}\">a</a> <a href='{address}'>b</a> <a href={address}>c</a>\n\
         <img src=\"{attribute}\" srcset=\"{attribute} 1x, {attribute} 2x\" data-src=\"{attribute}\" longdesc=\"{attribute}\" usemap=\"{attribute}\">\n\
         <img data-original=\"{attribute}\"><picture><source srcset=\"{attribute}\"><source srcset=\"{attribute},{attribute} 2x,\"></picture>\n\
         <video src=\"{attribute}\" poster=\"{attribute}\"><track src=\"{attribute}\"></video><audio src=\"{attribute}\"></audio>\n\
         <blockquote cite=\"{attribute}\"><q cite=\"{attribute}\">q</q><del cite=\"{attribute}\">d</del></blockquote>\n\
         <form action=\"{attribute}\"><button formaction=\"{attribute}\">x</button></form><table background=\"{attribute}\"><tr><td>x</table>\n\
         <iframe src=\"{attribute}\"></iframe><object data=\"{attribute}\"></object><link href=\"{attribute}\"><svg><a xlink:href=\"{attribute}\">x</a></svg>\n\n\
         [markdown]({address}) ![picture]({address}) <{address}>\n\n[by name][1]\n\n[1]: {address}\n"
    )
}

/// Bodies that parsers disagree about.
const BODIES: &[&str] = &[
    "<script>document.write('<b>')</script><style>p{}</style>text",
    "<p onclick=alert(1) onmouseover='x' style='position:fixed' ON<X>=1>text</p>",
    "<svg onload=alert(1)><script>x</script></svg><math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "<textarea></textarea><img src=x onerror=alert(1)></textarea><title></title><xmp></xmp><plaintext>rest <b>",
    "<!--><script>alert(1)</script>--> <!- x -> <![CDATA[ <b>x</b> ]]> <?php echo 1 ?>",
    "]]> ]]&gt; <code>a[b[0]]></code> &#93;&#93;&gt;",
    "&#0;&#x0;&#1;&#x1f;&#x7f;&#x80;&#x9f;&#xFFFE;&#xFFFF;&#xD800;&#xDBFF;&#x110000;&#xFDD0;&#x1FFFE; &NotAnEntity; &amp;#0; &amp;amp;lt;",
    "\u{202e}bidi \u{2066}x\u{2069} \u{feff}\u{200b} \u{85}\u{2028}\u{2029} \u{7f}\u{80}\u{9f}",
    "<img srcset=',,, a.png 1x,, b.png 2q, javascript:x 3x,https://e.example/a,b.png 640w, https://e.example/c.png'>",
    "<img srcset='https://e.example/a.png 1x,https://e.example/b.png 2x'><img srcset='https://e.example/a b.png 2x'><img src='https://e.example/a.png' srcset=' '>",
    "<base href='https://evil.example/'><a href='x'>x</a><base target=_blank>",
    "<p>1<p>2<div>3</p>4</div></span></b><i><b>5</i>6</b><table><b>7<tr><td>8<p>9</table>10",
    "<a href='https://e.example/'><a href='https://e.example/2'>nested</a></a><h1><h2>x</h1>",
    "<p lang='zh_CN' dir=sideways title='<script>' class=\"a&quot;b\" id=x name=y data-x=1 aria-label=z>x</p>",
    "<td align=\"left\" colspan=99999999999>x</td><li value=-1><ol start=x type=q reversed><col span=0>",
    "<iframe src='https://e.example/'></iframe><embed src=x><object data=x><param name=movie value=x></object><applet code=x>",
    "<form action=x><input onfocus=alert(1) autofocus><select><option>x</select></form><button>b</button>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><link rel=stylesheet href=x>",
    "<a href=\"https://e.example/?a=1&b=2&copy=3&amp;lt=4&lt\">x</a> a &lt b &copy 2022 AT&T",
    "<P><B>UPPER</B><IMG SRC='HTTPS://E.EXAMPLE/X.PNG'></P><br/><br / ><hr/ >",
    "<p a=1 a=2 A=3 '=x \"=y =z <=w>x</p>",
    "< b>not a tag</ b> <1> <> </> <-> <a<b>",
    "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby><details open><summary>s</summary>d</details><mark>m</mark>",
    "<figure><img src=https://e.example/x.png alt='a \"b\" <c> &amp;amp; d'><figcaption>&lt;b&gt;</figcaption></figure>",
    "<template><p>x</p></template><slot>y</slot><canvas>z</canvas><dialog open>d</dialog><frameset><frame src=x></frameset>",
    "<!-- more --><p>after</p>",
    "",
    "   \n\n\t ",
    "<img>",
    "<script>x</script>",
    "| a | <script> |\n|--|--|\n| `]]>` | [x](javascript:y) |\n\n- [ ] task\n\n~~s~~ https://auto.example/知 www.x.example\n\n[^1]: note\n\nx[^1] <https://e.example/知?a|b>",
    "# <b>heading</b> & `<code>` {#id .class onclick=x}\n\n[relative](./a.md) ![](b.png \"t\\\"itle\") [anchor](#x)\n\n    indented <b>code</b> ]]>\n",
    "[a]: https://e.example/a_(b)_c\n\n[a] [x](<https://e.example/a b>) [y](https://e.example/\\)z) ![z](<javascript:x>)",
];

const LANGUAGES: &[&str] = &[
    "zh-CN",
    "zh_CN",
    "chinese",
    "Chinese (Simplified)",
    "english",
    "a",
    "en-",
    "en-x",
    "en-US-US",
    "i-klingon",
    "中文",
    "x-private",
    "en_US.UTF-8",
    "<b>en</b>",
    "verylongtag",
    "en-a-bbb",
    "en-a",
    "zh-Hant-TW",
    "de-1996",
    "",
];

/// What is not told by fields: file names, sizes, encodings, broken front matter.
fn strange(write: &impl Fn(&str, &[u8])) {
    let post = |title: &str, rest: &str| format!("---\ntitle: {}\ndate: 2019-05-06\n---\n{rest}\n", quoted(title));
    let long = "长".repeat(350_000);
    write("strange/long-title.md", post(&long, "x").as_bytes());
    write("strange/long-heading.md", format!("---\ndate: 2019-05-07\n---\n# {long}\n").as_bytes());
    write("strange/long-word.md", post("long word", &"x".repeat(300_000)).as_bytes());
    write("strange/deep.md", post("deep", &"<div>".repeat(3000)).as_bytes());
    write("strange/many-attributes.md", post("attributes", &format!("<p {}>x", "a=1 ".repeat(3000))).as_bytes());
    write("strange/control.md", b"---\ntitle: \"a\x01b\x08c\x0bd\x0ce\x1ff\x7f\"\ndate: 2019-05-08\n---\n<p>\x01\x02\x0b\x0c\x1f\x7f\xc2\x80\xef\xbf\xbe\xef\xbf\xbf</p>\n");
    write("strange/nul.md", b"---\ntitle: nul\ndate: 2019-05-09\n---\na\0b\n");
    write("strange/crlf.md", b"\xef\xbb\xbf---\r\ntitle: crlf\r\ndate: 2019-05-10\r\n---\r\n<p>a\r\nb\rc</p>\r\n");
    write("strange/latin1.md", b"---\ntitle: caf\xe9 cr\xe8me\ndate: 2019-05-11\n---\nna\xefve d\xe9j\xe0 vu\n");
    write("strange/gb18030.md", b"---\ntitle: \xd6\xd0\xce\xc4\xb1\xea\xcc\xe2\ndate: 2019-05-12\n---\n\xd6\xd0\xce\xc4\xb1\xea\xcc\xe2\xd5\xfd\xce\xc4\n");
    write(
        "strange/yaml-in-html.html",
        b"---\ntitle: 'yaml in html'\ndate: 2019-05-13\n---\n<pre>\n---\ntitle: <b>inner</b>\n---\n</pre><p>---</p>\n",
    );
    write("strange/html-in-yaml.md", "---\ntitle: |\n  <h1>T</h1>\n  <p>two\nexcerpt: >\n  <p>folded</p>\n  ]]> &lt;\ndescription: <b>d</b>\nauthor: {name: \"<b>A</b>\", email: \"<x@y>\", url: \"javascript:x\"}\nauthors: [{name: \"B\\0\\x01\"}, \"<c>\", [d]]\ntags: \"<b>t</b>, &amp;amp;, ]]>\"\ncategories: [[\"<b>\", \"</b>\"], [\"/\", \"..\", \".\", \"\\0\"], \"a/b\", \"\u{202e}x\"]\ndate: 2019-05-14\n---\nx\n".as_bytes());
    write("strange/only-markup.md", post("<b></b><i></i>", "<p></p>").as_bytes());
    write("strange/only-control.md", post("\u{1}\u{2}", "&#1;").as_bytes());
    write("strange/only-spaces.md", post(" \u{3000}\u{a0} ", "&nbsp;").as_bytes());
    write(&format!("strange/{}.md", "n".repeat(252)), post("name of 255 bytes", "x").as_bytes());
    write(&format!("strange/{}.md", "名".repeat(84)), post("名 of 255 bytes", "x").as_bytes());
    write("strange/<b>&amp;\"'` ]]> %41#?|^{}[]\\.md", b"---\ndate: 2019-05-15\n---\nthe name is the title\n");
    write("strange/\u{202e}dm.\u{1}\t\n.md", b"---\ndate: 2019-05-16\n---\nthe name is the title\n");
    write("知 乎/热榜/index.md", b"---\ndate: 2019-05-17\n---\nthe folder is the title\n");
    for (number, category) in [
        "rss.xml",
        "direct",
        "archive-1",
        ".",
        "..",
        "a/b",
        "%41",
        "%E7%9F%A5",
        "C#?",
        "x\\y",
        &"长".repeat(100),
        "\u{1}",
        "_",
        "e\u{301}",
        "é",
        "<b>",
        "&amp;",
        "opml.xml",
        "CON",
        "a|b^c`d{e}",
    ]
    .iter()
    .enumerate()
    {
        let category = quoted(category);
        let text = format!(
            "---\ntitle: category {number}\ndate: 2019-06-07\ncategories: [[top, {category}, below], {category}]\n---\nx\n"
        );
        write(&format!("category/{number}.md"), text.as_bytes());
    }
    // One id, one link, one title for several.
    for number in 0..3 {
        let text = format!(
            "---\ntitle: same\nid: https://e.example/same\nlink: https://e.example/same\ndate: 2019-07-08\n---\n{number}\n"
        );
        write(&format!("same/{number}.md"), text.as_bytes());
    }
}
