//! What the server is told: `gantry.toml`, overridden by the environment, overridden by flags ([`crate::cli`], [`crate::connections`]).
//! A bad value is one line that names the file (or variable) and the key.

mod section;
#[cfg(test)]
mod tests;

use domain::{AccountId, Problem};
use gantry_aws::ConnectionConfig;
use gantry_store::prune::Keep;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

use section::Section;

type Result<T> = std::result::Result<T, Problem>;

/// A wrong value: `gantry.toml: connections[1].account: …`.
fn wrong(file: &str, key: &str, why: impl std::fmt::Display) -> Problem {
    let mut problem = Problem::invalid(key, format!("{file}: {key}: {why}"));
    problem.title = "The configuration is wrong".to_owned();
    problem
}

/// Everything `gantry serve` needs to know.
#[derive(Clone)]
pub struct Config {
    /// `postgres://…`
    pub database_url: String,
    /// Where pages and the API are served.
    pub listen: SocketAddr,
    /// Where Prometheus reads; nowhere without it.
    pub metrics_listen: Option<SocketAddr>,
    /// The folder `cargo xtask` built, unless the site is inside the binary.
    pub site: Option<PathBuf>,
    /// The file with the key of digests; the database keeps one without it.
    pub digest_key_file: Option<PathBuf>,
    /// A proxy in front speaks TLS: cookies are marked Secure, and addresses other than loopback may be listened on.
    pub behind_tls_proxy: bool,
    /// The least number of characters of a password.
    pub password_min: usize,
    /// How many requests a person may make in a second.
    pub requests_per_second: u32,
    /// How much of each published quota of AWS this server uses.
    pub quota_share: f64,
    /// For how long things are kept.
    pub keep: Keep,
    /// Where the connections come from.
    pub connections: crate::connections::Source,
    /// Registries that images may come from.
    pub registries: Registries,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// The address listened on unless told otherwise.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4646);

/// `[registries]`: where images may be copied from, and how large they may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registries {
    /// `allow`: hosts, `*` for any text; the well-known ones unless given.
    pub allow: Option<Vec<String>>,
    /// `exceptions`: `host:port` that may have private addresses and are spoken to without TLS.
    pub exceptions: Vec<String>,
    /// `max_image_bytes`
    pub max_image_bytes: Option<u64>,
}

/// What a configuration file may say; every key is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// `database_url`
    pub database_url: Option<String>,
    /// `listen`
    pub listen: Option<SocketAddr>,
    /// `metrics_listen`
    pub metrics_listen: Option<SocketAddr>,
    /// `site`
    pub site: Option<PathBuf>,
    /// `digest_key_file`
    pub digest_key_file: Option<PathBuf>,
    /// `behind_tls_proxy`
    pub behind_tls_proxy: bool,
    /// `password_min`, 12 to 128
    pub password_min: Option<usize>,
    /// `requests_per_second`, at least 1
    pub requests_per_second: Option<u32>,
    /// `quota_share`, 0.01 to 1
    pub quota_share: Option<f64>,
    /// `keep_tasks_days` and `keep_history_days`, at least 1
    pub keep: Keep,
    /// `[[connections]]`
    pub connections: Vec<ConnectionConfig>,
    /// `[registries]`
    pub registries: Registries,
    /// There is such a file, whatever it says.
    pub found: bool,
}

/// Reads a configuration file.
///
/// # Errors
/// One line naming the file and the key that is wrong, unknown or missing.
pub fn read(path: &Path) -> Result<File> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&name, "(file)", format!("cannot be read: {e}")))?;
    parse(&name, &text)
}

/// Reads connections, and nothing else, from what is written as in a configuration file; `name` says where.
///
/// # Errors
/// One line naming the place and the key that is wrong, unknown or missing.
pub fn connections(name: &str, text: &str) -> Result<Vec<ConnectionConfig>> {
    let table = read_table(name, text)?;
    Section { file: name, prefix: String::new(), table: &table }.only(&["connections"])?;
    listed(name, &table)
}

fn read_table(name: &str, text: &str) -> Result<Table> {
    text.parse::<Table>().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        wrong(name, &format!("line {line}"), e.message().lines().next().unwrap_or("cannot be read"))
    })
}

fn parse(name: &str, text: &str) -> Result<File> {
    let table = read_table(name, text)?;
    let top = Section { file: name, prefix: String::new(), table: &table };
    top.only(&[
        "database_url",
        "listen",
        "metrics_listen",
        "site",
        "digest_key_file",
        "behind_tls_proxy",
        "password_min",
        "requests_per_second",
        "quota_share",
        "keep_tasks_days",
        "keep_history_days",
        "connections",
        "registries",
    ])?;
    Ok(File {
        database_url: top.text("database_url")?,
        listen: top.parsed("listen", address)?,
        metrics_listen: top.parsed("metrics_listen", address)?,
        site: top.text("site")?.map(PathBuf::from),
        digest_key_file: top.text("digest_key_file")?.map(PathBuf::from),
        behind_tls_proxy: top.flag("behind_tls_proxy")?,
        password_min: top.number("password_min", 12, 128)?.map(|n| n as usize),
        requests_per_second: top.number("requests_per_second", 1, u32::MAX)?,
        quota_share: top.share("quota_share")?,
        keep: Keep {
            tasks: top.number("keep_tasks_days", 1, 36_500)?.unwrap_or(Keep::default().tasks),
            history: top.number("keep_history_days", 1, 36_500)?.unwrap_or(Keep::default().history),
        },
        connections: listed(name, &table)?,
        registries: match table.get("registries") {
            None => Registries::default(),
            Some(Value::Table(table)) => registries(&Section { file: name, prefix: "registries.".into(), table })?,
            Some(_) => return Err(wrong(name, "registries", "is not a table: write [registries]")),
        },
        found: true,
    })
}

/// `[[connections]]`; none where it is left out.
fn listed(name: &str, table: &Table) -> Result<Vec<ConnectionConfig>> {
    let mut connections: Vec<ConnectionConfig> = Vec::new();
    match table.get("connections") {
        None => {}
        Some(Value::Array(items)) => {
            for (n, item) in items.iter().enumerate() {
                let prefix = format!("connections[{n}].");
                let Value::Table(table) = item else {
                    return Err(wrong(name, &format!("connections[{n}]"), "is not a table: write [[connections]]"));
                };
                connections.push(connection(&Section { file: name, prefix, table })?);
            }
        }
        Some(_) => return Err(wrong(name, "connections", "is not a list: write [[connections]]")),
    }
    for (n, one) in connections.iter().enumerate() {
        if connections[..n].iter().any(|other| other.name == one.name) {
            return Err(wrong(name, &format!("connections[{n}].name"), format!("“{}” is there twice", one.name)));
        }
    }
    Ok(connections)
}

fn registries(section: &Section<'_>) -> Result<Registries> {
    section.only(&["allow", "exceptions", "max_image_bytes"])?;
    let max_image_bytes = match section.table.get("max_image_bytes") {
        None => None,
        Some(Value::Integer(n)) if *n > 0 => u64::try_from(*n).ok(),
        Some(_) => return Err(section.wrong("max_image_bytes", "is not a number of bytes")),
    };
    let found = Registries {
        allow: section.texts("allow")?,
        exceptions: section.texts("exceptions")?.unwrap_or_default(),
        max_image_bytes,
    };
    match crate::apply::copy::policy(&found) {
        Ok(_) => Ok(found),
        Err(problem) => Err(wrong(section.file, "registries", problem.message)),
    }
}

fn connection(section: &Section<'_>) -> Result<ConnectionConfig> {
    section.only(&[
        "name",
        "account",
        "regions",
        "profile",
        "role_arn",
        "external_id",
        "source_identity",
        "endpoint_url",
        "access_key",
        "secret_key",
        "sandbox",
    ])?;
    let account = section.parsed("account", |t| AccountId::parse(t).map_err(|p| p.message))?;
    let Some(account) = account else {
        return Err(section.wrong("account", "is missing: the 12 digits of the account"));
    };
    let regions = section.regions()?;
    let role_arn = section.parsed("role_arn", |text| {
        domain::Arn::parse(text)
            .ok()
            .filter(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"))
            .map(|arn| arn.to_string())
            .ok_or_else(|| format!("“{text}” is not the ARN of a role"))
    })?;
    let config = ConnectionConfig {
        name: section.text("name")?.unwrap_or_else(|| account.to_string()),
        account,
        regions,
        profile: section.text("profile")?,
        role_arn,
        external_id: section.text("external_id")?,
        source_identity: section.flag("source_identity")?,
        endpoint_url: section.text("endpoint_url")?,
        access_key: section.text("access_key")?,
        secret_key: section.text("secret_key")?,
        sandbox: section.flag("sandbox")?,
        found: None,
    };
    match config.check() {
        Ok(()) => Ok(config),
        Err(problem) => Err(section.wrong(problem.field.as_deref().unwrap_or("name"), problem.message)),
    }
}

/// Reads `host:port` with a numeric host; the message says what was there.
pub fn address(text: &str) -> std::result::Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("“{text}” is not an address such as 127.0.0.1:4646"))
}
