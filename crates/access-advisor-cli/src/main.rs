//! The command line `access-advisor`. Results go to stdout, everything else to stderr; `exit_status` lists the exit statuses.

mod arguments;
mod command_line;
mod commands;
mod csv_output;
mod exit_status;
mod failure;
mod html_output;
mod input;
mod interruption;
mod json_output;
mod lines;
mod output;
mod plain_table;
mod progress;
mod terminal;
mod unfinished_file;
mod wording;

use std::process::ExitCode;

use access_advisor::trail::is_catching_panics;

/// Reading trails and answering requests allocate on many threads. The system's allocator is slow at that, and keeps the
/// memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A decoder that panics on a damaged file is caught and the file is reported, so the panic itself is not printed.
fn silence_caught_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_catching_panics() {
            print(panic);
        }
    }));
}

fn main() -> ExitCode {
    silence_caught_panics();
    match command_line::run(&command_line::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::say(message);
            }
            failure.exit_code()
        }
    }
}
