//! EventBridge rules of all event buses, with their targets.

use aws_sdk_eventbridge::types;
use domain::events::{DeadLetters, EcsParameters, RetryPolicy, Rule, Target};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use std::collections::HashMap;

use crate::gather::{Trouble, each, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all rules, bus by bus. A rule whose targets cannot be read is delivered without them; a bus whose rules cannot be read keeps what
/// is known of it, and the others go on: what is gone of theirs goes.
pub(crate) async fn collect_rules(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut missing = Trouble::default();
    let mut trouble = Trouble::default();
    let mut known = known(feed).await?;
    for bus in buses(caller).await? {
        let own = known.remove(&bus).unwrap_or_default();
        if missing.past(rules(caller, feed, &bus, &mut trouble).await)?.is_some() {
            feed.complete_of(Kind::Rule, own).await?;
        }
    }
    // Of buses that are no longer there.
    feed.complete_of(Kind::Rule, known.into_values().flatten().collect()).await?;
    if missing.is_none() {
        feed.complete(Kind::Rule, None).await?;
    }
    missing.and(trouble).end()
}

/// Ids of the rules that are known, by the name of their bus.
async fn known(feed: &dyn Feed) -> Result<HashMap<String, Vec<String>>, Problem> {
    let mut known: HashMap<String, Vec<String>> = HashMap::new();
    for id in feed.said(Kind::Rule, "Name").await?.into_keys() {
        if let Some(bus) = bus_and_name(&id).map(|(bus, _)| bus.to_owned()) {
            known.entry(bus).or_default().push(id);
        }
    }
    Ok(known)
}

/// What a rule's id is made of. Buses of partners have slashes in their names, rules do not.
fn bus_and_name(id: &str) -> Option<(&str, &str)> {
    id.rsplit_once('/')
}

/// One rule.
pub(crate) async fn fetch_rule(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((bus, name)) = bus_and_name(&key.id) else { return Ok(None) };
    let request = caller.clients().events().describe_rule().event_bus_name(bus).name(name);
    let answer = caller.call(Bucket::Events, "events:DescribeRule", Some(&key.id), request.send()).await;
    let Some(r) = absent(answer)? else { return Ok(None) };
    let mut rule = Rule {
        name: r.name.unwrap_or_else(|| name.to_owned()),
        arn: r.arn,
        event_pattern: r.event_pattern,
        state: word(r.state),
        description: r.description,
        schedule_expression: r.schedule_expression,
        role_arn: r.role_arn,
        managed_by: r.managed_by,
        event_bus_name: Some(r.event_bus_name.unwrap_or_else(|| bus.to_owned())),
        targets: None,
    };
    match absent(targets(caller, bus, name).await)? {
        Some(targets) => rule.targets = Some(targets),
        None => return Ok(None),
    }
    caller.observed(&rule).map(Some)
}

async fn buses(caller: &Caller) -> Result<Vec<String>, Problem> {
    let mut names = vec![];
    let mut pages = Pages::new("events:ListEventBuses");
    while let Some(token) = pages.next() {
        let request = caller.clients().events().list_event_buses().limit(100).set_next_token(token);
        let page = caller.call(Bucket::Events, "events:ListEventBuses", None, request.send()).await?;
        names.extend(page.event_buses.into_iter().flatten().filter_map(|b| b.name));
        pages.then(page.next_token)?;
    }
    Ok(names)
}

async fn rules(caller: &Caller, feed: &dyn Feed, bus: &str, trouble: &mut Trouble) -> Result<(), Problem> {
    let mut pages = Pages::new("events:ListRules");
    while let Some(token) = pages.next() {
        let request = caller.clients().events().list_rules().event_bus_name(bus).limit(100).set_next_token(token);
        let answer = caller.call(Bucket::Events, "events:ListRules", Some(bus), request.send()).await;
        // Deleted since the list was read: it has no rules.
        let Some(page) = absent(answer)? else { return Ok(()) };
        let rules = page.rules.into_iter().flatten().map(|r| document(r, bus)).collect();
        let read = |rule: Rule| async move {
            let targets = targets(caller, bus, &rule.name).await;
            (rule, targets)
        };
        let mut batch = vec![];
        for (mut rule, targets) in each(rules, read).await {
            match trouble.past(absent(targets))? {
                Some(None) => continue,
                Some(targets) => rule.targets = targets,
                None => {}
            }
            batch.push(caller.observed(&rule)?);
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    Ok(())
}

async fn targets(caller: &Caller, bus: &str, rule: &str) -> Result<Vec<Target>, Problem> {
    let mut targets = vec![];
    let mut pages = Pages::new("events:ListTargetsByRule");
    while let Some(token) = pages.next() {
        let request = caller.clients().events().list_targets_by_rule().event_bus_name(bus).rule(rule);
        let request = request.limit(100).set_next_token(token);
        let page = caller.call(Bucket::Events, "events:ListTargetsByRule", Some(rule), request.send()).await?;
        targets.extend(page.targets.into_iter().flatten().map(|t| target(caller, t)));
        pages.then(page.next_token)?;
    }
    targets.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(targets)
}

fn document(r: types::Rule, bus: &str) -> Rule {
    Rule {
        name: r.name.unwrap_or_default(),
        arn: r.arn,
        event_pattern: r.event_pattern,
        state: word(r.state),
        description: r.description,
        schedule_expression: r.schedule_expression,
        role_arn: r.role_arn,
        managed_by: r.managed_by,
        event_bus_name: Some(r.event_bus_name.unwrap_or_else(|| bus.to_owned())),
        targets: None,
    }
}

fn target(caller: &Caller, t: types::Target) -> Target {
    Target {
        id: t.id,
        arn: t.arn,
        role_arn: t.role_arn,
        input: t.input.map(|input| caller.seal(&input)),
        input_path: t.input_path,
        ecs_parameters: t.ecs_parameters.map(|e| EcsParameters {
            task_definition_arn: Some(e.task_definition_arn),
            task_count: e.task_count,
            launch_type: word(e.launch_type),
        }),
        dead_letter_config: t.dead_letter_config.map(|d| DeadLetters { arn: d.arn }),
        retry_policy: t.retry_policy.map(|p| RetryPolicy {
            maximum_retry_attempts: p.maximum_retry_attempts,
            maximum_event_age_in_seconds: p.maximum_event_age_in_seconds,
        }),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
