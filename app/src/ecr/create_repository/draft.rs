//! What the form of a new repository holds, and the answers that follow from it.

use domain::ecr::lifecycle::{Policy, Template};
use domain::ecr::repository_policy::templates;
use domain::ecr::wizards::create_repository::{Answers as Entered, Encrypted};
use domain::iam::policy_document::{Document, Matches, Principals};
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
    /// What gives this policy in this place: as it was ticked where that gives it, so that another place gets its own; or as it is written.
    fn of(text: String, scope: &Scope) -> Self {
        if text.trim().is_empty() {
            return Self { json: text, ..Self::default() };
        }
        Self::ticked(&text, scope).unwrap_or_else(|| Self { source: Source::Json, json: text, ..Self::default() })
    }

    /// The ticks of which exactly this policy comes, if any do.
    fn ticked(text: &str, scope: &Scope) -> Option<Self> {
        let document = Document::parse(text).ok()?;
        let mut ticked = Self { source: Source::Templates, ..Self::default() };
        for statement in &document.statements {
            let mut values = statement.conditions.iter().flat_map(|condition| &condition.values).map(String::as_str);
            match statement.sid.as_deref()? {
                templates::ACCOUNTS => {
                    let Matches::Only(Principals::These(list)) = &statement.principals else { return None };
                    let ids: Vec<&str> = list.iter().filter_map(|principal| principal.in_account()).collect();
                    (ticked.accounts, ticked.account_ids) = (true, ids.join(", "));
                }
                templates::LAMBDA => {
                    let ids: Vec<&str> = values.filter_map(|arn| arn.split(':').nth(4)).collect();
                    // The repository's own account, whichever that is, has no need to be entered.
                    let own = ids == [scope.account.as_str()];
                    (ticked.lambda, ticked.lambda_ids) = (true, if own { String::new() } else { ids.join(", ") });
                }
                // It comes with Lambda's.
                templates::LAMBDA_ACCOUNTS => {}
                templates::ORGANIZATION => {
                    (ticked.organization, ticked.organization_id) = (true, values.next()?.to_owned());
                }
                _ => return None,
            }
        }
        let again = ticked.text(scope, &mut FieldErrors::new());
        (Document::parse(&again).ok()? == document).then_some(ticked)
    }

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
        // What was ticked for expiry is not in the answers: it comes back as the JSON that came of it, which every place takes.
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
            permissions: Permissions::of(entered.permissions, &answers.scope),
            tags: entered.tags,
        })
    }
}

#[cfg(test)]
mod tests;
