//! The plans people make with Lambda: another image for a function.

use serde::{Deserialize, Serialize};

use super::calls::{Call, UpdateFunctionCode, is_under_way};
use super::subject::Subject;
use crate::ecr::inventory::{Inventory, short};
use crate::ecr::wizards::chosen_image;
use crate::identity::Scope;
use crate::plan::lint::Severity;
use crate::plan::{self, Effect, FORMAT, Facts, FieldErrors, Plan, Step, Undo};

/// An image of the same account and region for a function that is made from one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UseImage {
    /// The function's name.
    pub function: String,
    /// The repository's name.
    pub repository: String,
    /// The image's digest.
    pub digest: String,
}

/// An architecture as Lambda calls it, of a platform as images name it.
fn architecture(platform: &str) -> Option<&'static str> {
    match platform.split('/').take(2).collect::<Vec<_>>()[..] {
        ["linux", "amd64"] => Some("x86_64"),
        ["linux", "arm64"] => Some("arm64"),
        _ => None,
    }
}

impl UseImage {
    fn subject(&self) -> Subject {
        Subject::FunctionImage { function: self.function.clone() }
    }

    /// What has to be known.
    pub fn subjects(&self) -> Vec<plan::Subject> {
        if self.function.is_empty() || self.repository.is_empty() {
            return vec![];
        }
        vec![plan::Subject::Lambda(self.subject()), Inventory::subject(&self.repository)]
    }

    /// The plan.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn plan(&self, scope: &Scope, facts: &Facts) -> Result<Plan, FieldErrors> {
        let (function, mut errors) = (self.function.as_str(), FieldErrors::new());
        let image = chosen_image(scope, &self.repository, &self.digest, facts, &mut errors);
        let mut wrong = |field: &str, message: String| {
            errors.entry(field.to_owned()).or_insert(message);
        };
        // Lambda takes the image of one platform only: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
        if image.as_ref().is_some_and(|image| image.is_index) {
            wrong(
                "digest",
                "A function takes the image of one platform; this is an index of several. Choose one of those in it."
                    .into(),
            );
        }
        let state = facts.of(&plan::Subject::Lambda(self.subject()));
        let text = |field: &str| state.flatten().and_then(|state| state[field].as_str());
        let now = text("ImageUri");
        if function.is_empty() {
            wrong("function", "Choose a function.".into());
        } else if state == Some(None) {
            wrong("function", format!("There is no function {function} here."));
        } else if text("PackageType") == Some("Zip") {
            wrong(
                "function",
                format!(
                    "{function} is made from a .zip archive, and stays so: only a new one can be made from an image."
                ),
            );
        } else if state.flatten().is_some_and(is_under_way) {
            wrong("function", format!("An update of {function} is under way. Plan again once it is over."));
        }
        if let (Some(image), Some(state)) = (&image, state.flatten()) {
            let own = state["Architectures"].as_array().into_iter().flatten().filter_map(|word| word.as_str());
            // AWS says nothing where it is the one that there always was.
            let own = own.collect::<Vec<_>>().first().copied().unwrap_or("x86_64");
            if let [platform] = &image.platforms[..]
                && architecture(platform).is_some_and(|of_image| of_image != own)
            {
                wrong("digest", format!("The image is for {platform}; {function} runs on {own}."));
            }
            if now == Some(image.uri.as_str()) && state.get("LastUpdateStatusReason").is_none() {
                wrong("function", format!("{function} has this image already."));
            }
        }
        let Some(image) = image.filter(|_| errors.is_empty()) else { return Err(errors) };
        let update = |image_uri: &str| {
            let input = UpdateFunctionCode { function_name: function.to_owned(), image_uri: image_uri.to_owned() };
            plan::Call::Lambda(Call::UpdateFunctionCode(input))
        };
        let undo = match now {
            Some(now) => Undo::Call(update(now)),
            None => Undo::Never("nobody could say which image it had before.".into()),
        };
        let says = format!("Give {function} the image {}@{}", self.repository, short(&self.digest));
        let step = Step {
            id: "code".into(),
            says: says.clone(),
            scope: scope.clone(),
            call: update(&image.uri),
            effect: Effect::Update,
            before: state.flatten().cloned(),
            depends_on: vec![],
            undo,
            monthly: Some(0),
        };
        Ok(Plan { format: FORMAT, title: says, scope: scope.clone(), steps: vec![step] })
    }
}

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call) -> Vec<(Severity, String, String)> {
    match call {
        Call::UpdateFunctionCode(_) => vec![(
            Severity::Hint,
            "This changes the unpublished version ($LATEST). Published versions, and aliases that lead to them, keep their image.".to_owned(),
            "Publish a version afterwards, and have the alias lead to it.".to_owned(),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::inventory::tests::held;
    use serde_json::{Value, json};

    const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    fn planned(state: Option<Value>, platform: &str, children: &[&str]) -> Result<Plan, FieldErrors> {
        let wanted = UseImage { function: "resize".into(), repository: "shop/resize".into(), digest: DIGEST.into() };
        let mut image = held(DIGEST, 1, &["2.0"], children, &[]);
        image.platforms = vec![platform.to_owned()];
        let inventory = Inventory { images: vec![image], ..Inventory::default() };
        let inventory = Some(serde_json::to_value(inventory).unwrap());
        let subjects = wanted.subjects();
        wanted.plan(&scope(), &Facts::new(subjects.into_iter().zip([state, inventory]).collect()))
    }

    fn function(more: Value) -> Option<Value> {
        let mut state = json!({ "FunctionName": "resize", "PackageType": "Image", "Architectures": ["arm64"], "ImageUri": "old@sha256:0" });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(state)
    }

    #[test]
    fn a_function_gets_the_digest_and_the_undo_gives_the_one_before() {
        let plan = planned(function(json!({})), "linux/arm64/v8", &[]).unwrap();
        let uri = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/resize@{DIGEST}");
        assert_eq!(plan.steps[0].call.input(), json!({ "FunctionName": "resize", "ImageUri": uri }));
        let Undo::Call(undo) = &plan.steps[0].undo else { panic!() };
        assert_eq!(undo.input()["ImageUri"], "old@sha256:0");
        assert_eq!(plan.title, "Give resize the image shop/resize@111111111111");
        assert_eq!((plan.steps[0].call.subject(), plan.steps[0].before.is_some()), (undo.subject(), true));
    }

    #[test]
    fn what_lambda_would_refuse_is_said_before() {
        let said = |state, platform, children: &[&str], field: &str| {
            let errors = planned(state, platform, children).unwrap_err();
            errors.get(field).cloned().unwrap_or_else(|| panic!("{errors:?}"))
        };
        assert!(said(None, "linux/arm64", &[], "function").contains("no function resize"));
        let zip = function(json!({ "PackageType": "Zip" }));
        assert!(said(zip, "linux/arm64", &[], "function").contains(".zip"));
        let at_it = function(json!({ "LastUpdateStatus": "InProgress" }));
        assert!(said(at_it, "linux/arm64", &[], "function").contains("is under way"));
        assert!(said(function(json!({})), "linux/amd64", &[], "digest").contains("runs on arm64"));
        assert!(said(function(json!({})), "linux/arm64", &["sha256:2"], "digest").contains("one platform"));
        let same = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/resize@{DIGEST}");
        let same = |more: Value| {
            let mut state = function(json!({ "ImageUri": same }));
            state.as_mut().unwrap().as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            planned(state, "linux/arm64", &[])
        };
        assert!(same(json!({})).unwrap_err()["function"].contains("already"));
        // What failed is tried again.
        assert!(same(json!({ "LastUpdateStatusReason": "denied" })).is_ok());
    }
}
