use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::*;
use crate::post::{
    category::ListRule,
    date::{StampRule, Timezone},
    id::IdRule,
};

/// A folder with a configuration in it, `base/posts` and `base/blog` beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("feedwright.yaml"), text).unwrap();
        Self { folder }
    }

    fn loader(&self, overrides: Overrides) -> Loader {
        let path = self.folder.path().to_owned();
        let surroundings = Surroundings {
            state: path.join("state"),
            timezone: Timezone::named("Europe/Berlin").unwrap(),
            socket: false,
            directory: path.clone(),
        };
        Loader { file: Some(path.join("feedwright.yaml")), overrides, surroundings }
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        self.loader(Overrides::default()).load()
    }

    /// A text with this place's path taken out.
    fn anywhere(&self, text: &str) -> String {
        let real = self.folder.path().canonicalize().unwrap();
        text.replace(&*real.to_string_lossy(), "DIR").replace(&*self.folder.path().to_string_lossy(), "DIR")
    }
}

/// Those without a configuration: posts in `posts` below a place, the state in `state`.
pub(crate) fn settings_at(place: &Path) -> Settings {
    let surroundings = Surroundings {
        directory: place.to_owned(),
        state: place.join("state"),
        timezone: Timezone::UTC,
        socket: false,
    };
    let overrides = Overrides { posts: vec![place.join("posts")], ..Overrides::default() };
    Loader { file: None, overrides, surroundings }.load().and_then(Loaded::into_settings).unwrap()
}

fn settings(text: &str) -> Settings {
    Place::with(text).load().and_then(Loaded::into_settings).unwrap()
}

#[test]
fn errors_name_file_place_key_and_cure() {
    let table = [
        ("tittle: x", "1:1: tittle: unknown key `tittle`; did you mean `title`?"),
        (
            "posts:\n  - path: a\n    categories:\n      lst: flat",
            "4:7: posts[0].categories.lst: unknown key `lst`; did you mean `list`?",
        ),
        (
            "title: a\ntimezone: UTC",
            "2:1: timezone: `timezone` belongs to a folder: put it into an item of `posts`, or under `defaults`",
        ),
        (
            "posts:\n  - path: a\n    output: b",
            "3:5: posts[0].output: `output` concerns all folders: put it at the start of a line",
        ),
        ("window: {xyz: 1}", "1:10: window.xyz: unknown key `xyz`; known are entries, hours, max_entries, max_size"),
        (
            "posts:\n  - path: a\n    preset: hexxo",
            "3:13: posts[0].preset: unknown value `hexxo`; did you mean `hexo`?",
        ),
        (
            "posts:\n  - {path: a, volatile: [dates]}",
            "2:26: posts[0].volatile[0]: unknown value `dates`; did you mean `date`?",
        ),
        ("window: {entries: many}", "1:19: window.entries: expected a whole number"),
        ("window: 50", "1:9: window: expected keys and values (`key: value`)"),
        ("posts: a", "1:8: posts: expected a list (`- …` lines, or `[…]`)"),
        ("title: [a]", "1:8: title: expected a text"),
        ("title:\n  x: y", "2:3: title.x: expected a text"),
        ("title: a\ntitle: b", "2:1: title: `title` stands twice: remove one of them"),
        ("title: a\n---\ntitle: b", "3:1: title: a second document begins here: remove the `---` before it"),
        ("- a", "1:1: expected keys and values (`key: value`)"),
        (
            "max_age: 300",
            "1:10: max_age: `300` is no duration: write a number and a unit, such as `90 s`, `5 min`, `6 h`, `2 days`",
        ),
        (
            "cache_size: big",
            "1:13: cache_size: `big` is no size: write a number and a unit, such as `512 KiB`, `64 MiB`, `1 GiB`",
        ),
        ("scan_interval: 0", "1:16: scan_interval: looking without a pause serves nobody: write `1 h`, or `10 s`"),
        (
            "base_url: feeds.example.org",
            "1:11: base_url: `feeds.example.org` is no address: write it in full, such as `https://blog.example.org/`",
        ),
        (
            "base_url: ftp://e.org/",
            "1:11: base_url: `ftp://e.org/` is no http or https address: write it in full, such as `https://blog.example.org/`",
        ),
        (
            "base_url: https://e.org/?a",
            "1:11: base_url: `https://e.org/?a` has a `?` or `#`, and addresses are built under it: write only what comes before",
        ),
        (
            "listen: localhost",
            "1:9: listen: `localhost` is no address to listen on: write an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`, or `fd`",
        ),
        ("language: zh_CN", "1:11: language: `zh_CN` is no language tag; did you mean `zh-CN`?"),
        ("title: ''", "1:8: title: every feed needs one: write some words, or remove the key"),
        (
            "window: {max_entries: 5}",
            "1:23: window.max_entries: this is less than `entries`: raise it, or lower the other",
        ),
        (
            "defaults: {timezone: Asia/Shangai}",
            "1:22: defaults.timezone: unknown zone `Asia/Shangai`; did you mean `Asia/Shanghai`?",
        ),
        (
            "defaults: {path: a}",
            "1:18: defaults.path: `path` differs from folder to folder: put it into an item of `posts`",
        ),
        (
            "posts:\n  - path: a\n    timezone: 北京",
            "3:15: posts[0].timezone: unknown zone `北京`: write a name such as `Asia/Shanghai` or `Europe/Berlin`",
        ),
        (
            "posts: [{path: a, encoding: utf9}]",
            "1:29: posts[0].encoding: unknown encoding `utf9`: write one such as `gb18030`, `big5`, `shift_jis`, `windows-1252`",
        ),
        (
            "posts: [{path: a, permalink: ':title'}]",
            "1:30: posts[0].permalink: a permalink pattern needs the address of the blog: add `site_url: https://blog.example.org/`",
        ),
        (
            "posts: [{path: a, site_url: 'https://e.org', permalink: 'x'}]",
            "1:57: posts[0].permalink: the permalink pattern `x` has no variable: give it some, as in `:year/:month/:day/:title/`",
        ),
        (
            "posts: [{path: a, exclude: [ok, '[']}]",
            "1:33: posts[0].exclude[1]: `[` is no glob: unclosed character class; missing ']'; write it like `*.txt` or `old/**`",
        ),
        ("posts: [{name: a}]", "1:9: posts[0]: there is no `path`: say which folder this is, as `path: /srv/posts`"),
        (
            "posts: [{path: a}, {path: b}]",
            "1:9: posts[0]: with several folders each needs a `name`, which becomes part of every id: choose it once, such as `name: blog`",
        ),
        (
            "posts:\n- {path: a, name: x}\n- {path: b, name: x}",
            "3:19: posts[1].name: two folders are called `x`: choose another name for one",
        ),
        (
            "posts: [{path: a, name: a/b}]",
            "1:25: posts[0].name: `a/b` is no name: use letters, digits and dashes, such as `blog`",
        ),
        (
            "posts:\n- {path: a, name: x}\n- {path: a/b/../c, name: y}",
            "3:10: posts[1].path: DIR/a/c and DIR/a (posts[0].path) contain each other: name one of them, or folders that lie beside each other",
        ),
        (
            "output: a/out\nposts: [{path: a}]",
            "1:9: output: the output DIR/a/out and the posts folder DIR/a contain each other: choose another output folder",
        ),
        (
            "output: .\nposts: [{path: a}]",
            "1:9: output: the output DIR and the posts folder DIR/a contain each other: choose another output folder",
        ),
        (
            "state: a/s\nposts: [{path: a}]",
            "1:8: state: the state folder DIR/a/s lies inside the posts folder DIR/a: choose another one",
        ),
        (
            "state: out/s\noutput: out",
            "1:8: state: the state folder DIR/out/s lies inside the output DIR/out, where everybody can read it: choose another one",
        ),
        (
            "categories: {names: {a: {language: '?'}}}",
            "1:36: categories.names.a.language: `?` is no language tag: write one such as `en`, `de` or `zh-CN`",
        ),
        ("title: 'a", "1:8: this is no valid YAML: unclosed quote"),
        ("title: a\n\tb: c", "1:8: this is no valid YAML: while scanning a plain scalar, found a tab"),
    ];
    for (text, expected) in table {
        refuses(text, expected);
    }
}

fn refuses(text: &str, expected: &str) {
    let place = Place::with(text);
    let error = place.load().and_then(Loaded::into_settings).unwrap_err();
    assert_eq!(place.anywhere(&error.to_string()), format!("DIR/feedwright.yaml:{expected}"), "{text}");
}

#[test]
fn who_may_ask_is_written_strictly() {
    for (text, expected) in [
        (
            "admin: nobody",
            "1:8: admin: `nobody` shows nobody the status: write `loopback`, `public`, or an IP address and a port of their own, such as `127.0.0.1:9090`",
        ),
        (
            "admin: 127.0.0.1:8080",
            "1:8: admin: the feeds are served on 127.0.0.1:8080 too: choose another port, or write `public`",
        ),
        ("max_connections: 0", "1:18: max_connections: nobody could fetch a feed: write at least 1, or leave it out"),
        (
            "poll_limit: {requests: 30}",
            "1:13: poll_limit: a limit is a number in a time: write both, as `{requests: 30, per: 10 min}`",
        ),
        (
            "poll_limit: {requests: 0, per: 1 h}",
            "1:24: poll_limit.requests: a reader must fetch a feed once before it knows what it has: write at least 1",
        ),
        (
            "poll_limit: {requests: 1, per: 2 days}",
            "1:32: poll_limit.per: readers wait that long after a mistake: write between `1 s` and `1 day`",
        ),
        (
            "poll_limit: {requests: 1, per: 60}",
            "1:32: poll_limit.per: `60` is no duration: write a number and a unit, such as `90 s`, `5 min`, `6 h`, `2 days`",
        ),
        (
            "trusted_proxies: [127.0.0.1, 10.0.0.1/8]",
            "1:30: trusted_proxies[1]: `10.0.0.1/8` names one address and many: write `10.0.0.0/8` or `10.0.0.1`",
        ),
    ] {
        refuses(text, expected);
    }
}

#[test]
fn a_configuration_without_folders_needs_one() {
    for text in ["", "# nothing\n", "posts:\n", "posts: []\n", "title: x\n"] {
        let place = Place::with(text);
        let error = place.load().and_then(Loaded::into_settings).unwrap_err();
        assert!(error.to_string().contains("there is no posts folder"), "{text}: {error}");
    }
}

#[test]
fn words_that_feeds_show_are_plain_text() {
    let settings = settings(
        "posts: [{path: a}]\ntitle: R&amp;D <b>now</b>, Vec<T>\ndescription: ' a  <br> b '\nauthor: <i>Ada</i>\n\
         categories: {names: {x: {title: <b>X</b>, description: <b></b>}}}\n",
    );
    let site = &settings.site;
    assert_eq!((&*site.title, &*site.description, site.author.as_deref()), ("R&D now, Vec<T>", "a b", Some("Ada")));
    assert_eq!((settings.names[0].title.as_deref(), &settings.names[0].description), (Some("X"), &None));
}

#[test]
fn a_crawler() {
    let settings = settings(
        "base_url: https://feeds.example.org/\nposts:\n  - path: /srv/crawler/_posts\n    preset: crawler\n    \
         timezone: Asia/Shanghai\n",
    );
    let folder = &settings.folders[0];
    assert_eq!(settings.base_url.unwrap().as_str(), "https://feeds.example.org/");
    assert_eq!(folder.path, Path::new("/srv/crawler/_posts"));
    assert_eq!(folder.read.folder, "posts");
    assert_eq!(folder.read.dates.timezone.name(), "Asia/Shanghai");
    assert_eq!(folder.read.dates.stamps, StampRule::AnyZone { holds_future: false });
    assert_eq!(folder.volatile, Volatile { date: true, image: true });
    assert_eq!((folder.on_delete, folder.path_reuse, folder.future), (OnDelete::Keep, PathReuse::New, Future::Publish));
    assert_eq!(folder.read.categories.uncategorised.as_deref(), Some("uncategorised"));
}

#[test]
fn a_hexo_blog_behind_a_path_prefix() {
    let settings = settings(
        "base_url: https://blog.example.org/feeds\nposts:\n  - path: /home/me/blog/source/_posts\n    preset: hexo\n    \
         site_url: https://blog.example.org/\n    permalink: \":year/:month/:day/:title/\"\n    ids: permalink\n",
    );
    let folder = &settings.folders[0];
    assert_eq!(settings.base_url.unwrap().path(), "/feeds/");
    assert_eq!(folder.read.links.site_url.as_ref().unwrap().as_str(), "https://blog.example.org/");
    assert!(folder.read.links.permalink.is_some());
    assert_eq!(folder.read.ids, IdRule::Permalink);
    assert_eq!(folder.volatile, Volatile::default());
    assert_eq!(folder.read.dates.timezone.name(), "Europe/Berlin");
}

#[test]
fn several_folders_of_different_presets() {
    let settings = settings(
        "posts:\n  - {path: a, name: crawled, preset: crawler, future: hold}\n  - {path: b, name: blog, preset: jekyll, \
         site_url: 'https://e.org'}\n  - {path: c, name: site, on_delete: auto}\ndefaults: {preset: hugo, on_delete: remove, \
         categories: {aliases: {a: b}}}\n",
    );
    let [crawled, blog, site] = &settings.folders[..] else { panic!("three folders") };
    assert_eq!((crawled.on_delete, crawled.future), (OnDelete::Remove, Future::Hold));
    assert_eq!(crawled.read.dates.stamps, StampRule::AnyZone { holds_future: true });
    assert_eq!((blog.read.ids, blog.read.categories.list), (IdRule::JekyllFeed, ListRule::Flat));
    assert!(blog.read.links.permalink.is_some());
    assert_eq!((site.on_delete, site.read.categories.list), (OnDelete::Auto, ListRule::Flat));
    assert_eq!(site.read.categories.aliases, [(vec!["a".into()], vec!["b".into()])].into());
}

#[test]
fn relative_paths_start_at_the_file_and_defaults_in_the_working_directory() {
    let place = Place::with("posts: [{path: ../posts}]\n");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut loader = place.loader(Overrides::default());
    loader.surroundings.directory = elsewhere.path().to_owned();
    let settings = loader.load().unwrap().into_settings().unwrap();
    assert_eq!(settings.folders[0].path, place.folder.path().parent().unwrap().join("posts"));
    assert_eq!(settings.output, elsewhere.path().join("feeds"));
    assert_eq!(settings.state, place.folder.path().join("state"));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn the_command_line_wins() {
    let place = Place::with("posts: [{path: a, timezone: UTC, name: own}]\noutput: x\ndefaults: {language: de}\n");
    let over = |posts: &[&str]| Overrides {
        posts: posts.iter().map(Into::into).collect(),
        output: Some("out".into()),
        state: Some("st".into()),
        listen: Some("fd".parse().unwrap()),
        base_url: Some(web_address("https://e.org/x").unwrap()),
    };
    let load = |posts: &[&str]| place.loader(over(posts)).load().and_then(Loaded::into_settings);
    let settings = load(&["b"]).unwrap();
    let here = place.folder.path();
    assert_eq!((settings.output, settings.state), (here.join("out"), here.join("st")));
    assert_eq!((settings.listen, settings.base_url.unwrap().path()), (Listen::Passed, "/x/"));
    let [folder] = &settings.folders[..] else { panic!("one folder") };
    assert_eq!((&folder.path, folder.read.folder.as_str()), (&here.join("b"), "posts"));
    assert_eq!(folder.read.language.as_deref(), Some("de"));
    // A configured folder stays what it is configured to be.
    assert_eq!(load(&["./a/"]).unwrap().folders[0].read.folder, "own");
    let names: Vec<_> =
        load(&["x/one", "two"]).unwrap().folders.iter().map(|folder| folder.read.folder.clone()).collect();
    assert_eq!(names, ["one", "two"]);
    let error = load(&["x/one", "y/one"]).unwrap_err().to_string();
    assert_eq!(error, "POSTS: two folders are called `one`: give them names in a configuration file");
    let error = load(&["out"]).unwrap_err().to_string();
    assert!(error.starts_with("--output: the output "), "{error}");
}

#[test]
fn who_asks_is_limited_as_configured() {
    let unlimited = settings("posts: [{path: a}]\n");
    assert_eq!((unlimited.admin, unlimited.poll_limit), (Admin::Loopback, None));
    assert_eq!(unlimited.trusted_proxies, []);
    let limited = settings(
        "admin: '[::1]:9090'\npoll_limit: {requests: 30, per: 10 min}\ntrusted_proxies: [127.0.0.1, 'fd00::/8']\n\
         posts: [{path: a}]\n",
    );
    assert_eq!(limited.admin.address(), "[::1]:9090".parse().ok());
    assert_eq!(limited.poll_limit, Some(serve::Limit { requests: 30, per: Duration::from_mins(10) }));
    assert_eq!(limited.trusted_proxies.len(), 2);
    // Both may ask the system for a port.
    let listen = Overrides { listen: "127.0.0.1:0".parse().ok(), ..Overrides::default() };
    let place = Place::with("admin: 127.0.0.1:0\nposts: [{path: a}]\n");
    assert!(place.loader(listen).load().and_then(Loaded::into_settings).is_ok());
}

#[test]
fn a_passed_socket_is_taken_unless_an_address_is_configured() {
    for (text, expected) in [("", "fd"), ("listen: '[::1]:80'", "[::1]:80")] {
        let place = Place::with(text);
        let mut loader = place.loader(Overrides::default());
        loader.surroundings.socket = true;
        assert_eq!(loader.load().unwrap().settings().listen.to_string(), expected);
    }
}

#[test]
fn presets() {
    for preset in ["plain", "crawler", "hexo", "jekyll", "hugo", "zola"] {
        let place = Place::with(&format!("posts: [{{path: p, preset: {preset}, site_url: 'https://e.org/'}}]\n"));
        let yaml = place.load().unwrap().to_yaml().unwrap();
        let folder: Vec<&str> = yaml.lines().take_while(|line| !line.starts_with("output")).collect();
        insta::assert_snapshot!(preset, place.anywhere(&folder.join("\n")));
    }
}

#[test]
fn what_is_resolved_is_a_configuration_that_says_the_same() {
    let place = Place::with(
        "posts:\n- {path: a, name: x, preset: jekyll, exclude: ['tag:x', 'category:a/b', '*.x'], keys: {y: image}}\n- {path: b, \
         name: y, window: {entries: 3}, categories: {uncategorised: none, names: {c/d: {slug: e}}, aliases: {x: ''}}}\n\
         categories: {names: {社交媒体: {slug: social}}}\ndelete_grace: 1h 30m\n",
    );
    let first = place.load().unwrap();
    let second = Place::with(&first.to_yaml().unwrap()).load().unwrap();
    assert_eq!(format!("{:?}", second.settings()), format!("{:?}", first.settings()));
}

#[test]
fn what_a_window_leaves_unsaid_is_as_in_the_main_one() {
    let settings = settings(
        "window: {hours: 24, max_size: 2 MiB}\nposts: [{path: a, window: {entries: 3}}]\nfeeds: {f: {any: ['tag:x'], window: \
         {hours: 1}}}\n",
    );
    let main = Window { hours: 24, max_bytes: 2 << 20, ..Window::default() };
    assert_eq!(settings.window, main);
    assert_eq!(settings.folders[0].window, Some(Window { entries: 3, ..main }));
    assert_eq!(settings.feeds[0].window, Some(Window { hours: 1, ..main }));
}

#[test]
fn categories_have_names_wherever_they_stand() {
    let settings = settings(
        "posts: [{path: a, categories: {names: {x/y: {slug: z}}}}]\ncategories: {names: {'a\\/b': {title: T}}}\n",
    );
    let paths: Vec<_> = settings.names.iter().map(|name| name.path.clone()).collect();
    assert_eq!(paths, [vec!["a/b".to_owned()], vec!["x".to_owned(), "y".to_owned()]]);
}

/// The default configuration with its examples uncommented: lines with `#` and a letter, or `#` and two blanks.
fn examples() -> String {
    let is_example = |line: &str| {
        line.strip_prefix('#')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()) || rest.starts_with("  "))
    };
    let lines = DEFAULT.lines().map(|line| if is_example(line) { &line[1..] } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_default_configuration_is_valid_and_so_are_its_examples() {
    let place = Place::with(DEFAULT);
    assert_eq!(place.load().unwrap().settings().folders.len(), 0);
    let settings = Place::with(&examples()).load().and_then(Loaded::into_settings).unwrap();
    assert_eq!(settings.folders.len(), 2);
}

#[test]
fn the_default_configuration_shows_every_key() {
    let mut keys = BTreeSet::new();
    let schema = schema().to_value();
    collect(&schema, &mut keys);
    assert!(keys.len() > 40, "{keys:?}");
    let examples: BTreeSet<String> = positions::Positions::of(&examples()).keys();
    let missing: Vec<_> = keys.difference(&examples).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The names of all properties of a schema.
fn collect(schema: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(serde_json::Value::as_object) {
                keys.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| collect(value, keys));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| collect(value, keys)),
        _ => {}
    }
}

/// Every value but maps, by its key path.
fn values(at: &str, value: &serde_json::Value) -> BTreeMap<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => {
            map.iter().flat_map(|(key, value)| values(&format!("{at}.{key}"), value)).collect()
        }
        value => BTreeMap::from([(at.trim_start_matches('.').to_owned(), value.clone())]),
    }
}

/// What the default configuration shows an example of, because there is none by default, or it is not told.
const EXAMPLES: [&str; 27] = [
    "author",
    "base_url",
    "categories",
    "defaults.access",
    "defaults.categories.aliases",
    "defaults.categories.names",
    "defaults.category_prefix",
    "defaults.encoding",
    "defaults.exclude",
    "defaults.include",
    "defaults.keys",
    "defaults.language",
    "defaults.permalink",
    "defaults.permalink_timezone",
    "defaults.site_url",
    "defaults.window",
    "feeds",
    "icon",
    "language",
    "logo",
    "output",
    "poll_limit",
    "posts",
    "redirects",
    "state",
    "tokens",
    "trusted_proxies",
];

#[test]
fn values_in_the_default_configuration_are_the_defaults() {
    let parse = |text: &str| serde_yaml::from_str::<serde_json::Value>(text).unwrap();
    let shown = parse(&examples());
    let place = Place::with("posts: [{path: a}]\n");
    let mut resolved = parse(&place.load().unwrap().to_yaml().unwrap());
    resolved["defaults"] = resolved["posts"][0].clone();
    let defaults = values("", &resolved);
    let is_example = |key: &str| {
        EXAMPLES
            .iter()
            .any(|example| key.strip_prefix(example).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    for (key, value) in values("", &shown).iter().filter(|(key, _)| !is_example(key)) {
        assert_eq!(defaults.get(key), Some(value), "{key}");
    }
}

#[test]
fn a_drop_in_opens_what_the_unit_hides_and_nothing_else() {
    let directives = |text: &str| -> Vec<String> {
        let place = Place::with(text);
        let here = place.loader(Overrides::default());
        let surroundings = Surroundings::of_unit(&here.surroundings);
        let loader = Loader { surroundings, ..here };
        let unit = drop_in(&loader.load().unwrap().into_settings().unwrap());
        unit.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
    };
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(directives(text), [&["[Service]"], expected].concat(), "{text}");
    };

    check("posts: [{path: /srv/crawler/_posts}]\n", &[]);
    check("posts: [{path: /srv/posts}]\noutput: /var/lib/feedwright/out\n", &[]);
    check("posts: [{path: /srv/posts}]\noutput: /srv/www/feeds\n", &["ReadWritePaths=/srv/www/feeds"]);
    check(
        "posts: [{path: '/home/me/my blog/source/_posts', name: a}, {path: /home/me/my blog/source/_more, name: b}]\n",
        &["ProtectHome=tmpfs", "BindReadOnlyPaths=\"/home/me/my blog\""],
    );
    check("posts: [{path: /var/tmp/x/posts}]\n", &["BindReadOnlyPaths=/var/tmp/x"]);
    let network = ["PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6"];
    check(
        "posts: [{path: /srv/posts}]\nlisten: '[::]:8081'\n",
        &[&network[..], &["SocketBindAllow=tcp:8081", "IPAddressAllow=any"]].concat(),
    );
    check(
        "posts: [{path: /srv/posts}]\nadmin: '127.0.0.1:9090'\n",
        &[&network[..], &["SocketBindAllow=tcp:9090", "IPAddressAllow=localhost"]].concat(),
    );
}

#[test]
fn the_readme_s_configurations_are_valid() {
    let readme = include_str!("../../README.md");
    let blocks: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let place = Place::with(block);
        place.load().and_then(Loaded::into_settings).unwrap_or_else(|error| panic!("{error}\n{block}"));
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}(\n[ -]{0,3}[a-z]{1,8}:? ?[\\[{'\"a-z:]{0,5}){0,4}") {
        let _ = Place::with(&text).load();
    }
}
