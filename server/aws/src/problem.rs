//! The only place where an SDK error becomes a [`Problem`]: which class it is, which permission is missing, what to do.
//!
//! AWS's codes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>,
//! <https://docs.aws.amazon.com/general/latest/gr/api-retries.html>, and each API reference's "Common Errors".
//! Emulators answer what they do not implement in shapes of their own; those become [`Code::NotImplemented`].

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use domain::document::partition;
use domain::{Code, Problem, Region};
use std::error::Error;

/// What was asked, for the person who reads the problem.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// `ecs:ListServices`
    pub operation: &'static str,
    /// What it was asked on, mostly an ARN or a name.
    pub resource: Option<&'a str>,
    /// Where it was asked; `None` where that does not matter.
    pub region: Option<&'a Region>,
    /// The endpoint is configured: it may be an emulator that lacks operations.
    pub emulator: bool,
}

/// An answer that says no, freed from the SDK's types.
#[derive(Clone, Debug, Default)]
struct Refusal {
    status: u16,
    code: String,
    message: String,
    body: String,
    request_id: Option<String>,
}

/// Turns an SDK error into a problem.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>, asked: Asked<'_>) -> Problem
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map_or(0, |r| r.status().as_u16());
    let problem = match error {
        SdkError::ResponseError(_) if (200..300).contains(&status) => {
            tracing::warn!(operation = asked.operation, cause = %DisplayErrorContext(error), "an answer could not be read");
            Problem::new(
                Code::AwsRejected,
                "The answer could not be read",
                format!("{} was answered in a form Gantry cannot read. The log has the details.", asked.operation),
            )
        }
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => {
            let raw = error.raw_response();
            refused(
                &Refusal {
                    status: raw.map_or(0, |r| r.status().as_u16()),
                    code: error.code().unwrap_or_default().to_owned(),
                    message: error.message().unwrap_or_default().to_owned(),
                    body: raw
                        .and_then(|r| r.body().bytes())
                        .map(|b| String::from_utf8_lossy(&b[..b.len().min(2000)]).into_owned())
                        .unwrap_or_default(),
                    request_id: error.request_id().map(str::to_owned),
                },
                asked,
            )
        }
        SdkError::TimeoutError(_) => unreachable_because("It did not answer in time."),
        SdkError::DispatchFailure(failure) if credentials_error(error).is_none() => {
            unreachable_because(if failure.is_timeout() {
                "It did not accept the connection in time."
            } else {
                "The connection could not be made or broke."
            })
        }
        _ => match credentials_error(error) {
            Some(cause) => no_credentials(&cause, asked),
            None => Problem::new(
                Code::AwsRejected,
                "The call could not be made",
                format!("{} could not be put together: {}.", asked.operation, DisplayErrorContext(error)),
            ),
        },
    };
    placed(problem, asked)
}

/// Turns the reason into a problem why an answer lacks a part.
pub(crate) fn from_part(code: &str, message: &str, asked: Asked<'_>) -> Problem {
    let refusal = Refusal { code: code.to_owned(), message: message.to_owned(), ..Refusal::default() };
    placed(refused(&refusal, asked), asked)
}

/// Says of a request that no SDK client makes why it cannot be signed.
pub(crate) fn from_credentials(error: &CredentialsError, asked: Asked<'_>) -> Problem {
    placed(no_credentials(&DisplayErrorContext(error).to_string(), asked), asked)
}

fn placed(mut problem: Problem, asked: Asked<'_>) -> Problem {
    problem.operation = Some(asked.operation.to_owned());
    if problem.resource.is_none() {
        problem.resource = asked.resource.map(str::to_owned);
    }
    problem
}

fn unreachable_because(why: &str) -> Problem {
    Problem::new(
        Code::AwsUnreachable,
        "AWS cannot be reached",
        format!("{why} Gantry keeps what it knew and tries again."),
    )
}

/// The chain of causes as text, if one of them is about credentials.
fn credentials_error(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(e) = cause {
        if e.is::<CredentialsError>() {
            return Some(DisplayErrorContext(e).to_string());
        }
        cause = e.source();
    }
    None
}

fn no_credentials(cause: &str, asked: Asked<'_>) -> Problem {
    if let Some((action, resource)) = denied_action(cause) {
        let title = "The role of this connection may not be assumed";
        let mut problem = denied(&action, resource, title, barred(cause));
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
        if action.starts_with("sts:") && problem.iam_action.is_some() {
            problem.message = format!(
                "{action} is not allowed. Add it to the trust policy of the role and to the policy of the identity that assumes it."
            );
        }
        return problem;
    }
    // The SDK appends its debug output in brackets: useful in the log, not to a person.
    let short = cause.split(" (").next().unwrap_or(cause);
    tracing::warn!(operation = asked.operation, cause, "no credentials");
    Problem::new(
        Code::AwsCredentials,
        "No credentials",
        format!(
            "This connection gets no AWS credentials: {short}. Check its profile, role or keys, and sign in again if they expire."
        ),
    )
}

/// `barred` says why no permission helps, if none does.
fn denied(action: &str, resource: Option<String>, title: &str, barred: Option<String>) -> Problem {
    let mut problem = match barred {
        Some(why) => Problem::new(Code::AwsDenied, title, format!("AWS denies {action}: {why}")),
        None => Problem::lacks(title, action),
    };
    problem.resource = resource;
    problem
}

/// Policies that can allow something by themselves: where one of these does not, a permission is missing. All others only limit what these allow.
const ALLOWING: &[&str] = &["identity-based policy", "resource-based policy", "role trust policy"];

/// Reads what AWS says of the policy that denies, "… with an explicit deny in a service control policy" or "… because no permissions boundary
/// allows the ecs:ListServices action", and says what has to happen, where adding a permission would not help.
fn barred(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("authorized to perform: ")?;
    if let Some((_, rest)) = rest.split_once("with an explicit deny") {
        let policy = rest.strip_prefix(" in ").and_then(policy_type).unwrap_or_else(|| "a policy".to_owned());
        return Some(format!("an explicit deny in {policy}. No policy can allow it until that deny is gone."));
    }
    let policy = policy_type(rest.split_once("because no ")?.1)?;
    (!ALLOWING.contains(&policy.as_str())).then(|| {
        format!(
            "no {policy} allows it. No policy of this connection can; whoever looks after the {policy} has to allow it."
        )
    })
}

/// The words up to the one that says what it is: `service control policy`, `permissions boundary`.
fn policy_type(text: &str) -> Option<String> {
    let mut words = vec![];
    for word in text.split_whitespace().take(6) {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        words.push(word);
        if matches!(word, "policy" | "boundary") {
            return Some(words.join(" "));
        }
    }
    None
}

/// Reads AWS's "… is not authorized to perform: ecs:ListServices on resource: arn:… because no identity-based policy …".
fn denied_action(message: &str) -> Option<(String, Option<String>)> {
    let (_, rest) = message.split_once("authorized to perform: ")?;
    let action = rest.split(|c: char| c.is_whitespace() || c == ',' || c == '"').next()?.trim_end_matches('.');
    let resource = rest
        .split_once("on resource: ")
        .and_then(|(_, r)| r.split(|c: char| c.is_whitespace() || c == '"').next())
        .map(|r| r.trim_end_matches(['.', ',']).to_owned())
        .filter(|r| !r.is_empty());
    action.contains(':').then(|| (action.to_owned(), resource))
}

/// AWS's codes for "too often", in every service.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
/// Says "too often" in Kinesis only, of its lists and descriptions (<https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html>).
/// In ECR, ECR Public, KMS, ECS, IAM, CloudWatch Logs, EventBridge and DynamoDB it is a quota of things: asking again does not help, and only
/// AWS's own words say which. API Gateway says it with status 429, which is "too often" anyway.
const LIMIT: &str = "LimitExceededException";

/// AWS's codes for "too often" in answers to an operation such as `kinesis:ListStreams`.
pub(crate) fn throttling_codes(operation: &str) -> impl Iterator<Item = &'static str> {
    THROTTLED.iter().copied().chain(operation.starts_with("kinesis:").then_some(LIMIT))
}

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedOperation",
];
const CREDENTIALS: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// What Lambda answers to an update while an earlier one is under way. Other services say so of names that are taken.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html#API_UpdateFunctionCode_Errors>
const UNDER_WAY: &str = "ResourceConflictException";
const NOT_FOUND: &[&str] = &[
    "AWS.SimpleQueueService.NonExistentQueue",
    "ClusterNotFoundException",
    "ImageNotFoundException",
    "LayersNotFoundException",
    "LifecyclePolicyNotFoundException",
    "LifecyclePolicyPreviewNotFoundException",
    "LoadBalancerNotFound",
    "NoSuchBucket",
    "NoSuchEntity",
    "NoSuchTagSet",
    "NotFound",
    "NotFoundException",
    "PullThroughCacheRuleNotFoundException",
    "QueueDoesNotExist",
    "RegistryPolicyNotFoundException",
    "RepositoryCatalogDataNotFoundException",
    "RepositoryNotFoundException",
    "RepositoryPolicyNotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "ScanNotFoundException",
    "ServiceNotFoundException",
    "TargetGroupNotFound",
    "TemplateNotFoundException",
];

/// Whether ECR says that KMS does not know the key of a new repository: it hands on KMS's code. Where a repository is read, it is not what is missing.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>
fn lacks_key(refusal: &Refusal, code: &str, asked: Asked<'_>) -> bool {
    code == "KmsException" && asked.operation == "ecr:CreateRepository" && refusal.body.contains("NotFoundException")
}

fn refused(refusal: &Refusal, asked: Asked<'_>) -> Problem {
    let Refusal { status, code, message, .. } = refusal;
    // Some protocols put a namespace before or a URL behind the code.
    let code = code.rsplit('#').next().unwrap_or(code).split(':').next().unwrap_or(code);
    let is = |codes: &[&str]| codes.contains(&code);
    let mut problem = if not_implemented(refusal, code, asked) {
        Problem::not_implemented(asked.operation)
    } else if is(DENIED) || (*status == 403 && code.is_empty()) {
        let (action, resource) = denied_action(message).unwrap_or((asked.operation.to_owned(), None));
        denied(&action, resource, "Access denied", barred(message))
    } else if is(CREDENTIALS) {
        refused_credentials(code, message, asked)
    } else if throttling_codes(asked.operation).any(|c| c == code) || *status == 429 {
        Problem::new(
            Code::AwsThrottled,
            "AWS asks for patience",
            format!("{} was throttled by AWS ({code}). Gantry slows down and tries again.", asked.operation),
        )
    } else if code == UNDER_WAY && asked.operation.starts_with("lambda:") {
        let what = sentence(&format!("AWS does not take {} yet", asked.operation), message);
        Problem::new(Code::Busy, "An earlier change is under way", what)
    } else if is(NOT_FOUND)
        || (code.starts_with("Invalid") && code.ends_with(".NotFound"))
        || lacks_key(refusal, code, asked)
    {
        Problem::not_found(sentence("AWS has no such resource", message))
    } else if *status >= 500 {
        let what = if code.is_empty() { format!("status {status}") } else { code.to_owned() };
        unreachable_because(&sentence(&format!("AWS had a fault of its own ({what})"), message))
    } else {
        let title = if code.is_empty() { format!("AWS answered with status {status}") } else { code.to_owned() };
        Problem::new(Code::AwsRejected, title, sentence(&format!("AWS did not accept {}", asked.operation), message))
    };
    problem.aws_request_id = refusal.request_id.clone();
    problem
}

fn sentence(what: &str, message: &str) -> String {
    match message.trim() {
        "" => format!("{what}."),
        message => format!("{what}: {}.", message.trim_end_matches('.')),
    }
}

/// What AWS answers to good credentials in a region that the account has not enabled.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html>
const NOT_ENABLED: &[&str] = &["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"];

/// The regions that every account has. Those that came later have to be enabled; other partitions ask for that nowhere.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const ALWAYS_ENABLED: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether an account has to enable this region before anything can be asked there.
fn is_opt_in(region: &Region) -> bool {
    *region != Region::global() && partition(region) == "aws" && !ALWAYS_ENABLED.contains(&region.as_str())
}

fn refused_credentials(code: &str, message: &str, asked: Asked<'_>) -> Problem {
    let clock = code == "RequestTimeTooSkewed"
        || code == "RequestExpired"
        || message.contains("Signature expired")
        || message.contains("Signature not yet current");
    if clock {
        return Problem::new(
            Code::AwsCredentials,
            "The clock is off",
            "AWS refuses requests whose time differs from its own by more than five minutes. Set the clock of the machine Gantry runs on (NTP).",
        );
    }
    let title = if code.starts_with("Expired") { "Credentials expired" } else { "Credentials refused" };
    let mut says = sentence(&format!("AWS does not accept the credentials of this connection ({code})"), message);
    if let Some(region) = asked.region.filter(|region| is_opt_in(region))
        && NOT_ENABLED.contains(&code)
        && !asked.emulator
    {
        says += &format!(
            " If they work in other regions, {region} is not enabled in this account: enable it, or take it out of the connection."
        );
    }
    Problem::new(Code::AwsCredentials, title, says)
}

/// Whether the endpoint says, in one of the shapes seen, that it lacks the operation.
fn not_implemented(refusal: &Refusal, code: &str, asked: Asked<'_>) -> bool {
    let Refusal { status, message, body, .. } = refusal;
    let start = body.trim_start().get(..15).unwrap_or(body.trim_start()).to_ascii_lowercase();
    let html = start.starts_with("<!doctype html") || start.starts_with("<html");
    *status == 501
        || matches!(
            code,
            "InvalidAction"
                | "NotImplemented"
                | "NotImplementedException"
                | "UnknownOperationException"
                | "UnsupportedOperation"
        )
        || (asked.emulator
            && (body.contains("\"Unsupported service")
                || body.contains("No route for ")
                || message.starts_with("Function not found: /20")
                || body.contains("Function not found: /20")
                || message.to_ascii_lowercase().contains("not implemented")
                || message.contains("not been implemented")
                || body.contains("not been implemented")
                || (html && matches!(status, 404 | 405 | 500))))
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
