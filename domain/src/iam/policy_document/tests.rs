//! The grammar: AWS's own examples, and every kind of mistake.

use super::*;

fn errors(text: &str) -> Vec<(String, String)> {
    Document::parse(text).unwrap_err().into_iter().collect()
}

fn paths(text: &str) -> Vec<String> {
    errors(text).into_iter().map(|(path, _)| path).collect()
}

/// A statement with these members instead of a right one's.
fn with(members: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{{{members}}}]}}"#)
}

#[test]
fn every_element_is_read_and_written_back_as_it_was() {
    let text = r#"{
        "Version": "2008-10-17", "Id": "x",
        "Statement": [
            {"Sid": "new statement", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Sid": "", "Effect": "Deny",
             "NotPrincipal": {"AWS": ["111122223333", "arn:aws:sts::111122223333:assumed-role/ci/build"],
                              "Service": "lambda.amazonaws.com", "Federated": "cognito-identity.amazonaws.com"},
             "NotAction": ["ecr:Batch*", "ecr:PutImage"], "NotResource": ["a", "b"],
             "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalOrgPaths": ["o-a/*", "o-b/*"], "aws:x": "y"},
                           "Bool": {"aws:SecureTransport": false}, "NumericLessThan": {"aws:MultiFactorAuthAge": 300}}}
        ]
    }"#;
    let document = Document::parse(text).unwrap();
    assert_eq!(document.version, Some(Version::Y2008));
    let [all, most] = document.statements.as_slice() else { panic!("two statements") };
    assert_eq!(all.principals, Matches::Only(Principals::Everyone));
    assert_eq!(all.resources, Some(Matches::Only(vec!["*".to_owned()])));
    let Matches::Except(Principals::These(listed)) = &most.principals else { panic!("NotPrincipal") };
    assert_eq!(listed.iter().map(|p| p.sort.as_str()).collect::<Vec<_>>(), ["AWS", "AWS", "Service", "Federated"]);
    assert_eq!(most.conditions.len(), 4);
    assert_eq!(most.conditions[2].values, ["false"]);
    assert_eq!(most.conditions[3].values, ["300"]);
    assert_eq!(Document::parse(&document.to_text()).unwrap(), document);
    let written = document.to_text();
    let order = ["Version", "Id", "Sid", "Effect", "Principal", "Action", "Resource", "NotPrincipal", "Condition"];
    let at: Vec<_> = order.iter().map(|name| written.find(&format!("\"{name}\"")).unwrap()).collect();
    assert!(at.is_sorted(), "{written}");
}

#[test]
fn one_statement_needs_no_list() {
    let document =
        Document::parse(r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}}"#).unwrap();
    assert_eq!((document.version, document.statements.len()), (None, 1));
}

#[test]
fn broken_json_is_named_by_line_and_column() {
    let error = errors("{\n  \"Version\": \"2012-10-17\"\n  \"Statement\": []\n}");
    assert_eq!(error[0].0, "");
    assert_eq!(error[0].1, "This is not JSON. Line 3, column 3: expected `,` or `}`.");
    assert!(errors("{\"Statement\": [").first().unwrap().1.contains("Line 1, column 15: the text ends too early"));
    assert!(errors("[1,]")[0].1.contains("column 4: trailing comma"));
    assert!(errors("{} x")[0].1.contains("trailing characters"));
    assert!(errors(" \n")[0].1.contains("no policy yet"));
    let long = with(
        r#""Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"Bool": {"a:b": 12345678901234567890123}}"#,
    );
    assert!(errors(&long)[0].1.contains("lose digits"), "{:?}", errors(&long));
}

#[test]
fn all_mistakes_are_named_at_once_each_by_its_path() {
    let text = r#"{"version": "2012-10-17", "Statement": [
        {"Effect": "allow", "Principal": "lambda.amazonaws.com", "Action": []},
        {"Sid": 1, "Effect": "Allow", "Principal": {"AWS": ["1111", "*", 5], "Servce": "x"}, "Action": ["ecr", "ecr:Put Image", 7]},
        "x",
        {"Effect": "Allow", "Resource": "*", "NotResource": "*"}
    ]}"#;
    assert_eq!(
        paths(text),
        [
            "Statement[0].Action",
            "Statement[0].Effect",
            "Statement[0].Principal",
            "Statement[1].Action[0]",
            "Statement[1].Action[1]",
            "Statement[1].Action[2]",
            "Statement[1].Principal.AWS[0]",
            "Statement[1].Principal.AWS[2]",
            "Statement[1].Principal.Servce",
            "Statement[1].Sid",
            "Statement[2]",
            "Statement[3].Action",
            "Statement[3].NotResource",
            "Statement[3].Principal",
            "version",
        ]
    );
    let messages: Errors = errors(text).into_iter().collect();
    assert_eq!(messages["version"], "“version” is not known in a policy: write Version.");
    assert!(messages["Statement[0].Principal"].contains(r#"{"Service": "lambda.amazonaws.com"}"#));
    assert_eq!(messages["Statement[1].Sid"], "A text in quotes is expected here, not a number without quotes.");
    assert!(messages["Statement[0].Effect"].contains("Allow or Deny, with a capital letter"));
}

#[test]
fn what_stands_twice_is_not_silently_dropped() {
    // serde_json, and AWS, would keep the last and lose the rest.
    let twice = with(r#""Effect": "Deny", "Effect": "Allow", "Principal": "*", "Action": "ecr:*""#);
    assert_eq!(paths(&twice), ["Statement[0].Effect"]);
    let keys = with(
        r#""Effect": "Allow", "Principal": "*", "Action": "ecr:*",
           "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a", "AWS:principalorgid": "o-b"}}"#,
    );
    assert_eq!(paths(&keys), ["Statement[0].Condition.StringEquals.AWS:principalorgid"]);
    let both = with(r#""Effect": "Allow", "Principal": "*", "NotPrincipal": "*", "Action": "ecr:*""#);
    assert_eq!(paths(&both), ["Statement[0].NotPrincipal"]);
}

#[test]
fn conditions_are_checked() {
    let condition = |json: &str| {
        let text = with(&format!(r#""Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Condition": {json}"#));
        Document::parse(&text).err().map(|errors| errors.into_keys().collect::<Vec<_>>()).unwrap_or_default()
    };
    for right in
        ["StringEquals", "ForAllValues:StringLike", "ArnNotLikeIfExists", "NotIpAddress", "Null", "DateLessThanEquals"]
    {
        assert!(condition(&format!(r#"{{"{right}": {{"aws:x": "1"}}}}"#)).is_empty(), "{right}");
    }
    for wrong in ["StringEqual", "ForSome:StringLike", "NullIfExists", "IfExists", ""] {
        assert_eq!(condition(&format!(r#"{{"{wrong}": {{"aws:x": "1"}}}}"#)).len(), 1, "{wrong}");
    }
    assert_eq!(condition(r#"{"StringEquals": {}}"#), ["Statement[0].Condition.StringEquals"]);
    assert_eq!(
        condition(r#"{"StringEquals": {"SourceAccount": "1"}}"#),
        ["Statement[0].Condition.StringEquals.SourceAccount"]
    );
    assert_eq!(condition(r#"{"StringEquals": {"aws:x": []}}"#), ["Statement[0].Condition.StringEquals.aws:x"]);
    assert_eq!(
        condition(r#"{"StringEquals": {"aws:x": ["1", {}]}}"#),
        ["Statement[0].Condition.StringEquals.aws:x[1]"]
    );
    assert_eq!(condition(r#"["x"]"#), ["Statement[0].Condition"]);
}

#[test]
fn principals_are_checked_by_what_they_claim_to_be() {
    let principal = |sort: &str, name: &str| {
        let text = with(&format!(r#""Effect": "Allow", "Principal": {{"{sort}": "{name}"}}, "Action": "ecr:*""#));
        Document::parse(&text).err().map(|errors| errors.into_values().collect::<String>())
    };
    for right in [
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws-cn:iam::111122223333:user/path/ci",
        "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "arn:aws:sts::111122223333:federated-user/ada",
        "AROAEXAMPLEID12345678",
    ] {
        assert_eq!(principal("AWS", right), None, "{right}");
    }
    for (wrong, says) in [
        ("11112222333", "no account"),
        ("arn:aws:iam::111122223333:role/*", "no wildcards"),
        ("arn:aws:iam::*:root", "no account"),
        ("arn:aws:iam::111122223333:group/devs", "A group"),
        ("arn:aws:iam::111122223333:role/", "no account"),
        ("arn:aws:ecr:eu-west-1:111122223333:repository/web", "no account"),
        ("lambda.amazonaws.com", "no account"),
    ] {
        assert!(principal("AWS", wrong).is_some_and(|m| m.contains(says)), "{wrong}");
    }
    assert_eq!(principal("Service", "ecs-tasks.amazonaws.com"), None);
    assert!(principal("Service", "*").is_some() && principal("Service", "lambda").is_some());
    assert_eq!(principal("Federated", "arn:aws:iam::111122223333:saml-provider/idp"), None);
    assert!(principal("Federated", "arn:aws:iam::111122223333:role/x").is_some());
    assert!(principal("CanonicalUser", "abc").is_some());
    assert_eq!(principal("CanonicalUser", &"0f".repeat(32)), None);
    let nobody = with(r#""Effect": "Allow", "Principal": {}, "Action": "ecr:*""#);
    assert_eq!(paths(&nobody), ["Statement[0].Principal"]);
}

#[test]
fn wildcards_cover_what_aws_says_they_cover() {
    for (pattern, action, covered) in [
        ("*", "ecr:PutImage", true),
        ("ecr:*", "ecr:PutImage", true),
        ("ECR:putimage", "ecr:PutImage", true),
        ("ecr:Put*", "ecr:PutImageTagMutability", true),
        ("ecr:*Image", "ecr:PutImage", true),
        ("ecr:*Image", "ecr:PutImages", false),
        ("ecr:P?tImage", "ecr:PutImage", true),
        ("ecr:P?Image", "ecr:PutImage", false),
        ("ecr:*t*t*", "ecr:PutImageTagMutability", true),
        ("ecr:Put", "ecr:PutImage", false),
        ("ecr:PutImage?", "ecr:PutImage", false),
        ("ecr:PutImage*", "ecr:PutImage", true),
        ("", "ecr:PutImage", false),
    ] {
        assert_eq!(fits(pattern, action), covered, "{pattern} {action}");
    }
}

#[test]
fn what_a_message_quotes_is_shortened() {
    let long = "x".repeat(20_000);
    for (path, message) in errors(&format!(r#"{{"{long}": 1, "Statement": [{{"Effect": "{long}"}}]}}"#)) {
        assert!(path.len() < 200 && message.len() < 400, "{path}");
    }
}

#[test]
fn the_account_of_a_principal_is_found() {
    let account = |name: &str| {
        let principal = Principal { sort: PrincipalSort::Aws, name: name.to_owned() };
        (principal.in_account().map(str::to_owned), principal.is_account())
    };
    let own = Some("111122223333".to_owned());
    assert_eq!(account("111122223333"), (own.clone(), true));
    assert_eq!(account("arn:aws:iam::111122223333:root"), (own.clone(), true));
    assert_eq!(account("arn:aws:iam::111122223333:role/root"), (own, false));
    assert_eq!(account("AROAEXAMPLEID12345678"), (None, false));
    assert_eq!(account("*"), (None, false));
}
