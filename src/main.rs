//! The `feedwright` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    feedwright::cli::run(std::env::args_os())
}
