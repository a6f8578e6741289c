//! The AWS CLI command that reads the same resource. <https://docs.aws.amazon.com/cli/latest/reference/>

use domain::Kind;
use domain::listing::Detail;

/// An argument as a POSIX shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The command, with region.
pub fn equivalent(detail: &Detail) -> String {
    let key = &detail.row.key;
    let id = key.id.as_str();
    let (head, tail) = id.split_once('/').unwrap_or(("", id));
    let (name, qualifier) = id.rsplit_once(':').unwrap_or((id, ""));
    let arn = detail.row.arn.as_deref().unwrap_or(id);
    let call = |command: &str, arguments: &[(&str, &str)]| {
        let arguments: Vec<String> = arguments.iter().map(|(n, v)| format!("--{n} {}", quoted(v))).collect();
        format!("aws {command} {}", arguments.join(" "))
    };
    let command = match key.kind {
        Kind::Function => call("lambda get-function", &[("function-name", id)]),
        Kind::FunctionVersion => call("lambda get-function", &[("function-name", name), ("qualifier", qualifier)]),
        Kind::FunctionAlias => call("lambda get-alias", &[("function-name", name), ("name", qualifier)]),
        Kind::Layer => call("lambda get-layer-version", &[("layer-name", name), ("version-number", qualifier)]),
        Kind::EventSourceMapping => call("lambda get-event-source-mapping", &[("uuid", id)]),
        Kind::Service => call("ecs describe-services", &[("cluster", head), ("services", tail), ("include", "TAGS")]),
        Kind::Task => call("ecs describe-tasks", &[("cluster", head), ("tasks", tail), ("include", "TAGS")]),
        Kind::TaskDefinition => call("ecs describe-task-definition", &[("task-definition", id), ("include", "TAGS")]),
        Kind::Cluster => call("ecs describe-clusters", &[("clusters", id), ("include", "TAGS")]),
        Kind::CapacityProvider => call("ecs describe-capacity-providers", &[("capacity-providers", id)]),
        Kind::EksCluster => call("eks describe-cluster", &[("name", id)]),
        Kind::NodeGroup => call("eks describe-nodegroup", &[("cluster-name", head), ("nodegroup-name", tail)]),
        Kind::FargateProfile => {
            call("eks describe-fargate-profile", &[("cluster-name", head), ("fargate-profile-name", tail)])
        }
        Kind::Addon => call("eks describe-addon", &[("cluster-name", head), ("addon-name", tail)]),
        Kind::Repository => call("ecr describe-repositories", &[("repository-names", id)]),
        Kind::Image => {
            let (repository, digest) = id.split_once('@').unwrap_or((id, ""));
            let image = format!("imageDigest={digest}");
            call("ecr describe-images", &[("repository-name", repository), ("image-ids", &image)])
        }
        Kind::Role => call("iam get-role", &[("role-name", id)]),
        Kind::Vpc => call("ec2 describe-vpcs", &[("vpc-ids", id)]),
        Kind::Subnet => call("ec2 describe-subnets", &[("subnet-ids", id)]),
        Kind::SecurityGroup => call("ec2 describe-security-groups", &[("group-ids", id)]),
        Kind::Bucket => call("s3api get-bucket-location", &[("bucket", id)]),
        Kind::Queue => call("sqs get-queue-url", &[("queue-name", id)]),
        Kind::Topic => call("sns get-topic-attributes", &[("topic-arn", arn)]),
        Kind::Table => call("dynamodb describe-table", &[("table-name", id)]),
        Kind::Stream => call("kinesis describe-stream-summary", &[("stream-name", id)]),
        Kind::LogGroup => call("logs describe-log-groups", &[("log-group-name-prefix", id)]),
        Kind::Rule => call("events describe-rule", &[("event-bus-name", head), ("name", tail)]),
        Kind::Schedule => call("scheduler get-schedule", &[("group-name", head), ("name", tail)]),
        Kind::HttpApi => call("apigatewayv2 get-api", &[("api-id", id)]),
        Kind::LoadBalancer => call("elbv2 describe-load-balancers", &[("names", id)]),
        Kind::TargetGroup => call("elbv2 describe-target-groups", &[("names", id)]),
    };
    if key.kind.is_global() { command } else { format!("{command} --region {}", key.scope.region) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_cannot_leave_their_argument() {
        assert_eq!(quoted("team/web:1"), "team/web:1");
        assert_eq!(quoted("$LATEST; rm -rf '~'"), r"'$LATEST; rm -rf '\''~'\'''");
        assert_eq!(quoted(""), "''");
    }
}
