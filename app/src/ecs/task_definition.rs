//! A revision of a task definition: its containers, sizes and roles, and how it differs from other revisions.

use domain::describe::columns;
use domain::ecs::{ContainerDefinition, TaskDefinition};
use domain::listing::{Detail, Page};
use domain::resource::Relation;
use domain::{Kind, ResourceKey};
use leptos::prelude::*;

use super::task::short_image;
use crate::paths;
use crate::resource::Shown;
use crate::sections::children::{Children, changes_of, how_many};
use crate::sections::{
    Pairs, age, card, card_with, connected, connections, exact, here as scoped, key_of, none, nothing, pair_card,
    reference, several, stack, table_card, text, untold, word,
};
use crate::ui::{Icon, ProblemNote, Skeleton, StateBadge, column_view, format, icon, value_text};
use crate::wire::ask;

/// The overview.
pub fn view(definition: TaskDefinition, detail: Detail) -> AnyView {
    let uses = detail.connected.iter().filter(|c| !c.outgoing && c.relation == Relation::Of);
    let platform = definition.runtime_platform.clone().unwrap_or_default();
    let volumes = definition.volumes.iter().map(|v| {
        let efs = v.efs_volume_configuration.as_ref().and_then(|e| e.file_system_id.clone());
        let name = v.name.clone().unwrap_or_default();
        text(Some(efs.map_or_else(|| name.clone(), |id| format!("{name} ({id})"))))
    });
    let wants = if definition.requires_compatibilities.is_empty() {
        &definition.compatibilities
    } else {
        &definition.requires_compatibilities
    };
    let size = |n: &Option<String>, unit: &str| text(n.as_ref().map(|n| format::quantity(n, unit)));
    stack(vec![
        containers_table(&definition),
        pair_card(
            "Sizes and roles",
            vec![
                ("CPU", size(&definition.cpu, "units (1,024 = one vCPU)")),
                ("Memory", size(&definition.memory, "MiB")),
                (
                    "Ephemeral storage",
                    text(definition.ephemeral_storage.as_ref().and_then(|e| e.size_in_gib).map(|s| format!("{s} GiB"))),
                ),
                ("Task role", connected(&detail, None, definition.task_role_arn.as_deref())),
                ("Execution role", connected(&detail, None, definition.execution_role_arn.as_deref())),
                ("Network mode", text(definition.network_mode.clone())),
                ("Compatibility", several(wants.iter().map(|w| word(Some(w))).collect())),
                ("Operating system", word(platform.operating_system_family)),
                ("Architecture", word(platform.cpu_architecture)),
                ("Volumes", several(volumes.collect())),
                ("Registered", age(definition.registered_at.map(|t| t.0), detail.now)),
                ("Registered by", connected(&detail, None, definition.registered_by.as_deref())),
                ("Deregistered", age(definition.deregistered_at.map(|t| t.0), detail.now)),
            ],
        ),
        card(
            "Used by",
            view! { {connections(uses, "No service or task runs this revision.")}{untold(&detail, Relation::Of)} }
                .into_any(),
        ),
    ])
}

fn containers_table(definition: &TaskDefinition) -> AnyView {
    let rows = definition.container_definitions.iter().map(|c| {
        let image = c.image.as_deref().map_or_else(none, |i| reference(i, short_image(i)));
        vec![
            view! { <b>{c.name.clone()}</b> }.into_any(),
            image,
            text(Some(ports(c))),
            text(Some(if c.essential.unwrap_or(true) { "Yes" } else { "No" })),
            text(c.cpu.filter(|n| *n > 0).map(format::number)),
            text(c.memory.or(c.memory_reservation).map(format::number)),
            text(Some(c.environment.len().to_string())),
            text(Some(c.secrets.len().to_string())),
        ]
    });
    let heads = [
        ("Container", false),
        ("Image", false),
        ("Ports", false),
        ("Essential", false),
        ("CPU", true),
        ("MiB", true),
        ("Variables", true),
        ("Secrets", true),
    ];
    table_card("Containers", &heads, rows.collect(), "No container.")
}

fn ports(container: &ContainerDefinition) -> String {
    let port = |p: &domain::ecs::task_definition::PortMapping| {
        let port = p.container_port.map(|n| n.to_string()).unwrap_or_default();
        let protocol = p.protocol.as_deref().unwrap_or("tcp");
        let host = p.host_port.filter(|h| Some(*h) != p.container_port).map(|h| format!("{h} → "));
        format!("{}{port}/{protocol}", host.unwrap_or_default())
    };
    container.port_mappings.iter().map(port).collect::<Vec<_>>().join(", ")
}

/// Every container with all its settings.
pub fn containers(definition: TaskDefinition, _detail: Detail) -> AnyView {
    stack(definition.container_definitions.iter().map(container).collect())
}

fn container(c: &ContainerDefinition) -> AnyView {
    let health = c.health_check.clone().unwrap_or_default();
    let log = c.log_configuration.clone().unwrap_or_default();
    let options = log.options.iter().map(|(k, v)| text(Some(format!("{k}={}", value_text(v)))));
    let needs = c.depends_on.iter().map(|d| {
        text(Some(format!(
            "{} ({})",
            d.container_name.clone().unwrap_or_default(),
            d.condition.clone().unwrap_or_default()
        )))
    });
    let mounts = c.mount_points.iter().map(|m| {
        let read = if m.read_only == Some(true) { ", read only" } else { "" };
        text(Some(format!(
            "{} at {}{read}",
            m.source_volume.clone().unwrap_or_default(),
            m.container_path.clone().unwrap_or_default()
        )))
    });
    let seconds = |n: Option<i64>| n.map(|n| format!("{n} s")).unwrap_or_default();
    let check = (!health.command.is_empty()).then(|| health.command.join(" "));
    let timing = check.is_some().then(|| {
        format!(
            "every {}, at most {}, {} tries",
            seconds(health.interval),
            seconds(health.timeout),
            health.retries.unwrap_or(3)
        )
    });
    let mut rows: Pairs = vec![
        ("Image", c.image.as_deref().map_or_else(none, |i| reference(i, i))),
        ("Ports", text(Some(ports(c)))),
        ("Entry point", exact(Some(c.entry_point.join(" ")))),
        ("Command", exact(Some(c.command.join(" ")))),
        ("Working directory", text(c.working_directory.clone())),
        ("User", text(c.user.clone())),
        ("Health check", exact(check)),
        ("Health timing", text(timing)),
        ("Log driver", text(log.log_driver.clone())),
        ("Log options", several(options.collect())),
        ("Starts after", several(needs.collect())),
        ("Mounts", several(mounts.collect())),
        ("Read-only root", crate::sections::on_off(c.readonly_root_filesystem)),
    ];
    if c.privileged == Some(true) {
        rows.push(("Privileged", text(Some("Yes: it can do anything on its instance"))));
    }
    let variables = c.environment.iter().map(|v| {
        let length =
            v.value.as_ref().map(|s| format!("{} bytes", format::number(i64::try_from(s.length).unwrap_or(i64::MAX))));
        vec![
            view! { <code>{v.name.clone()}</code> }.into_any(),
            text(length),
            exact(v.value.as_ref().map(|s| s.digest.clone())),
        ]
    });
    let secrets = c.secrets.iter().map(|s| {
        vec![view! { <code>{s.name.clone()}</code> }.into_any(), text(Some("from")), exact(s.value_from.clone())]
    });
    let heads = [("Variable", false), ("Length", true), ("Digest or source", false)];
    let title = format!("{}: variables (values never leave AWS)", c.name);
    view! {
        <div class="stack">
            <h2>{c.name.clone()}</h2>
            {pair_card("Settings", rows)}
            {table_card(title, &heads, variables.chain(secrets).collect(), "No variable and no secret.")}
        </div>
    }
    .into_any()
}

/// All revisions of the family, each with its difference to this one and to the one before it.
pub fn revisions(shown: Shown) -> AnyView {
    let key = key_of(shown);
    let family = key.id.rsplit_once(':').map_or(key.id.as_str(), |(family, _)| family);
    let all = Children::of("Revisions", Kind::TaskDefinition, &key, "-revision", "");
    let all = all.within(None).only("family", &[family]);
    let query = all.query();
    let again = changes_of(Kind::TaskDefinition);
    let page = ask(move || (again.get(), query.clone()), |(_, query)| crate::api::list(query));
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || {
                let (key, all) = (key.clone(), all.clone());
                Suspend::new(async move {
                    match page.await {
                        Ok(page) => revision_table(&page, &key, all.list(&page)),
                        Err(e) => view! { <ProblemNote problem=e.0/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

fn revision_table(page: &Page, here: &ResourceKey, list: Option<String>) -> AnyView {
    if page.rows.is_empty() {
        return card("Revisions", nothing("No revision is known."));
    }
    let link = |left: &ResourceKey, right: &ResourceKey, words: &'static str| {
        let full = format!("Compare {} with {}", left.id, right.id);
        let href = scoped(&paths::compare(left, right));
        view! { <a class="btn quiet small" href=href title=full.clone() aria-label=full>{icon(Icon::Compare)}{words}</a> }
    };
    let rows = page.rows.iter().enumerate().map(|(i, row)| {
        let this = row.key == *here;
        let before = page.rows.get(i + 1);
        let cell = |id: &str| {
            let found = columns(row.key.kind).iter().zip(&row.cells).find(|(column, _)| column.id == id);
            found.map(|(column, cell)| column_view(column, cell, page.now, &|r| scoped(&paths::resolve(r))))
        };
        view! {
            <tr class:sel=this>
                <td class="name"><a href=scoped(&paths::tab(&row.key, "overview")) aria-current=this.then_some("true")>{row.name.clone()}</a></td>
                <td><StateBadge state=row.state.clone()/></td>
                <td>{cell("images")}</td>
                <td>{cell("registered")}</td>
                <td>
                    {before.map(|b| link(&b.key, &row.key, "with previous"))}
                    {(!this).then(|| link(&row.key, here, "with this one"))}
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    card_with(
        "Revisions",
        how_many(page, list),
        view! {
            <div class="scroll plain" tabindex="0">
                <table class="table">
                    <thead><tr><th scope="col">"Revision"</th><th scope="col">"State"</th><th scope="col">"Images"</th><th scope="col">"Registered"</th><th scope="col">"Compare"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        },
    )
}
