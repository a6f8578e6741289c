//! The rules of a policy as lines of a form, and back. What the form does not show of a rule stays in it; a policy that says more than the
//! form can show is not taken apart.

use std::collections::BTreeMap;

use super::rules::{first, parse};
use super::{Action, ActionType, CountType, CountUnit, Policy, Rule, Selection, StorageClass, TagStatus};
use crate::plan::FieldErrors;

/// A rule while it is edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Tells lines apart while they move.
    pub id: usize,
    /// Prefixes or patterns, divided by commas.
    pub tags: String,
    /// The number as it is typed.
    pub number: String,
    /// The rule but for what stands in fields.
    base: Rule,
}

/// The lines of a policy that is written, in the order of their priorities, with ids from `from` on; none of no text.
///
/// # Errors
/// Why the form cannot show all of it, in a sentence.
pub fn read(text: &str, from: usize) -> Result<Vec<Line>, String> {
    if text.trim().is_empty() {
        return Ok(vec![]);
    }
    let policy: Policy = serde_json::from_str(text).map_err(|e| {
        parse(text).err().and_then(first).unwrap_or_else(|| format!("This is no lifecycle policy: {e}."))
    })?;
    if let Some(name) = policy.more.keys().next() {
        return Err(format!("The form has no place for the field {name}."));
    }
    if let Some(n) = policy.rules.iter().position(|rule| !is_plain(rule)) {
        return Err(format!("rules[{n}] says more than the form can show."));
    }
    let mut rules = policy.rules;
    rules.sort_by_key(|rule| rule.rule_priority);
    Ok(rules.into_iter().enumerate().map(|(n, rule)| Line::of(from + n, rule)).collect())
}

/// The policy's text that these lines make, empty for none; and what is wrong with what is typed, by `rule.N`.
pub fn write(lines: &[Line]) -> (String, FieldErrors) {
    let mut errors = FieldErrors::new();
    let rules: Vec<Rule> = lines.iter().enumerate().map(|(n, line)| line.rule(n, &mut errors)).collect();
    if rules.is_empty() {
        return (String::new(), errors);
    }
    let policy = Policy { rules, ..Policy::default() };
    (serde_json::to_string_pretty(&policy).unwrap_or_default(), errors)
}

/// Whether the form shows all that a rule says, and gives it back as it was.
fn is_plain(rule: &Rule) -> bool {
    let mut errors = FieldErrors::new();
    let shown = rule.is_known()
        && *rule.selection.storage() == StorageClass::Standard
        && rule.selection.count_type != CountType::SinceImageTransitioned
        && (rule.action == Action::expire() || rule.action == Action::archive());
    shown && Line::of(0, rule.clone()).rule(0, &mut errors) == *rule && errors.is_empty()
}

impl Line {
    /// Of a rule that exists.
    fn of(id: usize, rule: Rule) -> Self {
        let list = rule.selection.tag_prefix_list.as_ref().or(rule.selection.tag_pattern_list.as_ref());
        let tags = list.map(|tags| tags.join(", ")).unwrap_or_default();
        Self { id, tags, number: rule.selection.count_number.to_string(), base: rule }
    }

    /// A new one: what people write first.
    fn new(id: usize, priority: i64) -> Self {
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

    /// The rule as a sentence without its full stop.
    pub fn sentence(&self) -> String {
        self.rule(0, &mut FieldErrors::new()).sentence()
    }

    /// The rule; what is wrong with it under its place.
    fn rule(&self, n: usize, errors: &mut FieldErrors) -> Rule {
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

    /// Which images: `prefix`, `pattern`, `any` or `untagged`.
    pub fn which(&self) -> &'static str {
        match (&self.base.selection.tag_status, self.base.selection.tag_prefix_list.is_some()) {
            (TagStatus::Tagged, true) => "prefix",
            (TagStatus::Tagged, false) => "pattern",
            (TagStatus::Any, _) => "any",
            _ => "untagged",
        }
    }

    /// Chooses which.
    pub fn choose(&mut self, which: &str) {
        let selection = &mut self.base.selection;
        selection.tag_status = match which {
            "prefix" | "pattern" => TagStatus::Tagged,
            "any" => TagStatus::Any,
            _ => TagStatus::Untagged,
        };
        selection.tag_prefix_list = (which == "prefix").then(Vec::new);
        selection.tag_pattern_list = (which == "pattern").then(Vec::new);
    }

    /// What the number counts: `count` for images, `pulled` or `pushed` for days since.
    pub fn counting(&self) -> &'static str {
        match self.base.selection.count_type {
            CountType::ImageCountMoreThan => "count",
            CountType::SinceImagePulled => "pulled",
            _ => "pushed",
        }
    }

    /// Chooses what it counts.
    pub fn count_by(&mut self, how: &str) {
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

    /// What is done to the images: `archive` or `delete`.
    pub fn doing(&self) -> &'static str {
        if self.base.action.kind == ActionType::Transition { "archive" } else { "delete" }
    }

    /// Chooses what is done.
    pub fn act(&mut self, what: &str) {
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
pub fn exchange(lines: &mut [Line], n: usize, m: usize) {
    let (a, b) = (lines[n].base.rule_priority, lines[m].base.rule_priority);
    (lines[n].base.rule_priority, lines[m].base.rule_priority) = (b, a);
    lines.swap(n, m);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rule(priority: i64, selection: Value) -> Value {
        json!({ "rulePriority": priority, "selection": selection, "action": { "type": "expire" } })
    }

    fn of_prefix(prefixes: &[&str]) -> Value {
        json!({ "tagStatus": "tagged", "tagPrefixList": prefixes, "countType": "imageCountMoreThan", "countNumber": 5 })
    }

    #[test]
    fn what_is_written_comes_back_whole_in_the_order_of_priorities() {
        let any = json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100 });
        let untagged = json!({ "tagStatus": "untagged", "storageClass": "standard", "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 14 });
        let mut pulled = rule(
            7,
            json!({ "tagStatus": "tagged", "tagPatternList": ["*-rc*"],
            "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90 }),
        );
        pulled["action"] = json!({ "type": "transition", "targetStorageClass": "archive" });
        let mut dev = rule(2, of_prefix(&["dev-", "pr-"]));
        dev["description"] = json!("what nobody runs, \"old\"");
        let written = json!({ "rules": [rule(30, any.clone()), dev, pulled, rule(1, untagged.clone())] });
        let lines = read(&written.to_string(), 4).unwrap();
        assert_eq!(lines.iter().map(|l| (l.id, l.priority())).collect::<Vec<_>>(), [(4, 1), (5, 2), (6, 7), (7, 30)]);
        let (text, errors) = write(&lines);
        let again: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(again, json!({ "rules": [rule(1, untagged), dev, pulled, rule(30, any)] }));
        assert!(errors.is_empty() && parse(&text).is_ok());
        // Two of one priority are for people to tell apart; neither is lost, and the first stays first.
        let twice =
            json!({ "rules": [rule(5, of_prefix(&["b"])), rule(5, of_prefix(&["a"])), rule(1, of_prefix(&["c"]))] });
        let tags: Vec<String> = read(&twice.to_string(), 0).unwrap().into_iter().map(|line| line.tags).collect();
        assert_eq!(tags, ["c", "b", "a"]);
    }

    #[test]
    fn what_the_form_cannot_show_whole_is_not_taken_apart() {
        let one = |selection: Value| json!({ "rules": [rule(1, of_prefix(&["a"])), rule(2, selection)] }).to_string();
        let days = |more: Value| {
            let mut selection =
                json!({ "tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 90 });
            selection.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            selection
        };
        let blank = json!({ "tagStatus": "tagged", "tagPrefixList": ["dev ", "a,b"] });
        let both = json!({ "tagStatus": "tagged", "tagPrefixList": ["a"], "tagPatternList": ["b"] });
        let archived = json!({ "storageClass": "archive", "countType": "sinceImageTransitioned" });
        let unsaid = json!({ "countType": "sinceImageTransitioned" });
        let lists = json!({ "tagPrefixList": ["a"] });
        for odd in [blank, both, archived, unsaid, lists, json!({ "countUnit": "weeks" }), json!({ "later": true })] {
            let text = one(days(odd));
            assert_eq!(read(&text, 0).unwrap_err(), "rules[1] says more than the form can show.", "{text}");
        }
        let more = json!({ "rules": [rule(1, of_prefix(&["a"]))], "version": 2 }).to_string();
        assert_eq!(read(&more, 0).unwrap_err(), "The form has no place for the field version.");
        for (text, says) in [
            ("{", "This is not JSON"),
            ("[]", "This must be an object"),
            (r#"{"rules":[{}]}"#, "rules[0].action: This field is missing"),
            (r#"{"rules":[],"rules":[]}"#, "duplicate field"),
        ] {
            assert!(read(text, 0).unwrap_err().contains(says), "{text}: {:?}", read(text, 0));
        }
        assert_eq!((read(" \n", 0), write(&[])), (Ok(vec![]), (String::new(), FieldErrors::new())));
    }

    #[test]
    fn a_rule_survives_its_form() {
        let text = json!({ "rules": [rule(3, of_prefix(&["dev-", "pr-"]))] }).to_string();
        let mut line = read(&text, 0).unwrap().remove(0);
        assert_eq!(line.tags, "dev-, pr-");
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
            let (text, errors) = write(std::slice::from_ref(&line));
            assert!(errors.is_empty() && parse(&text).is_ok() && read(&text, 0).is_ok(), "{change}");
        }
        line.number = "many".into();
        let (text, errors) = write(&[line.clone(), line]);
        assert_eq!(errors.into_keys().collect::<Vec<_>>(), ["rule.0", "rule.1"]);
        assert!(text.contains("\"countNumber\": 5"), "{text}");
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
        let (text, _) = write(&lines);
        assert!(parse(&text).is_ok(), "{text}");
        // After whatever else there is, where no rule is for any image.
        lines.pop();
        add(&mut lines, 3);
        assert_eq!(lines.iter().map(|l| l.id).collect::<Vec<_>>(), [0, 2, 3]);
    }
}
