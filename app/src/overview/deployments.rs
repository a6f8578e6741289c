//! The services that are being deployed, or whose deployment failed.

use domain::listing::Row;
use domain::resource::Cell;
use domain::services::Overview;
use domain::{Kind, Millis};
use leptos::prelude::*;

use crate::api::Boot;
use crate::paths::{self, Scopes};
use crate::resource::{cell, kind_icon};
use crate::ui::format::number;
use crate::ui::{Age, StateBadge, icon};

/// A card of them, the worst first.
pub fn deployments(overview: &Overview, boot: &Boot, scopes: &Scopes) -> AnyView {
    let (total, shown) = (i64::from(overview.deployments_total), overview.deployments.len() as i64);
    let rows = overview.deployments.iter().map(|row| one(row, overview.now, boot, scopes)).collect_view();
    let body = match total {
        0 => view! { <p class="in faint">"No service is being deployed."</p> }.into_any(),
        _ => view! { <div class="list">{rows}</div> }.into_any(),
    };
    let more =
        (total > shown).then(|| view! { <p class="in faint">{format!("The first {shown} of {}.", number(total))}</p> });
    view! {
        <section class="card">
            <header><h2>"Deployments"</h2><span class="right">{number(total)}</span></header>
            {body}
            {more}
        </section>
    }
    .into_any()
}

fn one(row: &Row, now: Millis, boot: &Boot, scopes: &Scopes) -> AnyView {
    let count = |id: &str| if let Some(Cell::Number(n)) = cell(row, id) { *n } else { 0 };
    let tasks = format!("{} of {}", number(count("running")), number(count("desired")));
    let at = if let Some(Cell::Time(at)) = cell(row, "deployed") { Some(*at) } else { None };
    let age = at.map(|at| view! { " · "<Age at=at now=now after=" ago"/> });
    let cluster =
        if let Some(Cell::Ref(_, name)) = cell(row, "cluster") { format!("{name} · ") } else { String::new() };
    let place = format!("{cluster}{}", boot.place(&row.key.scope));
    view! {
        <a class="row top" href=scopes.on(&paths::tab(&row.key, "deployments"))>
            {icon(kind_icon(Kind::Service))}
            <span class="grow told">
                <span class="titled"><b class="sentence">{row.name.clone()}</b><StateBadge state=row.state.clone()/></span>
                <small class="dim"><span title="Tasks that run, of those wanted">{tasks}</span>{age}</small>
                <small class="dim cut" title=place.clone()>{place.clone()}</small>
            </span>
        </a>
    }
    .into_any()
}
