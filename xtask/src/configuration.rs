//! Which AWS the server looks at: the person's own `gantry.toml`, or the sandbox.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::checkout::Checkout;
use crate::service::Account;

#[derive(Debug, Serialize)]
struct Configuration<'a> {
    connections: Vec<Connection<'a>>,
}

/// One connection of the server's configuration.
#[derive(Debug, Serialize)]
struct Connection<'a> {
    name: &'a str,
    account: &'a str,
    regions: &'a [String],
    endpoint_url: &'a str,
    access_key: &'a str,
    secret_key: &'a str,
    sandbox: bool,
}

/// The person's own configuration: `GANTRY_CONFIG`, otherwise `gantry.toml` in the checkout.
pub fn own(checkout: &Checkout) -> Option<PathBuf> {
    let named = std::env::var_os("GANTRY_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(checkout.path("gantry.toml")).filter(|path| path.exists()))
}

/// A configuration with one connection for each account of the sandbox, after those of the person's own file.
///
/// # Errors
/// When the own file cannot be read.
pub fn with_sandbox(
    own: Option<&Path>,
    endpoint_url: &str,
    accounts: &[Account],
    regions: &[String],
) -> Result<String> {
    let before = match own {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => {
            "# Written by `cargo xtask up` at each start. Your own connections go into gantry.toml in the checkout.\n"
                .to_owned()
        }
    };
    let connections = accounts
        .iter()
        .map(|account| Connection {
            name: &account.name,
            account: &account.id,
            regions,
            endpoint_url,
            access_key: &account.id,
            secret_key: "sandbox",
            sandbox: true,
        })
        .collect();
    let sandbox = toml::to_string(&Configuration { connections }).context("cannot write the sandbox's connections")?;
    Ok(format!("{before}\n{sandbox}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_comes_after_ones_own_connections() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("gantry.toml");
        std::fs::write(&own, "listen = \"127.0.0.1:1\"\n[[connections]]\nname = \"real\"\n").unwrap();
        let account = Account { id: "111122223333".to_owned(), name: "prod".to_owned() };
        let text = with_sandbox(Some(&own), "http://127.0.0.1:2", &[account], &["eu-west-1".to_owned()]).unwrap();
        let read: toml::Table = toml::from_str(&text).unwrap();
        let connections = read["connections"].as_array().unwrap();
        assert_eq!(connections.len(), 2);
        assert_eq!(connections[1]["access_key"].as_str(), Some("111122223333"));
        assert_eq!(connections[1]["sandbox"].as_bool(), Some(true));
    }
}
