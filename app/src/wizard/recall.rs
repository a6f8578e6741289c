//! What fills the form as its page opens: the draft that was kept, or the answers of a run.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_query_map};
use serde_json::Value;

use super::keep::Keeper;
use super::state::{Draft, Kept, Messages, Wizard, is_reachable};
use super::{browser, origin};
use crate::api::Boot;
use crate::error::AppError;
use crate::layout::use_scopes;
use crate::ui::Navigate;

/// What makes a draft of this wizard out of what was kept, if that is still one.
fn parse<D: Draft>(boot: &Boot, body: Value) -> Option<Kept<D>> {
    let old = serde_json::from_value::<Kept<D>>(body).ok()?;
    is_reachable(boot, &old.scope).then_some(old)
}

/// Fills the form: with what this browser has, then with what the server has if that is newer, then with the answers of the run that the
/// address names. Those replace no draft of something else unless a person says so.
pub fn recall<D: Draft>(
    keeper: Keeper,
    kept: RwSignal<Kept<D>>,
    offered: StoredValue<Option<Kept<D>>>,
    wizard: Wizard,
) {
    let boot = expect_context::<Boot>();
    let fresh = kept.get_untracked();
    let map = use_query_map();
    let (from, elsewhere) = map.with_untracked(|m| (m.get("from"), m.get("elsewhere").is_some()));
    let here = use_scopes().with_untracked(|scopes| scopes.on(&use_location().pathname.get_untracked()));
    let navigate = Navigate::here();
    let filled = StoredValue::new(false);
    Effect::new(move || {
        if filled.get_value() {
            return;
        }
        filled.set_value(true);
        keeper.watch();
        if let Some(old) = keeper.recall().and_then(|body| parse(&boot, body)) {
            kept.set(old);
        }
        let (keeper, boot, fresh) = (keeper.clone(), boot.clone(), fresh.clone());
        let (from, here) = (from.clone(), here.clone());
        spawn_local(async move {
            if let Some(body) = keeper.reconcile().await {
                kept.try_set(body.and_then(|body| parse(&boot, body)).unwrap_or_else(|| fresh.clone()));
            }
            if let Some(run) = from {
                let read = origin::read(run, elsewhere).await;
                let read = read.and_then(|(origin, answers)| {
                    let form = D::from_answers(&answers).ok_or_else(|| origin.is_no_answer())?;
                    let scope = if is_reachable(&boot, &answers.scope) { answers.scope } else { fresh.scope };
                    Ok((origin, Kept { scope, form }))
                });
                // From here on it is a draft like any other: a reload keeps what is changed now.
                let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
                navigate.to(&here, options);
                match read {
                    Ok((origin, filled)) if kept.try_with_untracked(|now| is_lost(now, &filled)) == Some(true) => {
                        offered.try_set_value(Some(filled));
                        wizard.offer.try_set(Some(origin));
                    }
                    Ok((origin, filled)) => fill(kept, wizard.messages, wizard.origin, origin, filled),
                    Err(error) => {
                        wizard.origin.try_set(Some(Err(error)));
                    }
                }
            }
            wizard.recalled.try_set(true);
        });
    });
}

/// Whether a draft would be lost to other answers.
fn is_lost<D: Draft>(now: &Kept<D>, filled: &Kept<D>) -> bool {
    now.form != D::default() && now.form != filled.form
}

/// Fills the form with the answers of a run.
pub fn fill<D: Draft>(
    kept: RwSignal<Kept<D>>,
    messages: Messages,
    run: RwSignal<Option<Result<origin::Origin, AppError>>>,
    origin: origin::Origin,
    filled: Kept<D>,
) {
    let elsewhere = origin.elsewhere;
    kept.try_set(filled);
    // Everything was entered once: what is wrong with it by now is said at once.
    messages.show_all();
    run.try_set(Some(Ok(origin)));
    if elsewhere {
        browser::focus_scope();
    }
}

#[cfg(test)]
mod tests {
    use domain::Scope;
    use domain::plan::{Answers, FieldErrors};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Name {
        name: String,
    }

    impl Draft for Name {
        const NAME: &'static str = "name";
        fn answers(&self, _: &Scope) -> (Answers, FieldErrors) {
            unreachable!("nothing is planned")
        }
        fn from_answers(_: &Answers) -> Option<Self> {
            None
        }
    }

    #[test]
    fn a_draft_is_lost_to_other_answers_but_not_to_its_own_and_none_is_nothing_to_lose() {
        let of = |name: &str, region: &str| {
            let scope = Scope::new("111122223333".parse().unwrap(), region.parse().unwrap());
            Kept { scope, form: Name { name: name.into() } }
        };
        let run = of("shop/api", "eu-west-1");
        assert!(is_lost(&of("shop/web", "eu-west-1"), &run));
        assert!(!is_lost(&of("", "eu-west-1"), &run) && !is_lost(&of("shop/api", "us-east-1"), &run));
    }
}
