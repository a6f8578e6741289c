//! How a function is set up; also of a published version, an alias and a layer.

use domain::lambda::FunctionAlias;
use domain::lambda::function::{Environment, Function, VpcConfig};
use domain::lambda::{Layer, rules};
use domain::listing::Detail;
use domain::resource::Tone;
use domain::wording::spoken;
use domain::{Kind, Millis, ResourceKey};
use leptos::prelude::*;

use crate::paths;
use crate::resource::Shown;
use crate::sections::children::Children;
use crate::sections::{
    Pairs, age, arn, card_with, connected, exact, here, key_of, live, mark, note, nothing, on_off, pair_card,
    reference, several, short, stack, table_card, text, word, words,
};
use crate::ui::{format, moment};

/// The tab.
pub fn tab(shown: Shown) -> AnyView {
    let none = "No setting of its own: Lambda tries a failed event twice more, for at most six hours, and then gives it to the dead-letter target or drops it.";
    let settings = Children::of("Asynchronous calls", Kind::EventInvokeConfig, &key_of(shown), "name", none).wrapping();
    let settings = settings.showing(&["failure", "success", "retries", "age"]);
    stack(vec![live::<Function>(shown, view), settings.view()])
}

/// How a function or a version of it is set up.
pub fn view(function: Function, detail: Detail) -> AnyView {
    let mut cards = vec![
        general(&function, &detail),
        variables(function.environment.as_ref()),
        network(function.vpc_config.as_ref(), &detail),
        layers(&function),
        observability(&function, &detail),
    ];
    if let Some(failure) = function.environment.as_ref().and_then(|e| e.error.as_ref()) {
        let title = failure.error_code.clone().unwrap_or_else(|| "AWS could not read the variables".to_owned());
        cards.insert(0, note(Tone::Bad, title, failure.message.clone().unwrap_or_default()));
    }
    stack(cards)
}

fn general(function: &Function, detail: &Detail) -> AnyView {
    let role = function.role.as_deref();
    let role = match detail.row.key.kind {
        Kind::FunctionVersion => arn(role),
        _ => connected(detail, None, role),
    };
    let image = function.package_type.as_deref() == Some("Image");
    let mut rows: Pairs = vec![("Description", text(function.description.clone()))];
    if image {
        let code = function.code.clone().unwrap_or_default();
        rows.push(("Image", code.image_uri.as_deref().map_or_else(|| text(None::<String>), |uri| reference(uri, uri))));
        rows.push(("Runs by digest", exact(code.resolved_image_uri)));
        if let Some(config) = function.image_config_response.as_ref().and_then(|r| r.image_config.as_ref()) {
            rows.push(("Entry point", text(Some(config.entry_point.join(" ")))));
            rows.push(("Command", text(Some(config.command.join(" ")))));
            rows.push(("Working directory", text(config.working_directory.clone())));
        }
    } else {
        rows.push(("Runtime", runtime(function, detail)));
        rows.push(("Handler", exact(function.handler.clone())));
        rows.push(("Code size", text(function.code_size.map(format::bytes))));
    }
    rows.extend([
        ("Code SHA-256", exact(function.code_sha256.clone())),
        ("Architecture", words(&function.architectures)),
        ("Memory", text(function.memory_size.map(|m| format!("{} MB", format::number(m))))),
        ("Timeout", text(function.timeout.map(format::duration))),
        (
            "Ephemeral storage",
            text(function.ephemeral_storage.as_ref().and_then(|e| e.size).map(|s| format!("{} MB", format::number(s)))),
        ),
        (
            "Reserved concurrency",
            text(function.concurrency.as_ref().and_then(|c| c.reserved_concurrent_executions).map(format::number)),
        ),
        ("SnapStart", word(function.snap_start.as_ref().and_then(|s| s.apply_on.clone()))),
        ("Execution role", role),
        ("Encryption key", connected(detail, None, function.kms_key_arn.as_deref())),
        ("Last modified", age(function.last_modified.map(|t| t.0), detail.now)),
        ("Last update", update(function)),
    ]);
    pair_card("General", rows)
}

fn update(function: &Function) -> AnyView {
    let status = function.last_update_status.clone();
    let reason = function.last_update_status_reason.clone().filter(|r| !r.is_empty());
    text(status.map(|s| spoken(&s)).map(|s| reason.map_or_else(|| s.clone(), |r| format!("{s}: {r}"))))
}

fn runtime(function: &Function, detail: &Detail) -> AnyView {
    let name = function.runtime.clone().unwrap_or_default();
    let mark = rules::runtime_ends(&name).map(|ends| runtime_end(ends, detail.now));
    if name.is_empty() { text(None::<String>) } else { view! { <span>{name}" "{mark}</span> }.into_any() }
}

/// When a runtime ends or ended, marked when that is over or near.
fn runtime_end(ends: Millis, now: Millis) -> AnyView {
    match Tone::of_deadline(ends, now) {
        Some(Tone::Bad) => mark(format!("ended {} ago", format::span(ends, now)), Tone::Bad),
        Some(tone) => mark(format!("ends in {}", format::span(now, ends)), tone),
        None => {
            let words = format!("(ends in {})", format::span(now, ends));
            view! { <span class="dim" title=moment(ends)>{words}</span> }.into_any()
        }
    }
}

fn variables(environment: Option<&Environment>) -> AnyView {
    let variables = environment.map(|e| e.variables.clone()).unwrap_or_default();
    let rows = variables.into_iter().map(|(name, sealed)| {
        vec![
            view! { <code>{name}</code> }.into_any(),
            view! { {format::counted(i64::try_from(sealed.length).unwrap_or(i64::MAX), "byte", "bytes")} }.into_any(),
            view! { <code class="dim" title="Changes when the value changes; says nothing about it">{sealed.digest}</code> }.into_any(),
        ]
    });
    let heads = [("Variable", false), ("Length", true), ("Digest", false)];
    table_card("Environment variables (values never leave AWS)", &heads, rows.collect(), "No environment variable.")
}

fn network(vpc: Option<&VpcConfig>, detail: &Detail) -> AnyView {
    let Some(vpc) = vpc.filter(|v| !v.subnet_ids.is_empty()) else {
        return card_with("Network", (), nothing("Not in a VPC: it reaches the internet, but nothing private."));
    };
    // Of a version Gantry keeps no arrows: whether its network is collected shows where the link leads.
    let version = detail.row.key.kind == Kind::FunctionVersion;
    let link = |kind: Kind, id: &String| match ResourceKey::new(kind, detail.row.key.scope.clone(), id) {
        Ok(key) if version => reference(&key.to_string(), id),
        _ => connected(detail, Some(kind), Some(id)),
    };
    pair_card(
        "Network",
        vec![
            ("VPC", several(vpc.vpc_id.iter().map(|id| link(Kind::Vpc, id)).collect())),
            ("Subnets", several(vpc.subnet_ids.iter().map(|id| link(Kind::Subnet, id)).collect())),
            (
                "Security groups",
                several(vpc.security_group_ids.iter().map(|id| link(Kind::SecurityGroup, id)).collect()),
            ),
            ("IPv6 in dual-stack subnets", on_off(vpc.ipv6_allowed_for_dual_stack)),
        ],
    )
}

fn layers(function: &Function) -> AnyView {
    let rows = function.layers.iter().map(|layer| {
        let full = layer.arn.clone().unwrap_or_default();
        let mut pieces = full.rsplit(':');
        let (version, name) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
        vec![reference(&full, name), text(Some(version)), text(layer.code_size.map(format::bytes))]
    });
    table_card("Layers", &[("Layer", false), ("Version", true), ("Size", true)], rows.collect(), "No layer.")
}

fn observability(function: &Function, detail: &Detail) -> AnyView {
    let logging = function.logging_config.clone().unwrap_or_default();
    let dead = function.dead_letter_config.as_ref().and_then(|d| d.target_arn.as_deref());
    let mounts = function.file_system_configs.iter().map(|m| {
        let at = m.local_mount_path.clone().unwrap_or_default();
        text(Some(format!("{} at {at}", m.arn.as_deref().map(short).unwrap_or_default())))
    });
    pair_card(
        "Logging, tracing and failures",
        vec![
            ("Log group", connected(detail, Some(Kind::LogGroup), Some(&function.log_group()))),
            ("Log format", text(logging.log_format)),
            ("Application log level", text(logging.application_log_level)),
            ("System log level", text(logging.system_log_level)),
            ("X-Ray tracing", word(function.tracing_config.as_ref().and_then(|t| t.mode.clone()))),
            ("Dead-letter target", connected(detail, None, dead)),
            ("File systems", several(mounts.collect())),
        ],
    )
}

/// The overview of an alias.
pub fn alias(alias: FunctionAlias, detail: Detail) -> AnyView {
    let scope = &detail.row.key.scope;
    let function = alias.function().to_owned();
    let version = |v: &str| {
        let key = match v {
            "$LATEST" => ResourceKey::new(Kind::Function, scope.clone(), &function),
            _ => ResourceKey::new(Kind::FunctionVersion, scope.clone(), format!("{function}:{v}")),
        };
        match key {
            Ok(key) => view! { <a class="ref" href=here(&paths::detail(&key))>{v.to_owned()}</a> }.into_any(),
            Err(_) => text(Some(v)),
        }
    };
    let routing = alias.routing_config.clone().unwrap_or_default().additional_version_weights;
    let routing = routing.iter().map(|(v, share)| {
        view! { {version(v)}{format!(" gets {} % of calls", (share * 1000.0).round() / 10.0)} }.into_any()
    });
    let routing: Vec<AnyView> = routing.collect();
    stack(vec![pair_card(
        "Alias",
        vec![
            ("Description", text(alias.description.clone())),
            ("Version", alias.function_version.as_deref().map_or_else(|| text(None::<String>), version)),
            ("Also routes to", several(routing)),
            ("ARN", exact(Some(alias.alias_arn.clone()))),
        ],
    )])
}

/// The overview of a layer.
pub fn layer(layer: Layer, detail: Detail) -> AnyView {
    let latest = layer.latest_matching_version;
    stack(vec![pair_card(
        "Latest version",
        vec![
            ("Version", text(Some(latest.version.to_string()))),
            ("Description", text(latest.description)),
            ("Compatible runtimes", words(&latest.compatible_runtimes)),
            ("Architectures", words(&latest.compatible_architectures)),
            ("Licence", text(latest.license_info)),
            ("Published", age(latest.created_date.map(|t| t.0), detail.now)),
            ("ARN", exact(latest.layer_version_arn)),
        ],
    )])
}
