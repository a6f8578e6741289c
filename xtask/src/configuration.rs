//! Which AWS the server looks at: the person's own `gantry.toml`, or the sandbox.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use toml::{Table, Value};

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

/// The variable that takes the connections of a file and stands in for them.
pub const CONNECTIONS: &str = "GANTRY_CONNECTIONS";

/// What it says, where it says anything.
pub fn said() -> Option<String> {
    std::env::var(CONNECTIONS).ok().filter(|text| !text.trim().is_empty())
}

/// Whether the person's own file or the variable names a connection: then the sandbox does not start by itself. A file that cannot be read
/// counts, for the server says what is wrong with it; one that only sets an address does not.
pub fn has_connections(own: Option<&Path>, said: Option<&str>) -> bool {
    let named = |path: &Path| match std::fs::read_to_string(path).map(|text| toml::from_str::<Table>(&text)) {
        Ok(Ok(file)) => file.get("connections").is_some_and(|all| all.as_array().is_none_or(|all| !all.is_empty())),
        _ => true,
    };
    said.is_some() || own.is_some_and(named)
}

/// A configuration with one connection for each account of the sandbox, after those of the person's own file or of the variable.
///
/// # Errors
/// When the own file or the variable cannot be read.
pub fn with_sandbox(
    own: Option<&Path>,
    said: Option<&str>,
    endpoint_url: &str,
    accounts: &[Account],
    regions: &[String],
) -> Result<String> {
    let mut file = match own {
        Some(path) => std::fs::read_to_string(path)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(toml::from_str::<Table>(&text)?))
            .with_context(|| format!("cannot read {}", path.display()))?,
        None => Table::new(),
    };
    if let Some(text) = said {
        let all: Table = toml::from_str(text).with_context(|| format!("cannot read {CONNECTIONS}"))?;
        file.insert("connections".to_owned(), all.get("connections").cloned().unwrap_or_else(|| Value::Array(vec![])));
    }
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
    let sandbox = Table::try_from(Configuration { connections }).context("cannot write the sandbox's connections")?;
    let sandbox = sandbox.get("connections").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = file.entry("connections").or_insert_with(|| Value::Array(vec![]));
    all.as_array_mut().context("“connections” is no list")?.extend(sandbox);
    let text = toml::to_string(&file).context("cannot write the configuration")?;
    Ok(format!(
        "# Written by `cargo xtask up` at each start. Your own connections go into gantry.toml in the checkout.\n{text}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(own: Option<&Path>, said: Option<&str>) -> Vec<String> {
        let account = Account { id: "111122223333".to_owned(), name: "prod".to_owned() };
        let text = with_sandbox(own, said, "http://127.0.0.1:2", &[account], &["eu-west-1".to_owned()]).unwrap();
        let read: Table = toml::from_str(&text).unwrap();
        let connections = read["connections"].as_array().unwrap();
        let last = connections.last().unwrap();
        assert_eq!((last["access_key"].as_str(), last["sandbox"].as_bool()), (Some("111122223333"), Some(true)));
        connections.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_sandbox_comes_after_ones_own_connections() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("gantry.toml");
        assert_eq!(with(None, None), ["prod"]);
        for text in ["[[connections]]\nname = \"real\"\n", "connections = [{ name = \"real\" }]\n[log]\nlevel = 1\n"] {
            std::fs::write(&own, format!("listen = \"127.0.0.1:1\"\n{text}")).unwrap();
            assert_eq!(with(Some(&own), None), ["real", "prod"]);
        }
        assert_eq!(with(Some(&own), Some("[[connections]]\nname = \"said\"")), ["said", "prod"]);
        std::fs::write(&own, "connections = []").unwrap();
        assert_eq!(with(Some(&own), None), ["prod"]);
    }

    #[test]
    fn the_sandbox_does_not_start_by_itself_beside_a_connection() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("gantry.toml");
        assert!(!has_connections(None, None));
        assert!(has_connections(None, Some("[[connections]]")));
        assert!(has_connections(Some(&own), None), "named, and not there: the server says so");
        for (text, expected) in [
            ("listen = \"127.0.0.1:1\"", false),
            ("connections = []", false),
            ("[[connections]]\nname = \"real\"", true),
            ("connections = 1", true),
            ("[[connections", true),
        ] {
            std::fs::write(&own, text).unwrap();
            assert_eq!(has_connections(Some(&own), None), expected, "{text}");
        }
    }
}
