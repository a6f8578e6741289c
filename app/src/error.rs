//! The error of every server function: a [`Problem`], carried as JSON so that the browser shows what the server meant.

use bytes::Bytes;
use domain::{Code, Problem};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::wire;

/// What a server function answers when it cannot do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppError(pub Problem);

impl AppError {
    /// The problem itself.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// Reads what the server sent instead of an answer.
    pub fn read(text: &str) -> Self {
        wire::read(text).unwrap_or_else(|_| {
            Self(Problem::new(
                Code::Busy,
                "Gantry does not answer",
                "Something between the browser and Gantry answered in its place. Try again in a moment.",
            ))
        })
    }
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        let problem = match value {
            ServerFnErrorErr::Request(_) => Problem::new(
                Code::Busy,
                "Gantry does not answer",
                "The browser could not reach Gantry: the network is down, or the server is restarting.",
            ),
            ServerFnErrorErr::Args(e) | ServerFnErrorErr::MissingArg(e) => {
                Problem::new(Code::Invalid, "That does not work", format!("Gantry could not read the request: {e}"))
            }
            ServerFnErrorErr::Deserialization(e) => Problem::new(
                Code::Internal,
                "Gantry was updated",
                format!("This page is older than the server it talks to; reload it. ({e})"),
            ),
            other => Problem::new(Code::Internal, "Gantry made a mistake", other.to_string()),
        };
        Self(problem)
    }

    fn de(data: Bytes) -> Self {
        Self::read(&String::from_utf8_lossy(&data))
    }
}
