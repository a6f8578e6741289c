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

    /// Reads what the server sent instead of an answer, with this HTTP status where it is known.
    pub fn read(text: &str, status: Option<u16>) -> Self {
        wire::read(text).unwrap_or_else(|_| Self(in_its_place(status)))
    }
}

/// What came was not Gantry's own: something in between answered, with this HTTP status.
pub fn in_its_place(status: Option<u16>) -> Problem {
    match status {
        // Proxies have limits of their own: nginx lets 1 MiB pass unless it is told otherwise.
        Some(413) => Problem::new(
            Code::TooLarge,
            "Too large for a proxy",
            "Something between the browser and Gantry refuses requests of this size. Send less, or have its limit raised.",
        ),
        _ => Problem::new(
            Code::Busy,
            "Gantry does not answer",
            "Something between the browser and Gantry answered in its place. Try again in a moment.",
        ),
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
                Problem::unreadable(format!("Gantry does not understand it: {e}"))
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
        Self::read(&String::from_utf8_lossy(&data), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_refuses_the_size_is_not_taken_for_a_server_that_is_away() {
        let code = |text: &str, status| AppError::read(text, status).0.code;
        assert_eq!(code("<html>413 Request Entity Too Large</html>", Some(413)), Code::TooLarge);
        assert_eq!(code("<html>502 Bad Gateway</html>", Some(502)), Code::Busy);
        // Gantry's own words come first.
        let own = serde_json::to_string(&Problem::new(Code::Conflict, "Taken", "It exists.")).unwrap();
        assert_eq!(code(&own, Some(413)), Code::Conflict);
    }
}
