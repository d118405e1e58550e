//! What nobody can go below: reading the posts, writing the feeds, and the least that a change takes.
//!
//! ```text
//! floor walk POSTS            every name, with size and time
//! floor read POSTS            every byte, with two threads
//! floor write FROM TO         the files of FROM again, each written beside its place and renamed
//! floor build POSTS ENTRIES FROM TO   what no cold build can do without: every byte hashed, a row and four memberships of a
//!                             post, so many entries sanitised and kept, and the files of FROM, all with two threads
//! floor change FOLDER FILES… COUNT   COUNT times: an event, a durable line, and these files by rename
//! ```
//!
//! Each prints seconds; `change` the median and the 99th percentile, in milliseconds.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    env, error, fs,
    fs::File,
    io::{Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use notify::{RecursiveMode, Watcher as _};
use rusqlite::{Connection, params};
use twox_hash::XxHash3_128;

type Result<T> = std::result::Result<T, Box<dyn error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let began = Instant::now();
    match arguments[..] {
        ["walk", posts] => drop(walk(Path::new(posts))?),
        ["read", posts] => read(Path::new(posts))?,
        ["write", from, to] => write(Path::new(from), Path::new(to))?,
        ["build", posts, entries, from, to] => {
            build(Path::new(posts), entries.parse()?, Path::new(from), Path::new(to))?;
        }
        ["change", folder, ref files @ .., count] => return change(Path::new(folder), files, count.parse()?),
        _ => return Err("usage: floor walk|read|write|build|change …, as its source says".into()),
    }
    println!("{:.4}", began.elapsed().as_secs_f64());
    Ok(())
}

fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

fn read(folder: &Path) -> Result<()> {
    by_two(&walk(folder)?, |file| {
        fs::read(file)?;
        Ok(())
    })
}

/// Two threads, each with one half of the files.
fn by_two(files: &[PathBuf], work: impl Fn(&Path) -> Result<()> + Sync) -> Result<()> {
    let work = |part: &[PathBuf]| part.iter().try_for_each(|file| work(file));
    let (first, second) = files.split_at(files.len() / 2);
    thread::scope(|scope| {
        let second = scope.spawn(|| work(second));
        work(first)?;
        second.join().map_err(|_| "a thread panicked")?
    })
}

fn write(from: &Path, to: &Path) -> Result<()> {
    walk(from)?.iter().try_for_each(|file| write_again(file, from, to))
}

fn write_again(file: &Path, from: &Path, to: &Path) -> Result<()> {
    let place = to.join(file.strip_prefix(from)?);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    replace(&place, &fs::read(file)?)
}

/// No date, category or other field is read, nothing is kept but what must be found again, and no feed is put together.
fn build(posts: &Path, entries: usize, from: &Path, to: &Path) -> Result<()> {
    let file = to.join("catalog.sqlite");
    let mut db = Connection::open(&file)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
         CREATE TABLE post (post INTEGER PRIMARY KEY, path BLOB UNIQUE, size INTEGER, modified INTEGER, inode INTEGER,
                            id BLOB UNIQUE, content BLOB, title TEXT);
         CREATE INDEX post_content ON post (content);
         CREATE TABLE member (collection INTEGER, published INTEGER, post INTEGER,
                              PRIMARY KEY (collection, published, post)) WITHOUT ROWID;
         CREATE TABLE entry (post INTEGER PRIMARY KEY, html TEXT);",
    )?;
    let transaction = db.transaction()?;
    let mut files = walk(posts)?;
    files.sort();
    keep_rows(&transaction, &files)?;
    files.truncate(entries);
    keep_entries(&transaction, &files)?;
    transaction.commit()?;
    by_two(&walk(from)?, |file| write_again(file, from, to))?;
    Ok(File::open(file)?.sync_all()?)
}

fn keep_rows(db: &Connection, files: &[PathBuf]) -> Result<()> {
    let mut row = db.prepare("INSERT INTO post VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
    let (give, rows) = mpsc::sync_channel(1024);
    let mut members = Vec::with_capacity(4 * files.len());
    thread::scope(|scope| {
        let read = move |file: &Path| {
            let mut bytes = Vec::new();
            let metadata = {
                let mut file = File::open(file)?;
                file.read_to_end(&mut bytes)?;
                file.metadata()?
            };
            Ok(give.send((file.to_owned(), metadata, XxHash3_128::oneshot(&bytes)))?)
        };
        let reading = scope.spawn(move || by_two(files, read));
        for (post, (path, metadata, content)) in rows.into_iter().enumerate() {
            let (post, content) = (i64::try_from(post)?, content.to_be_bytes());
            let id = content.map(u8::reverse_bits);
            let (size, modified, inode) = (metadata.size(), metadata.mtime(), metadata.ino());
            let path = path.as_os_str().as_encoded_bytes();
            row.execute(params![post, path, size, modified, inode, id, content, "a title as long as most"])?;
            let published = i64::from(content[0]) << 8 | i64::from(content[1]);
            // All posts, a group of ten, one of two hundred categories, and its own.
            let category = i64::from(content[2]) % 200;
            members.extend([0, 1 + category / 20, 100 + category, 400 + category].map(|one| [one, published, post]));
        }
        reading.join().map_err(|_| "a thread panicked")?
    })?;
    members.sort_unstable();
    let mut member = db.prepare("INSERT INTO member VALUES (?, ?, ?)")?;
    for one in members {
        member.execute(one)?;
    }
    Ok(())
}

fn keep_entries(db: &Connection, files: &[PathBuf]) -> Result<()> {
    let mut entry = db.prepare("INSERT INTO entry (html) VALUES (?)")?;
    let (give, entries) = mpsc::sync_channel(1024);
    thread::scope(|scope| {
        let clean = move |file: &Path| Ok(give.send(ammonia::clean(&fs::read_to_string(file)?))?);
        let cleaning = scope.spawn(move || by_two(files, clean));
        for html in entries {
            entry.execute([html])?;
        }
        cleaning.join().map_err(|_| "a thread panicked")?
    })
}

fn replace(place: &Path, bytes: &[u8]) -> Result<()> {
    let beside = place.with_extension("new");
    fs::write(&beside, bytes)?;
    Ok(fs::rename(&beside, place)?)
}

fn change(folder: &Path, files: &[&str], count: usize) -> Result<()> {
    let (posts, out) = (folder.join("posts"), folder.join("out"));
    fs::create_dir_all(&posts)?;
    fs::create_dir_all(&out)?;
    let bytes: Vec<Vec<u8>> = files.iter().map(fs::read).collect::<std::io::Result<_>>()?;
    let (sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event| drop(sender.send(event)))?;
    watcher.watch(&posts, RecursiveMode::NonRecursive)?;
    let mut log = File::create(folder.join("log"))?;
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        fs::write(folder.join("new"), "a post")?;
        let began = Instant::now();
        fs::rename(folder.join("new"), posts.join(format!("{number}.md")))?;
        events.recv_timeout(Duration::from_secs(10))??;
        log.write_all(b"what is known of a post\n")?;
        log.sync_data()?;
        for (number, bytes) in bytes.iter().enumerate() {
            replace(&out.join(number.to_string()), bytes)?;
        }
        times.push(began.elapsed());
        while events.recv_timeout(Duration::from_millis(20)).is_ok() {}
    }
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    println!("{:.3} {:.3}", at(50), at(99));
    Ok(())
}
