//! Who may pull besides the repository's own account.

use domain::Scope;
use domain::ecr::repository_policy::{Gain, explain, read};
use domain::ecr::rules::typed::{ACCOUNT_IDS, ORGANIZATION};
use leptos::prelude::*;

use super::super::connected::{accounts as connected, adder};
use super::super::policy_editor::line_view;
use super::draft::{Permissions, Source};
use super::{Shared, part};
use crate::api::Boot;
use crate::wizard::{Choice, FieldGroup, Fold, TextArea, TextField, Wizard, check, choices};

const SOURCES: &[Choice] = &[
    ("none", "Only this account", "IAM in this account decides who may push and pull."),
    ("templates", "Let others pull", "Other accounts, Lambda, an organization."),
    ("json", "JSON", "A repository policy as AWS writes it."),
];

/// Who gains what; nothing while it cannot be read.
fn gains(permissions: &Permissions, scope: &Scope) -> Vec<Gain> {
    let text = permissions.text(scope, &mut Default::default());
    read(&text).map(|document| explain(&document, scope)).unwrap_or_default()
}

/// A change of the permissions.
fn change(draft: Shared, with: impl FnOnce(&mut Permissions)) {
    draft.update(|d| with(&mut d.form.permissions));
}

/// The section.
pub fn section(draft: Shared, wizard: Wizard) -> impl IntoView {
    let source = part(draft, |d| d.permissions.source);
    let is = move |wanted: Source| source.get() == wanted;
    let chosen = Signal::derive(move || source.get().as_str());
    let choose = move |value: &'static str| {
        let scope = wizard.scope.get_untracked();
        change(draft, |p| {
            // Who goes on in JSON goes on from what was ticked.
            if Source::of(value) == Source::Json && p.source == Source::Templates && p.json.trim().is_empty() {
                p.json = p.text(&scope, &mut Default::default());
            }
            p.source = Source::of(value);
        });
    };
    let permissions = part(draft, |d| d.permissions.clone());
    let gained = Memo::new(move |_| permissions.with(|p| wizard.scope.with(|scope| gains(p, scope))));
    let now = Signal::derive(move || match (is(Source::None), gained.with(Vec::len)) {
        (true, _) => "Only this account, by IAM".to_owned(),
        (false, 0) => "Nobody yet".to_owned(),
        (false, _) => gained.with(|all| all.iter().map(|g| g.text.clone()).collect::<Vec<_>>().join("; ")),
    });
    view! {
        <Fold title="Permissions" now=now>
            {choices("permissions-source", "Who may use it", SOURCES, chosen, choose)}
            <div hidden=move || !is(Source::Templates)>{ready_made(draft)}</div>
            {move || is(Source::Json).then(|| view! {
                <TextArea
                    label="Repository policy" name="permissions" value=part(draft, |d| d.permissions.json.clone())
                    hint="Without Resource: the policy is always about this repository."
                    set=move |v| change(draft, |p| p.json = v)
                />
            })}
            {move || {
                let all = gained.get();
                (!all.is_empty() && !is(Source::None)).then(|| {
                    let all = all.into_iter().map(line_view).collect_view();
                    view! { <div class="means"><h3>"Who gains what"</h3><ul>{all}</ul></div> }
                })
            }}
        </Fold>
    }
}

fn ready_made(draft: Shared) -> impl IntoView {
    let (accounts, lambda, organization) = (
        part(draft, |d| d.permissions.accounts),
        part(draft, |d| d.permissions.lambda),
        part(draft, |d| d.permissions.organization),
    );
    let set_accounts = move |v| change(draft, |p| p.accounts = v);
    let set_lambda = move |v| change(draft, |p| p.lambda = v);
    let set_organization = move |v| change(draft, |p| p.organization = v);
    let boot = expect_context::<Boot>();
    let functions = connected(&boot, None);
    let own = Memo::new(move |_| draft.with(|d| d.scope.account.clone()));
    let pullers = move || {
        let offered = own.with(|own| connected(&boot, Some(own)));
        let typed = part(draft, |d| d.permissions.account_ids.clone());
        adder("Connected accounts that pull".into(), "Add a connected one…", offered, typed, move |v| {
            change(draft, |p| p.account_ids = v);
        })
    };
    let lambda_ids = part(draft, |d| d.permissions.lambda_ids.clone());
    let functions =
        adder("Connected accounts with functions".into(), "Add a connected one…", functions, lambda_ids, move |v| {
            change(draft, |p| p.lambda_ids = v);
        });
    // The message of the whole stands here only while nothing else shows it.
    let source = part(draft, |d| d.permissions.source);
    let whole = move || {
        (source.get() == Source::Templates).then(|| view! { <FieldGroup label="Permissions" name="permissions"/> })
    };
    view! {
        <div class="rules">
            <div class="rule">
                {check("allow-accounts", "Other accounts", "IAM in each decides who in it may pull.", accounts, set_accounts)}
                <div class="rule-fields" hidden=move || !accounts.get()>
                    <TextField
                        label="Account ids" name="permissions.accounts" placeholder="444455556666, 777788889999"
                        value=part(draft, |d| d.permissions.account_ids.clone()) hint="Divided by commas." typing=ACCOUNT_IDS
                        set=move |v| change(draft, |p| p.account_ids = v)
                    />
                    {pullers}
                </div>
            </div>
            <div class="rule">
                {check("allow-lambda", "AWS Lambda", "So that functions can be made from these images.", lambda, set_lambda)}
                <div class="rule-fields" hidden=move || !lambda.get()>
                    <TextField
                        label="For functions of these accounts" name="permissions.lambda" placeholder="this account"
                        value=part(draft, |d| d.permissions.lambda_ids.clone()) hint="Empty: of this account only." typing=ACCOUNT_IDS
                        set=move |v| change(draft, |p| p.lambda_ids = v)
                    />
                    {functions}
                </div>
            </div>
            <div class="rule">
                {check("allow-organization", "Everybody in an organization", "As far as IAM in their accounts lets them.", organization, set_organization)}
                <div class="rule-fields" hidden=move || !organization.get()>
                    <TextField
                        label="Organization id" name="permissions.organization" placeholder="o-exampleorgid"
                        value=part(draft, |d| d.permissions.organization_id.clone()) typing=ORGANIZATION
                        set=move |v| change(draft, |p| p.organization_id = v)
                    />
                </div>
            </div>
            {whole}
        </div>
    }
}
