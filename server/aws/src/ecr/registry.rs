//! The way into an account's image registry, for what speaks its protocol.

use domain::document::registry;
use domain::{Code, Problem};

use crate::{Bucket, Caller};

/// Where an account's registry is in a region, and what opens it.
pub struct Registry {
    /// `https://111122223333.dkr.ecr.eu-west-1.amazonaws.com`, or the connection's own endpoint.
    pub base: String,
    /// As GetAuthorizationToken gives it: base64 of user and password, good for twelve hours.
    pub token: String,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({})", self.base)
    }
}

/// Asks for access to the registry of the caller's account and region.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>
///
/// # Errors
/// What AWS said.
pub async fn open(caller: &Caller) -> Result<Registry, Problem> {
    let request = caller.clients().ecr().get_authorization_token();
    let answer = caller.call(Bucket::Ecr, "ecr:GetAuthorizationToken", None, request.send()).await?;
    let token = answer.authorization_data().first().and_then(|data| data.authorization_token());
    let token = token.ok_or_else(|| {
        Problem::new(Code::AwsCredentials, "ECR gave no token", "ECR answered without a token for its registry.")
    })?;
    let own = caller.clients().endpoint_url().map(str::to_owned);
    let base = own.unwrap_or_else(|| format!("https://{}", registry(caller.scope())));
    Ok(Registry { base, token: token.to_owned() })
}
