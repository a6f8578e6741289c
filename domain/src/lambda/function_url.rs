//! A function URL: an HTTPS address of a function or an alias of it.

use super::function::{name_in_arn, unqualified};
use crate::document::document;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation, State, Tone};
use crate::time::{Millis, Timestamp};

document! { "PascalCase";
    /// As ListFunctionUrlConfigs gives it: <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionUrlConfig.html>
    pub struct FunctionUrl {
        pub function_url: String,
        /// Qualified when the URL is an alias's.
        pub function_arn: String,
        /// `AWS_IAM` or `NONE`.
        pub auth_type: Option<String>,
        pub cors: Option<Cors>,
        pub creation_time: Option<Timestamp>,
        pub last_modified_time: Option<Timestamp>,
        /// `BUFFERED` or `RESPONSE_STREAM`.
        pub invoke_mode: Option<String>,
        /// Whether the policy lets everyone call it without signing in; absent while unknown, and where callers sign in.
        #[serde(rename = "gantry:anyone")]
        pub anyone: Option<bool>,
    }
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html>
    pub struct Cors {
        pub allow_credentials: Option<bool>,
        pub allow_headers: Vec<String>,
        pub allow_methods: Vec<String>,
        pub allow_origins: Vec<String>,
        pub expose_headers: Vec<String>,
        /// In seconds.
        pub max_age: Option<i64>,
    }
}

/// Said where it is so, word for word.
pub const ANYONE: &str = "anyone on the internet may call it";

/// Who may call a URL.
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Who signs the request with IAM and is allowed to.
    Signed,
    /// Everyone.
    Anyone,
    /// Callers need not sign in, but no permission lets everyone: nobody, or those whom a condition names.
    Nobody,
    /// Callers need not sign in; what the policy says could not be read.
    Unknown,
}

impl FunctionUrl {
    /// The alias it belongs to, if it is not the function's own.
    pub fn alias(&self) -> Option<&str> {
        self.function_arn.split(':').nth(7)
    }

    /// Whether callers need not sign in.
    pub fn is_open(&self) -> bool {
        self.auth_type.as_deref() == Some("NONE")
    }

    /// Who may call it.
    pub fn callers(&self) -> Callers {
        match (self.is_open(), self.anyone) {
            (false, _) => Callers::Signed,
            (true, Some(true)) => Callers::Anyone,
            (true, Some(false)) => Callers::Nobody,
            (true, None) => Callers::Unknown,
        }
    }

    fn note(&self) -> String {
        let who = match self.callers() {
            Callers::Signed => "callers sign in with IAM",
            Callers::Anyone => ANYONE,
            Callers::Nobody => "no sign-in, but its policy does not let everyone call it",
            Callers::Unknown => "no sign-in",
        };
        self.alias().map_or(who.to_owned(), |alias| format!("alias {alias}, {who}"))
    }
}

impl Model for FunctionUrl {
    const KIND: Kind = Kind::FunctionUrl;
    const COLUMNS: &'static [Column] = &[
        Column::text("function", "Function"),
        Column::text("alias", "Alias"),
        Column::text("auth", "Sign-in").facet(),
        Column::text("mode", "Invoke mode").facet().word(),
        Column::text("origins", "Allowed origins").hidden(),
        Column::text("created", "Created").hidden(),
    ];
    const NOISE: &'static [&'static str] = &["LastModifiedTime"];
    const KEPT: &'static [&'static str] = &["gantry:anyone"];
    const IDENTITY: &'static [&'static str] = &["CreationTime"];
    fn id(&self) -> String {
        let function = name_in_arn(&self.function_arn);
        match self.alias() {
            Some(alias) if !function.is_empty() => format!("{function}:{alias}"),
            _ => function.to_owned(),
        }
    }
    fn name(&self) -> String {
        self.function_url.clone()
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, name_in_arn(&self.function_arn).to_owned()))
    }
    fn state(&self) -> Option<State> {
        let (word, tone, why) = match self.callers() {
            Callers::Signed => return Some(State::new("Signed", Tone::Good)),
            Callers::Anyone => (
                "Public",
                Tone::Quiet,
                "Anyone on the internet may call it: it asks for no sign-in, and its policy lets everyone.",
            ),
            Callers::Nobody => (
                "Closed",
                Tone::Quiet,
                "It asks for no sign-in, but its policy does not let everyone call it: AWS answers others with 403.",
            ),
            Callers::Unknown => {
                ("Open", Tone::Quiet, "It asks for no sign-in. Whom its policy lets call it could not be read.")
            }
        };
        Some(State::new(word, tone).because(Some(why.to_owned())))
    }
    fn created(&self) -> Option<Millis> {
        self.creation_time.map(|t| t.0)
    }
    fn cells(&self) -> Vec<Cell> {
        let auth = match self.auth_type.as_deref() {
            Some("AWS_IAM") => Some("IAM"),
            Some("NONE") => Some("none"),
            other => other,
        };
        let origins = self.cors.as_ref().map(|c| c.allow_origins.clone()).filter(|o| !o.is_empty());
        vec![
            Cell::Ref(unqualified(&self.function_arn), name_in_arn(&self.function_arn).to_owned()),
            Cell::opt(self.alias()),
            Cell::opt(auth),
            Cell::opt(self.invoke_mode.clone()),
            origins.map_or(Cell::None, Cell::List),
            Cell::time(self.created()),
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        vec![Link::new(Relation::Triggers, unqualified(&self.function_arn)).noting(Some(self.note()))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::describe;
    use serde_json::json;

    #[test]
    fn who_may_call_a_url_follows_from_its_sign_in_and_its_policy() {
        let of =
            |auth: &str, anyone| FunctionUrl { auth_type: Some(auth.into()), anyone, ..Default::default() }.callers();
        assert_eq!(of("AWS_IAM", None), Callers::Signed);
        assert_eq!(of("NONE", Some(true)), Callers::Anyone);
        assert_eq!(of("NONE", Some(false)), Callers::Nobody);
        assert_eq!(of("NONE", None), Callers::Unknown);
    }

    #[test]
    fn the_url_of_an_alias_triggers_its_function() {
        let doc = json!({
            "FunctionUrl": "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws/",
            "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:hook:live", "AuthType": "NONE", "InvokeMode": "BUFFERED",
            "CreationTime": "2026-04-05T23:07:57.113842Z", "LastModifiedTime": "2026-04-05T23:07:57.113842Z",
            "Cors": {"AllowOrigins": ["https://example.com"], "MaxAge": 300}, "gantry:anyone": true
        });
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let seen = describe(Kind::FunctionUrl, &scope, &doc).unwrap();
        assert_eq!(seen.parent.unwrap().to_string(), "lambda.function/111122223333/eu-west-1/hook");
        assert!(seen.refs.contains(&"lambda.function-url/111122223333/eu-west-1/hook:live".to_owned()));
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:hook";
        let note = format!("alias live, {ANYONE}");
        assert_eq!(seen.links, [Link::new(Relation::Triggers, function).noting(Some(note))]);
        assert_eq!(seen.state.unwrap().word, "Public");
        assert_eq!(seen.cells.len(), FunctionUrl::COLUMNS.len());
    }
}
