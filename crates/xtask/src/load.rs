//! `cargo xtask load`: puts a server under load and measures it.

mod client;
pub(crate) mod connection;
mod heavy_caller;
mod inputs;
mod mix;
mod report;
pub(crate) mod server;
mod server_metrics;
pub(crate) mod signer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use benches::AccountShape;
use clap::Args;

use crate::child;
use crate::load::client::Outcome;
use crate::load::connection::{Connection, element};
use crate::load::mix::{LoadRequest, Mix};
use crate::load::report::Measured;
use crate::load::server::Server;
use crate::load::signer::Signer;

/// Jobs that exist when the clients start.
const PREPARED_JOBS: usize = 200;
/// The longest wait for these jobs, and for the jobs that are left at the end.
const LONGEST_DRAIN: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);
/// How long the heavy caller asks before the clients start.
const HEAVY_START: Duration = Duration::from_secs(2);
/// The 99th percentile beside the heavy caller may be this many times that without it.
const MOST_SLOWER: f64 = 2.0;
/// When memory is measured, in percent of the time.
const LOOKS: [u32; 4] = [25, 50, 75, 100];

/// Serves a generated store, puts it under load, and prints rates, times and memory.
///
/// Builds the release program, imports an account of 10,000 identities with 500 managed policies and a trail of 200,000
/// events into a temporary store, and starts `access-advisor serve` with credentials on a loopback port. The clients sign
/// every request and keep their connections open. Of 100 requests, 70 get the services of one of 200 jobs (in pages), 10 the
/// entities of a service, 10 list granting policies, 5 generate a job, and 5 list users (in pages).
///
/// Fails if any request gets a wrong answer (Throttling is one), or if a job fails or is not completed in the end.
/// Server-side times are given as the bounds of the bucket that contains the percentile.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask load                             32 clients without pauses, 60 seconds
  cargo xtask load --seconds 5                 a quick look
  cargo xtask load --rate 500                  at most 500 requests/s: times without queueing
  cargo xtask load --rate 500 --heavy          the same, and then beside a caller with hostile jobs")]
pub(crate) struct Load {
    /// Number of clients.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=512))]
    clients: u32,
    /// Duration in seconds.
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Most requests per second, over all clients [default: unlimited].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Measure a second time, while another caller keeps its queue full of action-level jobs on users with
    /// hostile policies of IAM's largest size. Fails if the 99th percentile of all requests more than doubles
    #[arg(long)]
    heavy: bool,
    /// Seed of the account, the trail and the requests.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Load {
    pub(crate) fn run(&self) -> Result<(), String> {
        // One by one, because cargo unites the features of packages that it builds together.
        let program = child::release("access-advisor-cli", "access-advisor")?;
        if cfg!(debug_assertions) {
            // The clients share the machine with the server, so they must be optimized too.
            return again(&child::release("xtask", "xtask")?);
        }
        let shape = AccountShape {
            seed: self.seed,
            identities: 10_000,
            ..AccountShape::default()
        };
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        eprintln!("making the store");
        let store = inputs::store(&program, folder.path(), &shape)?;
        if self.heavy {
            inputs::add_heavy_caller(&program, folder.path(), &store, self.seed)?;
        }
        let credentials = inputs::credentials(folder.path())?;
        // All clients have one address.
        let arguments = [
            "--connections-per-address".as_ref(),
            "1024".as_ref(),
            "--credentials".as_ref(),
            credentials.as_os_str(),
        ];
        let server = Server::start(&program, &store, &arguments)?;
        eprintln!("making {PREPARED_JOBS} jobs");
        let jobs = prepare(&server, &shape)?;
        eprintln!("{} clients for {} s", self.clients, self.seconds);
        let measured = self.measure(&server, &shape, &jobs)?;

        let rate = self
            .rate
            .map_or_else(String::new, |rate| format!(", at most {rate} requests/s"));
        println!(
            "{} clients, {} s{rate}, seed {}: {} identities, {} managed policies, {PREPARED_JOBS} jobs at the start.\n",
            self.clients, self.seconds, self.seed, shape.identities, shape.managed_policies
        );
        print!("{}", measured.report());
        let measured = if self.heavy {
            self.beside_heavy_caller(&server, &shape, &jobs, &measured)?
        } else {
            measured
        };
        let complaints = server.complaints();
        println!(
            "- Warnings and errors in the server's log: {}.",
            complaints.len()
        );
        for complaint in complaints.iter().take(5) {
            println!("  - {complaint}");
        }
        let unmade = ["FAILED", "IN_PROGRESS"].map(|status| {
            measured
                .after
                .value(&format!("iam_api_jobs{{status=\"{status}\"}}"))
        });
        match measured.errors() {
            0 if unmade == [0.0; 2] => Ok(()),
            0 => Err("jobs failed or were not made".to_owned()),
            errors => Err(format!("{errors} requests went wrong")),
        }
    }

    /// Measures again beside the heavy caller, and prints both. Returns what was measured.
    fn beside_heavy_caller(
        &self,
        server: &Server,
        shape: &AccountShape,
        jobs: &[String],
        alone: &Measured,
    ) -> Result<Measured, String> {
        let stop = AtomicBool::new(false);
        let (measured, asked) = std::thread::scope(|scope| {
            let heavy = scope.spawn(|| heavy_caller::keep_asking(server.address, &stop));
            // Until its queue is full.
            std::thread::sleep(HEAVY_START);
            let measured = self.measure_until(server, shape, jobs, || {
                stop.store(true, Ordering::Relaxed);
            });
            stop.store(true, Ordering::Relaxed);
            (measured, heavy.join())
        });
        let asked = asked.map_err(|_| "the heavy caller panicked".to_owned())??;
        let measured = measured?;
        println!(
            "\nBeside a caller with {} hostile jobs, {} times throttled:\n",
            asked.jobs, asked.throttled
        );
        print!("{}", measured.report());
        let (before, beside) = (
            alone.outcome.percentile(99),
            measured.outcome.percentile(99),
        );
        let factor = f64::from(beside) / f64::from(before.max(1));
        println!("- The 99th percentile of all requests is {factor:.2} times that without it.");
        if factor > MOST_SLOWER {
            return Err(format!(
                "the 99th percentile is {factor:.2} times that alone"
            ));
        }
        Ok(measured)
    }

    fn measure(
        &self,
        server: &Server,
        shape: &AccountShape,
        jobs: &[String],
    ) -> Result<Measured, String> {
        self.measure_until(server, shape, jobs, || {})
    }

    /// Measures, and calls a function when the clients are done.
    fn measure_until(
        &self,
        server: &Server,
        shape: &AccountShape,
        jobs: &[String],
        done: impl FnOnce(),
    ) -> Result<Measured, String> {
        let gap = self.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_secs(1) * self.clients / rate
        });
        let before = server.metrics()?;
        let mut memory = vec![(0, server.resident_mib())];
        let processor = processor(server);
        let started = Instant::now();
        let time = Duration::from_secs(self.seconds.into());
        let mut outcome = Outcome::default();
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..self.clients)
                .map(|client| {
                    let signer = Signer::new(inputs::ACCESS_KEY, "iam");
                    let mix = Mix::new(shape, jobs, client.into());
                    let begin = started + gap * client / self.clients;
                    let timing = client::Timing {
                        begin,
                        until: started + time,
                        gap,
                    };
                    scope.spawn(move || client::ask(server.address, signer, mix, timing))
                })
                .collect();
            for percent in LOOKS {
                let at = started + time * percent / 100;
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                memory.push((percent, server.resident_mib()));
            }
            for client in clients {
                match client.join() {
                    Ok(one) => outcome.add(one),
                    // What it panicked with is on standard error.
                    Err(_) => outcome.fault(LoadRequest::Get, "a client panicked".to_owned()),
                }
            }
        });
        done();
        let seconds = started.elapsed().as_secs_f64();
        let processor = self::processor(server)
            .zip(processor)
            .map(|(after, before)| (after.0 - before.0, after.1 - before.1));
        let waited = Instant::now();
        let mut after = server.metrics()?;
        while after.value("iam_api_jobs{status=\"IN_PROGRESS\"}") > 0.0
            && waited.elapsed() < LONGEST_DRAIN
        {
            std::thread::sleep(POLL);
            after = server.metrics()?;
        }
        Ok(Measured {
            seconds,
            outcome,
            before,
            after,
            memory,
            processor,
        })
    }
}

/// The server's processor time and ours.
fn processor(server: &Server) -> Option<(f64, f64)> {
    Some((
        server.processor_seconds()?,
        server::processor_seconds("self")?,
    ))
}

/// Makes the jobs that clients ask for, through the service, and waits until they are completed.
fn prepare(server: &Server, shape: &AccountShape) -> Result<Vec<String>, String> {
    let fault = |error: std::io::Error| error.to_string();
    let mut signer = Signer::new(inputs::ACCESS_KEY, "iam");
    let mut connection = Connection::open(server.address).map_err(fault)?;
    let mut jobs = Vec::new();
    for index in 0..PREPARED_JOBS {
        let form = mix::prepared_job(shape, index);
        let answer = connection.post(&mut signer, &form).map_err(fault)?;
        let id = element(answer.body, "JobId").ok_or_else(|| answer.body.to_owned())?;
        jobs.push(id.to_owned());
    }
    let started = Instant::now();
    for job in &jobs {
        let form = mix::first_page(job);
        loop {
            let answer = connection.post(&mut signer, &form).map_err(fault)?;
            match element(answer.body, "JobStatus") {
                Some("COMPLETED") => break,
                Some("IN_PROGRESS") if started.elapsed() < LONGEST_DRAIN => {}
                _ => return Err(format!("a job was not made: {}", answer.body)),
            }
            std::thread::sleep(POLL);
        }
    }
    Ok(jobs)
}

/// Runs this same command in another build of this program.
fn again(program: &Path) -> Result<(), String> {
    let status = child::command(program)?
        .args(std::env::args_os().skip(1))
        .status()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    if status.success() {
        return Ok(());
    }
    Err("the load run failed".to_owned())
}
