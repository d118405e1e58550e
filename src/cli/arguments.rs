//! The grammar of the command line. What is written here is also the help, the manual page and the completions.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Listen, Overrides, web_address};

/// Turns a folder of post files into RSS, Atom and JSON feeds, one for every category, and serves them.
#[derive(Debug, Parser)]
#[command(name = "feedwright", version, after_long_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   some posts were rejected (`check`, `explain`, `build --strict`), or are not there (`forget`, `refresh`)
  64  the command line is wrong
  74  a file or the network cannot be used
  75  another process uses the same state folder
  78  the configuration is wrong

The configuration is the file given with `-c`, else `./config/feedwright.yaml`, else
`/etc/feedwright/feedwright.yaml`, else built-in defaults.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch the folders, keep the feeds up to date, and serve them until a signal ends it
    Run {
        #[command(flatten)]
        common: Common,
    },
    /// One pass: scan, publish, exit
    Build {
        #[command(flatten)]
        common: Common,
        /// Exit with 1 if a post is rejected
        #[arg(long)]
        strict: bool,
        /// Write nothing; say what subscribers would see: entries new, changed, gone
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: say what subscribers of another generator's feed would see after a move here
        ///
        /// FEED is a file: an RSS, Atom or JSON feed as the old generator wrote it. An entry is new if its id is not in that
        /// feed and it is not older than everything there; it would be shown a second time. An entry is changed if its
        /// link is another one, and gone if it is in no feed of ours. If other settings would show less as new, they are
        /// named.
        #[arg(long, value_name = "FEED", requires = "dry_run")]
        against: Option<PathBuf>,
    },
    /// Read posts and say what is wrong with them; write nothing
    Check {
        /// Folders or single files; the configured folders if absent
        posts: Vec<PathBuf>,
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// How to say it
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Tell how each field of a post was decided, and from what
    Explain {
        /// The post
        file: PathBuf,
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Drop posts that stay in the feeds though their file is gone
    Forget {
        /// Their paths, as they were on disk or below their folder
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The folder of the catalog
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Take the pinned date and image of posts afresh
    Refresh {
        /// Their paths, on disk or below their folder
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The folder of the catalog
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Check the configuration, or write one
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print a completion script
    Completions {
        /// The shell that it is for
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for `man -l -`
    Man {
        /// Write the pages of all commands into this folder instead
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the configuration is fine
    Check {
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print it with presets and defaults filled in
        #[arg(long)]
        resolved: bool,
    },
    /// Print the annotated default configuration
    Default,
    /// Print the JSON Schema of the configuration
    Schema,
    /// Write a configuration for a Hexo, Jekyll, Hugo or Zola blog
    Init {
        /// The blog's folder
        dir: PathBuf,
    },
    /// Make a token that opens private feeds, and print it with its line for the configuration
    Token {
        /// Whose it will be
        #[arg(default_value = "reader")]
        name: String,
    },
    /// Print a systemd drop-in that lets the unit read the configured folders
    Unit {
        /// The configuration file
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// What `run` and `build` share.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Posts folders, in place of the configured ones
    posts: Vec<PathBuf>,
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder that the feeds are written to
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// The folder of the catalog
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Where HTTP listens: an IP address and a port, or `fd` for a socket that systemd passes
    #[arg(long, value_name = "ADDR|fd")]
    listen: Option<Listen>,
    /// Where the feeds live on the web
    #[arg(long, value_name = "URL", value_parser = web_address)]
    base_url: Option<url::Url>,
}

impl Common {
    /// The configuration file, and what stands over it.
    pub(super) fn split(self) -> (Option<PathBuf>, Overrides) {
        let Self { posts, config, output, state, listen, base_url } = self;
        (config, Overrides { posts, output, state, listen, base_url })
    }
}

/// How `check` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people, with the offending lines
    #[default]
    Text,
    /// One JSON object a line
    Json,
}
