//! The steps of a plan as a graph: a box for each, from left to right by what waits for what, with arrows between. The boxes are links in
//! columns of one size, so that where the arrows run follows from the columns alone. On a phone the columns stand one below the other, with
//! one arrow between each two.

use domain::ecr::subject::Subject as OfEcr;
use domain::ecs::subject::Subject as OfEcs;
use domain::plan::reference::{Piece, pieces};
use domain::plan::{Call, Plan, Step, Subject};
use domain::resource::Tone;
use leptos::prelude::*;

use crate::ui::format::short_digests;
use crate::ui::tone_class;

/// The size of a box, and the room between columns and between rows, in pixels; also in style/pages/run.css.
const WIDTH: usize = 176;
const HEIGHT: usize = 46;
const BETWEEN: usize = 30;
const APART: usize = 12;
/// The room above the first row and below the last: arrows that pass boxes of the first go there.
const EDGE: usize = 12;

/// With more steps than this, mostly alike, the list says more.
const MANY: usize = 12;

/// Where the boxes stand, and the arrows between them.
#[derive(Debug, Default, PartialEq)]
struct Layout {
    /// The steps of each column, in the order of the plan. Those of the first wait for none.
    columns: Vec<Vec<usize>>,
    /// From a step to one that waits for it.
    arrows: Vec<(usize, usize)>,
}

/// The earlier steps that each waits for: those it names, and those to whose results its input refers.
fn needs(steps: &[Step]) -> Vec<Vec<usize>> {
    let of = |(n, step): (usize, &Step)| -> Vec<usize> {
        let input = step.call.input().to_string();
        let found = pieces(&input);
        let refers = |id: &str| found.iter().any(|piece| matches!(piece, Piece::Reference { step, .. } if *step == id));
        (0..n).filter(|m| step.depends_on.contains(&steps[*m].id) || refers(&steps[*m].id)).collect()
    };
    steps.iter().enumerate().map(of).collect()
}

/// A step stands one column behind the last of those it waits for.
fn layout(needs: &[Vec<usize>]) -> Layout {
    let mut layout = Layout::default();
    let mut column_of: Vec<usize> = vec![];
    // Of each step, whether each one before it has to be done first.
    let mut before: Vec<Vec<bool>> = vec![];
    for (n, own) in needs.iter().enumerate() {
        let mut first = vec![false; n];
        for m in own {
            for (k, is) in before[*m].iter().enumerate() {
                first[k] |= *is;
            }
        }
        // What one of them waits for has its arrow to that one.
        layout.arrows.extend(own.iter().filter(|m| !first[**m]).map(|m| (*m, n)));
        for m in own {
            first[*m] = true;
        }
        let column = own.iter().map(|m| column_of[*m] + 1).max().unwrap_or(0);
        if layout.columns.len() == column {
            layout.columns.push(vec![]);
        }
        layout.columns[column].push(n);
        column_of.push(column);
        before.push(first);
    }
    layout
}

/// The arrows as two paths: their lines, and their heads. Lines bend between columns only, and pass boxes of columns between their ends above
/// the row they lead to.
fn paths(layout: &Layout) -> (String, String) {
    let place = |n: usize| {
        let mut columns = layout.columns.iter().enumerate();
        columns.find_map(|(x, column)| Some((x, column.iter().position(|m| *m == n)?))).unwrap_or_default()
    };
    let middle = |row: usize| EDGE + row * (HEIGHT + APART) + HEIGHT / 2;
    let bend =
        |x: usize, from: usize, to: usize| format!("C{0} {from} {0} {to} {1} {to}", x + BETWEEN / 2, x + BETWEEN);
    let (mut lines, mut heads) = (String::new(), String::new());
    for (from, to) in &layout.arrows {
        let ((x, y), (to_x, to_y)) = (place(*from), place(*to));
        let (start, end) = (x * (WIDTH + BETWEEN) + WIDTH, to_x * (WIDTH + BETWEEN));
        let (y, to_y) = (middle(y), middle(to_y));
        lines.push_str(&format!("M{start} {y}"));
        if to_x == x + 1 {
            lines.push_str(&bend(start, y, to_y));
        } else {
            let (above, last) = (to_y - HEIGHT / 2 - APART / 2, end - BETWEEN);
            lines.push_str(&bend(start, y, above));
            lines.push_str(&format!("H{last}"));
            lines.push_str(&bend(last, above, to_y));
        }
        heads.push_str(&format!("M{end} {to_y}l-6 -4v8z"));
    }
    (lines, heads)
}

/// The name of what a call writes; empty where there is one of it only.
fn name(call: &Call) -> String {
    match call.subject() {
        Subject::Ecr(OfEcr::ImageTag { repository, tag }) => format!("{repository}:{tag}"),
        Subject::Ecr(OfEcr::CacheRule { prefix } | OfEcr::CreationTemplate { prefix }) => prefix,
        Subject::Ecr(OfEcr::AccountSetting { name }) => name,
        Subject::Ecr(subject) => subject.repository().unwrap_or_default().to_owned(),
        Subject::EcrPublic(subject) => subject.repository().unwrap_or_default().to_owned(),
        Subject::Lambda(subject) => subject.function().to_owned(),
        Subject::Ecs(OfEcs::NextRevision { family, .. }) => family,
        Subject::Ecs(OfEcs::Revision { task_definition }) => task_definition,
        Subject::Ecs(OfEcs::ServedRevisions { services }) => services.into_iter().next().unwrap_or_default(),
        Subject::Ecs(OfEcs::Service { service, .. } | OfEcs::Deployments { service, .. }) => service,
        Subject::Kms(subject) => subject.name().to_owned(),
    }
}

/// The same in words.
fn words(steps: &[Step], layout: &Layout) -> String {
    let says =
        |column: &Vec<usize>| column.iter().map(|n| short_digests(&steps[*n].says)).collect::<Vec<_>>().join("; ");
    layout.columns.iter().map(says).collect::<Vec<_>>().join(". Then: ")
}

/// A step; leads to it in the list.
fn step_box(step: &Step, (tone, sign): (Tone, AnyView)) -> AnyView {
    view! {
        <a class=tone_class(tone) href=format!("#step-{}", step.id) title=step.says.clone()>
            {sign}
            <span class="of"><b>{step.call.operation()}</b><small>{name(&step.call)}</small></span>
        </a>
    }
    .into_any()
}

/// The graph of a plan of several steps; folded away where there are many, or where none waits for another. `look` is the tone and the sign
/// of a step.
pub fn graph(plan: &Plan, look: &dyn Fn(usize) -> (Tone, AnyView)) -> Option<AnyView> {
    let steps = &plan.steps;
    if steps.len() < 2 {
        return None;
    }
    let layout = layout(&needs(steps));
    let (lines, heads) = paths(&layout);
    let rows = layout.columns.iter().map(Vec::len).max().unwrap_or(0);
    let width = layout.columns.len() * (WIDTH + BETWEEN) - BETWEEN;
    let height = 2 * EDGE + rows * (HEIGHT + APART) - APART;
    let many = steps.len() > MANY;
    let label = if many { "The steps, and what they wait for".to_owned() } else { words(steps, &layout) };
    let mut columns = vec![];
    for column in &layout.columns {
        let boxes: Vec<AnyView> = column.iter().map(|n| step_box(&steps[*n], look(*n))).collect();
        columns.push(view! { <li>{boxes}</li> }.into_any());
    }
    let drawn = view! {
        <div class="graph" role="group" aria-label=label>
            <div>
                <svg aria-hidden="true" width=width.to_string() height=height.to_string()>
                    <path d=lines></path>
                    <path d=heads></path>
                </svg>
                <ol>{columns}</ol>
            </div>
        </div>
    }
    .into_any();
    Some(match many || layout.arrows.is_empty() {
        true => view! { <details class="graph-fold"><summary>"Show the graph"</summary>{drawn}</details> }.into_any(),
        false => drawn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Scope;
    use domain::plan::{Effect, FORMAT, Undo};
    use serde_json::{Value, json};

    fn step(id: &str, depends_on: &[&str], operation: &str, input: Value) -> Step {
        let call = json!({ "service": "ecr", "operation": operation, "input": input });
        Step {
            id: id.into(),
            says: format!("Make {id}"),
            scope: Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap()),
            call: serde_json::from_value(call).unwrap(),
            effect: Effect::Create,
            before: None,
            depends_on: depends_on.iter().map(|id| (*id).to_owned()).collect(),
            undo: Undo::Never("x".into()),
            monthly: None,
        }
    }

    fn plan() -> Plan {
        let policy = json!({ "repositoryName": "shop/api", "lifecyclePolicyText": "{}" });
        let tags =
            json!({ "resourceArn": "${repository.repositoryArn}", "tags": [{ "Key": "of", "Value": "${run.id}" }] });
        let steps = vec![
            step("repository", &[], "CreateRepository", json!({ "repositoryName": "shop/api" })),
            step("lifecycle", &["repository"], "PutLifecyclePolicy", policy),
            step("tags", &[], "TagResource", tags),
        ];
        let scope = steps[0].scope.clone();
        Plan { format: FORMAT, title: "x".into(), scope, steps }
    }

    #[test]
    fn a_step_waits_for_those_it_names_and_those_it_refers_to() {
        let plan = plan();
        assert_eq!(needs(&plan.steps), [vec![], vec![0], vec![0]]);
        let layout = layout(&needs(&plan.steps));
        assert_eq!(words(&plan.steps, &layout), "Make repository. Then: Make lifecycle; Make tags");
        assert_eq!(name(&plan.steps[1].call), "shop/api");
    }

    #[test]
    fn steps_stand_behind_all_they_wait_for_in_the_order_of_the_plan() {
        let found = layout(&[vec![], vec![0], vec![], vec![0], vec![1, 3]]);
        assert_eq!(found.columns, [vec![0, 2], vec![1, 3], vec![4]]);
        assert_eq!(found.arrows, [(0, 1), (0, 3), (1, 4), (3, 4)]);
        // An arrow past a step between says nothing new.
        let found = layout(&[vec![], vec![0], vec![0, 1], vec![0, 1, 2]]);
        assert_eq!(found.arrows, [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(layout(&[]), Layout::default());
        // However many there are.
        let many: Vec<Vec<usize>> = (0..200).map(|n| (0..n).collect()).collect();
        assert_eq!(layout(&many).arrows.len(), 199);
    }

    #[test]
    fn arrows_go_from_box_to_box_and_through_none() {
        let next = Layout { columns: vec![vec![0], vec![1, 2]], arrows: vec![(0, 2)] };
        assert_eq!(paths(&next), ("M176 35C191 35 191 93 206 93".to_owned(), "M206 93l-6 -4v8z".to_owned()));
        let past = Layout { columns: vec![vec![0], vec![1], vec![2, 3]], arrows: vec![(0, 3)] };
        let lines = "M176 35C191 35 191 64 206 64H382C397 64 397 93 412 93";
        assert_eq!(paths(&past), (lines.to_owned(), "M412 93l-6 -4v8z".to_owned()));
    }

    #[test]
    fn one_step_has_no_graph() {
        let mut plan = plan();
        plan.steps.truncate(1);
        assert!(graph(&plan, &|_| (Tone::Good, ().into_any())).is_none());
    }
}
