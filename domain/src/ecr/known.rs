//! Whether it is known what uses images: which lists say it, and which of them cannot be relied on now. That no list names a user
//! means only something where the lists were read.

use crate::identity::Scope;
use crate::kind::Kind;
use crate::listing::Freshness;
use crate::problem::Code;
use crate::time::Millis;

/// The kinds that use images, or lead from what does to them; and the images themselves.
pub const LISTS: [Kind; 9] = [
    Kind::Image,
    Kind::Task,
    Kind::Service,
    Kind::TaskDefinition,
    Kind::Pod,
    Kind::Function,
    Kind::FunctionVersion,
    Kind::Rule,
    Kind::Schedule,
];

/// A list that works is relied on for three times its promise, but at least so long: a busy server is late now and then.
const AT_LEAST: i64 = 600_000;

/// A list of this kind in this scope that was never read.
pub fn never(scope: &Scope, kind: Kind) -> Freshness {
    Freshness { scope: scope.clone(), kind, complete: None, failing: None, details: None, running: false }
}

/// Whether what this list does not name can be taken for what is not there.
pub(super) fn known(list: &Freshness, now: Millis) -> bool {
    // A service that the endpoint lacks has nothing that would use an image.
    if matches!(&list.failing, Some((_, problem)) if problem.code == Code::NotImplemented) {
        return true;
    }
    let promise = i64::from(list.kind.promise_seconds()) * 1000;
    let Some(complete) = list.complete else { return false };
    let age = now.0 - complete.0;
    match &list.failing {
        None => age <= AT_LEAST.max(promise * 3),
        // A failure that may pass by itself takes nothing from a list that is young still. One that is as old as the list came with it:
        // not everything in it could be read to its end.
        Some((since, _)) => complete < *since && age <= promise,
    }
}

/// What is not known of the use of images, one text a list: `tasks in 111122223333 eu-west-1 could not be read: ecs:ListTasks is denied`.
pub fn unknown(lists: &[Freshness], now: Millis) -> Vec<String> {
    lists.iter().filter(|list| !known(list, now)).map(|list| said(list, now)).collect()
}

/// At most so many are named in a message.
const NAMED: usize = 5;

/// Some of these, and how many more there are: `a; b; c; d; e; and 2 more`.
pub fn some(all: &[String]) -> String {
    let first = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if all.len() > NAMED { format!("{first}; and {} more", all.len() - NAMED) } else { first }
}

fn said(list: &Freshness, now: Millis) -> String {
    let what = format!("{} in {} {}", list.kind.plural(), list.scope.account, list.scope.region);
    match (&list.failing, list.complete) {
        (Some((since, problem)), complete) => {
            let partly = complete.is_some_and(|complete| complete >= *since);
            let how = if partly { "could not be read to their end" } else { "could not be read" };
            match problem.missing().collect::<Vec<_>>().as_slice() {
                [] => format!("{what} {how}: {}", problem.title),
                [action] => format!("{what} {how}: {action} is denied"),
                actions => format!("{what} {how}: {} are denied", actions.join(", ")),
            }
        }
        (None, Some(complete)) => format!("{what} were last read {} ago", complete.age(now)),
        (None, None) => format!("{what} were never read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    const MINUTE: i64 = 60_000;

    fn scope() -> Scope {
        Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
    }

    /// What is said after an hour of tasks that were last read whole at this minute, and fail since that one.
    fn after_an_hour(complete: Option<i64>, failing: Option<(i64, Problem)>) -> Option<String> {
        let list = Freshness {
            complete: complete.map(|at| Millis(at * MINUTE)),
            failing: failing.map(|(since, problem)| (Millis(since * MINUTE), problem)),
            ..never(&scope(), Kind::Task)
        };
        unknown(&[list], Millis(60 * MINUTE)).pop()
    }

    fn denied() -> Problem {
        let mut problem = Problem::new(Code::AwsDenied, "Access denied", "…");
        problem.iam_action = Some("ecs:ListTasks".into());
        problem
    }

    #[test]
    fn a_complete_list_of_normal_age_is_known() {
        assert_eq!(after_an_hour(Some(60), None), None);
        assert_eq!(after_an_hour(Some(51), None), None, "late, but it works");
        assert_eq!(
            after_an_hour(Some(40), None).as_deref(),
            Some("tasks in 111122223333 eu-west-1 were last read 20 min ago")
        );
        assert_eq!(after_an_hour(None, None).as_deref(), Some("tasks in 111122223333 eu-west-1 were never read"));
    }

    #[test]
    fn a_list_that_fails_is_known_only_while_it_is_young() {
        let throttled = Problem::new(Code::AwsThrottled, "AWS asks for a pause", "…");
        let list = Freshness {
            complete: Some(Millis(1_000)),
            failing: Some((Millis(13_000), throttled.clone())),
            ..never(&scope(), Kind::Task)
        };
        assert_eq!(unknown(std::slice::from_ref(&list), Millis(20_000)), Vec::<String>::new());
        assert_eq!(unknown(&[list], Millis(32_000)).len(), 1);
        assert_eq!(
            after_an_hour(Some(50), Some((51, throttled))).as_deref(),
            Some("tasks in 111122223333 eu-west-1 could not be read: AWS asks for a pause")
        );
    }

    #[test]
    fn what_is_denied_or_read_in_parts_is_not_known() {
        let words = "tasks in 111122223333 eu-west-1 could not be read: ecs:ListTasks is denied";
        assert_eq!(after_an_hour(None, Some((1, denied()))).as_deref(), Some(words));
        assert_eq!(after_an_hour(Some(5), Some((6, denied()))).as_deref(), Some(words));
        // Listed whole just now, with something that could not be read to its end.
        assert_eq!(
            after_an_hour(Some(60), Some((59, denied()))).as_deref(),
            Some("tasks in 111122223333 eu-west-1 could not be read to their end: ecs:ListTasks is denied")
        );
        // An endpoint without the service has none of it.
        assert_eq!(after_an_hour(None, Some((1, Problem::not_implemented("ecs:ListTasks")))), None);
    }
}
