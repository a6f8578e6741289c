//! `gantry serve`: how the server is put together, what it refuses to start with, and how it ends.

use domain::{Code, Problem};
use gantry_aws::{Connections, Limits};
use gantry_store::Store;
use gantry_store::prune::Keep;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::apply;
use crate::auth::Auth;
use crate::auth::password::Passwords;
use crate::clock;
use crate::config::Config;
use crate::connecting::Connecting;
use crate::digest_key;
use crate::http::rate::Rate;
use crate::http::site::Site;
use crate::http::{Parts, Web, listener};
use crate::inventory::{Answers, Memory, Visible};
use crate::live::Live;
use crate::live::follow::Follow;
use crate::live::telemetry::AwsTelemetry;
use crate::plans::Planner;
use crate::report::{Event, say};
use crate::servers;
use crate::sync;
use crate::uploads::Uploads;

/// Between two looks for what was kept long enough.
const PRUNE: Duration = Duration::from_secs(3_600);
/// How long collectors may take to give their leases back.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs until asked to end (Ctrl-C, SIGTERM, or the end of standard input).
///
/// # Errors
/// Whatever keeps it from starting, as one line.
pub async fn run(config: Config, exit_with_stdin: bool) -> Result<(), Problem> {
    let site = Arc::new(match &config.site {
        Some(folder) => Site::folder(folder)?,
        None => Site::embedded()?,
    });
    let store = Store::connect(&config.database_url).await?;
    store.migrate().await?;
    clock::compare(&store).await?;
    for (format, runs) in store.foreign_runs().await? {
        tracing::warn!(format, runs, "apply: runs of another version wait for a server that knows their format");
    }
    let auth = Auth::new(store.clone(), Passwords::new(config.password_min), config.behind_tls_proxy);
    may_listen(&config, &store).await?;
    let limits = Limits::new(config.quota_share);
    let digest_key = digest_key::agree(&store, config.digest_key_file.as_deref()).await?;
    let connections = Connections::awaited(&digest_key, limits);
    let socket = TcpListener::bind(config.listen)
        .await
        .map_err(|e| Problem::invalid("GANTRY_LISTEN", format!("{} cannot be listened on: {e}", config.listen)))?;
    let address = socket.local_addr().map_err(|e| Problem::new(Code::Internal, "No address", e.to_string()))?;
    let memory = Memory::new(store.clone());
    if let Some(at) = config.metrics_listen {
        crate::telemetry::listen(at, crate::telemetry::count()?, connections.clone(), memory.clone()).await?;
    }
    auth.passwords.warm().await?;
    let token = auth.new_welcome().await?;
    let url = match token {
        Some(token) => format!("http://{address}/welcome?token={token}"),
        None => format!("http://{address}/"),
    };
    let following = tokio::spawn(memory.clone().follow());
    let comparing = tokio::spawn(clock::follow(store.clone()));
    let pruning = tokio::spawn(prune(store.clone(), config.keep));
    let name = servers::name();
    let connecting = Connecting::new(store.clone(), name.clone(), connections.clone(), config.password_min);
    let (known, instance) = (connecting.known.clone(), connecting.instance.subscribe());
    let begun = connecting.begin(&config.connections).await?;
    let staying = tokio::spawn(connecting.stay(begun, config.connections));
    let telemetry = Arc::new(AwsTelemetry::new(connections.clone(), store.clone()));
    let visible = Visible::default();
    let registries = apply::copy::Registries::new(&config.registries)?;
    let lent = registries.lent();
    let cloud: Arc<dyn apply::Cloud> = Arc::new(apply::Aws::new(connections.clone(), registries));
    let web = Web::new(Parts {
        inventory: Arc::new(Answers::new(memory.clone(), known.clone(), visible.clone())),
        telemetry: telemetry.clone(),
        live: Live::new(memory.clone(), Arc::new(Follow::new(telemetry))),
        plans: Arc::new(Planner::new(store.clone(), cloud.clone(), lent)),
        uploads: Arc::new(Uploads::new(connections.clone(), store.clone(), config.registries.max_image_bytes)),
        auth,
        instance,
        known,
        site,
        rate: Rate::new(config.requests_per_second),
        loaded: memory.loaded(),
    });
    let collector = Arc::new(sync::aws::Aws(connections));
    let pool = sync::pool::Pool::new(name.clone(), store.clone(), collector, visible, sync::pool::Settings::default());
    let (stop, stopped) = watch::channel(false);
    let engine = Arc::new(apply::Engine::new(store.clone(), cloud, apply::Patience::default()));
    let applying = tokio::spawn(engine.run(stopped.clone()));
    let collecting = tokio::spawn(pool.run(stopped));
    let reporting = tokio::spawn(sync::progress::first_collect(memory, |done, total| {
        let message = format!("{done} of {total} lists read");
        say(&Event::Progress { step: "collect", message: &message, done, total });
    }));
    say(&Event::Ready { url: &url });
    listener::serve(socket, crate::http::router(web), asked_to_end(exit_with_stdin)).await;
    reporting.abort();
    following.abort();
    comparing.abort();
    pruning.abort();
    staying.abort();
    // Leases are given back, so that another server need not wait for them to end.
    let _ = stop.send(true);
    let _ = tokio::time::timeout(LAST_WORDS, futures::future::join(collecting, applying)).await;
    if let Err(problem) = store.sign_off(&name).await {
        tracing::warn!(%problem, "the others were not told that this server ends; they find out by themselves");
    }
    store.close().await;
    Ok(())
}

/// Deletes what was kept long enough, from time to time.
async fn prune(store: Store, keep: Keep) {
    loop {
        tokio::time::sleep(PRUNE).await;
        match store.prune(keep, clock::now()).await {
            Ok(pruned) if pruned.resources + pruned.history > 0 => {
                tracing::info!(
                    resources = pruned.resources,
                    history = pruned.history,
                    "deleted what was kept long enough"
                );
            }
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(%problem, "what was kept long enough could not be deleted; tried again later")
            }
        }
    }
}

/// A console that anybody in the network can reach needs TLS in front and somebody who may sign in.
async fn may_listen(config: &Config, store: &Store) -> Result<(), Problem> {
    if config.listen.ip().is_loopback() {
        return Ok(());
    }
    let refuse =
        |why: &str| Err(Problem::invalid("listen", format!("listen: {} is not loopback, and {why}", config.listen)));
    if !config.behind_tls_proxy {
        return refuse(
            "nothing says that a proxy in front speaks TLS. Put one there and set behind_tls_proxy = true, or listen on 127.0.0.1.",
        );
    }
    if !store.has_administrator().await? {
        return refuse("there is no administrator yet. Make one first: gantry admin create --name NAME.");
    }
    Ok(())
}

/// Waits for Ctrl-C, SIGTERM or, if asked to, the end of standard input.
async fn asked_to_end(exit_with_stdin: bool) {
    let stdin = async {
        if !exit_with_stdin {
            return std::future::pending().await;
        }
        let mut scratch = [0_u8; 256];
        let mut stdin = tokio::io::stdin();
        while matches!(stdin.read(&mut scratch).await, Ok(n) if n > 0) {}
    };
    tokio::select! {
        () = stdin => {}
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
    tracing::info!("ending");
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard");
            std::future::pending().await
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
