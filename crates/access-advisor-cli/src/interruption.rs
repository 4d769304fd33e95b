//! Ctrl-C and SIGTERM. They end the process at once, and remove unfinished files. An import gets a
//! second to keep what it has read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use access_advisor::trail::TrailReader;

use crate::exit_status::STOPPED;
use crate::{output, unfinished_file};

/// How long a graceful stop may take. What is being read or written then is not imported.
const GRACE: Duration = Duration::from_secs(1);

/// What the first signal sets to stop the work gracefully.
static GRACEFUL: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

fn graceful() -> MutexGuard<'static, Option<Arc<AtomicBool>>> {
    GRACEFUL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this exists, a signal stops the reader first. After a second, or with the next signal, the process ends.
pub(crate) struct StopOnSignal(());

impl StopOnSignal {
    pub(crate) fn new(reader: &TrailReader) -> Self {
        *graceful() = Some(reader.stop_flag());
        Self(())
    }
}

impl Drop for StopOnSignal {
    fn drop(&mut self) {
        *graceful() = None;
    }
}

/// Watches for signals from now on. Before that, they end the process as usual.
pub(crate) fn watch() {
    static WATCHING: Once = Once::new();
    WATCHING.call_once(|| {
        // Where no handler can be installed, signals still end the process.
        thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(wait())
        });
    });
}

async fn wait() -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    loop {
        signals.next().await;
        let Some(stop) = graceful().clone() else {
            output::say("stopped");
            unfinished_file::remove_all_and_exit(STOPPED);
        };
        output::say("stopping");
        stop.store(true, Ordering::Relaxed);
        _ = tokio::time::timeout(GRACE, signals.next()).await;
        if graceful().is_some() {
            output::say("stopped: run the same command again to resume");
            unfinished_file::remove_all_and_exit(STOPPED);
        }
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
