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

/// These images with the tags that were typed for each: of several those that get none stay out.
pub fn with_tags(repository: &str, images: &[Image], typed: &[String]) -> put_images::Answers {
    let tagged = images.iter().zip(typed).map(|(image, typed)| Image { tags: tags(typed), ..image.clone() });
    let all: Vec<Image> = tagged.collect();
    let some = all.iter().any(|image| !image.tags.is_empty());
    let images = all.into_iter().filter(|image| !some || !image.tags.is_empty()).collect();
    put_images::Answers { repository: repository.to_owned(), images }
}

/// The form: of several images those that get no tag stay out. `typed` has a text for each.
pub fn form(scope: &Scope, repository: &str, images: &[Image], typed: RwSignal<Vec<String>>) -> AnyView {
    let images = StoredValue::new(images.to_vec());
    let repository = repository.to_owned();
    let wanted = move || {
        let typed = typed.get();
        images.with_value(|images| with_tags(&repository, images, &typed))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_images_those_without_a_tag_stay_out_unless_none_has_one() {
        let of = |size: u64| Image { size, tags: vec!["old".into()], ..Image::default() };
        let sizes = |typed: [&str; 2]| {
            let put = with_tags("shop/web", &[of(1), of(2)], &typed.map(str::to_owned));
            put.images.into_iter().map(|image| (image.size, image.tags.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(sizes(["", "1.5, stable"]), [(2, "1.5 stable".to_owned())]);
        assert_eq!(sizes(["", " "]).len(), 2, "what is wrong is said beside each");
    }
}
