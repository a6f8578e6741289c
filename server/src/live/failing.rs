//! How many calls of a function failed, counted from its charts: the figures of the overview are those of its page.

use domain::services::Failing;
use domain::stream::Series;
use domain::{Millis, ResourceKey};

/// What the charts of a function add up to at this moment.
pub fn count(key: &ResourceKey, charts: &[Series], at: Millis) -> Failing {
    let sum = |name: &str| {
        let points = charts.iter().filter(|line| line.name == name).flat_map(|line| line.points.iter());
        points.map(|(_, value)| *value).sum::<f64>() as i64
    };
    Failing { key: key.clone(), errors: sum("errors"), invocations: sum("invocations"), at }
}

/// Puts what was counted just now in the place of what was counted of the same function before.
pub fn renew(failing: &mut Vec<Failing>, counted: Failing) {
    failing.retain(|f| f.key != counted.key);
    if counted.errors > 0 {
        failing.push(counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_counts_stands_on_the_overview() {
        let key = |name: &str| ResourceKey::parse(&format!("lambda.function/111122223333/eu-west-1/{name}")).unwrap();
        let line = |name: &str, points: &[f64]| Series {
            name: name.into(),
            unit: "count".into(),
            points: points.iter().enumerate().map(|(n, value)| (Millis(n as i64 * 60_000), *value)).collect(),
        };
        let other = Failing { key: key("other"), errors: 1, invocations: 2, at: Millis(1) };
        let before = Failing { key: key("f"), errors: 9, invocations: 90, at: Millis(1) };
        let mut failing = vec![before, other.clone()];
        let charts = [line("invocations", &[40.0, 50.0, 7.0]), line("errors", &[4.0, 6.0]), line("throttles", &[3.0])];
        renew(&mut failing, count(&key("f"), &charts, Millis(2)));
        let now = Failing { key: key("f"), errors: 10, invocations: 97, at: Millis(2) };
        assert_eq!(failing, [other.clone(), now]);
        // The failures are an hour ago.
        renew(&mut failing, count(&key("f"), &charts[..1], Millis(3)));
        assert_eq!(failing, [other]);
    }
}
