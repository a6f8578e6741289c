//! Policies and URLs of functions: the emulator keeps the policies of a function and its aliases as one, has one also where AWS says that there is
//! none, and does not say which alias a URL belongs to.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::call::json_error;
use super::super::upstream::Scope;
use super::super::{Answer, Gateway, Read, decode, json as answer_json, paging};

/// Lambda gives at most fifty URLs a page.
const PAGE: usize = 50;

/// GetPolicy. `name` as the path has it: a name or an ARN, either of which may have a qualifier.
pub async fn policy(gateway: &Gateway, read: &Read<'_>, name: &str) -> Answer {
    let mut answer = gateway.upstream.pass_json(read).await?;
    // `name:live`, or an ARN that goes on behind the name.
    let qualified = matches!(decode(name).split(':').count(), 2 | 8) || read.query("Qualifier").is_some();
    let text = answer["Policy"].as_str().unwrap_or_default();
    let Some(policy) = of(text, qualified) else { return Err(missing()) };
    answer["Policy"] = Value::String(policy);
    Ok(answer_json(&answer))
}

/// ListFunctionUrlConfigs.
pub async fn urls(gateway: &Gateway, read: &Read<'_>, name: &str) -> Answer {
    let mut answer = gateway.upstream.pass_json(read).await?;
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    let mut urls = answer["FunctionUrlConfigs"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let functions = format!("/2015-03-31/functions/{name}");
    if urls.is_empty() {
        // Whether there is such a function.
        gateway.upstream.get(&scope, "lambda", &functions).await?;
    } else {
        let aliases = gateway.upstream.get(&scope, "lambda", &format!("{functions}/aliases")).await?;
        for alias in aliases["Aliases"].as_array().into_iter().flatten().filter_map(|alias| alias["Name"].as_str()) {
            let path = format!("/2021-10-31/functions/{name}/url?Qualifier={alias}");
            // An alias without a URL is answered with an error.
            let Ok(its) = gateway.upstream.get(&scope, "lambda", &path).await else { continue };
            urls.iter_mut().filter(|url| url["FunctionUrl"] == its["FunctionUrl"]).for_each(|url| qualify(url, alias));
        }
    }
    let size = read.query("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let (urls, next) = paging::page(urls, size, read.query("Marker").as_deref());
    let mut answer = json!({ "FunctionUrlConfigs": urls });
    if let Some(next) = next {
        answer["NextMarker"] = Value::String(next);
    }
    Ok(answer_json(&answer))
}

/// GetFunctionUrlConfig.
pub async fn url(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let mut answer = gateway.upstream.pass_json(read).await?;
    if let Some(alias) = read.query("Qualifier") {
        qualify(&mut answer, &alias);
    }
    Ok(answer_json(&answer))
}

/// Adds the alias to the function's ARN, where it is not there.
fn qualify(url: &mut Value, alias: &str) {
    if let Some(arn) = url["FunctionArn"].as_str().filter(|arn| arn.split(':').count() == 7) {
        url["FunctionArn"] = Value::String(format!("{arn}:{alias}"));
    }
}

/// The policy as AWS gives it: without the statements about aliases and versions, unless one was asked for, and accounts as their root user.
/// `None` where no statement is left.
fn of(policy: &str, qualified: bool) -> Option<String> {
    let mut policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy.get_mut("Statement")?.as_array_mut()?;
    statements
        .retain(|statement| qualified || statement["Resource"].as_str().is_some_and(|arn| arn.split(':').count() == 7));
    for principal in statements.iter_mut().filter_map(|statement| statement.pointer_mut("/Principal/AWS")) {
        if let Some(account) =
            principal.as_str().filter(|who| who.len() == 12 && who.bytes().all(|b| b.is_ascii_digit()))
        {
            *principal = Value::String(format!("arn:aws:iam::{account}:root"));
        }
    }
    (!statements.is_empty()).then(|| policy.to_string())
}

fn missing() -> Response {
    json_error(StatusCode::NOT_FOUND, "ResourceNotFoundException", "The resource you requested does not exist.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_that_of_the_function_and_there_is_none_without_statements() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hook";
        let own = json!({ "Sid": "a", "Principal": { "AWS": "444455556666" }, "Resource": arn });
        let alias = json!({ "Sid": "b", "Principal": "*", "Resource": format!("{arn}:live") });
        let policy = |statements: Vec<Value>| json!({ "Statement": statements }).to_string();
        let given = of(&policy(vec![own.clone(), alias.clone()]), false).unwrap();
        let given: Value = serde_json::from_str(&given).unwrap();
        assert_eq!(given["Statement"].as_array().unwrap().len(), 1);
        assert_eq!(given["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::444455556666:root");
        assert_eq!(of(&policy(vec![alias.clone()]), false), None);
        assert!(of(&policy(vec![alias]), true).is_some());
        assert_eq!(of(&policy(vec![]), true), None);
    }

    #[test]
    fn the_url_of_an_alias_names_it_once() {
        let mut url = json!({ "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:hook" });
        qualify(&mut url, "live");
        qualify(&mut url, "live");
        assert_eq!(url["FunctionArn"], "arn:aws:lambda:eu-west-1:111122223333:function:hook:live");
    }
}
