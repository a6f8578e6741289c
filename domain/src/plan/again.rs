//! The answers of a run as fields, whatever their form: to be changed, and planned once more, here or in another place.

use serde_json::Value;

use super::answers::{Answers, Form};
use crate::ecr_public::REGION;
use crate::identity::Scope;
use crate::kind::Kind;
use crate::problem::Problem;

/// What is said when the plan is there, not entered: what is insisted on, what goes with it, credentials that are lent.
const SAID_LATER: [&str; 3] = ["insist", "force", "credentials"];
/// Lists of documents. Whatever else is a list has lines of text.
const DEEP: [&str; 2] = ["rules", "images"];
/// What it is about stands first.
const FIRST: [&str; 6] = ["repository", "name", "function", "like", "prefix", "source"];
/// Longer texts, in bytes, are files rather than something to type.
const LONGEST: usize = 100_000;

impl Form {
    /// As if nobody had insisted on anything or lent credentials: that is said anew, or not.
    pub fn afresh(&mut self) {
        self.insist("");
        match self {
            Form::DeleteRepository(answers) => answers.force = false,
            Form::DeletePublicRepository(answers) => answers.force = false,
            Form::CopyImage(answers) => answers.credentials.clear(),
            _ => {}
        }
    }
    /// What it creates and the only region that has it, if there is only one: one line for each form, so that a new one is asked for both.
    const fn sort(&self) -> (Option<Kind>, Option<&'static str>) {
        match self {
            Form::CreateRepository(_) => (Some(Kind::Repository), None),
            Form::CreatePublicRepository(_) => (Some(Kind::PublicRepository), Some(REGION)),
            Form::ChangePublicRepository(_)
            | Form::DeletePublicRepository(_)
            | Form::PublicRepositoryPolicy(_)
            | Form::DeletePublicImages(_) => (None, Some(REGION)),
            Form::ChangeRepository(_)
            | Form::DeleteRepository(_)
            | Form::LifecyclePolicy(_)
            | Form::RepositoryPolicy(_)
            | Form::DeleteImages(_)
            | Form::TagImage(_)
            | Form::UntagImage(_)
            | Form::ScanImages(_)
            | Form::CopyImage(_)
            | Form::RegistryReplication(_)
            | Form::RegistryScanning(_)
            | Form::RegistrySetting(_)
            | Form::RegistryCacheRule(_)
            | Form::DeleteRegistryCacheRule(_)
            | Form::RegistryTemplate(_)
            | Form::DeleteRegistryTemplate(_)
            | Form::RegistryPolicy(_)
            | Form::PutImages(_)
            | Form::UseInFunction(_)
            | Form::UseInTaskDefinition(_) => (None, None),
        }
    }
    /// What it creates, in a wizard; none for what is no wizard but an action on something that exists.
    pub const fn creates(&self) -> Option<Kind> {
        self.sort().0
    }
    /// The only region that has what it changes; none for what every region has.
    pub const fn region(&self) -> Option<&'static str> {
        self.sort().1
    }
    /// Whether it holds nowhere else: the layers of images from an archive are in the repository that they were sent to.
    pub const fn is_bound(&self) -> bool {
        matches!(self, Form::PutImages(_))
    }
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A text.
    Text(String),
    /// Texts.
    Lines(Vec<String>),
    /// Yes or no.
    Flag(bool),
    /// Keys and values.
    Tags(Vec<(String, String)>),
    /// More than a field can say: it stays as it was.
    Fixed(Value),
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn tag(value: &Value) -> Option<(String, String)> {
    let [key, value] = value.as_array()?.as_slice() else { return None };
    Some((text(key)?, text(value)?))
}

impl Entry {
    fn of(name: &str, value: &Value) -> Self {
        let read = match value {
            Value::String(text) if text.len() <= LONGEST => Some(Self::Text(text.clone())),
            Value::Bool(on) => Some(Self::Flag(*on)),
            Value::Array(all) if name == "tags" => all.iter().map(tag).collect::<Option<Vec<_>>>().map(Self::Tags),
            Value::Array(all) if !DEEP.contains(&name) => {
                all.iter().map(text).collect::<Option<Vec<_>>>().map(Self::Lines)
            }
            _ => None,
        };
        read.unwrap_or_else(|| Self::Fixed(value.clone()))
    }
    fn value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text),
            Self::Lines(lines) => Value::Array(lines.into_iter().map(Value::String).collect()),
            Self::Flag(on) => Value::Bool(on),
            Self::Tags(tags) => {
                let pair = |(key, value)| Value::Array(vec![Value::String(key), Value::String(value)]);
                Value::Array(tags.into_iter().map(pair).collect())
            }
            Self::Fixed(value) => value,
        }
    }
}

/// The answers of some form, field by field.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries(Value);

impl Entries {
    /// Of these answers, [afresh](Form::afresh).
    ///
    /// # Errors
    /// Answers that cannot be written as JSON, of which there are none.
    pub fn of(answers: &Answers) -> Result<Self, Problem> {
        let mut answers = answers.clone();
        answers.form.afresh();
        // Written as they travel: the browser has the code for that already.
        let document = serde_json::to_string(&answers).and_then(|text| serde_json::from_str(&text));
        document.map(Self).map_err(|e| Problem::internal(e.to_string()))
    }
    /// The fields with their names in the answers, what it is about first.
    pub fn fields(&self) -> Vec<(String, Entry)> {
        let all = self.0["answers"].as_object().into_iter().flatten();
        let entered = all.filter(|(name, _)| !SAID_LATER.contains(&name.as_str()));
        let mut fields: Vec<(String, Entry)> =
            entered.map(|(name, value)| (name.clone(), Entry::of(name, value))).collect();
        fields.sort_by_key(|(name, _)| FIRST.iter().position(|first| *first == name.as_str()).unwrap_or(FIRST.len()));
        fields
    }
    /// Enters something else in one of them.
    pub fn set(&mut self, name: &str, entry: Entry) {
        if let Some(field) = self.0.get_mut("answers").and_then(|all| all.get_mut(name)) {
            *field = entry.value();
        }
    }
    /// The answers again, for this place.
    ///
    /// # Errors
    /// An entry of another sort than its field had.
    pub fn answers(&self, scope: Scope) -> Result<Answers, Problem> {
        let read = serde_json::from_value::<Answers>(self.0.clone()).map_err(|e| Problem::internal(e.to_string()))?;
        Ok(Answers { scope, ..read })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WIZARDS: [&str; 26] = [
        "create-repository",
        "change-repository",
        "delete-repository",
        "lifecycle-policy",
        "repository-policy",
        "delete-images",
        "tag-image",
        "untag-image",
        "scan-images",
        "copy-image",
        "registry-replication",
        "registry-scanning",
        "registry-setting",
        "registry-cache-rule",
        "delete-registry-cache-rule",
        "registry-template",
        "delete-registry-template",
        "registry-policy",
        "put-images",
        "create-public-repository",
        "change-public-repository",
        "delete-public-repository",
        "public-repository-policy",
        "delete-public-images",
        "use-in-function",
        "use-in-task-definition",
    ];

    fn answers(wizard: &str, answers: Value) -> Answers {
        let scope = json!({ "account": "111122223333", "region": "eu-west-1" });
        serde_json::from_value(json!({ "scope": scope, "wizard": wizard, "answers": answers })).unwrap()
    }

    fn elsewhere() -> Scope {
        Scope::new("444455556666".parse().unwrap(), "us-east-1".parse().unwrap())
    }

    #[test]
    fn whatever_is_entered_in_a_field_of_any_form_is_in_its_answers() {
        for wizard in WIZARDS {
            let was = answers(wizard, json!({}));
            let mut entries = Entries::of(&was).unwrap();
            assert_eq!(entries.answers(was.scope.clone()).unwrap(), was, "{wizard}");
            let mut wanted = vec![];
            for (name, entry) in entries.fields() {
                let other = match entry {
                    Entry::Text(_) => Entry::Text("x".into()),
                    Entry::Lines(_) => Entry::Lines(vec!["x".into(), "y".into()]),
                    Entry::Flag(on) => Entry::Flag(!on),
                    Entry::Tags(_) => Entry::Tags(vec![("team".into(), "shop".into())]),
                    Entry::Fixed(value) => Entry::Fixed(value),
                };
                entries.set(&name, other.clone());
                wanted.push((name, other));
            }
            let made = entries.answers(elsewhere()).unwrap();
            assert_eq!(made.scope, elsewhere());
            assert_eq!(Entries::of(&made).unwrap().fields(), wanted, "{wizard}");
        }
    }

    #[test]
    fn what_it_is_about_comes_first_and_what_is_too_deep_stays() {
        let rule = json!({ "destinations": [{ "region": "eu-central-1", "registryId": "444455556666" }] });
        let entries = Entries::of(&answers("registry-replication", json!({ "rules": [rule] }))).unwrap();
        assert!(matches!(entries.fields().as_slice(), [(name, Entry::Fixed(_))] if name == "rules"));
        let change = json!({ "repository": "shop/api", "immutable": true, "exclusions": ["latest"] });
        let fields = Entries::of(&answers("change-repository", change)).unwrap().fields();
        assert_eq!(fields[0], ("repository".to_owned(), Entry::Text("shop/api".into())));
        assert!(fields.contains(&("exclusions".to_owned(), Entry::Lines(vec!["latest".into()]))));
        let logo = json!({ "repository": "shop", "logo": "x".repeat(LONGEST + 1) });
        let fields = Entries::of(&answers("change-public-repository", logo)).unwrap().fields();
        assert!(fields.iter().any(|(name, entry)| name == "logo" && matches!(entry, Entry::Fixed(_))));
    }

    #[test]
    fn nothing_is_insisted_on_again_and_no_credentials_are_kept() {
        let delete = json!({ "repository": "shop/api", "force": true, "insist": "shop/api" });
        let entries = Entries::of(&answers("delete-repository", delete)).unwrap();
        assert_eq!(entries.fields().len(), 1);
        assert_eq!(
            entries.answers(elsewhere()).unwrap().form,
            answers("delete-repository", json!({ "repository": "shop/api" })).form
        );
        let copy = json!({ "source": "ghcr.io/a/b:1", "credentials": "lent" });
        let again = Entries::of(&answers("copy-image", copy)).unwrap().answers(elsewhere()).unwrap();
        assert!(matches!(again.form, Form::CopyImage(copy) if copy.credentials.is_empty()));
    }

    #[test]
    fn public_repositories_have_one_region_and_archives_one_repository() {
        for wizard in WIZARDS {
            let form = answers(wizard, json!({})).form;
            assert_eq!(form.region().is_some(), wizard.contains("public"), "{wizard}");
            assert_eq!(form.creates().is_some(), wizard.starts_with("create-"), "{wizard}");
            assert_eq!(form.is_bound(), wizard == "put-images");
        }
    }
}
