//! The error of server functions: a [`Problem`], carried as it is.

use domain::{Code, Problem};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// A problem on its way from a server function to a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppError(pub Problem);

impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        error.0
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(why) => {
                Problem::new(Code::Busy, "Gantry does not answer", format!("The server could not be reached: {why}"))
            }
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => Problem::invalid("request", why),
            other => Problem::new(Code::Internal, "Gantry made a mistake", other.to_string()),
        })
    }
}
