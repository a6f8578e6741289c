//! Which model reads which kind, and what is derived from a document through it. One line a kind; the match is exhaustive.

use serde_json::Value;

use crate::history::FieldChange;
use crate::identity::{ResourceKey, Scope};
use crate::kind::Kind;
use crate::problem::Problem;
use crate::resource::{Column, Described, Model};

fn describe_as<M: Model>(scope: &Scope, doc: &Value) -> Result<Described, Problem> {
    let model = M::deserialize(doc)
        .map_err(|e| Problem::invalid("doc", format!("The document cannot be read as {}: {e}", M::KIND.singular())))?;
    let key = ResourceKey::new(M::KIND, scope.clone(), model.id())?;
    let arn = model.arn();
    let mut refs = model.refs(scope);
    refs.extend(arn.clone());
    refs.push(key.to_string());
    refs.sort();
    refs.dedup();
    let mut links = model.links(scope);
    links.retain(|l| !l.target.is_empty());
    links.sort();
    links.dedup();
    let parent = match model.parent() {
        Some((kind, id)) => Some(ResourceKey::new(kind, scope.clone(), id)?),
        None => None,
    };
    Ok(Described {
        name: model.name(),
        arn,
        parent,
        state: model.state(),
        tags: model.tags(),
        created: model.created(),
        cells: model.cells(),
        refs,
        links,
    })
}

/// What a document says in a field (`a.b` for one in another).
fn field<'v>(doc: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(doc, |value, name| value.get(name)).filter(|value| !value.is_null())
}

macro_rules! models {
    ($($kind:ident => $model:ty,)*) => {
        /// Derives everything from a document of this kind.
        pub fn describe(kind: Kind, scope: &Scope, doc: &Value) -> Result<Described, Problem> {
            match kind { $(Kind::$kind => describe_as::<$model>(scope, doc),)* }
        }
        /// The columns of a kind's list.
        pub fn columns(kind: Kind) -> &'static [Column] {
            match kind { $(Kind::$kind => <$model as Model>::COLUMNS,)* }
        }
        /// The paths a kind's history ignores.
        pub fn noise(kind: Kind) -> &'static [&'static str] {
            match kind { $(Kind::$kind => <$model as Model>::NOISE,)* }
        }
        /// Whether a difference belongs into a kind's history; see [`Model::tells`].
        pub fn tells(kind: Kind, change: &FieldChange) -> bool {
            match kind { $(Kind::$kind => <$model as Model>::tells(change),)* }
        }
        /// The top-level fields that only a single read gives; see [`Model::KEPT`].
        pub fn kept(kind: Kind) -> &'static [&'static str] {
            match kind { $(Kind::$kind => <$model as Model>::KEPT,)* }
        }
        /// The top-level fields that AWS refused to say in this document; see [`Model::UNTOLD`].
        pub fn untold(kind: Kind, doc: &Value) -> Vec<&'static str> {
            let fields = match kind { $(Kind::$kind => <$model as Model>::UNTOLD,)* };
            let refused = fields.iter().filter(|(reason, _)| doc.get(*reason).is_some_and(|reason| !reason.is_null()));
            refused.map(|(_, field)| *field).collect()
        }
        /// Whether these are the documents of two resources that had the same id one after the other; see [`Model::IDENTITY`].
        pub fn is_another(kind: Kind, before: &Value, doc: &Value) -> bool {
            let fields = match kind { $(Kind::$kind => <$model as Model>::IDENTITY,)* };
            fields.iter().any(|path| field(before, path).zip(field(doc, path)).is_some_and(|(before, now)| before != now))
        }
        /// In which way a kind's documents are read now; see [`Model::READING`].
        pub fn reading(kind: Kind) -> i16 {
            match kind { $(Kind::$kind => <$model as Model>::READING,)* }
        }
    };
}

models! {
    Function => crate::lambda::Function,
    FunctionVersion => crate::lambda::FunctionVersion,
    FunctionAlias => crate::lambda::FunctionAlias,
    FunctionUrl => crate::lambda::FunctionUrl,
    FunctionPermission => crate::lambda::Permission,
    EventInvokeConfig => crate::lambda::EventInvokeConfig,
    Layer => crate::lambda::Layer,
    EventSourceMapping => crate::lambda::EventSourceMapping,
    Service => crate::ecs::Service,
    Task => crate::ecs::Task,
    TaskDefinition => crate::ecs::TaskDefinition,
    Cluster => crate::ecs::Cluster,
    CapacityProvider => crate::ecs::CapacityProvider,
    EksCluster => crate::eks::Cluster,
    NodeGroup => crate::eks::NodeGroup,
    FargateProfile => crate::eks::FargateProfile,
    Addon => crate::eks::Addon,
    Pod => crate::eks::Pod,
    Repository => crate::ecr::Repository,
    Image => crate::ecr::Image,
    Registry => crate::ecr::registry::Registry,
    PublicRepository => crate::ecr_public::Repository,
    Role => crate::iam::Role,
    Vpc => crate::ec2::Vpc,
    Subnet => crate::ec2::Subnet,
    SecurityGroup => crate::ec2::SecurityGroup,
    Bucket => crate::s3::Bucket,
    Queue => crate::sqs::Queue,
    Topic => crate::sns::Topic,
    Table => crate::dynamodb::Table,
    Stream => crate::kinesis::Stream,
    LogGroup => crate::logs::LogGroup,
    Rule => crate::events::Rule,
    Schedule => crate::scheduler::Schedule,
    HttpApi => crate::apigateway::HttpApi,
    LoadBalancer => crate::elasticloadbalancing::LoadBalancer,
    TargetGroup => crate::elasticloadbalancing::TargetGroup,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_resource_of_the_same_id_is_told_by_what_never_changes() {
        let role = |id: &str| json!({"RoleName": "deploy", "RoleId": id});
        assert!(is_another(Kind::Role, &role("AROA1"), &role("AROA2")));
        assert!(!is_another(Kind::Role, &role("AROA1"), &role("AROA1")));
        assert!(!is_another(Kind::Role, &json!({"RoleName": "deploy"}), &role("AROA1")), "unknown is not different");
        let queue = |at: &str| json!({"Attributes": {"CreatedTimestamp": at}});
        assert!(is_another(Kind::Queue, &queue("1763000000"), &queue("1763000001")));
        let bucket = |at: &str| json!({"Name": "uploads", "CreationDate": at});
        assert!(!is_another(Kind::Bucket, &bucket("2025-01-01T00:00:00Z"), &bucket("2026-01-01T00:00:00Z")));
    }
}
