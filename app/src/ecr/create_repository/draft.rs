//! What the form of a new repository holds, and the answers that follow from it.

use domain::ecr::lifecycle::{Policy, Template};
use domain::ecr::repository_policy::templates;
use domain::ecr::wizards::create_repository::{Answers as Entered, Encrypted};
use domain::iam::policy_document::Document;
use domain::plan::answers::Form;
use domain::plan::{Answers, FieldErrors};
use domain::{AccountId, Scope};
use serde::{Deserialize, Serialize};

use crate::wizard;

/// How a policy comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// There is none.
    #[default]
    None,
    /// From what was ticked.
    Templates,
    /// As it was written.
    Json,
}

impl Source {
    /// As the form's fields say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::None => "none",
            Source::Templates => "templates",
            Source::Json => "json",
        }
    }
    /// Reads what the form's fields say.
    pub fn of(text: &str) -> Self {
        match text {
            "templates" => Source::Templates,
            "json" => Source::Json,
            _ => Source::None,
        }
    }
}

/// Which images expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifecycle {
    /// How the policy comes about.
    pub source: Source,
    /// Untagged images expire.
    pub untagged: bool,
    /// After so many days.
    pub days: String,
    /// Of tags with a prefix only the newest stay.
    pub prefixed: bool,
    /// The prefix.
    pub prefix: String,
    /// So many of them.
    pub of_prefix: String,
    /// Of all only the newest stay.
    pub keep: bool,
    /// So many.
    pub newest: String,
    /// As it was written.
    pub json: String,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            source: Source::None,
            untagged: true,
            days: "14".into(),
            prefixed: false,
            prefix: "dev-".into(),
            of_prefix: "10".into(),
            keep: false,
            newest: "100".into(),
            json: String::new(),
        }
    }
}

/// Who may pull besides the own account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// How the policy comes about.
    pub source: Source,
    /// Other accounts may pull.
    pub accounts: bool,
    /// Their ids, divided by commas or blanks.
    pub account_ids: String,
    /// Lambda may pull.
    pub lambda: bool,
    /// For functions of these accounts; empty for the repository's own.
    pub lambda_ids: String,
    /// An organization may pull.
    pub organization: bool,
    /// Its id.
    pub organization_id: String,
    /// As it was written.
    pub json: String,
}

/// The form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The name.
    pub name: String,
    /// Whether tags stay where they are.
    pub immutable: bool,
    /// Patterns of tags for which the opposite holds, divided by commas or blanks.
    pub exclusions: String,
    /// Encrypted with a KMS key.
    pub kms: bool,
    /// Which; empty for the one AWS manages.
    pub key: String,
    /// In two layers.
    pub dual: bool,
    /// One that is created.
    pub new_key: bool,
    /// What that is called; empty for the repository's name.
    pub alias: String,
    /// Each image is scanned as it is pushed.
    pub scan_on_push: bool,
    /// Which images expire.
    pub lifecycle: Lifecycle,
    /// Who may pull.
    pub permissions: Permissions,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
}

/// What stands between commas and blanks.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\n', '\t']).filter(|piece| !piece.is_empty())
}

type Told<T> = Result<T, (&'static str, String)>;

/// A whole number that counts something.
fn count(field: &'static str, text: &str) -> Told<i64> {
    let wrong = || (field, "This must be a whole number, 1 or more.".to_owned());
    text.trim().parse().ok().filter(|n| *n >= 1).ok_or_else(wrong)
}

fn accounts(field: &'static str, text: &str) -> Told<Vec<AccountId>> {
    pieces(text).map(|id| AccountId::parse(id).map_err(|problem| (field, problem.message))).collect()
}

/// What is right; the messages of the rest go to their fields.
fn sort<T>(told: Vec<Told<T>>, errors: &mut FieldErrors) -> Vec<T> {
    let mut right = vec![];
    for one in told {
        match one {
            Ok(value) => right.push(value),
            Err((field, message)) => {
                errors.entry(field.to_owned()).or_insert(message);
            }
        }
    }
    right
}

/// As somebody would write it who goes on from here.
fn pretty(policy: &Policy) -> String {
    serde_json::to_string_pretty(policy).unwrap_or_default()
}

impl Lifecycle {
    /// The policy's JSON, empty for none.
    pub fn text(&self, errors: &mut FieldErrors) -> String {
        match self.source {
            Source::None => String::new(),
            Source::Json => self.json.clone(),
            Source::Templates => {
                let told = self.templates();
                if told.is_empty() {
                    errors.insert("lifecycle".into(), "Tick at least one rule, or choose “Keep everything”.".into());
                }
                let rules = sort(told, errors);
                if rules.is_empty() { String::new() } else { pretty(&Policy::of(&rules)) }
            }
        }
    }

    fn templates(&self) -> Vec<Told<Template>> {
        let mut all = vec![];
        if self.untagged {
            all.push(count("lifecycle.days", &self.days).map(|days| Template::ExpireUntagged { days }));
        }
        if self.prefixed {
            let prefix = self.prefix.trim();
            all.push(match prefix.is_empty() {
                true => Err(("lifecycle.prefix", "Say how the tags begin, such as dev-.".to_owned())),
                false => count("lifecycle.of_prefix", &self.of_prefix)
                    .map(|count| Template::KeepLastWithPrefix { prefix: prefix.to_owned(), count }),
            });
        }
        if self.keep {
            all.push(count("lifecycle.newest", &self.newest).map(|count| Template::KeepLast { count }));
        }
        all
    }
}

impl Permissions {
    /// The policy's JSON, empty for none.
    pub fn text(&self, scope: &Scope, errors: &mut FieldErrors) -> String {
        match self.source {
            Source::None => String::new(),
            Source::Json => self.json.clone(),
            Source::Templates => {
                let told = self.statements(scope);
                if told.is_empty() {
                    errors.insert("permissions".into(), "Tick whom to let pull, or choose “Only this account”.".into());
                }
                let statements = sort(told, errors).concat();
                if statements.is_empty() { String::new() } else { Document::of(statements).to_text() }
            }
        }
    }

    fn statements(&self, scope: &Scope) -> Vec<Told<Vec<domain::iam::policy_document::Statement>>> {
        let mut all = vec![];
        if self.accounts {
            let field = "permissions.accounts";
            let ids = accounts(field, &self.account_ids);
            all.push(ids.and_then(|ids| templates::pull_for_accounts(scope, &ids).map_err(|e| (field, e))));
        }
        if self.lambda {
            let field = "permissions.lambda";
            let ids = accounts(field, &self.lambda_ids);
            let ids = ids.map(|ids| if ids.is_empty() { vec![scope.account.clone()] } else { ids });
            all.push(ids.and_then(|ids| templates::pull_for_lambda(scope, &ids).map_err(|e| (field, e))));
        }
        if self.organization {
            let made = templates::pull_for_organization(self.organization_id.trim());
            all.push(made.map_err(|e| ("permissions.organization", e)));
        }
        all
    }
}

impl wizard::Draft for Draft {
    const NAME: &'static str = "create-repository";

    fn answers(&self, scope: &Scope) -> (Answers, FieldErrors) {
        let mut errors = FieldErrors::new();
        let entered = Entered {
            name: self.name.clone(),
            immutable: self.immutable,
            exclusions: pieces(&self.exclusions).map(str::to_owned).collect(),
            encryption: match (self.kms, self.new_key) {
                (false, _) => Encrypted::Aes256,
                (true, false) => Encrypted::Kms { key: self.key.clone(), dual: self.dual },
                (true, true) => Encrypted::NewKey { alias: self.alias.clone(), dual: self.dual },
            },
            scan_on_push: self.scan_on_push,
            lifecycle: self.lifecycle.text(&mut errors),
            permissions: self.permissions.text(scope, &mut errors),
            tags: self.tags.clone(),
        };
        let written = [
            ("lifecycle", self.lifecycle.source, &entered.lifecycle),
            ("permissions", self.permissions.source, &entered.permissions),
        ];
        for (field, source, text) in written {
            if source == Source::Json && text.trim().is_empty() {
                errors.insert(field.to_owned(), "Write the policy's JSON here, or choose to have none.".to_owned());
            }
        }
        (Answers { scope: scope.clone(), form: Form::CreateRepository(entered) }, errors)
    }

    fn from_answers(answers: &Answers) -> Option<Self> {
        let Form::CreateRepository(entered) = &answers.form else { return None };
        let entered = entered.clone();
        let dual = entered.encryption.is_dual();
        let (kms, new_key, key, alias) = match entered.encryption {
            Encrypted::Aes256 => (false, false, String::new(), String::new()),
            Encrypted::Kms { key, .. } => (true, false, key, String::new()),
            Encrypted::NewKey { alias, .. } => (true, true, String::new(), alias),
        };
        // What was ticked for a policy is not in the answers: it comes back as the JSON that came of it.
        let source = |text: &str| if text.trim().is_empty() { Source::None } else { Source::Json };
        Some(Self {
            name: entered.name,
            immutable: entered.immutable,
            exclusions: entered.exclusions.join(", "),
            kms,
            key,
            dual,
            new_key,
            alias,
            scan_on_push: entered.scan_on_push,
            lifecycle: Lifecycle {
                source: source(&entered.lifecycle),
                json: entered.lifecycle,
                ..Lifecycle::default()
            },
            permissions: Permissions {
                source: source(&entered.permissions),
                json: entered.permissions,
                ..Permissions::default()
            },
            tags: entered.tags,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wizard::Draft as _;
    use domain::plan::Facts;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    #[test]
    fn a_name_is_enough_and_what_is_ticked_becomes_a_step() {
        let mut draft = Draft { name: "shop/api".into(), ..Draft::default() };
        let (answers, errors) = draft.answers(&scope());
        assert!(errors.is_empty());
        assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 1);
        draft.lifecycle.source = Source::Templates;
        draft.permissions.source = Source::Templates;
        draft.permissions.lambda = true;
        draft.exclusions = "latest, dev-*".into();
        let (answers, errors) = draft.answers(&scope());
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 3);
    }

    #[test]
    fn answers_that_break_the_rules_are_told_off_as_if_they_were_typed() {
        let long = "Ü b/".repeat(5_000);
        let entered = Entered {
            name: long.clone(),
            exclusions: vec!["v?".into(), String::new()],
            encryption: Encrypted::Kms { key: "no key".into(), dual: true },
            lifecycle: "{\0".into(),
            permissions: "no policy".into(),
            tags: vec![("aws:x".into(), long)],
            ..Entered::default()
        };
        let given = Answers { scope: scope(), form: Form::CreateRepository(entered) };
        let (answers, own) = Draft::from_answers(&given).unwrap().answers(&scope());
        assert!(own.is_empty(), "{own:?}");
        let wrong: Vec<String> = answers.plan(&Facts::default()).unwrap_err().into_keys().collect();
        let fields = ["encryption.dual", "encryption.key", "exclusions", "lifecycle", "name", "permissions", "tags.0"];
        assert_eq!(wrong, fields);
    }

    #[test]
    fn the_answers_of_a_run_fill_the_form_that_gives_them_again() {
        let mut draft =
            Draft { name: "shop/api".into(), kms: true, key: "alias/shop".into(), dual: true, ..Draft::default() };
        draft.lifecycle.source = Source::Templates;
        draft.permissions = Permissions { source: Source::Templates, lambda: true, ..Permissions::default() };
        draft.exclusions = "latest, dev-*".into();
        draft.tags = vec![("team".into(), "shop".into())];
        let (answers, _) = draft.answers(&scope());
        let again = Draft::from_answers(&answers).unwrap();
        assert_eq!(again.answers(&scope()), (answers, FieldErrors::new()));
    }

    #[test]
    fn a_new_key_is_asked_for_only_where_a_key_encrypts() {
        let mut draft = Draft { name: "shop/api".into(), new_key: true, alias: "images".into(), ..Draft::default() };
        assert_eq!(draft.answers(&scope()).0.plan(&Facts::default()).unwrap().steps.len(), 1);
        draft.kms = true;
        let (answers, _) = draft.answers(&scope());
        assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 3);
        let again = Draft::from_answers(&answers).unwrap();
        assert_eq!(again.answers(&scope()), (answers, FieldErrors::new()));
    }

    #[test]
    fn entries_that_make_no_policy_are_said_beside_themselves() {
        let mut draft = Draft { name: "shop/api".into(), ..Draft::default() };
        draft.lifecycle = Lifecycle { source: Source::Templates, days: "x".into(), ..Lifecycle::default() };
        draft.permissions.source = Source::Templates;
        draft.permissions.accounts = true;
        draft.permissions.account_ids = "12".into();
        let (_, errors) = draft.answers(&scope());
        assert!(errors.contains_key("lifecycle.days") && errors.contains_key("permissions.accounts"), "{errors:?}");
        draft.lifecycle.source = Source::Json;
        let (_, errors) = draft.answers(&scope());
        assert!(errors.contains_key("lifecycle"), "{errors:?}");
    }
}
