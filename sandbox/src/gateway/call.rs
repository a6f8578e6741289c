//! What a request asks of AWS: read from its signature, its target header and its path.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

/// The parts of a request that decide who answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The account: the access key id when that is 12 digits.
    pub account: String,
    /// The region of the signature.
    pub region: String,
    /// The signing name: `ecs`, `lambda`, `monitoring`. Empty for unsigned requests.
    pub service: String,
    /// The operation of the target header: `ListTasks`. Empty for REST and query calls.
    pub operation: String,
    /// HTTP method.
    pub method: Method,
    /// Path without query.
    pub path: String,
}

impl Call {
    /// Reads a request's head.
    pub fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signature = text(header::AUTHORIZATION.as_str());
        let scope = signature
            .split_once("Credential=")
            .map_or_else(|| presigned(uri), |(_, rest)| rest.split(',').next().unwrap_or_default().to_owned());
        let mut scope = scope.split('/');
        let key = scope.next().unwrap_or_default();
        let (region, service) = (scope.nth(1).unwrap_or_default(), scope.next().unwrap_or_default());
        let is_account = key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit());
        Self {
            account: if is_account { key } else { "000000000000" }.to_owned(),
            region: if region.is_empty() { "us-east-1" } else { region }.to_owned(),
            service: service.to_owned(),
            operation: text("x-amz-target").rsplit('.').next().unwrap_or_default().to_owned(),
            method: method.clone(),
            path: uri.path().to_owned(),
        }
    }

    /// The answer for a service nobody here implements. The emulator needs seconds and hundreds of megabytes to
    /// find that out by itself.
    pub fn refusal(&self) -> Option<Response> {
        (!self.service.is_empty() && !IMPLEMENTED.contains(&self.service.as_str())).then(|| {
            let message = format!("The sandbox does not implement the service {}.", self.service);
            if self.operation.is_empty() && self.method == Method::POST && self.path == "/" {
                return xml_error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", &message);
            }
            json_error(StatusCode::NOT_IMPLEMENTED, "NotImplementedException", &message)
        })
    }
}

/// The credential scope of a presigned URL.
fn presigned(uri: &Uri) -> String {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-Credential="))
        .map(|value| value.replace("%2F", "/"))
        .unwrap_or_default()
}

/// Signing names the emulator knows and the sandbox passes on.
const IMPLEMENTED: &[&str] = &[
    "acm",
    "apigateway",
    "athena",
    "autoscaling",
    "batch",
    "cloudformation",
    "cloudfront",
    "cloudtrail",
    "codebuild",
    "cognito-identity",
    "cognito-idp",
    "config",
    "dynamodb",
    "ec2",
    "ecr",
    "ecr-public",
    "ecs",
    "eks",
    "elasticache",
    "elasticfilesystem",
    "elasticloadbalancing",
    "es",
    "events",
    "execute-api",
    "firehose",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "organizations",
    "pipes",
    "rds",
    "resource-groups",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "servicediscovery",
    "ses",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
    "tagging",
];

/// An error in AWS's JSON form, which both JSON protocols understand.
pub fn json_error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "__type": code, "message": message, "Message": message }).to_string();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)];
    (status, headers, body).into_response()
}

/// An error in AWS's query protocol form.
pub fn xml_error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>sandbox</RequestId></ErrorResponse>"
    );
    (status, [("content-type", "text/xml")], body).into_response()
}
