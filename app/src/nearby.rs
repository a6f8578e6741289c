//! Pages of what stands around the four services, where their columns do not say it all: a security group's rules, a role's trust, a log
//! group's events, a rule's pattern.

use domain::ec2::{Permission, SecurityGroup};
use domain::listing::Detail;
use domain::resource::Tone;
use domain::{Kind, ResourceKey, Scope};
use leptos::prelude::*;
use serde_json::Value;

use crate::resource::{DetailSpec, Shown, Tab, generic};
use crate::sections::logs::log_card;
use crate::sections::{card, key_of, live, mark, reference, several, stack, table_card, text};
use crate::ui::{Json, ProblemNote};

const SECURITY_GROUP: &[Tab] =
    &[Tab::new("rules", "Rules", |s| stack(vec![live::<SecurityGroup>(s, rules), generic::rest(s)]))];
const ROLE: &[Tab] = &[Tab::new("overview", "Overview", |s| {
    stack(vec![generic::rest(s), document(s, "AssumeRolePolicyDocument", "Trust policy")])
})];
const LOG_GROUP: &[Tab] = &[Tab::new("logs", "Logs", |s| stack(vec![events(s), generic::rest(s)]))];
const RULE: &[Tab] = &[Tab::new("overview", "Overview", |s| {
    stack(vec![generic::rest(s), document(s, "EventPattern", "Event pattern")])
})];

/// The detail page of a kind, if it is one of these.
pub fn spec(kind: Kind) -> Option<DetailSpec> {
    let tabs = match kind {
        Kind::SecurityGroup => SECURITY_GROUP,
        Kind::Role => ROLE,
        Kind::LogGroup => LOG_GROUP,
        Kind::Rule => RULE,
        _ => return None,
    };
    Some(DetailSpec { facts: generic::facts, tabs, banner: None, actions: None })
}

fn events(shown: Shown) -> AnyView {
    log_card(&key_of(shown), "Log", true)
}

/// A document inside the document, which AWS gives as JSON or as text that is JSON; nothing if there is none.
fn document(shown: Shown, field: &'static str, title: &'static str) -> AnyView {
    let value = Memo::new(move |_| shown.with(|d| d.doc.get(field).cloned()).filter(|value| !value.is_null()));
    let found = move || match value.get().unwrap_or(Value::Null) {
        Value::String(words) => match serde_json::from_str::<Value>(&words) {
            Ok(value) => view! { <Json value=value/> }.into_any(),
            Err(e) => {
                let words = format!("It is no JSON: {e}. The JSON tab shows it as it is.");
                view! { <ProblemNote problem=domain::Problem::invalid("doc", words)/> }.into_any()
            }
        },
        value => view! { <Json value=value/> }.into_any(),
    };
    let some = Memo::new(move |_| value.with(Option::is_some));
    let shown = move || some.get().then(|| card(title, view! { <div class="in">{found}</div> }));
    shown.into_any()
}

fn rules(group: SecurityGroup, detail: Detail) -> AnyView {
    let name = |id: &str| {
        let known = detail.connected.iter().find(|c| c.key.as_ref().is_some_and(|k| k.id == id));
        known.map_or_else(|| id.to_owned(), |c| c.name.clone())
    };
    let scope = &detail.row.key.scope;
    let heads = &[("Ports", false), ("With", false), ("Description", false)];
    let inbound = rows(&group.ip_permissions, true, scope, &name);
    let outbound = rows(&group.ip_permissions_egress, false, scope, &name);
    stack(vec![
        table_card("Inbound", heads, inbound, "Nothing may come in."),
        table_card("Outbound", heads, outbound, "Nothing may go out."),
    ])
}

/// A line per permission and other side.
fn rows(permissions: &[Permission], inbound: bool, scope: &Scope, name: &dyn Fn(&str) -> String) -> Vec<Vec<AnyView>> {
    let mut rows = vec![];
    for permission in permissions {
        let mut line = |other: AnyView, description: Option<String>| {
            rows.push(vec![text(Some(permission.ports())), other, text(description)]);
        };
        let ranges = permission.ip_ranges.iter().map(|r| (r.cidr_ip.clone(), r.description.clone()));
        let ranges6 = permission.ipv6_ranges.iter().map(|r| (r.cidr_ipv6.clone(), r.description.clone()));
        for (range, description) in ranges.chain(ranges6) {
            let range = range.unwrap_or_default();
            // That everything may go out is usual; that everybody may come in is worth a look.
            let open = inbound && (range == "0.0.0.0/0" || range == "::/0");
            let warning = open.then(|| mark("the whole internet", Tone::Warn));
            line(several([Some(text(Some(range))), warning].into_iter().flatten().collect()), description);
        }
        for list in &permission.prefix_list_ids {
            line(text(list.prefix_list_id.clone()), list.description.clone());
        }
        for pair in &permission.user_id_group_pairs {
            let id = pair.group_id.clone().unwrap_or_default();
            let key = ResourceKey::new(Kind::SecurityGroup, scope.clone(), id.as_str());
            let other = key.map_or_else(|_| text(Some(id.clone())), |key| reference(&key.to_string(), &name(&id)));
            line(other, pair.description.clone());
        }
    }
    rows
}
