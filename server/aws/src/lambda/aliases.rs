//! Aliases. AWS lists them per function only, and all control-plane calls of an account share a quota. So each collect asks the functions
//! with a published version or with an alias known already, and of the others, which can only have aliases of `$LATEST`, some: all of them
//! where they are few, else the next [`SOME`] by name. Until each was asked once, the list says how far it is.

use domain::lambda::FunctionAlias;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::{BTreeSet, HashSet};

use super::functions::list_all;
use super::rounds::Round;
use crate::gather::{Trouble, each, orphans};
use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListAliases";
const GET: &str = "lambda:GetAlias";
/// So many functions that need not have an alias are asked in one collect: 67 seconds at half of the quota.
pub(super) const SOME: usize = 500;

/// Reads the aliases, function by function.
pub(crate) async fn collect_aliases(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    collect(caller, feed, SOME).await
}

/// The same with at most `some` functions that need not have an alias.
async fn collect(caller: &Caller, feed: &dyn Feed, some: usize) -> Result<(), Problem> {
    let all = list_all(caller, None).await?;
    // Also those that somebody wants read again.
    let known: HashSet<String> = feed.said(Kind::FunctionAlias, "Name").await?.into_keys().collect();
    let function_of = |id: &String| id.rsplit_once(':').map(|(function, _)| function.to_owned());
    let likely: HashSet<String> = all.published.iter().cloned().chain(known.iter().filter_map(function_of)).collect();
    let (mut asked, others): (Vec<String>, Vec<String>) =
        all.functions.iter().collect::<BTreeSet<_>>().into_iter().cloned().partition(|name| likely.contains(name));
    let (round, next) = Round::begin(feed, others, some).await?;
    asked.extend(next);
    let mut trouble = Trouble::default();
    for result in each(asked, |name| async move { of(caller, feed, &name).await }).await {
        trouble.past(result)?;
    }
    orphans(caller, feed, (Kind::FunctionAlias, Kind::Function), &all.functions, &known, |id| {
        id.rsplit_once(':').map(|(function, _)| function)
    })
    .await?;
    round.end(feed, Kind::FunctionAlias, trouble, LIST, ("aliases", "functions without a published version")).await
}

/// Reads the aliases of one function, and says so when it has read them all.
async fn of(caller: &Caller, feed: &dyn Feed, function: &str) -> Result<(), Problem> {
    let mut pages = Pages::new(LIST);
    while let Some(token) = pages.next() {
        let request = caller.clients().lambda().list_aliases().function_name(function).set_marker(token);
        let result = caller.call_raw(Bucket::LambdaControl, LIST, Some(function), request.send()).await;
        // Deleted since the list was read: it has no aliases.
        let Some((page, mut raw)) = absent(result)? else { break };
        let aliases = take_list(&mut raw, "Aliases").into_iter().map(|a| wire::document(a, |_| false));
        let batch: Vec<Observed> =
            aliases.map(|doc| caller.observed_raw::<FunctionAlias>(doc)).collect::<Result<_, Problem>>()?;
        if !batch.is_empty() {
            feed.seen(batch).await?;
        }
        pages.then(page.next_marker)?;
    }
    let key = ResourceKey::new(Kind::Function, caller.scope().clone(), function)?;
    feed.complete(Kind::FunctionAlias, Some(&key)).await
}

/// Reads one alias.
pub(crate) async fn fetch_alias(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((function, name)) = key.id.rsplit_once(':') else { return Ok(None) };
    let request = caller.clients().lambda().get_alias().function_name(function).name(name);
    let result = caller.call_raw(Bucket::LambdaControl, GET, Some(&key.id), request.send()).await;
    let Some((_, raw)) = absent(result)? else { return Ok(None) };
    Ok(Some(caller.observed_raw::<FunctionAlias>(wire::document(raw, |_| false))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Memory, caller};
    use domain::Millis;
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn aliases_of_many_unpublished_functions_are_asked_for_in_turns() {
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let heard = asked.clone();
        let function = |name: &str, version: &str| json!({"FunctionName": name, "Version": version});
        let caller = caller(move |operation, _| {
            let Some((_, rest)) = operation.split_once("/functions/") else {
                assert!(operation.contains("FunctionVersion=ALL"), "{operation}");
                let mut all: Vec<Value> =
                    ["a", "b", "c", "known", "published"].map(|name| function(name, "$LATEST")).into();
                all.push(function("published", "1"));
                return (200, json!({"Functions": all}));
            };
            let name = rest.split('/').next().unwrap().to_owned();
            let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}:dev");
            let alias = json!({"AliasArn": arn, "Name": "dev", "FunctionVersion": "$LATEST"});
            let aliases = if name == "c" { vec![alias] } else { vec![] };
            heard.lock().unwrap().insert(name);
            (200, json!({"Aliases": aliases}))
        });
        let mut feed = Memory { said: vec![("Name", "known:live".into(), "live".into())], ..Memory::default() };
        feed.began = Millis(1000);
        let problem = collect(&caller, &feed, 2).await.unwrap_err();
        assert!(
            problem.message.contains("Of 3 functions without a published version 1 were not asked yet"),
            "{problem}"
        );
        let names = |all: [&str; 4]| BTreeSet::from(all.map(str::to_owned));
        assert_eq!(std::mem::take(&mut *asked.lock().unwrap()), names(["a", "b", "known", "published"]));
        assert_eq!(feed.complete(), ["a", "b", "known", "published"]);
        assert!(feed.docs().is_empty());
        assert_eq!(*feed.covers.lock().unwrap(), None);
        // The next collect goes on where this one ended, and begins again behind the end.
        feed.began = Millis(2000);
        collect(&caller, &feed, 2).await.unwrap();
        assert_eq!(*feed.covers.lock().unwrap(), Some(Millis(1000)), "as old as what was asked first");
        assert_eq!(feed.docs().into_keys().collect::<Vec<_>>(), ["c:dev"]);
        assert_eq!(*asked.lock().unwrap(), names(["a", "c", "known", "published"]));
        assert!(!feed.complete().contains(&"*".to_owned()), "not each was asked at once");
        // Where the others are few, all are asked.
        collect(&caller, &feed, 3).await.unwrap();
        assert!(feed.complete().contains(&"*".to_owned()));
    }
}
