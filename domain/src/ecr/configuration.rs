//! The configuration of an image, which its builder wrote: how a container of it starts, and the commands that made its layers.
//! <https://github.com/opencontainers/image-spec/blob/main/config.md>

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::image::Layer;

/// The document. Fields that Gantry does not show are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// When it was built, as its builder wrote it.
    pub created: Option<String>,
    /// By whom.
    pub author: Option<String>,
    /// `linux`
    pub os: Option<String>,
    /// `arm64`
    pub architecture: Option<String>,
    /// `v8`
    pub variant: Option<String>,
    /// What a container of it starts with.
    #[serde(deserialize_with = "some")]
    pub config: Start,
    /// The steps of the build, the first first.
    #[serde(deserialize_with = "some")]
    pub history: Vec<Made>,
}

/// What a container of an image starts with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Start {
    /// Name or number, with or without a group; empty means root.
    pub user: Option<String>,
    /// `8080/tcp` and the like.
    pub exposed_ports: Option<BTreeMap<String, Value>>,
    /// `NAME=value`
    pub env: Option<Vec<String>>,
    /// What is started.
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments, or what is started where there is no entry point.
    pub cmd: Option<Vec<String>>,
    /// Where.
    pub working_dir: Option<String>,
    /// What its builder says of it.
    pub labels: Option<BTreeMap<String, String>>,
    /// `SIGTERM` unless it says another.
    pub stop_signal: Option<String>,
}

/// A step of a build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// The command.
    pub created_by: Option<String>,
    /// The step only changed the configuration.
    pub empty_layer: bool,
}

/// Builders write `null` for what is empty.
fn some<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

impl Made {
    /// What the Dockerfile said: builders write their shell around it. `None` where nobody says.
    pub fn command(&self) -> Option<String> {
        let made = self.created_by.as_deref()?;
        let made = made.strip_prefix("/bin/sh -c ").unwrap_or(made);
        let made = made.trim_start_matches("#(nop)").trim();
        let made = made.strip_suffix("# buildkit").unwrap_or(made).trim();
        (!made.is_empty()).then(|| without_hashes(made))
    }
}

impl Configuration {
    /// The steps of the build that made a layer, in the order of the layers.
    fn makers(&self) -> impl Iterator<Item = &Made> {
        self.history.iter().filter(|made| !made.empty_layer)
    }

    /// The command that made each of these layers, lowest first; `None` where the builder did not say. A history that has another
    /// number of layers than the manifest (a squashed image) says of none of them which command made it.
    pub fn commands(&self, layers: &[Layer]) -> Vec<Option<String>> {
        if self.makers().count() != layers.len() {
            return vec![None; layers.len()];
        }
        self.makers().map(Made::command).collect()
    }

    /// Its steps, each with the layer that it made.
    pub fn steps<'a>(&'a self, layers: &'a [Layer]) -> Vec<(&'a Made, Option<&'a Layer>)> {
        let whole = self.makers().count() == layers.len();
        let mut rest = layers.iter().filter(|_| whole);
        let layer = |made: &Made, rest: &mut dyn Iterator<Item = &'a Layer>| (!made.empty_layer).then(|| rest.next());
        self.history.iter().map(|made| (made, layer(made, &mut rest).flatten())).collect()
    }

    /// Its environment by name.
    pub fn environment(&self) -> BTreeMap<&str, &str> {
        let pairs = self.config.env.iter().flatten();
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect()
    }

    /// `linux/arm64/v8`
    pub fn platform(&self) -> Option<String> {
        let parts = [self.os.as_deref()?, self.architecture.as_deref()?];
        let variant = self.variant.as_deref().filter(|v| !v.is_empty());
        Some(parts.into_iter().chain(variant).collect::<Vec<_>>().join("/"))
    }

    /// Its user in words: root where none is set.
    pub fn user(&self) -> String {
        let user = self.config.user.clone().filter(|user| !user.is_empty());
        user.unwrap_or_else(|| "root (none is set)".to_owned())
    }

    /// The ports it says it listens on.
    pub fn ports(&self) -> Vec<String> {
        self.config.exposed_ports.iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}

/// Whether a variable's name says that its value is nobody's business. Whoever can pull the image can read it; a page that is shown
/// around need not.
pub fn is_secret(name: &str) -> bool {
    const WORDS: &[&str] =
        &["TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS"];
    let name = name.to_uppercase();
    // The shell's own are folders.
    if matches!(name.as_str(), "PWD" | "OLDPWD") {
        return false;
    }
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let keys = [["API", "KEY"], ["ACCESS", "KEY"], ["PRIVATE", "KEY"], ["SIGNING", "KEY"], ["ENCRYPTION", "KEY"]];
    words.iter().any(|word| WORDS.contains(word) || *word == "APIKEY")
        || words.windows(2).any(|pair| keys.iter().any(|key| key == pair))
}

/// What stands for a value that is nobody's business: [`hide`] puts its keyed hash behind it, so that a difference can be seen.
pub const HIDDEN: &str = "gantry:hidden:";

/// Puts what `seal` makes of it in the place of each value whose name says that it is a secret: in the environment, and in the commands
/// of the build, where arguments stand.
pub fn hide(document: &mut Value, seal: impl Fn(&str) -> String) {
    let hidden = |name: &str, value: &str| format!("{name}={HIDDEN}{}", seal(value));
    let environment = document.get_mut("config").and_then(|c| c.get_mut("Env")).and_then(Value::as_array_mut);
    for entry in environment.into_iter().flatten() {
        let text = entry.as_str().unwrap_or_default();
        if let Some((name, value)) = text.split_once('=').filter(|(name, value)| is_secret(name) && !value.is_empty()) {
            *entry = Value::String(hidden(name, value));
        }
    }
    for made in document.get_mut("history").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(command) = made.get("created_by").and_then(Value::as_str) else { continue };
        let word = |word: &str| match word.split_once('=') {
            Some((name, value)) if is_secret(name.trim_start_matches('-')) && !value.is_empty() => hidden(name, value),
            _ => word.to_owned(),
        };
        let words: Vec<String> = command.split(' ').map(word).collect();
        made["created_by"] = Value::String(words.join(" "));
    }
}

/// A text in which hidden values are said to be so.
pub fn without_hashes(text: &str) -> String {
    let mut parts = text.split(HIDDEN);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    rest.fold(first, |said, part| format!("{said}••••••{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layers(sizes: &[i64]) -> Vec<Layer> {
        let layer = |size: &i64| Layer { digest: format!("sha256:{size}"), size: Some(*size), ..Layer::default() };
        sizes.iter().map(layer).collect()
    }

    fn built() -> Configuration {
        serde_json::from_value(json!({
            "os": "linux", "architecture": "arm64", "variant": "v8",
            "config": {"Env": ["PATH=/bin", "EMPTY"], "ExposedPorts": {"8080/tcp": {}}, "Cmd": null, "Labels": null},
            "history": [
                {"created_by": "/bin/sh -c #(nop) ADD file:abc in / "},
                {"created_by": "/bin/sh -c #(nop)  CMD [\"sh\"]", "empty_layer": true},
                {"created_by": "RUN /bin/sh -c pip install x # buildkit"},
            ],
        }))
        .unwrap()
    }

    #[test]
    fn a_layer_is_told_with_the_command_that_made_it() {
        let image = built();
        let commands = image.commands(&layers(&[10, 20]));
        assert_eq!(commands, [Some("ADD file:abc in /".to_owned()), Some("RUN /bin/sh -c pip install x".to_owned())]);
        let steps = image.steps(&[]);
        assert!(steps.iter().all(|(_, layer)| layer.is_none()));
        let layers = layers(&[10, 20]);
        let sizes: Vec<_> = image.steps(&layers).iter().map(|(_, layer)| layer.and_then(|l| l.size)).collect();
        assert_eq!(sizes, [Some(10), None, Some(20)]);
    }

    #[test]
    fn a_history_that_does_not_fit_the_layers_says_nothing_of_them() {
        assert_eq!(built().commands(&layers(&[1, 2, 3])), [None, None, None]);
        assert_eq!(Configuration::default().commands(&layers(&[1])), [None]);
        let null: Configuration = serde_json::from_value(json!({"config": null, "history": null})).unwrap();
        assert_eq!(null, Configuration::default());
    }

    #[test]
    fn it_is_read_as_people_say_it() {
        let image = built();
        assert_eq!(image.platform().as_deref(), Some("linux/arm64/v8"));
        assert_eq!(image.user(), "root (none is set)");
        assert_eq!(image.ports(), ["8080/tcp"]);
        assert_eq!(image.environment(), BTreeMap::from([("PATH", "/bin"), ("EMPTY", "")]));
    }

    #[test]
    fn names_of_secrets_are_known() {
        for name in ["NPM_TOKEN", "DB_PASSWORD", "db.passwd", "AWS_SECRET_ACCESS_KEY", "STRIPE_API_KEY", "MYSQL_PWD"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "PWD", "GPG_KEY", "TOKENIZER", "PASSENGER", "PYTHON_VERSION", "KEYCLOAK_URL"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_leave_as_a_hash_and_are_shown_as_nothing() {
        let mut document = json!({
            "config": {"Env": ["PATH=/bin", "DB_PASSWORD=hunter2", "EMPTY_TOKEN="]},
            "history": [{"created_by": "|1 NPM_TOKEN=abc VERSION=3 /bin/sh -c npm ci --password=x"}, {"empty_layer": true}],
        });
        hide(&mut document, |value| format!("{:02x}", value.len()));
        assert_eq!(document["config"]["Env"], json!(["PATH=/bin", "DB_PASSWORD=gantry:hidden:07", "EMPTY_TOKEN="]));
        let image: Configuration = serde_json::from_value(document).unwrap();
        assert_eq!(
            image.history[0].command().as_deref(),
            Some("|1 NPM_TOKEN=•••••• VERSION=3 /bin/sh -c npm ci --password=••••••")
        );
    }
}
