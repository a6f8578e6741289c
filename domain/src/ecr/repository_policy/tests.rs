//! AWS's own example policies, and the faults that would hurt.

use super::templates::*;
use super::*;
use crate::identity::Scope;

const OWN: &str = "444455556666";

fn own() -> AccountId {
    AccountId::parse(OWN).unwrap()
}

fn scope() -> Scope {
    Scope::new(own(), "eu-west-1".parse().unwrap())
}

fn statement(members: &str) -> Document {
    Document::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{{{members}}}]}}"#)).unwrap()
}

fn lines(document: &Document) -> Vec<(Severity, String)> {
    explain(document, &scope()).into_iter().map(|gain| (gain.severity, gain.text)).collect()
}

/// The one line of a statement.
fn line(members: &str) -> (Severity, String) {
    let lines = lines(&statement(members));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.into_iter().next().unwrap()
}

fn usual(text: &str) -> (Severity, String) {
    (Severity::Usual, text.to_owned())
}

fn notable(text: &str) -> (Severity, String) {
    (Severity::Notable, text.to_owned())
}

fn dangerous(text: &str) -> (Severity, String) {
    (Severity::Dangerous, text.to_owned())
}

const PULLS: &str = r#""Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]"#;

/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
#[test]
fn awss_examples_are_read_and_explained() {
    let push_pull = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "AllowPushPull", "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::444455556666:user/push-pull-user-1", "arn:aws:iam::444455556666:user/push-pull-user-2"]},
        "Action": ["ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
                   "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]}]}"#;
    assert_eq!(
        lines(&read(push_pull).unwrap()),
        [
            usual("User push-pull-user-1 of this account may pull and push images"),
            usual("User push-pull-user-2 of this account may pull and push images"),
        ]
    );
    let other = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "AllowCrossAccountPush", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": ["ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage",
                   "ecr:UploadLayerPart"]}]}"#;
    assert_eq!(lines(&read(other).unwrap()), [notable("Account 111122223333 may push images")]);
    let admin = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowPull", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/pull-user-1"},
         "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]},
        {"Sid": "AllowAll", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/admin-user"},
         "Action": ["ecr:*"]}]}"#;
    assert_eq!(
        lines(&read(admin).unwrap()),
        [
            usual("User pull-user-1 of account 111122223333 may pull images"),
            dangerous("User admin-user of account 111122223333 may do everything"),
        ]
    );
    let deny = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "DenyPull", "Effect": "Deny", "Principal": "*",
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}]}"#;
    assert_eq!(lines(&read(deny).unwrap()), [usual("Nobody may pull images")]);
    assert_eq!(would_lock_out(&read(deny).unwrap(), &own()), None);
    let addresses = r#"{"Version": "2012-10-17", "Id": "ECRPolicyId1", "Statement": [{"Sid": "IPAllow", "Effect": "Deny",
        "Principal": "*", "Action": "ecr:*", "Condition": {"NotIpAddress": {"aws:SourceIp": "54.240.143.0/24"}}}]}"#;
    let addresses = read(addresses).unwrap();
    assert_eq!(lines(&addresses), [usual("Nobody may do anything if aws:SourceIp is not in 54.240.143.0/24")]);
    assert_eq!(
        would_lock_out(&addresses, &own()).unwrap(),
        "By Statement[0], nobody in account 444455556666 could change, delete or read this policy, \
         if aws:SourceIp is not in 54.240.143.0/24."
    );
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>
#[test]
fn awss_statements_for_lambda_are_read_and_explained() {
    let lambda = format!(r#"{PULLS}, "Principal": {{"Service": "lambda.amazonaws.com"}}"#);
    assert_eq!(line(&lambda), notable("AWS Lambda may pull images"));
    let held = |condition: &str| line(&format!("{lambda}, \"Condition\": {condition}"));
    assert_eq!(
        held(r#"{"StringLike": {"aws:sourceARN": "arn:aws:lambda:us-east-1:111122223333:function:*"}}"#),
        usual("AWS Lambda may pull images, only for functions of account 111122223333 in us-east-1 (aws:sourceARN)")
    );
    assert_eq!(
        held(r#"{"StringEquals": {"aws:SourceAccount": "444455556666"}}"#),
        usual("AWS Lambda may pull images, only for functions of this account (aws:SourceAccount)")
    );
    assert_eq!(
        held(r#"{"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:444455556666:function:web-*"}}"#),
        usual("AWS Lambda may pull images, only if aws:SourceArn is like arn:aws:lambda:*:444455556666:function:web-*")
    );
    for loose in [
        r#"{"StringLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}}"#,
        r#"{"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}}"#,
        r#"{"ForAllValues:StringEquals": {"aws:SourceAccount": "444455556666"}}"#,
        r#"{"StringNotEquals": {"aws:SourceAccount": "444455556666"}}"#,
        r#"{"StringLike": {"aws:SourceAccount": "4444*"}}"#,
    ] {
        assert_eq!(held(loose).0, Severity::Notable, "{loose}");
    }
}

#[test]
fn what_is_open_to_the_world_is_dangerous_unless_a_condition_truly_closes_it() {
    let open = |principal: &str, rest: &str| line(&format!(r#"{PULLS}, "Principal": {principal}{rest}"#));
    let when = |condition: &str| open("\"*\"", &format!(", \"Condition\": {condition}"));
    let anyone = "Anyone on the internet with an AWS account may pull images";
    assert_eq!(open("\"*\"", ""), dangerous(anyone));
    assert_eq!(open(r#"{"AWS": "*"}"#, ""), dangerous(anyone));
    assert_eq!(
        when(r#"{"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}"#),
        usual("Everyone in organization o-abcdefghij may pull images")
    );
    assert_eq!(
        when(
            r#"{"StringEquals": {"AWS:PrincipalAccount": ["444455556666"]}, "Bool": {"aws:SecureTransport": "true"}}"#
        ),
        usual("Everyone in this account may pull images, only if aws:SecureTransport is true")
    );
    assert_eq!(
        when(r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}"#),
        notable(&format!("{anyone}, only if aws:SourceIp is in 10.0.0.0/8 or 2001:db8::/32"))
    );
    for still_open in [
        r#"{"StringLike": {"aws:PrincipalOrgID": "o-*"}}"#,
        r#"{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}"#,
        r#"{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/*"}}"#,
        r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}"#,
        r#"{"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::444455556666:role/*", "arn:aws:iam::*:role/ci"]}}"#,
        r#"{"IpAddress": {"aws:SourceIp": ["54.240.143.0/24", "0.0.0.0/0"]}}"#,
        r#"{"IpAddress": {"aws:SourceIp": "::/0"}}"#,
        r#"{"StringEquals": {"aws:PrincipalTag/team": "web"}}"#,
        r#"{"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}}"#,
    ] {
        assert_eq!(when(still_open).0, Severity::Dangerous, "{still_open}");
    }
    let closed = r#"{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/r-ab12/ou-ab12-1/*"}}"#;
    assert_eq!(when(closed).0, Severity::Usual);
    let but = line(r#""Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "ecr:PutImage""#);
    assert_eq!(but.0, Severity::Dangerous);
    assert!(but.1.starts_with("Anyone but account 111122223333 may use ecr:PutImage"), "{}", but.1);
}

#[test]
fn half_a_pull_is_not_called_one_but_counts_as_open() {
    let half = line(r#""Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage""#);
    assert_eq!(half.0, Severity::Dangerous);
    assert!(half.1.ends_with("may use ecr:BatchGetImage (alone neither a pull nor a push)"), "{}", half.1);
    let denied = line(r#""Effect": "Deny", "Principal": {"AWS": "111122223333"}, "Action": "ecr:BatchGetImage""#);
    assert_eq!(denied, usual("Account 111122223333 may not pull images"));
    let new = line(r#""Effect": "Allow", "Principal": "*", "Action": "ecr:MakeCoffee""#);
    assert_eq!(new, dangerous("Anyone on the internet with an AWS account may use ecr:MakeCoffee (not known here)"));
}

#[test]
fn actions_are_grouped() {
    let of = |actions: &str| {
        line(&format!(r#""Effect": "Allow", "Principal": {{"AWS": "111122223333"}}, "Action": {actions}"#))
    };
    let may = |what: &str| format!("Account 111122223333 may {what}");
    assert_eq!(
        of(
            r#"["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability", "ecr:Describe*"]"#
        ),
        usual(&may("pull images and see its details"))
    );
    assert_eq!(
        of(r#"["ecr:*Image", "ecr:*Layer*", "ecr:PutLifecyclePolicy"]"#),
        notable(&may("pull, push and delete images and change its settings"))
    );
    assert_eq!(of(r#""ecr:DeleteRepository""#), notable(&may("delete the repository")));
    assert_eq!(of(r#""ecr:SetRepositoryPolicy""#), dangerous(&may("change this policy")));
    assert_eq!(of(r#""*""#), dangerous(&may("do everything")));
    assert_eq!(
        of(r#""ecr:GetAuthorizationToken""#),
        usual(&may("do nothing by this: these actions are about the registry, not a repository"))
    );
    let except = statement(r#""Effect": "Allow", "Principal": {"AWS": "444455556666"}, "NotAction": "ecr:*Policy""#);
    let gains = explain(&except, &scope());
    assert!(gains[0].powers.contains(&Power::Push) && !gains[0].powers.contains(&Power::Policy));
    assert!(!gains[0].actions.contains(&"SetRepositoryPolicy"));
    assert_eq!((gains[0].path.as_str(), gains[0].severity), ("Statement[0]", Severity::Usual));
}

#[test]
fn everybody_is_called_what_they_are() {
    let of = |principal: &str| line(&format!(r#"{PULLS}, "Principal": {principal}"#)).1.replace(" may pull images", "");
    assert_eq!(of(r#"{"AWS": "arn:aws:iam::444455556666:root"}"#), "This account");
    assert_eq!(of(r#"{"AWS": "arn:aws:iam::111122223333:role/team/ci"}"#), "Role team/ci of account 111122223333");
    assert_eq!(
        of(r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/ci/build"}"#),
        "Session build of role ci of account 111122223333"
    );
    assert_eq!(of(r#"{"AWS": "AROAEXAMPLEID12345678"}"#), "A deleted user or role (AROAEXAMPLEID12345678)");
    assert_eq!(of(r#"{"Service": "codebuild.amazonaws.com.cn"}"#), "AWS CodeBuild");
    assert_eq!(of(r#"{"Service": "new.amazonaws.com"}"#), "The service new.amazonaws.com");
}

#[test]
fn a_policy_that_takes_away_the_way_back_is_noticed() {
    let locks = |members: &str| would_lock_out(&statement(members), &own());
    let deny = |principal: &str, action: &str| locks(&format!(r#""Effect": "Deny", {principal}, "Action": {action}"#));
    for principal in [
        r#""*""#,
        r#"{"AWS": "*"}"#,
        r#"{"AWS": "444455556666"}"#,
        r#"{"AWS": ["111122223333", "arn:aws:iam::444455556666:root"]}"#,
    ] {
        let says = deny(&format!("\"Principal\": {principal}"), r#""ecr:SetRepositoryPolicy""#).unwrap();
        assert_eq!(says, "By Statement[0], nobody in account 444455556666 could change this policy.", "{principal}");
    }
    assert!(
        deny(r#""Principal": "*""#, r#"["ecr:Put*", "ECR:delete*"]"#).unwrap().contains("could delete this policy")
    );
    assert!(deny(r#""Principal": "*""#, r#""*""#).unwrap().contains("change, delete or read"));
    assert_eq!(deny(r#""Principal": "*""#, r#"["ecr:BatchGetImage", "ecr:PutImage"]"#), None);
    let role = r#""Principal": {"AWS": ["arn:aws:iam::444455556666:role/ci", "arn:aws:iam::111122223333:role/x"]}"#;
    assert_eq!(
        deny(role, r#""ecr:*RepositoryPolicy""#).unwrap(),
        "By Statement[0], role ci of this account could no longer change, delete or read this policy."
    );
    assert_eq!(deny(r#""Principal": {"AWS": "111122223333"}"#, r#""ecr:*""#), None);
    assert_eq!(deny(r#""Principal": {"Service": "lambda.amazonaws.com"}"#, r#""ecr:*""#), None);
    let except = r#""NotPrincipal": {"AWS": ["arn:aws:iam::444455556666:role/ci", "arn:aws:iam::444455556666:root"]}"#;
    assert!(deny(except, r#""ecr:*""#).unwrap().contains("nobody in account 444455556666 but role ci of this account"));
    let others = r#""NotPrincipal": {"AWS": "111122223333"}"#;
    assert!(deny(others, r#""ecr:*""#).unwrap().contains("nobody in account 444455556666 could"));
    assert!(locks(r#""Effect": "Deny", "Principal": "*", "NotAction": "ecr:BatchGetImage""#).is_some());
    assert_eq!(locks(r#""Effect": "Deny", "Principal": "*", "NotAction": "ecr:*RepositoryPolicy""#), None);
    assert_eq!(locks(r#""Effect": "Allow", "Principal": "*", "Action": "ecr:*""#), None);
}

#[test]
fn conditions_excuse_a_denial_only_when_they_leave_out_the_account() {
    let locks = |condition: &str| {
        let text = format!(r#""Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": {condition}"#);
        would_lock_out(&statement(&text), &own()).is_some()
    };
    assert!(locks(r#"{"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}"#));
    assert!(locks(r#"{"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}"#));
    assert!(locks(r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/admin"}}"#));
    assert!(locks(r#"{"StringEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}"#));
    assert!(!locks(r#"{"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}}"#));
    assert!(!locks(r#"{"StringEquals": {"aws:PrincipalAccount": "111122223333"}}"#));
    assert!(!locks(r#"{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:*"}}"#));
    assert!(!locks(r#"{"Bool": {"aws:PrincipalIsAWSService": "true"}}"#));
}

#[test]
fn what_ecr_refuses_is_refused_here_with_its_path() {
    let paths = |members: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{{{members}}}]}}"#);
        read(&text).err().map(|errors| errors.into_keys().collect::<Vec<_>>()).unwrap_or_default()
    };
    let allow = r#""Effect": "Allow", "Principal": "*""#;
    assert!(paths(&format!(r#"{allow}, "Action": ["ecr:Describe*", "*"]"#)).is_empty());
    assert_eq!(paths(&format!(r#"{allow}, "Action": "ecr:*", "Resource": "*""#)), ["Statement[0].Resource"]);
    assert_eq!(
        paths(&format!(r#"{allow}, "Action": ["ecr:PutImage", "ecr:PullImage", "s3:GetObject", "ecr:Foo*"]"#)),
        ["Statement[0].Action[1]", "Statement[0].Action[2]", "Statement[0].Action[3]"]
    );
    assert_eq!(
        paths(r#""Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "ecr:PutImage""#),
        ["Statement[0].NotPrincipal"]
    );
    assert!(paths(r#""Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "ecr:PutImage""#).is_empty());
    let long = format!(r#"{{"Version": "2012-10-17", "Id": "{}"}}"#, "é".repeat(LIMIT));
    assert!(read(&long).unwrap_err()[""].contains("10240 are allowed"));
}

#[test]
fn templates_pass_their_own_rules_and_say_what_they_promise() {
    let account = |id: &str| AccountId::parse(id).unwrap();
    let said = |statements: Result<Vec<Statement>, String>| {
        let text = Document::of(statements.unwrap()).to_text();
        lines(&read(&text).unwrap())
    };
    assert_eq!(
        said(pull_for_accounts(&scope(), &[account("111122223333"), account("777788889999")])),
        [usual("Account 111122223333 may pull images"), usual("Account 777788889999 may pull images")]
    );
    assert_eq!(
        said(pull_for_lambda(&scope(), &[own()])),
        [usual("AWS Lambda may pull images, only for functions of this account in eu-west-1 (aws:SourceArn)")]
    );
    assert_eq!(
        said(pull_for_lambda(&scope(), &[own(), account("111122223333")])),
        [
            usual("Account 111122223333 may pull images"),
            usual(
                "AWS Lambda may pull images, only for functions of this account in eu-west-1 or \
                 account 111122223333 in eu-west-1 (aws:SourceArn)"
            ),
        ]
    );
    assert_eq!(
        said(pull_for_organization("o-abcdefghij")),
        [usual("Everyone in organization o-abcdefghij may pull images")]
    );
    assert_eq!(
        said(pull_for_roles(&["arn:aws:iam::111122223333:role/ecsTaskExecutionRole"])),
        [usual("Role ecsTaskExecutionRole of account 111122223333 may pull images")]
    );
    let china = Scope::new(own(), "cn-north-1".parse().unwrap());
    let text = Document::of(pull_for_lambda(&china, &[account("111122223333")]).unwrap()).to_text();
    assert!(text.contains("arn:aws-cn:iam::111122223333:root") && text.contains("arn:aws-cn:lambda:cn-north-1:"));
    assert!(pull_for_accounts(&scope(), &[]).is_err() && pull_for_lambda(&scope(), &[]).is_err());
    for wrong in ["", "o-", "abcdefghij", "o-ABCDEFGHIJ", "o-abc", "o-*"] {
        assert!(pull_for_organization(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "ecsTaskExecutionRole", "arn:aws:iam::111122223333:user/x", "arn:aws:iam::111122223333:role/*"] {
        assert!(pull_for_roles(&[wrong]).is_err(), "{wrong}");
    }
}

#[test]
fn the_list_of_actions_is_sorted_and_whole() {
    let lower: Vec<String> = ACTIONS.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    assert!(lower.windows(2).all(|pair| pair[0] < pair[1]));
    for needed in PULL.iter().chain(PUSH).chain(WAY_BACK.iter().map(|(name, _)| name)) {
        assert!(ACTIONS.iter().any(|(name, power)| name == needed && power.is_some()), "{needed}");
    }
}
