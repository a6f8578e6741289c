//! How documents are declared, and how the references between them are spelled.
//!
//! A document's struct is declared with `document!` so that what AWS did not say stays absent when it is stored: absent and
//! empty are different answers for what the store keeps, and a history must not report the difference between them as a change.

use crate::identity::{AccountId, Region, Scope};

/// Declares structs that read and write AWS documents: fields named in the given case, all of them optional or defaulted, those that
/// hold nothing left out when written.
macro_rules! document {
    ($case:literal; $($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, rename_all = $case)]
        #[allow(missing_docs)] // the field's meaning is on the AWS page that the struct names
        pub struct $name {
            $($(#[$field_meta])* #[serde(skip_serializing_if = "crate::document::absent")] pub $field: $type,)*
        }
    )*};
}
pub(crate) use document;

/// Declares the calls of a service that a plan can hold, each named as its operation and with its input document inside.
macro_rules! calls {
    ($(#[$meta:meta])* $($name:ident),* $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "operation", content = "input")]
        #[allow(missing_docs)] // each is named as its operation
        pub enum Call { $($name($name)),* }

        impl Call {
            /// As the API reference names it.
            pub fn operation(&self) -> &'static str {
                match self { $(Call::$name(_) => stringify!($name)),* }
            }
            /// The input document.
            pub fn input(&self) -> serde_json::Value {
                let input = match self { $(Call::$name(input) => serde_json::to_value(input)),* };
                input.unwrap_or_default()
            }
        }
    };
}
pub(crate) use calls;

/// Whether a field holds nothing. `Some(false)` and `Some(0)` are something.
pub(crate) fn absent<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A tag, in the services that list them as pairs. An empty value is one: a call without it is refused.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Tag {
    /// What it is called.
    pub key: String,
    /// What it says; may be empty.
    pub value: String,
}

/// The pairs as a map.
pub(crate) fn tag_map(tags: &[Tag]) -> std::collections::BTreeMap<String, String> {
    tags.iter().map(|t| (t.key.clone(), t.value.clone())).collect()
}

/// The partition of a region, the second field of its ARNs.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub fn partition(region: &Region) -> &'static str {
    match region.as_str() {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// How the names of AWS's endpoints in a region end.
pub fn dns_suffix(region: &Region) -> &'static str {
    match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// How the names of endpoints end that are reached over IPv6, too.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>
fn dual_stack_suffix(region: &Region) -> &'static str {
    match partition(region) {
        "aws-cn" => "on.amazonwebservices.com.cn",
        "aws-eusc" => "on.amazonwebservices.eu",
        _ => "on.aws",
    }
}

/// The host of an account's private image registry in a region, as AWS's answers name it.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>
pub fn registry(scope: &Scope) -> String {
    format!("{}.dkr.ecr.{}.{}", scope.account, scope.region, dns_suffix(&scope.region))
}

/// The other hosts that the same images are pulled from.
/// <https://docs.aws.amazon.com/general/latest/gr/ecr.html>
fn other_hosts(Scope { account, region }: &Scope) -> [String; 3] {
    let (one, both) = (dns_suffix(region), dual_stack_suffix(region));
    [
        format!("{account}.dkr.ecr-fips.{region}.{one}"),
        format!("{account}.dkr-ecr.{region}.{both}"),
        format!("{account}.dkr-ecr-fips.{region}.{both}"),
    ]
}

/// The account and region whose private image registry has this host, be it that of [`registry`] or another that AWS gives it; none for any
/// other registry.
pub fn scope_of_registry(host: &str) -> Option<Scope> {
    let host = host.to_ascii_lowercase();
    let mut labels = host.split('.');
    let account = AccountId::parse(labels.next()?).ok()?;
    let service = |label: &&str| matches!(*label, "dkr" | "ecr" | "ecr-fips" | "dkr-ecr" | "dkr-ecr-fips");
    let region = Region::parse(labels.find(|label| !service(label))?).ok()?;
    let scope = Scope::new(account, region);
    (registry(&scope) == host || other_hosts(&scope).contains(&host)).then_some(scope)
}

/// The reference by which the target of a rule, schedule, subscription or integration is found: function ARNs lose their version or
/// alias, API Gateway's invocation URIs become the function's ARN, listeners become their load balancer.
pub fn target(reference: &str) -> String {
    if let Some((_, rest)) = reference.split_once(":lambda:path/")
        && let Some((_, function)) = rest.split_once("/functions/")
    {
        return target(function.trim_end_matches("/invocations"));
    }
    let fields: Vec<&str> = reference.split(':').collect();
    match fields.as_slice() {
        ["arn", _, "lambda", _, _, "function", _, ..] => fields[..7].join(":"),
        ["arn", _, "elasticloadbalancing", _, _, resource] if resource.starts_with("listener/") => {
            let balancer: Vec<&str> = resource.trim_start_matches("listener/").splitn(4, '/').take(3).collect();
            format!("{}:loadbalancer/{}", fields[..5].join(":"), balancer.join("/"))
        }
        _ => reference.to_owned(),
    }
}

/// A web address without user, password, query and fragment, which can hold secrets. What is no web address stays as it is.
pub fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or_default();
    path.map_or(format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_web_addresses_are_not_kept() {
        for (address, kept) in [
            ("https://user:pass@hooks.example.com/in/1?token=abc#x", "https://hooks.example.com/in/1"),
            ("https://hooks.example.com?token=abc", "https://hooks.example.com"),
            ("https://${stageVariables.host}/{proxy}?api_key=abc", "https://${stageVariables.host}/{proxy}"),
            ("me@example.com", "me@example.com"),
            ("arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:q"),
        ] {
            assert_eq!(without_secrets(address), kept);
        }
    }

    #[test]
    fn targets_are_spelled_as_their_resources_are_referred_to() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
        assert_eq!(target(function), function);
        assert_eq!(target(&format!("{function}:live")), function);
        assert_eq!(
            target(&format!(
                "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}:live/invocations"
            )),
            function
        );
        assert_eq!(
            target(
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
            ),
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188"
        );
        assert_eq!(target("arn:aws:sqs:eu-west-1:111122223333:q"), "arn:aws:sqs:eu-west-1:111122223333:q");
        assert_eq!(target("https://example.com/hook"), "https://example.com/hook");
    }

    #[test]
    fn registries_follow_the_partition() {
        let scope =
            |region: &str| Scope::new(AccountId::parse("111122223333").unwrap(), Region::parse(region).unwrap());
        assert_eq!(registry(&scope("eu-west-1")), "111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(registry(&scope("cn-north-1")), "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn");
        for known in [scope("eu-west-1"), scope("cn-north-1")] {
            assert_eq!(scope_of_registry(&registry(&known)), Some(known));
        }
        for (region, host) in [
            ("us-gov-west-1", "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com"),
            ("eu-west-1", "111122223333.dkr-ecr.eu-west-1.on.aws"),
            ("us-east-1", "111122223333.dkr-ecr-fips.us-east-1.on.aws"),
            ("cn-north-1", "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"),
            ("eusc-de-east-1", "111122223333.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu"),
            ("eu-west-1", "111122223333.DKR.ECR.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(scope_of_registry(host), Some(scope(region)), "{host}");
        }
        for other in [
            "docker.io",
            "public.ecr.aws",
            "111122223333.dkr.ecr.eu-west-1.example.com",
            "111122223333.dkr-ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.on.aws",
            "111122223333.dkr-ecr.cn-north-1.on.aws",
            "111122223333.dkr-ecr.eu-west-1.on.aws.example.com",
            "111122223333.ecr",
            "1.dkr.ecr.x.amazonaws.com",
        ] {
            assert_eq!(scope_of_registry(other), None, "{other}");
        }
    }
}
