//! `access-advisor serve`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::serve::{Config, Credentials, Limits, Server};
use access_advisor::store::JobRetention;
use access_advisor::text::Printable;
use access_advisor::trail::{MissingInput, Reconciliation};
use clap::Args;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format;

use crate::arguments::{CatalogArguments, TrackingArguments, parse_retention};
use crate::exit_status;
use crate::failure::Failure;
use crate::{input, output};

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor serve --store advisor.db
  AWS_ENDPOINT_URL_IAM=http://127.0.0.1:8787 aws iam list-users

The credentials file (TOML) lists the access keys that requests are signed with.
Without it requests are not authenticated, and the server listens on loopback
only:
  [[credential]]
  access_key_id = \"AKIAEXAMPLE\"
  secret_access_key = \"...\"
  arn = \"arn:aws:iam::111122223333:user/auditor\"

The first Ctrl-C or SIGTERM shuts the server down gracefully, with status 0."))]
pub(crate) struct ServeArguments {
    /// The store
    #[arg(long, value_name = "FILE")]
    store: PathBuf,

    /// The address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// Access keys, their secrets, and the identities they belong to
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,

    /// Require that the caller's own permission policies allow the operation
    #[arg(long)]
    enforce_permissions: bool,

    /// Serve web pages at /ui too, where people sign in with an access key of the credentials file, see
    /// their account and start reports. Findings and right-sized policies need --tracking full
    #[arg(long, requires = "credentials")]
    ui: bool,

    /// Most connections of one client address, of 1,024 in all. Raise it behind a proxy: all connections
    /// come from its address then [default: 256]
    #[arg(long, value_name = "N")]
    connections_per_address: Option<NonZeroUsize>,

    /// Most log lines of one kind (operation and code) in 10 seconds; the others are counted [default: 100]
    #[arg(long, value_name = "N")]
    log_lines: Option<u64>,

    #[command(flatten)]
    tracking: TrackingArguments,

    /// Report also on accounts of which no activity was imported; everything is unused then. Without
    /// it, such jobs fail
    #[arg(long)]
    allow_empty_activity: bool,

    /// Delete finished jobs and their reports: keep this many, as in 1000, or those that finished within this
    /// time, as in 30d, 12h or 90m [default: keep all]
    #[arg(long, value_name = "N|AGE", value_parser = parse_retention)]
    keep_jobs: Option<JobRetention>,

    #[command(flatten)]
    catalog: CatalogArguments,
}

pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let catalog = arguments.catalog.load()?;
    let advisor = input::stored_advisor(&arguments.store, catalog, arguments.tracking.tracking())?
        .allow_empty_activity(arguments.allow_empty_activity);
    let credentials = arguments
        .credentials
        .as_deref()
        .map(Credentials::load)
        .transpose()?;
    // One line per request; `RUST_LOG` changes that.
    let is_terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // An event is one line: whatever the values are, what does not print is escaped.
    let fields = format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{}", Printable(format_args!("{value:?}"))),
        name => write!(writer, "{name}={}", Printable(format_args!("{value:?}"))),
    });
    tracing_subscriber::fmt()
        .fmt_fields(fields.delimited(" "))
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .init();

    if credentials.as_ref().is_some_and(Credentials::is_empty) {
        output::say(format_args!(
            "warning: the credentials file has no credentials; every request will be rejected"
        ));
    }
    if arguments.enforce_permissions && credentials.is_none() {
        output::say(format_args!(
            "warning: --enforce-permissions without --credentials: requests are not authenticated, so a \
             caller can claim any identity"
        ));
    }
    let then = if arguments.allow_empty_activity {
        "its reports show everything as unused"
    } else {
        "its jobs fail until a trail is imported (--allow-empty-activity makes them anyway)"
    };
    let without = advisor.accounts_without_activity()?;
    let without = without.iter().map(|account| {
        format!("warning: no CloudTrail activity was imported for account {account}: {then}")
    });
    output::say_each(without, "accounts without activity");
    let coverage = advisor.store().coverage()?;
    let missing = MissingInput::of_trail(&Reconciliation::default(), &coverage);
    if !missing.is_empty() {
        output::say(format_args!(
            "warning: {missing} by imports into this store; what they hold may be missing from reports \
             (`access-advisor coverage --store` names them)"
        ));
    }
    let mut limits = Limits::new();
    if let Some(most) = arguments.connections_per_address {
        limits = limits.connections_per_address(most.get());
    }
    if let Some(most) = arguments.log_lines {
        limits = limits.log_lines(most);
    }
    let config = Config::new(Arc::new(advisor))
        .listen(arguments.listen)
        .credentials(credentials)
        .enforce_permissions(arguments.enforce_permissions)
        .ui(arguments.ui)
        .keep_jobs(arguments.keep_jobs)
        .limits(limits);
    let runtime = tokio::runtime::Runtime::new()?;
    let served = runtime.block_on(async {
        let server = Server::bind(config).await?;
        output::say(format_args!("listening on http://{}", server.local_addr()));
        if arguments.ui {
            output::say(format_args!(
                "web pages at http://{}/ui",
                server.local_addr()
            ));
        }
        let left = server.run(stop_signal()).await;
        if left > 0 {
            output::say(format_args!(
                "{left} jobs are not finished; the next start runs them"
            ));
        }
        Ok(())
    });
    // Requests that are still answered, for nobody, do not hold up the end.
    runtime.shutdown_background();
    served
}

/// Waits for the first signal, which shuts the server down gracefully. A second one ends the process; nothing acknowledged is
/// lost.
async fn stop_signal() {
    signal_to_stop().await;
    tokio::spawn(async {
        signal_to_stop().await;
        std::process::exit(1);
    });
}

/// Waits for Ctrl-C or SIGTERM.
async fn signal_to_stop() {
    let interrupt = async {
        // Without a handler, the default one ends the process; nothing acknowledged is lost.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
