//! Aliases. AWS lists them per function only, so in a large account only the functions are asked that can have one that matters:
//! those with a published version or with an alias known already. What is left out is an alias of `$LATEST` on a function that was
//! never published, in an account of more than [`SMALL`] functions.

use domain::lambda::FunctionAlias;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::BTreeSet;

use super::functions::list_all;
use crate::gather::{Trouble, each, orphans};
use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages, absent};

const LIST: &str = "lambda:ListAliases";
const GET: &str = "lambda:GetAlias";
/// Up to so many functions, all are asked: 67 seconds at half of the quota.
pub(super) const SMALL: usize = 500;

/// Reads the aliases, function by function.
pub(crate) async fn collect_aliases(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let all = list_all(caller, None).await?;
    let known = feed.known(Kind::FunctionAlias).await?;
    let function_of = |id: &str| id.rsplit_once(':').map(|(function, _)| function.to_owned());
    let everywhere = all.functions.len() <= SMALL;
    let asked: BTreeSet<String> = if everywhere {
        all.functions.iter().cloned().collect()
    } else {
        let listed: BTreeSet<&String> = all.functions.iter().collect();
        let with_alias = known.iter().filter_map(|id| function_of(id)).filter(|name| listed.contains(name));
        all.published.iter().cloned().chain(with_alias).collect()
    };
    let mut trouble = Trouble::default();
    for result in each(asked.into_iter().collect(), |name| async move { of(caller, feed, &name).await }).await {
        trouble.past(result)?;
    }
    orphans(caller, feed, (Kind::FunctionAlias, Kind::Function), &all.functions, &known, |id| {
        id.rsplit_once(':').map(|(function, _)| function)
    })
    .await?;
    if trouble.is_none() && everywhere {
        feed.complete(Kind::FunctionAlias, None).await?;
    }
    trouble.end()
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
