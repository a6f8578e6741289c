//! The rows a person has picked in a list, the bar for what is picked, and the menu of a single row. `app/js/kit.js` places the menu
//! and picks with `x`.

use domain::listing::Row;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parts::Opened;
use crate::api::{self, Boot};
use crate::layout::use_scopes;
use crate::paths;
use crate::plan::acts::Acts;
use crate::ui::format::counted;
use crate::ui::{Icon, Kept, icon};

/// What is picked: key and ARN. It outlives scrolling, filters and order, and is kept as long as the tab is open.
#[derive(Clone, Copy)]
pub struct Selection {
    picked: RwSignal<BTreeMap<ResourceKey, Option<String>>>,
    recalled: StoredValue<bool>,
}

impl Selection {
    /// Nothing is picked.
    pub fn new() -> Self {
        Self { picked: RwSignal::new(BTreeMap::new()), recalled: StoredValue::new(false) }
    }
    /// Whether this row is picked. Reactive.
    pub fn has(self, key: &ResourceKey) -> bool {
        self.picked.with(|picked| picked.contains_key(key))
    }
    /// Whether any is. Reactive.
    pub fn any(self) -> bool {
        self.picked.with(|picked| !picked.is_empty())
    }
    /// How many are. Reactive.
    pub fn count(self) -> usize {
        self.picked.with(BTreeMap::len)
    }
    /// Picks these as well; nothing where the list was left.
    pub fn add(self, rows: &[Row]) {
        self.picked.try_update(|picked| picked.extend(rows.iter().map(|row| (row.key.clone(), row.arn.clone()))));
    }
    /// Picks nothing any more.
    pub fn clear(self) {
        self.picked.set(BTreeMap::new());
    }
    /// From now on keeps in this tab what is picked of a list, and takes up what was kept of it: after a reload, or when somebody comes
    /// back. Called where the browser has taken over what the server drew.
    pub fn keep(self, list: &str) {
        // Another person who signs in here finds nothing of it.
        let person = use_context::<Boot>().and_then(|boot| boot.actor).map_or(0, |actor| actor.person);
        let name = format!("picked-{person}-{list}");
        Effect::new(move || {
            if !self.recalled.get_value() {
                self.recalled.set_value(true);
                self.recall(&name);
            }
            let all = self.picked.with(|picked| {
                if picked.is_empty() { None } else { serde_json::to_string(&picked.iter().collect::<Vec<_>>()).ok() }
            });
            Kept::Tab.keep(&name, all.as_deref());
        });
    }
    fn recall(self, name: &str) {
        let kept =
            Kept::Tab.recall(name).and_then(|text| crate::wire::read::<Vec<(ResourceKey, Option<String>)>>(&text).ok());
        let kept = kept.unwrap_or_default();
        if kept.is_empty() {
            return;
        }
        let keys: Vec<ResourceKey> = kept.iter().map(|(key, _)| key.clone()).collect();
        self.picked.update(|picked| picked.extend(kept));
        spawn_local(async move {
            // Some may have been deleted since. Where that is not answered, whatever is done with them says so.
            let Ok(known) = api::known(keys.clone()).await else { return };
            let gone: BTreeSet<ResourceKey> = keys.into_iter().filter(|key| !known.contains(key)).collect();
            if !gone.is_empty() {
                self.picked.try_update(|picked| picked.retain(|key, _| !gone.contains(key)));
            }
        });
    }
    fn toggle(self, row: &Row) {
        self.picked.update(|picked| {
            if picked.remove(&row.key).is_none() {
                picked.insert(row.key.clone(), row.arn.clone());
            }
        });
    }
}

/// What a list's rows share besides their columns.
#[derive(Clone, Copy)]
pub struct Picks {
    /// What is picked.
    pub selection: Selection,
    /// Whose menu is open, or was last.
    pub menu: RwSignal<Option<Arc<Row>>>,
    /// What is open.
    pub opened: Opened,
}

impl Picks {
    /// The box at the left of a row.
    pub fn tick(self, row: &Arc<Row>) -> impl IntoView + use<> {
        let (row, selection) = (row.clone(), self.selection);
        let label = format!("Select {}", row.name);
        let key = row.key.clone();
        view! {
            <input
                class="pick"
                r#type="checkbox"
                autocomplete="off"
                aria-label=label
                prop:checked=move || selection.has(&key)
                on:change=move |_| selection.toggle(&row)
            />
        }
    }

    /// The button that opens the menu of a row.
    pub fn more(self, row: &Arc<Row>) -> impl IntoView + use<> {
        let (row, menu) = (row.clone(), self.menu);
        let label = format!("Actions for {}", row.name);
        view! {
            <button class="row-more" r#type="button" data-row-menu="" title="Actions" aria-label=label on:click=move |_| menu.set(Some(row.clone()))>
                {icon(Icon::Dots)}
            </button>
        }
    }
}

/// ARNs, or ids where not all have one: a line each.
fn copied(picked: &BTreeMap<ResourceKey, Option<String>>) -> (&'static str, String) {
    let arns: Option<Vec<&str>> = picked.values().map(Option::as_deref).collect();
    match arns {
        Some(arns) => ("Copy ARNs", arns.join("\n")),
        None => ("Copy ids", picked.keys().map(|k| k.id.as_str()).collect::<Vec<_>>().join("\n")),
    }
}

/// What can be done with the rows picked.
#[component]
pub fn SelectionBar(
    /// The kind listed.
    kind: Kind,
    /// What is picked.
    selection: Selection,
) -> impl IntoView {
    let scopes = use_scopes();
    let picked = selection.picked;
    let applied = expect_context::<Acts>().applied();
    Effect::new(move || {
        let gone = applied.with(|answers| answers.as_ref().map(crate::routes::deleted).unwrap_or_default());
        if picked.with_untracked(|picked| gone.iter().any(|key| picked.contains_key(key))) {
            picked.update(|picked| picked.retain(|key, _| !gone.contains(key)));
        }
    });
    let words = move || match picked.with(BTreeMap::len) {
        0 => String::new(),
        n => format!("{} selected", counted(n as i64, kind.singular(), kind.plural())),
    };
    let acts = move || {
        picked.with(|picked| {
            if picked.is_empty() {
                return view! { <span class="hide-s">"j k to move, x to select, Enter to open"</span> }.into_any();
            }
            let (label, text) = copied(picked);
            let two: Vec<&ResourceKey> = picked.keys().collect();
            let compare = match two.as_slice() {
                [left, right] => Some(scopes.get().on(&paths::compare(left, right))),
                _ => None,
            };
            let keys: Vec<ResourceKey> = picked.keys().cloned().collect();
            let own = crate::routes::bulk(kind, &keys);
            view! {
                {own}
                <button class="btn small" r#type="button" data-copy=text>{icon(Icon::Copy)}{label}</button>
                {compare.map(|href| view! { <a class="btn small" href=href>{icon(Icon::Compare)}"Compare"</a> })}
                <button class="btn quiet small" r#type="button" data-clear="" on:click=move |_| selection.clear()>"Clear"</button>
            }
            .into_any()
        })
    };
    view! { <span class="selection"><span aria-live="polite">{words}</span>{acts}</span> }
}

/// The menu of the row in `row`: one for the whole list, so that the table's edge does not cut it.
#[component]
pub fn RowMenu(
    /// Whose.
    row: RwSignal<Option<Arc<Row>>>,
) -> impl IntoView {
    let scopes = use_scopes();
    let options = move || {
        row.get().map(|row| {
            let on = |path: String| scopes.get().on(&path);
            let open = on(paths::detail(&row.key));
            let exact = match &row.arn {
                Some(arn) => ("Copy ARN", arn.clone()),
                None => ("Copy id", row.key.id.clone()),
            };
            view! {
                <div class="options">
                    <a class="option" href=open.clone()>{icon(Icon::Right)}"Open"</a>
                    <a class="option" href=open target="_blank" rel="noopener">{icon(Icon::Link)}"Open in a new tab"</a>
                    <button class="option" r#type="button" data-copy=row.name.clone()>{icon(Icon::Copy)}"Copy name"</button>
                    <button class="option" r#type="button" data-copy=exact.1>{icon(Icon::Copy)}{exact.0}</button>
                    <a class="option" href=on(paths::tab(&row.key, "json"))>{icon(Icon::Document)}"JSON"</a>
                    <a class="option" href=on(paths::tab(&row.key, "changes"))>{icon(Icon::Activity)}"Changes"</a>
                </div>
            }
        })
    };
    let label = move || row.with(|row| row.as_ref().map(|row| format!("Actions for {}", row.name)));
    view! { <div class="panel row-menu" popover="auto" role="group" aria-label=label>{options}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_where_an_arn_is_missing() {
        let key = |id: &str| ResourceKey::parse(&format!("ec2.vpc/111122223333/eu-west-1/{id}")).unwrap();
        let mut picked =
            BTreeMap::from([(key("vpc-1"), Some("arn:1".to_owned())), (key("vpc-2"), Some("arn:2".to_owned()))]);
        assert_eq!(copied(&picked), ("Copy ARNs", "arn:1\narn:2".to_owned()));
        picked.insert(key("vpc-3"), None);
        assert_eq!(copied(&picked), ("Copy ids", "vpc-1\nvpc-2\nvpc-3".to_owned()));
    }
}
