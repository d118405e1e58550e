//! The command line: arguments in, words and an exit code out.
//!
//! `arguments` is the grammar, `act` what changes feeds and state, `rehearse` what would change them, `check` and `explain`
//! only read posts, `report` writes what they find, and `progress` shows how far all of these are. Nothing here decides
//! anything about a post or a feed.

mod act;
mod arguments;
mod check;
mod explain;
mod progress;
mod rehearse;
mod report;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, Parser};

use crate::{
    catalog::CatalogError,
    config::{self, ConfigError, Loaded, Loader, Overrides, Surroundings},
    daemon, pipeline,
};
use arguments::{Arguments, Command, ConfigCommand};

/// Why a command could not do its work. Each has an exit code of its own (`sysexits.h`).
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The system refused.
    #[error("{0}")]
    Io(String),
    /// Another process works on the same state.
    #[error("{0}")]
    InUse(String),
    /// A newer version wrote the state, which no retry changes.
    #[error("{0}")]
    Newer(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nobody reads on (`feedwright … | head`): no reason to say anything.
    #[error("nobody reads the output")]
    Unheard,
}

impl Failure {
    /// The exit code that scripts and systemd see.
    const fn code(&self) -> u8 {
        match self {
            Self::Io(_) => 74,
            Self::InUse(_) => 75,
            Self::Config(_) | Self::Newer(_) => 78,
            Self::Unheard => 0,
        }
    }
}

impl From<pipeline::Error> for Failure {
    fn from(error: pipeline::Error) -> Self {
        match error {
            pipeline::Error::Catalog(CatalogError::InUse(_)) => Self::InUse(error.to_string()),
            pipeline::Error::Catalog(CatalogError::Newer { .. }) => Self::Newer(error.to_string()),
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<daemon::Error> for Failure {
    fn from(error: daemon::Error) -> Self {
        match error {
            daemon::Error::Pipeline(error) => error.into(),
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unheard,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// Runs the program.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    match command(arguments.command) {
        Ok(code) => code,
        Err(failure) => {
            if !matches!(failure, Failure::Unheard) {
                complain(&failure.to_string());
            }
            ExitCode::from(failure.code())
        }
    }
}

/// Help and version on stdout, and anything else that is no command on stderr.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe is no reason to complain about help.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    complain(text.strip_prefix("error: ").unwrap_or(&text).trim_end());
    ExitCode::from(64)
}

fn complain(message: &str) {
    // Where stderr is closed, nobody is left to tell.
    let _ = writeln!(io::stderr(), "feedwright: {message}");
}

/// Writes to stdout.
fn say(text: &str) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn command(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run { common } => act::run(&loader(common.split())?),
        Command::Build { common, strict, dry_run, against } => {
            act::build(&loader(common.split())?, &act::Build { strict, dry_run, against })
        }
        Command::Check { posts, config, format } => check::check(&load(config)?, &posts, format),
        Command::Explain { file, config } => explain::explain(&load(config)?, &file),
        Command::Forget { paths, config, state } => {
            act::change(&loader((config, Overrides { state, ..Overrides::default() }))?, &paths, act::Change::Forget)
        }
        Command::Refresh { paths, config, state } => {
            act::change(&loader((config, Overrides { state, ..Overrides::default() }))?, &paths, act::Change::Refresh)
        }
        Command::Config { command } => configuration(command),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "feedwright", &mut script);
            say(&String::from_utf8_lossy(&script))
        }
        Command::Man { dir: Some(dir) } => {
            clap_mangen::generate_to(Arguments::command(), &dir)
                .map_err(|error| Failure::Io(format!("{}: {error}", dir.display())))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { dir: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            say(&String::from_utf8_lossy(&page))
        }
    }
}

fn configuration(command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Check { config, resolved } => {
            let loaded = load(config)?;
            if resolved {
                return say(&loaded.to_yaml()?);
            }
            let file = loaded.file.as_ref().map(|file| file.display().to_string());
            let file = file.unwrap_or_else(|| String::from("no configuration file"));
            let settings = loaded.into_settings()?;
            for remark in settings.remarks() {
                complain(&format!("warning: {remark}"));
            }
            for folder in settings.folders.iter().filter(|folder| !folder.path.is_dir()) {
                complain(&format!("warning: {} is not there (yet): make it, or correct `path`", folder.path.display()));
            }
            let folders = if settings.folders.len() == 1 { "folder" } else { "folders" };
            say(&format!("{file}: fine, with {} posts {folders}\n", settings.folders.len()))
        }
        ConfigCommand::Default => say(config::DEFAULT),
        ConfigCommand::Schema => {
            let schema =
                serde_json::to_string_pretty(&config::schema()).map_err(|error| Failure::Io(error.to_string()))?;
            say(&format!("{schema}\n"))
        }
        ConfigCommand::Init { dir } => {
            let folder = std::path::absolute(dir)?;
            say(&config::of_blog(&folder).map_err(|error| Failure::Io(error.to_string()))?)
        }
        ConfigCommand::Token { name } => token(&name),
        ConfigCommand::Unit { config } => {
            let loader = loader((config, Overrides::default()))?;
            let surroundings = Surroundings::of_unit(&loader.surroundings);
            let file = loader.file.map(std::path::absolute).transpose()?;
            let loader = Loader { file, surroundings, ..loader };
            say(&config::drop_in(&loader.load()?.into_settings()?))
        }
    }
}

/// Makes a secret that nobody can guess: 128 random bits.
fn token(name: &str) -> Result<ExitCode, Failure> {
    let mut bits = [0; 16];
    let filled = rustix::rand::getrandom(&mut bits, rustix::rand::GetRandomFlags::empty()).map_err(io::Error::from)?;
    if filled < bits.len() {
        return Err(Failure::Io(String::from("the system gave too few random bytes: try again")));
    }
    let secret = format!("{:032x}", u128::from_be_bytes(bits));
    let hash = config::Token::hash(&secret);
    say(&format!(
        "# The token itself; it is not stored anywhere. {name} uses it as the password, with any user name, or reads the\n\
         # feed at /private/{secret}/feeds/NAME/rss.xml (or …/categories/NAME/, …/folders/NAME/), where no password is\n\
         # asked. It has no page.\n\
         # {secret}\n\
         tokens:\n  {}: {hash}\n",
        config::quoted(name)
    ))
}

fn loader((file, overrides): (Option<PathBuf>, Overrides)) -> Result<Loader, Failure> {
    Ok(Loader { file, overrides, surroundings: Surroundings::of_process()? })
}

fn load(file: Option<PathBuf>) -> Result<Loaded, Failure> {
    Ok(loader((file, Overrides::default()))?.load()?)
}
