//! `access-advisor serve`.

use std::sync::Arc;

use iam_api::{Config, Credentials, Server};
use tracing_subscriber::EnvFilter;

use crate::arguments::ServeArguments;
use crate::{Failure, input, store_commands};

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
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();

    let config = Config {
        listen: arguments.listen,
        credentials,
        enforce_permissions: arguments.enforce_permissions,
        ..Config::new(Arc::new(operations))
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let server = Server::bind(config).await?;
        eprintln!("listening on http://{}", server.local_addr());
        let left = server.run(stop_signal()).await;
        if left > 0 {
            eprintln!("{left} jobs are left for the next start");
        }
        Ok(())
    })
}

/// Ctrl-C, or what a service manager sends.
async fn stop_signal() {
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
