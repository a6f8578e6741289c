//! The commands of the binary `gantry`.

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use domain::policy::{Actor, Role};
use domain::{Code, Problem};
use gantry_aws::limits::{Limits, QUOTA_SHARE};
use gantry_store::Store;
use serde_json::json;
use std::io::{BufRead, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::apply;
use crate::auth::password::{Passwords, SHORTEST};
use crate::auth::{self, Auth, forms, secret, team};
use crate::clock::{self, now};
use crate::config::{self, Config};
use crate::connections;
use crate::report::{Event, say};

/// A web console for Lambda, ECS, Fargate, EKS and ECR.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    /// The configuration file; ./gantry.toml is read without being named.
    #[arg(long, env = "GANTRY_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Postgres: postgres://user@host:port/database
    #[arg(long, env = "DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Log as one JSON object per line.
    #[arg(long, env = "GANTRY_LOG_JSON", global = true, value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    log_json: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves pages and the API, and collects.
    Serve(Serve),
    /// Administrators.
    #[command(subcommand)]
    Admin(Admin),
    /// API tokens.
    #[command(subcommand)]
    Token(Tokens),
    /// Connections to AWS.
    #[command(subcommand)]
    Connections(Connections),
    /// Runs of plans.
    #[command(subcommand)]
    Runs(Runs),
    /// Prints the OpenAPI document of the HTTP API.
    Openapi,
}

#[derive(Debug, Args)]
struct Serve {
    /// Where pages are served; 127.0.0.1:4646 unless given.
    #[arg(long, env = "GANTRY_LISTEN", value_name = "ADDRESS", value_parser = config::address)]
    listen: Option<SocketAddr>,
    /// Where Prometheus reads /metrics; nowhere unless given.
    #[arg(long, env = "GANTRY_METRICS_LISTEN", value_name = "ADDRESS", value_parser = config::address)]
    metrics_listen: Option<SocketAddr>,
    /// The folder with the built site, unless it is inside the binary.
    #[arg(long, env = "GANTRY_SITE", value_name = "FOLDER")]
    site: Option<PathBuf>,
    /// The file with the key of the digests that stand in place of secrets: at least 32 random bytes. The database keeps a key unless given.
    #[arg(long, env = "GANTRY_DIGEST_KEY_FILE", value_name = "FILE")]
    digest_key_file: Option<PathBuf>,
    /// A proxy in front speaks TLS and sets X-Forwarded-For: cookies are marked Secure, other addresses than loopback are allowed.
    #[arg(long, env = "GANTRY_BEHIND_TLS_PROXY", value_name = "BOOLEAN", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    behind_tls_proxy: Option<bool>,
    /// Requests one person may make in a second; 50 unless given.
    #[arg(long, env = "GANTRY_REQUESTS_PER_SECOND", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_second: Option<u32>,
    /// Ends when standard input ends.
    #[arg(long)]
    exit_with_stdin: bool,
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Makes an administrator and prints a password for them, unless one is given.
    Create {
        /// Their name.
        #[arg(long)]
        name: String,
        /// Reads the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Tokens {
    /// Makes an API token and prints it: the only time it is shown.
    Create {
        /// The person it speaks for.
        #[arg(long)]
        person: String,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// viewer, operator or administrator; at most the person's own.
        #[arg(long, default_value = "viewer", value_parser = |text: &str| Role::parse(text).map_err(|p| p.message))]
        role: Role,
        /// How long it lasts, at most 365.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
}

#[derive(Debug, Subcommand)]
enum Connections {
    /// Says per connection and region what works and which permission is missing.
    Check,
}

#[derive(Debug, Subcommand)]
enum Runs {
    /// Looks through AWS for what carries the tags of a run and that no run answers for any more.
    Sweep {
        /// Prints one JSON document.
        #[arg(long)]
        json: bool,
        /// Lists everything that carries the tags of a run, without asking the database about it.
        #[arg(long)]
        without_database: bool,
    },
}

/// Runs the command line; exit code 1 and one line on standard error when something is wrong.
pub fn main() -> ExitCode {
    // Two TLS libraries' defaults would otherwise meet in one process. An error means that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    let told = matches!(&cli.command, Command::Serve(_));
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Problem::new(Code::Internal, "The runtime does not start", e.to_string()))
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(cli));
            // A thread that still reads standard input would hold the end up.
            runtime.shutdown_background();
            outcome
        });
    match outcome {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("gantry: {}", problem.message);
            if told {
                say(&Event::Failed { message: &problem.message });
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Problem> {
    crate::telemetry::log(cli.common.log_json.unwrap_or(false));
    match cli.command {
        Command::Serve(ref serve) => {
            let exit_with_stdin = serve.exit_with_stdin;
            crate::serve::run(configuration(&cli.common, serve)?, exit_with_stdin).await?;
        }
        Command::Admin(Admin::Create { name, password_stdin }) => {
            create_admin(&cli.common, &name, password_stdin).await?
        }
        Command::Token(Tokens::Create { person, name, role, days }) => {
            create_token(&cli.common, &person, &name, role, days).await?;
        }
        Command::Connections(Connections::Check) => {
            return check(&cli.common).await;
        }
        Command::Runs(Runs::Sweep { json, without_database }) => {
            return sweep(&cli.common, json, without_database).await;
        }
        Command::Openapi => {
            let text = crate::api::document().to_pretty_json();
            println!(
                "{}",
                text.map_err(|e| Problem::new(Code::Internal, "The document cannot be written", e.to_string()))?
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn file(common: &Common) -> Result<config::File, Problem> {
    let here = PathBuf::from("gantry.toml");
    match &common.config {
        Some(path) => config::read(path),
        None if here.exists() => config::read(&here),
        None => Ok(config::File::default()),
    }
}

fn configuration(common: &Common, serve: &Serve) -> Result<Config, Problem> {
    let file = file(common)?;
    let database_url = database(common, &file)?;
    // What is written wrongly keeps the server from starting. That AWS does not say whose credentials it has does not.
    let connections = connections::source(&file, variable)?;
    Ok(Config {
        database_url,
        listen: serve.listen.or(file.listen).unwrap_or(config::LISTEN),
        metrics_listen: serve.metrics_listen.or(file.metrics_listen),
        site: serve.site.clone().or(file.site),
        digest_key_file: serve.digest_key_file.clone().or(file.digest_key_file),
        behind_tls_proxy: serve.behind_tls_proxy.unwrap_or(file.behind_tls_proxy),
        password_min: file.password_min.unwrap_or(SHORTEST),
        requests_per_second: serve.requests_per_second.or(file.requests_per_second).unwrap_or(50),
        quota_share: file.quota_share.unwrap_or(QUOTA_SHARE),
        keep: file.keep,
        connections,
        registries: file.registries,
    })
}

/// A variable of the environment; what is not text counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn database(common: &Common, file: &config::File) -> Result<String, Problem> {
    common.database_url.clone().or_else(|| file.database_url.clone()).ok_or_else(|| {
        Problem::invalid(
            "DATABASE_URL",
            "DATABASE_URL is not set: where Postgres is, as in postgres://user@host:5432/gantry.",
        )
    })
}

/// The people of the database named on the command line; whoever can write to it may do anything.
async fn people(common: &Common) -> Result<Auth, Problem> {
    let file = file(common)?;
    let store = Store::connect(&database(common, &file)?).await?;
    store.migrate().await?;
    clock::compare(&store).await?;
    Ok(Auth::new(store, Passwords::new(file.password_min.unwrap_or(SHORTEST)), file.behind_tls_proxy))
}

async fn create_admin(common: &Common, name: &str, password_stdin: bool) -> Result<(), Problem> {
    let auth = people(common).await?;
    let name = forms::name(name)?;
    let (password, made) =
        if password_stdin { (password_from_stdin()?, false) } else { (secret::random_hex::<16>(), true) };
    auth.passwords.require(&password, name)?;
    let hash = auth.passwords.hash(&password).await?;
    let entry = auth::entry(None, "people.create", name, json!({ "role": Role::Administrator, "how": "command line" }));
    auth.store.create_person(name, &hash, Role::Administrator, now(), &entry).await?;
    eprintln!("{name} is an administrator now.");
    if made {
        eprintln!("Their password, shown only now:");
        println!("{password}");
    }
    Ok(())
}

async fn create_token(common: &Common, person: &str, name: &str, role: Role, days: u32) -> Result<(), Problem> {
    let auth = people(common).await?;
    let unknown =
        || Problem::not_found(format!("Nobody here is called “{}”.", person.chars().take(64).collect::<String>()));
    let person = auth.store.credentials(person).await?.ok_or_else(unknown)?.person;
    let owner = Actor { person: person.id, name: person.name, role: person.role, session: 0 };
    let text = team::create_token(&auth, &owner, name, role, days).await?;
    println!("{text}");
    Ok(())
}

fn password_from_stdin() -> Result<String, Problem> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!("Password (shown as it is typed):");
    }
    first_line(stdin.lock())
}

/// Without its end; whoever types need not end the input.
fn first_line(mut input: impl BufRead) -> Result<String, Problem> {
    let mut text = String::new();
    input
        .read_line(&mut text)
        .map_err(|e| Problem::invalid("password", format!("Standard input cannot be read: {e}")))?;
    let line = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(&text);
    Ok(line.to_owned())
}

/// The connections of a command that keeps nothing, so any key will do for the secrets in what AWS answers.
async fn connected(file: &config::File) -> Result<gantry_aws::Connections, Problem> {
    let configs = connections::source(file, variable)?.read().await?;
    let limits = Limits::new(file.quota_share.unwrap_or(QUOTA_SHARE));
    gantry_aws::Connections::with_limits(configs, &secret::random_key(), limits)
}

async fn check(common: &Common) -> Result<ExitCode, Problem> {
    let connections = connected(&file(common)?).await?;
    let all_well = crate::check::connections(&connections, &mut |line| println!("{line}")).await?;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fails where something is an orphan or could not be read: that nothing was found has to mean that nothing is there.
async fn sweep(common: &Common, json: bool, without_database: bool) -> Result<ExitCode, Problem> {
    let file = file(common)?;
    let store = match without_database {
        true => None,
        false => Some(Store::connect(&database(common, &file)?).await?),
    };
    let connections = connected(&file).await?;
    let registries = apply::copy::Registries::new(&file.registries)?;
    let scopes = apply::sweep::scopes(&connections)?;
    let sweep = apply::sweep::sweep(&apply::Aws::new(connections, registries), &scopes, store.as_ref()).await?;
    if json {
        println!("{}", sweep.json()?);
    } else {
        print!("{sweep}");
    }
    Ok(if sweep.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    /// What is said of the log and of the proxy.
    fn said(args: &[&str]) -> Result<(Option<bool>, Option<bool>), ErrorKind> {
        let args = std::iter::once("gantry").chain(args.iter().copied());
        let cli = Cli::try_parse_from(args).map_err(|e| e.kind())?;
        match cli.command {
            Command::Serve(serve) => Ok((cli.common.log_json, serve.behind_tls_proxy)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_stands_alone_or_says_yes_or_no() {
        assert_eq!(said(&["serve"]), Ok((None, None)));
        assert_eq!(said(&["--log-json", "serve", "--behind-tls-proxy"]), Ok((Some(true), Some(true))));
        assert_eq!(said(&["serve", "--log-json", "--behind-tls-proxy=1"]), Ok((Some(true), Some(true))));
        assert_eq!(said(&["serve", "--log-json=off", "--behind-tls-proxy=false"]), Ok((Some(false), Some(false))));
        assert_eq!(said(&["serve", "--behind-tls-proxy=perhaps"]), Err(ErrorKind::ValueValidation));
    }

    #[test]
    fn a_password_is_the_first_line_as_it_is() {
        let line = |text: &str| first_line(text.as_bytes()).unwrap();
        assert_eq!(line("correct horse \nbattery\n"), "correct horse ");
        assert_eq!(line("staple\r\n"), "staple");
        assert_eq!(line("without an end"), "without an end");
        assert_eq!(line(""), "");
    }
}
