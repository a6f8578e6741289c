//! How long it takes to make the plan that a wizard shows at each keystroke, natively. In the browser the same code runs as WebAssembly:
//! `wizard.rs`.

use anyhow::{Result, anyhow};
use domain::plan::lint::lint;
use domain::plan::{Answers, Facts};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

use crate::row;

/// Times each is made.
const TIMES: usize = 400;

/// Everything that the wizard for a repository can hold: the most rules and tags that AWS allows, and a long policy. Its
/// answers, which `wizard.mjs` enters in a browser.
pub fn repository() -> Value {
    let rule = |n: usize| {
        json!({ "rulePriority": n, "description": format!("keep some of v{n}"),
            "selection": { "tagStatus": "tagged", "tagPatternList": [format!("v{n}.*"), format!("release-{n}-*")],
                "countType": "imageCountMoreThan", "countNumber": 10 + n },
            "action": { "type": "expire" } })
    };
    let statement = |n: usize| {
        json!({ "Sid": format!("pull{n}"), "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{:012}:root", 100_000_000_000 + n as u64) },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"] })
    };
    let tags: Vec<Value> = (0..47).map(|n| json!([format!("key-{n}"), format!("value {n}")])).collect();
    json!({
        "name": "shop/checkout/api", "immutable": true, "exclusions": ["latest", "dev-*", "pr-*", "test-*", "*-snapshot"],
        "scan_on_push": true, "tags": tags,
        "lifecycle": json!({ "rules": (1..=50).map(rule).collect::<Vec<_>>() }).to_string(),
        "permissions": json!({ "Version": "2012-10-17", "Statement": (0..30).map(statement).collect::<Vec<_>>() }).to_string(),
    })
}

/// Prints the median and the slowest.
pub fn measure() -> Result<()> {
    println!("\nPlan of a wizard at a keystroke, native{:>47}", "median ms   slowest");
    let scope = json!({ "account": "111122223333", "region": "eu-west-1" });
    let text = json!({ "scope": scope, "wizard": "create-repository", "answers": repository() });
    let answers: Answers = serde_json::from_value(text)?;
    let facts = Facts::new(answers.subjects().into_iter().map(|subject| (subject, None)).collect());
    let mut times = vec![];
    for _ in 0..TIMES {
        let start = Instant::now();
        // As the page does: whether it is worth a look-up, the plan with what was looked up, and what is to be said of it.
        black_box(answers.plan(&Facts::default()).is_ok());
        let plan = answers.plan(&facts).map_err(|wrong| anyhow!("the plan is refused: {wrong:?}"))?;
        black_box(lint(&plan));
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let slowest = times.last().copied().unwrap_or_default();
    row("create a repository: 50 rules, 47 tags, 30 statements", format!("{:>9.2}   {slowest:>7.2}", times[TIMES / 2]));
    Ok(())
}
