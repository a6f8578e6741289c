//! What is said of what is in an account or region that no connection leads to: nobody can know here whether it exists.

use domain::services::ConnectionStatus;
use domain::{Code, Problem, Region, Scope};

/// How a connection comes about.
const HOW: &str = "Connections are named in gantry.toml and read when Gantry starts.";

/// Why nothing is known of `what` there; `None` where a connection leads. What has no region is read wherever its account is.
pub fn unconnected(connections: &[ConnectionStatus], place: &Scope, what: &str) -> Option<Problem> {
    let Scope { account, region } = place;
    let of_account: Vec<&ConnectionStatus> = connections.iter().filter(|c| c.account == *account).collect();
    let (title, message) = match of_account.as_slice() {
        [] => (
            "This account is not connected",
            format!("No connection of Gantry leads to account {account}, so it cannot know {what}. {HOW}"),
        ),
        all if *region == Region::global() || all.iter().any(|c| c.regions.contains(region)) => return None,
        [first, ..] => (
            "This region is not connected",
            format!(
                "Gantry is connected to account {account}, but not in region {region}, so it cannot know {what}. Add the region to the \
                 connection “{}”. {HOW}",
                first.name
            ),
        ),
    };
    Some(Problem::new(Code::NotConnected, title, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(name: &str, account: &str, regions: &[&str]) -> ConnectionStatus {
        ConnectionStatus {
            name: name.into(),
            account: account.parse().unwrap(),
            regions: regions.iter().map(|r| r.parse().unwrap()).collect(),
            credentials: String::new(),
            long_lived: false,
            endpoint: None,
            sandbox: false,
            freshness: vec![],
        }
    }

    #[test]
    fn what_is_not_connected_is_the_account_or_the_region_in_it() {
        let connections = [
            connection("prod", "111122223333", &["eu-west-1"]),
            connection("prod-us", "111122223333", &["us-east-1"]),
            connection("dev", "444455556666", &["eu-west-1"]),
        ];
        let said = |account: &str, region: &str| {
            let place = Scope::new(account.parse().unwrap(), region.parse().unwrap());
            unconnected(&connections, &place, "the function “f”")
        };
        assert_eq!(said("111122223333", "us-east-1"), None, "by its second connection");
        assert_eq!(said("444455556666", "global"), None);
        let account = said("999999999999", "global").unwrap();
        assert_eq!((account.code, account.status()), (Code::NotConnected, 404));
        assert!(account.message.contains("account 999999999999") && account.message.contains("the function “f”"));
        assert_eq!(account.recovery()[0].href, "/settings/connections");
        let region = said("444455556666", "us-east-1").unwrap();
        assert_eq!(region.title, "This region is not connected");
        assert!(region.message.contains("region us-east-1") && region.message.contains("connection “dev”"));
    }
}
