//! A statement of a function's resource-based policy: who else may invoke it.

mod everyone;

use serde_json::Value;
use std::collections::BTreeMap;

use super::function::{name_in_arn, unqualified};
use crate::document::document;
use crate::iam::policy_document::{Condition, Operator, fits};
use crate::identity::{AccountId, Scope};
use crate::kind::Kind;
use crate::resource::{Cell, Column, Link, Model, Relation};
use everyone::Stranger;

/// The condition whose value callers have to know: sealed in documents.
pub const TOKEN: &str = "lambda:EventSourceToken";

/// The keys of conditions about calls of a URL.
const URL_KEYS: &[&str] = &["lambda:FunctionUrlAuthType", "lambda:InvokedViaFunctionUrl"];

/// What a condition key says, by operator.
type Conditions = BTreeMap<String, BTreeMap<String, Value>>;

document! { "PascalCase";
    /// A statement as GetPolicy gives it: <https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
    pub struct Permission {
        /// Empty where the statement has none; AddPermission demands one, a policy need not have it.
        pub sid: String,
        /// What tells it from other statements without an id: a digest of what it says.
        #[serde(rename = "gantry:statement")]
        pub statement: String,
        /// `Allow`, or `Deny` in a policy that was put as a whole.
        pub effect: Option<String>,
        /// `*`, or names by their sort: `{"Service": "s3.amazonaws.com"}`.
        pub principal: Value,
        pub action: Value,
        /// The ARN of the function, qualified when it is about an alias or version; several in a policy that was put as a whole.
        pub resource: Value,
        pub condition: Conditions,
    }
}

/// The names of services as people say them.
const SERVICES: &[(&str, &str)] = &[
    ("apigateway.amazonaws.com", "API Gateway"),
    ("cognito-idp.amazonaws.com", "Cognito"),
    ("config.amazonaws.com", "AWS Config"),
    ("elasticloadbalancing.amazonaws.com", "Elastic Load Balancing"),
    ("events.amazonaws.com", "EventBridge"),
    ("iot.amazonaws.com", "IoT"),
    ("logs.amazonaws.com", "CloudWatch Logs"),
    ("s3.amazonaws.com", "S3"),
    ("scheduler.amazonaws.com", "EventBridge Scheduler"),
    ("secretsmanager.amazonaws.com", "Secrets Manager"),
    ("ses.amazonaws.com", "SES"),
    ("sns.amazonaws.com", "SNS"),
];

/// The name of a service as people say it, or its own.
fn service(name: &str) -> &str {
    SERVICES.iter().find(|(full, _)| *full == name).map_or(name, |(_, said)| *said)
}

/// One text or several.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

/// A value of a condition as AWS compares it.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        // The token, sealed.
        Value::Object(_) => "a secret".to_owned(),
        other => other.to_string(),
    }
}

/// Whether it names more than one thing.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// What has the ARN by which a service says who calls, as others refer to it: an API instead of its stages and routes, a bucket instead of
/// its objects. `None` when it is a pattern that fits several.
fn source_reference(arn: &str) -> Option<String> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let whole = match fields.as_slice() {
        ["arn", _, "execute-api" | "s3", _, _, resource] => {
            let owner = resource.split('/').next().unwrap_or_default();
            format!("{}:{owner}", fields[..5].join(":"))
        }
        _ => arn.strip_suffix(":*").unwrap_or(arn).to_owned(),
    };
    (!is_pattern(&whole)).then_some(whole)
}

/// What an ARN names, without where it is.
fn resource_in(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// The last part of a reference, which is what people call it.
fn called(reference: &str) -> &str {
    let resource = resource_in(reference);
    match resource.strip_prefix("targetgroup/") {
        Some(group) => group.split('/').next(),
        None => resource.rsplit(['/', ':']).next(),
    }
    .unwrap_or(reference)
}

impl Permission {
    /// The version or alias it is about, if it is not the function itself.
    pub fn qualifier(&self) -> Option<&str> {
        self.about().split(':').nth(7)
    }

    /// The ARN it is about: of several the function's own, if it is among them.
    fn about(&self) -> &str {
        texts(&self.resource).into_iter().min().unwrap_or_default()
    }

    /// The principals of a sort such as `Service`.
    fn principals(&self, sort: &str) -> Vec<&str> {
        self.principal.get(sort).map(texts).unwrap_or_default()
    }

    fn is_for_everyone(&self) -> bool {
        self.principal.as_str() == Some("*") || self.principals("AWS").contains(&"*")
    }

    /// One for each key under each operator.
    fn conditions(&self) -> Vec<Condition> {
        let values = |value: &Value| match value {
            Value::Array(all) => all.iter().map(value_text).collect::<Vec<_>>(),
            one => vec![value_text(one)],
        };
        let of = |(operator, keys): (&String, &BTreeMap<String, Value>)| {
            let condition = |(key, value): (&String, &Value)| Condition {
                operator: operator.clone(),
                key: key.clone(),
                values: values(value),
            };
            keys.iter().map(condition).collect::<Vec<_>>()
        };
        self.condition.iter().flat_map(of).collect()
    }

    /// What the conditions name as allowed for this key, whose case AWS does not mind.
    fn said(&self, key: &str) -> Vec<&str> {
        let allowed = self.condition.iter().filter(|(operator, _)| Operator::of(operator).equals());
        let keys = allowed.flat_map(|(_, keys)| keys).filter(|(name, _)| name.eq_ignore_ascii_case(key));
        keys.flat_map(|(_, value)| texts(value)).collect()
    }

    /// The ARNs, or patterns of them, on behalf of which a service may call.
    pub fn sources(&self) -> Vec<&str> {
        self.said("aws:SourceArn")
    }

    fn acts_on(&self, action: &str) -> bool {
        texts(&self.action).iter().any(|pattern| fits(pattern, action))
    }

    /// Whether it lets everyone call the function's URL without signing in: no condition narrows it.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
    pub fn opens_url(&self) -> bool {
        self.effect.as_deref() == Some("Allow")
            && self.is_for_everyone()
            && self.acts_on("lambda:InvokeFunctionUrl")
            && everyone::open(&self.conditions(), Stranger::Unsigned)
    }

    /// The services that it lets invoke the function, as people say them.
    pub fn services(&self) -> Vec<&str> {
        if self.effect.as_deref() != Some("Allow") || !self.acts_on("lambda:InvokeFunction") {
            return vec![];
        }
        self.principals("Service").into_iter().map(service).collect()
    }

    /// Who may call, in words: "S3", "account 444455556666", "anyone on the internet".
    pub fn who(&self) -> String {
        if self.is_for_everyone() {
            return self.of_everyone().0;
        }
        let services = self.principals("Service").into_iter().map(|name| service(name).to_owned());
        let others = self.principals("AWS").into_iter().map(|name| match name.strip_suffix(":root") {
            Some(root) => format!("account {}", root.rsplit(':').next().unwrap_or_default()),
            None if AccountId::parse(name).is_ok() => format!("account {name}"),
            None => called(name).to_owned(),
        });
        let federated = self.principals("Federated").into_iter().map(str::to_owned);
        services.chain(others).chain(federated).collect::<Vec<_>>().join(", ")
    }

    /// Who is left of everyone, and the condition that already says it.
    fn of_everyone(&self) -> (String, Option<usize>) {
        let conditions = self.conditions();
        if self.effect.as_deref() == Some("Allow") {
            // That a URL needs the other action as well is said with this condition.
            let by_url = |condition: &Condition| URL_KEYS.iter().any(|key| condition.key.eq_ignore_ascii_case(key));
            let url = self.acts_on("lambda:InvokeFunctionUrl") || conditions.iter().any(by_url);
            if url && everyone::open(&conditions, Stranger::Unsigned) {
                return ("anyone on the internet".to_owned(), None);
            }
            if [Stranger::Signed, Stranger::SignedToUrl].iter().any(|asks| everyone::open(&conditions, *asks)) {
                return ("anyone on the internet with an AWS account".to_owned(), None);
            }
        }
        match everyone::held_to(&conditions) {
            Some((condition, who)) => (who, Some(condition)),
            None if conditions.is_empty() => ("anyone".to_owned(), None),
            None => ("anyone who meets its conditions".to_owned(), None),
        }
    }

    /// What the permission is narrowed to besides its sources, in words.
    fn only(&self) -> Vec<String> {
        let said = if self.is_for_everyone() { self.of_everyone().1 } else { None };
        let conditions = self.conditions().into_iter().enumerate().filter(|(n, _)| Some(*n) != said);
        conditions.flat_map(|(_, condition)| narrowed(&condition)).collect()
    }
}

/// What a condition narrows a permission to. Sources stand elsewhere.
fn narrowed(condition: &Condition) -> Vec<String> {
    let values = &condition.values;
    let each = |sort: &str| values.iter().map(|value| format!("{sort} {value}")).collect::<Vec<_>>();
    if !Operator::of(&condition.operator).demands() {
        return vec![condition.in_words()];
    }
    let one = values.first().filter(|_| values.len() == 1).map(String::as_str);
    match (condition.key.to_ascii_lowercase().as_str(), one) {
        ("aws:sourcearn", _) => vec![],
        ("aws:sourceaccount" | "aws:principalaccount", _) => each("account"),
        ("aws:sourceorgid" | "aws:principalorgid", _) => each("organization"),
        ("lambda:eventsourcetoken", _) => vec!["with its token".to_owned()],
        ("lambda:functionurlauthtype", Some("NONE")) => vec!["by its URL, without sign-in".to_owned()],
        ("lambda:functionurlauthtype", Some("AWS_IAM")) => vec!["by its URL, signed in with IAM".to_owned()],
        ("lambda:invokedviafunctionurl", Some("true")) => vec!["by its URL".to_owned()],
        _ => vec![condition.in_words()],
    }
}

impl Model for Permission {
    const KIND: Kind = Kind::FunctionPermission;
    const COLUMNS: &'static [Column] = &[
        Column::text("who", "Who").facet(),
        Column::text("source", "On behalf of"),
        Column::text("only", "Only"),
        Column::text("function", "Function"),
        Column::text("qualifier", "Alias or version"),
        Column::text("effect", "Effect").facet().hidden(),
        Column::text("action", "Action").facet().hidden(),
        Column::text("sid", "Statement").hidden(),
    ];
    fn id(&self) -> String {
        let function = name_in_arn(self.about());
        // No statement id has a dot.
        let statement = match (self.sid.as_str(), self.statement.as_str()) {
            ("", "") => return String::new(),
            ("", digest) => format!("no-id.{digest}"),
            (sid, _) => sid.to_owned(),
        };
        match self.qualifier() {
            _ if function.is_empty() => String::new(),
            Some(qualifier) => format!("{function}:{qualifier}/{statement}"),
            None => format!("{function}/{statement}"),
        }
    }
    fn name(&self) -> String {
        let sources = self.sources();
        let held = !self.is_for_everyone() || self.of_everyone().1.is_some();
        let caller = match sources.as_slice() {
            [one] if held => source_reference(one).map_or_else(|| self.who(), |whole| called(&whole).to_owned()),
            _ => self.who(),
        };
        let function = name_in_arn(self.about());
        self.qualifier().map_or(format!("{caller} → {function}"), |q| format!("{caller} → {function}:{q}"))
    }
    fn arn(&self) -> Option<String> {
        None
    }
    fn parent(&self) -> Option<(Kind, String)> {
        Some((Kind::Function, name_in_arn(self.about()).to_owned()))
    }
    fn cells(&self) -> Vec<Cell> {
        let sources = self.sources();
        let source = match sources.as_slice() {
            [] => Cell::None,
            [one] => match source_reference(one) {
                Some(whole) => {
                    let text = called(&whole).to_owned();
                    Cell::Ref(whole, text)
                }
                None => Cell::Text(format!("any {}", resource_in(one))),
            },
            several => Cell::List(several.iter().map(|arn| resource_in(arn).to_owned()).collect()),
        };
        let list = |words: Vec<String>| if words.is_empty() { Cell::None } else { Cell::List(words) };
        vec![
            Cell::text(self.who()),
            source,
            list(self.only()),
            Cell::Ref(unqualified(self.about()), name_in_arn(self.about()).to_owned()),
            Cell::opt(self.qualifier()),
            Cell::opt(self.effect.clone()),
            list(texts(&self.action).into_iter().map(str::to_owned).collect()),
            if self.sid.is_empty() { Cell::text("no statement id") } else { Cell::Mono(self.sid.clone()) },
        ]
    }
    fn links(&self, _scope: &Scope) -> Vec<Link> {
        // What is denied lets nobody in.
        if self.effect.as_deref() != Some("Allow") {
            return vec![];
        }
        let function = Link::new(Relation::Permits, unqualified(self.about())).noting(Some(self.who()));
        let roles = self.principals("AWS").into_iter().filter(|arn| arn.contains(":role/")).map(str::to_owned);
        let sources = self.sources().into_iter().filter_map(source_reference);
        let callers = sources.chain(roles).map(|target| Link::new(Relation::Caller, target));
        std::iter::once(function).chain(callers).collect()
    }
}

#[cfg(test)]
#[path = "permission_tests.rs"]
mod tests;
