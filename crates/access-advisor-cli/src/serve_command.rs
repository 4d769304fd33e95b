//! `access-advisor serve`.

use std::io::IsTerminal;
use std::sync::Arc;

use access_advisor::serve::{Config, Credentials, Server};
use tracing_subscriber::EnvFilter;

use crate::arguments::ServeArguments;
use crate::{Failure, input, output, store_commands};

pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let operations =
        store_commands::operations(&arguments.store, catalog, arguments.tracking.into())?;
    let credentials = arguments
        .credentials
        .as_deref()
        .map(Credentials::load)
        .transpose()?;
    // One line a request; `RUST_LOG` says more or less.
    let is_terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .init();

    if credentials.as_ref().is_some_and(Credentials::is_empty) {
        output::say(format_args!(
            "warning: there is no credential in the credentials file: nobody may ask"
        ));
    }
    if arguments.enforce_permissions && credentials.is_none() {
        output::say(format_args!(
            "warning: --enforce-permissions without --credentials: whoever asks is believed to be \
             who they say"
        ));
    }
    let config = Config {
        listen: arguments.listen,
        credentials,
        enforce_permissions: arguments.enforce_permissions,
        ..Config::new(Arc::new(operations))
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let server = Server::bind(config).await?;
        output::say(format_args!("listening on http://{}", server.local_addr()));
        let left = server.run(stop_signal()).await;
        if left > 0 {
            output::say(format_args!("{left} jobs are left for the next start"));
        }
        Ok(())
    })
}

/// The first signal stops in good order; a second one ends the process, which loses nothing
/// acknowledged.
async fn stop_signal() {
    signal_to_stop().await;
    tokio::spawn(async {
        signal_to_stop().await;
        std::process::exit(1);
    });
}

/// Ctrl-C, or what a service manager sends.
async fn signal_to_stop() {
    let interrupt = async {
        // Without a handler the default one ends the process, which loses nothing acknowledged.
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
