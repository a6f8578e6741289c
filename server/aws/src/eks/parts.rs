//! What a cluster has, cluster by cluster: a cluster that cannot be read keeps what is known of it, and the others go on.

use domain::eks::{Addon, FargateProfile, NodeGroup};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use super::clusters::names;
use super::document;
use crate::gather::{Trouble, each, orphans};
use crate::wire::take;
use crate::{Bucket, Caller, Feed, Pages, absent};

/// A collector and a fetcher of one kind of part: its three names in the SDK, the fields of the list and of the answer, and that of its name.
macro_rules! parts {
    ($kind:expr, $model:ty, $collect:ident, $fetch:ident, $read:ident,
     $list:ident ($list_operation:literal, $listed:ident),
     $describe:ident ($describe_operation:literal, $name:ident, $answer:literal, $called:literal)) => {
        pub(crate) async fn $collect(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
            async fn of(
                caller: &Caller,
                feed: &dyn Feed,
                cluster: &str,
                trouble: &mut Trouble,
            ) -> Result<bool, Problem> {
                let mut pages = Pages::new($list_operation);
                while let Some(token) = pages.next() {
                    let request =
                        caller.clients().eks().$list().cluster_name(cluster).max_results(100).set_next_token(token);
                    let page = absent(caller.call(Bucket::Eks, $list_operation, Some(cluster), request.send()).await)?;
                    // Deleted since the list was read: it has nothing.
                    let Some(page) = page else { break };
                    let names = page.$listed.unwrap_or_default();
                    let mut batch = vec![];
                    let read = |name: String| async move {
                        let part = $read(caller, cluster, &name).await;
                        (format!("{cluster}/{name}"), part)
                    };
                    for (id, part) in each(names, read).await {
                        batch.extend(trouble.past_listed(id, part)?);
                    }
                    feed.seen(batch).await?;
                    pages.then(page.next_token)?;
                }
                let key = ResourceKey::new(Kind::EksCluster, caller.scope().clone(), cluster)?;
                trouble.complete(feed, $kind, Some(&key)).await
            }
            let known = feed.known($kind).await?;
            let clusters = names(caller).await?;
            let (mut trouble, mut whole) = (Trouble::default(), true);
            for cluster in &clusters {
                let read = of(caller, feed, cluster, &mut trouble).await;
                whole &= trouble.past(read)?.unwrap_or(false);
            }
            let kinds = ($kind, Kind::EksCluster);
            orphans(caller, feed, kinds, &clusters, &known, |id| Some(id.split_once('/')?.0)).await?;
            if whole {
                feed.complete($kind, None).await?;
            }
            trouble.end()
        }

        pub(crate) async fn $fetch(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
            match key.id.split_once('/') {
                Some((cluster, name)) => $read(caller, cluster, name).await,
                None => Ok(None),
            }
        }

        async fn $read(caller: &Caller, cluster: &str, name: &str) -> Result<Option<Observed>, Problem> {
            let request = caller.clients().eks().$describe().cluster_name(cluster).$name(name);
            let answer = caller.call_raw(Bucket::Eks, $describe_operation, Some(name), request.send()).await;
            let Some((_, mut raw)) = absent(answer)? else { return Ok(None) };
            let doc = document(caller, take(&mut raw, $answer), &[("clusterName", cluster), ($called, name)]);
            doc.map(|doc| caller.observed_raw::<$model>(doc)).transpose()
        }
    };
}

parts!(
    Kind::NodeGroup,
    NodeGroup,
    collect_node_groups,
    fetch_node_group,
    node_group,
    list_nodegroups("eks:ListNodegroups", nodegroups),
    describe_nodegroup("eks:DescribeNodegroup", nodegroup_name, "nodegroup", "nodegroupName")
);
parts!(
    Kind::FargateProfile,
    FargateProfile,
    collect_fargate_profiles,
    fetch_fargate_profile,
    fargate_profile,
    list_fargate_profiles("eks:ListFargateProfiles", fargate_profile_names),
    describe_fargate_profile(
        "eks:DescribeFargateProfile",
        fargate_profile_name,
        "fargateProfile",
        "fargateProfileName"
    )
);
parts!(
    Kind::Addon,
    Addon,
    collect_addons,
    fetch_addon,
    addon,
    list_addons("eks:ListAddons", addons),
    describe_addon("eks:DescribeAddon", addon_name, "addon", "addonName")
);
