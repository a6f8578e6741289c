//! AWS's errors, and those of other endpoints, as Problems.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers every request in the same way; `None` breaks the connection.
#[derive(Clone, Debug)]
struct Wire(Option<(u16, &'static str)>);

impl HttpConnector for Wire {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let Some((status, body)) = self.0 else {
            return HttpConnectorFuture::ready(Err(ConnectorError::io("connection refused".into())));
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "req-1");
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn ecs(wire: Wire, credentials: SharedCredentialsProvider) -> aws_sdk_ecs::Client {
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(wire.clone())))
        .build();
    aws_sdk_ecs::Client::new(&sdk)
}

fn keys() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test"))
}

async fn problem(wire: Option<(u16, &'static str)>, emulator: bool) -> Problem {
    let error = ecs(Wire(wire), keys()).list_services().cluster("shop").send().await.unwrap_err();
    from_sdk(&error, Asked { operation: "ecs:ListServices", resource: Some("shop"), region: None, emulator })
}

const DENIED: &str = r#"{"__type":"AccessDeniedException","message":"User: arn:aws:sts::111122223333:assumed-role/gantry/s is not authorized to perform: ecs:ListServices on resource: arn:aws:ecs:eu-west-1:111122223333:cluster/shop because no identity-based policy allows the ecs:ListServices action"}"#;

#[tokio::test]
async fn what_aws_answers_becomes_the_problem_a_person_can_act_on() {
    let html = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>";
    for (status, body, emulator, expected) in [
        (400, DENIED, false, Code::AwsDenied),
        (403, "", false, Code::AwsDenied),
        (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#, false, Code::AwsThrottled),
        (429, "{}", false, Code::AwsThrottled),
        (
            400,
            r#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"Cluster not found."}"#,
            false,
            Code::NotFound,
        ),
        (
            400,
            r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#,
            false,
            Code::AwsCredentials,
        ),
        (
            400,
            r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#,
            false,
            Code::AwsCredentials,
        ),
        (400, r#"{"__type":"InvalidParameterException","message":"Identifier is invalid."}"#, false, Code::AwsRejected),
        (
            500,
            r#"{"__type":"ServerException","message":"Service Unavailable. Please try again later."}"#,
            false,
            Code::AwsUnreachable,
        ),
        (400, r#"{"error":"Unsupported service: ecs"}"#, true, Code::NotImplemented),
        (400, r#"{"__type":"InvalidAction","message":"Unknown ECS action: ListServices"}"#, true, Code::NotImplemented),
        (400, r#"{"message":"No route for GET /clusters/x/updates"}"#, true, Code::NotImplemented),
        (404, r#"{"Type":"User","message":"Function not found: /2015-03-31/functions"}"#, true, Code::NotImplemented),
        (404, html, true, Code::NotImplemented),
        (500, html, true, Code::NotImplemented),
        (404, html, false, Code::AwsRejected),
        (501, "", false, Code::NotImplemented),
    ] {
        let problem = problem(Some((status, body)), emulator).await;
        assert_eq!(problem.code, expected, "{status} {body}: {problem}");
        assert_eq!(problem.aws_request_id.as_deref(), Some("req-1"), "{status} {body}");
        assert_eq!(problem.operation.as_deref(), Some("ecs:ListServices"));
    }
}

#[tokio::test]
async fn a_missing_permission_is_named_with_the_resource_it_is_missing_on() {
    let named = problem(Some((400, DENIED)), false).await;
    assert_eq!(named.iam_action.as_deref(), Some("ecs:ListServices"));
    assert_eq!(named.resource.as_deref(), Some("arn:aws:ecs:eu-west-1:111122223333:cluster/shop"));
    let mute = problem(Some((400, r#"{"__type":"AccessDeniedException"}"#)), false).await;
    assert_eq!((mute.iam_action.as_deref(), mute.resource.as_deref()), (Some("ecs:ListServices"), Some("shop")));
}

#[test]
fn a_policy_that_only_limits_is_named_instead_of_a_missing_permission() {
    // As AWS words them: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    let on =
        "User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: ecs:ListClusters on resource: *";
    let asked = Asked { operation: "ecs:ListClusters", resource: None, region: None, emulator: false };
    let answered = |why: &str| {
        let (code, message) = ("AccessDeniedException".to_owned(), format!("{on} {why}"));
        refused(&Refusal { status: 400, code, message, ..Refusal::default() }, asked)
    };
    for (why, named) in [
        ("with an explicit deny in a service control policy", "an explicit deny in a service control policy. "),
        ("with an explicit deny in a permissions boundary", "an explicit deny in a permissions boundary. "),
        ("with an explicit deny in a VPC endpoint policy", "an explicit deny in a VPC endpoint policy. "),
        ("with an explicit deny in an identity-based policy", "an explicit deny in an identity-based policy. "),
        ("with an explicit deny", "an explicit deny in a policy. "),
        (
            "because no service control policy allows the ecs:ListClusters action",
            "no service control policy allows it. ",
        ),
        ("because no permissions boundary allows the ecs:ListClusters action", "no permissions boundary allows it. "),
        ("because no session policy allows the ecs:ListClusters action", "no session policy allows it. "),
    ] {
        let problem = answered(why);
        assert_eq!((problem.code, problem.statement()), (Code::AwsDenied, None), "{why}: {problem}");
        assert!(problem.message.starts_with(&format!("AWS denies ecs:ListClusters: {named}")), "{why}: {problem}");
        assert!(!problem.message.contains("lack the permission"), "{problem}");
    }
    for why in [
        "",
        "because no identity-based policy allows the ecs:ListClusters action",
        "because no resource-based policy allows the ecs:ListClusters action",
    ] {
        assert_eq!(answered(why).iam_action.as_deref(), Some("ecs:ListClusters"), "{why}");
    }
    let cause = "User: x is not authorized to perform: sts:AssumeRole on resource: r with an explicit deny in a service control policy\")";
    let assumed = no_credentials(cause, asked);
    assert!(
        assumed.message.starts_with("AWS denies sts:AssumeRole: an explicit deny in a service control policy. "),
        "{assumed}"
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_called_that() {
    let body = r#"{"__type":"InvalidSignatureException","message":"Signature expired: 20261123T100000Z is now earlier than 20261123T101500Z (20261123T102000Z - 5 min.)"}"#;
    let problem = problem(Some((400, body)), false).await;
    assert_eq!((problem.code, problem.title.as_str()), (Code::AwsCredentials, "The clock is off"));
}

#[test]
fn an_update_that_waits_for_an_earlier_one_may_pass_and_a_name_that_is_taken_does_not() {
    let answered = |operation: &'static str| {
        let message = "The operation cannot be performed at this time. An update is in progress.".to_owned();
        let refusal = Refusal { status: 409, code: "ResourceConflictException".into(), message, ..Refusal::default() };
        refused(&refusal, Asked { operation, resource: None, region: None, emulator: false }).code
    };
    assert_eq!(answered("lambda:UpdateFunctionCode"), Code::Busy);
    assert_eq!(answered("ecs:CreateService"), Code::AwsRejected);
}

#[test]
fn a_region_that_may_not_be_enabled_is_named_beside_refused_credentials() {
    let answered = |code: &str, region: &str, emulator: bool| {
        let region = Region::parse(region).unwrap();
        let asked = Asked { operation: "ecs:ListServices", resource: None, region: Some(&region), emulator };
        let message = "The security token included in the request is invalid.".to_owned();
        let problem = refused(&Refusal { status: 400, code: code.to_owned(), message, ..Refusal::default() }, asked);
        assert_eq!(problem.code, Code::AwsCredentials);
        problem.message
    };
    for code in ["UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"] {
        let message = answered(code, "eu-south-2", false);
        assert!(message.contains(". If they work in other regions, eu-south-2 is not enabled"), "{message}");
    }
    for (code, region, emulator) in [
        ("ExpiredToken", "eu-south-2", false),
        ("UnrecognizedClientException", "eu-south-2", true),
        ("UnrecognizedClientException", "eu-west-1", false),
        ("UnrecognizedClientException", "us-gov-west-1", false),
        ("InvalidClientTokenId", "global", false),
    ] {
        let message = answered(code, region, emulator);
        assert!(message.ends_with("is invalid."), "{code} {region}: {message}");
    }
}

#[tokio::test]
async fn a_broken_connection_may_pass_and_missing_credentials_will_not() {
    let broken = problem(None, false).await;
    assert!(broken.code == Code::AwsUnreachable && broken.retryable(), "{broken}");
    let none = SharedCredentialsProvider::new(provide_credentials_fn(|| async {
        Err(CredentialsError::not_loaded("no providers in chain provided credentials"))
    }));
    let error = ecs(Wire(Some((200, "{}"))), none).list_services().send().await.unwrap_err();
    let problem =
        from_sdk(&error, Asked { operation: "ecs:ListServices", resource: None, region: None, emulator: false });
    assert_eq!(problem.code, Code::AwsCredentials, "{problem}");
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_missing_permission() {
    let text = "User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/read";
    let denied = SharedCredentialsProvider::new(provide_credentials_fn(move || async move {
        Err(CredentialsError::provider_error(text))
    }));
    let error = ecs(Wire(Some((200, "{}"))), denied).list_services().send().await.unwrap_err();
    let problem =
        from_sdk(&error, Asked { operation: "ecs:ListServices", resource: None, region: None, emulator: false });
    assert_eq!(problem.iam_action.as_deref(), Some("sts:AssumeRole"), "{problem}");
    assert_eq!(problem.resource.as_deref(), Some("arn:aws:iam::444455556666:role/read"));
}

#[test]
fn a_key_that_kms_does_not_know_yet_is_not_found_and_hides_no_repository() {
    let said = |operation, kms: &str| {
        let body = format!(r#"{{"__type":"KmsException","message":"The key cannot be used.","kmsError":"{kms}"}}"#);
        let message = "The key cannot be used.".to_owned();
        let refusal = Refusal { status: 400, code: "KmsException".into(), message, body, request_id: None };
        refused(&refusal, Asked { operation, resource: Some("shop"), region: None, emulator: false }).code
    };
    assert_eq!(said("ecr:CreateRepository", "NotFoundException"), Code::NotFound);
    assert_eq!(said("ecr:CreateRepository", "DisabledException"), Code::AwsRejected);
    assert_eq!(said("ecr:BatchGetImage", "NotFoundException"), Code::AwsRejected);
}
