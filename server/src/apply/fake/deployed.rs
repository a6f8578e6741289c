//! What runs images: functions as Lambda treats them, task definitions and services as ECS does.

use domain::Problem;
use domain::ecs::calls::{Call as Ecs, RegisterTaskDefinition, revision};
use domain::ecs::subject::Subject as EcsSubject;
use domain::lambda::calls::Call as Lambda;
use domain::lambda::subject::Subject as LambdaSubject;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::rejected;

/// The states of functions, by name.
#[derive(Debug, Default)]
pub(super) struct Functions(BTreeMap<String, Value>);

impl Functions {
    /// Somebody makes a function from an image: no plan does.
    pub(super) fn add(&mut self, name: &str, image: &str) {
        let state =
            json!({ "FunctionName": name, "PackageType": "Image", "Architectures": ["x86_64"], "ImageUri": image });
        self.0.insert(name.to_owned(), state);
    }

    pub(super) fn make(&mut self, call: &Lambda) -> Result<(), Problem> {
        let Lambda::UpdateFunctionCode(input) = call;
        let state = self.0.get_mut(&input.function_name);
        let state = state.ok_or_else(|| Problem::not_found("There is no such function."))?;
        state["ImageUri"] = json!(input.image_uri);
        Ok(())
    }

    pub(super) fn read(&self, subject: &LambdaSubject) -> Option<Value> {
        self.0.get(subject.function()).cloned()
    }
}

/// Task definitions and services.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// The states of revisions by family and number; deregistered ones can still be read.
    revisions: BTreeMap<(String, u32), Value>,
    /// The states of services by cluster and name.
    services: BTreeMap<(String, String), Value>,
}

fn arn(family: &str, number: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/{family}:{number}")
}

fn is_active(state: &Value) -> bool {
    state["status"] == "ACTIVE"
}

impl Tasks {
    /// Somebody registers a revision like no other, with a container `app` that starts from this image: no plan does.
    pub(super) fn register(&mut self, family: &str, number: u32, image: &str) {
        let state = json!({
            "taskDefinitionArn": arn(family, number),
            "status": "ACTIVE",
            "taskRoleArn": null,
            "executionRoleArn": "arn:aws:iam::111122223333:role/pulls",
            "cpuArchitecture": null,
            "containerDefinitions": [{ "name": "app", "image": image }, { "name": "proxy", "image": "envoy:1" }],
            "run": null,
        });
        self.revisions.insert((family.to_owned(), number), state);
    }

    /// Somebody creates a service that runs a revision: no plan does.
    pub(super) fn serve(&mut self, cluster: &str, name: &str, (family, number): (&str, u32)) {
        let state = json!({ "status": "ACTIVE", "taskDefinition": arn(family, number), "deploymentController": "ECS" });
        self.services.insert((cluster.to_owned(), name.to_owned()), state);
    }

    /// All of it, as text, without what was deregistered: AWS keeps that for a while, and nothing can be started from it.
    pub(super) fn listing(&self) -> String {
        let active: Vec<&Value> = self.revisions.values().filter(|state| is_active(state)).collect();
        format!("{active:#?} {:#?}", self.services)
    }

    /// A revision by its ARN or as `family:revision`.
    fn revision(&mut self, of: &str) -> Option<&mut Value> {
        let (family, number) = revision(of)?;
        self.revisions.get_mut(&(family.to_owned(), number))
    }

    fn active(&mut self, of: &str) -> Result<&mut Value, Problem> {
        let found = self.revision(of).filter(|state| is_active(state));
        found.ok_or_else(|| rejected("There is no such active revision."))
    }

    pub(super) fn make(&mut self, call: &Ecs) -> Result<(), Problem> {
        match call {
            Ecs::RegisterTaskDefinition(input) => self.register_like(input)?,
            Ecs::DeregisterTaskDefinition(input) => {
                self.active(&input.task_definition)?["status"] = json!("INACTIVE");
            }
            Ecs::UpdateService(input) => {
                self.active(&input.task_definition)?;
                let service = self.services.get_mut(&(input.cluster.clone(), input.service.clone()));
                let service = service.ok_or_else(|| Problem::not_found("There is no such service."))?;
                service["taskDefinition"] = json!(input.task_definition);
            }
        }
        Ok(())
    }

    fn register_like(&mut self, input: &RegisterTaskDefinition) -> Result<(), Problem> {
        let like = self.revision(&input.like).cloned();
        let mut state = like.ok_or_else(|| rejected("There is no such revision any more."))?;
        for container in state["containerDefinitions"].as_array_mut().unwrap() {
            let change = input.container_definitions.iter().find(|c| container["name"] == c.name.as_str());
            if let Some(change) = change {
                container["image"] = json!(change.image);
            }
        }
        let numbers = self.revisions.keys().filter(|(family, _)| *family == input.family).map(|(_, number)| *number);
        let number = numbers.max().unwrap_or_default() + 1;
        let run = input.tags.iter().find(|tag| tag.key == "gantry:run").map(|tag| &tag.value);
        state["taskDefinitionArn"] = json!(arn(&input.family, number));
        state["status"] = json!("ACTIVE");
        state["run"] = json!(run);
        self.revisions.insert((input.family.clone(), number), state);
        Ok(())
    }

    /// The active revisions that a call registered, however often.
    pub(super) fn all_made(&self, input: &RegisterTaskDefinition) -> Vec<Value> {
        let (family, after) = revision(&input.like).unwrap();
        let run = input.tags.iter().find(|tag| tag.key == "gantry:run").map(|tag| tag.value.as_str());
        let later = self.revisions.iter().filter(|((of, number), _)| of == family && *number > after);
        later
            .map(|(_, state)| state)
            .filter(|state| is_active(state) && state["run"].as_str() == run)
            .cloned()
            .collect()
    }

    pub(super) fn read(&self, subject: &EcsSubject) -> Option<Value> {
        match subject {
            EcsSubject::NextRevision { family, after, run } => {
                let own = self.revisions.iter().filter(|((name, _), state)| name == family && is_active(state));
                let mut latest_first = own.rev().map(|((_, number), state)| (*number, state)).collect::<Vec<_>>();
                let made = latest_first.iter().position(|(n, state)| n > after && state["run"] == run.as_str());
                let n = made.unwrap_or_default();
                (n < latest_first.len()).then(|| latest_first.swap_remove(n).1.clone())
            }
            EcsSubject::Revision { task_definition } => {
                let (family, number) = revision(task_definition)?;
                self.revisions.get(&(family.to_owned(), number)).cloned()
            }
            EcsSubject::Service { cluster, service } => self.services.get(&(cluster.clone(), service.clone())).cloned(),
            EcsSubject::ServedRevisions { services } => {
                let status = |id: &String| {
                    let (cluster, service) = id.split_once('/')?;
                    let runs = self.services.get(&(cluster.to_owned(), service.to_owned()))?;
                    let (family, number) = revision(runs["taskDefinition"].as_str()?)?;
                    let state = self.revisions.get(&(family.to_owned(), number));
                    Some((id.clone(), state.map_or(Value::Null, |state| state["status"].clone())))
                };
                Some(Value::Object(services.iter().filter_map(status).collect()))
            }
            // Pages read them, no plan does.
            EcsSubject::Deployments { .. } => None,
        }
    }
}
