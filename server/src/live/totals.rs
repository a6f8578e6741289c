//! The fleet's charts: what several places counted, added up; and what each place said, kept until it has news.

use domain::Scope;
use domain::stream::Series;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When a place answered, and what.
type Answer<T> = (Instant, Arc<T>);

/// Answers by place and length in minutes, each for a while.
pub struct Kept<T> {
    answers: HashMap<(Scope, u32), Answer<T>>,
    time: Duration,
}

impl<T> Kept<T> {
    /// Keeps each answer for this long.
    pub fn for_each(time: Duration) -> Self {
        Self { answers: HashMap::new(), time }
    }
    /// What a place said a short while ago.
    pub fn fresh(&self, scope: &Scope, minutes: u32) -> Option<Arc<T>> {
        let (at, answer) = self.answers.get(&(scope.clone(), minutes))?;
        (at.elapsed() < self.time).then(|| answer.clone())
    }
    /// Keeps an answer and drops old ones.
    pub fn keep(&mut self, scope: &Scope, minutes: u32, answer: Arc<T>) {
        self.answers.retain(|_, (at, _)| at.elapsed() < self.time);
        self.answers.insert((scope.clone(), minutes), (Instant::now(), answer));
    }
    /// Puts what became known of a part into an answer, which stays as old as it is.
    pub fn amend(&mut self, scope: &Scope, minutes: u32, amend: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        if let Some((_, answer)) = self.answers.get_mut(&(scope.clone(), minutes)) {
            amend(Arc::make_mut(answer));
        }
    }
}

/// Adds up what the places counted, minute by minute. The summed duration becomes the mean of all invocations.
pub fn add(places: &[Arc<Vec<Series>>]) -> Vec<Series> {
    let mut lines: Vec<(String, String, BTreeMap<_, f64>)> = vec![];
    for series in places.iter().flat_map(|place| place.iter()) {
        let known = lines.iter().position(|(name, ..)| *name == series.name);
        let at = known.unwrap_or_else(|| {
            lines.push((series.name.clone(), series.unit.clone(), BTreeMap::new()));
            lines.len() - 1
        });
        for (moment, value) in &series.points {
            *lines[at].2.entry(*moment).or_default() += value;
        }
    }
    let invocations = lines.iter().find(|(name, ..)| name == "invocations").map(|(.., points)| points.clone());
    let finished = lines.into_iter().map(|(name, unit, points)| {
        let mean = |(moment, sum): (_, f64)| {
            let count = invocations.as_ref()?.get(&moment).copied().filter(|count| *count > 0.0)?;
            Some((moment, sum / count))
        };
        match name == "duration" {
            true => Series { name: "duration avg".into(), unit, points: points.into_iter().filter_map(mean).collect() },
            false => Series { name, unit, points: points.into_iter().collect() },
        }
    });
    finished.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Millis;

    #[test]
    fn counts_add_up_and_the_duration_is_the_mean_of_all_invocations() {
        let line = |name: &str, points: &[(i64, f64)]| Series {
            name: name.into(),
            unit: String::new(),
            points: points.iter().map(|(at, v)| (Millis(*at), *v)).collect(),
        };
        let here = vec![line("invocations", &[(1, 2.0), (2, 1.0)]), line("duration", &[(1, 300.0), (2, 50.0)])];
        let there = vec![line("invocations", &[(1, 1.0)]), line("duration", &[(1, 0.0), (3, 9.0)])];
        let sums = add(&[Arc::new(here), Arc::default(), Arc::new(there)]);
        assert_eq!(sums[0].points, [(Millis(1), 3.0), (Millis(2), 1.0)]);
        assert_eq!(
            (sums[1].name.as_str(), &sums[1].points),
            ("duration avg", &vec![(Millis(1), 100.0), (Millis(2), 50.0)])
        );
    }
}
