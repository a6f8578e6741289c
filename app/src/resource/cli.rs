//! The AWS CLI commands that read the same resource and what belongs to it, and kubectl's for pods.
//! <https://docs.aws.amazon.com/cli/latest/reference/>

use domain::Kind;
use domain::listing::Detail;
use leptos::prelude::*;

use super::detail_page::Shown;
use crate::api::Boot;
use crate::paths;
use crate::ui::Code;

/// An argument as a POSIX shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A command and what it does.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// What one learns from it.
    pub title: &'static str,
    /// As a shell reads it, with region.
    pub text: String,
}

/// The commands for a resource, the one that reads it first.
pub fn commands(detail: &Detail) -> Vec<Command> {
    let key = &detail.row.key;
    let id = key.id.as_str();
    let (head, tail) = id.split_once('/').unwrap_or(("", id));
    let (name, qualifier) = id.rsplit_once(':').unwrap_or((id, ""));
    let arn = detail.row.arn.as_deref().unwrap_or(id);
    let place = if key.kind.is_global() { String::new() } else { format!(" --region {}", key.scope.region) };
    let call = |title: &'static str, command: &str, arguments: &[(&str, &str)]| {
        let arguments: String = arguments.iter().map(|(n, v)| format!(" --{n} {}", quoted(v))).collect();
        Command { title, text: format!("aws {command}{arguments}{place}") }
    };
    let read = |command: &str, arguments: &[(&str, &str)]| call(READ, command, arguments);
    // Follows a log as it is written; a version's lines are in the log of its function.
    let tail_log = |group: &str| Command {
        title: "Follow its log",
        text: format!("aws logs tail {} --follow{place}", quoted(group)),
    };
    let first = match key.kind {
        Kind::Function => read("lambda get-function", &[("function-name", id)]),
        Kind::FunctionVersion => read("lambda get-function", &[("function-name", name), ("qualifier", qualifier)]),
        Kind::FunctionAlias => read("lambda get-alias", &[("function-name", name), ("name", qualifier)]),
        Kind::FunctionUrl => {
            let of = [("function-name", name), ("qualifier", qualifier)];
            read("lambda get-function-url-config", if qualifier.is_empty() { &of[..1] } else { &of[..] })
        }
        Kind::EventInvokeConfig => {
            let of = [("function-name", name), ("qualifier", qualifier)];
            let of = if qualifier.is_empty() { &of[..1] } else { &of[..] };
            read("lambda get-function-event-invoke-config", of)
        }
        Kind::FunctionPermission => {
            let (name, qualifier) = head.rsplit_once(':').unwrap_or((head, ""));
            let of = [("function-name", name), ("qualifier", qualifier)];
            read("lambda get-policy", if qualifier.is_empty() { &of[..1] } else { &of[..] })
        }
        Kind::Layer => read("lambda get-layer-version", &[("layer-name", name), ("version-number", qualifier)]),
        Kind::EventSourceMapping => read("lambda get-event-source-mapping", &[("uuid", id)]),
        Kind::Service => read("ecs describe-services", &[("cluster", head), ("services", tail), ("include", "TAGS")]),
        Kind::Task => read("ecs describe-tasks", &[("cluster", head), ("tasks", tail), ("include", "TAGS")]),
        Kind::TaskDefinition => read("ecs describe-task-definition", &[("task-definition", id), ("include", "TAGS")]),
        Kind::Cluster => read("ecs describe-clusters", &[("clusters", id), ("include", "TAGS")]),
        Kind::CapacityProvider => read("ecs describe-capacity-providers", &[("capacity-providers", id)]),
        Kind::EksCluster => read("eks describe-cluster", &[("name", id)]),
        Kind::NodeGroup => read("eks describe-nodegroup", &[("cluster-name", head), ("nodegroup-name", tail)]),
        Kind::FargateProfile => {
            read("eks describe-fargate-profile", &[("cluster-name", head), ("fargate-profile-name", tail)])
        }
        Kind::Addon => read("eks describe-addon", &[("cluster-name", head), ("addon-name", tail)]),
        Kind::Pod => {
            let (namespace, pod) = tail.split_once('/').unwrap_or(("default", tail));
            let kubectl = format!("kubectl get pod -n {} {} -o yaml", quoted(namespace), quoted(pod));
            let first = read("eks update-kubeconfig", &[("name", head)]);
            Command { text: format!("{}\n{kubectl}", first.text), ..first }
        }
        Kind::Repository => read("ecr describe-repositories", &[("repository-names", id)]),
        Kind::Image => {
            let (repository, digest) = id.split_once('@').unwrap_or((id, ""));
            let image = format!("imageDigest={digest}");
            read("ecr describe-images", &[("repository-name", repository), ("image-ids", &image)])
        }
        Kind::Registry => read("ecr describe-registry", &[]),
        Kind::PublicRepository => read("ecr-public describe-repositories", &[("repository-names", id)]),
        Kind::Role => read("iam get-role", &[("role-name", id)]),
        Kind::Vpc => read("ec2 describe-vpcs", &[("vpc-ids", id)]),
        Kind::Subnet => read("ec2 describe-subnets", &[("subnet-ids", id)]),
        Kind::SecurityGroup => read("ec2 describe-security-groups", &[("group-ids", id)]),
        Kind::Bucket => read("s3api get-bucket-location", &[("bucket", id)]),
        Kind::Queue => read("sqs get-queue-url", &[("queue-name", id)]),
        Kind::Topic => read("sns get-topic-attributes", &[("topic-arn", arn)]),
        Kind::Table => read("dynamodb describe-table", &[("table-name", id)]),
        Kind::Stream => read("kinesis describe-stream-summary", &[("stream-name", id)]),
        Kind::LogGroup => read("logs describe-log-groups", &[("log-group-name-prefix", id)]),
        Kind::Rule => read("events describe-rule", &[("event-bus-name", head), ("name", tail)]),
        Kind::Schedule => read("scheduler get-schedule", &[("group-name", head), ("name", tail)]),
        Kind::HttpApi => read("apigatewayv2 get-api", &[("api-id", id)]),
        Kind::LoadBalancer => read("elbv2 describe-load-balancers", &[("names", id)]),
        Kind::TargetGroup => read("elbv2 describe-target-groups", &[("names", id)]),
    };
    let mut all = vec![first];
    match key.kind {
        Kind::Function => {
            let of = [("function-name", id)];
            let group = detail.doc.pointer("/LoggingConfig/LogGroup").and_then(|g| g.as_str());
            all.push(call("Its versions", "lambda list-versions-by-function", &of));
            all.push(call("Its aliases", "lambda list-aliases", &of));
            all.push(call("Its URLs", "lambda list-function-url-configs", &of));
            all.push(call("Who else may invoke it", "lambda get-policy", &of));
            all.push(call("What Lambda polls for it", "lambda list-event-source-mappings", &of));
            all.push(tail_log(group.unwrap_or(&format!("/aws/lambda/{id}"))));
        }
        Kind::Service => {
            let of = [("cluster", head), ("service-name", tail)];
            all.push(call("Its running tasks", "ecs list-tasks", &of));
            let stopped = [of[0], of[1], ("desired-status", "STOPPED")];
            all.push(call("Its stopped tasks, of the last hour", "ecs list-tasks", &stopped));
        }
        Kind::TaskDefinition => {
            all.push(call(
                "Its other revisions",
                "ecs list-task-definitions",
                &[("family-prefix", name), ("sort", "DESC")],
            ));
        }
        Kind::Cluster => {
            all.push(call("Its services", "ecs list-services", &[("cluster", id)]));
            all.push(call("Its tasks", "ecs list-tasks", &[("cluster", id)]));
        }
        Kind::EksCluster => {
            let of = [("cluster-name", id)];
            all.push(call("Its node groups", "eks list-nodegroups", &of));
            all.push(call("Its add-ons", "eks list-addons", &of));
            all.push(call("Use it with kubectl", "eks update-kubeconfig", &[("name", id)]));
        }
        Kind::Repository => {
            let of = [("repository-name", id)];
            all.push(call("Its images", "ecr describe-images", &of));
            all.push(call("What cleans it up", "ecr get-lifecycle-policy", &of));
        }
        Kind::Image => {
            let (repository, digest) = id.split_once('@').unwrap_or((id, ""));
            let image = format!("imageDigest={digest}");
            let of = [("repository-name", repository), ("image-id", image.as_str())];
            all.push(call("What a scan found", "ecr describe-image-scan-findings", &of));
        }
        Kind::Registry => {
            all.push(call("What it caches", "ecr describe-pull-through-cache-rules", &[]));
            all.push(call("How repositories are made", "ecr describe-repository-creation-templates", &[]));
            all.push(call("Its policy", "ecr get-registry-policy", &[]));
            all.push(call("How images are scanned", "ecr get-registry-scanning-configuration", &[]));
        }
        Kind::PublicRepository => {
            let of = [("repository-name", id)];
            all.push(call("What the gallery says of it", "ecr-public get-repository-catalog-data", &of));
            all.push(call("Its images", "ecr-public describe-images", &of));
        }
        Kind::Role => {
            let of = [("role-name", id)];
            all.push(call("Its managed policies", "iam list-attached-role-policies", &of));
            all.push(call("Its inline policies", "iam list-role-policies", &of));
        }
        Kind::Rule => {
            all.push(call("Its targets", "events list-targets-by-rule", &[("event-bus-name", head), ("rule", tail)]));
        }
        Kind::Topic => all.push(call("Who subscribes", "sns list-subscriptions-by-topic", &[("topic-arn", arn)])),
        Kind::TargetGroup => {
            all.push(call("The health of its targets", "elbv2 describe-target-health", &[("target-group-arn", arn)]));
        }
        Kind::LogGroup => all.push(tail_log(id)),
        Kind::FunctionVersion
        | Kind::FunctionAlias
        | Kind::FunctionUrl
        | Kind::FunctionPermission
        | Kind::EventInvokeConfig
        | Kind::Layer
        | Kind::EventSourceMapping
        | Kind::Task
        | Kind::CapacityProvider
        | Kind::NodeGroup
        | Kind::FargateProfile
        | Kind::Addon
        | Kind::Pod
        | Kind::Vpc
        | Kind::Subnet
        | Kind::SecurityGroup
        | Kind::Bucket
        | Kind::Queue
        | Kind::Table
        | Kind::Stream
        | Kind::Schedule
        | Kind::HttpApi
        | Kind::LoadBalancer => {}
    }
    all
}

/// What the first command is for.
const READ: &str = "Read it from AWS";

/// The tab.
#[component]
pub fn Commands(
    /// The resource.
    shown: Shown,
) -> impl IntoView {
    let boot = expect_context::<Boot>();
    move || {
        let detail = shown.get();
        let account = &detail.row.key.scope.account;
        let named = Some(boot.account_name(account)).filter(|n| n != account.as_str());
        let named = named.map(|n| format!(" ({n})")).unwrap_or_default();
        // A comment: the command itself does not say whose credentials it runs with.
        let whose = format!("# account {account}{named}");
        let all = commands(&detail).into_iter().map(|command| {
            let text = format!("{whose}\n{}", command.text);
            view! { <section><h2>{command.title}</h2><Code text=text/></section> }
        });
        let elsewhere = boot.instance.sandbox.then(|| {
            view! { " The sandbox is not AWS: add "<code>"--endpoint-url"</code>" with the endpoint under "<a href=paths::SETTINGS_CONNECTIONS>"Connections"</a>"." }
        });
        view! {
            <div class="commands">
                <p class="dim">"They run with the credentials of your shell: choose those of account "<b>{account.to_string()}</b>{named}", for example with "<code>"--profile"</code>"."{elsewhere}</p>
                {all.collect_view()}
            </div>
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, READ, commands, quoted};
    use crate::resource::tests::detail;
    use domain::Kind;

    fn of(kind: Kind, id: &str) -> Vec<Command> {
        let region = if kind.is_global() { "global" } else { "eu-west-1" };
        commands(&detail(&format!("{kind}/111122223333/{region}/{id}")))
    }

    #[test]
    fn every_kind_can_be_read_where_it_is() {
        for kind in Kind::ALL {
            let all = of(*kind, "shop/web");
            assert_eq!(all[0].title, READ);
            for command in all {
                assert_eq!(command.text.contains("--region eu-west-1"), !kind.is_global(), "{}", command.text);
            }
        }
        let function: Vec<String> = of(Kind::Function, "resize").into_iter().map(|c| c.text).collect();
        assert_eq!(function[0], "aws lambda get-function --function-name resize --region eu-west-1");
        assert_eq!(function.last().unwrap(), "aws logs tail /aws/lambda/resize --follow --region eu-west-1");
        let pod = of(Kind::Pod, "shop/production/web-7d9").remove(0).text;
        assert!(
            pod.ends_with("--name shop --region eu-west-1\nkubectl get pod -n production web-7d9 -o yaml"),
            "{pod}"
        );
        assert!(of(Kind::Service, "shop/web")[0].text.contains("--cluster shop --services web --include TAGS"));
    }

    #[test]
    fn names_cannot_leave_their_argument() {
        assert_eq!(quoted("team/web:1"), "team/web:1");
        assert_eq!(quoted("$LATEST; rm -rf '~'"), r"'$LATEST; rm -rf '\''~'\'''");
        assert_eq!(quoted(""), "''");
    }
}
