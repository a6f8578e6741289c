//! Log groups.

use domain::logs::LogGroup;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::wire::{self, take_list};
use crate::{Bucket, Caller, Feed, Pages};

const DESCRIBE: &str = "logs:DescribeLogGroups";

async fn page(
    caller: &Caller,
    prefix: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<Observed>, Option<String>), Problem> {
    let request = caller
        .clients()
        .logs()
        .describe_log_groups()
        .limit(50)
        .set_log_group_name_prefix(prefix.map(str::to_owned))
        .set_next_token(token);
    let (page, mut raw) = caller.call_raw(Bucket::Logs, DESCRIBE, prefix, request.send()).await?;
    let docs = take_list(&mut raw, "logGroups").into_iter().map(|g| wire::document(g, |_| false));
    let groups: Result<Vec<Observed>, Problem> = docs.map(|doc| caller.observed_raw::<LogGroup>(doc)).collect();
    Ok((groups?, page.next_token))
}

/// Reads all log groups.
pub(crate) async fn collect_log_groups(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let (groups, next) = page(caller, None, token).await?;
        feed.seen(groups).await?;
        pages.then(next)?;
    }
    feed.complete(Kind::LogGroup, None).await
}

/// Reads one log group.
pub(crate) async fn fetch_log_group(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    // AWS sorts by name: what is called exactly like the prefix comes first.
    let (groups, _) = page(caller, Some(&key.id), None).await?;
    Ok(groups.into_iter().find(|o| o.key == *key))
}
