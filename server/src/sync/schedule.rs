//! When to collect next: well before a kind's promise runs out, not all at once, and ever more rarely while it fails.

use domain::{Code, Kind, Millis, Problem, Scope};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest pause after a failure.
const LONGEST: i64 = 300_000;
/// The longest pause while AWS cannot be reached: asking costs nothing there, and people wait for it to be back.
const UNREACHABLE: i64 = 15_000;
/// The pause after "not implemented": an endpoint seldom learns while it runs.
const NOT_IMPLEMENTED: i64 = HOUR;
/// The pause while something that was read by itself is under way in AWS.
const SOON: i64 = 3_000;
/// The first and the longest pause of one resource whose single read is refused.
const REFUSED: (i64, i64) = (60_000, HOUR);
/// In milliseconds.
const HOUR: i64 = 3_600_000;

/// The pause between two collects, in milliseconds. A collect may take as long as the pause and the promise still holds.
const fn pause(kind: Kind) -> i64 {
    kind.promise_seconds() as i64 * 400
}

/// When to collect again after a complete collect that ended now.
pub fn after_success(scope: &Scope, kind: Kind, now: Millis) -> Millis {
    Millis(now.0 + pause(kind) - jitter(scope, kind, now, pause(kind) / 8))
}

/// When to try again after the `failures`th failure in a row.
pub fn after_failure(scope: &Scope, kind: Kind, failures: u32, problem: &Problem, now: Millis) -> Millis {
    let longest = LONGEST.max(pause(kind));
    let pause = match problem.code {
        Code::NotImplemented => NOT_IMPLEMENTED,
        Code::AwsUnreachable => pause(kind).min(UNREACHABLE),
        _ => (pause(kind).min(15_000) << failures.saturating_sub(1).min(10)).min(longest),
    };
    Millis(now.0 + pause - jitter(scope, kind, now, pause / 4))
}

/// When to look again at what was read one by one and is under way.
pub fn soon(now: Millis) -> Millis {
    Millis(now.0 + SOON)
}

/// A single read made before this moment is made again: tags change without a new revision, and no list says it. Of roles, which are many and
/// whose API is slow, only each day. What never changes is read once.
pub fn read_before(kind: Kind, now: Millis) -> Millis {
    match kind {
        Kind::Role => Millis(now.0 - 24 * HOUR),
        _ if kind.immutable() => Millis(i64::MIN),
        _ => Millis(now.0 - HOUR / 2),
    }
}

/// When to read one resource again after its `times`th refusal in a row.
pub fn after_refusal(scope: &Scope, kind: Kind, times: u32, now: Millis) -> Millis {
    let (first, longest) = REFUSED;
    let pause = (first << times.saturating_sub(1).min(10)).min(longest);
    Millis(now.0 + pause - jitter(scope, kind, now, pause / 4))
}

/// Less than `most`; differs from collection to collection and from time to time, but not from run to run.
fn jitter(scope: &Scope, kind: Kind, now: Millis, most: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    (scope, kind, now).hash(&mut hasher);
    i64::try_from(hasher.finish() >> 1).unwrap_or(0) % most.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    #[test]
    fn every_promise_is_kept_with_time_to_spare() {
        for kind in Kind::ALL {
            let due = after_success(&scope(), *kind, Millis(0)).0;
            assert!(due > 0 && due * 2 < i64::from(kind.promise_seconds()) * 1000, "{kind}: {due}");
        }
    }

    #[test]
    fn failures_are_tried_again_soon_then_rarely_and_what_is_not_implemented_hardly() {
        let throttled = Problem::new(Code::AwsThrottled, "", "");
        let due = |failures| after_failure(&scope(), Kind::Task, failures, &throttled, Millis(0)).0;
        assert!(due(1) <= 15_000 && due(3) > due(1));
        assert!(due(50) <= LONGEST && due(50) >= LONGEST * 3 / 4);
        let away = Problem::new(Code::AwsUnreachable, "", "");
        assert!(after_failure(&scope(), Kind::Role, 50, &away, Millis(0)).0 <= UNREACHABLE);
        let missing = Problem::not_implemented("scheduler:ListSchedules");
        assert!(after_failure(&scope(), Kind::Task, 1, &missing, Millis(0)).0 > LONGEST);
    }

    #[test]
    fn a_single_read_that_is_refused_is_made_ever_more_rarely_and_never_given_up() {
        let due = |times| after_refusal(&scope(), Kind::Function, times, Millis(0)).0;
        assert!(due(1) <= 60_000 && due(1) >= 45_000);
        assert!(due(3) > due(1));
        assert!(due(1_000) <= HOUR && due(1_000) >= HOUR * 3 / 4);
    }

    #[test]
    fn what_changes_unseen_is_read_again_and_what_cannot_change_is_not() {
        let day = Millis(24 * HOUR);
        assert_eq!(read_before(Kind::Repository, day), Millis(24 * HOUR - 1_800_000));
        assert_eq!(read_before(Kind::Role, day), Millis(0));
        assert!(read_before(Kind::FunctionVersion, day).0 < 0);
    }
}
