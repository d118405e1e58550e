//! A temporary site: posts, state, output, and the program running over them.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write as _},
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use feedwright::feed::address;
use tempfile::TempDir;

use crate::rules;

/// How long anything may take on a loaded machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A site; the program ends with it.
pub(crate) struct Site {
    folder: TempDir,
    configuration: String,
    running: Option<Running>,
}

struct Running {
    child: Child,
    port: u16,
    log: Arc<Mutex<String>>,
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// A post of the form that crawlers write.
pub(crate) fn post(title: &str, categories: &str, date: &str) -> String {
    format!(
        "\n---\ntitle: '{title}'\ncategories: {categories}\nauthor: 知乎\ndate: {date}\n---\n\n<div>   \n{title}的正文\n</div>\n            "
    )
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("posts")).unwrap();
        Self { folder, configuration: String::new(), running: None }
    }

    /// Lines of configuration beside the folder's own.
    pub(crate) fn configured(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.configuration);
        self
    }

    pub(crate) fn post(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.path("posts").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path("posts").join(path)).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        let to = self.path("posts").join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.path("posts").join(from), to).unwrap();
    }

    pub(crate) fn configure(&self, yaml: &str) {
        let text = format!("output: out\nstate: state\nposts:\n  - path: posts\n    timezone: UTC\n{yaml}");
        fs::write(self.path("feedwright.yaml"), text).unwrap();
    }

    /// The program with the site's configuration.
    pub(crate) fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedwright"));
        command
            .arg(subcommand)
            .arg("-c")
            .arg(self.path("feedwright.yaml"))
            .current_dir(self.folder.path())
            .env_remove("NOTIFY_SOCKET")
            .env_remove("LISTEN_FDS");
        command
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) fn start(mut self) -> Self {
        self.configure(&self.configuration);
        self.restart();
        self
    }

    /// Ends the daemon, if it runs, and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.launch();
        self.until("ready", || self.get("readyz").status == 200);
    }

    /// Starts the daemon, and waits only until it listens.
    pub(crate) fn launch(&mut self) {
        let mut child = self
            .command("run")
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (port, found) = std::sync::mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once(" on 127.0.0.1:") {
                    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                    let _ = port.send(digits.parse::<u16>().unwrap());
                }
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let port = found.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("not started: {}", log.lock().unwrap()));
        self.running = Some(Running { child, port, log });
    }

    /// Ends the daemon by SIGTERM; how it ended and how long that took.
    pub(crate) fn stop(&mut self) -> Option<(ExitStatus, Duration)> {
        let mut running = self.running.take()?;
        let start = Instant::now();
        signal(&running.child, "TERM");
        loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                return Some((status, start.elapsed()));
            }
            if start.elapsed() >= DEADLINE {
                let _ = running.child.kill();
                let _ = running.child.wait();
                panic!("does not stop: {}", running.log.lock().unwrap());
            }
            std::thread::yield_now();
        }
    }

    /// The number of the daemon's process.
    pub(crate) fn process(&self) -> u32 {
        self.running.as_ref().unwrap().child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.running.as_ref().unwrap().child, name);
    }

    pub(crate) fn log(&self) -> String {
        self.running.as_ref().unwrap().log.lock().unwrap().clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.running.as_ref().unwrap().port
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[])
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let port = self.running.as_ref().unwrap().port;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let response = Response { status, headers, body: bytes[end + 4..].to_vec() };
        self.judge(method, path, &response);
        response
    }

    /// Fails the test if a feed was answered that does not keep the rules of its format.
    fn judge(&self, method: &str, path: &str, response: &Response) {
        let is_feed = response.headers.get("content-type").is_some_and(|kind| {
            ["application/rss+xml", "application/atom+xml", "application/feed+json", "text/x-opml"]
                .iter()
                .any(|feed| kind.starts_with(feed))
        });
        let plain = !response.headers.contains_key("content-encoding");
        if method == "GET" && response.status == 200 && is_feed && plain {
            let base = self.base();
            let below = path.split('?').next().unwrap_or_default();
            // Requests are accepted with the path of the base and without.
            let own = base.split('/').skip(3).collect::<Vec<_>>().join("/");
            let below = below.strip_prefix(&own).unwrap_or(below);
            let address::Asked::Path(plain) = address::decode(format!("/{below}").as_bytes()) else {
                panic!("/{path} is answered, and is no address of ours")
            };
            rules::assert_valid(&[base, address::encode(&plain)].concat(), &response.body);
        }
    }

    /// Where the feeds live: as configured, else where HTTP listens.
    pub(crate) fn base(&self) -> String {
        let configured = fs::read_to_string(self.path("feedwright.yaml")).unwrap();
        let base = configured.lines().find_map(|line| line.strip_prefix("base_url: "));
        match (base, &self.running) {
            (Some(base), _) => base.trim().trim_matches(['"', '\'']).to_owned(),
            (None, Some(running)) => format!("http://127.0.0.1:{}/", running.port),
            (None, None) => "http://127.0.0.1:8080/".to_owned(),
        }
    }

    /// Fails the test if a feed in the output folder does not keep the rules. The feeds themselves say which base they
    /// were made for; what is answered over HTTP is held against the real one.
    fn judge_output(&self) {
        let documents = documents_to_judge(&self.path("out"));
        let Some(main) = documents.get("feed.json") else {
            assert!(documents.is_empty(), "no main feed beside {:?}", documents.keys());
            return;
        };
        let main: serde_json::Value = serde_json::from_slice(main).unwrap();
        let base = main["feed_url"].as_str().unwrap().strip_suffix("feed.json").unwrap().to_owned();
        rules::judge_all(&base, &documents).assert_nothing_found();
    }

    /// The titles in a feed, which must be the same in all three formats.
    pub(crate) fn titles(&self, folder: &str) -> Option<Vec<String>> {
        let body = |name: &str| Some(self.get(&format!("{folder}{name}"))).filter(|r| r.status == 200).map(|r| r.body);
        let rss = rss::Channel::read_from(&body("rss.xml")?[..]).unwrap();
        let atom = atom_syndication::Feed::read_from(&body("atom.xml")?[..]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body("feed.json")?).unwrap();
        let rss: Vec<_> = rss.items().iter().map(|item| item.title().unwrap().to_owned()).collect();
        let atom: Vec<_> = atom.entries().iter().map(|entry| entry.title().value.clone()).collect();
        let items = json["items"].as_array().unwrap();
        let json: Vec<_> = items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect();
        (rss == atom && atom == json).then_some(rss)
    }

    /// Waits until a feed shows just these titles, in every format.
    pub(crate) fn shows(&self, folder: &str, titles: &[&str]) -> &Self {
        let expected: Vec<_> = titles.iter().map(|title| (*title).to_owned()).collect();
        self.until_equal(folder, &Some(expected), || self.titles(folder));
        self
    }

    /// An entry of the main feed by its title.
    pub(crate) fn item(&self, title: &str) -> serde_json::Value {
        let json: serde_json::Value = serde_json::from_slice(&self.get("feed.json").body).unwrap();
        let items = json["items"].as_array().unwrap();
        items.iter().find(|item| item["title"] == title).unwrap_or_else(|| panic!("no {title} in {json:#}")).clone()
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.get("status.json").body).unwrap()
    }

    /// Every document of the output folder, once what is served is written, too: a daemon says what it has not when it is through.
    pub(crate) fn documents(&self) -> BTreeMap<String, Vec<u8>> {
        if self.running.is_some() {
            self.get("nothing");
        }
        files(&self.path("out"))
    }

    /// Waits until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        self.until_equal(what, &true, holds);
    }

    pub(crate) fn until_equal<T: PartialEq + Debug>(&self, what: &str, expected: &T, look: impl Fn() -> T) {
        let end = Instant::now() + DEADLINE;
        loop {
            let found = look();
            if found == *expected {
                return;
            }
            assert!(Instant::now() < end, "{what}: {found:?} instead of {expected:?}\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A test that has failed already says why; a second panic would end all others with it.
        if std::thread::panicking() {
            self.kill();
            return;
        }
        // What is published when it ends is whole: the formats of a feed can be held against each other.
        self.stop();
        if self.path("out").is_dir() {
            self.judge_output();
        }
    }
}

impl Site {
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// Every file below a folder but hidden ones, by its path there. What goes while it is looked at is not there.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !entry.file_name().to_string_lossy().starts_with('.') {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.extend(fs::read(path).ok().map(|bytes| (name, bytes)));
            }
        }
    }
    files
}

/// The feeds and lists of feeds in an output folder, by their encoded paths.
pub(crate) fn documents_to_judge(output: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_document = |(path, _): &(String, Vec<u8>)| is_document(path);
    files(output).into_iter().filter(is_document).map(|(path, bytes)| (address::encode(&path), bytes)).collect()
}

/// Whether a file of the output folder is a feed or a list of feeds, by its name.
fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let feed = ["rss.xml", "atom.xml", "feed.json"].iter().any(|feed| name.ends_with(feed));
    feed || name.starts_with("opml") || name.starts_with("archive")
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}

/// The real posts of other sites, where they are at hand; said plainly where they are not.
pub(crate) fn shared() -> Option<PathBuf> {
    let folder =
        std::env::var_os("FEEDWRIGHT_SHARED").map(PathBuf::from).filter(|folder| folder.join("corpus").is_dir());
    if folder.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI must set FEEDWRIGHT_SHARED to the folder of shared posts");
        #[expect(clippy::print_stderr, reason = "said to whoever runs the tests")]
        {
            eprintln!("left out: FEEDWRIGHT_SHARED names no folder with real posts");
        }
    }
    folder
}
