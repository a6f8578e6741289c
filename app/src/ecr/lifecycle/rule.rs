//! One rule of a lifecycle policy as a form. What the form does not show of a rule stays in it.

use domain::ecr::lifecycle::Selection;
use domain::ecr::lifecycle::{Action, ActionType, CountType, CountUnit, Rule, TagStatus};
use domain::plan::FieldErrors;
use leptos::prelude::*;
use std::collections::BTreeMap;

use crate::ui::{Icon, icon};
use crate::wizard::TextField;

/// A rule while it is edited.
#[derive(Clone, PartialEq)]
pub struct Line {
    /// Tells lines apart while they move.
    id: usize,
    /// The rule but for what stands in fields.
    base: Rule,
    /// Prefixes or patterns, divided by commas.
    tags: String,
    /// The number.
    number: String,
}

/// Whether the form shows all that a rule says.
pub fn is_plain(rule: &Rule) -> bool {
    let selection = &rule.selection;
    let both = selection.tag_pattern_list.is_some() && selection.tag_prefix_list.is_some();
    let action = rule.action == Action::expire() || rule.action == Action::archive();
    rule.is_known() && !both && selection.storage_class.is_none() && action
}

/// The field of a path in the policy: messages about a rule stand under it.
pub fn field(path: &str) -> String {
    match path.strip_prefix("rules[").and_then(|rest| rest.split_once(']')) {
        Some((n, _)) => format!("rule.{n}"),
        None => "whole".to_owned(),
    }
}

impl Line {
    /// Of a rule that exists.
    pub fn of(id: usize, rule: Rule) -> Self {
        let list = rule.selection.tag_prefix_list.as_ref().or(rule.selection.tag_pattern_list.as_ref());
        let tags = list.map(|tags| tags.join(", ")).unwrap_or_default();
        Self { id, tags, number: rule.selection.count_number.to_string(), base: rule }
    }
    /// A new one: what people write first.
    pub fn new(id: usize, priority: i64) -> Self {
        let selection = Selection {
            tag_status: TagStatus::Untagged,
            tag_pattern_list: None,
            tag_prefix_list: None,
            storage_class: None,
            count_type: CountType::SinceImagePushed,
            count_unit: Some(CountUnit::Days),
            count_number: 14,
            more: BTreeMap::new(),
        };
        let base = Rule {
            rule_priority: priority,
            description: None,
            selection,
            action: Action::expire(),
            more: BTreeMap::new(),
        };
        Self::of(id, base)
    }
    /// Its place among the rules.
    pub fn priority(&self) -> i64 {
        self.base.rule_priority
    }
    /// The rule; what is wrong with it under its number.
    pub fn rule(&self, n: usize, errors: &mut FieldErrors) -> Rule {
        let mut rule = self.base.clone();
        match self.number.trim().parse() {
            Ok(number) => rule.selection.count_number = number,
            Err(_) => {
                errors.insert(format!("rule.{n}"), "The number must be a whole number, 1 or more.".to_owned());
            }
        }
        let tags = || self.tags.split([',', ' ']).filter(|t| !t.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let prefix = rule.selection.tag_prefix_list.is_some();
        let tagged = rule.selection.tag_status == TagStatus::Tagged;
        rule.selection.tag_prefix_list = (tagged && prefix).then(tags);
        rule.selection.tag_pattern_list = (tagged && !prefix).then(tags);
        let counts = rule.selection.count_type == CountType::ImageCountMoreThan;
        rule.selection.count_unit = (!counts).then_some(CountUnit::Days);
        rule
    }
    /// What the choice of images says.
    fn which(&self) -> &'static str {
        match (&self.base.selection.tag_status, self.base.selection.tag_prefix_list.is_some()) {
            (TagStatus::Tagged, true) => "prefix",
            (TagStatus::Tagged, false) => "pattern",
            (TagStatus::Any, _) => "any",
            _ => "untagged",
        }
    }
    fn choose(&mut self, which: &str) {
        let selection = &mut self.base.selection;
        selection.tag_status = match which {
            "prefix" | "pattern" => TagStatus::Tagged,
            "any" => TagStatus::Any,
            _ => TagStatus::Untagged,
        };
        selection.tag_prefix_list = (which == "prefix").then(Vec::new);
        selection.tag_pattern_list = (which == "pattern").then(Vec::new);
    }
    fn counting(&self) -> &'static str {
        match self.base.selection.count_type {
            CountType::ImageCountMoreThan => "count",
            CountType::SinceImagePulled => "pulled",
            _ => "pushed",
        }
    }
    fn count_by(&mut self, how: &str) {
        self.base.selection.count_type = match how {
            "count" => CountType::ImageCountMoreThan,
            "pulled" => CountType::SinceImagePulled,
            _ => CountType::SinceImagePushed,
        };
        // What was not pulled for long can only be archived.
        if how == "pulled" {
            self.base.action = Action::archive();
        }
    }
    fn doing(&self) -> &'static str {
        if self.base.action.kind == ActionType::Transition { "archive" } else { "delete" }
    }
    fn act(&mut self, what: &str) {
        if what == "archive" {
            self.base.action = Action::archive();
        } else {
            self.base.action = Action::expire();
            if self.counting() == "pulled" {
                self.count_by("pushed");
            }
        }
    }
}

const WHICH: &[(&str, &str)] = &[
    ("untagged", "images without a tag"),
    ("prefix", "images whose tags begin with"),
    ("pattern", "images whose tags match"),
    ("any", "any image"),
];
const ACTIONS: &[(&str, &str)] = &[("delete", "Delete"), ("archive", "Archive")];
const COUNTS: &[(&str, &str)] = &[
    ("pushed", "older than so many days"),
    ("pulled", "not pulled for so many days"),
    ("count", "beyond the newest so many"),
];

type Lines = RwSignal<Vec<Line>>;

/// Adds a rule where AWS takes it: before those for any image, which come last, and not about untagged images when a rule is already, for only
/// one may be.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html>
pub fn add(lines: &mut Vec<Line>, id: usize) {
    let last = lines.iter().map(Line::priority).max().unwrap_or(0);
    let mut line = Line::new(id, last + 1);
    if lines.iter().any(|l| l.which() == "untagged") {
        line.choose("prefix");
    }
    let place = lines.iter().rposition(|l| l.which() != "any").map_or(0, |n| n + 1);
    lines.push(line);
    for n in (place + 1..lines.len()).rev() {
        exchange(lines, n - 1, n);
    }
}

/// Lets two rules change places. Their numbers stay in order: each takes the other's.
fn exchange(lines: &mut [Line], n: usize, m: usize) {
    let (a, b) = (lines[n].base.rule_priority, lines[m].base.rule_priority);
    (lines[n].base.rule_priority, lines[m].base.rule_priority) = (b, a);
    lines.swap(n, m);
}

/// All rules with the buttons that order them.
pub fn list(lines: Lines, add: impl Fn() + 'static) -> AnyView {
    let ids = Memo::new(move |_| lines.with(|all| all.iter().map(|l| l.id).collect::<Vec<_>>()));
    view! {
        <ol class="rule-list">
            <For each=move || ids.get() key=|id| *id children=move |id| one(lines, id)/>
        </ol>
        <div><button class="btn small" r#type="button" on:click=move |_| add()>"Add a rule"</button></div>
    }
    .into_any()
}

/// A part of a line that changes by itself; a line that is just being taken away has none any more.
fn part<T: PartialEq + Default + Send + Sync + 'static>(
    lines: Lines,
    id: usize,
    read: impl Fn(&Line) -> T + Send + Sync + 'static,
) -> Memo<T> {
    Memo::new(move |_| lines.with(|all| all.iter().find(|l| l.id == id).map(&read)).unwrap_or_default())
}

fn change(lines: Lines, id: usize, with: impl FnOnce(&mut Line)) {
    lines.update(|all| {
        if let Some(line) = all.iter_mut().find(|l| l.id == id) {
            with(line);
        }
    });
}

fn select(
    id: String,
    label: &'static str,
    options: &'static [(&'static str, &'static str)],
    chosen: Memo<&'static str>,
    choose: impl Fn(String) + 'static,
) -> AnyView {
    let options = options.iter().map(|&(value, words)| {
        let is = move || chosen.get() == value;
        view! { <option value=value selected=is prop:selected=is>{words}</option> }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="input"><select id=id on:change=move |e| choose(event_target_value(&e))>{options.collect_view()}</select></div>
        </div>
    }
    .into_any()
}

fn one(lines: Lines, id: usize) -> AnyView {
    let place = Memo::new(move |_| lines.with(|all| all.iter().position(|l| l.id == id)).unwrap_or_default());
    let many = Memo::new(move |_| lines.with(Vec::len));
    let which = part(lines, id, Line::which);
    let counting = part(lines, id, Line::counting);
    let doing = part(lines, id, Line::doing);
    let listed = move || matches!(which.get(), "prefix" | "pattern");
    let swap = move |up: bool| {
        lines.update(|all| {
            let Some(n) = all.iter().position(|l| l.id == id) else { return };
            let other = if up { n.checked_sub(1) } else { Some(n + 1).filter(|m| *m < all.len()) };
            if let Some(m) = other {
                exchange(all, n, m);
            }
        });
    };
    let says = part(lines, id, |line| line.rule(0, &mut FieldErrors::new()).sentence());
    let priority = part(lines, id, Line::priority);
    // Messages stand under the place of the rule in the policy.
    let messages = move || {
        let name = format!("rule.{}", place.get());
        view! { <RuleMessage name=name/> }
    };
    view! {
        <li class="rule-card">
            <header>
                <b>{move || format!("Rule {}", priority.get())}</b>
                <span class="right">
                    <button class="btn quiet only-icon small" r#type="button" title="Earlier" aria-label=move || format!("Rule {} earlier", priority.get()) disabled=move || place.get() == 0 on:click=move |_| swap(true)>"↑"</button>
                    <button class="btn quiet only-icon small" r#type="button" title="Later" aria-label=move || format!("Rule {} later", priority.get()) disabled=move || place.get() + 1 == many.get() on:click=move |_| swap(false)>"↓"</button>
                    <button class="btn quiet only-icon small" r#type="button" title="Remove" aria-label=move || format!("Remove rule {}", priority.get()) on:click=move |_| lines.update(|all| all.retain(|l| l.id != id))>{icon(Icon::Close)}</button>
                </span>
            </header>
            <div class="rule-fields">
                {select(format!("action-{id}"), "Action", ACTIONS, doing, move |v| change(lines, id, |l| l.act(&v)))}
                {select(format!("which-{id}"), "Which", WHICH, which, move |v| change(lines, id, |l| l.choose(&v)))}
                <div hidden=move || !listed()>
                    <TextField
                        label="Tags" name=format!("tags-{id}") placeholder="dev-, pr-" hint="Divided by commas; all of them must fit."
                        value=part(lines, id, |l| l.tags.clone()).into() set=move |v| change(lines, id, |l| l.tags = v)
                    />
                </div>
                {select(format!("count-{id}"), "That are", COUNTS, counting, move |v| change(lines, id, |l| l.count_by(&v)))}
                <TextField
                    label="Number" name=format!("number-{id}") number=true
                    value=part(lines, id, |l| l.number.clone()).into() set=move |v| change(lines, id, |l| l.number = v)
                />
            </div>
            <p class="dim">{move || says.get()}"."</p>
            {messages}
        </li>
    }
    .into_any()
}

#[component]
fn RuleMessage(name: String) -> impl IntoView {
    let messages = expect_context::<crate::wizard::Messages>();
    move || {
        messages.message(&name, false).map(|words| {
            view! { <div class="field wrong"><div class="err" role="alert">{icon(Icon::Warning)}<span>{words}</span></div></div> }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ecr::lifecycle::Policy;

    #[test]
    fn a_rule_survives_its_form() {
        let text = r#"{"rulePriority":3,"description":"x","selection":{"tagStatus":"tagged","tagPrefixList":["dev-","pr-"],
            "countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}"#;
        let rule: Rule = serde_json::from_str(text).unwrap();
        assert!(is_plain(&rule));
        let mut errors = FieldErrors::new();
        let mut line = Line::of(0, rule.clone());
        assert_eq!((line.rule(0, &mut errors), errors.is_empty()), (rule, true));
        // Each choice of the form is one that AWS takes.
        for (change, says) in
            [("pulled", ("pulled", "archive")), ("delete", ("pushed", "delete")), ("archive", ("pushed", "archive"))]
        {
            if change == "pulled" {
                line.count_by(change)
            } else {
                line.act(change)
            }
            assert_eq!((line.counting(), line.doing()), says);
            let changed = line.rule(0, &mut errors);
            assert!(is_plain(&changed));
            let policy = Policy { rules: vec![changed], ..Policy::default() };
            assert!(policy.check().is_ok(), "{change}");
        }
        line.number = "many".into();
        line.rule(2, &mut errors);
        assert!(errors.contains_key("rule.2"));
        assert_eq!((field("rules[2].selection.countNumber"), field("policy")), ("rule.2".into(), "whole".into()));
    }

    #[test]
    fn a_rule_that_is_added_clashes_with_none() {
        let mut lines = vec![];
        add(&mut lines, 0);
        add(&mut lines, 1);
        lines[1].choose("any");
        add(&mut lines, 2);
        let told: Vec<_> = lines.iter().map(|l| (l.id, l.which(), l.priority())).collect();
        assert_eq!(told, [(0, "untagged", 1), (2, "prefix", 2), (1, "any", 3)]);
        lines[1].tags = "dev-".into();
        let mut errors = FieldErrors::new();
        let rules = lines.iter().enumerate().map(|(n, line)| line.rule(n, &mut errors)).collect();
        assert!(Policy { rules, ..Policy::default() }.check().is_ok());
        // After whatever else there is, where no rule is for any image.
        lines.pop();
        add(&mut lines, 3);
        assert_eq!(lines.iter().map(|l| l.id).collect::<Vec<_>>(), [0, 2, 3]);
    }
}
