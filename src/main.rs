//! The `feedwright` program: arguments in, exit code out.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    feedwright::cli::run(std::env::args_os())
}
