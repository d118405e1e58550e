//! The command line.

/// Runs the program.
pub fn run(_args: impl Iterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    todo!()
}
