//! `check`: read posts, say what is wrong, write nothing.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chrono::{DateTime, Utc};

use super::{
    Failure,
    arguments::Format,
    progress::{self, Progress},
    report::{self, Status, Verdict},
};
use crate::{
    config::{Folder, Future, Loaded},
    post::{
        self, Code, Diagnostic, Level, Outcome, PostError, ReadSettings, SourceFile, Visibility, body,
        category::CategoryRules,
    },
    watch::{self, Found, Kind, Root},
};

/// Bytes of reports that are written at once.
const PAGE: usize = 8 * 1024;

/// What is checked: one POSTS argument, or one configured folder.
struct Checked {
    folder: Folder,
    /// What paths are told relative to.
    root: PathBuf,
    /// The one file that was named.
    file: Option<PathBuf>,
}

/// Checks what was named, or else the configured folders.
pub(super) fn check(loaded: &Loaded, posts: &[PathBuf], format: Format) -> Result<ExitCode, Failure> {
    let targets = targets(loaded, posts)?;
    let mut out = io::stdout().lock();
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut summary = report::Summary::default();
    // Whole reports, until they are worth a call of the system.
    let mut page = Vec::new();
    for target in &targets {
        let found = target.found()?;
        let progress = Progress::reading(|| Some(found.len() as u64));
        for (one, read) in found.into_iter().zip(1..) {
            let (verdict, source) = target.judge(one);
            summary.count(&verdict);
            match format {
                Format::Json => report::json(&verdict, &mut page),
                Format::Text => report::text(&verdict, &source, colours, &mut page),
            }?;
            progress.at(read);
            if page.len() >= PAGE {
                progress::beside(|| out.write_all(&page))?;
                page.clear();
            }
        }
        drop(progress);
        out.write_all(&page)?;
        page.clear();
    }
    if format == Format::Text {
        summary.write(&mut out)?;
    }
    out.flush()?;
    Ok(if summary.rejected() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn targets(loaded: &Loaded, posts: &[PathBuf]) -> Result<Vec<Checked>, Failure> {
    if posts.is_empty() {
        let settings = loaded.clone().into_settings()?;
        let whole = |folder: Folder| Checked { root: folder.path.clone(), folder, file: None };
        return Ok(settings.folders.into_iter().map(whole).collect());
    }
    posts.iter().map(|path| Checked::named(loaded, path)).collect()
}

impl Checked {
    fn named(loaded: &Loaded, path: &Path) -> Result<Self, Failure> {
        let whole = std::path::absolute(path)?;
        let metadata = whole.symlink_metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::Io(format!("{} does not exist: correct the path", path.display())),
            _ => Failure::Io(format!("{} cannot be looked at: {error}", path.display())),
        })?;
        let folder = loaded.folder_of(&whole);
        if metadata.is_dir() || (metadata.is_symlink() && whole.is_dir()) {
            return Ok(Self { folder, root: whole, file: None });
        }
        let root = whole.parent().unwrap_or(&whole).to_owned();
        Ok(Self { folder, root, file: whole.file_name().map(PathBuf::from) })
    }

    /// What looks like a post.
    fn found(&self) -> Result<Vec<Found>, Failure> {
        if let Some(file) = &self.file {
            return Ok(vec![watch::look(0, &self.root, file)]);
        }
        let folder = watch::Folder { root: self.root.clone(), filter: self.folder.filter.clone() };
        let mut found = Vec::new();
        match watch::walk(0, &folder, &mut |one| found.push(one)).root {
            Root::Present { .. } => Ok(found),
            Root::Missing(message) | Root::Closed(message) => {
                Err(Failure::Io(format!("{}: {message}", self.root.display())))
            }
        }
    }

    /// Reads one post. Its text comes along, for the lines that are shown.
    fn judge(&self, found: Found) -> (Verdict, String) {
        let path = found.path;
        let mut verdict = Verdict::new(&path);
        let bytes = match found.kind {
            Kind::File(stat) if stat.size > watch::LIMIT => {
                let error = PostError::TooLarge { size: stat.size, limit: watch::LIMIT };
                return (verdict.rejected(Diagnostic::from(&error)), String::new());
            }
            Kind::File(_) => watch::read(&self.root.join(&path)),
            Kind::Odd(message) => {
                return (verdict.rejected(Diagnostic::error(Code::Unreadable, message)), String::new());
            }
            // A folder that is called like a post, or a file that went while it was looked at.
            Kind::Gone => Err(io::ErrorKind::NotFound.into()),
        };
        let (stat, bytes) = match bytes {
            Ok(read) => read,
            Err(error) => return (verdict.rejected(unreadable(&error)), String::new()),
        };
        if path.to_str().is_none() {
            let message = "the file's name is not UTF-8; what cannot be shown of it is written as \u{fffd}";
            verdict
                .diagnostics
                .push(Diagnostic::warning(Code::Encoding, message).help("rename the file, for instance with convmv"));
        }
        let inside = self.inside(&path);
        let modified = DateTime::from_timestamp_nanos(stat.modified);
        let source = SourceFile { path: &inside, bytes: &bytes, modified };
        // What a post is filed under for want of a category is no category of its own.
        let rules = ReadSettings {
            categories: CategoryRules { uncategorised: None, ..self.folder.read.categories.clone() },
            ..self.folder.read.clone()
        };
        let reading = self.folder.admit(post::read(&source, &rules));
        verdict.diagnostics.extend(reading.diagnostics);
        let verdict = match reading.outcome {
            Outcome::Skipped | Outcome::LeftOut => Verdict { status: Status::Skipped, ..verdict },
            // The reading says why itself.
            Outcome::Rejected(_) => Verdict { status: Status::Rejected, ..verdict },
            Outcome::Post(post) => {
                let bases = self.folder.bases(post.link.as_deref());
                verdict.diagnostics.extend(body::render(&post.body, &bases, None).diagnostics);
                let id = post.id.clone().unwrap_or_else(|| post::id::of_path(&self.folder.read.folder, &inside));
                let (status, remark) = self.status(&post, Utc::now());
                verdict.diagnostics.extend(remark);
                Verdict { status, post: Some((id, post)), ..verdict }
            }
        };
        let text = post::decode::decode(&bytes, self.folder.read.encoding);
        let text = text.map_or_else(|_| String::new(), |decoded| decoded.text.into_owned());
        (verdict, text)
    }

    /// The path below the post's folder, of which a part may have been named on the command line.
    fn inside(&self, path: &Path) -> PathBuf {
        let whole = self.root.join(path);
        let below = |root: &Path| whole.strip_prefix(root).ok().map(Path::to_owned);
        let real = || {
            self.root
                .canonicalize()
                .ok()?
                .join(path)
                .strip_prefix(self.folder.path.canonicalize().ok()?)
                .ok()
                .map(Path::to_owned)
        };
        below(&self.folder.path).or_else(real).unwrap_or_else(|| path.to_owned())
    }

    fn status(&self, post: &post::Post, now: DateTime<Utc>) -> (Status, Option<Diagnostic>) {
        if let Visibility::Withheld(_) = post.visibility {
            // The reading says why itself.
            return (Status::Draft, None);
        }
        if let Some(expires) = post.expires.filter(|expires| *expires <= now) {
            let message = format!("the post has expired on {}", report::time(expires));
            return (
                Status::Draft,
                Some(Diagnostic::info(Code::Withheld, message).help("move `expiryDate`, or remove it")),
            );
        }
        if self.folder.future == Future::Hold && post.published.at > now {
            let message = format!("held until {}", report::time(post.published.at));
            return (Status::Scheduled, Some(Diagnostic::info(Code::Scheduled, message)));
        }
        (Status::Published, None)
    }
}

impl Verdict {
    fn rejected(mut self, diagnostic: Diagnostic) -> Self {
        debug_assert_eq!(diagnostic.level, Level::Error);
        self.diagnostics.push(diagnostic);
        Self { status: Status::Rejected, ..self }
    }
}

fn unreadable(error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "let this user read the file, for instance with `setfacl -m u:feedwright:r FILE`"
        }
        io::ErrorKind::NotFound => "it vanished while it was read, or is a folder: look again",
        _ => "move it elsewhere, or repair it",
    };
    Diagnostic::error(Code::Unreadable, format!("the file cannot be read: {error}")).help(help)
}
