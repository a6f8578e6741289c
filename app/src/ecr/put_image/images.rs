//! What an archive held: the tags that its images get, and the plan that puts them.

use domain::Scope;
use domain::ecr::rules::typed::IMAGE_TAGS;
use domain::ecr::wizards::put_images::{self, Image, tags, tags_field};
use domain::plan::answers::Form;
use domain::plan::{Answers, Facts};
use leptos::prelude::*;

use crate::plan::wrong::Wrong;
use crate::ui::{Icon, icon};
use crate::wizard::TextField;

/// The form: of several images those that get no tag stay out. `typed` has a text for each.
pub(super) fn form(scope: &Scope, repository: &str, images: &[Image], typed: RwSignal<Vec<String>>) -> AnyView {
    let images = StoredValue::new(images.to_vec());
    let repository = repository.to_owned();
    let wanted = move || {
        let typed = typed.get();
        let all = images.with_value(|images| {
            let tagged = images.iter().zip(&typed).map(|(image, typed)| Image { tags: tags(typed), ..image.clone() });
            tagged.collect::<Vec<_>>()
        });
        let some = all.iter().any(|image| !image.tags.is_empty());
        let images = all.into_iter().filter(|image| !some || !image.tags.is_empty()).collect();
        put_images::Answers { repository: repository.clone(), images }
    };
    let (wrong, ready) = {
        let (scope, wanted) = (scope.clone(), wanted.clone());
        Wrong::provide(move || wanted().plan(&scope, &Facts::default()).err().unwrap_or_default())
    };
    let alone = images.with_value(Vec::len) == 1;
    let fields = images.with_value(|images| {
        let field = |(n, image): (usize, &Image)| {
            let set = move |value: String| {
                wrong.forget();
                typed.update(|typed| {
                    if let Some(text) = typed.get_mut(n) {
                        *text = value;
                    }
                });
            };
            let hint = if alone {
                "Several are separated by spaces. They are given last."
            } else {
                "Without one it stays out. Several are separated by spaces."
            };
            view! {
                <TextField
                    label=format!("Tags of {}", image.about()) name=tags_field(n) placeholder="1.4.2" hint=hint typing=IMAGE_TAGS
                    value=Signal::derive(move || typed.with(|typed| typed.get(n).cloned().unwrap_or_default())) set=set
                />
            }
        };
        images.iter().enumerate().map(field).collect_view()
    });
    let scope = scope.clone();
    let review = move |_| {
        let form = Form::PutImages(untrack(&wanted));
        wrong.ask(Answers { scope: scope.clone(), form });
    };
    view! {
        {fields}
        {wrong.others(&["tags"])}
        <div class="acts" inert=move || !ready.get() class:idle=move || !ready.get()>
            <button class="btn primary" r#type="button" on:click=review>{icon(Icon::Right)}"Review and put it in"</button>
        </div>
    }
    .into_any()
}
