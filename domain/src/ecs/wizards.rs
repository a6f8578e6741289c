//! The plans people make with ECS: the next revision of a task definition, with another image, and services that run it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls::{Call, ContainerImage, DeregisterTaskDefinition, RegisterTaskDefinition, UpdateService, revision};
use super::subject::Subject;
use super::{Tag, last};
use crate::ecr::inventory::{Inventory, short};
use crate::ecr::wizards::chosen_image;
use crate::identity::Scope;
use crate::plan::lint::Severity;
use crate::plan::{self, Effect, FORMAT, Facts, FieldErrors, Plan, Step, Undo, marks};

/// The step that registers the revision.
const STEP: &str = "revision";
/// The most services that one plan gives a revision.
pub const MOST_SERVICES: usize = 20;

/// An image of the same account and region for containers of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UseImage {
    /// The latest revision of the family, as `family:revision`: the next one is like it.
    pub like: String,
    /// The names of the containers that get the image.
    pub containers: Vec<String>,
    /// Services that are to run the new revision, as `cluster/service`.
    pub services: Vec<String>,
    /// The repository's name.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
}

/// The architecture of a task, of a platform as images name it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>
fn architecture(platform: &str) -> Option<&'static str> {
    match platform.split('/').nth(1) {
        Some("amd64") => Some("X86_64"),
        Some("arm64") => Some("ARM64"),
        _ => None,
    }
}

/// The containers of a revision and their images.
fn images(state: &Value) -> Vec<(&str, &str)> {
    let all = state["containerDefinitions"].as_array().into_iter().flatten();
    all.map(|c| (c["name"].as_str().unwrap_or_default(), c["image"].as_str().unwrap_or_default())).collect()
}

impl UseImage {
    fn latest(&self) -> Option<Subject> {
        let (family, after) = revision(&self.like)?;
        Some(Subject::NextRevision { family: family.to_owned(), after, run: "${run.id}".into() })
    }

    /// Cluster and name of each service, once.
    fn services(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.services.iter().filter_map(|id| id.split_once('/')).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        let Some(latest) = self.latest().filter(|_| !self.repository.is_empty()) else { return vec![] };
        let services = self.services().into_iter().take(MOST_SERVICES).map(service);
        let mut all = vec![plan::Subject::Ecs(latest), Inventory::subject(&self.repository)];
        all.extend(services.map(plan::Subject::Ecs));
        all.extend((!self.services().is_empty()).then(|| self.served()));
        all
    }

    /// Whether the services can be given back what they run now.
    fn served(&self) -> plan::Subject {
        let services = self.services().into_iter().take(MOST_SERVICES);
        let services = services.map(|(cluster, name)| format!("{cluster}/{name}")).collect();
        plan::Subject::Ecs(Subject::ServedRevisions { services })
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let mut errors = FieldErrors::new();
        let image = chosen_image(scope, &self.repository, &self.digest, facts, &mut errors);
        let mut wrong = |field: &str, message: String| {
            errors.entry(field.to_owned()).or_insert(message);
        };
        let known = revision(&self.like);
        let state = self.latest().and_then(|subject| facts.of(&plan::Subject::Ecs(subject)));
        match (known, state) {
            (None, _) => wrong("like", "Choose a task definition.".into()),
            (Some((family, _)), Some(None)) => {
                wrong("like", format!("There is no active revision of {family} here."));
            }
            (Some((_, number)), Some(Some(state))) => {
                let latest = state["taskDefinitionArn"].as_str().map(last).unwrap_or_default();
                if revision(latest).is_some_and(|(_, latest)| latest != number) {
                    wrong("like", format!("The latest active revision is {latest}. Start from that one."));
                }
            }
            (Some(_), None) => {}
        }
        if self.containers.is_empty() {
            wrong("containers", "Choose at least one container.".into());
        }
        let state = state.flatten();
        if let Some(state) = state {
            let now = images(state);
            if let Some(name) = self.containers.iter().find(|name| !now.iter().any(|(own, _)| own == name)) {
                wrong("containers", format!("{} has no container {name}.", self.like));
            } else if let Some(image) = &image
                && self.containers.iter().all(|name| now.contains(&(name, &image.uri)))
                && !self.containers.is_empty()
            {
                wrong("containers", format!("{} has this image already.", self.like));
            }
            // What ECS takes where nothing is said.
            let own = state["cpuArchitecture"].as_str().unwrap_or("X86_64");
            let platforms = image.as_ref().map(|image| &image.platforms[..]).unwrap_or_default();
            let serves = |platform: &String| architecture(platform).is_none_or(|of_image| of_image == own);
            if !platforms.is_empty() && !platforms.iter().any(serves) {
                wrong("digest", format!("The image is for {}; {} runs on {own}.", platforms.join(" and "), self.like));
            }
        }
        let family = known.map(|(family, _)| family).unwrap_or_default();
        let services = self.services();
        if services.len() > MOST_SERVICES {
            wrong("services", format!("At most {MOST_SERVICES} services at once; these are {}.", services.len()));
        }
        for (cluster, name) in services.iter().take(MOST_SERVICES) {
            let Some(state) = facts.of(&plan::Subject::Ecs(service((cluster, name)))) else { continue };
            let told = state.and_then(|state| state["taskDefinition"].as_str()).and_then(revision);
            let controller = state.and_then(|state| state["deploymentController"].as_str()).unwrap_or("ECS");
            match (state, told) {
                (None, _) => wrong("services", format!("There is no service {name} in {cluster}.")),
                // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
                (Some(_), _) if controller != "ECS" => {
                    wrong(
                        "services",
                        format!(
                            "{name} in {cluster} is deployed by {controller}, not by ECS: there it has to be given the revision."
                        ),
                    );
                }
                (Some(_), Some((own, _))) if own != family => {
                    wrong("services", format!("{name} in {cluster} runs {own}, not {family}."));
                }
                (Some(_), _) => {}
            }
        }
        let Some(image) = image.filter(|_| errors.is_empty()) else { return Err(errors) };
        let named = format!("{}@{}", self.repository, short(&self.digest));
        let mut steps = vec![self.register(scope, family, &image.uri, &named, state)];
        let served = facts.of(&self.served()).flatten();
        // What is not known is taken for active, as nearly all are.
        let is_active = |(cluster, name): (&str, &str)| {
            served.and_then(|served| served.get(format!("{cluster}/{name}"))).is_none_or(|status| status == "ACTIVE")
        };
        // What cannot be taken back comes last.
        let (back, never): (Vec<_>, Vec<_>) = services.iter().copied().partition(|service| is_active(*service));
        for (n, of) in back.iter().chain(&never).copied().enumerate() {
            let before = facts.of(&plan::Subject::Ecs(service(of))).flatten().cloned();
            steps.push(run_it(scope, n + 1, of, family, before, is_active(of)));
        }
        let title = match services[..] {
            [] => format!("Use {named} in {family}"),
            [(_, name)] => format!("Use {named} in {family} and have {name} run it"),
            [..] => format!("Use {named} in {family} and have {} services run it", services.len()),
        };
        Ok(Plan { format: FORMAT, title, scope: scope.clone(), steps })
    }

    fn register(&self, scope: &Scope, family: &str, uri: &str, named: &str, state: Option<&Value>) -> Step {
        let role = |field: &str| state.and_then(|state| state[field].as_str()).map(str::to_owned);
        let image = |name: &String| ContainerImage { name: name.clone(), image: uri.to_owned() };
        let input = RegisterTaskDefinition {
            family: family.to_owned(),
            task_role_arn: role("taskRoleArn"),
            execution_role_arn: role("executionRoleArn"),
            container_definitions: self.containers.iter().map(image).collect(),
            tags: marks(STEP).into_iter().map(|(key, value)| Tag { key, value }).collect(),
            like: self.like.clone(),
        };
        let undo = DeregisterTaskDefinition { task_definition: format!("${{{STEP}.taskDefinitionArn}}") };
        let containers = self.containers.join(" and ");
        Step {
            id: STEP.into(),
            says: format!("Register the next revision of {family}: as {}, with {named} in {containers}", self.like),
            scope: scope.clone(),
            call: plan::Call::Ecs(Call::RegisterTaskDefinition(input)),
            effect: Effect::Create,
            before: state.cloned(),
            depends_on: vec![],
            undo: Undo::Call(plan::Call::Ecs(Call::DeregisterTaskDefinition(undo))),
            monthly: Some(0),
        }
    }
}

fn service((cluster, service): (&str, &str)) -> Subject {
    Subject::Service { cluster: cluster.to_owned(), service: service.to_owned() }
}

/// `is_active` says whether ECS would still take the revision that it runs now: one that is deregistered no service is given any more.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>
fn run_it(
    scope: &Scope,
    n: usize,
    (cluster, name): (&str, &str),
    family: &str,
    before: Option<Value>,
    is_active: bool,
) -> Step {
    let update = |task_definition: String| {
        let input = UpdateService { cluster: cluster.to_owned(), service: name.to_owned(), task_definition };
        plan::Call::Ecs(Call::UpdateService(input))
    };
    let undo = match before.as_ref().and_then(|state| state["taskDefinition"].as_str()) {
        Some(now) if !is_active => Undo::Never(format!(
            "{}, which {name} runs now, is deregistered, and ECS gives it to no service any more.",
            last(now)
        )),
        Some(now) => Undo::Call(update(now.to_owned())),
        None => Undo::Never("nobody could say which revision it ran before.".into()),
    };
    Step {
        id: format!("service-{n}"),
        says: format!("Have {name} in {cluster} run the new revision of {family}"),
        scope: scope.clone(),
        call: update(format!("${{{STEP}.taskDefinitionArn}}")),
        effect: Effect::Update,
        before,
        depends_on: vec![STEP.to_owned()],
        undo,
        // As many tasks as before; while both revisions run, some more for minutes.
        monthly: Some(0),
    }
}

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call, plan: &Plan) -> Vec<(Severity, String, String)> {
    let deploys = |step: &Step| matches!(&step.call, plan::Call::Ecs(Call::UpdateService(_)));
    match call {
        Call::RegisterTaskDefinition(_) if !plan.steps.iter().any(deploys) => vec![(
            Severity::Hint,
            "Nothing runs the new revision by itself: services stay with the one they were given.".to_owned(),
            "Choose the services that are to run it, or update them later.".to_owned(),
        )],
        Call::UpdateService(_) => vec![(
            Severity::Hint,
            "ECS replaces the service's tasks now, a few at a time, as its deployment configuration says. The run ends when ECS has taken the order; the service's page shows how the deployment goes.".to_owned(),
            "Undo gives the service back the revision it had.".to_owned(),
        )],
        Call::RegisterTaskDefinition(_) | Call::DeregisterTaskDefinition(_) => vec![],
    }
}

#[cfg(test)]
#[path = "wizards_tests.rs"]
mod tests;
