//! HTTP and WebSocket APIs with their integrations and routes.

use aws_sdk_apigatewayv2::operation::get_api::GetApiOutput;
use aws_sdk_apigatewayv2::types;
use domain::apigateway::{Cors, HttpApi, Integration, Route};
use domain::document::without_secrets;
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, sorted, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// All reads of API Gateway need the same permission.
const GET: &str = "apigateway:GET";
/// The largest page; the API takes it as a text.
const PAGE: &str = "500";

/// Reads all APIs. One whose integrations or routes cannot be read is delivered without them.
pub(crate) async fn collect_http_apis(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new(GET);
    while let Some(token) = pages.next() {
        let request = caller.clients().apigatewayv2().get_apis().max_results(PAGE).set_next_token(token);
        let page = caller.call(Bucket::ApiGateway, GET, Some("/apis"), request.send()).await?;
        let listed = page.items.into_iter().flatten().map(document).collect();
        let mut batch = vec![];
        for (api, parts) in each(listed, |api| complete(caller, api)).await {
            if trouble.past(absent(parts))? != Some(None) {
                batch.push(caller.observed(&api)?);
            }
        }
        feed.seen(batch).await?;
        pages.then(page.next_token)?;
    }
    feed.complete(Kind::HttpApi, None).await?;
    trouble.end()
}

/// One API.
pub(crate) async fn fetch_http_api(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().apigatewayv2().get_api().api_id(&key.id);
    let answer = caller.call(Bucket::ApiGateway, GET, Some(&key.id), request.send()).await;
    let Some(api) = absent(answer)? else { return Ok(None) };
    let (api, parts) = complete(caller, document(listed(api))).await;
    match absent(parts)? {
        Some(()) => caller.observed(&api).map(Some),
        None => Ok(None),
    }
}

async fn complete(caller: &Caller, mut api: HttpApi) -> (HttpApi, Result<(), Problem>) {
    let result = async {
        let mut integrations = vec![];
        let mut pages = Pages::new(GET);
        while let Some(token) = pages.next() {
            let request = caller.clients().apigatewayv2().get_integrations().api_id(&api.api_id);
            let request = request.max_results(PAGE).set_next_token(token);
            let page = caller.call(Bucket::ApiGateway, GET, Some(&api.api_id), request.send()).await?;
            integrations.extend(page.items.into_iter().flatten().map(integration));
            pages.then(page.next_token)?;
        }
        integrations.sort_by(|a, b| a.integration_id.cmp(&b.integration_id));
        api.integrations = Some(integrations);
        let mut routes = vec![];
        let mut pages = Pages::new(GET);
        while let Some(token) = pages.next() {
            let request = caller.clients().apigatewayv2().get_routes().api_id(&api.api_id);
            let request = request.max_results(PAGE).set_next_token(token);
            let page = caller.call(Bucket::ApiGateway, GET, Some(&api.api_id), request.send()).await?;
            routes.extend(page.items.into_iter().flatten().map(route));
            pages.then(page.next_token)?;
        }
        routes.sort_by(|a, b| (&a.route_key, &a.route_id).cmp(&(&b.route_key, &b.route_id)));
        api.routes = Some(routes);
        Ok(())
    }
    .await;
    (api, result)
}

/// GetApi answers with an API's fields one by one, GetApis with APIs.
fn listed(a: GetApiOutput) -> types::Api {
    types::Api::builder()
        .set_api_id(a.api_id)
        .set_name(a.name)
        .set_description(a.description)
        .set_api_endpoint(a.api_endpoint)
        .set_protocol_type(a.protocol_type)
        .set_created_date(a.created_date)
        .set_version(a.version)
        .set_route_selection_expression(a.route_selection_expression)
        .set_disable_execute_api_endpoint(a.disable_execute_api_endpoint)
        .set_ip_address_type(a.ip_address_type)
        .set_cors_configuration(a.cors_configuration)
        .set_tags(a.tags)
        .build()
}

fn document(a: types::Api) -> HttpApi {
    HttpApi {
        api_id: a.api_id.unwrap_or_default(),
        name: a.name,
        description: a.description,
        api_endpoint: a.api_endpoint,
        protocol_type: word(a.protocol_type),
        created_date: when(a.created_date),
        version: a.version,
        route_selection_expression: a.route_selection_expression,
        disable_execute_api_endpoint: a.disable_execute_api_endpoint,
        ip_address_type: word(a.ip_address_type),
        cors_configuration: a.cors_configuration.map(|c| Cors {
            allow_credentials: c.allow_credentials,
            allow_headers: c.allow_headers.unwrap_or_default(),
            allow_methods: c.allow_methods.unwrap_or_default(),
            allow_origins: c.allow_origins.unwrap_or_default(),
            expose_headers: c.expose_headers.unwrap_or_default(),
            max_age: c.max_age,
        }),
        tags: sorted(a.tags),
        integrations: None,
        routes: None,
    }
}

fn integration(i: types::Integration) -> Integration {
    Integration {
        integration_id: i.integration_id,
        integration_type: word(i.integration_type),
        integration_subtype: i.integration_subtype,
        integration_method: i.integration_method,
        integration_uri: i.integration_uri.as_deref().map(without_secrets),
        connection_type: word(i.connection_type),
        connection_id: i.connection_id,
        credentials_arn: i.credentials_arn,
        payload_format_version: i.payload_format_version,
        timeout_in_millis: i.timeout_in_millis,
    }
}

fn route(r: types::Route) -> Route {
    Route {
        route_id: r.route_id,
        route_key: r.route_key,
        target: r.target,
        authorization_type: word(r.authorization_type),
        authorizer_id: r.authorizer_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Memory, caller};
    use serde_json::json;

    #[tokio::test]
    async fn what_is_secret_in_the_address_of_an_integration_is_not_kept() {
        let caller = caller(|operation, _| match operation {
            o if o.contains("/integrations") => {
                let uri = "https://shop:hunter2@legacy.example.com/{proxy}?api_key=hunter3";
                (
                    200,
                    json!({"items": [{"integrationId": "i1", "integrationType": "HTTP_PROXY", "integrationUri": uri}]}),
                )
            }
            o if o.contains("/routes") => (200, json!({"items": []})),
            o if o.contains("/apis") => {
                (200, json!({"items": [{"apiId": "a1", "name": "shop", "protocolType": "HTTP"}]}))
            }
            other => panic!("{other}"),
        });
        let feed = Memory::default();
        collect_http_apis(&caller, &feed).await.unwrap();
        let uri = &feed.docs()["a1"]["gantry:integrations"][0]["IntegrationUri"];
        assert_eq!(uri, "https://legacy.example.com/{proxy}");
    }
}
