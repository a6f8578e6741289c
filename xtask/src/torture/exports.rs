//! A plan's exports, run in accounts of their own by AWS's client: they have to give what the wizard's run gave, and nothing in other accounts.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::forms::{Form, everything, forms, reset};
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
        run_script(tools, &cli, &review["plan"], &cli.account).context("the exported script")?;
        let folder = tempfile::tempdir().context("cannot make a folder for an export")?;
        let file = folder.path().join("template.json");
        let text = review["plan"]["cloudformation"][0].as_str().context("a review without a template")?;
        let stack = format!("export-{n}");
        let body = format!("file://{}", file.display());
        if n == 0 {
            checkout::write(&file, text)?;
            let mut aws = process::command(&tools.aws);
            aws.args(["cloudformation", "create-stack", "--stack-name", "elsewhere", "--template-body", &body]);
            aws.envs(scripts::environment(sandbox, &template.account));
            is_refused("template", process::run_quietly(&mut aws))?;
            is_refused("script", run_script(tools, &cli, &review["plan"], ACCOUNTS.gantry))?;
        }
        checkout::write(&file, text.replace(ACCOUNTS.gantry, &template.account))?;
        for arguments in [
            vec!["create-stack", "--stack-name", &stack, "--template-body", &body],
            vec!["wait", "stack-create-complete", "--stack-name", &stack],
        ] {
            let mut aws = process::command(&tools.aws);
            aws.arg("cloudformation").args(arguments).envs(scripts::environment(sandbox, &template.account));
            process::run_quietly(&mut aws).context("the exported template")?;
        }
    }
    all_applied(api)?;
    let by_run = account(ACCOUNTS.gantry).listing()?;
    if by_run.len() as u64 != PLANS {
        bail!("{PLANS} runs were applied, and there are {} repositories", by_run.len());
    }
    let mut differ = vec![];
    for (what, listing) in [("script", cli.listing()?), ("template", template.listing()?)] {
        for name in by_run.keys().chain(listing.keys()) {
            let (mut wanted, mut found) = (own(by_run.get(name), ""), own(listing.get(name), ""));
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

/// Runs the script of a plan with the credentials of a sandbox's account, as if it were for this account.
fn run_script(tools: &Tools, sandbox: &Sandbox, plan: &Value, account: &str) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for a script")?;
    let mut script = scripts::cli(tools, folder.path(), plan, account)?;
    process::run_quietly(script.envs(scripts::environment(sandbox.port, &sandbox.account)))
}

/// An export says that it is for another account.
fn is_refused(what: &str, ended: Result<()>) -> Result<()> {
    let says = ended.err().map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(says.contains("This plan is for the AWS account"), "a {what} goes on in another account: {says}");
    Ok(())
}

fn all_applied(api: &runs::Api) -> Result<()> {
    let begin = Instant::now();
    while api.runs()?.iter().any(|view| view["run"]["state"] != "applied") {
        ensure!(begin.elapsed() < Duration::from_secs(60), "runs without any fault are not applied");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// What the names of the other forms begin with.
const FORMS: &str = "export/form-";

/// The forms that change what there is in a registry, which their scripts do by AWS's client alone: images are copied by another program, and what
/// a scan finds says when. Or one of each, and none that deletes a repository, a rule or a template, or is about a public repository: each takes seconds.
fn changes(all: bool) -> Vec<(String, Form)> {
    let mut seen = BTreeSet::new();
    let mut fits = |form: &Form| {
        let is_common = |wizard: &str| !wizard.starts_with("delete-re") && !wizard.contains("public");
        let elsewhere = ["create-", "use-in-"].iter().any(|begin| form.wizard.starts_with(begin));
        let changes = !elsewhere && !["copy-image", "scan-images"].contains(&form.wizard);
        changes && (all || is_common(form.wizard) && seen.insert(form.wizard))
    };
    let named = |(n, form): (usize, Form)| match form.registry {
        Some(_) => (String::new(), form),
        None => (format!("{FORMS}{n}"), form),
    };
    forms().into_iter().enumerate().filter(|(_, form)| fits(form)).map(named).collect()
}

/// Fills in each form that changes what there is, in two accounts where the same is there; in one it is done by a run, in the other by its script.
/// Answers how many were compared and what differs. Nothing of it stays.
pub fn compare_changes(tools: &Tools, api: &runs::Api, port: u16, all: bool) -> Result<(u64, Vec<String>)> {
    let account = |account: &str| Sandbox { port, account: account.to_owned() };
    let (gantry, cli) = (account(ACCOUNTS.gantry), account(ACCOUNTS.cli_export));
    let changes = changes(all);
    let mut plans = vec![];
    for (name, form) in &changes {
        form.prepare(&cli, name, 0)?;
        let answers = form.prepare(&gantry, name, 0)?;
        let mut review = api.insist("POST", "/plans", Some(&answers))?;
        ensure!(review["plan"].is_object(), "the plan of {} is refused: {review}", form.wizard);
        runs::begin(api, &answers)?;
        plans.push((form.wizard, review["plan"].take()));
    }
    let (next, differ) = (Mutex::new(plans.iter()), Mutex::new(vec![]));
    let work = || {
        loop {
            let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((wizard, plan)) = one else { return };
            if let Err(error) = run_script(tools, &cli, plan, &cli.account) {
                let what = format!("the script of {wizard} fails: {error:#}");
                differ.lock().unwrap_or_else(PoisonError::into_inner).push(what);
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    all_applied(api)?;
    let mut differ = differ.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (by_run, by_script) = (everything(&gantry)?, everything(&cli)?);
    let keys: BTreeSet<&String> = by_run.keys().chain(by_script.keys()).collect();
    for key in keys.into_iter().filter(|key| key.starts_with("registry ") || key.contains(FORMS)) {
        let (wanted, found) = (own(by_run.get(key), ""), own(by_script.get(key), &cli.account));
        if wanted != found {
            differ.push(format!("{key} by script: {found}\n  by its form: {wanted}"));
        }
    }
    for sandbox in [&gantry, &cli] {
        changes.iter().try_for_each(|(name, form)| form.clear(sandbox, name))?;
        reset(sandbox)?;
    }
    Ok((changes.len() as u64, differ))
}

/// Without what says who made it; what names this account names the one of the runs.
fn own(there: Option<&Value>, account: &str) -> Value {
    fn unmarked(value: Value) -> Value {
        let is_mark = |key: &str| key.starts_with("gantry:") || key.starts_with("aws:cloudformation:");
        match value {
            Value::Object(fields) => {
                fields.into_iter().filter(|(key, _)| !is_mark(key)).map(|(key, one)| (key, unmarked(one))).collect()
            }
            Value::Array(list) => {
                list.into_iter().filter(|one| !one["Key"].as_str().is_some_and(is_mark)).map(unmarked).collect()
            }
            other => other,
        }
    }
    let text = there.cloned().unwrap_or_default().to_string();
    let text = if account.is_empty() { text } else { text.replace(account, ACCOUNTS.gantry) };
    unmarked(serde_json::from_str(&text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_made_it_makes_no_difference_and_neither_does_the_account() {
        let arn = |account: &str| format!("arn:aws:ecr:eu-west-1:{account}:repository/*");
        let there = json!({ "tags": { "team": "shop", "gantry:run": "r1" }, "resourceTags": [{ "Key": "gantry:by" }],
            "policy": { "Resource": arn(ACCOUNTS.cli_export), "Condition": { "aws:PrincipalTag/team": "x" } } });
        let wanted = json!({ "tags": { "team": "shop" }, "resourceTags": [],
            "policy": { "Resource": arn(ACCOUNTS.gantry), "Condition": { "aws:PrincipalTag/team": "x" } } });
        assert_eq!(own(Some(&there), ACCOUNTS.cli_export), wanted);
        assert_eq!(own(None, ""), Value::Null);
    }

    #[test]
    fn the_short_form_has_each_change_once() {
        let wizards = |all| changes(all).into_iter().map(|(_, form)| form.wizard).collect::<Vec<_>>();
        let (all, some) = (wizards(true), wizards(false));
        assert!(all.len() > some.len() && some.iter().all(|wizard| all.contains(wizard)));
        assert_eq!(some.iter().collect::<BTreeSet<_>>().len(), some.len());
        for wizard in ["change-repository", "delete-images", "registry-template", "registry-policy"] {
            assert!(some.contains(&wizard), "{wizard}");
        }
        assert!(all.contains(&"delete-repository") && !all.contains(&"copy-image"));
    }
}
