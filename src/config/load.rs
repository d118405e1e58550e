//! Find the configuration file, read it, and lay the command line over it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use url::Url;

use super::{
    ConfigError, Folder, Listen, Settings,
    overlap::{self, absolute, real},
    positions::Positions,
    raw::{File, Posts},
    resolve,
};
use crate::post::date::Timezone;

/// Where a configuration is looked for when the command line names none.
const FILES: [&str; 2] = ["config/feedwright.yaml", "/etc/feedwright/feedwright.yaml"];

/// What the process was born into.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The working directory.
    pub directory: PathBuf,
    /// The state folder that the service manager made, or that users have by convention.
    pub state: PathBuf,
    /// The system's zone.
    pub timezone: Timezone,
    /// Whether the service manager passes a socket.
    pub socket: bool,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn of_process() -> io::Result<Self> {
        let directory = std::env::current_dir()?;
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let made = variable("STATE_DIRECTORY").map(|list| match list.to_str().and_then(|text| text.split_once(':')) {
            Some((first, _)) => PathBuf::from(first),
            None => list,
        });
        let conventional = || {
            let base = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
            let base = base.or_else(|| variable("HOME").map(|home| home.join(".local/state")));
            base.unwrap_or_else(|| directory.join(".state")).join("feedwright")
        };
        let timezone = iana_time_zone::get_timezone().ok().and_then(|name| Timezone::named(&name));
        Ok(Self {
            state: made.unwrap_or_else(conventional),
            timezone: timezone.unwrap_or(Timezone::UTC),
            socket: variable("LISTEN_FDS").is_some(),
            directory,
        })
    }
}

impl Surroundings {
    /// Those of `feedwright.service` on this machine.
    #[must_use]
    pub fn of_unit(here: &Self) -> Self {
        let folder = PathBuf::from("/var/lib/feedwright");
        Self { directory: folder.clone(), state: folder, timezone: here.timezone.clone(), socket: true }
    }
}

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Posts folders in place of the configured ones.
    pub posts: Vec<PathBuf>,
    /// `--output`
    pub output: Option<PathBuf>,
    /// `--state`
    pub state: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<Listen>,
    /// `--base-url`
    pub base_url: Option<Url>,
}

/// Reads the configuration, as often as it is asked to.
#[derive(Debug, Clone)]
pub struct Loader {
    /// The file that was named; looked for if absent.
    pub file: Option<PathBuf>,
    /// What the command line says over it.
    pub overrides: Overrides,
    /// What the process was born into.
    pub surroundings: Surroundings,
}

/// A configuration, read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file that it was read from; none was found if absent.
    pub file: Option<PathBuf>,
    settings: Settings,
    /// The same as a file, with everything filled in.
    complete: File,
    /// A folder with nothing but `defaults`, for paths that no configured folder holds.
    template: Folder,
}

impl Loader {
    /// Reads the file, if there is one, and resolves it.
    ///
    /// # Errors
    /// When the file cannot be read or says what cannot be.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let here = &self.surroundings.directory;
        let Some(file) = self.find() else {
            return self.resolve(File::default(), here, &|error| error);
        };
        let text = fs::read_to_string(&file).map_err(|error| ConfigError {
            file: Some(file.clone()),
            at: None,
            key: String::new(),
            message: unreadable(&error),
        })?;
        let positions = Positions::of(&text);
        let raw = parse(&text).map_err(|error| ConfigError::shape(&error, Some(file.clone()), &positions))?;
        let base = absolute(here, &file).parent().map_or_else(|| here.clone(), Path::to_owned);
        let mut loaded = self.resolve(raw, &base, &|error| error.in_file(Some(file.clone()), &positions))?;
        loaded.file = Some(file);
        Ok(loaded)
    }

    /// Where the configuration may come from: the file that was named, else all that are looked for.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let here = &self.surroundings.directory;
        self.file.as_ref().map_or_else(|| FILES.map(|file| here.join(file)).to_vec(), |file| vec![absolute(here, file)])
    }

    /// The file that was named, else the first that exists.
    fn find(&self) -> Option<PathBuf> {
        let found = || FILES.map(|file| self.surroundings.directory.join(file)).into_iter().find(|file| file.exists());
        self.file.clone().or_else(found)
    }

    fn resolve(&self, file: File, base: &Path, at: &dyn Fn(ConfigError) -> ConfigError) -> Result<Loaded, ConfigError> {
        let template = resolve::template(&file, &self.surroundings.timezone).map_err(at)?;
        let complete = self.complete(file, base).map_err(at)?;
        let settings = resolve::settings(&complete).map_err(at)?;
        overlap::check(&settings, &|place| self.key_of(place)).map_err(at)?;
        Ok(Loaded { file: None, settings, complete, template })
    }

    /// Fills in the command line, presets and built-in defaults, and makes paths absolute.
    fn complete(&self, file: File, base: &Path) -> Result<File, ConfigError> {
        let (here, over) = (&self.surroundings.directory, &self.overrides);
        let path = |over: &Option<PathBuf>, own: Option<PathBuf>, default: &Path| match (over, own) {
            (Some(path), _) => absolute(here, path),
            (None, Some(path)) => absolute(base, &path),
            (None, None) => absolute(here, default),
        };
        let mut posts: Vec<Posts> = file.posts.clone();
        for item in &mut posts {
            item.path = item.path.take().map(|path| absolute(base, &path));
        }
        if !over.posts.is_empty() {
            posts = named_on_the_command_line(&over.posts, here, &posts)?;
        }
        let listen = match (&over.listen, file.listen.clone()) {
            (Some(listen), _) => listen.to_string(),
            (None, Some(listen)) => listen,
            (None, None) if self.surroundings.socket => Listen::Passed.to_string(),
            (None, None) => Listen::default().to_string(),
        };
        Ok(resolve::complete(
            File {
                posts,
                output: Some(path(&over.output, file.output.clone(), Path::new("feeds"))),
                state: Some(path(&over.state, file.state.clone(), &self.surroundings.state)),
                listen: Some(listen),
                base_url: over.base_url.as_ref().map(Url::to_string).or(file.base_url.clone()),
                ..file
            },
            &self.surroundings.timezone,
        ))
    }

    fn key_of(&self, place: overlap::Position) -> String {
        let over = &self.overrides;
        match place {
            overlap::Position::Folder(_) if !over.posts.is_empty() => String::from("POSTS"),
            overlap::Position::Folder(index) => format!("posts[{index}].path"),
            overlap::Position::Output if over.output.is_some() => String::from("--output"),
            overlap::Position::Output => String::from("output"),
            overlap::Position::State if over.state.is_some() => String::from("--state"),
            overlap::Position::State => String::from("state"),
        }
    }
}

/// Folders that the command line names: a configured one is taken as it is configured, any other with the defaults.
fn named_on_the_command_line(paths: &[PathBuf], here: &Path, configured: &[Posts]) -> Result<Vec<Posts>, ConfigError> {
    let mut posts: Vec<Posts> = Vec::new();
    for path in paths {
        let path = absolute(here, path);
        let known = configured.iter().find(|item| item.path.as_deref().is_some_and(|own| real(own) == real(&path)));
        let name = || path.file_name().filter(|_| paths.len() > 1).map(|name| name.to_string_lossy().into_owned());
        let item =
            known.cloned().unwrap_or_else(|| Posts { name: name(), path: Some(path.clone()), ..Posts::default() });
        if paths.len() > 1 && posts.iter().any(|other| other.name == item.name) {
            return Err(ConfigError::value(
                "POSTS",
                format!(
                    "two folders are called `{}`: give them names in a configuration file",
                    item.name.unwrap_or_default()
                ),
            ));
        }
        posts.push(item);
    }
    Ok(posts)
}

impl Loaded {
    /// The settings, which have at least one folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn into_settings(self) -> Result<Settings, ConfigError> {
        if self.settings.folders.is_empty() {
            return Err(ConfigError {
                file: self.file,
                at: None,
                key: String::from("posts"),
                message: String::from(
                    "there is no posts folder: name one on the command line, or under `posts` as `- path: /srv/posts`",
                ),
            });
        }
        Ok(self.settings)
    }

    /// The settings, perhaps without any folder.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The folder that the file or folder `path` (absolute) is read by: the configured one that holds it, else one of its
    /// own with the defaults, which is the path itself or, for a file, its parent.
    #[must_use]
    pub fn folder_of(&self, path: &Path) -> Folder {
        let whole = real(path);
        let holds = |folder: &&Folder| whole.starts_with(real(&folder.path));
        if let Some(folder) = self.settings.folders.iter().find(holds) {
            return folder.clone();
        }
        let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        Folder { path: root.to_owned(), ..self.template.clone() }
    }

    /// The configuration with everything filled in, as a file that says the same.
    ///
    /// # Errors
    /// When it cannot be written as YAML, which no configuration has been seen to cause.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        serde_yaml::to_string(&self.complete).map_err(|error| ConfigError::value("", error.to_string()))
    }
}

/// Reads the text of a configuration file. Aliases and merge keys are fine here: its author is the administrator.
pub(super) fn parse(text: &str) -> Result<File, serde_yaml::Error> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(File::default());
    }
    let options = serde_yaml::options! { with_snippet: false, strict_booleans: true };
    serde_yaml::from_str_with_options(text, options)
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => String::from("there is no such file: write one with `feedwright config default`"),
        io::ErrorKind::PermissionDenied => String::from("the file cannot be read: let this user read it"),
        io::ErrorKind::InvalidData => String::from("the file is not UTF-8: save it in that encoding"),
        _ => format!("the file cannot be read: {error}"),
    }
}
