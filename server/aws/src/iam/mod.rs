//! IAM roles, and what IAM says beforehand to an action ([`simulate`]).

pub(crate) mod simulate;

use aws_sdk_iam::types;
use domain::document::Tag;
use domain::iam::{Boundary, LastUsed, Role};
use domain::resource::Observed;
use domain::{Kind, Problem, ResourceKey};
use percent_encoding::percent_decode_str;

use crate::gather::{when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

/// Reads all roles. The list leaves out tags, boundaries and last uses.
pub(crate) async fn collect_roles(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let mut pages = Pages::new("iam:ListRoles");
    while let Some(marker) = pages.next() {
        let request = caller.clients().iam().list_roles().max_items(1000).set_marker(marker);
        let page = caller.call(Bucket::Iam, "iam:ListRoles", None, request.send()).await?;
        let batch: Result<Vec<Observed>, Problem> =
            page.roles.into_iter().map(|r| caller.observed(&document(r))).collect();
        feed.seen(batch?).await?;
        pages.then(page.marker.filter(|_| page.is_truncated))?;
    }
    feed.complete(Kind::Role, None).await
}

/// One role, with what the list leaves out.
pub(crate) async fn fetch_role(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let request = caller.clients().iam().get_role().role_name(&key.id);
    let answer = absent(caller.call(Bucket::Iam, "iam:GetRole", Some(&key.id), request.send()).await)?;
    let Some(role) = answer.and_then(|a| a.role) else { return Ok(None) };
    let mut tags: Vec<Tag> =
        role.tags.iter().flatten().map(|t| Tag { key: t.key.clone(), value: t.value.clone() }).collect();
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    let mut role = document(role);
    // Here, what is missing does not exist; left out, it would be taken for what the list leaves out.
    role.tags = Some(tags);
    role.permissions_boundary.get_or_insert_default();
    caller.observed(&role).map(Some)
}

fn document(r: types::Role) -> Role {
    // Sent URL-encoded by AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
    let policy = r.assume_role_policy_document.map(|encoded| {
        let text = percent_decode_str(&encoded).decode_utf8_lossy().into_owned();
        serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
    });
    Role {
        path: Some(r.path),
        role_name: r.role_name,
        role_id: Some(r.role_id),
        arn: Some(r.arn),
        create_date: when(Some(r.create_date)),
        assume_role_policy_document: policy,
        description: r.description.filter(|d| !d.is_empty()),
        max_session_duration: r.max_session_duration,
        permissions_boundary: r.permissions_boundary.map(|b| Boundary {
            permissions_boundary_type: word(b.permissions_boundary_type),
            permissions_boundary_arn: b.permissions_boundary_arn,
        }),
        tags: None,
        role_last_used: r
            .role_last_used
            .map(|u| LastUsed { last_used_date: when(u.last_used_date), region: u.region })
            .filter(|u| u.last_used_date.is_some()),
    }
}

#[cfg(test)]
mod tests;
