//! How an image starts, and the commands that made its layers: its configuration, read live.

use domain::ecr::Image;
use domain::ecr::subject::Subject;
use domain::plan::Facts;
use leptos::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::live_state;
use crate::resource::Shown;
use crate::sections::{card, exact, key_of, nothing, pair_card, stack, table_card, text, words};
use crate::ui::format;

/// <https://github.com/opencontainers/image-spec/blob/main/config.md>
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    created: Option<String>,
    author: Option<String>,
    os: Option<String>,
    architecture: Option<String>,
    config: Start,
    history: Vec<Made>,
}

/// What a container of it starts with.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Start {
    user: Option<String>,
    exposed_ports: Option<BTreeMap<String, serde_json::Value>>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    stop_signal: Option<String>,
}

/// A line of the build.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Made {
    created_by: Option<String>,
    empty_layer: bool,
}

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = key.id.split_once('@') else { return ().into_any() };
    let image = shown.with_untracked(|d| serde_json::from_value::<Image>(d.doc.clone()).unwrap_or_default());
    if image.manifests.as_ref().is_some_and(|m| !m.is_empty()) {
        return card(
            "Configuration",
            nothing("An index has none; the image of each platform has its own. Overview leads to them."),
        );
    }
    let subject = Subject::Configuration { repository: repository.to_owned(), digest: digest.to_owned() };
    let own = subject.clone();
    live_state::read(key.scope.clone(), vec![subject], move |facts, _| view_of(facts, own.clone(), &image))
}

/// What a Dockerfile said: builders write their shell around it.
fn command(made: &str) -> String {
    let made = made.strip_prefix("/bin/sh -c ").unwrap_or(made);
    let made = made.trim_start_matches("#(nop)").trim();
    made.strip_suffix("# buildkit").unwrap_or(made).trim().to_owned()
}

fn view_of(facts: &Facts, subject: Subject, image: &Image) -> AnyView {
    let Some(document) = live_state::state::<Document>(facts, subject) else {
        return card(
            "Configuration",
            nothing("It has none that can be read: an artifact, or its configuration was removed."),
        );
    };
    let start = document.config;
    let list = |list: Option<Vec<String>>| text(list.map(|words| words.join(" ")));
    let ports = start.exposed_ports.map(|ports| ports.into_keys().collect::<Vec<_>>()).unwrap_or_default();
    let facts = pair_card(
        "How it starts",
        vec![
            ("Entry point", list(start.entrypoint)),
            ("Command", list(start.cmd)),
            ("Folder", exact(start.working_dir)),
            (
                "User",
                text(Some(start.user.filter(|u| !u.is_empty()).unwrap_or_else(|| "root (none is set)".to_owned()))),
            ),
            ("Ports", words(&ports)),
            ("Stop signal", text(start.stop_signal)),
            ("Platform", text(document.os.zip(document.architecture).map(|(os, arch)| format!("{os}/{arch}")))),
            ("Built", text(document.created)),
            ("Author", text(document.author)),
        ],
    );
    let env = start.env.unwrap_or_default().into_iter().map(|pair| {
        let (name, value) =
            pair.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap_or((pair.clone(), String::new()));
        vec![exact(Some(name)), text(Some(value))]
    });
    let env = table_card("Environment", &[("Name", false), ("Value", false)], env.collect(), "It sets no variable.");
    let labels =
        start.labels.unwrap_or_default().into_iter().map(|(key, value)| vec![exact(Some(key)), text(Some(value))]);
    let labels = table_card("Labels", &[("Key", false), ("Value", false)], labels.collect(), "It has no label.");
    stack(vec![facts, history(document.history, image), env, labels])
}

/// The build, step by step. Steps that make no layer only change the configuration.
fn history(history: Vec<Made>, image: &Image) -> AnyView {
    let mut layers = image.layers.iter().flatten();
    let rows = history.into_iter().enumerate().map(|(n, made)| {
        let size = match made.empty_layer {
            true => None,
            false => layers.next().and_then(|layer| layer.size),
        };
        let command = made.created_by.as_deref().map(command);
        let command =
            view! { <code class="build-line">{command.unwrap_or_else(|| "not said".to_owned())}</code> }.into_any();
        vec![text(Some((n + 1).to_string())), command, text(size.map(format::bytes))]
    });
    table_card(
        "How it was built",
        &[("#", false), ("Command", false), ("Layer", true)],
        rows.collect(),
        "Its builder did not say.",
    )
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn commands_are_what_the_dockerfile_said() {
        assert_eq!(command("/bin/sh -c #(nop)  CMD [\"python3\"]"), "CMD [\"python3\"]");
        assert_eq!(command("RUN /bin/sh -c pip install x # buildkit"), "RUN /bin/sh -c pip install x");
        assert_eq!(command("/bin/sh -c apt-get update"), "apt-get update");
    }
}
