//! KMS: the keys that plans create, by AWS's rules ([`rules`]) and calls ([`calls`]). Keys are not collected: those to choose from are in
//! [`crate::ecr::keys`].

pub mod calls;
pub mod rules;
pub mod subject;
pub mod way_back;

use calls::Call;

use crate::plan::lint::Severity;

/// What a key costs a month, in millionths of a US dollar, in its first year; requests and rotations come on top.
/// <https://aws.amazon.com/kms/pricing/>
pub const MONTHLY: i64 = 1_000_000;

/// Notes on a call: severity, what it is, what to do about it.
pub fn lint(call: &Call) -> Vec<(Severity, String, String)> {
    match call {
        Call::CreateKey(_) => vec![(
            Severity::Hint,
            "A key cannot be deleted at once: AWS keeps it for 7 to 30 days before it is gone.".to_owned(),
            "Undo schedules its deletion in 7 days, the shortest; it counts as undone once the key's state is PendingDeletion. Until then its deletion can be cancelled in KMS."
                .to_owned(),
        )],
        Call::CreateAlias(_) | Call::DeleteAlias(_) | Call::ScheduleKeyDeletion(_) => vec![],
    }
}
