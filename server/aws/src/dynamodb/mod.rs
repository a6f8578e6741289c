//! Tables.

use aws_sdk_dynamodb::types;
use domain::dynamodb::{
    Attribute, Billing, Class, Index, KeyElement, Replica, Sse, StreamSpecification, Table, Throughput,
};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};

use crate::gather::{Trouble, each, tags, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all tables. Their tags cost a call each: [`fetch_table`] has them.
pub(crate) async fn collect_tables(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new("dynamodb:ListTables");
    while let Some(after) = pages.next() {
        let request = caller.clients().dynamodb().list_tables().limit(100).set_exclusive_start_table_name(after);
        let page = caller.call(Bucket::Dynamodb, "dynamodb:ListTables", None, request.send()).await?;
        let names = page.table_names.unwrap_or_default();
        let mut batch = vec![];
        let read = |name: String| async move {
            let table = table(caller, &name).await;
            (name, table)
        };
        for (name, table) in each(names, read).await {
            if let Some(table) = trouble.past_listed(name, table)? {
                batch.push(caller.observed(&table)?);
            }
        }
        feed.seen(batch).await?;
        pages.then(page.last_evaluated_table_name)?;
    }
    trouble.complete(feed, Kind::Table, None).await?;
    trouble.end()
}

/// One table with its tags.
pub(crate) async fn fetch_table(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some(mut table) = table(caller, &key.id).await? else { return Ok(None) };
    let Some(arn) = table.table_arn.clone() else { return caller.observed(&table).map(Some) };
    let mut all = vec![];
    let mut pages = Pages::new("dynamodb:ListTagsOfResource");
    while let Some(token) = pages.next() {
        let request = caller.clients().dynamodb().list_tags_of_resource().resource_arn(&arn).set_next_token(token);
        let answer = caller.call(Bucket::Dynamodb, "dynamodb:ListTagsOfResource", Some(&arn), request.send()).await;
        let Some(page) = absent(answer)? else { return Ok(None) };
        all.extend(page.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)));
        pages.then(page.next_token)?;
    }
    table.tags = Some(tags(all.into_iter()));
    caller.observed(&table).map(Some)
}

async fn table(caller: &Caller, name: &str) -> Result<Option<Table>, Problem> {
    let request = caller.clients().dynamodb().describe_table().table_name(name);
    let answer = caller.call(Bucket::Dynamodb, "dynamodb:DescribeTable", Some(name), request.send()).await;
    Ok(absent(answer)?.and_then(|a| a.table).map(|t| document(t, name)))
}

fn keys(schema: Option<Vec<types::KeySchemaElement>>) -> Vec<KeyElement> {
    let schema = schema.into_iter().flatten();
    schema.map(|k| KeyElement { attribute_name: k.attribute_name, key_type: k.key_type.to_string() }).collect()
}

fn document(t: types::TableDescription, name: &str) -> Table {
    let mut attributes: Vec<Attribute> = t
        .attribute_definitions
        .into_iter()
        .flatten()
        .map(|a| Attribute { attribute_name: a.attribute_name, attribute_type: a.attribute_type.to_string() })
        .collect();
    attributes.sort_by(|a, b| a.attribute_name.cmp(&b.attribute_name));
    let mut global: Vec<Index> = t
        .global_secondary_indexes
        .into_iter()
        .flatten()
        .map(|i| Index {
            index_name: i.index_name,
            index_arn: i.index_arn,
            index_status: word(i.index_status),
            key_schema: keys(i.key_schema),
            index_size_bytes: i.index_size_bytes,
            item_count: i.item_count,
        })
        .collect();
    global.sort_by(|a, b| a.index_name.cmp(&b.index_name));
    let mut local: Vec<Index> = t
        .local_secondary_indexes
        .into_iter()
        .flatten()
        .map(|i| Index {
            index_name: i.index_name,
            index_arn: i.index_arn,
            index_status: None,
            key_schema: keys(i.key_schema),
            index_size_bytes: i.index_size_bytes,
            item_count: i.item_count,
        })
        .collect();
    local.sort_by(|a, b| a.index_name.cmp(&b.index_name));
    Table {
        table_name: t.table_name.unwrap_or_else(|| name.to_owned()),
        table_arn: t.table_arn,
        table_id: t.table_id,
        table_status: word(t.table_status),
        creation_date_time: when(t.creation_date_time),
        attribute_definitions: attributes,
        key_schema: keys(t.key_schema),
        provisioned_throughput: t.provisioned_throughput.map(|p| Throughput {
            read_capacity_units: p.read_capacity_units,
            write_capacity_units: p.write_capacity_units,
        }),
        billing_mode_summary: t.billing_mode_summary.map(|b| Billing { billing_mode: word(b.billing_mode) }),
        table_size_bytes: t.table_size_bytes,
        item_count: t.item_count,
        global_secondary_indexes: global,
        local_secondary_indexes: local,
        stream_specification: t.stream_specification.map(|s| StreamSpecification {
            stream_enabled: Some(s.stream_enabled),
            stream_view_type: word(s.stream_view_type),
        }),
        latest_stream_label: t.latest_stream_label,
        latest_stream_arn: t.latest_stream_arn,
        replicas: t
            .replicas
            .into_iter()
            .flatten()
            .map(|r| Replica { region_name: r.region_name, replica_status: word(r.replica_status) })
            .collect(),
        sse_description: t.sse_description.map(|s| Sse {
            status: word(s.status),
            sse_type: word(s.sse_type),
            kms_master_key_arn: s.kms_master_key_arn,
        }),
        table_class_summary: t.table_class_summary.map(|c| Class { table_class: word(c.table_class) }),
        deletion_protection_enabled: t.deletion_protection_enabled,
        tags: None,
    }
}
