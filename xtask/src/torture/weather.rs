//! What befalls calls on their way: faults of the wire, and the death of whoever sent them. Follows from the seed, the repository, the
//! operation and how often it was sent, so that Gantry and a script that make the same call meet the same fate.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dice::{Dice, luck};

/// What goes wrong on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// `ThrottlingException`.
    Throttled,
    /// A fault of AWS's own.
    ServerError,
    /// `AccessDeniedException`.
    Denied,
    /// The connection breaks before the call arrives.
    ResetBefore,
    /// AWS makes it, and the connection breaks.
    ResetAfter,
    /// AWS makes it, and nothing is heard of it.
    Lost,
    /// The same for half a minute, before the connection breaks.
    Silent,
    /// AWS makes it, and the answer ends in the middle.
    Truncated,
}

impl Fault {
    /// All but the long silence, with how often they come beside each other.
    const WEIGHTS: [(Self, u64); 7] = [
        (Self::Throttled, 6),
        (Self::ServerError, 6),
        (Self::Denied, 1),
        (Self::ResetBefore, 6),
        (Self::ResetAfter, 6),
        (Self::Lost, 3),
        (Self::Truncated, 6),
    ];

    /// As the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::ServerError => "status 500",
            Self::Denied => "denied",
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after it was made",
            Self::Lost => "answer lost",
            Self::Silent => "silent for 30 s",
            Self::Truncated => "answer cut short",
        }
    }
}

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// This, on the wire.
    Fault(Fault),
    /// Its sender dies before it arrives.
    KillBefore,
    /// Its sender dies after it was made.
    KillAfter,
    /// Its sender is stopped some moments after the answer, and goes on after its lease has ended.
    Stop,
}

/// One call, as the road sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// The account it is signed for.
    pub account: String,
    /// The repository it names.
    pub repository: String,
    /// `CreateRepository`; of a push what [`push`](super::push) calls it.
    pub operation: String,
}

/// The most that befalls one repository: then it clears up, so that every run can end.
const MOST_FAULTS: u32 = 14;
const MOST_KILLS: u32 = 3;

/// One in so many lost answers is a long silence, where there are any.
const SILENT: u64 = 4;

#[derive(Debug, Default)]
struct Inside {
    sent: HashMap<Call, u64>,
    made: HashMap<Call, u64>,
    /// Faults and kills so far, by account and repository.
    harmed: HashMap<(String, String), (u32, u32)>,
    calm: Vec<String>,
    lifted: Vec<(String, String)>,
    faults: BTreeMap<(String, Fault), u64>,
}

/// The weather of a whole torture.
#[derive(Debug)]
pub struct Weather {
    seed: u64,
    /// Of lost answers one in so many is waited for longest; none where it is 0.
    silent: u64,
    inside: Mutex<Inside>,
}

impl Weather {
    /// As this seed has it.
    pub fn of(seed: u64) -> Self {
        Self { seed, silent: 0, inside: Mutex::default() }
    }

    /// The same with long silences, which take time.
    pub fn with_silences(self) -> Self {
        Self { silent: SILENT, ..self }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing befalls this account.
    pub fn clear_up(&self, account: &str) {
        self.inside().calm.push(account.to_owned());
    }

    /// From now on nothing befalls this repository.
    pub fn lift(&self, account: &str, repository: &str) {
        self.inside().lifted.push((account.to_owned(), repository.to_owned()));
    }

    /// What befalls this call, which was just sent.
    pub fn harm(&self, call: &Call) -> Option<Harm> {
        let of = (call.account.clone(), call.repository.clone());
        let mut inside = self.inside();
        let sent = inside.sent.entry(call.clone()).or_default();
        *sent += 1;
        let sent = *sent;
        if inside.calm.contains(&of.0) || inside.lifted.contains(&of) {
            return None;
        }
        let (faults, kills) = inside.harmed.get(&of).copied().unwrap_or_default();
        let harm = self.decides(call, sent).filter(|harm| match harm {
            Harm::Fault(Fault::Denied) => true,
            Harm::Fault(_) => faults < MOST_FAULTS,
            Harm::KillBefore | Harm::KillAfter | Harm::Stop => kills < MOST_KILLS,
        })?;
        let harmed = inside.harmed.entry(of).or_default();
        match harm {
            Harm::Fault(fault) => {
                harmed.0 += 1;
                *inside.faults.entry((call.account.clone(), fault)).or_default() += 1;
            }
            Harm::KillBefore | Harm::KillAfter | Harm::Stop => harmed.1 += 1,
        }
        Some(harm)
    }

    fn decides(&self, call: &Call, sent: u64) -> Option<Harm> {
        let (seed, name) = luck(self.seed, &call.repository);
        let mut fate = Dice::of(seed, &name);
        let storm = [0, 25, 45, 60][fate.below(4) as usize];
        // Some never get a permission, and some lack the one to clean up.
        let writes =
            ["PutLifecyclePolicy", "SetRepositoryPolicy", "DeleteRepository", "DeleteLifecyclePolicy", "PutTag"];
        let denied = writes.get(fate.below(32) as usize);
        if denied.is_some_and(|denied| *denied == call.operation) {
            return Some(Harm::Fault(Fault::Denied));
        }
        let mut dice = Dice::of(seed, &format!("{name} {} {sent}", call.operation));
        let writes = !["Describe", "Get", "List"].iter().any(|read| call.operation.starts_with(read));
        if dice.below(100) < if writes { 22 } else { 5 } {
            return Some(if dice.one_in(2) { Harm::KillBefore } else { Harm::KillAfter });
        }
        if dice.below(100) < 2 {
            return Some(Harm::Stop);
        }
        if dice.below(100) >= storm {
            return None;
        }
        let mut at = dice.below(Fault::WEIGHTS.iter().map(|(_, weight)| weight).sum());
        for (fault, weight) in Fault::WEIGHTS {
            if at < weight {
                let silent = fault == Fault::Lost && self.silent > 0 && dice.one_in(self.silent);
                return Some(Harm::Fault(if silent { Fault::Silent } else { fault }));
            }
            at -= weight;
        }
        None
    }

    /// AWS made this call.
    pub fn made(&self, call: Call) {
        *self.inside().made.entry(call).or_default() += 1;
    }

    /// How often AWS made a call.
    pub fn how_often_made(&self, account: &str, repository: &str, operation: &str) -> u64 {
        let (account, repository, operation) = (account.to_owned(), repository.to_owned(), operation.to_owned());
        self.inside().made.get(&Call { account, repository, operation }).copied().unwrap_or_default()
    }

    /// How many faults an account met, by kind.
    pub fn faults(&self, account: &str) -> Vec<(&'static str, u64)> {
        let inside = self.inside();
        let of = inside.faults.iter().filter(|((of, _), _)| of == account);
        of.map(|((_, fault), many)| (fault.name(), *many)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_those_of_the_seed_and_end() {
        let call = |n: u64| Call {
            account: "1".into(),
            repository: format!("torture/{}", n % 40),
            operation: ["CreateRepository", "DescribeRepositories"][(n % 2) as usize].into(),
        };
        let fates = |seed| {
            let weather = Weather::of(seed);
            (0..4000).map(|n| weather.harm(&call(n))).collect::<Vec<_>>()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
        let kills = fates(1).iter().filter(|h| matches!(h, Some(Harm::KillBefore | Harm::KillAfter))).count();
        assert!((20..=120).contains(&kills), "{kills}");
        // Long silences come in place of lost answers, and change nothing else.
        let long = Weather::of(1).with_silences();
        let long: Vec<_> = (0..4000).map(|n| long.harm(&call(n))).collect();
        let lost = |harm: &Option<Harm>| *harm == Some(Harm::Fault(Fault::Lost));
        let silent = |harm: &Option<Harm>| *harm == Some(Harm::Fault(Fault::Silent));
        assert!(long.iter().any(silent) && !fates(1).iter().any(silent));
        assert!(long.iter().zip(fates(1)).all(|(own, other)| *own == other || (silent(own) && lost(&other))));
        let weather = Weather::of(1);
        weather.clear_up("1");
        assert!((0..400).all(|n| weather.harm(&call(n)).is_none()));
    }
}
