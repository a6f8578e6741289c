//! Query strings of the API as the domain's types. Wrong values are refused with the field that is wrong.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use domain::listing::{ListQuery, Order};
use domain::{AccountId, Kind, Problem, Region, ResourceKey};
use percent_encoding::percent_decode_str;

use crate::http::problem::Refusal;

/// The pairs of a query string, decoded.
#[derive(Clone, Debug, Default)]
pub struct Pairs(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

impl Pairs {
    /// Reads `a=b&c=d`, `+` being a space.
    pub fn of(query: &str) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair =
            |part: &str| part.split_once('=').map_or((decode(part), String::new()), |(k, v)| (decode(k), decode(v)));
        Self(query.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }
    /// The first value of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
    /// All values of this name: repeated, or separated by commas.
    pub fn all<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
        let values = self.0.iter().filter(|(k, _)| k == name).flat_map(|(_, v)| v.split(','));
        values.filter(|v| !v.is_empty()).map(parse).collect()
    }
    /// A whole number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.get(name)
            .map(|v| v.parse().map_err(|_| Problem::invalid(name, format!("“{name}” is a whole number."))))
            .transpose()
    }
    /// True or false in any case, as Python writes `True`; false if it is not said.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(Problem::invalid(name, format!("“{name}” is true or false."))),
        }
    }
    /// Accounts and regions.
    pub fn scope(&self) -> Result<(Vec<AccountId>, Vec<Region>), Problem> {
        Ok((self.all("account", AccountId::parse)?, self.all("region", Region::parse)?))
    }
    /// A kind by its stem (`lambda.function`) or its pages' segment (`functions`).
    pub fn kind(&self) -> Result<Option<Kind>, Problem> {
        self.get("kind").map(Kind::named).transpose()
    }
    /// A list as its page's query string asks for it, from its beginning: `cursor` is not read here. What is no parameter of every list is a
    /// filter of this kind's.
    pub fn list(&self) -> Result<ListQuery, Problem> {
        const FIXED: [&str; 9] = ["kind", "account", "region", "parent", "q", "attention", "sort", "cursor", "limit"];
        let kind = self.kind()?.ok_or_else(|| Problem::invalid("kind", "Say which kind: kind=lambda.function."))?;
        let mut query = ListQuery::all(kind);
        (query.accounts, query.regions) = self.scope()?;
        query.parent = self.get("parent").map(ResourceKey::parse).transpose()?;
        query.text = self.get("q").unwrap_or_default().to_owned();
        query.attention = self.flag("attention")?;
        if let Some(sort) = self.get("sort") {
            query.sort_by(Order::read(sort));
        }
        query.limit = self.number("limit")?.unwrap_or(query.limit);
        for (name, _) in self.0.iter().filter(|(name, _)| !FIXED.contains(&name.as_str())) {
            let values = self.all(name, |v| Ok(v.to_owned()))?;
            query.filters.insert(name.clone(), values);
        }
        query.check()?;
        Ok(query)
    }
}

/// The key in a path: `{kind}/{account}/{region}/{id}` with the id percent-encoded or not.
#[derive(Clone, Debug)]
pub struct Key(pub ResourceKey);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let not_found = || Problem::not_found("There is nothing at this address.");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        let (_, value) = params.iter().find(|(name, _)| *name == "key").ok_or_else(not_found)?;
        Ok(Self(ResourceKey::parse(value)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pages_query_string_is_understood() {
        let query = Pairs::of(
            "kind=functions&q=thumb+nail&account=111122223333&region=eu-west-1,us-east-1&sort=-name&limit=20",
        )
        .list()
        .unwrap();
        assert_eq!((query.kind, query.text.as_str()), (Kind::Function, "thumb nail"));
        assert_eq!((query.regions.len(), query.limit), (2, 20));
        assert_eq!(query.order(), Order::read("-name"));
    }

    #[test]
    fn true_and_false_are_understood_in_any_case() {
        let flag = |text: &str| Pairs::of(text).flag("parts");
        for (text, said) in
            [("parts=true", true), ("parts=True", true), ("parts=1", true), ("parts=False", false), ("", false)]
        {
            assert_eq!(flag(text).unwrap(), said, "{text}");
        }
        assert_eq!(flag("parts=yes").unwrap_err().field.as_deref(), Some("parts"));
    }

    #[test]
    fn a_list_that_no_order_is_asked_for_stands_as_its_description_says() {
        for (kind, order) in
            [("images", "-pushed"), ("task-definitions", "-registered"), ("tasks", "-started"), ("functions", "name")]
        {
            assert_eq!(Pairs::of(&format!("kind={kind}")).list().unwrap().order().to_string(), order, "{kind}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_its_field() {
        for (text, field) in [
            ("", "kind"),
            ("kind=shoes", "kind"),
            ("kind=functions&account=1", "account"),
            ("kind=functions&region=mars", "region"),
            ("kind=functions&sort=shoe-size", "sort"),
            ("kind=functions&shoe=1", "filters"),
            ("kind=functions&attention=maybe", "attention"),
            ("kind=functions&limit=-1", "limit"),
            ("kind=functions&limit=100000", "limit"),
            ("kind=functions&parent=x", "key"),
        ] {
            assert_eq!(Pairs::of(text).list().unwrap_err().field.as_deref(), Some(field), "{text}");
        }
    }
}
