//! Rules in English, and the policies that most people want.

use std::collections::BTreeMap;

use super::{Action, ActionType, CountType, CountUnit, Policy, Rule, Selection, TagStatus};

impl Rule {
    /// The rule as a sentence without its full stop: "Expire untagged images pushed more than 14 days ago".
    pub fn sentence(&self) -> String {
        if !self.is_known() {
            return format!("Rule {} says something that Gantry does not know: see its JSON", self.rule_priority);
        }
        let verb = if self.action.kind == ActionType::Expire { "Expire" } else { "Archive" };
        let (n, selection) = (self.selection.count_number, &self.selection);
        let days = format!("{n} {}", if n == 1 { "day" } else { "days" });
        let tags = tags(selection);
        match selection.count_type {
            CountType::ImageCountMoreThan if n == 1 => {
                format!("{verb} all but the newest {}{tags}", noun(selection, "image"))
            }
            CountType::ImageCountMoreThan => {
                format!("{verb} all but the newest {n} {}{tags}", noun(selection, "images"))
            }
            CountType::SinceImagePulled => {
                format!("{verb} {} not pulled for more than {days}{tags}", noun(selection, "images"))
            }
            CountType::SinceImageTransitioned => {
                format!("{verb} {} archived more than {days} ago{tags}", noun(selection, "images"))
            }
            _ => format!("{verb} {} pushed more than {days} ago{tags}", noun(selection, "images")),
        }
    }
}

fn noun(selection: &Selection, image: &str) -> String {
    if selection.tag_status == TagStatus::Untagged { format!("untagged {image}") } else { image.to_owned() }
}

/// " with a tag that …", of which an image must fulfil all; nothing where tags do not matter.
fn tags(selection: &Selection) -> String {
    let prefixes = selection.tag_prefix_list.iter().flatten().map(|p| format!("a tag that starts with {p}"));
    let patterns = selection.tag_pattern_list.iter().flatten().map(|pattern| {
        match (pattern.as_str(), pattern.matches('*').count(), pattern.strip_suffix('*')) {
            ("*", ..) => "any tag".to_owned(),
            (tag, 0, _) => format!("the tag {tag}"),
            (_, 1, Some(prefix)) => format!("a tag that starts with {prefix}"),
            (pattern, ..) => format!("a tag that matches {pattern}"),
        }
    });
    let parts: Vec<String> = prefixes.chain(patterns).collect();
    if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(" and ")) }
}

/// A rule that many repositories want, and that needs no more than a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// Deletes all but the newest so many images, whatever their tags. An index and the images it leads to count one each.
    KeepLast {
        /// Images that are kept.
        count: i64,
    },
    /// Deletes images without a tag some days after their push. Those that an index leads to stay as long as it does.
    ExpireUntagged {
        /// Days after the push.
        days: i64,
    },
    /// Deletes all but the newest so many images of which a tag starts with the prefix.
    KeepLastWithPrefix {
        /// The beginning of the tag.
        prefix: String,
        /// Images that are kept.
        count: i64,
    },
}

impl Template {
    fn rule(&self, rule_priority: i64) -> Rule {
        let selection = |tag_status, count_type, count_number| Selection {
            tag_status,
            tag_pattern_list: None,
            tag_prefix_list: None,
            storage_class: None,
            count_type,
            count_unit: None,
            count_number,
            more: BTreeMap::new(),
        };
        let selection = match self {
            Self::KeepLast { count } => selection(TagStatus::Any, CountType::ImageCountMoreThan, *count),
            Self::ExpireUntagged { days } => Selection {
                count_unit: Some(CountUnit::Days),
                ..selection(TagStatus::Untagged, CountType::SinceImagePushed, *days)
            },
            Self::KeepLastWithPrefix { prefix, count } => Selection {
                tag_prefix_list: Some(vec![prefix.clone()]),
                ..selection(TagStatus::Tagged, CountType::ImageCountMoreThan, *count)
            },
        };
        let mut rule =
            Rule { rule_priority, description: None, selection, action: Action::expire(), more: BTreeMap::new() };
        rule.description = Some(rule.sentence());
        rule
    }

    fn rank(&self) -> u8 {
        match self {
            Self::KeepLastWithPrefix { .. } => 0,
            Self::ExpireUntagged { .. } => 1,
            Self::KeepLast { .. } => 2,
        }
    }
}

impl Policy {
    /// A policy of these rules, in the order AWS demands: what looks at all images comes last. Prefixes keep their order, and an
    /// image that several of them fit belongs to the first. The numbers are not checked: see [`Policy::check`].
    pub fn of(templates: &[Template]) -> Self {
        let mut ordered: Vec<&Template> = templates.iter().collect();
        ordered.sort_by_key(|t| t.rank());
        Self { rules: (1..).zip(ordered).map(|(priority, t)| t.rule(priority)).collect(), more: BTreeMap::new() }
    }
}
