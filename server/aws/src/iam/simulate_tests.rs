//! What IAM answers to a simulation, and what becomes of it.

use super::*;
use crate::scripted::caller;
use serde_json::{Value, json};

const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/shop/api";

fn need(action: &str, resource: Option<&str>) -> Need {
    Need { action: action.into(), resource: resource.map(Into::into), undo: false }
}

fn identity(arn: &str) -> (u16, Value) {
    let xml = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    (200, json!(xml))
}

fn results(list: &[(&str, &str, &str)], marker: Option<&str>) -> (u16, Value) {
    let member = |(action, decision, missing): &(&str, &str, &str)| {
        let missing = if missing.is_empty() { String::new() } else { format!("<member>{missing}</member>") };
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision><MissingContextValues>{missing}</MissingContextValues></member>"
        )
    };
    let members: String = list.iter().map(member).collect();
    let more = marker.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |marker| {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    });
    let xml = format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>{more}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    );
    (200, json!(xml))
}

#[test]
fn a_session_leads_to_its_role_and_the_root_user_to_nobody() {
    assert_eq!(principal("arn:aws:sts::111122223333:assumed-role/gantry/me@here"), Principal::Role("gantry"));
    let user = "arn:aws-cn:iam::111122223333:user/ops/ada";
    assert_eq!(principal(user), Principal::User(user));
    assert!(matches!(principal("arn:aws:iam::111122223333:root"), Principal::Other(why) if why.contains("root")));
    assert!(matches!(principal("arn:aws:sts::111122223333:federated-user/ada"), Principal::Other(_)));
    assert!(matches!(principal(""), Principal::Other(_)));
}

#[tokio::test]
async fn a_role_is_asked_about_by_its_whole_arn_page_by_page_and_resource_by_resource() {
    let caller = caller(|_, input| {
        let form = input.as_str().unwrap_or_default();
        if form.contains("Action=GetCallerIdentity") {
            return identity("arn:aws:sts::111122223333:assumed-role/gantry/x");
        }
        if form.contains("Action=GetRole&") {
            assert!(form.contains("RoleName=gantry"), "{form}");
            let role = "<Path>/ops/</Path><RoleName>gantry</RoleName><RoleId>A</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate><Arn>arn:aws:iam::111122223333:role/ops/gantry</Arn>";
            let xml = format!(
                "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>{role}</Role></GetRoleResult></GetRoleResponse>"
            );
            return (200, json!(xml));
        }
        assert!(form.contains("Action=SimulatePrincipalPolicy"), "{form}");
        assert!(form.contains("role%2Fops%2Fgantry"), "{form}");
        match (form.contains("ResourceArns"), form.contains("Marker=")) {
            (true, false) => results(&[("ecr:CreateRepository", "allowed", "")], Some("more")),
            (true, true) => results(
                &[
                    ("ecr:DeleteRepository", "explicitDeny", ""),
                    ("ecr:SetRepositoryPolicy", "implicitDeny", ""),
                    ("ecr:TagResource", "implicitDeny", "aws:RequestTag/team"),
                ],
                None,
            ),
            (false, _) => results(&[("kms:CreateGrant", "implicitDeny", "")], None),
        }
    });
    let needs = [
        need("ecr:CreateRepository", Some(REPOSITORY)),
        need("kms:CreateGrant", None),
        need("ecr:DeleteRepository", Some(REPOSITORY)),
        need("ecr:SetRepositoryPolicy", Some(REPOSITORY)),
        need("ecr:TagResource", Some(REPOSITORY)),
        need("ecr:PutLifecyclePolicy", Some(REPOSITORY)),
    ];
    let verdicts = permitted(&caller, &needs).await.unwrap();
    assert_eq!(verdicts[0], Verdict::Allowed);
    assert!(matches!(&verdicts[1], Verdict::Unknown(why) if why.contains("not allowed on everything")));
    assert_eq!(verdicts[2..4], [Verdict::Denied, Verdict::Denied]);
    assert!(matches!(&verdicts[4], Verdict::Unknown(why) if why.contains("aws:RequestTag/team")));
    assert!(matches!(&verdicts[5], Verdict::Unknown(why) if why.contains("said nothing")));
}

#[tokio::test]
async fn who_may_not_ask_is_told_which_permission_is_missing() {
    let caller = caller(|_, input| match input.as_str().unwrap_or_default() {
        form if form.contains("Action=GetCallerIdentity") => identity("arn:aws:iam::111122223333:user/ada"),
        _ => (
            403,
            json!(
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::111122223333:user/ada is not authorized to perform: iam:SimulatePrincipalPolicy</Message></Error></ErrorResponse>"
            ),
        ),
    });
    let problem = permitted(&caller, &[need("ecr:CreateRepository", Some(REPOSITORY))]).await.unwrap_err();
    assert_eq!(problem.code, Code::AwsDenied, "{problem}");
    assert_eq!(problem.iam_action.as_deref(), Some(SIMULATE));
}
