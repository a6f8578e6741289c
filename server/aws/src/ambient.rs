//! The connection that nobody wrote down: region and credentials from where AWS's own tools look for them, in their order.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use domain::{AccountId, Code, Problem, Region, Scope};
use std::sync::Arc;
use std::time::Duration;

use crate::ConnectionConfig;
use crate::call::{Caller, Common};
use crate::clients::Clients;
use crate::connections::loader;
use crate::identity;
use crate::limits::Turn;
use crate::problem::{self, Asked};
use crate::sealing::Sealer;

/// How long a machine's metadata service may take: it answers in milliseconds, and a laptop has none.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html>
const METADATA: Duration = Duration::from_secs(1);
/// How long all places together may take: a sign-in service or a program may be among them.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a person does who has none of it.
const HOW: &str = "Set AWS_REGION beside AWS credentials, as AWS's own tools have them, or name an account in gantry.toml and start Gantry again.";

impl ConnectionConfig {
    /// The connection that region and credentials make which are there without a configuration, of the account that AWS says they lead to.
    /// `region` stands in for that of the shared files and of the machine.
    ///
    /// # Errors
    /// When there are none, what AWS has against them, or that it cannot be asked.
    pub async fn ambient(name: &str, region: Option<Region>, endpoint_url: Option<String>) -> Result<Self, Problem> {
        let look = async {
            let region = match region {
                Some(region) => region,
                None => shared_region().await?,
            };
            let (credentials, found) = credentials(&region).await?;
            Ok::<_, Problem>((region, credentials, found))
        };
        let (region, credentials, found) = tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| Err(none(format!("Nothing was found within {} seconds.", PATIENCE.as_secs()))))?;
        let mut config = Self {
            name: name.to_owned(),
            // The account is what is asked for: until then this one, which nobody has.
            account: AccountId::parse("000000000000")?,
            regions: vec![region.clone()],
            profile: None,
            role_arn: None,
            external_id: None,
            source_identity: false,
            endpoint_url,
            access_key: None,
            secret_key: None,
            sandbox: false,
            found: Some(found),
        };
        config.check()?;
        let sdk = loader(&config).credentials_provider(credentials).load().await;
        let caller = Caller {
            scope: Scope::new(config.account.clone(), region.clone()),
            clients: Arc::new(Clients::new(sdk, region)),
            common: Arc::new(Common::default()),
            sealer: Sealer::new(&[0; 32]),
            emulator: config.endpoint_url.is_some(),
            turn: Turn::default(),
            permit: None,
        };
        config.account = identity::account(&caller).await?;
        tracing::info!(account = %config.account, region = %caller.scope().region, credentials = %config.credentials(), "no gantry.toml: AWS credentials that are here make the connection");
        Ok(config)
    }
}

fn none(message: String) -> Problem {
    Problem::new(Code::AwsCredentials, "No connection to AWS", message)
}

fn metadata() -> imds::Client {
    imds::Client::builder().max_attempts(1).connect_timeout(METADATA).read_timeout(METADATA).build()
}

/// The region of the profile, else that of the machine.
async fn shared_region() -> Result<Region, Problem> {
    let machine = ImdsRegionProvider::builder().imds_client(metadata()).build();
    let chain = RegionProviderChain::first_try(ProfileFileRegionProvider::new()).or_else(machine);
    let Some(found) = chain.region().await else {
        return Err(none(format!(
            "No AWS region was found, neither in AWS_REGION or AWS_DEFAULT_REGION nor in ~/.aws/config nor from the machine. {HOW}"
        )));
    };
    match Region::parse(found.as_ref()) {
        Ok(region) if region != Region::global() => Ok(region),
        _ => Err(none(format!("“{found}”, the region of ~/.aws/config or of the machine, is no region of AWS."))),
    }
}

/// The first credentials there are, and where they were found, in words.
async fn credentials(region: &Region) -> Result<(Credentials, String), Problem> {
    let region = aws_config::Region::new(region.to_string());
    let conf = ProviderConfig::without_region().with_region(Some(region));
    let profile = std::env::var("AWS_PROFILE").ok().filter(|name| !name.trim().is_empty());
    let profile = format!("profile {} of ~/.aws", profile.as_deref().unwrap_or("default"));
    let machine = ImdsCredentialsProvider::builder().configure(&conf).imds_client(metadata()).build();
    let places: [(&str, Box<dyn ProvideCredentials>); 5] = [
        ("variables of the environment", Box::new(EnvironmentVariableCredentialsProvider::new())),
        (profile.as_str(), Box::new(ProfileFileCredentialsProvider::builder().configure(&conf).build())),
        ("a web identity token", Box::new(WebIdentityTokenCredentialsProvider::builder().configure(&conf).build())),
        ("the role of the task or pod", Box::new(EcsCredentialsProvider::builder().configure(&conf).build())),
        ("the role of the machine", Box::new(machine)),
    ];
    for (place, provider) in places {
        match provider.provide_credentials().await {
            Ok(credentials) => return Ok((credentials, place.to_owned())),
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            Err(error) => {
                let asked = Asked { operation: identity::IDENTITY, resource: None, region: None, emulator: false };
                let mut problem = problem::from_credentials(&error, asked);
                problem.message = format!("Of {place}: {}", problem.message);
                return Err(problem);
            }
        }
    }
    Err(none(format!(
        "No AWS credentials were found, neither in the environment nor in ~/.aws nor from the task, pod or machine. {HOW}"
    )))
}
