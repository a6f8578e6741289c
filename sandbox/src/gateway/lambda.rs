//! What the emulator's Lambda answers differently from AWS: ListFunctions leaves the states out.

use axum::http::Method;
use serde_json::Value;

use super::call::Call;
use super::{Answer, Gateway, Read, json as answer_json};

/// Members that ListFunctions does not give
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>).
const NOT_LISTED: &[&str] = &[
    "State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig",
];

/// Whether a call is answered here: ListFunctions.
pub fn is_ours(call: &Call) -> bool {
    call.method == Method::GET && call.path.trim_end_matches('/') == "/2015-03-31/functions"
}

/// Answers ListFunctions.
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let mut answer = gateway.upstream.pass_json(read).await?;
    leave_states_out(&mut answer);
    Ok(answer_json(&answer))
}

fn leave_states_out(answer: &mut Value) {
    for function in answer["Functions"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        function.retain(|name, value| !NOT_LISTED.contains(&name.as_str()) && !value.is_null());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_no_states() {
        let mut answer = json!({ "Functions": [{ "FunctionName": "a", "State": "Active", "LastUpdateStatus": "Successful", "Layers": null }], "NextMarker": "m" });
        leave_states_out(&mut answer);
        assert_eq!(answer, json!({ "Functions": [{ "FunctionName": "a" }], "NextMarker": "m" }));
    }
}
