//! Permissions of functions that name an API. A policy knows an API by its id and people by its name: where the API is collected, the row of
//! the permission says the name.

use domain::resource::Described;
use domain::{AccountId, Arn, Kind, Region, Scope};

use super::entry::{Datum, Entry, Text};
use super::snapshot::Snapshot;
use super::table::Replacement;

/// Between who calls and what is called, in the name of a permission.
const ARROW: &str = " → ";

/// Where the column is that says on whose behalf a service calls.
fn source() -> Option<usize> {
    domain::describe::columns(Kind::FunctionPermission).iter().position(|column| column.id == "source")
}

/// What to call the API with this ARN: its name, or its id where it is not collected. `None` of everything else.
fn called(snapshot: &Snapshot, reference: &str) -> Option<Text> {
    let arn = Arn::parse(reference).ok().filter(|arn| arn.service() == "execute-api")?;
    let place = || Some(Scope::new(AccountId::parse(arn.account()).ok()?, Region::parse(arn.region()).ok()?));
    let api = || snapshot.table(Kind::HttpApi).find(snapshot.scope(&place()?)?, arn.resource());
    Some(api().map_or_else(|| arn.resource().into(), |api| api.name.clone()))
}

/// The permissions that should be called otherwise than they are.
pub fn permissions(snapshot: &Snapshot) -> Vec<Replacement> {
    let Some(column) = source() else { return vec![] };
    let renamed = snapshot.table(Kind::FunctionPermission).rows.iter().filter_map(|entry| {
        let Some(Datum::Ref(both)) = entry.cells.get(column) else { return None };
        let (reference, before) = &**both;
        let name = called(snapshot, reference).filter(|name| name != before)?;
        let mut next = (**entry).clone();
        // Others are called by whom they let in.
        if let Some((who, function)) = entry.name.rsplit_once(ARROW)
            && *who == **before
        {
            next.name = format!("{name}{ARROW}{function}").into();
        }
        next.cells[column] = Datum::Ref(Box::new((reference.clone(), name)));
        Some(((entry.scope, entry.id.clone()), Some(next)))
    });
    renamed.collect()
}

/// Puts what the row in memory says of an API into what was made from the document alone.
pub fn fill(described: &mut Described, entry: &Entry, kind: Kind) {
    if kind != Kind::FunctionPermission {
        return;
    }
    described.name = entry.name.to_string();
    if let Some(column) = source()
        && let (Some(cell), Some(known)) = (described.cells.get_mut(column), entry.cells.get(column))
    {
        *cell = known.cell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{scopes, table};
    use domain::ResourceKey;
    use domain::resource::{Cell, Observed};
    use serde_json::json;
    use std::sync::Arc;

    const API: &str = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3";

    fn permission(sid: &str, source: &str) -> Observed {
        let doc = json!({
            "Sid": sid, "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:orders", "Condition": {"ArnLike": {"AWS:SourceArn": source}}
        });
        let key = ResourceKey::new(Kind::FunctionPermission, scopes()[0].clone(), format!("orders/{sid}")).unwrap();
        Observed { key, doc }
    }

    fn api(name: &str) -> Observed {
        let key = ResourceKey::new(Kind::HttpApi, scopes()[0].clone(), "a1b2c3").unwrap();
        Observed { key, doc: json!({"ApiId": "a1b2c3", "Name": name, "ProtocolType": "HTTP"}) }
    }

    fn put(snapshot: &mut Snapshot, kind: Kind, rows: Vec<Observed>) {
        snapshot.tables[Snapshot::number(kind)] = Arc::new(table(kind, rows));
    }

    /// Names the permissions, and says how the first is called.
    fn name(snapshot: &mut Snapshot) -> (usize, String, Cell) {
        let rows = permissions(snapshot);
        let renamed = rows.len();
        let number = Snapshot::number(Kind::FunctionPermission);
        snapshot.tables[number] = Arc::new(snapshot.tables[number].with(rows, &snapshot.scopes));
        let entry = snapshot.tables[number].find(0, "orders/api").unwrap();
        (renamed, entry.name.to_string(), entry.cells[source().unwrap()].cell())
    }

    #[test]
    fn a_permission_calls_an_api_by_its_name_while_that_is_known() {
        let mut snapshot = Snapshot::default();
        Arc::make_mut(&mut snapshot.scopes).extend(scopes());
        let rows = vec![
            permission("api", &format!("{API}/*/POST/orders")),
            permission("bucket", "arn:aws:s3:::uploads"),
            permission("other", "arn:aws:execute-api:us-west-2:999988887777:zzz/*/*"),
        ];
        put(&mut snapshot, Kind::FunctionPermission, rows);
        let of = |text: &str| Cell::Ref(API.into(), text.into());
        assert_eq!(name(&mut snapshot), (0, "a1b2c3 → orders".into(), of("a1b2c3")));
        put(&mut snapshot, Kind::HttpApi, vec![api("Shop → public")]);
        assert_eq!(name(&mut snapshot), (1, "Shop → public → orders".into(), of("Shop → public")));
        assert_eq!(name(&mut snapshot).0, 0, "nothing changed");
        put(&mut snapshot, Kind::HttpApi, vec![api("Shop")]);
        assert_eq!(name(&mut snapshot), (1, "Shop → orders".into(), of("Shop")));

        let stored = permission("api", &format!("{API}/*/POST/orders"));
        let mut described = domain::describe::describe(stored.key.kind, &stored.key.scope, &stored.doc).unwrap();
        let entry = snapshot.find(&stored.key).unwrap();
        fill(&mut described, entry, Kind::FunctionPermission);
        assert_eq!((described.name.as_str(), &described.cells[source().unwrap()]), ("Shop → orders", &of("Shop")));

        put(&mut snapshot, Kind::HttpApi, vec![]);
        assert_eq!(name(&mut snapshot), (1, "a1b2c3 → orders".into(), of("a1b2c3")), "it is gone");
    }
}
