//! A public repository: what the gallery says of it, and how images get into it.

use domain::ecr_public::Repository;
use domain::listing::Detail;
use leptos::prelude::*;

use super::markdown::Rendered;
use super::push_commands;
use crate::sections::{age, card, exact, nothing, pair_card, stack, text};
use crate::ui::{Code, Copy};

/// The address in the gallery.
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-gallery.html>
fn gallery(uri: &str) -> Option<String> {
    let (_, place) = uri.split_once('/')?;
    Some(format!("https://gallery.ecr.aws/{place}"))
}

/// The tab.
pub fn view(repository: Repository, detail: Detail) -> AnyView {
    let catalog = repository.catalog_data.clone().unwrap_or_default();
    let uri = repository.repository_uri.clone();
    let in_gallery = uri.as_deref().and_then(gallery).map(|href| {
        view! { <a class="ref" href=href.clone() target="_blank" rel="noopener noreferrer external">{href.clone()}</a> }.into_any()
    });
    let list = |words: Vec<String>| text((!words.is_empty()).then(|| words.join(", ")));
    let facts = pair_card(
        "Public Gallery",
        vec![
            ("Description", text(catalog.description)),
            ("Architectures", list(catalog.architectures)),
            ("Operating systems", list(catalog.operating_systems)),
            ("Logo", exact(catalog.logo_url)),
            ("AWS Marketplace", text(catalog.marketplace_certified.filter(|on| *on).map(|_| "Certified"))),
            ("URI", exact(uri.clone())),
            ("Page", in_gallery.unwrap_or_else(|| text(None::<String>))),
            ("Registry", exact(repository.registry_id)),
            ("Created", age(repository.created_at.map(|t| t.0), detail.now)),
        ],
    );
    let written = |title: &'static str, text: Option<String>, empty: &'static str| match text
        .filter(|text| !text.trim().is_empty())
    {
        Some(text) => card(title, view! { <Rendered text=text/> }),
        None => card(title, nothing(empty)),
    };
    let about = written("About", catalog.about_text, "Nobody has written what it is. Settings is the place.");
    let usage = written("Usage", catalog.usage_text, "Nobody has written how to use it. Settings is the place.");
    let push = uri.map(|uri| {
        card(
            "Push an image",
            view! {
                <div class="in stack">
                    <p class="dim">"Sign Docker in (for 12 hours), name the image after the repository, push. It takes the permissions "<code>"ecr-public:GetAuthorizationToken"</code>" and "<code>"sts:GetServiceBearerToken"</code>". Everybody pulls with "<Copy text=format!("docker pull {uri}:latest") max=90/></p>
                    <Code text=push_commands(&uri)/>
                </div>
            },
        )
    });
    stack([Some(facts), Some(about), Some(usage), push].into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_gallery_has_a_page_for_each() {
        let page = super::gallery("public.ecr.aws/a1b2c3d4/tools/probe");
        assert_eq!(page.as_deref(), Some("https://gallery.ecr.aws/a1b2c3d4/tools/probe"));
    }
}
