//! From a file on this computer: its layers go to the registry as they arrive.

use domain::ResourceKey;
use leptos::prelude::*;

use super::sender::{Sender, Stage};
use super::{browser, images};
use crate::plan::transfer;
use crate::ui::{Icon, ProblemNote, icon};

/// The card.
pub(super) fn form(key: &ResourceKey, sender: Sender) -> AnyView {
    let key = StoredValue::new(key.clone());
    sender.shows();
    let body = move || {
        match sender.stage.get() {
        Stage::Sending => sending(sender),
        Stage::Broken => broken(sender),
        Stage::Received => sender.upload.with_untracked(|upload| {
            view! {
                <p role="status">"“"{sender.named.with_untracked(|n| n.0.clone())}"” has arrived. Nothing can be pulled yet: name what is in it, and review the plan."</p>
                {key.with_value(|key| images::form(&key.scope, &key.id, &upload.images, sender.typed))}
                {transfer::folded(&upload.layers)}
                {zone(sender, "Another file")}
            }
            .into_any()
        }),
        Stage::Left => left(sender),
        Stage::In(tags) => view! {
            <p role="status">"“"{sender.named.with_untracked(|n| n.0.clone())}"” is in: "{tags.join(", ")}"."</p>
            {zone(sender, "Another file")}
        }
        .into_any(),
        Stage::Failed(problem) => view! { <ProblemNote problem=problem/>{zone(sender, "Choose a file")} }.into_any(),
        Stage::Cancelled => view! {
            <p role="status">"Cancelled. Nothing was tagged. The same file again goes on with the layers that have not arrived."</p>
            {zone(sender, "Choose a file")}
        }
        .into_any(),
        Stage::Empty => zone(sender, "Choose a file"),
    }
    };
    view! {
        <section class="card">
            <header><h2>"Send an image from this computer"</h2></header>
            <div class="in stack">{body}</div>
        </section>
    }
    .into_any()
}

/// Where a file is dropped or chosen.
fn zone(sender: Sender, words: &'static str) -> AnyView {
    let over = RwSignal::new(false);
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(file) = browser::dropped(&event) {
            sender.choose(file);
        }
    };
    let hover = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(true);
    };
    let picked = move |event: leptos::ev::Event| {
        if let Some(file) = browser::picked(&event) {
            sender.choose(file);
        }
    };
    view! {
        <div class="drop" class:over=over on:dragover=hover on:dragleave=move |_| over.set(false) on:drop=dropped>
            <label class="btn small">{icon(Icon::Up)}{words}<input class="hidden-file" r#type="file" aria-describedby="archive-hint" on:change=picked/></label>
            <span class="hint" id="archive-hint">"Or drop it here: what "<code>"docker save"</code>" wrote, or an OCI layout, as a tar. Layers go to the registry as they are read, those that it has are skipped."</span>
        </div>
    }
    .into_any()
}

/// How far it is.
fn sending(sender: Sender) -> AnyView {
    let far =
        move || sender.upload.with(|upload| transfer::far(upload.received, upload.size, upload.speed, upload.left()));
    let name = sender.named.with_untracked(|named| named.0.clone());
    let list = move || sender.upload.with(|upload| transfer::list(&upload.layers, upload.speed.unwrap_or_default()));
    view! {
        <p role="status">"Sending “"{name}"”."</p>
        <div class="far">{bar(sender)}<span class="num">{far}</span>{cancel(sender)}</div>
        {list}
    }
    .into_any()
}

fn bar(sender: Sender) -> AnyView {
    let size = sender.named.with_untracked(|named| named.1.max(1).to_string());
    view! { <progress max=size prop:value=move || sender.upload.with(|u| u.received.to_string()) aria-label="Sent"></progress> }
        .into_any()
}

fn cancel(sender: Sender) -> AnyView {
    view! { <button class="btn small" r#type="button" on:click=move |_| sender.cancel()>{icon(Icon::Close)}"Cancel"</button> }
        .into_any()
}

/// It goes on in a while, or at once.
fn broken(sender: Sender) -> AnyView {
    // Only its beginning is announced, not each second.
    view! {
        <p><span role="status">"The connection broke:"</span>{move || format!(" going on in {} s.", sender.pause.get())}</p>
        <div class="far">
            {bar(sender)}
            <button class="btn small" r#type="button" on:click=move |_| sender.go_on(false)>{icon(Icon::Right)}"Now"</button>
            {cancel(sender)}
        </div>
    }
    .into_any()
}

/// Some of it is there: the rest needs the file again.
fn left(sender: Sender) -> AnyView {
    let name = sender.named.with_untracked(|named| named.0.clone());
    let size = sender.named.with_untracked(|named| named.1);
    let far = sender.upload.with_untracked(|upload| transfer::far(upload.received, Some(size), None, None));
    view! {
        <p role="status">"“"{name}"” has not arrived whole. Choose it again to go on where it stopped."</p>
        <div class="far">{bar(sender)}<span class="num">{far}</span>{cancel(sender)}</div>
        {zone(sender, "Choose the file")}
    }
    .into_any()
}
