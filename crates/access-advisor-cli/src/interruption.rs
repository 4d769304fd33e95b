//! Ctrl-C and SIGTERM while a trail is read: the first one stops reading gracefully, the second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use access_advisor::trail::TrailReader;

use crate::exit_status::STOPPED;
use crate::output;

/// While this exists, a signal stops the reader after the current objects. After that, a signal ends the process.
pub(crate) struct StopOnSignal(Arc<AtomicBool>);

impl StopOnSignal {
    pub(crate) fn new(reader: &TrailReader) -> Self {
        let is_reading = Arc::new(AtomicBool::new(true));
        let (reading, stop) = (Arc::clone(&is_reading), reader.stop_flag());
        // Where no handler can be installed, signals end the process: at most the current batch is lost.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(wait(&reading, &stop))
        });
        Self(is_reading)
    }
}

impl Drop for StopOnSignal {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

async fn wait(is_reading: &AtomicBool, stop: &AtomicBool) -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    loop {
        signals.next().await;
        if !is_reading.load(Ordering::Relaxed) || stop.swap(true, Ordering::Relaxed) {
            std::process::exit(STOPPED.into());
        }
        output::say("stopping after the current objects; press Ctrl-C again to stop at once");
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
