//! Whether a run that was applied may be taken back: asked as the same deletion is asked as a plan.

use domain::ecr::known::some;
use domain::ecr::wizards::way_back::losses;
use domain::ecs;
use domain::kms::way_back as keys;
use domain::plan::Subject;
use domain::plan::run::Run;
use domain::policy::Actor;
use domain::{Code, Problem};
use gantry_store::Store;
use gantry_store::runs::Stored;
use std::collections::BTreeMap;

use super::inventory;
use crate::apply::Cloud;
use crate::auth::proof::allow;
use crate::clock::now;

/// The sentence that speaks against taking back a key: what others have encrypted with it, as ECR says now.
async fn encrypted(cloud: &dyn Cloud, run: &Run) -> Result<Option<String>, Problem> {
    // Of a key and its alias the same is asked.
    let mut told = BTreeMap::new();
    for (n, step) in run.plan.steps.iter().enumerate() {
        let Some(asked) = keys::asked(run, n) else { continue };
        let about = (step.scope.clone(), Subject::Ecr(asked));
        if !told.contains_key(&about) {
            let state = cloud.read(&about.0, &about.1).await?;
            told.insert(about.clone(), state);
        }
        let others = keys::others(run, step, told.get(&about).and_then(Option::as_ref));
        if !others.is_empty() {
            return Ok(Some(format!(
                "Undo would have a KMS key deleted that encrypts what others made: {}. Their images would be lost with it.",
                some(&others)
            )));
        }
    }
    Ok(None)
}

/// Refuses to take back what something uses by now; `so` says what was not done.
///
/// # Errors
/// [`Code::Conflict`] with what is in use and by whom; as [`Cloud::read`], where a key is to go; [`Code::Database`].
pub(super) async fn unused(store: &Store, cloud: &dyn Cloud, stored: &Stored, so: &str) -> Result<(), Problem> {
    let mut against = vec![];
    for ((scope, repository), loss) in losses(&stored.run) {
        let inventory = inventory::read(store, &scope, &repository, now()).await?;
        against.extend(loss.against(&repository, stored.ended, &inventory));
    }
    for loss in ecs::way_back::losses(&stored.run) {
        against.extend(loss.against(&inventory::starters_of(store, &loss.arn, &loss.given_back).await?));
    }
    against.extend(encrypted(cloud, &stored.run).await?);
    if !against.is_empty() {
        let message = format!("{} {so}", against.join(" "));
        return Err(Problem::new(Code::Conflict, "Something uses it", message));
    }
    Ok(())
}

/// The same; then, where that deletes a thing or lets others in, refuses whoever has not proved lately that it is them.
///
/// # Errors
/// As [`unused`] and [`allow`].
pub(super) async fn allowed(store: &Store, cloud: &dyn Cloud, actor: &Actor, stored: &Stored) -> Result<(), Problem> {
    unused(store, cloud, stored, "Nothing was taken back.").await?;
    for permission in stored.run.plan.undo_needs() {
        allow(store, actor, permission).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Course;
    use async_trait::async_trait;
    use domain::Scope;
    use domain::ecr::wizards::create_repository::{self, Answers, Encrypted};
    use domain::plan::{Call, Facts};
    use serde_json::{Value, json};

    /// An account in which these repositories name any key that is asked for.
    struct Account(Vec<&'static str>);

    #[async_trait]
    impl Cloud for Account {
        async fn make(&self, _: &Scope, call: &Call, _: &Course) -> Result<Option<String>, Problem> {
            panic!("{call:?}")
        }
        async fn read(&self, _: &Scope, _: &Subject) -> Result<Option<Value>, Problem> {
            Ok(Some(json!({ "repositories": self.0, "templates": [] })))
        }
    }

    #[tokio::test]
    async fn a_key_that_encrypts_what_others_made_is_not_taken_back() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let encryption = Encrypted::NewKey { alias: "images".into(), dual: false };
        let answers = Answers { name: "new".into(), encryption, ..Answers::default() };
        let mut run = Run::new("r".into(), create_repository::plan(&answers, &scope, &Facts::default()).unwrap());
        run.steps[0].after = Some(json!({ "KeyId": "1a" }));
        let told = encrypted(&Account(vec!["new", "theirs"]), &run).await.unwrap().unwrap();
        assert!(told.contains("encrypts what others made: the repository theirs"), "{told}");
        assert_eq!(encrypted(&Account(vec!["new"]), &run).await.unwrap(), None, "it goes before its key");
    }
}
