//! An alias: a name for a version of a function, or for a split between two.

use std::collections::BTreeMap;

use super::function::{name_in_arn, unqualified};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation};

document! { "PascalCase";
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html>
    pub struct FunctionAlias {
        pub alias_arn: String,
        pub name: String,
        pub function_version: Option<String>,
        pub description: Option<String>,
        pub routing_config: Option<RoutingConfig>,
        pub revision_id: Option<String>,
    }
    /// The share of calls that goes to other versions: version → 0.0 to 1.0.
    pub struct RoutingConfig {
        pub additional_version_weights: BTreeMap<String, f64>,
    }
}

impl FunctionAlias {
    /// The function it belongs to.
    pub fn function(&self) -> &str {
        name_in_arn(&self.alias_arn)
    }
    fn weights(&self) -> impl Iterator<Item = (&String, f64)> {
        self.routing_config.iter().flat_map(|r| &r.additional_version_weights).map(|(v, w)| (v, *w))
    }
}

/// `10 %`, without digits that mean nothing.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

impl Model for FunctionAlias {
    const KIND: Kind = Kind::FunctionAlias;
    const COLUMNS: &'static [Column] = &[
        Column::text("function", "Function"),
        Column::text("version", "Version"),
        Column::text("routing", "Also routes to"),
        Column::text("description", "Description").form(Form::Sentence),
    ];
    const NOISE: &'static [&'static str] = &["RevisionId"];
    fn id(&self) -> String {
        if self.name.is_empty() || self.function().is_empty() {
            return String::new();
        }
        format!("{}:{}", self.function(), self.name)
    }
    fn name(&self) -> String {
        self.id()
    }
    fn arn(&self) -> Option<String> {
        Some(self.alias_arn.clone()).filter(|a| !a.is_empty())
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, self.function().to_owned()))
    }
    fn cells(&self) -> Vec<Cell> {
        let routing: Vec<String> = self.weights().map(|(v, w)| format!("version {v}: {}", percent(w))).collect();
        vec![
            Cell::Ref(unqualified(&self.alias_arn), self.function().to_owned()),
            Cell::opt(self.function_version.clone()),
            Cell::text(routing.join(", ")),
            Cell::opt(self.description.clone()),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let function = unqualified(&self.alias_arn);
        let rest = 1.0 - self.weights().map(|(_, w)| w).sum::<f64>();
        let main = self.function_version.iter().map(|v| (v, rest));
        let split = self.weights().count() > 0;
        main.chain(self.weights())
            .map(|(version, share)| {
                // $LATEST is the function itself.
                let target = if version == "$LATEST" { function.clone() } else { format!("{function}:{version}") };
                Link::new(Relation::Of, target).noting(split.then(|| format!("{} of calls", percent(share))))
            })
            .collect()
    }
}
