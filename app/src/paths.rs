//! Every link is a function here. Paths are percent-encoded per piece; the scope is carried along by [`Scopes::on`].

use domain::{AccountId, Kind, Problem, Region, ResourceKey, Scope};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays readable in a path piece or a query value.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'@').remove(b'$');

/// Percent-encodes one path piece or query value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The list of a kind.
pub fn list(kind: Kind) -> String {
    format!("/{}", kind.segment())
}

/// The list of a kind with one filter set.
pub fn filtered(kind: Kind, filter: &str, value: &str) -> String {
    format!("/{}?{}={}", kind.segment(), encode(filter), encode(value))
}

/// The list of a kind with one of several values of a filter.
pub fn filtered_by(kind: Kind, filter: &str, values: &[&str]) -> String {
    filtered(kind, filter, &values.iter().map(|value| value.replace(',', "%2C")).collect::<Vec<_>>().join(","))
}

/// The list of those of a kind that need a person.
pub fn attention(kind: Kind) -> String {
    filtered(kind, "attention", "1")
}

/// The wizard that creates one of a kind.
pub fn create(kind: Kind) -> String {
    format!("/{}/new", kind.segment())
}

/// The same, filled in with the answers of a run.
pub fn again(kind: Kind, run: &str) -> String {
    format!("{}?from={}", create(kind), encode(run))
}

/// The same for another account or region.
pub fn elsewhere(kind: Kind, run: &str) -> String {
    format!("{}&elsewhere=1", again(kind, run))
}

/// The page of a resource.
pub fn detail(key: &ResourceKey) -> String {
    let id = key.id.split('/').map(encode).collect::<Vec<_>>().join("/");
    format!("/{}/{}/{}/{id}", key.kind.segment(), key.scope.account, key.scope.region)
}

/// A tab of the page of a resource.
pub fn tab(key: &ResourceKey, tab: &str) -> String {
    format!("{}?tab={}", detail(key), encode(tab))
}

/// Reads the pieces of a resource's path. `id` may hold slashes.
///
/// # Errors
/// What is wrong with the piece that cannot be meant.
pub fn detail_key(segment: &str, account: &str, region: &str, id: &str) -> Result<ResourceKey, Problem> {
    let kind = Kind::from_segment(segment).ok_or_else(|| {
        let shown: String = segment.chars().take(80).collect();
        Problem::not_found(format!("There is no page called “{shown}”."))
    })?;
    ResourceKey::new(kind, Scope::new(AccountId::parse(account)?, Region::parse(region)?), id)
}

/// The page that redirects to whatever an ARN, image URI or key means.
pub fn resolve(reference: &str) -> String {
    format!("/resolve?ref={}", encode(reference))
}

/// The page that shows how two resources of one kind differ.
pub fn compare(left: &ResourceKey, right: &ResourceKey) -> String {
    format!("/compare?left={}&right={}", encode(&left.to_string()), encode(&right.to_string()))
}

/// The search page.
pub fn search(text: &str) -> String {
    if text.is_empty() { "/search".to_owned() } else { format!("/search?q={}", encode(text)) }
}

/// The first page.
pub const OVERVIEW: &str = "/";
/// What changed in the fleet.
pub const CHANGES: &str = "/changes";
/// Runs of plans.
pub const RUNS: &str = "/runs";
/// Who did what.
pub const AUDIT: &str = "/runs?tab=audit";

/// The runs in these states, separated by commas.
pub fn runs_in(states: &str) -> String {
    format!("{RUNS}?state={}", encode(states))
}

/// The page of a run.
pub fn run(id: &str) -> String {
    format!("{RUNS}/{}", encode(id))
}

/// One's own sessions.
pub const SETTINGS_YOU: &str = "/settings/you";
/// Everyone.
pub const SETTINGS_PEOPLE: &str = "/settings/people";
/// Connections to AWS.
pub const SETTINGS_CONNECTIONS: &str = "/settings/connections";
/// API tokens.
pub const SETTINGS_TOKENS: &str = "/settings/tokens";
/// Sign-in.
pub const SIGN_IN: &str = "/sign-in";

/// The registry of the account and region in scope; all of them where the scope leaves open which.
pub fn registry(scopes: &Scopes) -> String {
    match (scopes.accounts.as_slice(), scopes.regions.as_slice()) {
        ([account], [region]) => {
            let scope = Scope::new(account.clone(), region.clone());
            detail(&ResourceKey { kind: Kind::Registry, id: account.to_string(), scope })
        }
        _ => list(Kind::Registry),
    }
}

/// The replication of a registry, filled in with the answers of a run.
pub fn replication_again(scope: &Scope, run: &str) -> String {
    let registry = ResourceKey { kind: Kind::Registry, id: scope.account.to_string(), scope: scope.clone() };
    format!("{}?from={}", detail(&registry), encode(run))
}

/// The sign-in page that leads back.
pub fn sign_in(next: &str) -> String {
    format!("{SIGN_IN}?next={}", encode(next))
}

/// Which accounts and regions a person looks at; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Only these accounts.
    pub accounts: Vec<AccountId>,
    /// Only these regions.
    pub regions: Vec<Region>,
}

impl Scopes {
    /// Reads the comma-separated values of `account` and `region`; what is not one is left out.
    pub fn read(account: Option<&str>, region: Option<&str>) -> Self {
        let pieces = |t: Option<&str>| t.unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>();
        Self {
            accounts: pieces(account).iter().filter_map(|a| AccountId::parse(a).ok()).collect(),
            regions: pieces(region).iter().filter_map(|r| Region::parse(r).ok()).collect(),
        }
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.accounts.is_empty() && self.regions.is_empty()
    }

    /// The names and values that carry it; none when everything is in scope.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let accounts: Vec<&str> = self.accounts.iter().map(AccountId::as_str).collect();
        let regions: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        let pairs = [("account", accounts), ("region", regions)];
        pairs.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n, v.join(","))).collect()
    }

    /// The same as a query string.
    pub fn query(&self) -> String {
        self.pairs().into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&")
    }

    /// A path with this scope in its query.
    pub fn on(&self, path: &str) -> String {
        let query = self.query();
        match (query.is_empty(), path.contains('?')) {
            (true, _) => path.to_owned(),
            (false, true) => format!("{path}&{query}"),
            (false, false) => format!("{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_in_scope_is_opened_and_several_are_listed() {
        let one = Scopes::read(Some("111122223333"), Some("eu-west-1"));
        assert_eq!(registry(&one), "/registries/111122223333/eu-west-1/111122223333");
        let many = Scopes::read(Some("111122223333"), None);
        assert_eq!(registry(&many), "/registries");
    }

    #[test]
    fn the_rules_of_a_run_open_where_their_registry_is_edited() {
        let scope = Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let path = replication_again(&scope, "0a1b");
        assert_eq!(path, "/registries/111122223333/eu-west-1/111122223333?from=0a1b");
    }

    #[test]
    fn a_key_survives_its_path() {
        for text in [
            "ecr.image/111122223333/eu-west-1/web/app@sha256:ab",
            "lambda.version/111122223333/eu-west-1/f:3",
            "logs.log-group/111122223333/us-east-1//aws/lambda/größe 100%?#",
        ] {
            let key = ResourceKey::parse(text).unwrap();
            let path = detail(&key);
            let pieces: Vec<&str> = path.splitn(5, '/').collect();
            let id = percent_encoding::percent_decode_str(pieces[4]).decode_utf8().unwrap();
            assert_eq!(detail_key(pieces[1], pieces[2], pieces[3], &id).unwrap(), key, "{path}");
            assert!(!path.contains(['?', '#', ' ', '%']) || path.contains("%25"), "{path}");
        }
    }

    #[test]
    fn nonsense_in_a_path_is_refused_with_words() {
        assert!(detail_key("shoes", "111122223333", "eu-west-1", "x").unwrap_err().message.contains("shoes"));
        assert!(detail_key("functions", "1", "eu-west-1", "x").is_err());
        assert!(detail_key("functions", "111122223333", "nowhere", "x").is_err());
        assert!(detail_key("functions", "111122223333", "eu-west-1", "").is_err());
    }

    #[test]
    fn several_values_of_a_filter_are_one_parameter() {
        assert_eq!(filtered_by(Kind::Task, "state", &["RUNNING", "STOPPED"]), "/tasks?state=RUNNING%2CSTOPPED");
        assert_eq!(filtered_by(Kind::Function, "tag", &["a=b,c"]), "/functions?tag=a%3Db%252Cc");
        assert_eq!(attention(Kind::Image), "/images?attention=1");
    }

    #[test]
    fn the_scope_is_carried_on_every_link() {
        let scopes = Scopes::read(Some("111122223333,nonsense"), Some("eu-west-1,us-east-1"));
        assert_eq!(scopes.on("/functions"), "/functions?account=111122223333&region=eu-west-1,us-east-1");
        assert_eq!(scopes.on("/x?tab=json"), "/x?tab=json&account=111122223333&region=eu-west-1,us-east-1");
        assert_eq!(Scopes::default().on("/functions"), "/functions");
    }
}
