//! The table of a list: windows of rows fetched as one scrolls, redrawn when something changes.

use domain::listing::{ListQuery, Page, Row};
use domain::stream::ToPage;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::chosen_columns::ChosenColumns;
use super::empty_list::EmptyList;
use super::facets::{ColumnChooser, Facets};
use super::freshness::{AgeOfData, CollectButton, FailingScopes};
use super::parts::Opened;
use super::query::{FIRST_ROWS, ListUrl};
use super::row_view::{Columns, HeadCells, row_cells};
use super::selection::{Picks, RowMenu, Selection, SelectionBar};
use super::windows::Windows;
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::live;
use crate::ui::format::{counted, number};
use crate::ui::{Empty, ProblemNote};

/// Height of a row in CSS pixels; `--row` in `style/tokens.css`.
const ROW: f64 = 38.0;
/// Rows kept ready above and below what is seen.
const MARGIN: u32 = 12;
/// The same after a jump: who drags past hundreds of rows with each frame sees none of those around for long.
const JUMP_MARGIN: u32 = 5;
/// Places by which the rows kept ready move: each move costs a layout.
const STEP: u32 = 4;
/// Rows drawn in one frame while one scrolls: a window that arrives fills in over a few of them, what is in sight first, and no frame waits for all.
const AT_ONCE: usize = 6;
/// How long changes are gathered before the windows in view are asked for again.
const GATHER: Duration = Duration::from_millis(250);

/// A row of the table, or the place of one that is on its way.
#[derive(Clone, Debug)]
struct Slot {
    index: u32,
    row: Option<Arc<Row>>,
    /// The row that it is a part of, below which it is shown.
    of: Option<ResourceKey>,
}

impl Slot {
    /// Two slots with the same name look the same, so only what changed is drawn again. No two of a table have the same name.
    fn name(&self) -> (String, u64) {
        let Some(row) = &self.row else { return (String::new(), u64::from(self.index)) };
        // All that is drawn: numbers and lists may differ while the resource counts as unchanged.
        let mut look = DefaultHasher::new();
        (&row.name, &row.state, &row.cells, row.changed, row.gone, row.parts, &row.matched).hash(&mut look);
        // A part is shown below each row that it is a part of.
        let key = self.of.as_ref().map_or_else(|| row.key.to_string(), |of| format!("{} of {of}", row.key));
        (key, look.finish())
    }
}

/// The places of a table.
#[derive(Clone, Debug)]
struct Slots {
    all: Vec<Slot>,
    /// Some rows that are here wait for the next frame.
    more: bool,
}

impl Slots {
    /// The places whose rows have to wait for the next frame: of those not drawn yet all but the first, beginning with what is `seen`.
    fn wait(&self, places: &[(u32, Option<Arc<Row>>)], seen: (u32, u32)) -> BTreeSet<u32> {
        let drawn: BTreeSet<&ResourceKey> = self.all.iter().filter_map(|slot| Some(&slot.row.as_ref()?.key)).collect();
        let is_new = |row: &Arc<Row>| !drawn.contains(&row.key);
        let new = places.iter().filter(|(_, row)| row.as_ref().is_some_and(is_new)).map(|(index, _)| *index);
        let (inside, outside): (Vec<u32>, Vec<u32>) = new.partition(|index| (seen.0..=seen.1).contains(index));
        inside.into_iter().chain(outside).skip(AT_ONCE).collect()
    }
}

/// Whether a message may be about a list of this kind.
pub(super) fn tells_of(message: &ToPage, kind: Kind) -> bool {
    match message {
        ToPage::Changed { kinds, .. } | ToPage::Freshness { kinds } => kinds.contains(&kind),
        ToPage::Run { .. } | ToPage::Runs | ToPage::Log { .. } | ToPage::LogProblem { .. } | ToPage::SignedOut => false,
    }
}

/// Filters with counts, the age of the data, the table.
#[component]
pub fn ListRows(
    /// The question of the first window.
    query: ListQuery,
    /// Its answer.
    page: Page,
    /// Whether something was told since the question was asked: the answer may be from before.
    missed: bool,
    /// The list's query string.
    url: Memo<ListUrl>,
    /// The address its links are relative to.
    base: StoredValue<String>,
    /// What to do when there are none.
    empty: Signal<String>,
    /// The rows picked.
    selection: Selection,
    /// The columns chosen before.
    chosen: ChosenColumns,
) -> impl IntoView {
    let (kind, everywhere) = (query.kind, query.parent.is_none());
    let boot = expect_context::<Boot>();
    let scopes = use_scopes();
    let born = page.now;
    live::have(page.version);

    let start = query.offset;
    let windows = Windows::new(query, page);
    let Windows { total, matched, facets, freshness, now, problem, rows, range, .. } = windows;
    let opened = Opened::new(problem);
    if missed {
        windows.renew();
    }
    live::gather(
        GATHER,
        move |message| tells_of(message, kind),
        move || {
            windows.renew();
            opened.renew();
        },
    );

    let frame = NodeRef::<leptos::html::Div>::new();
    // The rows in sight. Asking the element for them while rows are drawn would lay the table out once more.
    let seen = StoredValue::new((start, start));
    let look = move || {
        let Some(frame) = frame.get_untracked() else { return };
        let top = (f64::from(frame.scroll_top()) / ROW) as u32;
        let shown = (f64::from(frame.client_height()) / ROW) as u32;
        seen.set_value((top, top + shown));
        let (first, end) = range.get_untracked();
        let margin = if top > end || top + shown < first { JUMP_MARGIN } else { MARGIN };
        let from = top.saturating_sub(margin) / STEP * STEP;
        let to = (top + shown + margin).div_ceil(STEP) * STEP;
        if (first, end) != (from, to) {
            windows.look_at((from, to));
        }
    };
    // Another question starts at its top, or where somebody scrolled to before the script came.
    Effect::new(move || {
        if let Some(frame) = frame.get() {
            // The answer to another question is drawn in the same frame.
            let scrolled = if frame.has_attribute("data-placed") { 0 } else { frame.scroll_top() };
            // Shows the space above and below, so that there is somewhere to scroll to.
            let _ = frame.set_attribute("data-placed", "");
            frame.set_scroll_top((f64::from(start) * ROW) as i32 + scrolled);
            if scrolled > 0 {
                look();
            }
        }
    });

    // What is drawn with the next frame.
    let frames = RwSignal::new(0_u32);
    let slots = Memo::new_with_compare(
        move |before: Option<&Slots>| {
            frames.track();
            let (from, to) = range.get();
            let to = to.min(matched.get());
            rows.with(|w| {
                let row =
                    |i: u32| w.get(&(i / FIRST_ROWS)).and_then(|rows| rows.get((i % FIRST_ROWS) as usize)).cloned();
                let mut found = BTreeSet::new();
                // Windows are asked for again one by one: when a row has gone, its neighbour may be in two of them for a moment.
                let place = |index| (index, row(index).filter(|row| found.insert(row.key.clone())));
                let places: Vec<(u32, Option<Arc<Row>>)> = (from.min(to)..to).map(place).collect();
                let later = before.map(|before| before.wait(&places, seen.get_value())).unwrap_or_default();
                let all = places.into_iter().flat_map(|(index, row)| {
                    let row = row.filter(|_| !later.contains(&index));
                    let parts = row.as_ref().filter(|row| row.parts > 0).map(|row| {
                        let (of, parts) = (row.key.clone(), opened.parts(&row.key));
                        parts.into_iter().map(move |row| Slot { index, row: Some(row), of: Some(of.clone()) })
                    });
                    std::iter::once(Slot { index, row, of: None }).chain(parts.into_iter().flatten())
                });
                Slots { all: all.collect(), more: !later.is_empty() }
            })
        },
        |_, _| true,
    );
    Effect::new(move || {
        if slots.with(|slots| slots.more) {
            request_animation_frame(move || {
                frames.try_update(|n| *n = n.wrapping_add(1));
            });
        }
    });
    let above = move || f64::from(slots.with(|s| s.all.first().map_or(0, |s| s.index))) * ROW;
    let below =
        move || f64::from(matched.get().saturating_sub(slots.with(|s| s.all.last().map_or(0, |s| s.index + 1)))) * ROW;

    // Kinds without states need no column for them; what is gone says so there.
    let states = Memo::new(move |_| {
        let row = |r: &Arc<Row>| r.state.is_some() || r.gone.is_some();
        facets.with(|f| f.iter().any(|f| f.id == "state")) || rows.with(|w| w.values().flatten().any(row))
    });
    let picks = Picks { selection, menu: RwSignal::new(None), opened };
    // After the browser has taken over what the server drew.
    Effect::new(move || chosen.recall());
    base.with_value(|base| selection.keep(base));
    let with_columns = Memo::new(move |_| url.get().remembering(chosen.get()));
    let columns = Memo::new({
        let boot = boot.clone();
        move |_| {
            let columns = Columns::new(&with_columns.get(), &boot, &scopes.get(), states.get());
            // What lives in one resource is all in one place.
            Columns {
                account: columns.account && everywhere,
                region: columns.region && everywhere,
                inside: !everywhere,
                ..columns
            }
        }
    });
    // Nobody looks there: no filter can be why there is nothing.
    let unconnected = Memo::new(move |_| freshness.with(Vec::is_empty));
    let row_view = move |slot: Slot| {
        let Some(row) = slot.row else {
            return view! { <tr class="blank"><td colspan=move || columns.with(Columns::count)></td></tr> }.into_any();
        };
        let boot = boot.clone();
        let class = match (row.gone.is_some(), row.changed > born) {
            (true, _) => "gone",
            (false, true) => "fresh",
            (false, false) => "",
        };
        let (key, part) = (row.key.clone(), slot.of.is_some());
        view! {
            <tr class=class class:part=part class:picked=move || selection.has(&key)>
                {move || row_cells(&row, &columns.get(), &boot, &scopes.get(), now.get_untracked(), picks, part)}
            </tr>
        }
        .into_any()
    };

    let count = move || {
        let (matched, total) = (matched.get(), total.get());
        let all = counted(i64::from(total), kind.singular(), kind.plural());
        if matched == total { all } else { format!("{} of {all}", number(i64::from(matched))) }
    };
    let none = move || {
        (matched.get() == 0).then(|| {
            let url = url.get();
            if url.is_filtered() && !unconnected.get() {
                let href = base.with_value(|b| url.unfiltered().href_on(b));
                view! {
                    <Empty title=format!("No {} match", kind.plural())>
                        <p>"Fewer filters leave more."</p><a class="btn small" href=href>"Clear filters"</a>
                    </Empty>
                }
                .into_any()
            } else {
                // What lives in one resource is all in one place.
                let wide = || base.with_value(|b| url.with("account", None).with("region", None).href_on(b));
                let all = everywhere.then(wide);
                view! { <EmptyList kind=kind words=empty all=all freshness=freshness now=now problem=problem/> }
                    .into_any()
            }
        })
    };
    // Where no script scrolls the rest into view.
    let pages = move || {
        let page = |from: u32, words: &'static str| {
            let href = base.with_value(|b| url.get().with("from", Some(from.to_string())).href_on(b));
            view! { <a href=href>{words}</a>" " }
        };
        let next = start + FIRST_ROWS;
        let earlier = (start > 0).then(|| page(start.saturating_sub(FIRST_ROWS), "Previous rows"));
        let later = (next < matched.get()).then(|| page(next, "Next rows"));
        (earlier, later)
    };
    view! {
        <div class="filters">
            <div class="facets"><Facets facets=facets url=url base=base/></div>
            <span class="filters-end">
                <AgeOfData kind=kind freshness=freshness now=now/>
                <CollectButton kind=kind scopes=scopes freshness=freshness problem=problem/>
                <ColumnChooser url=with_columns chosen=chosen base=base/>
            </span>
        </div>
        <FailingScopes freshness=freshness now=now/>
        {move || problem.get().map(|AppError(p)| view! { <ProblemNote problem=p/> })}
        <div class="scroll rows" data-kind=kind.stem() data-born=born.0 node_ref=frame on:scroll=move |_| look() tabindex="0" role="region" aria-label=domain::listing::capital(kind.plural())>
            <table class="table" class:picking=move || selection.any() class:few=move || columns.with(Columns::are_few)>
                <thead><tr><HeadCells columns=columns url=url base=base windows=windows selection=selection/></tr></thead>
                <tbody>
                    <tr class="space" aria-hidden="true"><td><svg width="1" height=move || above().to_string()></svg></td></tr>
                    <For each=move || slots.with(|slots| slots.all.clone()) key=Slot::name children=row_view/>
                    <tr class="space" aria-hidden="true"><td><svg width="1" height=move || below().to_string()></svg></td></tr>
                </tbody>
            </table>
            {none}
        </div>
        <div class="tablefoot">
            <span aria-live="polite">{count}</span>
            <span class="pager">{pages}</span>
            <SelectionBar kind=kind selection=selection/>
        </div>
        <RowMenu row=picks.menu/>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;
    use domain::resource::Cell;
    use std::collections::BTreeMap;

    #[test]
    fn a_row_that_looks_otherwise_is_drawn_again_though_it_counts_as_unchanged() {
        let row = |running| Row {
            key: ResourceKey::parse("ecs.cluster/111122223333/eu-west-1/prod").unwrap(),
            name: "prod".into(),
            arn: None,
            state: None,
            cells: vec![Cell::Number(running)],
            tags: BTreeMap::new(),
            seen: Millis(running),
            changed: Millis(1),
            gone: None,
            parts: 0,
            matched: None,
        };
        let name = |row: Row| Slot { index: 0, row: Some(Arc::new(row)), of: None }.name();
        assert_ne!(name(row(12)), name(row(10)), "as many digits");
        assert_eq!(name(row(12)), name(Row { seen: Millis(99), ..row(12) }), "nothing of that is drawn");
    }
}
