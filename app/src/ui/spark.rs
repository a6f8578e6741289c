//! A line without axes, for tables and tiles.

use leptos::prelude::*;

/// The outline of a series in a box of `w` × `h`.
pub fn path(points: &[f64], w: f64, h: f64) -> String {
    let max = points.iter().copied().filter(|v| v.is_finite()).fold(0.0_f64, f64::max);
    let step = if points.len() > 1 { w / (points.len() - 1) as f64 } else { 0.0 };
    let y = |v: f64| if max > 0.0 && v.is_finite() { h - 1.0 - v / max * (h - 2.0) } else { h - 1.0 };
    let mut out = String::new();
    for (i, v) in points.iter().enumerate() {
        out.push_str(&format!("{}{:.1},{:.1}", if i == 0 { "M" } else { "L" }, i as f64 * step, y(*v)));
    }
    out
}

/// A sparkline; its numbers are said in `label`.
#[component]
pub fn Spark(
    /// The values, oldest first.
    points: Vec<f64>,
    /// What it shows, in words.
    #[prop(into)]
    label: String,
    /// Something bad: errors.
    #[prop(optional)]
    bad: bool,
) -> impl IntoView {
    let class = if bad { "spark bad-line" } else { "spark" };
    view! { <svg class=class viewBox="0 0 92 22" role="img" aria-label=label><path d=path(&points, 92.0, 22.0)></path></svg> }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn lines_stay_inside_their_box() {
        assert_eq!(path(&[0.0, 10.0], 92.0, 22.0), "M0.0,21.0L92.0,1.0");
        assert_eq!(path(&[0.0, 0.0, f64::NAN], 92.0, 22.0), "M0.0,21.0L46.0,21.0L92.0,21.0");
        assert_eq!(path(&[], 92.0, 22.0), "");
    }
}
