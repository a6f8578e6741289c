//! CPU and memory of many services at once: which of them the charts of a fleet show.

use serde::{Deserialize, Serialize};

use crate::identity::{ResourceKey, Scope};
use crate::time::Millis;

/// Lines of a chart: as many as it has colours.
pub const SHOWN: usize = 4;

/// Services of one place that are asked one by one. Two metrics each are the 500 of one call, and AWS bills each of them.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
pub const MOST_ASKED: usize = 250;

/// What CloudWatch measured of a service, oldest first; nothing of one that has no numbers there.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The service.
    pub key: ResourceKey,
    /// CPU, in percent of what its tasks reserve.
    pub cpu: Vec<(Millis, f64)>,
    /// Memory, in percent of what its tasks reserve.
    pub memory: Vec<(Millis, f64)>,
}

/// One service's line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Load {
    /// The service.
    pub key: ResourceKey,
    /// (moment, percent of what its tasks reserve), oldest first; a missing minute is missing, not zero.
    pub points: Vec<(Millis, f64)>,
}

/// The services with the highest averages, and of how many they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServiceLoads {
    /// The services with the highest average CPU, highest first, at most four.
    pub cpu: Vec<Load>,
    /// The services with the highest average memory, highest first, at most four.
    pub memory: Vec<Load>,
    /// Services asked for.
    pub asked: u32,
    /// Those of them that CloudWatch has numbers of.
    pub measured: u32,
    /// Places with more services than are asked one by one: none of theirs is here.
    pub too_many: Vec<Scope>,
}

impl ServiceLoads {
    /// Chooses among all that was asked for.
    pub fn of(all: &[&Measured], too_many: Vec<Scope>) -> Self {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let measured = all.iter().filter(|m| !m.cpu.is_empty() || !m.memory.is_empty()).count();
        Self {
            cpu: highest(all, |m| m.cpu.as_slice()),
            memory: highest(all, |m| m.memory.as_slice()),
            asked: count(all.len()),
            measured: count(measured),
            too_many,
        }
    }
}

/// Those with the highest averages; the same order for the same numbers, so that lines keep their colours.
fn highest(all: &[&Measured], points: fn(&Measured) -> &[(Millis, f64)]) -> Vec<Load> {
    let averaged = all.iter().filter_map(|m| Some((average(points(m))?, *m)));
    let mut averaged: Vec<(f64, &Measured)> = averaged.collect();
    averaged.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.key.cmp(&b.1.key)));
    let shown = averaged.into_iter().take(SHOWN);
    shown.map(|(_, m)| Load { key: m.key.clone(), points: points(m).to_vec() }).collect()
}

/// The mean of the minutes there are; none of nothing.
fn average(points: &[(Millis, f64)]) -> Option<f64> {
    let sum: f64 = points.iter().map(|(_, value)| value).sum();
    (!points.is_empty()).then(|| sum / points.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, cpu: &[f64], memory: &[f64]) -> Measured {
        let points = |values: &[f64]| values.iter().enumerate().map(|(n, v)| (Millis(n as i64 * 60_000), *v)).collect();
        let key = ResourceKey::parse(&format!("ecs.service/111122223333/eu-west-1/main/{name}")).unwrap();
        Measured { key, cpu: points(cpu), memory: points(memory) }
    }

    fn names(loads: &[Load]) -> Vec<&str> {
        loads.iter().map(|l| l.key.id.as_str()).collect()
    }

    #[test]
    fn the_highest_averages_are_shown_whatever_the_peaks_and_however_few_the_minutes() {
        let all = [
            measured("peak", &[0.0, 90.0], &[1.0]),
            measured("short", &[60.0], &[2.0]),
            measured("even-b", &[50.0, 50.0], &[3.0]),
            measured("even-a", &[50.0, 50.0], &[4.0]),
            measured("idle", &[1.0, 1.0], &[5.0]),
        ];
        let loads = ServiceLoads::of(&all.iter().collect::<Vec<_>>(), vec![]);
        assert_eq!(names(&loads.cpu), ["main/short", "main/even-a", "main/even-b", "main/peak"]);
        assert_eq!(names(&loads.memory), ["main/idle", "main/even-a", "main/even-b", "main/short"]);
        assert_eq!(loads.cpu[3].points, [(Millis(0), 0.0), (Millis(60_000), 90.0)]);
    }

    #[test]
    fn services_without_numbers_are_counted_and_not_drawn_as_zero() {
        let all = [measured("stopped", &[], &[]), measured("web", &[0.0], &[])];
        let loads = ServiceLoads::of(&all.iter().collect::<Vec<_>>(), vec![]);
        assert_eq!((loads.asked, loads.measured), (2, 1));
        assert_eq!(names(&loads.cpu), ["main/web"]);
        assert!(loads.memory.is_empty());
        assert_eq!(ServiceLoads::of(&[], vec![]), ServiceLoads::default());
    }
}
