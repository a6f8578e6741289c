//! The SDK clients of one connection in one region, each made when first used.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use domain::Region;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

use crate::call::Watch;

/// Credentials are asked for anew so long before they expire.
const MARGIN: Duration = Duration::from_secs(120);
/// Also those that do not say that they expire are asked for anew after so long.
const HELD: Duration = Duration::from_secs(900);

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $sdk:ident;)*) => {
        /// The SDK clients of one connection in one region.
        pub struct Clients {
            sdk: SdkConfig,
            pub(crate) region: Region,
            /// What [`Clients::credentials`] answered, and until when it holds.
            held: Mutex<Option<(Credentials, SystemTime)>>,
            $($name: OnceLock<$sdk::Client>,)*
        }
        impl Clients {
            pub(crate) fn new(sdk: SdkConfig, region: Region) -> Self {
                Self { sdk, region, held: Mutex::default(), $($name: OnceLock::new(),)* }
            }
            /// The configured endpoint, when it is not AWS's own.
            pub(crate) fn endpoint_url(&self) -> Option<&str> {
                self.sdk.endpoint_url()
            }
            /// The credentials of this connection, for what no client of the SDK signs.
            pub(crate) async fn credentials(&self) -> Result<Credentials, CredentialsError> {
                let mut held = self.held.lock().await;
                let now = SystemTime::now();
                if let Some((credentials, until)) = &*held
                    && *until > now
                {
                    return Ok(credentials.clone());
                }
                let provider = self.sdk.credentials_provider().ok_or_else(CredentialsError::not_loaded_no_source)?;
                let credentials = provider.provide_credentials().await?;
                let until = credentials.expiry().and_then(|at| at.checked_sub(MARGIN));
                let until = until.map_or(now + HELD, |at| at.min(now + HELD));
                *held = Some((credentials.clone(), until));
                Ok(credentials)
            }
            $($(#[$doc])*
            pub fn $name(&self) -> &$sdk::Client {
                self.$name.get_or_init(|| {
                    let config = clients!(@config $name, $sdk, &self.sdk);
                    $sdk::Client::from_conf(config.interceptor(Watch).build())
                })
            })*
        }
    };
    // Emulators are reached at one address: the bucket cannot be part of the host name.
    (@config s3, $sdk:ident, $from:expr) => {
        $sdk::config::Builder::from($from).force_path_style($from.endpoint_url().is_some())
    };
    (@config $name:ident, $sdk:ident, $from:expr) => {
        $sdk::config::Builder::from($from)
    };
}

clients! {
    /// AWS Lambda.
    lambda: aws_sdk_lambda;
    /// Amazon ECS.
    ecs: aws_sdk_ecs;
    /// Amazon ECR.
    ecr: aws_sdk_ecr;
    /// Amazon ECR Public, which is in one region only.
    ecr_public: aws_sdk_ecrpublic;
    /// Amazon EKS.
    eks: aws_sdk_eks;
    /// IAM.
    iam: aws_sdk_iam;
    /// AWS KMS.
    kms: aws_sdk_kms;
    /// Amazon EC2.
    ec2: aws_sdk_ec2;
    /// Amazon S3; by path when the endpoint is configured.
    s3: aws_sdk_s3;
    /// Amazon SQS.
    sqs: aws_sdk_sqs;
    /// Amazon SNS.
    sns: aws_sdk_sns;
    /// Amazon DynamoDB.
    dynamodb: aws_sdk_dynamodb;
    /// Amazon Kinesis Data Streams.
    kinesis: aws_sdk_kinesis;
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs;
    /// CloudWatch metrics.
    cloudwatch: aws_sdk_cloudwatch;
    /// Amazon EventBridge.
    events: aws_sdk_eventbridge;
    /// EventBridge Scheduler.
    scheduler: aws_sdk_scheduler;
    /// API Gateway, HTTP APIs.
    apigatewayv2: aws_sdk_apigatewayv2;
    /// Elastic Load Balancing, application and network load balancers.
    elasticloadbalancingv2: aws_sdk_elasticloadbalancingv2;
    /// AWS STS.
    sts: aws_sdk_sts;
}
