//! A plan's exports, run in accounts of their own by AWS's client: they have to give what the wizard's run gave.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::oracle::Sandbox;
use super::{ACCOUNTS, Tools, runs, scripts};
use crate::{checkout, process};

/// Plans that are compared; each is made in three ways.
const PLANS: u64 = 4;

/// Makes each plan by a run, by its script and by its template. Answers how many were compared and what differs.
pub fn compare(tools: &Tools, api: &runs::Api, sandbox: u16) -> Result<(u64, Vec<String>)> {
    let account = |account: &str| Sandbox { port: sandbox, account: account.to_owned() };
    let (cli, template) = (account(ACCOUNTS.cli_export), account(ACCOUNTS.template_export));
    for n in 0..PLANS {
        let answers = answers(n);
        let review = api.insist("POST", "/plans", Some(&answers))?;
        ensure!(review["plan"].is_object(), "the export's plan is refused: {review}");
        runs::begin(api, &answers)?;
        let folder = tempfile::tempdir().context("cannot make a folder for an export")?;
        let mut script = scripts::cli(tools, folder.path(), &review["plan"], &cli.account)?;
        process::run_quietly(script.envs(scripts::environment(sandbox, &cli.account)))
            .context("the exported script")?;
        let file = folder.path().join("template.json");
        let text = review["plan"]["cloudformation"][0].as_str().context("a review without a template")?;
        checkout::write(&file, text.replace(ACCOUNTS.gantry, &template.account))?;
        let stack = format!("export-{n}");
        let body = format!("file://{}", file.display());
        for arguments in [
            vec!["create-stack", "--stack-name", &stack, "--template-body", &body],
            vec!["wait", "stack-create-complete", "--stack-name", &stack],
        ] {
            let mut aws = process::command(&tools.aws);
            aws.arg("cloudformation").args(arguments).envs(scripts::environment(sandbox, &template.account));
            process::run_quietly(&mut aws).context("the exported template")?;
        }
    }
    let begin = Instant::now();
    while api.runs()?.iter().any(|view| view["run"]["state"] != "applied") {
        ensure!(begin.elapsed() < Duration::from_secs(60), "runs without any fault are not applied");
        std::thread::sleep(Duration::from_millis(100));
    }
    let by_run = account(ACCOUNTS.gantry).listing()?;
    if by_run.len() as u64 != PLANS {
        bail!("{PLANS} runs were applied, and there are {} repositories", by_run.len());
    }
    let mut differ = vec![];
    for (what, listing) in [("script", cli.listing()?), ("template", template.listing()?)] {
        for name in by_run.keys().chain(listing.keys()) {
            let (mut wanted, mut found) = (own(by_run.get(name)), own(listing.get(name)));
            // The emulator's CloudFormation leaves away a property that AWS has, ImageTagMutabilityExclusionFilters:
            // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecr-repository.html
            if what == "template" && found["exclusions"].as_array().is_some_and(Vec::is_empty) {
                for side in [&mut wanted, &mut found] {
                    side["exclusions"] = Value::Null;
                }
            }
            if wanted != found {
                differ.push(format!("{name} by {what}: {found}\n  by the wizard: {wanted}"));
            }
        }
    }
    differ.dedup();
    Ok((2 * PLANS, differ))
}

fn answers(n: u64) -> Value {
    let mut answers = runs::answers(n, &format!("export/shop-{n}"));
    if n == 0 {
        answers["answers"]["immutable"] = true.into();
        answers["answers"]["exclusions"] = json!(["latest", "v*.*"]);
        answers["answers"]["scan_on_push"] = true.into();
        answers["answers"]["encryption"] = json!({ "type": "kms", "key": "" });
        answers["answers"]["tags"] = json!([["owner", "ours @ home + more"], ["empty", ""]]);
    }
    answers
}

/// Without what says who made it.
fn own(there: Option<&Value>) -> Value {
    let mut there = there.cloned().unwrap_or_default();
    if let Some(tags) = there["tags"].as_object_mut() {
        tags.retain(|key, _| !key.starts_with("gantry:") && !key.starts_with("aws:"));
    }
    there
}
