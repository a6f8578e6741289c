//! The zero-setup cloud and database: Postgres, an AWS emulator behind a gateway that fills its gaps, and a demo fleet.
//!
//! `postgres` runs the database alone, `up` everything. Both print one JSON object a line ([`report`]) and run until
//! they are told to stop: a signal, or the end of standard input where the parent asks for that.

mod binaries;
mod emulator;
mod fleet;
mod folder;
mod gateway;
mod guard;
mod identity;
mod postgres;
mod python;
mod report;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use folder::Folder;
use report::{ACCOUNTS, Event, Failure, REGIONS, emit, progress};

/// The local cloud that Gantry shows when no real account is configured.
#[derive(Debug, Parser)]
#[command(name = "gantry-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the database only.
    Postgres(Options),
    /// Runs database, AWS emulator and demo fleet.
    Up {
        #[command(flatten)]
        options: Options,
        /// Starts with an empty cloud.
        #[arg(long)]
        no_fleet: bool,
    },
    /// Keeps one child: started by this program only.
    #[command(hide = true)]
    Guard(guard::GuardArguments),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Where everything is kept.
    #[arg(long)]
    data_dir: PathBuf,
    /// Ends with the process that holds standard input open.
    #[arg(long)]
    exit_with_stdin: bool,
    /// Starts a database in the folder whatever `DATABASE_URL` names: what tests write is for no other.
    #[arg(long)]
    own_database: bool,
}

impl Options {
    /// The database that exists already, where `DATABASE_URL` names one and may.
    fn database_named(&self) -> Option<String> {
        if self.own_database {
            return None;
        }
        std::env::var("DATABASE_URL").ok().filter(|url| !url.trim().is_empty())
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    if let Command::Guard(arguments) = command {
        return guard::run(arguments);
    }
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("SANDBOX_LOG").unwrap_or_else(|_| "info".into()))
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::new(format!("cannot start: {error}"))),
    };
    let result = match command {
        Command::Postgres(options) => runtime.block_on(run_postgres(options)),
        Command::Up { options, no_fleet } => runtime.block_on(run_up(options, no_fleet)),
        Command::Guard(_) => Ok(()),
    };
    // A thread that still reads standard input would hold the end up.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    tracing::error!("{failure}");
    emit(&Event::Failed { message: &failure.0 });
    ExitCode::FAILURE
}

async fn run_postgres(options: Options) -> Result<(), Failure> {
    let folder = Folder::open(&options.data_dir)?;
    let named = options.database_named();
    let mut database = blocking(move || postgres::start(&folder, named).map(|database| (database, folder))).await?.0;
    emit(&Event::Ready {
        database_url: &database.url,
        endpoint_url: None,
        accounts: None,
        regions: None,
        python: None,
    });
    let result = tokio::select! {
        () = told_to_stop(options.exit_with_stdin) => Ok(()),
        failure = watch(&mut database) => Err(failure),
    };
    if let Some(running) = database.running {
        running.stop();
    }
    result
}

async fn run_up(options: Options, no_fleet: bool) -> Result<(), Failure> {
    let folder = std::sync::Arc::new(Folder::open(&options.data_dir)?);
    let (for_database, for_emulator) = (folder.clone(), folder.clone());
    let named = options.database_named();
    let cannot = |error: std::io::Error| Failure::new(format!("cannot listen on 127.0.0.1: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", folder.free_port("gateway")?)).await.map_err(cannot)?;
    let port = listener.local_addr().map_err(cannot)?.port();
    progress("start", "starting the database and the AWS emulator");
    let started = tokio::join!(
        blocking(move || postgres::start(&for_database, named)),
        blocking(move || {
            let emulator = emulator::prepare(&for_emulator, port)?;
            let running = emulator.start()?;
            Ok((emulator, running))
        })
    );
    let (mut database, (emulator, running)) = match started {
        (Ok(database), Ok(emulator)) => (database, emulator),
        (database, emulator) => {
            // One failed: the other must not be left to its guard while this process reports.
            let mut failure = None;
            match database {
                Ok(database) => database.running.into_iter().for_each(guard::Running::stop),
                Err(first) => failure = Some(first),
            }
            match emulator {
                Ok((_, running)) => running.stop(),
                Err(second) => failure = failure.or(Some(second)),
            }
            return Err(failure.unwrap_or_else(|| Failure::new("cannot start")));
        }
    };
    let mut running = Some(running);
    let result = serve(&folder, listener, &options, no_fleet, &mut database, &emulator, &mut running).await;
    let stops = [running, database.running].into_iter().flatten().map(|child| std::thread::spawn(|| child.stop()));
    for stop in stops.collect::<Vec<_>>() {
        let _ = stop.join();
    }
    result
}

/// Everything runs: answers calls, makes the fleet, keeps the emulator alive, until it is told to stop.
async fn serve(
    folder: &Folder,
    listener: TcpListener,
    options: &Options,
    no_fleet: bool,
    database: &mut postgres::Postgres,
    emulator: &emulator::Emulator,
    running: &mut Option<guard::Running>,
) -> Result<(), Failure> {
    let endpoint = format!("http://{}", listener.local_addr().map_err(|error| Failure::new(error.to_string()))?);
    let gateway = gateway::Gateway::new(emulator.port, &folder.part("gateway")?)?;
    let serving = gateway::serve(listener, gateway);
    emit(&Event::Ready {
        database_url: &database.url,
        endpoint_url: Some(&endpoint),
        accounts: Some(&ACCOUNTS),
        regions: Some(&REGIONS),
        python: Some(&emulator.python),
    });

    let fleet_folder = folder.part("programs")?;
    let seeding = async {
        if !no_fleet {
            match fleet::seed(emulator, &fleet_folder, &endpoint).await {
                Ok(()) => emit(&Event::Seeded),
                Err(failure) => {
                    tracing::warn!("{failure}");
                    emit(&Event::Incomplete { message: &failure.0 });
                }
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = told_to_stop(options.exit_with_stdin) => Ok(()),
        failure = watch(database) => Err(failure),
        failure = keep_alive(emulator, running) => Err(failure),
        ended = serving => Err(Failure::new(format!("the gateway ended: {ended:?}"))),
        () = seeding => Ok(()),
    }
}

/// Starts the emulator again when it ends by itself; gives up when it cannot be started.
async fn keep_alive(emulator: &emulator::Emulator, running: &mut Option<guard::Running>) -> Failure {
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if running.as_mut().is_some_and(|running| !running.has_ended()) {
            continue;
        }
        progress("emulator", "the AWS emulator ended by itself; starting it again");
        match tokio::task::block_in_place(|| emulator.start()) {
            Ok(again) => *running = Some(again),
            Err(failure) => return failure,
        }
    }
}

/// Waits for the end of the database, which should not end.
async fn watch(database: &mut postgres::Postgres) -> Failure {
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if database.running.as_mut().is_some_and(guard::Running::has_ended) {
            return database.ended();
        }
    }
}

async fn told_to_stop(exit_with_stdin: bool) {
    let stdin_closed = async {
        if !exit_with_stdin {
            return std::future::pending().await;
        }
        let mut stdin = tokio::io::stdin();
        let mut buffer = [0; 256];
        while matches!(stdin.read(&mut buffer).await, Ok(1..)) {}
    };
    let signalled = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stdin_closed => {}
        () = signalled(SignalKind::interrupt()) => {}
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::hangup()) => {}
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::new(format!("an internal error: {error}"))))
}

/// 32 hexadecimal digits from the system's generator.
fn random_name() -> Result<String, Failure> {
    use std::io::Read as _;
    let source = std::path::Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Failure::io("read", source, &error))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
