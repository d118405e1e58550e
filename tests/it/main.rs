//! One integration binary: the program as its users run it. See `README.md` beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say so and stop")]

mod architecture;
mod archives;
mod cli;
mod corpus;
mod feeds;
mod http;
mod operation;
mod pages;
mod reload;
mod rules;
mod settings;
mod site;
mod stories;
mod templates;
mod validity;
