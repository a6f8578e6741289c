//! The ends of a resource's arrows as people read them: which stand together, what each is called. Pure.

use domain::listing::{Capped, Connection, Detail, capital};
use domain::resource::{Relation, Tone};
use domain::{Arn, Kind, ResourceKey};

use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::sections::short;
use crate::ui::format::{counted, number};

/// A longer name leaves no room beside it.
const ROOM: usize = 20;

/// Arrows with the same meaning to the same kind.
#[derive(Debug)]
pub struct Group {
    /// What they mean: "Triggered by"; `None` if it is that of the group before.
    pub heading: Option<String>,
    /// All of them as one link, where a tab or a list shows them better.
    pub whole: Option<Whole>,
    /// Else each.
    pub ends: Vec<End>,
    /// Where there are more than the server tells: "The first 100 of 1,204 functions", and the list that shows all, without scope, if
    /// there is one.
    pub rest: Option<(String, Option<String>)>,
}

/// Many at once.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// What they are.
    pub kind: Kind,
    /// "9 images"
    pub words: String,
    /// Where they are shown, without scope.
    pub href: String,
    /// How many need a person.
    pub trouble: usize,
}

/// One end.
#[derive(Debug)]
pub struct End {
    /// The arrow.
    pub connection: Connection,
    /// What to call it.
    pub name: String,
    /// What stands under the name.
    pub under: String,
    /// What stands beside it.
    pub beside: Option<String>,
}

/// All arrows, grouped by what they mean and where they lead.
pub fn groups(detail: &Detail, boot: &Boot) -> Vec<Group> {
    let mut sorted: Vec<(&'static str, Option<Kind>, Vec<&Connection>)> = vec![];
    for c in &detail.connected {
        let word = meaning(detail.row.key.kind, c.relation, c.outgoing);
        let kind = c.key.as_ref().map(|k| k.kind);
        match sorted.iter_mut().find(|(w, k, _)| (*w, *k) == (word, kind)) {
            Some((_, _, list)) => list.push(c),
            // Beside those with the same meaning.
            None => {
                let at = sorted.iter().rposition(|(w, _, _)| *w == word).map_or(sorted.len(), |n| n + 1);
                sorted.insert(at, (word, kind, vec![c]));
            }
        }
    }
    let own = detail.row.key.kind;
    let mut before = "";
    let group = sorted.into_iter().map(|(word, kind, list)| {
        let heading = (word != before).then(|| capital(word));
        before = word;
        let of = |c: &&Capped| Some(c.kind) == kind && meaning(own, c.relation, c.outgoing) == word;
        let untold: i64 = detail.capped.iter().filter(of).map(|c| i64::from(c.total) - i64::from(c.told)).sum();
        let all = list.len() as i64 + untold;
        // One alone can say its name.
        let whole = kind.filter(|_| !list[0].outgoing && list.len() > 1).and_then(|kind| {
            let trouble = |c: &&&Connection| c.state.as_ref().is_some_and(|s| matches!(s.tone, Tone::Bad | Tone::Warn));
            Some(Whole {
                kind,
                words: counted(all, kind.singular(), kind.plural()),
                href: shown_whole(detail, kind)?,
                trouble: list.iter().filter(trouble).count(),
            })
        });
        let rest = kind.filter(|_| untold > 0 && whole.is_none()).map(|kind| {
            let words = counted(all, kind.singular(), kind.plural());
            (format!("The first {} of {words}", number(list.len() as i64)), listed(detail, kind))
        });
        let each = if whole.is_some() { &[] } else { list.as_slice() };
        let ends = each.iter().map(|c| {
            let twice = each.iter().filter(|other| other.name == c.name).count() > 1;
            end(c, twice, boot)
        });
        Group { heading, ends: ends.collect(), whole, rest }
    });
    group.collect()
}

/// What an arrow means on the page of this kind.
fn meaning(own: Kind, relation: Relation, outgoing: bool) -> &'static str {
    match (own, relation, outgoing) {
        (Kind::Function, Relation::Of, false) => "versions",
        (Kind::FunctionVersion, Relation::Of, true) => "version of",
        (Kind::FunctionAlias, Relation::Of, true) => "points to",
        (Kind::TaskDefinition, Relation::Of, false) => "run by",
        (Kind::Service | Kind::Task, Relation::Of, true) => "runs",
        (Kind::Image, Relation::Of, true) => "about",
        (Kind::Image, Relation::Of, false) => "signatures and other artifacts",
        (_, relation, true) => relation.forward(),
        (_, relation, false) => relation.backward(),
    }
}

/// Where all children of this kind are shown, if a place is made for them.
fn shown_whole(detail: &Detail, kind: Kind) -> Option<String> {
    let own = &detail.row.key;
    let tab = match (own.kind, kind) {
        (Kind::Function, Kind::FunctionVersion | Kind::FunctionAlias) => "versions",
        (Kind::Function, Kind::FunctionUrl | Kind::FunctionPermission) => "triggers",
        (Kind::Function, Kind::EventInvokeConfig) => "configuration",
        (Kind::Cluster, Kind::Service) | (Kind::Repository, Kind::Image) => "overview",
        (Kind::Cluster | Kind::Service, Kind::Task) => "tasks",
        (Kind::EksCluster, Kind::NodeGroup | Kind::FargateProfile) => "compute",
        (Kind::EksCluster, Kind::Addon) => "addons",
        (Kind::EksCluster, Kind::Pod) => "pods",
        (Kind::TaskDefinition, Kind::Task) => return Some(beside(own, kind, "definition", &detail.row.name)),
        _ => return None,
    };
    Some(paths::tab(own, tab))
}

/// The list of what of this kind is connected, where it has a filter for that.
fn listed(detail: &Detail, kind: Kind) -> Option<String> {
    let own = &detail.row.key;
    let has = |filter: &str| domain::describe::columns(kind).iter().any(|column| column.id == filter && column.facet);
    match own.kind {
        Kind::Vpc if has("vpc") => Some(beside(own, kind, "vpc", &own.id)),
        _ => None,
    }
}

/// The list of a kind in the account and region of a resource, filtered.
fn beside(own: &ResourceKey, kind: Kind, filter: &str, value: &str) -> String {
    let here = Scopes { accounts: vec![own.scope.account.clone()], regions: vec![own.scope.region.clone()] };
    here.on(&paths::filtered(kind, filter, value))
}

fn end(c: &Connection, twice: bool, boot: &Boot) -> End {
    let place = |key: &ResourceKey| format!("{} · {}", boot.account_name(&key.scope.account), key.scope.region);
    let (name, kind, last) = match &c.key {
        Some(key) => (c.name.clone(), Some(key.kind.singular().to_owned()), twice.then(|| place(key))),
        None => {
            let (name, kind) = uncollected(&c.name);
            (name, kind, Some(c.absence().to_owned()))
        }
    };
    // Where the heading says it, the kind need not.
    let said =
        c.outgoing && matches!(c.relation, Relation::Role | Relation::ExecutionRole | Relation::Image | Relation::Logs);
    let kind = kind.filter(|_| !said);
    let under: Vec<String> = c.note.clone().into_iter().chain(last).collect();
    match kind {
        Some(kind) if !under.is_empty() || name.chars().count() > ROOM => {
            let under = [kind].into_iter().chain(under).collect::<Vec<_>>();
            End { connection: c.clone(), name, under: under.join(" · "), beside: None }
        }
        kind => End { connection: c.clone(), name, under: under.join(" · "), beside: kind },
    }
}

/// What people call what a reference means, and what it is: "vpc-1", "VPC" of `ec2.vpc/111122223333/eu-west-1/vpc-1`.
fn uncollected(reference: &str) -> (String, Option<String>) {
    if let Ok(key) = ResourceKey::parse(reference) {
        return (key.id.clone(), Some(key.kind.singular().to_owned()));
    }
    if let Ok(arn) = Arn::parse(reference) {
        let kind = match arn.service() {
            "sqs" => "queue",
            "sns" => "topic",
            "s3" => "bucket",
            _ => reference.splitn(6, ':').nth(5).and_then(|r| r.split([':', '/']).next()).unwrap_or_default(),
        };
        return (short(reference).to_owned(), Some(kind.replace('-', " ")).filter(|k| !k.is_empty()));
    }
    // An image without its registry: host names have a dot or a port.
    let name = match reference.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) => rest,
        _ => reference,
    };
    (name.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::services::Instance;
    use domain::{Millis, resource::State};

    fn boot() -> Boot {
        let accounts = vec![("111122223333".parse().unwrap(), "prod".to_owned())];
        let instance = Instance { sandbox: false, version: String::new(), accounts, regions: vec![], password_min: 15 };
        Boot { actor: None, instance, now: Millis(0), shows: 0, modules: Default::default() }
    }

    fn to(relation: Relation, outgoing: bool, key: &str, name: &str) -> Connection {
        let key = ResourceKey::parse(key).ok();
        Connection { relation, outgoing, key, name: name.into(), state: None, note: None, missing: false, within: None }
    }

    fn detail(key: &str, connected: Vec<Connection>) -> Detail {
        Detail { connected, ..crate::resource::tests::detail(key) }
    }

    #[test]
    fn children_are_one_link_with_their_number() {
        let image = |n: u32| to(Relation::In, false, &format!("ecr.image/111122223333/eu-west-1/shop@sha256:{n}"), "x");
        let mut images: Vec<Connection> = (0..9).map(image).collect();
        images[0].state = Some(State::new("critical", Tone::Bad));
        let groups = groups(&detail("ecr.repository/111122223333/eu-west-1/shop", images), &boot());
        let whole = groups[0].whole.as_ref().unwrap();
        assert_eq!((whole.words.as_str(), whole.trouble), ("9 images", 1));
        assert_eq!(whole.href, "/repositories/111122223333/eu-west-1/shop?tab=overview");
        assert!(groups[0].ends.is_empty());
        assert_eq!(groups[0].heading.as_deref(), Some("Contains"));
    }

    #[test]
    fn what_is_not_told_is_counted_and_led_to_where_a_list_has_a_filter_for_it() {
        let of = |kind: &'static str, relation| {
            move |n: u32| to(relation, false, &format!("{kind}/111122223333/eu-west-1/x{n}"), "x")
        };
        let capped = |kind, relation, total| Capped { relation, outgoing: false, kind, told: 3, total };
        let vpc = Detail {
            capped: vec![
                capped(Kind::Function, Relation::Network, 1204),
                capped(Kind::Task, Relation::Network, 5),
                capped(Kind::Service, Relation::Role, 9),
            ],
            ..detail(
                "ec2.vpc/111122223333/eu-west-1/vpc-1",
                (0..3)
                    .map(of("lambda.function", Relation::Network))
                    .chain((0..3).map(of("ecs.task", Relation::Network)))
                    .chain((0..3).map(of("ecs.service", Relation::Network)))
                    .collect(),
            )
        };
        let groups = groups(&vpc, &boot());
        let rest: Vec<_> = groups.iter().map(|group| group.rest.clone()).collect();
        let list = "/functions?vpc=vpc-1&account=111122223333&region=eu-west-1";
        let functions = Some(("The first 3 of 1,204 functions".to_owned(), Some(list.to_owned())));
        assert_eq!(rest, [functions, Some(("The first 3 of 5 tasks".to_owned(), None)), None]);
        // Where a tab or a list shows all of them, its link says how many there are.
        let images = (0..3).map(of("ecr.image", Relation::In)).collect();
        let repository = Detail {
            capped: vec![capped(Kind::Image, Relation::In, 2000)],
            ..detail("ecr.repository/111122223333/eu-west-1/shop", images)
        };
        let groups = super::groups(&repository, &boot());
        assert_eq!((groups[0].whole.as_ref().unwrap().words.as_str(), &groups[0].rest), ("2,000 images", &None));
    }

    #[test]
    fn the_same_name_twice_says_where() {
        let of = |region: &str| {
            to(Relation::Role, false, &format!("lambda.function/111122223333/{region}/orders-api"), "orders-api")
        };
        let role = detail("iam.role/111122223333/global/r", vec![of("eu-west-1"), of("us-east-1")]);
        let groups = groups(&role, &boot());
        assert_eq!(groups[0].ends[0].under, "function · prod · eu-west-1");
        assert_eq!(groups[0].ends[1].under, "function · prod · us-east-1");
    }

    #[test]
    fn what_does_not_exist_is_told_from_what_is_not_collected() {
        let image = |missing| Connection { missing, ..to(Relation::Image, true, "", "r.example/web:2") };
        let service = detail("ecs.service/111122223333/eu-west-1/shop/web", vec![image(true)]);
        assert_eq!(groups(&service, &boot())[0].ends[0].under, "does not exist");
        let service = detail("ecs.service/111122223333/eu-west-1/shop/web", vec![image(false)]);
        assert_eq!(groups(&service, &boot())[0].ends[0].under, "not collected");
    }

    #[test]
    fn what_is_not_collected_has_a_short_name_and_a_kind() {
        for (reference, name, kind) in [
            ("ec2.vpc/111122223333/eu-west-1/vpc-1", "vpc-1", Some("VPC")),
            (
                "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
                "AWSServiceRoleForECS",
                Some("role"),
            ),
            ("arn:aws:sqs:eu-west-1:111122223333:orders", "orders", Some("queue")),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "/aws/lambda/f", Some("log group")),
            ("public.ecr.aws/nginx/nginx:1.27", "nginx/nginx:1.27", None),
            ("library/nginx", "library/nginx", None),
        ] {
            assert_eq!(uncollected(reference), (name.to_owned(), kind.map(str::to_owned)));
        }
    }
}
