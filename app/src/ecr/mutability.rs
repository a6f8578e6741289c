//! Whether tags stay with their images: in AWS's words, the same wherever it is chosen.

use domain::ecr::rules::MOST_FILTERS;
use domain::ecr::rules::typed::MUTABILITY_FILTERS;
use leptos::prelude::*;

use crate::wizard::{Choice, TextField, choices};

const MUTABLE: &str = "Mutable";
const IMMUTABLE: &str = "Immutable";
const CHOICES: &[Choice] = &[
    ("mutable", MUTABLE, "A push may move a tag to another image: what runs tomorrow may differ from today."),
    ("immutable", IMMUTABLE, "A tag stays with the image it was first given to; pushing it again fails."),
];
/// What the field of the exceptions is called.
pub const EXCEPT: &str = "Except tags that match";

/// What is chosen, in short, with the exceptions as they are typed.
pub fn now(immutable: bool, exclusions: &str) -> String {
    let word = if immutable { IMMUTABLE } else { MUTABLE };
    let except = exclusions.trim();
    if except.is_empty() { word.to_owned() } else { format!("{word}, except {except}") }
}

/// The choice, and the exceptions from it; the field has the name `exclusions`.
pub fn fields(
    immutable: Signal<bool>,
    choose: impl Fn(bool) + Copy + Send + Sync + 'static,
    exclusions: Signal<String>,
    except: impl Fn(String) + Send + Sync + 'static,
) -> impl IntoView {
    let chosen = Signal::derive(move || if immutable.get() { "immutable" } else { "mutable" });
    let hint = format!(
        "For tags that match, the opposite holds. At most {MOST_FILTERS}, divided by commas; * stands for any text."
    );
    view! {
        {choices("mutability", "Tag mutability", CHOICES, chosen, move |v| choose(v == "immutable"))}
        <TextField
            label=EXCEPT name="exclusions" placeholder="latest, dev-*" typing=MUTABILITY_FILTERS value=exclusions
            hint=hint set=except
        />
    }
}

#[cfg(test)]
mod tests {
    use super::now;

    #[test]
    fn what_is_chosen_is_said_with_its_exceptions() {
        assert_eq!([now(false, " "), now(true, "latest, dev-* ")], ["Mutable", "Immutable, except latest, dev-*"]);
    }
}
