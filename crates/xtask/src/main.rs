//! `cargo xtask`: the project's own commands.

mod assault;
mod bench;
mod bench_ingest;
mod catalog;
mod child;
mod debian;
mod fuzz;
mod imports;
mod load;
mod memory;
mod public_api;
mod python;
mod test;
mod web;
mod wheel;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests, benches and other commands for work on this project. Needs the Rust toolchain and Python 3.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Assault(assault::Assault),
    Test(test::Test),
    Web(web::Web),
    Catalog(catalog::Refresh),
    Bench(bench::Bench),
    BenchIngest(bench_ingest::BenchIngest),
    Fuzz(fuzz::Fuzz),
    Imports(imports::Imports),
    Load(load::Load),
    Memory(memory::Memory),
    PublicApi(public_api::PublicApi),
    Wheel(wheel::Wheel),
}

fn main() -> ExitCode {
    if std::env::var_os(public_api::IS_RUSTDOC).is_some() {
        return public_api::run_rustdoc(std::env::args_os().skip(1));
    }
    let done = match CommandLine::parse().chore {
        Chore::Assault(assault) => assault.run(),
        Chore::Test(test) => test.run(),
        Chore::Web(web) => web.run(),
        Chore::Catalog(refresh) => refresh.run(),
        Chore::Bench(bench) => bench.run(),
        Chore::BenchIngest(bench) => bench.run(),
        Chore::Fuzz(fuzz) => fuzz.run(),
        Chore::Imports(imports) => imports.run(),
        Chore::Load(load) => load.run(),
        Chore::Memory(memory) => memory.run(),
        Chore::PublicApi(api) => api.run(),
        Chore::Wheel(wheel) => wheel.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::CommandLine::command().debug_assert();
    }
}
