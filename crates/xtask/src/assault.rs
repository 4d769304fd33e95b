//! `cargo xtask assault`: attacks a server and measures what a well-behaved client sees.

mod attacks;
mod client;
mod stores;
mod swarm;
mod target;

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use crate::assault::attacks::{ATTACKS, Attack};
use crate::assault::client::Seen;
use crate::assault::stores::Stores;
use crate::assault::target::{Scale, Target};
use crate::child;
use crate::load::server::Server;

/// How long a server may take to exit before it is killed.
const LONGEST_EXIT: Duration = Duration::from_secs(60);
/// How long the longest attack may take.
const LONGEST_ATTACK: Duration = Duration::from_secs(1_200);

/// Starts a server for each attack, and prints what a well-behaved client sees meanwhile, the server's peak memory, the size
/// of its log, and how long it takes to exit on SIGTERM while the attack goes on.
///
/// The server has credentials and listens on every address; the attackers have a key of the account, and come from loopback.
/// One client does so too, and one has the machine's other address, if there is one. Each sends a request every 20 milliseconds, every other time on a new connection, and tries
/// once more if a connection breaks.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask assault                                   all attacks on the release program
  cargo xtask assault --quick --only never-read         a quick look at one of them
  cargo xtask assault --program target/debug/access-advisor")]
pub(crate) struct Assault {
    /// Fewer connections, requests and seconds.
    #[arg(long)]
    quick: bool,
    /// Only this attack; can be given several times.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(attacks::names()))]
    only: Vec<String>,
    /// Attack this program instead of building the release program.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Where the attackers and one of the clients come from: what the table calls it.
const SAME: &str = "the attackers' address";
const OTHER: &str = "another address";

/// What was measured during an attack.
struct Measured {
    seconds: f64,
    /// For each of the clients, with its address.
    seen: Vec<(&'static str, Seen)>,
    peak_mib: Option<f64>,
    log_bytes: u64,
    exit: Option<Duration>,
}

impl Assault {
    pub(crate) fn run(&self) -> Result<(), String> {
        let program = match &self.program {
            Some(program) => std::path::absolute(program).map_err(|error| error.to_string())?,
            None => child::release("access-advisor-cli", "access-advisor")?,
        };
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let stores = Stores::make(&program, folder.path())?;
        let scale = if self.quick {
            Scale::quick()
        } else {
            Scale::full()
        };
        println!(
            "| attack | client at | s | requests | failed | p50, ms | p99, ms | longest, ms | peak, MiB | log, KiB | exit, s |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        );
        for attack in &ATTACKS {
            if self.only.is_empty() || self.only.iter().any(|name| name == attack.name) {
                let measured = measure(attack, scale, &program, &stores)?;
                for (client, seen) in &measured.seen {
                    println!("{}", measured.row(attack.name, client, seen));
                }
            }
        }
        Ok(())
    }
}

fn measure(
    attack: &Attack,
    scale: Scale,
    program: &Path,
    stores: &Stores,
) -> Result<Measured, String> {
    let arguments = ["--credentials".as_ref(), stores.credentials().as_os_str()];
    let store = stores.file(attack.account);
    let mut server = Server::start_on("0.0.0.0:0", program, store, &arguments)?;
    server.address.set_ip(Ipv4Addr::LOCALHOST.into());
    let target = Target {
        address: server.address,
        scale,
        stop: AtomicBool::new(false),
    };
    let calm = AtomicBool::new(false);
    let has_ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = other_address().map(|ip| (OTHER, SocketAddr::new(ip, target.address.port())));
        let clients: Vec<_> = [(SAME, target.address)]
            .into_iter()
            .chain(other)
            .map(|(name, address)| {
                let calm = &calm;
                (name, scope.spawn(move || client::ask(address, calm)))
            })
            .collect();
        let attackers = scope.spawn(|| {
            let outcome = (attack.run)(&target);
            has_ended.store(true, Ordering::Relaxed);
            outcome
        });
        let started = Instant::now();
        let is_over = || {
            let time = if attack.has_end {
                LONGEST_ATTACK
            } else {
                scale.time
            };
            started.elapsed() >= time || has_ended.load(Ordering::Relaxed)
        };
        while !is_over() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let seconds = started.elapsed().as_secs_f64();
        calm.store(true, Ordering::Relaxed);
        let seen: Result<Vec<_>, _> = clients
            .into_iter()
            .map(|(name, client)| Ok((name, client.join()?)))
            .collect();
        let (peak_mib, log_bytes) = (server.peak_mib(), server.log_bytes());
        let exit = server.terminate(LONGEST_EXIT);
        target.stop.store(true, Ordering::Relaxed);
        let outcome = attackers.join();
        outcome.map_err(|_| "an attacker panicked".to_owned())??;
        Ok(Measured {
            seconds,
            seen: seen.map_err(|_: Box<dyn Any + Send>| "a client panicked".to_owned())?,
            peak_mib,
            log_bytes,
            exit: exit?,
        })
    })
}

/// An address of this machine that is not loopback: a server does not take it for the attackers'.
fn other_address() -> Option<IpAddr> {
    // Nothing is sent: the system picks the address that it would use.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}

impl Measured {
    fn row(&self, name: &str, client: &str, seen: &Seen) -> String {
        let exit = self.exit.map_or_else(
            || format!("> {}", LONGEST_EXIT.as_secs()),
            |exit| format!("{:.1}", exit.as_secs_f64()),
        );
        let peak = self
            .peak_mib
            .map_or_else(|| "?".to_owned(), |peak| format!("{peak:.0}"));
        format!(
            "| {name} | {client} | {:.0} | {} | {} | {:.1} | {:.1} | {:.0} | {peak} | {} | {exit} |",
            self.seconds,
            seen.requests(),
            seen.failed,
            seen.quantile(0.5),
            seen.quantile(0.99),
            seen.quantile(1.0),
            self.log_bytes / 1_024,
        )
    }
}
