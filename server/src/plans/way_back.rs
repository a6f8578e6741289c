//! Whether a run that was applied may be taken back: asked as the same deletion is asked as a plan.

use domain::ecr::wizards::way_back::losses;
use domain::policy::{Actor, Permission};
use domain::{Code, Problem};
use gantry_store::Store;
use gantry_store::runs::Stored;

use super::inventory;
use crate::auth::proof::allow;
use crate::clock::now;

/// Refuses to take back what something uses by now; then, where that deletes a thing, whoever has not proved lately that it is them.
///
/// # Errors
/// [`Code::Conflict`] with what is in use and by whom; as [`allow`]; [`Code::Database`].
pub(super) async fn allowed(store: &Store, actor: &Actor, stored: &Stored) -> Result<(), Problem> {
    let mut against = vec![];
    for ((scope, repository), loss) in losses(&stored.run) {
        let inventory = inventory::read(store, &scope, &repository, now()).await?;
        against.extend(loss.against(&repository, stored.ended, &inventory));
    }
    if !against.is_empty() {
        let message = format!("{} Nothing was taken back.", against.join(" "));
        return Err(Problem::new(Code::Conflict, "Something uses it", message));
    }
    if stored.run.plan.undo_deletes() {
        allow(store, actor, Permission::DeleteFromAws).await?;
    }
    Ok(())
}
