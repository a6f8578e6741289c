//! Where a program's next window of a list begins: behind a place, not at a number, so that rows that come and go in between make it miss or
//! repeat none. The place is written as an opaque text and read back for the same list only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::listing::ListQuery;
use domain::{AccountId, Problem, Region, ResourceKey, Scope};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::ops::Range;

use super::list::Listing;
use super::standing::{Place, Standing, Value};
use super::table::Table;

/// The way cursors are written; one that is written in another way is refused.
const VERSION: u8 = 1;

/// What is in a cursor.
#[derive(Serialize, Deserialize)]
struct Written(u8, u64, Value, String, ResourceKey);

/// Which rows of the answer to a query make the window behind a cursor (without one the first), and the cursor of what follows, `None` at the
/// end of the list. The query's offset does not count.
///
/// # Errors
/// With the field `cursor`: it is none, or one of another list.
pub fn window(
    table: &Table,
    scopes: &[Scope],
    listing: &Listing,
    query: &ListQuery,
    cursor: Option<&str>,
) -> Result<(Range<usize>, Option<String>), Problem> {
    let (standing, rows) = (Standing::of(table, scopes, &listing.covered, query), &listing.rows);
    let from = match cursor {
        Some(cursor) => standing.until(rows, &read(cursor, query)?),
        None => 0,
    };
    let to = from.saturating_add(query.limit as usize).min(rows.len());
    let next = match rows[from..to].last() {
        Some(last) if to < rows.len() => Some(write(standing.place(*last), query)?),
        _ => None,
    };
    Ok((from..to, next))
}

fn write(place: Place, query: &ListQuery) -> Result<String, Problem> {
    let written = Written(VERSION, list_of(query)?, place.value, place.name, place.key);
    let text = serde_json::to_vec(&written).map_err(|e| Problem::internal(format!("inventory.cursor: {e}")))?;
    Ok(URL_SAFE_NO_PAD.encode(text))
}

fn read(cursor: &str, query: &ListQuery) -> Result<Place, Problem> {
    let none = "A cursor is what “next” said, unchanged. Without one the list begins anew.";
    let text = URL_SAFE_NO_PAD.decode(cursor).ok();
    match text.and_then(|text| serde_json::from_slice::<Written>(&text).ok()) {
        Some(Written(VERSION, list, value, name, key)) if list == list_of(query)? => Ok(Place { value, name, key }),
        Some(Written(VERSION, ..)) => Err(Problem::invalid(
            "cursor",
            "This cursor goes on with another list. Ask for the same kind, order and filters as in the window before it, or without a cursor.",
        )),
        _ => Err(Problem::invalid("cursor", none)),
    }
}

/// A list in a number: which rows are in it, and in which order. Every server reckons the same.
fn list_of(query: &ListQuery) -> Result<u64, Problem> {
    let ListQuery {
        kind,
        accounts,
        regions,
        parent,
        text,
        filters,
        attention,
        parts,
        sort: _,
        direction: _,
        offset: _,
        limit: _,
    } = query;
    let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
    let regions: BTreeSet<&Region> = regions.iter().collect();
    let filters: Vec<(&String, BTreeSet<&String>)> =
        filters.iter().filter(|(_, values)| !values.is_empty()).map(|(id, v)| (id, v.iter().collect())).collect();
    let said = (kind, accounts, regions, parent, text, filters, attention, parts, query.order().to_string());
    let said = serde_json::to_vec(&said).map_err(|e| Problem::internal(format!("inventory.cursor: {e}")))?;
    Ok(Sha256::digest(&said).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}
