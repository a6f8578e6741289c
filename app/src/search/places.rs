//! Pages and actions that the search finds besides resources. Pure.

use domain::Kind;
use domain::kind::Service;
use domain::listing::capital;
use domain::typo::{self, SHORTEST_ELSEWHERE};

use crate::paths;

/// From so many letters on, the beginning of a name is enough.
const CERTAIN: usize = 4;

/// A page or an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// What it is.
    pub what: &'static str,
    /// Other words people have for it, in lower case.
    also: &'static str,
    /// The colour scheme that it chooses where one is; `app/js/kit.js` does.
    pub theme: Option<&'static str>,
}

fn place(name: &str, href: &str, what: &'static str) -> Place {
    Place { name: name.to_owned(), href: href.to_owned(), what, also: "", theme: None }
}

/// Creates a resource.
fn create(name: &str, kind: Kind) -> Place {
    Place { also: "new add", ..place(name, &paths::create(kind), "action") }
}

/// Chooses a colour scheme.
fn theme(name: &str, value: &'static str, also: &'static str) -> Place {
    Place { also, theme: Some(value), ..place(name, paths::OVERVIEW, "action") }
}

/// The words that a service's resources are looked for by.
const fn service(kind: Kind) -> &'static str {
    match kind.service() {
        Service::Lambda => "lambda",
        Service::Ecs => "ecs fargate",
        Service::Ecr | Service::EcrPublic => "ecr",
        Service::Eks => "eks kubernetes k8s",
        Service::Iam => "iam",
        Service::Ec2 => "ec2 vpc",
        Service::S3 => "s3",
        Service::Sqs => "sqs",
        Service::Sns => "sns",
        Service::Dynamodb => "dynamodb",
        Service::Kinesis => "kinesis",
        Service::Logs => "cloudwatch logs",
        Service::Events => "eventbridge",
        Service::Scheduler => "eventbridge scheduler cron",
        Service::ApiGateway => "api gateway",
        Service::ElasticLoadBalancing => "elb elastic load balancing",
    }
}

/// All of them.
fn all() -> Vec<Place> {
    let mut places = vec![
        place("Overview", paths::OVERVIEW, "page"),
        place("Changes in the fleet", paths::CHANGES, "page"),
        place("Runs and audit", paths::RUNS, "page"),
        place("Audit trail", paths::AUDIT, "page"),
        place("Compare two resources", "/compare", "action"),
        create("Create private repository", Kind::Repository),
        create("Create public repository", Kind::PublicRepository),
        place("Failing services", "/services?attention=1", "action"),
        place("Functions that need attention", "/functions?attention=1", "action"),
        place("Stopped tasks", "/tasks?state=STOPPED", "action"),
        place("Connections", paths::SETTINGS_CONNECTIONS, "page"),
        Place { also: "settings password", ..place("Your sessions", paths::SETTINGS_YOU, "page") },
        place("API tokens", paths::SETTINGS_TOKENS, "page"),
        place("People", paths::SETTINGS_PEOPLE, "page"),
        Place { also: "logout signout", ..place("Sign out", paths::SETTINGS_YOU, "action") },
        theme("Dark colour scheme", "dark", "dark theme mode color appearance"),
        theme("Light colour scheme", "light", "light theme mode color appearance"),
        theme("Colour scheme as the system", "system", "theme mode color appearance"),
    ];
    let kinds = Kind::ALL
        .iter()
        .map(|kind| Place { also: service(*kind), ..place(&capital(kind.plural()), &paths::list(*kind), "page") });
    places.extend(kinds);
    places
}

/// Those whose name, or what else they are called, has every word of the text; without a text the first few. Those that the text is the
/// name of, or its beginning, come first, and stand before what is collected: nothing else can be meant by it as well. Where nothing has
/// the words as they are, one typo is forgiven in each; that puts nothing before what is collected.
pub fn find(text: &str, limit: usize) -> (Vec<Place>, Vec<Place>) {
    let text = text.trim().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let meant = |p: &Place| {
        let whole = p.name.eq_ignore_ascii_case(&text) || p.also.split(' ').any(|word| word == text);
        // What chooses at once takes whole words: "ligh" begins many a name
        whole || (p.theme.is_none() && text.chars().count() >= CERTAIN && p.name.to_lowercase().starts_with(&text))
    };
    let found: Vec<Place> = all().into_iter().filter(|p| fits(p, &words, false)).collect();
    if found.is_empty() {
        let mut nearly: Vec<Place> = all().into_iter().filter(|p| fits(p, &words, true)).collect();
        nearly.sort_by_key(|p| p.what != "page");
        nearly.truncate(limit);
        return (vec![], nearly);
    }
    let (mut first, mut rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|p| !text.is_empty() && meant(p));
    first.sort_by_key(|p| p.what != "page");
    first.truncate(limit);
    rest.truncate(limit - first.len());
    (first, rest)
}

/// Whether its name, or what else it is called, has all of these words; with typos also those that are nearly there.
fn fits(place: &Place, words: &[&str], typos: bool) -> bool {
    let name = place.name.to_lowercase();
    words.iter().all(|word| {
        name.contains(word)
            || place.also.split(' ').any(|also| also.starts_with(word))
            || (typos
                && typo::is_forgiven(word, SHORTEST_ELSEWHERE)
                && (typo::is_in(word, &name) || typo::is_in(word, place.also)))
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    fn hrefs(text: &str) -> (Vec<String>, Vec<String>) {
        let (first, rest) = find(text, 9);
        let of = |places: Vec<super::Place>| places.into_iter().map(|p| p.href).collect();
        (of(first), of(rest))
    }

    #[test]
    fn pages_are_found_by_any_part_of_their_name() {
        assert_eq!(hrefs("task def").0, ["/task-definitions"]);
        assert_eq!(hrefs("TOKEN").1, ["/settings/tokens"]);
        assert_eq!(hrefs("zzz"), (vec![], vec![]));
        assert_eq!(find("", 4).1.len(), 4);
    }

    #[test]
    fn what_a_text_names_comes_before_what_contains_it() {
        assert_eq!(hrefs("functions").0[0], "/functions");
        assert_eq!(hrefs("Serv").0, ["/services"]);
        assert_eq!(hrefs("fun").0, Vec::<String>::new());
        assert_eq!(hrefs("settings").0, ["/settings/you"]);
        assert!(hrefs("kubernetes").0.contains(&"/eks-clusters".to_owned()));
        assert!(hrefs("sqs").0.contains(&"/queues".to_owned()));
    }

    #[test]
    fn actions_are_found_by_the_words_people_have_for_them() {
        let create = ["/repositories/new", "/public-repositories/new"];
        assert_eq!(hrefs("new").0, create);
        for text in ["new repository", "add repo", "create repository"] {
            assert_eq!(hrefs(text).1, create, "{text}");
        }
        let names = |text: &str| {
            let (first, rest) = find(text, 9);
            first.into_iter().chain(rest).map(|p| (p.name, p.theme)).collect::<Vec<_>>()
        };
        for text in ["dark", "dark theme"] {
            assert_eq!(names(text), [("Dark colour scheme".to_owned(), Some("dark"))], "{text}");
        }
        assert_eq!(names("light mode"), [("Light colour scheme".to_owned(), Some("light"))]);
        assert_eq!((find("theme", 9).0.len(), find("dark", 9).0.len(), find("ligh", 9).0.len()), (3, 1, 0));
        assert!(find("log", 9).0.is_empty(), "log groups, as likely");
        for text in ["sign out", "log out", "logout"] {
            assert_eq!(names(text)[0], ("Sign out".to_owned(), None), "{text}");
        }
    }

    #[test]
    fn one_typo_is_forgiven_where_nothing_is_called_so() {
        assert_eq!(hrefs("comapre"), (vec![], vec!["/compare".to_owned()]));
        assert_eq!(hrefs("setings").1[0], "/settings/you", "what else it is called");
        assert_eq!(hrefs("api tokns").1, ["/settings/tokens"]);
        let (first, rest) = hrefs("fucntions");
        assert!(first.is_empty() && rest.contains(&"/functions?attention=1".to_owned()), "{rest:?}");
        assert_eq!(rest[0], "/functions", "pages first");
        assert_eq!(hrefs("rules"), (vec![], vec!["/rules".to_owned()]), "no typo of roles: something is called so");
        assert_eq!(hrefs("prod"), (vec![], vec![]), "too short to be nearly “pod”");
        assert_eq!(hrefs("fcuntoins"), (vec![], vec![]), "two typos");
    }
}
