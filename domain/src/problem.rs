//! The one error a person sees: what happened, why, what to do next. It crosses every boundary (AWS, SQL, HTTP, browser) unchanged.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What class of trouble it is. Decides the HTTP status, whether trying again can help, and which page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// What was entered breaks a rule.
    Invalid,
    /// Nobody is signed in, or the session ended.
    SignedOut,
    /// The person's role in Gantry does not allow it.
    Forbidden,
    /// It is dangerous, and the person of this session has not given their password lately: once they have, it may be asked for again.
    ConfirmPassword,
    /// It does not exist (any more).
    NotFound,
    /// No connection leads to the account or region it is in: whether it exists cannot be known.
    NotConnected,
    /// Somebody else changed it in the meantime, or the name is taken.
    Conflict,
    /// Too many requests to Gantry.
    Busy,
    /// The request is larger than allowed.
    TooLarge,
    /// AWS refused: an IAM permission is missing, or a policy stands in the way that no permission gets past.
    AwsDenied,
    /// AWS answered that we ask too often.
    AwsThrottled,
    /// AWS credentials are missing, wrong or expired, or the clock is off.
    AwsCredentials,
    /// AWS did not answer, or not in time.
    AwsUnreachable,
    /// AWS refused what was asked for.
    AwsRejected,
    /// This endpoint does not implement the operation (emulators, new regions).
    NotImplemented,
    /// The database does not answer.
    Database,
    /// A fault of Gantry itself.
    Internal,
}

/// A way out of the trouble: a link or a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recovery {
    /// What the link or button says.
    pub label: String,
    /// Where it leads; empty for "try again".
    pub href: String,
}

/// One problem, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Its class.
    pub code: Code,
    /// A few words: "Access denied".
    pub title: String,
    /// What happened and why, in sentences.
    pub message: String,
    /// The field it belongs to, for forms and queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The IAM action that is missing, such as `ecs:ListServices`; none where allowing it would not help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_action: Option<String>,
    /// The others that are missing, where several calls were denied; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_iam_actions: Vec<String>,
    /// What it was asked on, mostly an ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The AWS operation, such as `ecs:ListServices`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// AWS's request id, to give to AWS support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_request_id: Option<String>,
    /// Gantry's reference: the same in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

const CANCELLED: &str = "Cancelled";

/// A message of so many bytes is long enough: what further denials say for themselves is left out.
const LONG: usize = 600;

const UNREADABLE: &str = "The request cannot be read";

/// Which part of what was entered is refused, in a few words.
fn refused(field: &str) -> String {
    let first = field.split(['.', '[']).next().unwrap_or_default();
    let noun = match first {
        "" => return "This cannot be used".to_owned(),
        "body" => return UNREADABLE.to_owned(),
        "arn" => "ARN",
        "cols" => "columns",
        "doc" => "document",
        "q" => "search",
        "ref" => "reference",
        "account" | "archive" | "arguments" | "connections" | "credentials" | "digest" | "filters" | "format"
        | "image" | "key" | "kind" | "lifecycle" | "limit" | "name" | "password" | "permissions" | "person"
        | "platform" | "policy" | "prefix" | "region" | "registries" | "repository" | "role" | "source" | "state"
        | "tag" | "tags" | "text" | "user" => first,
        // By the name it has in an address, a program or a configuration.
        other => return format!("“{other}” cannot be used"),
    };
    format!("The {noun} cannot be used")
}

impl Problem {
    /// A problem with a title and an explanation.
    pub fn new(code: Code, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            title: title.into(),
            message: message.into(),
            field: None,
            iam_action: None,
            more_iam_actions: vec![],
            resource: None,
            operation: None,
            aws_request_id: None,
            reference: None,
        }
    }
    /// Something that ended because somebody cancelled it.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, CANCELLED, message)
    }
    /// Whether it is one of these: what somebody asked for is no trouble.
    pub fn is_cancelled(&self) -> bool {
        self.code == Code::Conflict && self.title == CANCELLED
    }
    /// Input that breaks a rule; `field` says which, and so does the title.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::Invalid, refused(field), message);
        problem.field = Some(field.to_owned());
        problem
    }
    /// A request of which nobody can tell what it asks for.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, UNREADABLE, message)
    }
    /// Something that is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, "Not found", message)
    }
    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::new(
            Code::SignedOut,
            "Signed out",
            "Your session has ended. Sign in again; the page will come back as it was.",
        )
    }
    /// A program came without a session and without a token.
    pub fn no_credentials() -> Self {
        Self::new(
            Code::SignedOut,
            "Not signed in",
            "The request has neither a token nor a session that still lasts. Make a token under Settings → Tokens and \
             send it as “Authorization: Bearer gantry_…”.",
        )
    }
    /// The role does not allow it.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, "Not allowed", message)
    }
    /// AWS refuses for want of a permission, such as `ecs:ListServices`.
    pub fn lacks(title: impl Into<String>, action: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::AwsDenied, title, "");
        problem.iam_action = Some(action.into());
        problem.message = problem.lacking();
        problem
    }
    /// A fault of Gantry; the details belong in the log under the reference.
    pub fn internal(reference: impl Into<String>) -> Self {
        let mut problem = Self::new(
            Code::Internal,
            "Gantry made a mistake",
            "Something failed inside Gantry. The log has the details under this reference.",
        );
        problem.reference = Some(reference.into());
        problem
    }
    /// The endpoint does not know the operation. Calm: nothing is broken.
    pub fn not_implemented(operation: impl Into<String>) -> Self {
        let operation = operation.into();
        let mut problem = Self::new(
            Code::NotImplemented,
            "Not supported by this endpoint",
            format!("This endpoint does not implement {operation}. Everything else goes on."),
        );
        problem.operation = Some(operation);
        problem
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn retryable(&self) -> bool {
        match self.code {
            Code::Busy | Code::AwsThrottled | Code::AwsUnreachable | Code::Database | Code::Internal => true,
            Code::Invalid
            | Code::SignedOut
            | Code::Forbidden
            | Code::ConfirmPassword
            | Code::NotFound
            | Code::NotConnected
            | Code::Conflict
            | Code::TooLarge
            | Code::AwsDenied
            | Code::AwsCredentials
            | Code::AwsRejected
            | Code::NotImplemented => false,
        }
    }

    /// The HTTP status that carries it.
    pub fn status(&self) -> u16 {
        match self.code {
            Code::Invalid => 400,
            Code::SignedOut => 401,
            Code::Forbidden | Code::ConfirmPassword => 403,
            Code::NotFound | Code::NotConnected => 404,
            Code::Conflict => 409,
            Code::TooLarge => 413,
            Code::Busy => 429,
            Code::Internal => 500,
            Code::NotImplemented => 501,
            Code::AwsDenied | Code::AwsCredentials | Code::AwsRejected => 502,
            Code::AwsThrottled | Code::AwsUnreachable | Code::Database => 503,
        }
    }

    /// Nothing is broken and nobody can do anything about it: the endpoint, which is not AWS itself, lacks the operation.
    pub fn is_calm(&self) -> bool {
        self.code == Code::NotImplemented
    }

    /// Links and buttons that lead on from here; never empty.
    pub fn recovery(&self) -> Vec<Recovery> {
        let link = |label: &str, href: &str| Recovery { label: label.into(), href: href.into() };
        match self.code {
            Code::SignedOut => vec![link("Sign in", "/sign-in")],
            // The other way to prove it; pages ask in place.
            Code::ConfirmPassword => vec![link("Sign in again", "/sign-in")],
            Code::Forbidden => vec![link("See your role", "/settings/you"), link("Back to the overview", "/")],
            Code::AwsDenied | Code::AwsCredentials => vec![link("Check the connections", "/settings/connections")],
            Code::NotFound => vec![link("Back to the overview", "/"), link("What changed", "/changes")],
            Code::NotConnected => {
                vec![link("See the connections", "/settings/connections"), link("Back to the overview", "/")]
            }
            Code::Busy | Code::AwsThrottled | Code::AwsUnreachable | Code::Database | Code::Internal => {
                vec![link("Try again", "")]
            }
            Code::Invalid | Code::Conflict | Code::TooLarge | Code::AwsRejected | Code::NotImplemented => {
                vec![link("Back to the overview", "/")]
            }
        }
    }

    /// Every IAM action that is missing.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.iam_action.iter().chain(&self.more_iam_actions).map(String::as_str)
    }

    /// Which permissions are missing, in words; empty when none is.
    fn lacking(&self) -> String {
        match self.missing().collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            [one] => format!("The credentials of this connection lack the permission {one}. Add it to their policy."),
            all => {
                let all = all.join(", ");
                format!("The credentials of this connection lack the permissions {all}. Add them to their policy.")
            }
        }
    }

    /// Says of a denial what another one lacks, too. One that lacks nothing is told in its own words, behind.
    pub fn also_denied(&mut self, other: &Problem) {
        let is_new = |action: &&str| self.missing().all(|known| known != *action);
        let new: Vec<String> = other.missing().filter(is_new).map(str::to_owned).collect();
        if self.resource != other.resource {
            self.resource = None;
        }
        if other.missing().next().is_none() && self.message.len() < LONG && !self.message.contains(&other.message) {
            self.message = format!("{} {}", self.message, other.message);
        }
        if new.is_empty() {
            return;
        }
        let behind = self.message.strip_prefix(&self.lacking()).unwrap_or_default().trim_start().to_owned();
        self.more_iam_actions.extend(new);
        self.more_iam_actions.sort();
        self.message = format!("{} {behind}", self.lacking()).trim_end().to_owned();
    }

    /// For missing permissions: the policy statement to ask for, as JSON. Of resources whose ARN is not known it names all: IAM
    /// [takes nothing else](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
    pub fn statement(&self) -> Option<String> {
        let missing: Vec<&str> = self.missing().collect();
        let action = match missing.as_slice() {
            [] => return None,
            [one] => serde_json::json!(one),
            all => serde_json::json!(all),
        };
        let resource = self.resource.as_deref().filter(|resource| resource.starts_with("arn:")).unwrap_or("*");
        let statement = serde_json::json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        serde_json::to_string_pretty(&statement).ok()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.message)?;
        if let Some(id) = &self.aws_request_id {
            write!(f, " (AWS request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_offers_the_statement_to_copy() {
        let mut problem = Problem::new(Code::AwsDenied, "Access denied", "…");
        assert_eq!(problem.statement(), None);
        problem.iam_action = Some("ecs:ListServices".into());
        let arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop";
        for (named, resource) in [(None, "*"), (Some("shop"), "*"), (Some(arn), arn)] {
            problem.resource = named.map(str::to_owned);
            let statement: serde_json::Value = serde_json::from_str(&problem.statement().unwrap()).unwrap();
            assert_eq!(statement["Action"], "ecs:ListServices");
            assert_eq!(statement["Resource"], resource);
        }
    }

    #[test]
    fn several_missing_permissions_are_one_statement_and_each_is_said_once() {
        let denied = |action: &str, resource: &str| {
            let mut problem = Problem::new(Code::AwsDenied, "Access denied", "…");
            problem.iam_action = Some(action.to_owned());
            problem.resource = Some(resource.to_owned());
            problem
        };
        let mut all = denied("sqs:ListQueues", "a");
        all.also_denied(&denied("sqs:ListQueues", "a"));
        assert_eq!((all.message.as_str(), all.resource.as_deref()), ("…", Some("a")));
        all.also_denied(&denied("sqs:ListQueues", "b"));
        assert_eq!(
            (all.message.as_str(), all.resource.as_deref()),
            ("…", None),
            "what lets in to one of them is not enough"
        );
        all.also_denied(&denied("sqs:ListQueueTags", "b"));
        all.also_denied(&denied("sqs:GetQueueUrl", "b"));
        let actions = ["sqs:ListQueues", "sqs:GetQueueUrl", "sqs:ListQueueTags"];
        assert_eq!(all.missing().collect::<Vec<_>>(), actions);
        assert!(actions.iter().all(|action| all.message.contains(action)), "{all}");
        let statement: serde_json::Value = serde_json::from_str(&all.statement().unwrap()).unwrap();
        assert_eq!(statement, serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
    }

    #[test]
    fn a_denial_that_no_permission_mends_stays_beside_those_that_one_does() {
        let barred = Problem::new(Code::AwsDenied, "Access denied", "AWS denies ecs:ListClusters: an explicit deny.");
        assert_eq!(barred.statement(), None);
        let lacks = |action: &str| Problem::lacks("Access denied", action);
        let sentences = "The credentials of this connection lack the permissions sqs:ListQueues, sqs:ListQueueTags. Add them to their \
                         policy. AWS denies ecs:ListClusters: an explicit deny.";
        for order in [
            [lacks("sqs:ListQueues"), barred.clone(), lacks("sqs:ListQueueTags")],
            [lacks("sqs:ListQueues"), lacks("sqs:ListQueueTags"), barred.clone()],
        ] {
            let [mut all, more @ ..] = order;
            more.iter().for_each(|other| all.also_denied(other));
            all.also_denied(&barred);
            assert_eq!(all.message, sentences);
        }
        let mut all = barred.clone();
        all.also_denied(&lacks("sqs:ListQueues"));
        all.also_denied(&barred);
        assert_eq!(all.missing().collect::<Vec<_>>(), ["sqs:ListQueues"]);
        assert!(all.message.ends_with(&format!("Add it to their policy. {}", barred.message)), "{all}");
    }

    #[test]
    fn what_breaks_a_rule_is_in_the_title() {
        for (field, title) in [
            ("region", "The region cannot be used"),
            ("tags.3", "The tags cannot be used"),
            ("q", "The search cannot be used"),
            ("GANTRY_LISTEN", "“GANTRY_LISTEN” cannot be used"),
            ("body", "The request cannot be read"),
            ("", "This cannot be used"),
        ] {
            assert_eq!(Problem::invalid(field, "…").title, title);
        }
    }

    #[test]
    fn what_may_pass_by_itself_is_answered_with_a_status_that_says_so() {
        for code in [Code::Busy, Code::AwsThrottled, Code::AwsUnreachable, Code::Database] {
            let problem = Problem::new(code, "", "");
            assert!(problem.retryable() && matches!(problem.status(), 429 | 503));
        }
        assert!(!Problem::signed_out().retryable());
    }
}
