//! Every kind of resource Gantry knows. Adding one here makes the compiler list what else it needs:
//! all matches over [`Kind`] are exhaustive.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::ecr_public;
use crate::identity::{Region, clip};
use crate::problem::Problem;

/// An AWS service, named by its endpoint prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Service {
    Lambda,
    Ecs,
    Ecr,
    EcrPublic,
    Eks,
    Iam,
    Ec2,
    S3,
    Sqs,
    Sns,
    Dynamodb,
    Kinesis,
    Logs,
    Events,
    Scheduler,
    ApiGateway,
    ElasticLoadBalancing,
}

macro_rules! kinds {
    ($($variant:ident $service:ident $stem:literal $segment:literal $one:literal $many:literal $promise:literal)*) => {
        /// What a resource is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Kind {
            $(#[doc = $one] #[serde(rename = $stem)] $variant,)*
        }
        impl Kind {
            /// All kinds, in the order of menus.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];
            /// `service.noun`, used in keys and the database; never changes.
            pub const fn stem(self) -> &'static str {
                match self { $(Kind::$variant => $stem,)* }
            }
            /// The path segment of its pages.
            pub const fn segment(self) -> &'static str {
                match self { $(Kind::$variant => $segment,)* }
            }
            /// "function"
            pub const fn singular(self) -> &'static str {
                match self { $(Kind::$variant => $one,)* }
            }
            /// "functions"
            pub const fn plural(self) -> &'static str {
                match self { $(Kind::$variant => $many,)* }
            }
            /// The AWS service that owns it.
            pub const fn service(self) -> Service {
                match self { $(Kind::$variant => Service::$service,)* }
            }
            /// How old, in seconds, a row may be before its age turns amber: the promise of its collector.
            pub const fn promise_seconds(self) -> u32 {
                match self { $(Kind::$variant => $promise,)* }
            }
        }
    };
}

kinds! {
//  variant          service      stem                      URL segment          one                     many                      promise (s)
    Function         Lambda       "lambda.function"         "functions"          "function"              "functions"               90
    FunctionVersion  Lambda       "lambda.version"          "function-versions"  "function version"      "function versions"       900
    FunctionAlias    Lambda       "lambda.alias"            "function-aliases"   "function alias"        "function aliases"        900
    FunctionUrl      Lambda       "lambda.function-url"     "function-urls"      "function URL"          "function URLs"           900
    FunctionPermission Lambda     "lambda.permission"       "function-permissions" "function permission" "function permissions"    900
    EventInvokeConfig Lambda      "lambda.event-invoke-config" "event-invoke-configs" "asynchronous invocation setting" "asynchronous invocation settings" 900
    Layer            Lambda       "lambda.layer"            "layers"             "layer"                 "layers"                  900
    EventSourceMapping Lambda     "lambda.event-source-mapping" "event-source-mappings" "event source mapping" "event source mappings" 180
    Service          Ecs          "ecs.service"             "services"           "service"               "services"                30
    Task             Ecs          "ecs.task"                "tasks"              "task"                  "tasks"                   30
    TaskDefinition   Ecs          "ecs.task-definition"     "task-definitions"   "task definition"       "task definitions"        180
    Cluster          Ecs          "ecs.cluster"             "clusters"           "ECS cluster"           "ECS clusters"            90
    CapacityProvider Ecs          "ecs.capacity-provider"   "capacity-providers" "capacity provider"     "capacity providers"      900
    EksCluster       Eks          "eks.cluster"             "eks-clusters"       "EKS cluster"           "EKS clusters"            180
    NodeGroup        Eks          "eks.nodegroup"           "node-groups"        "node group"            "node groups"             180
    FargateProfile   Eks          "eks.fargate-profile"     "fargate-profiles"   "Fargate profile"       "Fargate profiles"        900
    Addon            Eks          "eks.addon"               "addons"             "add-on"                "add-ons"                 900
    Pod              Eks          "eks.pod"                 "pods"               "pod"                   "pods"                    60
    Repository       Ecr          "ecr.repository"          "repositories"       "repository"            "repositories"            180
    Image            Ecr          "ecr.image"               "images"             "image"                 "images"                  300
    Registry         Ecr          "ecr.registry"            "registries"         "registry"              "registries"              900
    PublicRepository EcrPublic    "ecr-public.repository"   "public-repositories" "public repository"    "public repositories"     600
    Role             Iam          "iam.role"                "roles"              "IAM role"              "IAM roles"               900
    Vpc              Ec2          "ec2.vpc"                 "vpcs"               "VPC"                   "VPCs"                    900
    Subnet           Ec2          "ec2.subnet"              "subnets"            "subnet"                "subnets"                 900
    SecurityGroup    Ec2          "ec2.security-group"      "security-groups"    "security group"        "security groups"         900
    Bucket           S3           "s3.bucket"               "buckets"            "bucket"                "buckets"                 900
    Queue            Sqs          "sqs.queue"               "queues"             "queue"                 "queues"                  300
    Topic            Sns          "sns.topic"               "topics"             "topic"                 "topics"                  900
    Table            Dynamodb     "dynamodb.table"          "tables"             "table"                 "tables"                  900
    Stream           Kinesis      "kinesis.stream"          "streams"            "data stream"           "data streams"            900
    LogGroup         Logs         "logs.log-group"          "log-groups"         "log group"             "log groups"              900
    Rule             Events       "events.rule"             "rules"              "EventBridge rule"      "EventBridge rules"       300
    Schedule         Scheduler    "scheduler.schedule"      "schedules"          "schedule"              "schedules"               300
    HttpApi          ApiGateway   "apigateway.http-api"     "http-apis"          "HTTP API"              "HTTP APIs"               900
    LoadBalancer     ElasticLoadBalancing "elasticloadbalancing.load-balancer" "load-balancers" "load balancer" "load balancers" 900
    TargetGroup      ElasticLoadBalancing "elasticloadbalancing.target-group"  "target-groups"  "target group"  "target groups"  900
}

impl Kind {
    /// Reads a stem such as `lambda.function`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL.iter().copied().find(|k| k.stem() == text).ok_or_else(|| {
            Problem::invalid("kind", format!("“{}” is not a kind of resource Gantry knows.", clip(text)))
        })
    }

    /// Finds the kind whose pages live under this path segment.
    pub fn from_segment(segment: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.segment() == segment)
    }

    /// The kind by its stem (`lambda.function`) or its pages' segment (`functions`), as query strings may name it.
    ///
    /// # Errors
    /// [`crate::Code::Invalid`] with the field `kind`.
    pub fn named(text: &str) -> Result<Self, Problem> {
        Self::from_segment(text).map_or_else(|| Self::parse(text), Ok)
    }

    /// AWS forgets these on its own while they still matter (a stopped task after about an hour): a row that vanishes from a
    /// complete list stays visible, marked as no longer known to AWS.
    pub const fn outlives_aws(self) -> bool {
        matches!(self, Kind::Task)
    }

    /// Kinds that come and go all day: a busy fleet makes ten thousand of them, and what is gone of them is kept for days, not for a year.
    pub const fn fleeting(self) -> bool {
        matches!(self, Kind::Task | Kind::Pod)
    }

    /// Kinds that AWS lists once per account, not per region; their scope's region is `global`.
    pub const fn is_global(self) -> bool {
        matches!(self, Kind::Role | Kind::Bucket)
    }

    /// Whether AWS has it in this region: everything everywhere, as far as the service is there at all, but for those that are in one
    /// region only.
    pub fn is_in(self, region: &Region) -> bool {
        match self {
            Kind::PublicRepository => region.as_str() == ecr_public::REGION,
            _ => self.is_global() == (*region == Region::global()),
        }
    }

    /// What is in one of this kind and set up with it: its page tells their changes with its own. What runs in it or is kept in it, such as
    /// tasks, pods and images, is none of these.
    pub const fn parts(self) -> &'static [Kind] {
        match self {
            Kind::Function => &[
                Kind::FunctionVersion,
                Kind::FunctionAlias,
                Kind::FunctionUrl,
                Kind::FunctionPermission,
                Kind::EventInvokeConfig,
                Kind::EventSourceMapping,
            ],
            Kind::EksCluster => &[Kind::NodeGroup, Kind::FargateProfile, Kind::Addon],
            _ => &[],
        }
    }

    /// Kinds whose documents never change once they exist, so they are fetched once.
    pub const fn immutable(self) -> bool {
        matches!(self, Kind::TaskDefinition | Kind::FunctionVersion)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn stems_and_segments_are_unique_and_parse_back() {
        let stems: BTreeSet<_> = Kind::ALL.iter().map(|k| k.stem()).collect();
        let segments: BTreeSet<_> = Kind::ALL.iter().map(|k| k.segment()).collect();
        assert_eq!(stems.len(), Kind::ALL.len());
        assert_eq!(segments.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.stem()).unwrap(), *kind);
            assert_eq!(Kind::from_segment(kind.segment()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.stem());
        }
    }

    #[test]
    fn a_kind_is_asked_for_where_it_is() {
        let regions = ["eu-west-1", "us-east-1"].map(|r| Region::parse(r).unwrap());
        assert_eq!(regions.each_ref().map(|r| Kind::PublicRepository.is_in(r)), [false, true]);
        assert_eq!(regions.each_ref().map(|r| Kind::Repository.is_in(r)), [true, true]);
        assert!(Kind::Role.is_in(&Region::global()) && !Kind::Role.is_in(&regions[1]));
        assert!(!Kind::PublicRepository.is_in(&Region::global()));
    }
}
