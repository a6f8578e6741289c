//! Servers of two versions share a database: what a newer one collects of kinds that this one does not know is left out wherever rows of any kind
//! are read.

use domain::Kind;

/// The kinds that this version knows, as rows name them.
pub(crate) fn known() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.stem()).collect()
}

/// Whether this version knows the kind of a key.
pub(crate) fn is_known(key: &str) -> bool {
    key.split_once('/').is_some_and(|(kind, _)| Kind::parse(kind).is_ok())
}
