//! AWS's rules for what is set up for a registry, by what they let pass and what they say.

use super::super::upstream::{Upstream, private};
use super::super::{ReplicationDestination, RepositoryFilter};
use super::*;

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

fn rule(to: &[(&str, &str)], filters: &[&str]) -> ReplicationRule {
    let destination = |(account, region): &(&str, &str)| ReplicationDestination {
        region: (*region).into(),
        registry_id: (*account).into(),
    };
    let filter = |f: &&str| RepositoryFilter { filter: (*f).into(), filter_type: "PREFIX_MATCH".into() };
    ReplicationRule {
        destinations: to.iter().map(destination).collect(),
        repository_filters: filters.iter().map(filter).collect(),
        delete_replication: None,
    }
}

#[test]
fn images_are_replicated_elsewhere_in_the_partition_and_nowhere_twice() {
    let own = "111122223333";
    let check = |rule: &ReplicationRule| replication_rule(rule, &scope()).map_err(|(field, _)| field);
    assert_eq!(check(&rule(&[(own, "eu-central-1"), ("444455556666", "eu-west-1")], &["prod/"])), Ok(()));
    assert_eq!(check(&rule(&[], &[])), Err("destinations".into()));
    assert_eq!(check(&rule(&[(own, "eu-west-1")], &[])), Err("destinations.0".into()));
    assert_eq!(check(&rule(&[(own, "eu-central-1"), (own, "cn-north-1")], &[])), Err("destinations.1".into()));
    assert_eq!(check(&rule(&[(own, "eu-central-1"), (own, "eu-central-1")], &[])), Err("destinations.1".into()));
    assert_eq!(check(&rule(&[("12", "eu-central-1")], &[])), Err("destinations.0".into()));
    assert_eq!(check(&rule(&[(own, "eu-central-1")], &["prod", "Prod"])), Err("filters.1".into()));
}

#[test]
fn filters_follow_their_patterns() {
    for right in ["prod/", "prod", "team-a/prod", "a1._-", "a/b/"] {
        assert_eq!(replication_filter(right), Ok(()), "{right}");
    }
    for wrong in ["", "p", "prod*", "Prod", "/prod", "a//b", "-prod"] {
        assert!(replication_filter(wrong).is_err(), "{wrong}");
    }
    for right in ["*", "prod/*", "*/api", "prod", "a-*"] {
        assert_eq!(scanning_filter(right), Ok(()), "{right}");
    }
    for wrong in ["", "Prod", "prod/", "/prod", "a--b", "ä"] {
        assert!(scanning_filter(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn prefixes_follow_their_patterns() {
    for right in ["ROOT", "docker-hub", "team/docker-hub", "quay/", "a1"] {
        assert_eq!(cache_prefix(right), Ok(()), "{right}");
    }
    for wrong in ["", "a", "Docker", "docker--hub", "/docker", "docker-", "a-name-that-is-longer-than-thirty"] {
        assert!(cache_prefix(wrong).is_err(), "{wrong}");
    }
    assert!(cache_prefix("Bad Prefix").unwrap_err().contains("write bad-prefix."));
    assert!(!cache_prefix("Bad:Prefix").unwrap_err().contains("write"));
    assert_eq!(template_prefix("a"), Ok(()));
    assert!(template_prefix(&"a".repeat(257)).is_err());
}

#[test]
fn secrets_and_roles_are_of_the_registrys_own_account() {
    let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";
    assert_eq!(credential(secret, &scope()), Ok(()));
    assert!(credential("", &scope()).unwrap_err().contains("ecr-pullthroughcache/"));
    assert!(credential(&secret.replace("eu-west-1", "us-east-1"), &scope()).unwrap_err().contains("own account"));
    assert!(credential(&secret.replace("ecr-pullthroughcache/", ""), &scope()).unwrap_err().contains("begins with"));
    assert!(credential("hub", &scope()).unwrap_err().contains("not the ARN"));
    assert_eq!(role("arn:aws:iam::111122223333:role/path/ecr-pull", &scope()), Ok(()));
    assert!(role("arn:aws:iam::444455556666:role/ecr-pull", &scope()).is_err());
}

#[test]
fn upstreams_are_known_by_their_address() {
    let takes = |word: &str, host: &str| Upstream::named(word).unwrap().takes(host, &scope());
    assert_eq!(takes("docker-hub", "registry-1.docker.io"), Ok(()));
    assert!(takes("docker-hub", "docker.io").is_err());
    assert_eq!(takes("azure-container-registry", "myshop.azurecr.io"), Ok(()));
    assert!(takes("azure-container-registry", "azurecr.io").is_err());
    assert_eq!(takes("ecr", "444455556666.dkr.ecr.us-east-1.amazonaws.com"), Ok(()));
    assert!(takes("ecr", "111122223333.dkr.ecr.eu-west-1.amazonaws.com").unwrap_err().contains("itself"));
    assert!(takes("ecr", "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn").unwrap_err().contains("partition"));
    assert_eq!(private("public.ecr.aws"), None);
    assert_eq!(host(" https://registry-1.docker.io/ "), "registry-1.docker.io");
}

#[test]
fn a_template_names_its_key_by_the_whole_arn() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let right = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
    assert_eq!(template_key(&right, &scope()), Ok(()));
    for (wrong, says) in [
        (id, "whole ARN"),
        ("alias/images", "whole ARN"),
        ("arn:aws:kms:eu-west-1:111122223333:alias/images", "whole ARN"),
        ("arn:aws:s3:::bucket", "such as arn:aws:kms:eu-west-1:111122223333:key/"),
        ("arn:aws:kms:us-east-1:111122223333:key/1", "The key is in us-east-1"),
    ] {
        let refused = template_key(wrong, &scope()).unwrap_err();
        assert!(refused.contains(says), "{wrong}: {refused}");
    }
}
