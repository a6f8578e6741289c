//! What was collected beside the name of a new repository ([`domain::ecr::names`]).

use domain::ecr::names::{Beside, MOST_PLACES, Namesake, namespaces};
use domain::{Kind, Scope};
use std::collections::BTreeMap;

use super::entry::{Entry, Text};
use super::snapshot::Snapshot;

/// Beside a repository of this name in this scope, whether or not there is one.
pub fn beside(snapshot: &Snapshot, scope: &Scope, name: &str) -> Beside {
    let live = || snapshot.table(Kind::Repository).rows.iter().filter(|entry| entry.gone.is_none());
    let of_account = |entry: &Entry| {
        let place = snapshot.scopes.get(usize::from(entry.scope));
        place.is_some_and(|place| place.account == scope.account)
    };
    let own = live().filter(|entry| of_account(entry)).map(|entry| &*entry.id);
    let namespaces = namespaces(own);
    let here = snapshot.scope(scope);
    let same = live().filter(|entry| *entry.id == *name && Some(entry.scope) != here);
    let mut images: BTreeMap<u16, u32> = same.map(|entry| (entry.scope, 0)).collect();
    if !images.is_empty() {
        for image in snapshot.table(Kind::Image).rows.iter().filter(|entry| entry.gone.is_none()) {
            let inside = |(kind, id): &(Kind, Text)| *kind == Kind::Repository && **id == *name;
            if image.part_of.is_none()
                && image.parent.as_ref().is_some_and(inside)
                && let Some(count) = images.get_mut(&image.scope)
            {
                *count += 1;
            }
        }
    }
    let namesake = |(n, count): (u16, u32)| {
        let scope = snapshot.scopes.get(usize::from(n))?.clone();
        Some(Namesake { scope, images: snapshot.covered(Kind::Image, n).map(|_| count) })
    };
    let mut elsewhere: Vec<Namesake> = images.into_iter().filter_map(namesake).collect();
    elsewhere.sort_by(|a, b| a.scope.cmp(&b.scope));
    elsewhere.truncate(MOST_PLACES);
    Beside { elsewhere, namespaces }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{scopes, table};
    use domain::resource::Observed;
    use domain::{Millis, ResourceKey};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn observed(kind: Kind, scope: usize, id: &str, doc: Value) -> Observed {
        Observed { key: ResourceKey::new(kind, scopes()[scope].clone(), id).unwrap(), doc }
    }

    fn repository(scope: usize, name: &str) -> Observed {
        observed(Kind::Repository, scope, name, json!({ "repositoryName": name }))
    }

    fn image(scope: usize, name: &str, digit: char) -> Observed {
        let digest = format!("sha256:{}", digit.to_string().repeat(64));
        let doc = json!({ "registryId": scopes()[scope].account, "repositoryName": name, "imageDigest": digest });
        observed(Kind::Image, scope, &format!("{name}@{digest}"), doc)
    }

    fn snapshot(rows: [(Kind, Vec<Observed>); 2]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        *Arc::make_mut(&mut snapshot.scopes) = scopes();
        for (kind, rows) in rows {
            snapshot.tables[Snapshot::number(kind)] = Arc::new(table(kind, rows));
        }
        Arc::make_mut(&mut snapshot.covers).insert((Kind::Image, 2), Millis(1));
        snapshot
    }

    #[test]
    fn namesakes_are_those_elsewhere_and_namespaces_those_of_the_account() {
        let repositories =
            vec![repository(0, "shop/web"), repository(1, "shop/web"), repository(2, "shop/web"), repository(2, "b/c")];
        let images =
            vec![image(2, "shop/web", 'a'), image(2, "shop/web", 'b'), image(2, "b/c", 'c'), image(1, "shop/web", 'd')];
        let snapshot = snapshot([(Kind::Repository, repositories), (Kind::Image, images)]);
        let told = beside(&snapshot, &scopes()[0], "shop/web");
        let places: Vec<(Scope, Option<u32>)> = told.elsewhere.into_iter().map(|n| (n.scope, n.images)).collect();
        // Images that were never read are not none.
        assert_eq!(places, [(scopes()[1].clone(), None), (scopes()[2].clone(), Some(2))]);
        let prefixes: Vec<(String, u32)> = told.namespaces.into_iter().map(|n| (n.prefix, n.repositories)).collect();
        assert_eq!(prefixes, [("shop/".to_owned(), 2)]);
        assert_eq!(
            beside(&snapshot, &scopes()[0], "web"),
            Beside { elsewhere: vec![], ..beside(&snapshot, &scopes()[0], "") }
        );
    }
}
