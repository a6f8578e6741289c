//! What the form of a new public repository holds, and the answers that follow from it.

use domain::Scope;
use domain::ecr_public::wizards::create_repository::Answers as Entered;
use domain::plan::answers::Form;
use domain::plan::{Answers, FieldErrors};
use serde::{Deserialize, Serialize};

use crate::wizard;

/// The longest base64 text of a logo that is part of a kept draft: beside the longest texts it has room in one.
const KEPT: usize = 90_000;

/// A logo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logo {
    /// The name of its file.
    pub file: String,
    /// The picture in base64.
    pub base64: String,
    /// Why the file that was chosen last was not taken.
    #[serde(skip)]
    pub refused: Option<String>,
}

impl Logo {
    /// Whether a draft is kept without it.
    pub fn is_large(&self) -> bool {
        self.base64.len() > KEPT
    }
}

/// The form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The name.
    pub name: String,
    /// A sentence or two.
    pub description: String,
    /// What it is, in Markdown.
    pub about: String,
    /// How to use it, in Markdown.
    pub usage: String,
    /// What its images run on.
    pub architectures: Vec<String>,
    /// The same for operating systems.
    pub operating_systems: Vec<String>,
    /// A picture; one that is too large for a draft is only kept as long as the page is open.
    #[serde(skip_serializing_if = "Logo::is_large")]
    pub logo: Logo,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
}

impl wizard::Draft for Draft {
    const NAME: &'static str = "create-public-repository";

    fn answers(&self, scope: &Scope) -> (Answers, FieldErrors) {
        let entered = Entered {
            name: self.name.clone(),
            description: self.description.clone(),
            about: self.about.clone(),
            usage: self.usage.clone(),
            architectures: self.architectures.clone(),
            operating_systems: self.operating_systems.clone(),
            logo: self.logo.base64.clone(),
            tags: self.tags.clone(),
        };
        let mut errors = FieldErrors::new();
        errors.extend(self.logo.refused.clone().map(|words| ("logo".to_owned(), words)));
        (Answers { scope: scope.clone(), form: Form::CreatePublicRepository(entered) }, errors)
    }

    fn from_answers(answers: &Answers) -> Option<Self> {
        let Form::CreatePublicRepository(entered) = &answers.form else { return None };
        let entered = entered.clone();
        let file = if entered.logo.is_empty() { String::new() } else { "logo.png".to_owned() };
        Some(Self {
            name: entered.name,
            description: entered.description,
            about: entered.about,
            usage: entered.usage,
            architectures: entered.architectures,
            operating_systems: entered.operating_systems,
            logo: Logo { file, base64: entered.logo, refused: None },
            tags: entered.tags,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wizard::Draft as _;
    use domain::plan::Facts;

    fn draft(logo: usize) -> Draft {
        let base64 = format!("iVBORw0KGgo{}=", "A".repeat(logo));
        Draft {
            name: "tools/probe".into(),
            about: "# Probe".into(),
            architectures: vec!["ARM 64".into()],
            logo: Logo { file: "logo.png".into(), base64, refused: None },
            tags: vec![("team".into(), "web".into())],
            ..Draft::default()
        }
    }

    #[test]
    fn the_answers_of_a_run_fill_the_form_that_gives_them_again() {
        let scope = Scope::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap());
        let (answers, errors) = draft(0).answers(&scope);
        assert!(errors.is_empty());
        assert_eq!(answers.plan(&Facts::default()).unwrap().steps.len(), 1);
        assert_eq!(Draft::from_answers(&answers), Some(draft(0)));
    }

    #[test]
    fn a_file_that_was_refused_is_said_and_not_kept() {
        let mut refused = draft(0);
        refused.logo.refused = Some("This is no PNG.".into());
        let scope = Scope::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap());
        assert_eq!(refused.answers(&scope).1["logo"], "This is no PNG.");
        let kept: Draft = serde_json::from_str(&serde_json::to_string(&refused).unwrap()).unwrap();
        assert_eq!(kept, draft(0));
    }

    #[test]
    fn a_draft_with_the_longest_texts_can_be_kept_and_a_large_logo_is_left_out() {
        let mut large = draft(600_000);
        large.about = "é".repeat(25_600);
        large.usage = "é".repeat(25_600);
        let text = serde_json::to_string(&large).unwrap();
        assert!(text.len() < domain::plan::service::LARGEST_DRAFT && !text.contains("iVBOR"));
        large.logo = draft(KEPT - 100).logo;
        assert!(serde_json::to_string(&large).unwrap().len() < domain::plan::service::LARGEST_DRAFT);
    }
}
