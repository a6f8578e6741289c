//! The wording of what goes wrong between Gantry and a registry, in one place.

use domain::problem::{Code, Problem};
use std::time::Duration;

/// Shortens and cleans what a stranger's server said, for a message.
pub(crate) fn said(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    clean.trim().trim_end_matches('.').to_owned()
}

pub(crate) fn cancelled() -> Problem {
    Problem::cancelled("The transfer was cancelled. Nothing was tagged.")
}

pub(crate) fn unreachable(host: &str, why: &str) -> Problem {
    Problem::new(
        Code::AwsUnreachable,
        "The registry does not answer",
        format!("{host} could not be reached: {}. Try again, and check the name and the network.", said(why)),
    )
}

pub(crate) fn dropped(host: &str, why: &str) -> Problem {
    Problem::new(
        Code::AwsUnreachable,
        "The connection was lost",
        format!(
            "The connection to {host} broke off: {}. Try again: what arrived already is not sent again.",
            said(why)
        ),
    )
}

pub(crate) fn stalled(host: &str, idle: Duration) -> Problem {
    Problem::new(
        Code::AwsUnreachable,
        "The registry stalled",
        format!("{host} stalled: nothing moved for {} seconds. Try again later.", idle.as_secs_f32().ceil()),
    )
}

pub(crate) fn refused(message: impl Into<String>) -> Problem {
    let mut problem = Problem::new(Code::Forbidden, "This address is not allowed", message);
    problem.field = Some("image".to_owned());
    problem
}

pub(crate) fn rejected(title: &str, message: impl Into<String>) -> Problem {
    Problem::new(Code::AwsRejected, title, message)
}

pub(crate) fn wants_password(host: &str) -> Problem {
    Problem::invalid("credentials", format!("{host} wants a user name and a password for this image."))
}

pub(crate) fn wrong_password(host: &str) -> Problem {
    Problem::invalid(
        "credentials",
        format!(
            "{host} does not take this user name and password. Check both; many registries want an access token as the password."
        ),
    )
}

pub(crate) fn rate_limited(host: &str, wait: Option<Duration>) -> Problem {
    let asks = wait.map(|w| format!(" It asks to wait {} seconds.", w.as_secs())).unwrap_or_default();
    let hub = host == "docker.io" || host.ends_with(".docker.io");
    let more = if hub {
        " Docker Hub limits how many images may be pulled without an account, counted per IP address over six hours: wait, \
         or give a Docker Hub user name and access token (https://docs.docker.com/docker-hub/usage/)."
    } else {
        " Wait a while, or sign in to the registry with a user name and password: most registries allow more then."
    };
    Problem::new(
        Code::AwsThrottled,
        "The registry asks for fewer requests",
        format!("{host} answered 429, too many requests.{asks}{more}"),
    )
}

/// What is wrong with a tar that somebody gave: theirs to mend.
pub(crate) fn archive(message: impl Into<String>) -> Problem {
    let mut problem = Problem::new(Code::Invalid, "This is not a usable image archive", message);
    problem.field = Some("archive".to_owned());
    problem
}

pub(crate) fn too_large(message: impl Into<String>) -> Problem {
    let mut problem = Problem::new(Code::TooLarge, "The archive is too large", message);
    problem.field = Some("archive".to_owned());
    problem
}

/// A fault of Gantry itself, with what is known about it in the log.
pub(crate) fn internal(what: &'static str, error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(error = %error, "{what}");
    Problem::internal(what)
}
