//! The lists that hold all of what a search finds. Pure.

use domain::Kind;
use domain::listing::Hit;
use domain::services::Instance;

use crate::resource::query::ListUrl;

/// The words without those of a name that stand in it one after another; `None` where they do not.
fn without<'w>(words: &[&'w str], name: &str) -> Option<Vec<&'w str>> {
    let name: Vec<&str> = name.split(' ').collect();
    let at = words.windows(name.len()).position(|some| some == name.as_slice())?;
    Some(words[..at].iter().chain(&words[at + name.len()..]).copied().collect())
}

/// The list of a kind by the words of a search, in all accounts and regions as the search is: words that name the kind are left out, those
/// that name an account or a region beside others become its filter. `None` where not one of the `hits` of this kind is certain to be in
/// it: a list forgives no typo.
pub fn list_of(kind: Kind, text: &str, hits: &[Hit], instance: &Instance) -> Option<String> {
    let text = text.to_lowercase();
    let all: Vec<&str> = text.split_whitespace().collect();
    let names = [kind.plural(), kind.singular()].map(str::to_lowercase);
    let words = names.iter().find_map(|name| without(&all, name)).unwrap_or_else(|| all.clone());
    let (mut said, mut accounts, mut regions) = (vec![], vec![], vec![]);
    for word in words {
        let named = instance.accounts.iter().filter(|(id, name)| id.as_str() == word || name.to_lowercase() == word);
        let named: Vec<&str> = named.map(|(id, _)| id.as_str()).collect();
        if all.len() > 1 && !named.is_empty() {
            accounts.extend(named);
        } else if all.len() > 1 && instance.regions.iter().any(|region| region.as_str() == word) {
            regions.push(word);
        } else {
            said.push(word);
        }
    }
    let is_in = |hit: &Hit| {
        let (name, id) = (hit.name.to_lowercase(), hit.key.id.to_lowercase());
        let elsewhere = hit.matched.as_deref().unwrap_or_default().to_lowercase();
        let scope = &hit.key.scope;
        said.iter().all(|word| [&name, &id, &elsewhere].iter().any(|text| text.contains(word)))
            && (accounts.is_empty() || accounts.contains(&scope.account.as_str()))
            && (regions.is_empty() || regions.contains(&scope.region.as_str()))
    };
    if !hits.iter().any(|hit| hit.key.kind == kind && is_in(hit)) {
        return None;
    }
    let pairs = [("q", said.join(" ")), ("account", accounts.join(",")), ("region", regions.join(","))];
    Some(ListUrl::new(kind, pairs.map(|(name, value)| (name.to_owned(), value))).href())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ResourceKey;

    #[test]
    fn a_list_is_narrowed_by_the_words_it_understands() {
        let instance = Instance {
            sandbox: false,
            version: String::new(),
            accounts: vec![("111122223333".parse().unwrap(), "Prod".to_owned())],
            regions: vec!["eu-west-1".parse().unwrap()],
            password_min: 15,
        };
        let hit = |name: &str, matched: Option<&str>| Hit {
            key: ResourceKey::parse(&format!("lambda.function/111122223333/eu-west-1/{name}")).unwrap(),
            name: name.to_owned(),
            state: None,
            matched: matched.map(str::to_owned),
        };
        let hits = [hit("thumbnailer", Some("tag team=Media")), hit("mail-prod", None)];
        let list = |text: &str| list_of(Kind::Function, text, &hits, &instance);
        assert_eq!(list(" Thumb  media").as_deref(), Some("/functions?q=thumb%20media"));
        assert_eq!(list("function thumb").as_deref(), Some("/functions?q=thumb"));
        assert_eq!(list("FUNCTIONS").as_deref(), Some("/functions"));
        let there = "/functions?account=111122223333&q=thumb&region=eu-west-1";
        assert_eq!(list("thumb prod eu-west-1").as_deref(), Some(there));
        assert_eq!(list("prod").as_deref(), Some("/functions?q=prod"), "alone it is a name first");
        assert_eq!(list("thubmnailer"), None, "a typo that the list would not forgive");
        assert_eq!(list_of(Kind::Queue, "thumb", &hits, &instance), None);
    }
}
