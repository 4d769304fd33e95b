//! The command line `access-advisor`. Results go to stdout, everything else to stderr; the exit
//! status is 0 when done, 1 when failed, 2 for wrong usage, 130 when a signal stopped it.

mod activity_command;
mod activity_sql_command;
mod arguments;
mod binary_output;
mod catalog_command;
mod input;
mod interruption;
mod output;
mod overview;
mod plain_table;
mod policies_command;
mod progress;
mod report_command;
mod serve_command;
mod spreadsheet;
mod store_commands;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::arguments::{ActivityCommand, Arguments, CatalogCommand, Command, ImportCommand};

/// Reading trails and answering requests allocate on many threads, where the system's allocator is slow
/// and keeps what it was given.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a command failed: what stderr says.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Message(String),
    #[error("{0}")]
    Stopped(String),
    /// The result is there, but not of all of the trail: unless another copy was taken of what could not be read.
    #[error("{failed} objects of the trail could not be read; the result may lack what is in them")]
    Incomplete { failed: usize },
    #[error("{message} ({code})")]
    Request { message: String, code: &'static str },
    #[error(transparent)]
    Load(#[from] access_advisor::account::LoadError),
    #[error(transparent)]
    Table(#[from] access_advisor::arrow::ReadError),
    #[error(transparent)]
    Listing(#[from] access_advisor::trail::ListingError),
    #[error(transparent)]
    Store(#[from] access_advisor::store::StoreError),
    #[error(transparent)]
    Credentials(#[from] access_advisor::serve::CredentialsError),
    #[error(transparent)]
    Serve(#[from] access_advisor::serve::ServeError),
    #[error(transparent)]
    Import(#[from] access_advisor::store::ImportError),
    #[error("writing the result: {0}")]
    Output(#[from] std::io::Error),
}

impl From<access_advisor::report::RequestError> for Failure {
    fn from(error: access_advisor::report::RequestError) -> Self {
        Self::Request {
            code: error.code(),
            message: error.to_string(),
        }
    }
}

impl From<access_advisor::store::OperationError> for Failure {
    fn from(error: access_advisor::store::OperationError) -> Self {
        match error {
            access_advisor::store::OperationError::Request(error) => error.into(),
            access_advisor::store::OperationError::Store(error) => error.into(),
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Arguments::command(),
        "access-advisor",
        &mut script,
    );
    output::write_result(None, |writer| writer.write_all(&script))
}

/// A decoder that panics on a damaged file is caught, and the file named: the panic itself is nobody's concern.
fn keep_caught_panics_silent() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !access_advisor::trail::is_catching_panics() {
            tell(panic);
        }
    }));
}

/// The exit status of [`Failure::Incomplete`]: not that of a run without a result.
const INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    keep_caught_panics_silent();
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Report(arguments) => report_command::run(arguments),
        Command::Import(ImportCommand::Account(arguments)) => {
            store_commands::import_account(arguments)
        }
        Command::Import(ImportCommand::Trail(arguments)) => store_commands::import_trail(arguments),
        Command::Generate(arguments) => store_commands::generate(arguments),
        Command::Get(arguments) => store_commands::get(arguments),
        Command::Entities(arguments) => store_commands::entities(arguments),
        Command::Policies(arguments) => policies_command::run(arguments),
        Command::Jobs(command) => store_commands::jobs(command),
        Command::Activity(ActivityCommand::Export(arguments)) => {
            activity_command::export(arguments)
        }
        Command::Activity(ActivityCommand::Merge(arguments)) => activity_command::merge(arguments),
        Command::Activity(ActivityCommand::Show(arguments)) => activity_command::show(arguments),
        Command::Activity(ActivityCommand::Sql(arguments)) => activity_sql_command::run(arguments),
        Command::Serve(arguments) => serve_command::run(arguments),
        Command::Catalog(CatalogCommand::Show(arguments)) => catalog_command::show(arguments),
        Command::Catalog(CatalogCommand::Build(arguments)) => catalog_command::build(arguments),
        Command::Completions { shell } => completions(*shell),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough: `| head`.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Stopped(message)) => {
            output::say(format_args!("stopped: {message}"));
            ExitCode::from(interruption::STATUS)
        }
        Err(failure @ Failure::Incomplete { .. }) => {
            output::say(format_args!("error: {failure}"));
            ExitCode::from(INCOMPLETE)
        }
        Err(failure) => {
            output::say(format_args!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}
