//! Roles as IAM lists them and as it tells of one.

use super::*;
use crate::scripted::{Memory, caller};
use serde_json::{Value, json};

const LISTED: &str = "<Path>/</Path><RoleName>web</RoleName><RoleId>A</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate><Arn>arn:aws:iam::111122223333:role/web</Arn><AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>";
const ALONE: &str = "<Tags><member><Key>team</Key><Value>shop</Value></member><member><Key>app</Key><Value>web</Value></member></Tags><RoleLastUsed><LastUsedDate>2026-11-20T09:00:00Z</LastUsedDate><Region>eu-west-1</Region></RoleLastUsed>";

fn iam(_: &str, input: &Value) -> (u16, Value) {
    let form = input.as_str().unwrap_or_default();
    let answer = |action: &str, result: String| {
        json!(format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{result}</{action}Result></{action}Response>"
        ))
    };
    match form {
        form if form.contains("Action=ListRoles") => {
            let result = format!("<IsTruncated>false</IsTruncated><Roles><member>{LISTED}</member></Roles>");
            (200, answer("ListRoles", result))
        }
        form if form.contains("RoleName=denied") => (
            403,
            json!(
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
            ),
        ),
        form => {
            assert!(form.contains("Action=GetRole&"), "{form}");
            (200, answer("GetRole", format!("<Role>{LISTED}{ALONE}</Role>")))
        }
    }
}

fn key(name: &str) -> ResourceKey {
    ResourceKey::parse(&format!("iam.role/111122223333/global/{name}")).unwrap()
}

#[tokio::test]
async fn tags_boundary_and_last_use_of_a_role_are_read_alone_and_its_list_blanks_none_of_them() {
    let caller = caller(iam);
    let feed = Memory::default();
    collect_roles(&caller, &feed).await.unwrap();
    let docs = feed.docs();
    let listed = &docs["web"];
    for left_out in Role::FROM_GET {
        assert!(listed.get(left_out).is_none(), "{left_out}");
    }
    let read = fetch_role(&caller, &key("web")).await.unwrap().unwrap().doc;
    assert_eq!(read["Tags"], json!([{"Key": "app", "Value": "web"}, {"Key": "team", "Value": "shop"}]));
    assert_eq!(read["RoleLastUsed"]["Region"], "eu-west-1");
    assert!(read["PermissionsBoundary"].is_object(), "there is none, which is known now");
    assert_eq!(read["AssumeRolePolicyDocument"], listed["AssumeRolePolicyDocument"]);
    let problem = fetch_role(&caller, &key("denied")).await.unwrap_err();
    assert_eq!(problem.iam_action.as_deref(), Some("iam:GetRole"));
}
