//! For tests: a caller whose answers are written in the test, and a feed that remembers.

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use domain::resource::Observed;
use domain::{AccountId, Kind, Millis, Problem, Region, ResourceKey, Scope};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::call::Common;
use crate::clients::Clients;
use crate::limits::Turn;
use crate::sealing::Sealer;
use crate::{Caller, Feed};

type Answer = dyn Fn(&str, &Value) -> (u16, Value) + Send + Sync;

/// Stands where the network would be.
#[derive(Clone)]
struct Script(Arc<Answer>);

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = match request.headers().get("x-amz-target").and_then(|t| t.rsplit('.').next()) {
            Some(operation) => operation.to_owned(),
            None => format!("{} {}", request.method(), request.uri()),
        };
        let text = |bytes: &[u8]| Value::String(String::from_utf8_lossy(bytes).into_owned());
        let body = request.body().bytes().filter(|b| !b.is_empty());
        let input = body.map(|b| serde_json::from_slice(b).unwrap_or_else(|_| text(b))).unwrap_or_default();
        let (status, output) = (self.0)(&operation, &input);
        let output = match output {
            Value::String(xml) => xml,
            json => json.to_string(),
        };
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(output));
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// An endpoint that speaks AWS JSON: `answer` gets the operation's name (or method and address) and its input. For the query protocol the
/// input is the form as text, and an answer that is a text is XML.
pub(crate) fn sdk(answer: impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static) -> SdkConfig {
    let script = Script(Arc::new(answer));
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(script.clone()));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build()
}

/// A caller of [`sdk`].
pub(crate) fn caller(answer: impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static) -> Caller {
    let region = Region::parse("eu-west-1").unwrap();
    Caller {
        scope: Scope::new(AccountId::parse("111122223333").unwrap(), region.clone()),
        clients: Arc::new(Clients::new(sdk(answer), region)),
        common: Arc::new(Common::default()),
        sealer: Sealer::new(&[7; 32]),
        emulator: false,
        turn: Turn::default(),
        permit: None,
    }
}

/// Remembers what was delivered.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) known: HashSet<String>,
    /// References that others are to name.
    pub(crate) named: HashSet<String>,
    /// Field, id and what the document of that says in the field.
    pub(crate) said: Vec<(&'static str, String, String)>,
    pub(crate) left: Mutex<Value>,
    pub(crate) began: Millis,
    pub(crate) covers: Mutex<Option<Millis>>,
    pub(crate) still: Mutex<Vec<String>>,
    pub(crate) seen: Mutex<BTreeMap<String, Value>>,
    pub(crate) complete: Mutex<Vec<String>>,
    pub(crate) complete_of: Mutex<Vec<String>>,
    pub(crate) again: Mutex<Vec<String>>,
}

impl Memory {
    /// Documents by id.
    pub(crate) fn docs(&self) -> BTreeMap<String, Value> {
        self.seen.lock().unwrap().clone()
    }
    /// Ids of the parents said to be complete, sorted; `*` for the whole scope.
    pub(crate) fn complete(&self) -> Vec<String> {
        let mut complete = self.complete.lock().unwrap().clone();
        complete.sort();
        complete
    }
    /// Ids of those of which was said that what was not delivered is gone, sorted.
    pub(crate) fn complete_of(&self) -> Vec<String> {
        let mut complete = self.complete_of.lock().unwrap().clone();
        complete.sort();
        complete
    }
}

#[async_trait]
impl Feed for Memory {
    async fn seen(&self, batch: Vec<Observed>) -> Result<(), Problem> {
        self.seen.lock().unwrap().extend(batch.into_iter().map(|o| (o.key.id, o.doc)));
        Ok(())
    }
    async fn complete(&self, _kind: Kind, parent: Option<&ResourceKey>) -> Result<(), Problem> {
        self.complete.lock().unwrap().push(parent.map_or("*".to_owned(), |p| p.id.clone()));
        Ok(())
    }
    async fn complete_of(&self, _kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.complete_of.lock().unwrap().extend(ids);
        Ok(())
    }
    async fn known(&self, _kind: Kind) -> Result<HashSet<String>, Problem> {
        Ok(self.known.clone())
    }
    async fn again(&self, _kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.again.lock().unwrap().extend(ids);
        Ok(())
    }
    async fn named(&self, _by: &[Kind], prefix: &str) -> Result<HashSet<String>, Problem> {
        Ok(self.named.iter().filter(|reference| reference.starts_with(prefix)).cloned().collect())
    }
    async fn said(&self, _kind: Kind, field: &str) -> Result<HashMap<String, String>, Problem> {
        let of = self.said.iter().filter(|(of, ..)| *of == field);
        Ok(of.map(|(_, id, text)| (id.clone(), text.clone())).collect())
    }
    async fn left(&self) -> Result<Value, Problem> {
        Ok(self.left.lock().unwrap().clone())
    }
    async fn leave(&self, place: Value) -> Result<(), Problem> {
        *self.left.lock().unwrap() = place;
        Ok(())
    }
    fn began(&self) -> Millis {
        self.began
    }
    fn covers(&self, since: Option<Millis>) {
        *self.covers.lock().unwrap() = since;
    }
    async fn still(&self, _kind: Kind, ids: Vec<String>) -> Result<(), Problem> {
        self.still.lock().unwrap().extend(ids);
        Ok(())
    }
}
