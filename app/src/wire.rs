//! How answers travel from the server: in the page it renders, and to server functions called later. All of it is JSON that
//! the browser reads in one way, through [`Value`], as it reads AWS's documents. Each further way would put the code that
//! reads every type of the domain into the browser's half once more.

#[cfg(feature = "ssr")]
use leptos::prelude::Owner;
use leptos::prelude::{Resource, SharedValue, document};
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{Json, JsonEncoding};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::redirect::call_redirect_hook;
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{ContentType, Http, Protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::AppError;

/// Reads JSON.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str::<Value>(text).and_then(serde_json::from_value)
}

/// What the server writes into the page for the browser.
#[derive(Debug)]
pub struct Wire;

impl<T: Serialize> Encoder<T> for Wire {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Wire {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, serde_json::Error> {
        read(text)
    }
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a question depends on, compared by value, whatever its type.
#[derive(Clone)]
struct Source {
    value: Arc<dyn Any + Send + Sync>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Source {
    fn new<S: PartialEq + Send + Sync + 'static>(value: S) -> Self {
        let same =
            |a: &dyn Any, b: &dyn Any| a.downcast_ref::<S>().zip(b.downcast_ref::<S>()).is_some_and(|(a, b)| a == b);
        Self { value: Arc::new(value), same }
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

/// What a page asks the server: before it is rendered, and again whenever `source` changes.
pub fn ask<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Resource<T, Wire>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let fetch = move |source: Source| -> Later<T> {
        match source.value.downcast_ref::<S>() {
            Some(source) => held(fetch(source.clone())),
            None => Box::pin(std::future::pending()),
        }
    };
    resource(Box::new(move || Source::new(source())), Box::new(fetch))
}

/// With what is around it until it has its answer. The server walks a page once to see what it waits for, and lets go of what that walk made;
/// of an answer that takes several questions, the later ones would find no services any more.
fn held<T: 'static>(answer: impl Future<Output = T> + Send + 'static) -> Later<T> {
    #[cfg(feature = "ssr")]
    {
        let around: Vec<Owner> = std::iter::successors(Owner::current(), Owner::parent).collect();
        Box::pin(async move {
            let answer = answer.await;
            drop(around);
            answer
        })
    }
    #[cfg(not(feature = "ssr"))]
    Box::pin(answer)
}

/// Apart, and without the types of the closures, so that it is compiled once for each type of answer.
fn resource<T>(
    source: Box<dyn Fn() -> Source + Send + Sync>,
    fetch: Box<dyn Fn(Source) -> Later<T> + Send + Sync>,
) -> Resource<T, Wire>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    Resource::new_with_options(source, fetch, true)
}

/// What the server knows when it renders the page, the same in the browser.
pub fn shared<T: Serialize + DeserializeOwned>(value: impl FnOnce() -> T) -> T {
    SharedValue::<T, Wire>::new_with_encoding(value).into_inner()
}

/// How server functions are called: JSON in a POST, JSON back. On the server it is leptos's own way.
#[derive(Debug)]
pub struct Call;

impl<I, O, C, S> Protocol<I, O, C, S, AppError> for Call
where
    I: Serialize + Send,
    O: DeserializeOwned + Send,
    C: Client<AppError> + 'static,
    S: Server<AppError>,
    Http<Json, Json>: Protocol<I, O, C, S, AppError>,
{
    const METHOD: http::Method = http::Method::POST;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, AppError>> + Send
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, AppError>> + Send,
    {
        <Http<Json, Json> as Protocol<I, O, C, S, AppError>>::run_server(request, server_fn)
    }

    fn run_client(path: &str, input: I) -> impl Future<Output = Result<O, AppError>> + Send {
        let body = serde_json::to_vec(&input).map_err(|e| failed(ServerFnErrorErr::Serialization(e.to_string())));
        let path = path.to_owned();
        async move {
            let answer = send::<C>(path, body?).await?;
            serde_json::from_value(answer).map_err(|e| failed(ServerFnErrorErr::Deserialization(e.to_string())))
        }
    }
}

/// The query of a call that a page makes by itself while nobody is at it: the server does not count it as a use of the session.
pub const RESTING: &str = "resting";

/// Whether nobody has touched this page for a while: `js/kit/rest.js` says so.
fn is_at_rest() -> bool {
    document().document_element().is_some_and(|root| root.has_attribute("data-resting"))
}

fn failed(error: ServerFnErrorErr) -> AppError {
    AppError::from_server_fn_error(error)
}

/// The part of a call that is the same for all of them.
fn send<C>(path: String, body: Vec<u8>) -> Later<Result<Value, AppError>>
where
    C: Client<AppError> + 'static,
{
    Box::pin(async move {
        let kind = JsonEncoding::CONTENT_TYPE;
        let path = if is_at_rest() { format!("{path}?{RESTING}") } else { path };
        let response = C::send(C::Request::try_new_post_bytes(&path, kind, kind, body.into())?).await?;
        let (status, location, redirects) = (response.status(), response.location(), response.has_redirect());
        let text = response.try_into_string().await?;
        if (400..=599).contains(&status) {
            return Err(AppError::read(&text, Some(status)));
        }
        let answer =
            serde_json::from_str(&text).map_err(|e| failed(ServerFnErrorErr::Deserialization(e.to_string())))?;
        if (300..=399).contains(&status) || redirects {
            call_redirect_hook(&location);
        }
        Ok(answer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::services::HistoryQuery;
    use domain::{Millis, Problem};

    #[test]
    fn what_the_server_writes_is_read_again() {
        let query = HistoryQuery { limit: 50, regions: vec!["eu-west-1".parse().unwrap()], ..HistoryQuery::default() };
        let written: Result<(Option<HistoryQuery>, Millis, f64), AppError> = Ok((Some(query), Millis(-1), 2.0));
        assert_eq!(Wire::decode(&Wire::encode(&written).unwrap()).ok(), Some(written));
        let refused: Result<(), AppError> = Err(Problem::not_found("gone").into());
        assert_eq!(Wire::decode(&Wire::encode(&refused).unwrap()).ok(), Some(refused));
    }
}
