//! An HTTP or WebSocket API, its routes and what they lead to.

use std::collections::BTreeMap;

use crate::document::{document, partition, target};
use crate::events::target_text;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Form, Link, Model, Relation};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As GetApis gives it: <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>
    pub struct HttpApi {
        pub api_id: String,
        pub name: Option<String>,
        pub description: Option<String>,
        pub api_endpoint: Option<String>,
        /// `HTTP` or `WEBSOCKET`.
        pub protocol_type: Option<String>,
        pub created_date: Option<Timestamp>,
        pub version: Option<String>,
        pub route_selection_expression: Option<String>,
        pub disable_execute_api_endpoint: Option<bool>,
        pub ip_address_type: Option<String>,
        pub cors_configuration: Option<Cors>,
        pub tags: BTreeMap<String, String>,
        /// GetIntegrations' answer, sorted by id; absent while unknown.
        #[serde(rename = "gantry:integrations")]
        pub integrations: Option<Vec<Integration>>,
        /// GetRoutes' answer, sorted by key; absent while unknown.
        #[serde(rename = "gantry:routes")]
        pub routes: Option<Vec<Route>>,
    }
    /// <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html>
    pub struct Integration {
        pub integration_id: Option<String>,
        /// `AWS_PROXY`, `HTTP_PROXY` …
        pub integration_type: Option<String>,
        pub integration_subtype: Option<String>,
        pub integration_method: Option<String>,
        /// An ARN, or a web address without what can be secret in it ([`crate::document::without_secrets`]).
        pub integration_uri: Option<String>,
        pub connection_type: Option<String>,
        pub connection_id: Option<String>,
        pub credentials_arn: Option<String>,
        pub payload_format_version: Option<String>,
        pub timeout_in_millis: Option<i32>,
    }
    /// <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html>
    pub struct Route {
        pub route_id: Option<String>,
        /// `GET /orders/{id}`, `$default`.
        pub route_key: Option<String>,
        /// `integrations/` and the id of an integration.
        pub target: Option<String>,
        pub authorization_type: Option<String>,
        pub authorizer_id: Option<String>,
    }
    /// <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html>
    pub struct Cors {
        pub allow_credentials: Option<bool>,
        pub allow_headers: Vec<String>,
        pub allow_methods: Vec<String>,
        pub allow_origins: Vec<String>,
        pub expose_headers: Vec<String>,
        /// In seconds.
        pub max_age: Option<i32>,
    }
}

impl HttpApi {
    /// Fields that the list does not give.
    pub const FROM_PARTS: &'static [&'static str] = &["gantry:integrations", "gantry:routes"];
}

impl Model for HttpApi {
    const KIND: Kind = Kind::HttpApi;
    const COLUMNS: &'static [Column] = &[
        Column::text("protocol", "Protocol").facet().word(),
        Column::number("routes", "Routes"),
        Column::text("targets", "Leads to"),
        Column::text("endpoint", "Endpoint"),
        Column::text("created", "Created"),
        Column::text("description", "Description").form(Form::Sentence).hidden(),
    ];
    const KEPT: &'static [&'static str] = Self::FROM_PARTS;
    const READING: i16 = 2;
    fn id(&self) -> String {
        self.api_id.clone()
    }
    fn name(&self) -> String {
        self.name.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| self.api_id.clone())
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn tags(&self) -> BTreeMap<String, String> {
        self.tags.clone()
    }
    fn created(&self) -> Option<Millis> {
        self.created_date.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let integrations = self.integrations.iter().flatten().filter_map(|i| i.integration_uri.as_deref());
        let mut targets: Vec<String> = integrations.map(target_text).collect();
        targets.sort();
        targets.dedup();
        vec![
            Cell::opt(self.protocol_type.clone()),
            self.routes.as_ref().map_or(Cell::None, |r| Cell::Number(i64::try_from(r.len()).unwrap_or(i64::MAX))),
            if targets.is_empty() { Cell::None } else { Cell::List(targets) },
            self.api_endpoint.clone().map_or(Cell::None, Cell::Mono),
            Cell::time(self.created()),
            Cell::opt(self.description.clone()),
        ]
    }
    fn refs(&self, scope: &Scope) -> Vec<String> {
        let Scope { account, region } = scope;
        let partition = partition(region);
        let mut refs = vec![
            format!("arn:{partition}:apigateway:{region}::/apis/{}", self.api_id),
            format!("arn:{partition}:execute-api:{region}:{account}:{}", self.api_id),
        ];
        refs.extend(self.api_endpoint.clone());
        refs
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        let integrations = self.integrations.iter().flatten();
        let of = |i: &Integration| {
            let uri = i.integration_uri.as_deref().filter(|u| u.starts_with("arn:"));
            let role = i.credentials_arn.as_deref().filter(|arn| arn.contains(":role/"));
            let uri = uri.map(|u| Link::new(Relation::Triggers, target(u)));
            uri.into_iter().chain(role.map(|r| Link::new(Relation::Role, r))).collect::<Vec<_>>()
        };
        integrations.flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;

    #[test]
    fn an_api_triggers_the_functions_of_its_integrations() {
        let function = "arn:aws:lambda:us-west-2:123456789012:function:orders";
        let doc = serde_json::json!({
            "ApiEndpoint": "https://a1b2c3d4.execute-api.us-west-2.amazonaws.com", "ApiId": "a1b2c3d4",
            "CreatedDate": "2020-04-09T18:44:39Z", "Name": "shop", "ProtocolType": "HTTP",
            "RouteSelectionExpression": "$request.method $request.path", "Tags": {"team": "shop"},
            "gantry:integrations": [
                {"IntegrationId": "0b1z", "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
                 "IntegrationUri": format!("arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/{function}/invocations")},
                {"IntegrationId": "1b1z", "IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://example.com/{proxy}"}
            ],
            "gantry:routes": [{"RouteId": "r1", "RouteKey": "GET /orders", "Target": "integrations/0b1z"}]
        });
        let scope = Scope::new("123456789012".parse().unwrap(), "us-west-2".parse().unwrap());
        let seen = describe(Kind::HttpApi, &scope, &doc).unwrap();
        assert_eq!(seen.links, [Link::new(Relation::Triggers, function)]);
        assert_eq!(seen.cells[1], Cell::Number(1));
        assert_eq!(seen.cells[2], Cell::List(vec!["https://example.com/{proxy}".into(), "lambda orders".into()]));
        assert!(seen.refs.contains(&"arn:aws:apigateway:us-west-2::/apis/a1b2c3d4".to_owned()));
        assert_eq!(seen.cells.len(), HttpApi::COLUMNS.len());
    }
}
