//! The gate between servers and the sandbox: it holds the calls of runs exactly where their servers are to be killed. What it holds once never
//! reaches the sandbox, or too late, and its sender hears of it no more. Pushes into the registry come through it, too: the one that puts a manifest is the
//! call of a copy, as the plan has it; layers go before it.

use std::collections::HashMap;
use std::io::{BufReader, Result, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::call::Call;
use super::http::{self, Message};

/// How long the sandbox may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long it may take until whoever goes on sends a call again.
const FOLLOWS: Duration = Duration::from_secs(90);

/// Where in the life of a call its sender is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before it is in the journal: at a reading before it.
    Planned,
    /// After it was sent, before it arrives.
    Sent,
    /// After it was made, before its sender hears of it.
    Made,
    /// After its sender heard of it, before that is in the journal: at the reading that follows.
    Answered,
    /// After it was sent; and it arrives once whoever goes on has sent it again, and that was made.
    Late,
}

/// A call that is waited for.
#[derive(Debug, Clone)]
pub struct Watch {
    /// What the documents of all calls of its run name; nothing for a run that is about a whole registry.
    pub name: String,
    /// What it calls.
    pub operation: String,
    /// How often the run makes the same before that.
    pub skip: usize,
    /// The reading that goes before it and follows it, where that is known.
    pub reading: Option<&'static str>,
    /// The call of the step before, if there is one.
    pub after: Option<String>,
    /// Where its sender is killed.
    pub point: Point,
}

#[derive(Debug, Clone)]
struct Waiting {
    watch: Watch,
    /// Whether the call before it was answered; of a first call, whether its run has begun.
    armed: bool,
    /// Whether it was answered itself.
    answered: bool,
    /// Whether its sender stands at the point.
    arrived: bool,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    /// It is made and answered, and what comes after it is held.
    PassLast,
    Hold,
    /// It is held until the same was made.
    HoldLate,
    /// It is made, and its answer is held.
    HoldAnswer,
}

/// Whether a call is about what has this name, or about what a call created that names it.
fn is_of(call: &Call, name: &str, created: &[(Call, String)]) -> bool {
    call.names(name) || created.iter().any(|(by, id)| by.names(name) && call.body.contains(id))
}

impl Waiting {
    fn is_about(&self, call: &Call, created: &[(Call, String)]) -> bool {
        match self.watch.name.as_str() {
            "" => call.operation == self.watch.operation || self.is_its_reading(call),
            name => is_of(call, name, created),
        }
    }

    fn is_its_reading(&self, call: &Call) -> bool {
        self.watch.reading.is_some_and(|reading| call.operation == reading)
    }

    /// Whether a call that is not the one waited for is the reading at which its sender is killed.
    fn is_reached_by(&self, call: &Call) -> bool {
        let any = !self.watch.name.is_empty();
        match self.watch.point {
            Point::Planned => self.armed && (self.is_its_reading(call) || (any && self.watch.after.is_none())),
            Point::Answered => self.answered && (any || self.is_its_reading(call)),
            Point::Sent | Point::Made | Point::Late => false,
        }
    }

    fn fate(&mut self, call: &Call) -> Fate {
        if self.arrived {
            return Fate::Hold;
        }
        let fate = if call.operation == self.watch.operation && !self.answered {
            match self.watch.point {
                _ if self.watch.skip > 0 => {
                    self.watch.skip -= 1;
                    Fate::Pass
                }
                Point::Planned | Point::Sent => Fate::Hold,
                Point::Late => Fate::HoldLate,
                Point::Made => return Fate::HoldAnswer,
                Point::Answered => Fate::PassLast,
            }
        } else if self.is_reached_by(call) {
            Fate::Hold
        } else {
            Fate::Pass
        };
        self.arrived = matches!(fate, Fate::Hold | Fate::HoldLate);
        fate
    }
}

#[derive(Debug, Default)]
struct Inside {
    waiting: Vec<Waiting>,
    /// How often the sandbox made a call.
    made: HashMap<Call, u64>,
    /// Calls that created something which AWS named, with that name.
    created: Vec<(Call, String)>,
    /// Grows with each kill: what was held before goes nowhere.
    round: u64,
}

/// The gate.
#[derive(Debug, Default)]
pub struct Gate {
    inside: Mutex<Inside>,
    moved: Condvar,
}

impl Gate {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for these calls.
    pub fn watch(&self, watches: impl IntoIterator<Item = Watch>) {
        let waiting = |watch| Waiting { watch, armed: false, answered: false, arrived: false };
        self.inside().waiting.extend(watches.into_iter().map(waiting));
    }

    /// The run that names this, and whose call this is, has begun.
    pub fn begun(&self, name: &str, operation: &str) {
        let mut inside = self.inside();
        let of = |watch: &Watch| watch.name == name && watch.operation == operation;
        for waiting in inside.waiting.iter_mut().filter(|waiting| of(&waiting.watch)) {
            waiting.armed = waiting.armed || waiting.watch.after.is_none();
        }
    }

    /// Waits until the senders of all of them stand where they are to be killed; answers those that do not within this time.
    pub fn gathered(&self, limit: Duration) -> Vec<Watch> {
        let (begin, mut inside) = (Instant::now(), self.inside());
        loop {
            let late = inside.waiting.iter().filter(|waiting| !waiting.arrived);
            let late: Vec<Watch> = late.map(|waiting| waiting.watch.clone()).collect();
            let left = limit.saturating_sub(begin.elapsed());
            if late.is_empty() || left.is_zero() {
                return late;
            }
            inside = self.moved.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The senders are dead: what is held goes nowhere, and what comes from now on passes.
    pub fn open(&self) {
        let mut inside = self.inside();
        inside.waiting.clear();
        inside.round += 1;
        self.moved.notify_all();
    }

    /// How often the sandbox made a call of this operation whose document names this.
    pub fn how_often_made(&self, operation: &str, name: &str) -> u64 {
        let inside = self.inside();
        let of = |call: &Call| call.operation == operation && (name.is_empty() || is_of(call, name, &inside.created));
        inside.made.iter().filter(|entry| of(entry.0)).map(|(_, many)| many).sum()
    }

    /// Forgets how often calls were made.
    pub fn forget(&self) {
        let mut inside = self.inside();
        inside.made.clear();
        inside.created.clear();
    }

    /// What becomes of a call, and in which round that was said: all servers may be dead before its sender is held.
    fn fate(&self, call: &Call) -> (Fate, u64) {
        let mut inside = self.inside();
        let Inside { waiting, created, round, .. } = &mut *inside;
        let about = waiting.iter_mut().find(|waiting| waiting.is_about(call, created));
        let fate = about.map(|waiting| waiting.fate(call));
        self.moved.notify_all();
        (fate.unwrap_or(Fate::Pass), *round)
    }

    /// The sandbox made a call, and answered this.
    fn made(&self, call: Call, fate: Fate, answer: &[u8]) {
        let mut inside = self.inside();
        let Inside { waiting, made, created, .. } = &mut *inside;
        created.extend(call.created(answer).map(|id| (call.clone(), id)));
        for waiting in waiting.iter_mut().filter(|waiting| waiting.is_about(&call, created)) {
            // Where a run makes the same several times, after the last of them before its own.
            let before = waiting.watch.skip == 0 && waiting.watch.after.as_ref() == Some(&call.operation);
            waiting.armed = waiting.armed || before;
            waiting.answered = waiting.answered || fate == Fate::PassLast;
            waiting.arrived = waiting.arrived || fate == Fate::HoldAnswer;
        }
        *made.entry(call).or_default() += 1;
        self.moved.notify_all();
    }

    /// Returns after the kill that ends this round.
    fn hold(&self, round: u64) {
        let mut inside = self.inside();
        while inside.round == round {
            inside = self.moved.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until a call was made; answers whether it was in time.
    fn follows(&self, call: &Call) -> bool {
        let (begin, mut inside) = (Instant::now(), self.inside());
        while !inside.made.contains_key(call) {
            let left = FOLLOWS.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return false;
            }
            inside = self.moved.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn serve(&self, mut stream: TcpStream, sandbox: u16) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut from = BufReader::new(stream.try_clone()?);
        while let Some(request) = Message::read(&mut from)? {
            let call = Call::of(&request);
            let (fate, round) = call.as_ref().map_or((Fate::Pass, 0), |call| self.fate(call));
            if matches!(fate, Fate::Hold | Fate::HoldLate) {
                self.hold(round);
                if let Some(call) = call.filter(|call| fate == Fate::HoldLate && self.follows(call)) {
                    let answer = http::exchange(sandbox, &request, LIMIT)?;
                    if (200..300).contains(&answer.status()) {
                        self.made(call, Fate::Pass, &answer.body);
                    }
                }
                return stream.shutdown(Shutdown::Both);
            }
            let answer = http::exchange(sandbox, &request, LIMIT)?;
            if let Some(call) = call.filter(|_| (200..300).contains(&answer.status())) {
                self.made(call, fate, &answer.body);
            }
            if fate == Fate::HoldAnswer {
                self.hold(round);
                return stream.shutdown(Shutdown::Both);
            }
            stream.write_all(&answer.bytes(false))?;
        }
        Ok(())
    }
}

/// Opens a way through the gate to the sandbox's port; answers its own.
pub fn way(gate: &Arc<Gate>, sandbox: u16) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let gate = gate.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            let gate = gate.clone();
            // A connection that breaks is one whose sender was killed.
            std::thread::spawn(move || drop(gate.serve(stream, sandbox)));
        }
    });
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &str) -> Call {
        Call { operation: format!("ecr.{operation}"), body: r#"{"repositoryName":"torture/a"}"#.into() }
    }

    fn watch(point: Point, operation: &str) -> Watch {
        let (name, operation) = ("torture/a".to_owned(), format!("ecr.{operation}"));
        Watch { name, operation, skip: 0, reading: None, after: None, point }
    }

    fn fates(gate: &Gate, operations: &[&str]) -> Vec<Fate> {
        let one = |operation: &&str| {
            let (fate, _) = gate.fate(&call(operation));
            if !matches!(fate, Fate::Hold | Fate::HoldLate) {
                gate.made(call(operation), fate, b"{}");
            }
            fate
        };
        operations.iter().map(one).collect()
    }

    #[test]
    fn each_point_holds_its_own_call_and_all_after_it() {
        let run = ["DescribeRepositories", "CreateRepository", "DescribeRepositories", "CreateRepository"];
        for (point, held) in [
            (Point::Planned, [Fate::Hold, Fate::Hold, Fate::Hold, Fate::Hold]),
            (Point::Sent, [Fate::Pass, Fate::Hold, Fate::Hold, Fate::Hold]),
            (Point::Made, [Fate::Pass, Fate::HoldAnswer, Fate::Hold, Fate::Hold]),
            (Point::Answered, [Fate::Pass, Fate::PassLast, Fate::Hold, Fate::Hold]),
            (Point::Late, [Fate::Pass, Fate::HoldLate, Fate::Hold, Fate::Hold]),
        ] {
            let gate = Gate::default();
            gate.watch([watch(point, "CreateRepository")]);
            gate.begun("torture/a", "ecr.CreateRepository");
            assert_eq!(fates(&gate, &run), held, "{point:?}");
            assert_eq!(gate.gathered(Duration::ZERO).len(), 0, "{point:?}");
            gate.open();
            assert_eq!(gate.fate(&call("CreateRepository")).0, Fate::Pass, "{point:?}");
        }
    }

    #[test]
    fn who_is_held_after_the_kill_is_not_held_for_the_next() {
        let gate = Gate::default();
        gate.watch([watch(Point::Late, "CreateRepository")]);
        let (fate, round) = gate.fate(&call("CreateRepository"));
        assert_eq!(fate, Fate::HoldLate);
        gate.open();
        // It returns.
        gate.hold(round);
    }

    #[test]
    fn a_later_call_is_waited_for_after_the_one_before_it() {
        let gate = Gate::default();
        let (reading, after) = (Some("ecr.GetLifecyclePolicy"), Some("ecr.CreateRepository".to_owned()));
        gate.watch([Watch { reading, after, ..watch(Point::Planned, "PutLifecyclePolicy") }]);
        gate.begun("torture/a", "ecr.PutLifecyclePolicy");
        let run = ["GetLifecyclePolicy", "CreateRepository", "DescribeRepositories", "GetLifecyclePolicy"];
        assert_eq!(fates(&gate, &run), [Fate::Pass, Fate::Pass, Fate::Pass, Fate::Hold]);
        gate.open();
        gate.watch([Watch { skip: 1, ..watch(Point::Sent, "TagResource") }]);
        assert_eq!(fates(&gate, &["TagResource", "TagResource"]), [Fate::Pass, Fate::Hold]);
        assert_eq!(gate.how_often_made("ecr.TagResource", "torture/a"), 1);
        assert_eq!(gate.how_often_made("ecr.TagResource", "torture/ab"), 0);
    }

    #[test]
    fn who_does_not_come_is_named() {
        let gate = Gate::default();
        gate.watch([watch(Point::Sent, "CreateRepository")]);
        let late = gate.gathered(Duration::ZERO);
        let late: Vec<(&str, &str)> =
            late.iter().map(|watch| (watch.operation.as_str(), watch.name.as_str())).collect();
        assert_eq!(late, [("ecr.CreateRepository", "torture/a")]);
    }

    #[test]
    fn the_third_of_the_same_is_waited_for_after_the_second() {
        let gate = Gate::default();
        let (reading, after) = (Some("ecr.DescribeImages"), Some("ecr.CopyImage".to_owned()));
        gate.watch([Watch { reading, after, skip: 2, ..watch(Point::Planned, "CopyImage") }]);
        let run = ["DescribeImages", "CopyImage", "DescribeImages", "CopyImage", "DescribeImages"];
        assert_eq!(fates(&gate, &run), [Fate::Pass, Fate::Pass, Fate::Pass, Fate::Pass, Fate::Hold]);
    }

    #[test]
    fn a_key_is_known_by_the_name_that_aws_gave_it() {
        let gate = Gate::default();
        let kms = |operation: &str, body: &str| Call { operation: format!("kms.{operation}"), body: body.into() };
        let create = kms("CreateKey", r#"{"Description":"Encrypts the images of torture/a"}"#);
        let other = kms("CreateKey", r#"{"Description":"Encrypts the images of torture/b"}"#);
        gate.made(create.clone(), Fate::Pass, br#"{"KeyMetadata":{"KeyId":"1a"}}"#);
        gate.made(other, Fate::Pass, br#"{"KeyMetadata":{"KeyId":"2b"}}"#);
        gate.watch([Watch { operation: "kms.ScheduleKeyDeletion".into(), ..watch(Point::Sent, "") }]);
        let schedule = |id: &str| kms("ScheduleKeyDeletion", &format!(r#"{{"KeyId":"arn:aws:kms:x:1:key/{id}"}}"#));
        assert_eq!((gate.fate(&schedule("2b")).0, gate.fate(&schedule("1a")).0), (Fate::Pass, Fate::Hold));
        gate.made(schedule("1a"), Fate::Pass, b"{}");
        let often = |operation: &str| gate.how_often_made(operation, "torture/a");
        assert_eq!((often("kms.CreateKey"), often("kms.ScheduleKeyDeletion")), (1, 1));
        // What is held until the same was made need not wait.
        assert!(gate.follows(&create));
    }
}
