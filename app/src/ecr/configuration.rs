//! How an image starts, and the commands that made its layers: its configuration, read live.

use domain::ecr::Image;
use domain::ecr::configuration::{Configuration, is_secret};
use domain::ecr::subject::Subject;
use domain::plan::Facts;
use leptos::prelude::*;

use super::image::{manifests, parts_list};
use crate::live_state;
use crate::resource::Shown;
use crate::sections::{card, exact, key_of, nothing, pair_card, stack, table_card, text, words};
use crate::ui::format;

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let Some((repository, digest)) = key.id.split_once('@') else { return ().into_any() };
    let image = shown.with_untracked(|d| serde_json::from_value::<Image>(d.doc.clone()).unwrap_or_default());
    if !manifests(&image).is_empty() {
        let detail = shown.get_untracked();
        return parts_list(
            "An index has none; the image of each platform has its own",
            "configuration",
            &image,
            &detail,
        );
    }
    let subject = Subject::Configuration { repository: repository.to_owned(), digest: digest.to_owned() };
    let own = subject.clone();
    live_state::read(key.scope.clone(), vec![subject], move |facts, _| view_of(facts, own.clone(), &image))
}

/// A command of a build.
pub(super) fn command(command: Option<String>) -> AnyView {
    view! { <code class="build-line">{command.unwrap_or_else(|| "not said".to_owned())}</code> }.into_any()
}

fn view_of(facts: &Facts, subject: Subject, image: &Image) -> AnyView {
    let Some(document) = live_state::state::<Configuration>(facts, subject) else {
        return card(
            "Configuration",
            nothing("It has none that can be read: an artifact, or its configuration was removed."),
        );
    };
    let start = document.config.clone();
    let list = |list: Option<Vec<String>>| text(list.map(|words| words.join(" ")));
    let facts = pair_card(
        "How it starts",
        vec![
            ("Entry point", list(start.entrypoint)),
            ("Command", list(start.cmd)),
            ("Folder", exact(start.working_dir)),
            ("User", text(Some(document.user()))),
            ("Ports", words(&document.ports())),
            ("Stop signal", text(start.stop_signal)),
            ("Platform", text(document.platform())),
            ("Built", text(document.created.clone())),
            ("Author", text(document.author.clone())),
        ],
    );
    let hidden = document.environment().keys().any(|name| is_secret(name));
    let env = document.environment().into_iter().map(|(name, value)| {
        let value = match is_secret(name) && !value.is_empty() {
            true => view! { <span class="dim">"•••••• hidden: its name says it is a secret"</span> }.into_any(),
            false => text(Some(value.to_owned())),
        };
        vec![exact(Some(name.to_owned())), value]
    });
    let env = table_card("Environment", &[("Name", false), ("Value", false)], env.collect(), "It sets no variable.");
    let warning = hidden.then(|| {
        let words = "Whoever may pull this image can read its variables. A secret belongs into Secrets Manager or Parameter Store, from where ECS and Lambda hand it to the container.";
        view! { <p class="faint">{words}</p> }
    });
    let env = view! { {env}{warning} }.into_any();
    let labels =
        start.labels.unwrap_or_default().into_iter().map(|(key, value)| vec![exact(Some(key)), text(Some(value))]);
    let labels = table_card("Labels", &[("Key", false), ("Value", false)], labels.collect(), "It has no label.");
    stack(vec![facts, history(&document, image), env, labels])
}

/// The build, step by step. Steps that make no layer only change the configuration.
fn history(document: &Configuration, image: &Image) -> AnyView {
    let steps = document.steps(image.layers.as_deref().unwrap_or_default());
    let rows = steps.into_iter().enumerate().map(|(n, (made, layer))| {
        let size = layer.and_then(|layer| layer.size).map(format::bytes);
        vec![text(Some((n + 1).to_string())), command(made.command()), text(size)]
    });
    table_card(
        "How it was built",
        &[("#", false), ("Command", false), ("Layer", true)],
        rows.collect(),
        "Its builder did not say.",
    )
}
