//! The field for a role that ECR assumes, with those of the account that let it below. An ARN can be pasted all the same.

use domain::listing::{ListQuery, Row};
use domain::{Kind, Scope};
use leptos::prelude::*;

use crate::ecr::offers::{Offer, offers, query, words};
use crate::wizard::TextField;

/// What ECR assumes the role for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assumes {
    /// To make repositories by a template.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html>
    Templates,
    /// To pull from a registry of another account.
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html>
    Cache,
}

impl Assumes {
    /// Whom such a role trusts, as lists of roles say it: without `.amazonaws.com`.
    const fn service(self) -> &'static str {
        match self {
            Assumes::Templates => "ecr",
            Assumes::Cache => "pullthroughcache.ecr",
        }
    }
    const fn label(self) -> &'static str {
        match self {
            Assumes::Templates => "Custom role",
            Assumes::Cache => "Role",
        }
    }
    const fn hint(self) -> &'static str {
        match self {
            Assumes::Templates => {
                "The role that ECR makes the repositories with; tags and a KMS key take one. Type a part of its name, or its ARN."
            }
            Assumes::Cache => {
                "The role that pulls from a registry of ECR in another account. Type a part of its name, or its ARN."
            }
        }
    }
    const fn none(self) -> &'static str {
        match self {
            Assumes::Templates => {
                "No role of this account that Gantry has collected trusts ecr.amazonaws.com. One that it has not can be named by its ARN."
            }
            Assumes::Cache => {
                "No role of this account that Gantry has collected trusts pullthroughcache.ecr.amazonaws.com. One that it has not can be named by its ARN."
            }
        }
    }
    /// Roles have no region.
    fn query(self, scope: &Scope, text: &str) -> ListQuery {
        let filters = [("trusted".to_owned(), vec![self.service().to_owned()])].into();
        ListQuery { regions: vec![], filters, ..query(Kind::Role, scope, text) }
    }
}

/// Those that can be given to ECR: service-linked roles are AWS's own.
fn offered(rows: &[Row]) -> Vec<Offer> {
    let own = |row: &&Row| row.gone.is_none() && !words(row, "path").starts_with("/aws-service-role/");
    let offer = |row: &Row| {
        let value = row.arn.clone()?;
        Some(Offer { value, name: row.name.clone(), about: words(row, "description"), first: false })
    };
    rows.iter().filter(own).filter_map(offer).collect()
}

/// The field; roles are offered while `wanted`.
pub(super) fn field(
    assumes: Assumes,
    scope: Scope,
    first: String,
    wanted: Memo<bool>,
    choose: impl Fn(String) + Copy + Send + Sync + 'static,
) -> AnyView {
    let (typed, scope) = (RwSignal::new(first), StoredValue::new(scope));
    let entered = move |text: String| {
        typed.set(text.clone());
        choose(text);
    };
    let ask = move |text: &str| scope.with_value(|scope| assumes.query(scope, text));
    // Made in the browser only, once they are wanted: nothing is listed while the page is rendered on the server.
    let roles = move || {
        let list = || offers("Roles to choose from", assumes.none(), typed.into(), typed, ask, offered, choose);
        wanted.get().then(list)
    };
    view! {
        <TextField label=assumes.label() name="role" value=typed.into() hint=assumes.hint() set=entered/>
        {roles}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use domain::resource::Cell;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    fn role(name: &str, path: &str) -> Row {
        let columns = domain::describe::columns(Kind::Role);
        let cell = |id: &str| match id {
            "path" => Cell::Text(path.to_owned()),
            "description" => Cell::Text("of the shop".to_owned()),
            _ => Cell::None,
        };
        Row {
            key: domain::ResourceKey { kind: Kind::Role, scope: scope().global(), id: name.to_owned() },
            name: name.to_owned(),
            arn: Some(format!("arn:aws:iam::111122223333:role{path}{name}")),
            state: None,
            cells: columns.iter().map(|column| cell(column.id)).collect(),
            tags: Default::default(),
            seen: Millis(0),
            changed: Millis(0),
            gone: None,
            parts: 0,
            matched: None,
        }
    }

    #[test]
    fn roles_of_the_account_that_let_ecr_are_offered_by_their_arn() {
        let query = Assumes::Cache.query(&scope(), "pull");
        assert_eq!((query.kind, query.text.as_str(), query.regions.len()), (Kind::Role, "pull", 0));
        assert_eq!(query.accounts, [scope().account]);
        assert_eq!(query.filters["trusted"], ["pullthroughcache.ecr"]);
        let rows =
            [role("templates", "/"), role("AWSServiceRoleForECRTemplate", "/aws-service-role/ecr.amazonaws.com/")];
        let offer = Offer {
            value: "arn:aws:iam::111122223333:role/templates".into(),
            name: "templates".into(),
            about: "of the shop".into(),
            first: false,
        };
        assert_eq!(offered(&rows), [offer]);
        let gone = Row { gone: Some(Millis(1)), ..role("templates", "/") };
        assert!(offered(&[gone]).is_empty());
    }
}
