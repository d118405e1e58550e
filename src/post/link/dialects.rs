//! What variables stand for, by generator.

use chrono::{Datelike, NaiveDateTime};

use super::{Dialect, LinkFacts};

/// Jekyll's named patterns.
pub(super) fn jekyll_style(name: &str) -> &str {
    match name {
        "date" => "/:categories/:year/:month/:day/:title:output_ext",
        "pretty" => "/:categories/:year/:month/:day/:title/",
        "ordinal" => "/:categories/:year/:y_day/:title:output_ext",
        "weekdate" => "/:categories/:year/W:week/:short_day/:title:output_ext",
        "none" => "/:categories/:title:output_ext",
        pattern => pattern,
    }
}

/// What a variable stands for; `None` if the generator has none of that name.
pub(super) fn variable(dialect: Dialect, name: &str, facts: &LinkFacts<'_>) -> Option<String> {
    match dialect {
        Dialect::Hexo => hexo(name, facts),
        Dialect::Jekyll => jekyll(name, facts),
        Dialect::Hugo => hugo(name, facts),
    }
}

/// <https://hexo.io/docs/permalinks>: a title is the file's path as it is written.
fn hexo(name: &str, facts: &LinkFacts<'_>) -> Option<String> {
    let at = facts.published;
    Some(match name {
        "title" => facts.slug.map_or_else(|| below_posts(facts), str::to_owned),
        "name" => file_stem(facts),
        "post_title" => hexo_slug(facts.title),
        "category" => match facts.categories.first() {
            Some(path) => path.iter().map(|name| hexo_slug(name)).collect::<Vec<_>>().join("/"),
            None => String::from("uncategorized"),
        },
        "i_month" => at.month().to_string(),
        "i_day" => at.day().to_string(),
        "timestamp" => at.and_utc().timestamp().to_string(),
        _ => return date(name, at),
    })
}

/// <https://jekyllrb.com/docs/permalinks/>
fn jekyll(name: &str, facts: &LinkFacts<'_>) -> Option<String> {
    let at = facts.published;
    let title = || facts.slug.map_or_else(|| undated(&file_stem(facts)).to_owned(), str::to_owned);
    Some(match name {
        "title" => jekyll_slug(&title(), true),
        "slug" => jekyll_slug(&title(), false),
        "name" => jekyll_slug(&file_stem(facts), false),
        "categories" => categories(facts).iter().map(|name| name.to_lowercase()).collect::<Vec<_>>().join("/"),
        "slugified_categories" => {
            categories(facts).iter().map(|name| jekyll_slug(name, false)).collect::<Vec<_>>().join("/")
        }
        "output_ext" => String::from(".html"),
        "short_year" => at.format("%y").to_string(),
        "i_month" => at.month().to_string(),
        "i_day" => at.day().to_string(),
        "y_day" => at.format("%j").to_string(),
        "short_month" => at.format("%b").to_string(),
        "long_month" => at.format("%B").to_string(),
        "short_day" => at.format("%a").to_string(),
        "long_day" => at.format("%A").to_string(),
        "week" => at.format("%V").to_string(),
        "w_year" => at.format("%G").to_string(),
        "w_day" => at.format("%u").to_string(),
        _ => return date(name, at),
    })
}

/// <https://gohugo.io/configuration/permalinks/>
fn hugo(name: &str, facts: &LinkFacts<'_>) -> Option<String> {
    let at = facts.published;
    let content_name = || {
        let stem = file_stem(facts);
        if stem == "index" { folders(facts).pop().unwrap_or(stem) } else { stem }
    };
    let or_slug = |other: String| facts.slug.map_or(other, str::to_owned);
    Some(match name {
        "title" => hugo_slug(facts.title),
        "slug" => hugo_slug(&or_slug(facts.title.to_owned())),
        "slugorfilename" | "slugorcontentbasename" => hugo_slug(&or_slug(content_name())),
        "filename" | "contentbasename" => hugo_slug(&content_name()),
        "section" => folders(facts).first().map(|name| hugo_slug(name)).unwrap_or_default(),
        "sections" => {
            let mut sections = folders(facts);
            if file_stem(facts) == "index" {
                sections.pop();
            }
            sections.iter().map(|name| hugo_slug(name)).collect::<Vec<_>>().join("/")
        }
        "monthname" => at.format("%B").to_string().to_lowercase(),
        "weekday" => at.weekday().num_days_from_sunday().to_string(),
        "weekdayname" => at.format("%A").to_string().to_lowercase(),
        "yearday" => at.ordinal().to_string(),
        _ => return date(name, at),
    })
}

/// The variables that all of them know.
fn date(name: &str, at: NaiveDateTime) -> Option<String> {
    let format = match name {
        "year" => "%Y",
        "month" => "%m",
        "day" => "%d",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        _ => return None,
    };
    Some(at.format(format).to_string())
}

fn file_stem(facts: &LinkFacts<'_>) -> String {
    facts.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The folders between the posts folder and the file.
fn folders(facts: &LinkFacts<'_>) -> Vec<String> {
    let parent = facts.path.parent().into_iter().flat_map(|parent| parent.iter());
    parent.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The path below `_posts`, without the ending.
fn below_posts(facts: &LinkFacts<'_>) -> String {
    let mut names = folders(facts);
    if let Some(posts) = names.iter().position(|name| name == "_posts") {
        names.drain(..=posts);
    }
    let stem = file_stem(facts);
    names.push(stem);
    names.join("/")
}

/// A name without `YYYY-MM-DD-`.
fn undated(stem: &str) -> &str {
    let mut rest = stem;
    for length in [4, 2, 2] {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fits = if length == 4 { digits == 4 || digits == 2 } else { (1..=2).contains(&digits) };
        match rest.get(digits..).and_then(|rest| rest.strip_prefix('-')) {
            Some(after) if fits => rest = after,
            _ => return stem,
        }
    }
    if rest.is_empty() { stem } else { rest }
}

/// Jekyll counts the folders above `_posts` as categories too.
fn categories(facts: &LinkFacts<'_>) -> Vec<String> {
    let mut names: Vec<String> = folders(facts).into_iter().take_while(|name| name != "_posts").collect();
    if !folders(facts).iter().any(|name| name == "_posts") {
        names.clear();
    }
    for name in facts.categories.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Hexo's slugize: control and special characters become hyphens, none doubled or at the ends.
fn hexo_slug(text: &str) -> String {
    hyphenate(text, |c| c.is_whitespace() || c.is_control() || "~`!@#$%^&*()-_+=[]{}|\\;:\"'<>,.?/".contains(c))
}

/// Jekyll's slugify, mode `pretty` (keeps `._~!$&'()+,;=@`) or `default` (letters and digits only).
fn jekyll_slug(text: &str, pretty: bool) -> String {
    let kept = |c: char| c.is_alphanumeric() || (pretty && "._~!$&'()+,;=@".contains(c));
    let slug = hyphenate(text, |c| !kept(c));
    if pretty { slug } else { slug.to_lowercase() }
}

/// Hugo's urlize: lower case, blanks become hyphens, what is no letter, digit or one of `._-+` goes.
fn hugo_slug(text: &str) -> String {
    let spaced = hyphenate(text, char::is_whitespace);
    spaced.to_lowercase().chars().filter(|c| c.is_alphanumeric() || "._-+".contains(*c)).collect()
}

/// Runs of separators become one hyphen each; none at the ends.
fn hyphenate(text: &str, is_separator: impl Fn(char) -> bool) -> String {
    text.split(is_separator).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
