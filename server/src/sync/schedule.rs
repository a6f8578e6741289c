//! When to collect next: well before a kind's promise runs out, not all at once, and ever more rarely while it fails.

use domain::{Code, Kind, Millis, Problem, Scope};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest pause after a failure.
const LONGEST: i64 = 300_000;
/// The longest pause while AWS cannot be reached: asking costs nothing there, and people wait for it to be back.
const UNREACHABLE: i64 = 15_000;
/// The pause after "not implemented": an endpoint seldom learns while it runs.
const NOT_IMPLEMENTED: i64 = 3_600_000;

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
}
