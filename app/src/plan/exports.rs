//! The plan for other tools: as a script of the AWS CLI, a CloudFormation template, a Terraform configuration; to copy or to keep as a file.

use domain::plan::service::Review;
use domain::resource::Tone;
use leptos::prelude::*;

use crate::paths;
use crate::ui::{Code, Note, brief};

/// A form a plan can be taken away in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// `plan.sh`
    Cli,
    /// `template.json`
    CloudFormation,
    /// `main.tf`
    Terraform,
}

impl Export {
    /// All of them, in the order of their tabs.
    pub const ALL: [Export; 3] = [Export::Cli, Export::CloudFormation, Export::Terraform];

    /// Its id in the address.
    pub const fn id(self) -> &'static str {
        match self {
            Export::Cli => "cli",
            Export::CloudFormation => "cloudformation",
            Export::Terraform => "terraform",
        }
    }
    /// What its tab says.
    pub const fn title(self) -> &'static str {
        match self {
            Export::Cli => "AWS CLI",
            Export::CloudFormation => "CloudFormation",
            Export::Terraform => "Terraform",
        }
    }
    /// The name of its file and what is in that.
    const fn file(self) -> (&'static str, &'static str) {
        match self {
            Export::Cli => ("plan.sh", "text/x-shellscript"),
            Export::CloudFormation => ("template.json", "application/json"),
            Export::Terraform => ("main.tf", "text/plain"),
        }
    }
    const fn explains(self) -> &'static str {
        match self {
            Export::Cli => {
                "The same calls for the AWS CLI. It stops at the first that fails; taking back is then up to you. With credentials of another account it makes none."
            }
            Export::CloudFormation => {
                "What the plan creates, as a template for this account and region only. A stack made from it owns what it makes, and deleting the stack deletes that; keys stay."
            }
            Export::Terraform => {
                "What the plan creates and what it changes, as a configuration for Terraform's AWS provider. What exists is imported, by Terraform 1.5 or later. The provider is for this account and region only."
            }
        }
    }
}

/// The steps an export leaves out.
fn untold(export: Export, steps: &[String]) -> Option<AnyView> {
    if steps.is_empty() {
        return None;
    }
    let rows = steps.iter().map(|says| view! { <li>{brief(says)}</li> }).collect_view();
    let says = match export {
        Export::Cli => "These steps are not in it:",
        Export::CloudFormation => {
            "CloudFormation describes what exists, not what is done to it. These steps are not in the template:"
        }
        Export::Terraform => {
            "Terraform describes what exists, not what is done to it. These steps are not in the configuration:"
        }
    };
    Some(view! { <Note tone=Tone::Warn><b>"Not all of the plan"</b><p>{says}</p><ul>{rows}</ul></Note> }.into_any())
}

/// An export of a reviewed plan.
pub fn view(found: &Review, export: Export) -> AnyView {
    let (text, left_out) = match export {
        Export::Cli => (found.cli.clone(), vec![]),
        Export::CloudFormation => found.cloudformation.clone(),
        Export::Terraform => found.terraform.clone(),
    };
    let nothing = left_out.len() == found.plan.steps.len();
    let (name, kind) = export.file();
    // An address that is the file itself needs no script on the page.
    let address = format!("data:{kind};charset=utf-8,{}", paths::encode(&text));
    let file = (!nothing).then(|| {
        view! {
            <p class="dim">{export.explains()}</p>
            <Code text=text/>
            <p><a class="btn small" href=address download=name rel="external">{format!("Download {name}")}</a></p>
        }
    });
    view! { {untold(export, &left_out)}{file} }.into_any()
}

/// All of them where no address says which one shows: the first, until another is chosen.
pub fn all(found: Review) -> AnyView {
    let shown = RwSignal::new(Export::Cli);
    let tab = |export: Export| {
        let on = move || (shown.get() == export).to_string();
        view! { <button r#type="button" aria-pressed=on on:click=move |_| shown.set(export)>{export.title()}</button> }
    };
    view! {
        <div class="tabs" role="group" aria-label="For which tool">{Export::ALL.into_iter().map(tab).collect_view()}</div>
        <div class="stack">{move || view(&found, shown.get())}</div>
    }
    .into_any()
}
