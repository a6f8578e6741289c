//! What IAM says beforehand to what a plan needs: quiet when all is well, a warning when something is denied.

use domain::plan::permissions::{Permitted, Verdict};
use domain::resource::Tone;
use leptos::prelude::*;

use crate::ui::format::{counted, every};
use crate::ui::{Copy, Icon, Note, icon, tone_class};

/// What is said of all of them together.
#[derive(Debug, PartialEq)]
struct Said {
    tone: Tone,
    title: String,
    more: String,
}

fn list(of: &[&Permitted]) -> String {
    let mut names: Vec<&str> = vec![];
    for permitted in of {
        // The same may be denied on one thing and on another.
        if !names.contains(&permitted.action.as_str()) {
            names.push(&permitted.action);
        }
    }
    names.join(", ")
}

fn say(all: &[Permitted]) -> Said {
    let of =
        |undo: bool| all.iter().filter(move |p| p.verdict == Verdict::Denied && p.undo == undo).collect::<Vec<_>>();
    let (denied, no_undo) = (of(false), of(true));
    let mut reasons: Vec<&str> = vec![];
    for permitted in all {
        if let Verdict::Unknown(why) = &permitted.verdict
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    let (tone, title, more) = if !denied.is_empty() {
        let title = format!("As far as IAM can tell, this is denied: {}", list(&denied));
        (Tone::Warn, title, "The run would stop there and take back what it made. Applying it anyway is possible: IAM may know more when it is really asked.".to_owned())
    } else if !no_undo.is_empty() {
        let title = format!("As far as IAM can tell, taking back is denied: {}", list(&no_undo));
        (
            Tone::Warn,
            title,
            "The plan itself is allowed. If one of its steps fails, a person has to take care of what was made before."
                .to_owned(),
        )
    } else if all.iter().all(|p| p.verdict == Verdict::Allowed) {
        let count = counted(i64::try_from(all.len()).unwrap_or(i64::MAX), "permission is", "permissions are");
        (Tone::Good, format!("As far as IAM can tell, all is allowed: {count} there"), String::new())
    } else {
        (Tone::Quiet, "Whether this is allowed is not known beforehand".to_owned(), reasons.join(" "))
    };
    Said { tone, title, more }
}

fn row(permitted: &Permitted) -> AnyView {
    let (tone, sign, word, why) = match &permitted.verdict {
        Verdict::Allowed => (Tone::Good, Icon::Check, "allowed", None),
        Verdict::Denied => (Tone::Warn, Icon::Close, "denied", None),
        Verdict::Unknown(why) => (Tone::Quiet, Icon::Info, "unknown", Some(why.clone())),
    };
    let resource = permitted.resource.clone().map(|resource| match every(&resource) {
        Some(words) => view! { <span class="dim">"on "{words}</span> }.into_any(),
        None => view! { <Copy text=resource max=60/> }.into_any(),
    });
    view! {
        <li>
            <span class=format!("sign {}", tone_class(tone))>{icon(sign)}</span>
            <code>{permitted.action.clone()}</code>
            <span class="verdict"><b title=why>{word}</b>{permitted.undo.then_some(" to take it back")}</span>
            {resource}
        </li>
    }
    .into_any()
}

/// Each permission, and whose word that is.
fn each(all: &[Permitted]) -> AnyView {
    let rows = all.iter().map(row).collect_view();
    view! {
        <ul class="permissions">{rows}</ul>
        <p class="faint">"By IAM's policy simulation for Gantry's own credentials. It leaves out policies of resources and some of what an organization forbids."</p>
    }
    .into_any()
}

fn note(Said { tone, title, more }: Said, all: &[Permitted]) -> AnyView {
    let more = (!more.is_empty()).then(|| view! { <p>{more}</p> });
    let fold = view! { <details class="fold"><summary>"Each permission"</summary>{each(all)}</details> };
    view! { <Note tone=tone><b>{title}</b>{more}{fold}</Note> }.into_any()
}

/// What is said of all of them, which opens to each; nothing for a plan that needs nothing.
pub fn permitted(all: &[Permitted]) -> Option<AnyView> {
    (!all.is_empty()).then(|| note(say(all), all))
}

/// The same where there is little room: what is denied stands open, all else is a line.
pub fn permitted_in_short(all: &[Permitted]) -> Option<AnyView> {
    if all.is_empty() {
        return None;
    }
    let said = say(all);
    if said.tone == Tone::Warn {
        return Some(note(said, all));
    }
    let more = (!said.more.is_empty()).then(|| view! { <p>{said.more}</p> });
    Some(view! { <details class="fold calm"><summary>{said.title}</summary>{more}{each(all)}</details> }.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(action: &str, undo: bool, verdict: Verdict) -> Permitted {
        Permitted { action: action.into(), resource: None, undo, verdict }
    }

    #[test]
    fn what_is_denied_is_named_and_what_is_not_known_says_why_once() {
        let allowed = one("ecr:CreateRepository", false, Verdict::Allowed);
        let unknown = |action| one(action, false, Verdict::Unknown("IAM did not answer.".into()));
        let said = say(&[allowed.clone(), one("ecr:PutLifecyclePolicy", false, Verdict::Denied)]);
        assert!(said.tone == Tone::Warn && said.title.ends_with("denied: ecr:PutLifecyclePolicy"), "{said:?}");
        let said = say(&[allowed.clone(), one("ecr:DeleteRepository", true, Verdict::Denied)]);
        assert!(said.title.contains("taking back is denied: ecr:DeleteRepository"), "{said:?}");
        let pull = |resource: &str| Permitted {
            resource: Some(resource.into()),
            ..one("ecr:BatchGetImage", false, Verdict::Denied)
        };
        let said = say(&[pull("a"), one("ecr:PutImage", false, Verdict::Denied), pull("b")]);
        assert!(said.title.ends_with("denied: ecr:BatchGetImage, ecr:PutImage"), "{said:?}");
        assert!(say(std::slice::from_ref(&allowed)).title.contains("1 permission is there"));
        let said = say(&[allowed, unknown("a:A"), unknown("b:B")]);
        assert_eq!((said.tone, said.more.as_str()), (Tone::Quiet, "IAM did not answer."));
    }
}
