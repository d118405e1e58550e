//! What nobody can go below: reading the posts, writing the feeds, and the least that a change takes.
//!
//! ```text
//! floor walk POSTS            every name, with size and time
//! floor read POSTS            every byte, with two threads
//! floor write FROM TO         the files of FROM again, each written beside its place and renamed
//! floor change FOLDER FILES… COUNT   COUNT times: an event, a durable line, and these files by rename
//! ```
//!
//! Each prints seconds; `change` the median and the 99th percentile, in milliseconds.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    env, error, fs,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use notify::{RecursiveMode, Watcher as _};

type Result<T> = std::result::Result<T, Box<dyn error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let began = Instant::now();
    match arguments[..] {
        ["walk", posts] => drop(walk(Path::new(posts))?),
        ["read", posts] => read(Path::new(posts))?,
        ["write", from, to] => write(Path::new(from), Path::new(to))?,
        ["change", folder, ref files @ .., count] => return change(Path::new(folder), files, count.parse()?),
        _ => return Err("usage: floor walk|read|write|change …, as its source says".into()),
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
    let files = walk(folder)?;
    let half = files.len().div_ceil(2).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = files
            .chunks(half)
            .map(|part| {
                scope.spawn(move || -> Result<u64> {
                    part.iter().try_fold(0, |sum, file| Ok(sum + fs::read(file)?.len() as u64))
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?.map(|_| ()))
    })
}

fn write(from: &Path, to: &Path) -> Result<()> {
    for file in walk(from)? {
        let place = to.join(file.strip_prefix(from)?);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        replace(&place, &fs::read(&file)?)?;
    }
    Ok(())
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
