//! Gives the image to a function that is made from one.

use domain::ecr::Image;
use domain::lambda::wizards::UseImage;
use domain::listing::{ListQuery, Row};
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use domain::{Kind, Scope};
use leptos::prelude::*;

use crate::ecr::offers::{Offer, offers, query, words};
use crate::plan::wrong::Wrong;
use crate::ui::{Icon, icon};
use crate::unfinished::{self, Applied};
use crate::wizard::TextField;

/// Functions that are made from an image.
fn functions(scope: &Scope, text: &str) -> ListQuery {
    let filters = [("package".to_owned(), vec!["Image".to_owned()])].into();
    ListQuery { filters, ..query(Kind::Function, scope, text) }
}

fn offered(rows: &[Row]) -> Vec<Offer> {
    let offer = |row: &Row| Offer {
        value: row.key.id.clone(),
        name: row.key.id.clone(),
        about: words(row, "architecture"),
        first: false,
    };
    rows.iter().map(offer).collect()
}

/// The form.
pub(super) fn form(scope: &Scope, image: &Image) -> AnyView {
    let first = UseImage {
        repository: image.repository_name.clone(),
        digest: image.image_digest.clone(),
        ..UseImage::default()
    };
    let first = (first, String::new());
    let says = |(answers, _): &(UseImage, String)| Form::UseInFunction(answers.clone());
    let (answers, typed) = unfinished::fields_of_plan("function", scope, first, |_| true, says, Applied::Stay);
    let scope = StoredValue::new(scope.clone());
    let (wrong, ready) = Wrong::provide(move || {
        answers.with(|a| scope.with_value(|scope| a.plan(scope, &Facts::default()))).err().unwrap_or_default()
    });
    let chosen = Signal::derive(move || answers.with(|a| a.function.clone()));
    let choose = move |function: String| {
        wrong.forget();
        answers.update(|a| a.function = function.trim().to_owned());
    };
    let entered = move |text: String| {
        typed.set(text.clone());
        choose(text);
    };
    let review = move |_| {
        wrong.ask(Answers { scope: scope.get_value(), form: Form::UseInFunction(answers.get_untracked()) });
    };
    let ask = move |text: &str| scope.with_value(|scope| functions(scope, text));
    view! {
        <div class="stack">
            <TextField
                label="Function" name="function" value=typed.into() set=entered
                hint="One of this account and region that is made from an image. Its unpublished version gets this one."
            />
            {offers("Functions to choose from", "No function here is made from an image.", chosen, typed, ask, offered, choose)}
            {wrong.others(&["function"])}
            <div class="acts" inert=move || !ready.get() class:idle=move || !ready.get()>
                <button class="btn primary" r#type="button" on:click=review>{icon(Icon::Right)}"Review the change"</button>
            </div>
        </div>
    }
    .into_any()
}
