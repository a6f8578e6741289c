//! What the emulator's Lambda answers differently from AWS: ListFunctions leaves the states out, no answer has
//! empty members where AWS has none, and aliases have policies and URLs of their own ([`access`]).

mod access;

use axum::http::Method;
use serde_json::Value;

use super::call::Call;
use super::{Answer, Gateway, Read, json as answer_json};

/// Members that ListFunctions does not give
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>).
const NOT_LISTED: &[&str] = &[
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
];

/// Members that AWS leaves out when they are empty.
const NEVER_EMPTY: &[&str] = &[
    "Handler",
    "KMSKeyArn",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "Layers",
    "Runtime",
    "StateReason",
    "StateReasonCode",
];

/// Whether a call is answered here: ListFunctions, GetFunction, GetFunctionConfiguration, GetPolicy, GetFunctionUrlConfig and
/// ListFunctionUrlConfigs.
pub fn is_ours(call: &Call) -> bool {
    call.method == Method::GET
        && matches!(
            parts(&call.path).as_slice(),
            ["2015-03-31", "functions"]
                | ["2015-03-31", "functions", _]
                | ["2015-03-31", "functions", _, "configuration" | "policy"]
                | ["2021-10-31", "functions", _, "url" | "urls"]
        )
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Answers a call of [`is_ours`].
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    match parts(&read.call.path).as_slice() {
        [_, _, name, "policy"] => return access::policy(gateway, read, name).await,
        [_, _, name, "urls"] => return access::urls(gateway, read, name).await,
        [_, _, _, "url"] => return access::url(gateway, read).await,
        _ => {}
    }
    let mut answer = gateway.upstream.pass_json(read).await?;
    if answer["Functions"].is_array() {
        leave_states_out(&mut answer);
    } else {
        let configuration =
            if answer["Configuration"].is_object() { &mut answer["Configuration"] } else { &mut answer };
        leave_empty_out(configuration);
    }
    Ok(answer_json(&answer))
}

fn leave_states_out(answer: &mut Value) {
    for function in answer["Functions"].as_array_mut().into_iter().flatten() {
        leave_empty_out(function);
        if let Some(function) = function.as_object_mut() {
            function.retain(|name, _| !NOT_LISTED.contains(&name.as_str()));
        }
    }
}

fn leave_empty_out(function: &mut Value) {
    let Some(function) = function.as_object_mut() else { return };
    function.retain(|name, value| {
        let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        let omitted = value.is_null() || (empty && NEVER_EMPTY.contains(&name.as_str()));
        !omitted
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_no_states() {
        let mut answer = json!({ "Functions": [{ "FunctionName": "a", "State": "Active", "LastUpdateStatus": "Successful", "Layers": [], "Runtime": "", "Description": "" }], "NextMarker": "m" });
        leave_states_out(&mut answer);
        assert_eq!(answer, json!({ "Functions": [{ "FunctionName": "a", "Description": "" }], "NextMarker": "m" }));
    }
}
