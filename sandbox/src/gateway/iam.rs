//! Roles that AWS's services make for themselves: the emulator would name them in its own way (`AWSServiceRoleForEcs`).

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;

use super::call::{Call, xml_error};
use super::upstream::{Scope, element};
use super::{Answer, Gateway, Read, field};

/// Services, and what their roles are called.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const NAMES: &[(&str, &str)] = &[
    ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS"),
    ("pullthroughcache.ecr.amazonaws.com", "AWSServiceRoleForECRPullThroughCache"),
    ("replication.ecr.amazonaws.com", "AWSServiceRoleForECRReplication"),
];

/// Whether a call is looked into: the query protocol says in the body which operation it is.
pub fn is_ours(call: &Call) -> bool {
    call.method == Method::POST
}

/// Answers CreateServiceLinkedRole for the services in [`NAMES`], and passes everything else on.
pub async fn answer(gateway: &Gateway, read: &Read<'_>) -> Answer {
    let Some((service, name)) = std::str::from_utf8(read.body).ok().and_then(asked_for) else {
        return gateway.upstream.pass(read).await;
    };
    let scope = Scope { account: read.call.account.clone(), region: read.call.region.clone() };
    let xml = gateway.upstream.query(&scope, "iam", &create(service, name)).await?;
    if element(&xml, "Code") == Some("EntityAlreadyExists") {
        let message =
            format!("Service role name {name} has been taken in this account, please try a different suffix.");
        return Err(xml_error(StatusCode::BAD_REQUEST, "InvalidInput", &message));
    }
    let mut response = Response::new(Body::from(renamed(&xml)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    Ok(response)
}

/// The service that is to have its role, and the role's name.
fn asked_for(form: &str) -> Option<(&'static str, &'static str)> {
    let service = field(form, "AWSServiceName")?;
    let is_asked = field(form, "Action")? == "CreateServiceLinkedRole";
    NAMES.iter().copied().find(|(of, _)| is_asked && *of == service)
}

/// The role as anybody could make it. Nothing in it needs escaping.
fn create(service: &str, name: &str) -> String {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    format!(
        "Action=CreateRole&Version=2010-05-08&RoleName={name}&Path=/aws-service-role/{service}/\
         &Description=Service-linked+role+for+{service}&AssumeRolePolicyDocument={trust}"
    )
}

/// The answer to CreateRole as one to CreateServiceLinkedRole.
fn renamed(xml: &str) -> String {
    xml.replace("CreateRoleRes", "CreateServiceLinkedRoleRes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_of_a_service_has_the_name_that_aws_gives_it() {
        let form = "Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=ecs.amazonaws.com";
        assert_eq!(asked_for(form), Some(("ecs.amazonaws.com", "AWSServiceRoleForECS")));
        for other in
            ["Action=ListRoles&Version=2010-05-08", &form.replace("ecs.", "spot."), &form.replace("Create", "Delete")]
        {
            assert_eq!(asked_for(other), None, "{other}");
        }
        let form = create("ecs.amazonaws.com", "AWSServiceRoleForECS");
        assert_eq!(field(&form, "Path").as_deref(), Some("/aws-service-role/ecs.amazonaws.com/"));
        let trust: serde_json::Value =
            serde_json::from_str(&field(&form, "AssumeRolePolicyDocument").unwrap()).unwrap();
        assert_eq!(trust["Statement"][0]["Principal"]["Service"], "ecs.amazonaws.com");
    }

    #[test]
    fn the_answer_is_that_of_the_operation_asked_for() {
        let xml = "<CreateRoleResponse><CreateRoleResult><Role/></CreateRoleResult></CreateRoleResponse>";
        assert_eq!(
            renamed(xml),
            "<CreateServiceLinkedRoleResponse><CreateServiceLinkedRoleResult><Role/></CreateServiceLinkedRoleResult></CreateServiceLinkedRoleResponse>"
        );
    }
}
