//! Makes Lambda's calls of plans, and reads the state of what they write.

use aws_sdk_lambda::config::Builder as Config;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use domain::Problem;
use domain::lambda::calls::Call;
use domain::lambda::subject::Subject;
use serde_json::{Value, json};
use std::time::Duration;

use crate::{Bucket, Caller, absent};

/// Between two looks at an update that is under way.
const LOOK: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });
/// How many of them; then it is read as it is, and says that it is under way. A run looks again.
const LOOKS: u32 = 10;

/// Makes a call, once: whether it may be sent again is for its caller to say, who reads first what became of it. Answers AWS's id of the
/// request.
pub(crate) async fn make(caller: &Caller, call: &Call) -> Result<Option<String>, Problem> {
    let once = Config::new().retry_config(RetryConfig::disabled());
    match call {
        Call::UpdateFunctionCode(input) => {
            let request = caller.clients().lambda().update_function_code();
            let request = request.function_name(&input.function_name).image_uri(&input.image_uri);
            let sent = request.customize().config_override(once).send();
            let on = Some(input.function_name.as_str());
            let answer = caller.call(Bucket::LambdaControl, "lambda:UpdateFunctionCode", on, sent).await?;
            Ok(answer.request_id().map(str::to_owned))
        }
    }
}

/// The state of something; `None` when it does not exist.
pub(crate) async fn read(caller: &Caller, subject: &Subject) -> Result<Option<Value>, Problem> {
    let Subject::FunctionImage { function } = subject;
    let mut looks = 0;
    loop {
        let request = caller.clients().lambda().get_function().function_name(function);
        let answer = caller.call(Bucket::LambdaGetFunction, "lambda:GetFunction", Some(function), request.send()).await;
        let Some(answer) = absent(answer)? else { return Ok(None) };
        // Until it is over Lambda refuses another one: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
        if looks >= LOOKS || !is_under_way(&answer) {
            return Ok(Some(state(answer)));
        }
        looks += 1;
        tokio::time::sleep(LOOK).await;
    }
}

fn is_under_way(answer: &GetFunctionOutput) -> bool {
    answer.configuration().is_some_and(|c| {
        c.last_update_status() == Some(&LastUpdateStatus::InProgress) || c.state() == Some(&State::Pending)
    })
}

fn state(answer: GetFunctionOutput) -> Value {
    let code = answer.code;
    let image = code.and_then(|code| code.resolved_image_uri.or(code.image_uri));
    let configuration = answer.configuration;
    let failed = configuration.as_ref().filter(|c| c.last_update_status() == Some(&LastUpdateStatus::Failed));
    let mut state = json!({
        "FunctionName": configuration.as_ref().and_then(|c| c.function_name()),
        "PackageType": configuration.as_ref().and_then(|c| c.package_type()).map(|kind| kind.as_str()),
        "Architectures": configuration.as_ref().map(|c| c.architectures().iter().map(|a| a.as_str()).collect::<Vec<_>>()),
        "ImageUri": image,
    });
    let status = configuration.as_ref().and_then(|c| c.last_update_status());
    if let Some(status @ LastUpdateStatus::InProgress) = status {
        state["LastUpdateStatus"] = json!(status.as_str());
    }
    if let Some(pending @ State::Pending) = configuration.as_ref().and_then(|c| c.state()) {
        state["State"] = json!(pending.as_str());
    }
    if let Some(failed) = failed {
        state["LastUpdateStatusReason"] = json!(failed.last_update_status_reason().unwrap_or("AWS does not say why."));
    }
    state
}
