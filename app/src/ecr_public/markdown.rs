//! Markdown as the Public Gallery shows it, for reading and as a preview. The server renders it, so that the browser need not know how; what it
//! gives holds no HTML that somebody wrote.
#![allow(missing_docs)] // the macro makes a struct of each function's arguments, without documentation

use leptos::prelude::*;
use leptos::task::spawn_local;
#[cfg(feature = "ssr")]
use {crate::api::services, domain::Problem, domain::ecr_public::rules::TEXT};

use crate::error::AppError;
use crate::ui::{ProblemNote, Skeleton};
use crate::wire::{Call, ask};
use crate::wizard::TextArea;

/// A text as HTML, for whoever is signed in.
#[server(prefix = "/api/fn", endpoint = "markdown", protocol = Call)]
pub async fn render_markdown(text: String) -> Result<String, AppError> {
    services()?;
    if text.chars().count() > TEXT {
        return Err(Problem::invalid("text", format!("At most {TEXT} characters are rendered.")).into());
    }
    Ok(html(&text))
}

/// Whether a link may lead there: not into scripts, and not into Gantry, whose pages relative ones would name.
#[cfg(feature = "ssr")]
fn may_lead_to(address: &str) -> bool {
    let address = address.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|start| address.starts_with(start))
}

/// Renders without what could run or load something: HTML is shown as the text it is, pictures as their descriptions, links elsewhere than to the
/// web or to a mailbox as their words. Headings begin below those of the page.
#[cfg(feature = "ssr")]
fn html(text: &str) -> String {
    use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
    let below = |level: HeadingLevel| HeadingLevel::try_from(level as usize + 2).unwrap_or(HeadingLevel::H6);
    let mut links = vec![];
    let events = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let safe = events.filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            links.push(may_lead_to(dest_url));
            links.last().copied().unwrap_or_default().then_some(event)
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or_default().then_some(event),
        Event::Start(Tag::Heading { level, .. }) => {
            Some(Event::Start(Tag::Heading { level: below(level), id: None, classes: vec![], attrs: vec![] }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(below(level)))),
        other => Some(other),
    });
    let mut out = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(&mut out, safe);
    out
}

/// A text, rendered.
#[component]
pub fn Rendered(
    /// Markdown.
    text: String,
) -> impl IntoView {
    let answer = ask(move || text.clone(), render_markdown);
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(html) => view! { <div class="markdown" inner_html=html></div> }.into_any(),
                    Err(AppError(problem)) => view! { <ProblemNote problem=problem/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// How far a preview is.
#[derive(Clone)]
enum Preview {
    Closed,
    Asking,
    Shown(Result<String, AppError>),
}

/// A field for Markdown, with a preview when it is asked for.
#[component]
pub fn MarkdownField(
    /// What it is.
    label: &'static str,
    /// Its name in the answers and in messages.
    name: &'static str,
    /// What may be entered.
    hint: &'static str,
    /// What is in it.
    value: Signal<String>,
    /// What to do with what is typed.
    #[prop(into)]
    set: Callback<String>,
) -> impl IntoView {
    let preview = RwSignal::new(Preview::Closed);
    let open = move || !matches!(preview.get(), Preview::Closed);
    let toggle = move |_| {
        if !matches!(preview.get_untracked(), Preview::Closed) {
            return preview.set(Preview::Closed);
        }
        preview.set(Preview::Asking);
        spawn_local(async move {
            let answer = render_markdown(value.get_untracked()).await;
            // Somebody may have gone on writing, or away.
            if preview.try_get_untracked().is_some_and(|now| matches!(now, Preview::Asking)) {
                preview.set(Preview::Shown(answer));
            }
        });
    };
    let shown = move || match preview.get() {
        Preview::Closed => ().into_any(),
        Preview::Asking => view! { <Skeleton/> }.into_any(),
        Preview::Shown(Ok(html)) if html.trim().is_empty() => {
            view! { <p class="dim">"Nothing is written yet."</p> }.into_any()
        }
        Preview::Shown(Ok(html)) => view! { <div class="markdown" inner_html=html></div> }.into_any(),
        Preview::Shown(Err(AppError(problem))) => view! { <ProblemNote problem=problem/> }.into_any(),
    };
    let heard = move || if open() { format!("Write {label}") } else { format!("Preview of {label}") };
    view! {
        <div class="field with-preview">
            <div class="preview-bar">
                <button class="btn small" r#type="button" aria-label=heard on:click=toggle>
                    {move || if open() { "Write" } else { "Preview" }}
                </button>
            </div>
            <div hidden=open><TextArea label=label name=name hint=hint value=value set=set/></div>
            <div class="preview" hidden=move || !open() role="region" aria-label=format!("Preview of {label}")>{shown}</div>
        </div>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::html;

    #[test]
    fn what_people_write_becomes_no_html_of_their_own() {
        for (text, never) in [
            ("<script>alert(1)</script>", "<script"),
            ("a <img src=x onerror=alert(1)> b", "<img"),
            ("<div onclick=\"x\">\n\n*b*\n\n</div>", "<div"),
            ("![x](https://example.com/a.png)", "<img"),
            ("[![x](https://example.com/a.png)](https://example.com)", "<img"),
            ("[a](javascript:alert(1))", "<a"),
            ("[a](JavaScript:alert(1))", "<a"),
            ("[a](\tjava\nscript:alert(1))", "<a"),
            ("<javascript:alert(1)>", "<a"),
            ("[a](data:text/html;base64,PHNjcmlwdD4=)", "<a"),
            ("[a](/settings)", "<a"),
            ("[a](//example.com)", "<a"),
            ("[a](https://example.com/\"onmouseover=\"x)", "\"onmouseover"),
            ("```\"><script>\nx\n```", "<script"),
            ("# a {#x onclick=y}", "onclick=\"y"),
            ("<!-- a --><style>*{}</style>", "<style"),
        ] {
            let out = html(text);
            assert!(!out.contains(never), "{text} became {out}");
        }
    }

    #[test]
    fn markdown_stays_markdown_below_the_headings_of_the_page() {
        let out = html(
            "# Probe\n\nSee [the site](https://example.com/a?b=1&c=2), <mailto:a@example.com>.\n\n| a | b |\n|---|---|\n| `x` | ~~y~~ |\n",
        );
        assert!(out.contains("<h3>Probe</h3>"), "{out}");
        assert!(out.contains("<a href=\"https://example.com/a?b=1&amp;c=2\">the site</a>"), "{out}");
        assert!(out.contains("<a href=\"mailto:a@example.com\">"), "{out}");
        assert!(out.contains("<code>x</code>") && out.contains("<del>y</del>") && out.contains("<table>"), "{out}");
        assert!(html("###### deep").contains("<h6>deep</h6>"));
    }
}
