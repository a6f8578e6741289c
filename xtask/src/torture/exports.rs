//! A plan's exports, run in accounts of their own by AWS's client: they have to give what the wizard's run gave, and nothing in other accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::deployed;
use super::forms::{Form, everything, forms, reset};
use super::oracle::Sandbox;
use super::{ACCOUNTS, Tools, runs, scripts};
use crate::{checkout, process, progress};

/// Plans that are compared; each is made in three ways. Other templates are not: those of changes create nothing, and the emulator's CloudFormation
/// knows no public repositories.
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
        run_script(tools, &cli, &review["plan"], &cli.account, &[]).context("the exported script")?;
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
            is_refused("script", run_script(tools, &cli, &review["plan"], ACCOUNTS.gantry, &[]))?;
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
    let gantry = account(ACCOUNTS.gantry);
    let repositories = gantry.listing()?.len();
    if repositories as u64 != PLANS {
        bail!("{PLANS} runs were applied, and there are {repositories} repositories");
    }
    let by_run = made(&gantry)?;
    let own_key = format!("encryption {}", name(OWN_KEY));
    ensure!(by_run.contains_key(&own_key), "no repository is encrypted with a key of its own: {by_run:?}");
    let mut differ = vec![];
    for (what, listing) in [("script", made(&cli)?), ("template", made(&template)?)] {
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

/// The plan that makes a key.
const OWN_KEY: u64 = 1;

fn name(n: u64) -> String {
    format!("export/shop-{n}")
}

/// Repositories by name, and the keys that they are encrypted with.
fn made(sandbox: &Sandbox) -> Result<BTreeMap<String, Value>> {
    let mut all = deployed::encryption(sandbox)?;
    all.extend(sandbox.listing()?);
    Ok(all)
}

fn answers(n: u64) -> Value {
    let mut answers = runs::answers(n, &name(n));
    if n == OWN_KEY {
        answers["answers"]["encryption"] = json!({ "type": "new_key", "alias": "export-shop" });
    }
    if n == 0 {
        answers["answers"]["immutable"] = true.into();
        answers["answers"]["exclusions"] = json!(["latest", "v*.*"]);
        answers["answers"]["scan_on_push"] = true.into();
        answers["answers"]["encryption"] = json!({ "type": "kms", "key": "" });
        answers["answers"]["tags"] = json!([["owner", "ours @ home + more"], ["empty", ""]]);
    }
    answers
}

/// Runs the script of a plan with the credentials of a sandbox's account, as if it were for this account. skopeo speaks HTTP to the registries at
/// these ports.
fn run_script(tools: &Tools, sandbox: &Sandbox, plan: &Value, account: &str, registries: &[u16]) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a folder for a script")?;
    // https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
    let place = folder.path().join(".config/containers");
    checkout::make_folder(&place)?;
    let plain =
        registries.iter().map(|port| format!("[[registry]]\nlocation = \"127.0.0.1:{port}\"\ninsecure = true\n"));
    checkout::write(&place.join("registries.conf"), plain.collect::<String>())?;
    // No name leads to the sandbox's registry.
    let (of_ecr, own) = (
        format!("docker://{}.dkr.ecr.eu-west-1.amazonaws.com/", ACCOUNTS.gantry),
        format!("docker://127.0.0.1:{}/", sandbox.port),
    );
    let mut plan = plan.clone();
    plan["cli"] = plan["cli"].as_str().context("a review without a script")?.replace(&of_ecr, &own).into();
    let mut script = scripts::cli(tools, folder.path(), &plan, account)?;
    script.env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME");
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

/// What the script of a form needs beside AWS's client.
fn needs(wizard: &str) -> Option<&'static str> {
    match wizard {
        "copy-image" => Some("skopeo"),
        "use-in-task-definition" => Some("jq"),
        _ => None,
    }
}

/// The forms whose scripts are compared: not what a scan finds, which says when, nor private repositories that are created, which [`compare`] has.
/// Or one of each, and none that deletes a repository, a rule or a template, or changes a public repository: each takes seconds.
fn changes(all: bool) -> Vec<(String, Form)> {
    let mut seen = BTreeSet::new();
    let mut fits = |form: &Form| {
        let is_common = |wizard: &str| {
            !wizard.starts_with("delete-re") && (wizard.starts_with("create-") || !wizard.contains("public"))
        };
        let has_script = !["create-repository", "scan-images"].contains(&form.wizard);
        has_script && (all || is_common(form.wizard) && seen.insert(form.wizard))
    };
    let named = |(n, form): (usize, Form)| match form.registry {
        Some(_) => (String::new(), form),
        None => (form.named(format!("{FORMS}{n}")), form),
    };
    forms().into_iter().enumerate().filter(|(_, form)| fits(form)).map(named).collect()
}

/// Without those whose scripts need a program that is not installed, which is said.
fn that_can_run(mut changes: Vec<(String, Form)>) -> Vec<(String, Form)> {
    changes.retain(|(_, form)| match needs(form.wizard).filter(|program| !process::is_installed(program)) {
        Some(program) => {
            progress::note(&format!("{program} is not installed: the script of {} is not compared", form.wizard));
            false
        }
        None => true,
    });
    changes
}

/// Fills in each form that changes what there is, in two accounts where the same is there; in one it is done by a run, in the other by its script.
/// Images are copied from the registry at the port `source`. Answers how many were compared and what differs. Nothing of it stays.
pub fn compare_changes(
    tools: &Tools,
    api: &runs::Api,
    port: u16,
    source: u16,
    all: bool,
) -> Result<(u64, Vec<String>)> {
    let account = |account: &str| Sandbox { port, account: account.to_owned() };
    let (gantry, cli) = (account(ACCOUNTS.gantry), account(ACCOUNTS.cli_export));
    let changes = that_can_run(changes(all));
    let mut plans = vec![];
    for (name, form) in &changes {
        form.prepare(&cli, name, source)?;
        let answers = form.prepare(&gantry, name, source)?;
        let mut review = api.review(&answers)?;
        ensure!(review["plan"].is_object(), "the plan of {} is refused: {review}", form.wizard);
        runs::begin(api, &answers)?;
        plans.push((form.wizard, review["plan"].take()));
    }
    let (next, differ) = (Mutex::new(plans.iter()), Mutex::new(vec![]));
    let work = || {
        loop {
            let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((wizard, plan)) = one else { return };
            if let Err(error) = run_script(tools, &cli, plan, &cli.account, &[port, source]) {
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
    let names: BTreeSet<&str> = changes.iter().map(|(name, _)| name.as_str()).collect();
    let is_theirs =
        |key: &str| key.split_once(' ').is_some_and(|(what, name)| what == "registry" || names.contains(name));
    for key in keys.into_iter().filter(|key| is_theirs(key)) {
        let (wanted, found) = (own(by_run.get(key), ""), own(by_script.get(key), &cli.account));
        if wanted != found {
            differ.push(format!("{key} by script: {found}\n  by its form: {wanted}"));
        }
    }
    for sandbox in [&gantry, &cli] {
        changes.iter().try_for_each(|(name, form)| form.clear(sandbox, name))?;
        deployed::clear_images(sandbox)?;
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
        for wizard in [
            "change-repository",
            "delete-images",
            "registry-template",
            "registry-policy",
            "create-public-repository",
            "copy-image",
            "use-in-function",
            "use-in-task-definition",
        ] {
            assert!(some.contains(&wizard), "{wizard}");
        }
        assert!(all.contains(&"delete-repository") && !some.contains(&"delete-repository"));
        assert!(!all.contains(&"scan-images") && !all.contains(&"create-repository"));
    }
}
