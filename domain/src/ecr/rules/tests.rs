//! What passes, and what each mistake is told.

use super::*;

fn all(rule: fn(&str) -> Result<(), String>, right: &[&str], wrong: &[(&str, &str)]) {
    for text in right {
        assert_eq!(rule(text), Ok(()), "{text}");
    }
    for (text, says) in wrong {
        let message = rule(text).expect_err(text);
        assert!(message.contains(says), "{text}: {message}");
        assert!(message.chars().count() < 250, "{message}");
    }
}

#[test]
fn names_of_repositories() {
    let long = "a".repeat(256);
    let right = ["ab", "0x", "team/web-app", "a/b/c", "a.b_c", "a__b", "a---b", &long];
    let wrong = [
        ("", "Give it a name"),
        ("a", "at least 2"),
        ("Team/Web", "write team/web"),
        ("Web app", "write web-app"),
        ("Web:1", "allowed: use small letters"),
        ("web app", "A blank is not allowed"),
        ("web:1", "“:” is not allowed"),
        ("wéb", "“é” is not allowed"),
        ("web\t", "u{9}"),
        ("/web", "never first"),
        ("web/", "never first"),
        ("a//b", "never first"),
        ("-web", "begin and end"),
        ("a/web_", "begin and end"),
        ("a..b", "“..” cannot"),
        ("a___b", "“___” cannot"),
        ("a-_b", "“-_” cannot"),
        (&"a".repeat(257), "this has 257"),
    ];
    all(repository_name, &right, &wrong);
    all(
        public_repository_name,
        &["ab", "team/web-app", "a.b_c"],
        &[("a__b", "“__” cannot"), ("a--b", "“--” cannot"), (&"a".repeat(206), "at most 205")],
    );
}

#[test]
fn tags_of_repositories() {
    all(
        tag_key,
        &["team", "Kosten stelle", "a+b-c=d.e_f:g/h@i", "équipe", "チーム", "awsome", &"é".repeat(128)],
        &[
            ("", "needs a key"),
            ("aws:team", "kept for AWS"),
            ("AWS:team", "kept for AWS"),
            ("a&b", "“&” is not allowed"),
            ("a\nb", "u{a}"),
            (&"é".repeat(129), "this has 129"),
        ],
    );
    all(
        tag_value,
        &["", " ", &"x".repeat(256)],
        &[(&"x".repeat(257), "at most 256"), ("aws:x", "kept"), ("a*", "“*”")],
    );
    let fifty: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let keys = || fifty.iter().map(String::as_str);
    assert_eq!(tags(keys()), Ok(()));
    assert_eq!(tags(["Team", "team"]), Ok(()));
    assert!(tags(keys().chain(["more"])).unwrap_err().contains("these are 51"));
    assert!(tags(["a", "b", "a"]).unwrap_err().contains("“a” stands twice"));
}

#[test]
fn tags_and_digests_of_images() {
    all(
        image_tag,
        &["latest", "v1.2.0", "_x", "A", "2024-01-01_12.00", &"x".repeat(128)],
        &[
            ("", "Give the image a tag"),
            (".v1", "begins with"),
            ("-v1", "begins with"),
            ("v1+build", "“+” is not allowed"),
            ("team/web", "“/” is not allowed"),
            (&"x".repeat(129), "this has 129"),
        ],
    );
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    all(
        image_digest,
        &[&digest],
        &[
            ("", "begins with sha256:"),
            (&digest[7..], "begins with sha256:"),
            (&digest[..70], "these are 63"),
            (&format!("{digest}0"), "these are 65"),
            (&digest.replace("bcd", "BCD"), "small letters"),
            (&digest.replace("bcd", "bgd"), "a to f"),
        ],
    );
}

#[test]
fn filters_of_tags() {
    all(
        mutability_filter,
        &["latest", "dev-*", "*-rc*", "*", &"x".repeat(128)],
        &[
            ("", "Say which tags"),
            ("a*b*c*", "this has 3"),
            ("dev/*", "“/” is not allowed"),
            ("v?", "“?” is not allowed"),
            (&"x".repeat(129), "this has 129"),
        ],
    );
    assert_eq!(mutability_filters(["a", "b", "c", "d", "e"]), Ok(()));
    assert!(mutability_filters(["a", "b", "c", "d", "e", "f"]).unwrap_err().contains("these are 6"));
    assert!(mutability_filters([]).unwrap_err().contains("at least one"));
    assert!(mutability_filters(["a", "a"]).unwrap_err().contains("twice"));
}

#[test]
fn keys_are_the_repositorys() {
    let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let multi = "mrk-1234abcd12ab34cd56ef1234567890ab";
    for right in [
        id.to_owned(),
        multi.to_owned(),
        "alias/images".to_owned(),
        "alias/aws/ecr".to_owned(),
        format!("arn:aws:kms:eu-west-1:111122223333:key/{id}"),
        format!("arn:aws:kms:eu-west-1:111122223333:key/{multi}"),
        "arn:aws:kms:eu-west-1:111122223333:alias/team/images".to_owned(),
    ] {
        assert_eq!(kms_key(&right, &scope), Ok(()), "{right}");
    }
    for (wrong, says) in [
        ("", "Name a key"),
        ("images", "begins with alias/"),
        ("1234abcd-12ab-34cd-56ef-1234567890a", "no key id"),
        ("mrk-1234", "no key id"),
        ("alias/", "after alias/"),
        ("alias/my images", "after alias/"),
        ("arn:aws:kms:us-east-1:111122223333:alias/images", "The key is in us-east-1"),
        ("arn:aws-cn:kms:eu-west-1:111122223333:alias/images", "another partition"),
        ("arn:aws:kms:eu-west-1:444455556666:alias/images", "of account 444455556666"),
        ("arn:aws:kms:eu-west-1:111122223333:key/images", "no key or alias"),
        ("arn:aws:kms:eu-west-1:111122223333:grant/x", "no key or alias"),
        ("arn:aws:s3:::bucket", "not the ARN of a KMS key"),
    ] {
        assert!(kms_key(wrong, &scope).unwrap_err().contains(says), "{wrong}: {:?}", kms_key(wrong, &scope));
    }
}
