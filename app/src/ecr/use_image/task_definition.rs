//! Registers the next revision of a task definition with the image in it, and has services run it.

use domain::ecr::Image;
use domain::ecs::calls::revision;
use domain::ecs::wizards::UseImage;
use domain::ecs::{ContainerDefinition, TaskDefinition};
use domain::listing::Row;
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::reference::at_own_host;
use domain::{Kind, Problem, ResourceKey, Scope};
use leptos::prelude::*;
use std::collections::BTreeMap;

use crate::api;
use crate::ecr::offers::{Offer, offers, query, words};
use crate::error::AppError;
use crate::plan::wrong::Wrong;
use crate::ui::format::without_registries;
use crate::ui::{Icon, ProblemNote, Skeleton, icon};
use crate::unfinished::{self, Applied};
use crate::wizard::{TextField, check};

/// The latest active revision of each family; first those that have the repository's images already.
fn latest(rows: &[Row], repository: &str) -> Vec<Offer> {
    let active = |row: &&Row| {
        let word = row.state.as_ref().map(|state| state.word.as_str());
        row.gone.is_none() && word.is_none_or(|word| !TaskDefinition::DEREGISTERED.contains(&word))
    };
    let mut families: BTreeMap<&str, (u32, &Row)> = BTreeMap::new();
    for row in rows.iter().filter(active) {
        let Some((family, number)) = revision(&row.key.id) else { continue };
        let known = families.entry(family).or_insert((number, row));
        if number > known.0 {
            *known = (number, row);
        }
    }
    let offer = |(_, row): (u32, &Row)| {
        let images = words(row, "images");
        // A list says images without their registry and path: the last part of the name is what can be compared.
        let is_of = |image: &str| {
            let name = image.rsplit('/').next().unwrap_or(image);
            name.split([':', '@']).next() == repository.rsplit('/').next()
        };
        let first = images.split(", ").any(is_of);
        let id = &row.key.id;
        Offer { value: id.clone(), name: id.clone(), about: without_registries(&images), first }
    };
    families.into_values().map(offer).collect()
}

/// The services that run a revision of a family: id, and the revision.
fn running(rows: &[Row], family: &str) -> Vec<(String, String)> {
    let of = |row: &Row| {
        let runs = words(row, "definition");
        let own = revision(&runs).is_some_and(|(own, _)| own == family);
        (own && row.gone.is_none()).then(|| (row.key.id.clone(), runs))
    };
    rows.iter().filter_map(of).collect()
}

/// What there is to choose in a revision.
#[derive(Clone, Debug)]
struct Choices {
    containers: Vec<ContainerDefinition>,
    services: Vec<(String, String)>,
}

async fn choices(scope: Scope, like: String) -> Result<Choices, AppError> {
    let unreadable = |e: serde_json::Error| {
        AppError(Problem::new(domain::Code::Internal, "The task definition cannot be read", e.to_string()))
    };
    let detail = api::get(ResourceKey::new(Kind::TaskDefinition, scope.clone(), &like)?).await?;
    let definition: TaskDefinition = serde_json::from_value(detail.doc).map_err(unreadable)?;
    let services = services(&scope, &definition.family).await?;
    Ok(Choices { containers: definition.container_definitions, services })
}

/// The same of all services of an account and region, window by window.
async fn services(scope: &Scope, family: &str) -> Result<Vec<(String, String)>, AppError> {
    let mut question = query(Kind::Service, scope, "");
    let mut found: Vec<(String, String)> = vec![];
    loop {
        let page = api::list(question.clone()).await?;
        for service in running(&page.rows, family) {
            // Between two windows rows may move from one into the other.
            if found.iter().all(|(id, _)| *id != service.0) {
                found.push(service);
            }
        }
        question.offset += question.limit;
        if question.offset >= page.matched {
            return Ok(found);
        }
    }
}

/// The containers that get the image unless somebody says otherwise: those that have another of the repository, or the only one there is.
fn likely(containers: &[ContainerDefinition], repository: &str) -> Vec<String> {
    let has = |container: &&ContainerDefinition| {
        let image = at_own_host(container.image.as_deref().unwrap_or_default());
        image.strip_prefix(repository).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
    };
    match containers {
        [only] => vec![only.name.clone()],
        several => several.iter().filter(has).map(|c| c.name.clone()).collect(),
    }
}

/// Puts a name into a list, or takes it out.
fn put(list: &mut Vec<String>, name: &str, on: bool) {
    list.retain(|known| known != name);
    if on {
        list.push(name.to_owned());
    }
}

/// The form.
pub(super) fn form(scope: &Scope, image: &Image) -> AnyView {
    let first = UseImage {
        repository: image.repository_name.clone(),
        digest: image.image_digest.clone(),
        ..UseImage::default()
    };
    let first = (first, String::new());
    let says = |(answers, _): &(UseImage, String)| Form::UseInTaskDefinition(answers.clone());
    let (answers, typed) = unfinished::fields_of_plan("task-definition", scope, first, |_| true, says, Applied::Stay);
    let repository = StoredValue::new(image.repository_name.clone());
    let uri = image.uri(scope);
    let address = StoredValue::new(uri.split('@').next().unwrap_or(&uri).to_owned());
    let scope = StoredValue::new(scope.clone());
    let (wrong, ready) = Wrong::provide(move || {
        answers.with(|a| scope.with_value(|scope| a.plan(scope, &Facts::default()))).err().unwrap_or_default()
    });
    let like = Memo::new(move |_| answers.with(|a| a.like.clone()));
    let choose = move |value: String| {
        wrong.forget();
        let like = if revision(&value).is_some() { value.trim().to_owned() } else { String::new() };
        if answers.with_untracked(|a| a.like != like) {
            answers.update(|a| (a.like, a.containers, a.services) = (like, vec![], vec![]));
        }
    };
    let entered = move |text: String| {
        typed.set(text.clone());
        choose(text);
    };
    let there = LocalResource::new(move || {
        let (scope, like) = (scope.get_value(), like.get());
        async move { if like.is_empty() { Ok(None) } else { choices(scope, like).await.map(Some) } }
    });
    Effect::new(move || {
        if let Some(Ok(Some(choices))) = there.get() {
            let likely = address.with_value(|address| likely(&choices.containers, address));
            if answers.with_untracked(|a| a.containers.is_empty()) && !likely.is_empty() {
                answers.update(|a| a.containers = likely);
            }
        }
    });
    let rest = move || match there.get() {
        Some(Ok(None)) => ().into_any(),
        None => view! { <Skeleton lines=3/> }.into_any(),
        Some(Err(AppError(problem))) => view! { <ProblemNote problem=problem/> }.into_any(),
        Some(Ok(Some(choices))) => boxes(answers, wrong, choices),
    };
    let review = move |_| {
        wrong.ask(Answers { scope: scope.get_value(), form: Form::UseInTaskDefinition(answers.get_untracked()) });
    };
    let ask = move |text: &str| scope.with_value(|scope| query(Kind::TaskDefinition, scope, text));
    let offered = move |rows: &[Row]| repository.with_value(|repository| latest(rows, repository));
    view! {
        <div class="stack">
            <TextField
                label="Task definition" name="like" value=typed.into() set=entered
                hint="The latest revision of a family in this account and region. The next one is like it, with this image."
            />
            {offers("Task definitions to choose from", "There is no task definition here.", like.into(), typed, ask, offered, choose)}
            {rest}
            {wrong.others(&["like"])}
            <div class="acts" inert=move || !ready.get() class:idle=move || !ready.get()>
                <button class="btn primary" r#type="button" on:click=review>{icon(Icon::Right)}"Review the change"</button>
            </div>
        </div>
    }
    .into_any()
}

/// Containers and services to tick.
fn boxes(answers: RwSignal<UseImage>, wrong: Wrong, choices: Choices) -> AnyView {
    let tick = move |id: String, title: String, words: String, list: fn(&mut UseImage) -> &mut Vec<String>| {
        let own = title.clone();
        let name = own.clone();
        let on = Signal::derive(move || answers.with(|a| list(&mut a.clone()).contains(&own)));
        let set = move |on: bool| {
            wrong.forget();
            answers.update(|a| put(list(a), &name, on));
        };
        check(id, title, words, on, set)
    };
    let containers = choices.containers.into_iter().enumerate().map(|(n, container)| {
        let image = without_registries(container.image.as_deref().unwrap_or_default());
        tick(format!("container-{n}"), container.name, image, |a| &mut a.containers)
    });
    let some = !choices.services.is_empty();
    let services = choices
        .services
        .into_iter()
        .enumerate()
        .map(|(n, (id, runs))| tick(format!("service-{n}"), id, format!("runs {runs}"), |a| &mut a.services));
    let services = services.collect_view();
    let services = match some {
        true => view! {
            <fieldset class="ticks-of"><legend>"Services that are to run it"</legend>{services}</fieldset>
        }
        .into_any(),
        false => view! { <p class="faint">"No service here runs this family."</p> }.into_any(),
    };
    view! {
        <fieldset class="ticks-of"><legend>"Containers that get the image"</legend>{containers.collect_view()}</fieldset>
        {services}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: Kind, id: &str, cells: &[(&str, &str)]) -> Row {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let columns = domain::describe::columns(kind);
        let of = |column: &str| cells.iter().find(|(id, _)| *id == column).map(|(_, text)| *text);
        let cells = columns.iter().map(|c| of(c.id).map_or(domain::resource::Cell::None, domain::resource::Cell::text));
        Row {
            key: ResourceKey::new(kind, scope, id).unwrap(),
            name: id.into(),
            arn: None,
            state: None,
            cells: cells.collect(),
            tags: BTreeMap::new(),
            seen: domain::Millis(0),
            changed: domain::Millis(0),
            gone: None,
            parts: 0,
            matched: None,
        }
    }

    #[test]
    fn of_each_family_the_latest_revision_is_offered() {
        let web = |n: u32, image: &str| row(Kind::TaskDefinition, &format!("web:{n}"), &[("images", image)]);
        let mut deregistered = web(11, "web:3");
        deregistered.state = Some(domain::resource::State::new("INACTIVE", domain::resource::Tone::Quiet));
        let rows = [
            web(9, "web:1"),
            web(10, "web@sha256:2"),
            deregistered,
            row(Kind::TaskDefinition, "api:3", &[("images", "web-api:1, nginx:1")]),
        ];
        let all = latest(&rows, "shop/web");
        let told: Vec<_> = all.iter().map(|offer| (offer.value.as_str(), offer.first)).collect();
        assert_eq!(told, [("api:3", false), ("web:10", true)]);
    }

    #[test]
    fn services_of_the_family_are_offered_whatever_revision_they_run() {
        let service = |id: &str, runs: &str| row(Kind::Service, id, &[("definition", runs)]);
        let rows = [service("prod/web", "web:9"), service("prod/api", "web-api:9")];
        assert_eq!(running(&rows, "web"), [("prod/web".to_owned(), "web:9".to_owned())]);
    }

    #[test]
    fn the_container_that_has_the_repositorys_image_gets_the_next() {
        let container = |name: &str, image: &str| ContainerDefinition {
            name: name.into(),
            image: Some(image.into()),
            ..ContainerDefinition::default()
        };
        let two = [container("app", "r/shop/web:1"), container("proxy", "r/shop/web-proxy:1")];
        assert_eq!(likely(&two, "r/shop/web"), ["app"]);
        assert_eq!(likely(&two[1..], "r/shop/web"), ["proxy"]);
        let dual_stack = [container("app", "111122223333.dkr-ecr.eu-west-1.on.aws/web:1"), container("proxy", "envoy")];
        assert_eq!(likely(&dual_stack, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web"), ["app"]);
    }
}
