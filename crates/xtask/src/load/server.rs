//! The `serve` process that is measured.

use std::ffi::OsStr;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::load::connection::Connection;
use crate::load::server_metrics::ServerMetrics;
use crate::{child, python};

/// The longest wait for the server to start.
const LONGEST_START: Duration = Duration::from_secs(30);
/// The server prints its address after this.
const ADDRESS: &str = "http://";
/// Clock ticks per second in `/proc/PID/stat`: 100 on all Linux systems.
const TICKS: f64 = 100.0;

/// A running server, killed on drop.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // The store is temporary, so nothing depends on a clean shutdown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts the server and waits until it prints its address. Its log goes to a file, as that of a service does.
    pub(crate) fn start(
        program: &Path,
        store: &Path,
        arguments: &[&OsStr],
    ) -> Result<Self, String> {
        Self::start_on("127.0.0.1:0", program, store, arguments)
    }

    /// The same, on an address.
    pub(crate) fn start_on(
        listen: &str,
        program: &Path,
        store: &Path,
        arguments: &[&OsStr],
    ) -> Result<Self, String> {
        let log = store.with_extension("log");
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let process = child::command(program)?
            .args(["serve", "--listen", listen, "--store"])
            .arg(store)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let mut server = Self {
            process,
            log,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let started = Instant::now();
        while started.elapsed() < LONGEST_START && matches!(server.process.try_wait(), Ok(None)) {
            let said = server.said();
            if let Some(address) = said.lines().find_map(address) {
                server.address = address;
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("the server did not start: {}", server.said()))
    }

    fn said(&self) -> String {
        let said = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// The warnings and errors in its log.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let said = self.said();
        let complaints = said.lines().filter(|line| {
            let mut head = line.split_whitespace().take(2);
            head.any(|word| matches!(word, "WARN" | "ERROR")) || line.contains("panicked at")
        });
        complaints.map(str::to_owned).collect()
    }

    pub(crate) fn metrics(&self) -> Result<ServerMetrics, String> {
        let read = || -> std::io::Result<ServerMetrics> {
            let mut connection = Connection::open(self.address)?;
            Ok(ServerMetrics::parse(connection.get("/metrics")?.body))
        };
        read().map_err(|error| format!("/metrics: {error}"))
    }

    /// Resident memory in MiB; `None` without `/proc`.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        self.memory_mib("VmRSS:")
    }

    /// The most resident memory so far in MiB; `None` without `/proc`.
    pub(crate) fn peak_mib(&self) -> Option<f64> {
        self.memory_mib("VmHWM:")
    }

    /// The size of its log.
    pub(crate) fn log_bytes(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |log| log.len())
    }

    /// Sends it SIGTERM. Returns how long it takes to exit; `None` if that is longer than it may be.
    pub(crate) fn terminate(&mut self, longest: Duration) -> Result<Option<Duration>, String> {
        let started = Instant::now();
        let mut kill = child::command("kill")?;
        python::succeed(kill.arg("-TERM").arg(self.process.id().to_string()))?;
        while started.elapsed() < longest {
            if let Ok(Some(_)) = self.process.try_wait() {
                return Ok(Some(started.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(None)
    }

    fn memory_mib(&self, name: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib / 1_024.0)
    }

    /// Processor time in seconds since the start; `None` without `/proc`.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        processor_seconds(&self.process.id().to_string())
    }
}

/// Processor time of a process in seconds, from its folder in `/proc`.
pub(crate) fn processor_seconds(process: &str) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may contain spaces. User and system time are the 14th and 15th field.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(ADDRESS)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let said = "listening on http://127.0.0.1:4711";
        assert_eq!(address(said), Some(([127, 0, 0, 1], 4711).into()));
        assert_eq!(address("started"), None);
    }
}
