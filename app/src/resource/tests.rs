//! What the tests of this folder share.

use domain::listing::{Detail, Row};
use domain::{Millis, ResourceKey};

/// A resource of which nothing is known but its key.
pub fn detail(key: &str) -> Detail {
    let key = ResourceKey::parse(key).unwrap();
    let (name, zero) = (key.id.clone(), Millis(0));
    Detail {
        row: Row {
            key,
            name,
            arn: None,
            state: None,
            cells: vec![],
            tags: Default::default(),
            seen: zero,
            changed: zero,
            gone: None,
            parts: 0,
            matched: None,
        },
        parent: None,
        created: None,
        doc: Default::default(),
        connected: vec![],
        capped: vec![],
        changes: 0,
        freshness: None,
        now: zero,
    }
}
