//! What a connection may say and how it becomes a caller.

use super::*;
use aws_credential_types::provider::SharedCredentialsProvider;
use domain::Code;

impl Connections {
    /// One connection whose identity and network are these.
    pub(crate) fn over(config: ConnectionConfig, base: SdkConfig) -> Self {
        let connections = Self::new(vec![config], &[7; 32]).unwrap();
        assert!(connections.list()[0].base.set(base).is_ok());
        connections
    }
}

fn config(name: &str, region: &str) -> ConnectionConfig {
    ConnectionConfig {
        name: name.into(),
        account: AccountId::parse("111122223333").unwrap(),
        regions: vec![Region::parse(region).unwrap()],
        profile: None,
        role_arn: None,
        external_id: None,
        source_identity: false,
        endpoint_url: Some("http://127.0.0.1:9".into()),
        access_key: Some("111122223333".into()),
        secret_key: Some("s3cr3t".into()),
        sandbox: true,
        found: None,
    }
}

#[test]
fn what_cannot_work_is_refused_with_the_field_that_is_wrong() {
    let field = |change: &dyn Fn(&mut ConnectionConfig)| {
        let mut config = config("shop", "eu-west-1");
        change(&mut config);
        config.check().err().and_then(|p| p.field)
    };
    assert_eq!(field(&|_| {}), None);
    assert_eq!(field(&|c| c.name.clear()).as_deref(), Some("name"));
    assert_eq!(field(&|c| c.regions.clear()).as_deref(), Some("regions"));
    assert_eq!(field(&|c| c.secret_key = None).as_deref(), Some("secret_key"));
    assert_eq!(field(&|c| c.profile = Some("p".into())).as_deref(), Some("profile"));
    assert_eq!(field(&|c| c.external_id = Some("x".into())).as_deref(), Some("external_id"));
    assert_eq!(field(&|c| c.source_identity = true).as_deref(), Some("source_identity"));
    assert_eq!(field(&|c| c.endpoint_url = Some("localhost".into())).as_deref(), Some("endpoint_url"));
}

#[tokio::test]
async fn what_becomes_known_later_is_known_to_all() {
    let connections = Connections::awaited(&[7; 32], Limits::default());
    let (clone, scope) =
        (connections.clone(), Scope::new(config("a", "eu-west-1").account, Region::parse("eu-west-1").unwrap()));
    assert_eq!(clone.configs().count(), 0);
    assert_eq!(clone.caller(&scope).await.err().map(|p| p.code), Some(Code::NotFound));
    assert!(connections.know(vec![config("a", "eu-west-1"), config("a", "us-east-1")]).is_err());
    assert_eq!(clone.configs().count(), 0);
    connections.know(vec![config("a", "eu-west-1")]).unwrap();
    connections.know(vec![]).unwrap();
    assert_eq!(clone.configs().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["a"], "what was said first holds");
}

#[test]
fn two_connections_may_share_an_account_but_not_a_region_of_it() {
    let new = |configs| Connections::new(configs, &[0; 32]).err().and_then(|p| p.field);
    assert_eq!(new(vec![config("a", "eu-west-1"), config("b", "us-east-1")]), None);
    assert_eq!(new(vec![config("a", "eu-west-1"), config("b", "eu-west-1")]).as_deref(), Some("regions"));
    assert_eq!(new(vec![config("a", "eu-west-1"), config("a", "us-east-1")]).as_deref(), Some("name"));
}

#[test]
fn the_secret_key_is_never_written() {
    let config = config("shop", "eu-west-1");
    assert!(!format!("{config:?}").contains("s3cr3t"));
    assert!(!serde_json::to_string(&config).unwrap().contains("s3cr3t"));
}

#[tokio::test]
async fn keys_that_do_not_expire_are_long_lived() {
    let with = |token: Option<&str>| {
        let keys = Credentials::new("AKIDEXAMPLE", "s3cr3t", token.map(str::to_owned), None, "test");
        let sdk = SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
        Connections::over(config("shop", "eu-west-1"), sdk)
    };
    assert_eq!(with(None).long_lived("shop").await, Some(true));
    assert_eq!(with(Some("token")).long_lived("shop").await, Some(false));
    assert_eq!(with(None).long_lived("other").await, None);
    let none = Connections::over(config("shop", "eu-west-1"), SdkConfig::builder().build());
    assert_eq!(none.long_lived("shop").await, None);
}

#[tokio::test]
async fn each_scope_is_reached_through_the_connection_that_leads_there() {
    let connections = Connections::new(vec![config("a", "eu-west-1"), config("b", "us-east-1")], &[0; 32]).unwrap();
    let scope = |region: &str| Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse(region).unwrap());
    assert_eq!(connections.caller(&scope("us-east-1")).await.unwrap().region().as_str(), "us-east-1");
    assert_eq!(connections.caller(&scope("global")).await.unwrap().region().as_str(), "eu-west-1");
    let elsewhere = connections.caller(&scope("ap-south-1")).await.err().unwrap();
    assert_eq!(elsewhere.code, Code::NotFound);
}
