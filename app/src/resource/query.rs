//! A list's query string: reading it, and the links that change one thing in it. Pure.
//!
//! `q`, `account`, `region`, `state`, `<facet id>`, `tag` (comma-separated values), `attention=1`, `sort=col` or `-col` (missing where it is
//! the kind's own order), `cols=a,b`, `from=120` (the first row of the page's first answer).

use domain::describe::columns;
use domain::listing::{Direction, ListQuery, Order, capital};
use domain::resource::Column;
use domain::{AccountId, Kind, Problem, Region};

use crate::paths::encode;
use crate::ui::format::shorten;

/// How many rows the first answer carries.
pub const FIRST_ROWS: u32 = 60;

/// In place of columns: that none is wanted.
const NO_COLUMN: &str = "-";

/// The columns of the images of one repository: their names say all tags, and there is room for more.
const OF_A_REPOSITORY: &[&str] = &["platforms", "size", "pushed", "pulled", "users", "findings", "digest"];

/// The query string of a list, as pairs in the order in which links write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListUrl {
    /// The kind listed.
    pub kind: Kind,
    inside: bool,
    pairs: Vec<(String, String)>,
}

impl ListUrl {
    /// Keeps what belongs to a list of this kind; anything else in the query string is not ours.
    pub fn new(kind: Kind, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut url = Self { kind, inside: false, pairs: vec![] };
        for (name, value) in pairs {
            if url.known(&name) && !value.is_empty() && url.get(&name).is_none() {
                url.pairs.push((name, value));
            }
        }
        let own = Order::of(kind);
        url.pairs.retain(|(name, value)| name != "sort" || Order::read(value) != own);
        url.pairs.sort();
        url
    }

    /// The same for a list of what lives in one resource, which has its own choice of columns.
    pub fn inside(mut self, inside: bool) -> Self {
        self.inside = inside;
        self
    }

    /// Whether a column is shown unless a person chooses otherwise.
    fn chosen(&self, column: &Column) -> bool {
        match (self.kind, self.inside) {
            (Kind::Image, true) => OF_A_REPOSITORY.contains(&column.id),
            _ => column.shown,
        }
    }

    fn known(&self, name: &str) -> bool {
        ["q", "account", "region", "attention", "sort", "cols", "from"].contains(&name) || self.is_facet(name)
    }

    /// Whether `name` filters by a facet.
    pub fn is_facet(&self, name: &str) -> bool {
        name == "state" || name == "tag" || columns(self.kind).iter().any(|c| c.facet && c.id == name)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The comma-separated values of a parameter. A comma inside a value is written `%2C` once more.
    pub fn values(&self, name: &str) -> Vec<String> {
        let split = self.get(name).unwrap_or_default().split(',').filter(|v| !v.is_empty());
        split.map(|v| v.replace("%2C", ",")).collect()
    }

    /// What a form that filters carries along in hidden fields.
    pub fn pairs(&self) -> impl Iterator<Item = &(String, String)> {
        self.pairs.iter().filter(|(name, _)| name != "from")
    }

    /// The question for the server.
    ///
    /// # Errors
    /// What in the query string cannot be meant.
    pub fn query(&self) -> Result<ListQuery, Problem> {
        let mut query = ListQuery::all(self.kind);
        query.limit = FIRST_ROWS;
        if let Some(from) = self.get("from") {
            let row: u32 = from.parse().map_err(|_| Problem::invalid("from", "“from” is the number of a row."))?;
            query.offset = row / FIRST_ROWS * FIRST_ROWS;
        }
        query.accounts = self.values("account").iter().map(|a| AccountId::parse(a)).collect::<Result<_, _>>()?;
        query.regions = self.values("region").iter().map(|r| Region::parse(r)).collect::<Result<_, _>>()?;
        query.text = self.get("q").unwrap_or_default().to_owned();
        query.attention = match self.get("attention") {
            None => false,
            Some("1") => true,
            Some(_) => return Err(Problem::invalid("attention", "“attention” is 1, or it is left out.")),
        };
        if let Some(sort) = self.get("sort") {
            query.sort_by(Order::read(sort));
        }
        for (name, _) in self.pairs.iter().filter(|(n, _)| self.is_facet(n)) {
            query.filters.insert(name.clone(), self.values(name));
        }
        self.check_columns()?;
        query.check()?;
        Ok(query)
    }

    /// Refuses columns that this kind has not: hiding all others in their place would say nothing of why.
    fn check_columns(&self) -> Result<(), Problem> {
        let known = |id: &String| id == NO_COLUMN || columns(self.kind).iter().any(|c| c.id == *id);
        match self.values("cols").into_iter().find(|id| !known(id)) {
            None => Ok(()),
            Some(id) => {
                let of = capital(self.kind.plural());
                Err(Problem::invalid("cols", format!("{of} have no column “{}”.", shorten(&id, 60))))
            }
        }
    }

    /// The same with one parameter replaced; `None` or an empty value removes it. Another list begins at its top.
    pub fn with(&self, name: &str, value: Option<String>) -> Self {
        let mut url = self.clone();
        url.pairs.retain(|(n, _)| n != name && n != "from");
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            url.pairs.push((name.to_owned(), value));
            url.pairs.sort();
        }
        url
    }

    /// The same with one value of a facet added or taken away.
    pub fn toggled(&self, name: &str, value: &str) -> Self {
        let mut values = self.values(name);
        if values.iter().any(|v| v == value) {
            values.retain(|v| v != value);
        } else {
            values.push(value.to_owned());
        }
        let joined = values.iter().map(|v| v.replace(',', "%2C")).collect::<Vec<_>>().join(",");
        self.with(name, Some(joined))
    }

    /// By what it is sorted, and which way.
    pub fn order(&self) -> Order<'_> {
        self.get("sort").map_or(Order::of(self.kind), Order::read)
    }

    /// The same sorted by a column: a second click turns it round, a third ends it. The list's own order is not written.
    pub fn sorted(&self, id: &str) -> Self {
        let own = Order::of(self.kind);
        let first = if own.by == id { own } else { Order { by: id, direction: Direction::Ascending } };
        let next = match self.order() {
            now if now.by != id => first,
            now if now == first => first.turned(),
            _ => own,
        };
        self.with("sort", (next != own).then(|| next.to_string()))
    }

    /// Without any filter; scope, sort and columns stay.
    pub fn unfiltered(&self) -> Self {
        let mut url = self.clone();
        url.pairs.retain(|(n, _)| ["account", "region", "sort", "cols"].contains(&n.as_str()));
        url
    }

    /// Whether any filter is set.
    pub fn is_filtered(&self) -> bool {
        self.with("from", None) != self.unfiltered()
    }

    /// The columns shown: those chosen, else the kind's own choice.
    pub fn shown(&self) -> Vec<(usize, &'static Column)> {
        let chosen = self.get("cols").map(|_| self.values("cols"));
        let all = columns(self.kind).iter().enumerate();
        all.filter(|(_, c)| chosen.as_ref().map_or(self.chosen(c), |ids| ids.iter().any(|id| id == c.id))).collect()
    }

    /// The same with the columns chosen before, where the address names none. A choice of columns that this kind has no more is none.
    pub fn remembering(&self, cols: Option<String>) -> Self {
        let Some(cols) = cols.filter(|cols| !cols.is_empty() && self.get("cols").is_none()) else {
            return self.clone();
        };
        let mut url = self.clone();
        url.pairs.push(("cols".to_owned(), cols));
        url.pairs.sort();
        if url.check_columns().is_ok() { url } else { self.clone() }
    }

    /// The same with one column shown or hidden.
    pub fn column_toggled(&self, id: &str) -> Self {
        let shown: Vec<&str> = self.shown().iter().map(|(_, c)| c.id).collect();
        let next = columns(self.kind).iter().filter(|c| shown.contains(&c.id) != (c.id == id));
        let ids: Vec<&str> = next.map(|c| c.id).collect();
        let own: Vec<&str> = columns(self.kind).iter().filter(|c| self.chosen(c)).map(|c| c.id).collect();
        let value = if ids.is_empty() { NO_COLUMN.to_owned() } else { ids.join(",") };
        self.with("cols", (ids != own).then_some(value))
    }

    /// Where it leads, relative to the list's own path.
    pub fn href(&self) -> String {
        self.href_on(&crate::paths::list(self.kind))
    }

    /// Where it leads when the list is part of another page.
    pub fn href_on(&self, path: &str) -> String {
        let query: Vec<String> =
            self.pairs.iter().map(|(n, v)| format!("{n}={}", encode(v).replace("%2C", ","))).collect();
        match (query.is_empty(), path.contains('?')) {
            (true, _) => path.to_owned(),
            (false, false) => format!("{path}?{}", query.join("&")),
            (false, true) => format!("{path}&{}", query.join("&")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(pairs: &[(&str, &str)]) -> ListUrl {
        ListUrl::new(Kind::Function, pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn a_query_string_is_read_into_a_question() {
        let query =
            url(&[("q", "thumb"), ("state", "Active,Failed"), ("sort", "-name"), ("attention", "1"), ("utm", "x")])
                .query()
                .unwrap();
        assert_eq!(query.text, "thumb");
        assert_eq!(query.filters["state"], ["Active", "Failed"]);
        assert_eq!(query.order(), Order::read("-name"));
        assert!(query.attention);
        assert_eq!(query.filters.len(), 1);
    }

    #[test]
    fn a_repository_shows_other_columns_of_its_images() {
        let url = ListUrl::new(Kind::Image, []).inside(true);
        let ids = |url: &ListUrl| url.shown().iter().map(|(_, c)| c.id).collect::<Vec<_>>();
        assert!(ids(&url).contains(&"digest") && !ids(&url).contains(&"tags"));
        let toggled = url.column_toggled("digest");
        assert!(!ids(&toggled).contains(&"digest"));
        assert_eq!(toggled.column_toggled("digest").get("cols"), None, "one's own choice is not written");
    }

    #[test]
    fn chosen_columns_are_remembered_unless_the_address_names_others() {
        let remembered = |url: &ListUrl, cols: &str| url.remembering(Some(cols.to_owned()));
        let kept = remembered(&url(&[("q", "x"), ("from", "130")]), "runtime,memory");
        assert_eq!((kept.get("cols"), kept.get("from")), (Some("runtime,memory"), Some("130")));
        assert_eq!(remembered(&url(&[("cols", "-")]), "runtime").get("cols"), Some("-"));
        assert_eq!(remembered(&url(&[]), "runtime,bogus"), url(&[]));
        assert_eq!(url(&[]).remembering(None), url(&[]));
    }

    #[test]
    fn nonsense_names_its_field() {
        let field = |pairs: &[(&str, &str)]| url(pairs).query().unwrap_err().field.unwrap();
        assert_eq!(field(&[("sort", "shoe-size")]), "sort");
        assert_eq!(field(&[("account", "12")]), "account");
        assert_eq!(field(&[("region", "mars")]), "region");
        assert_eq!(field(&[("q", &"a".repeat(10_000))]), "text");
        assert_eq!(field(&[("attention", "maybe")]), "attention");
        assert_eq!(field(&[("cols", "runtime,bogus")]), "cols");
        assert!(url(&[("cols", "runtime,memory")]).query().is_ok() && url(&[("cols", "-")]).query().is_ok());
    }

    /// The addresses that clicks on the head of a column lead to, one after another.
    fn clicks(kind: Kind, id: &str) -> Vec<Option<String>> {
        let mut url = ListUrl::new(kind, []);
        let click = |_| {
            url = url.sorted(id);
            url.get("sort").map(str::to_owned)
        };
        (0..3).map(click).collect()
    }

    #[test]
    fn a_second_click_turns_the_order_round_and_a_third_ends_it() {
        let written = |order: &str| Some(order.to_owned());
        assert_eq!(clicks(Kind::Function, "memory"), [written("memory"), written("-memory"), None]);
        assert_eq!(clicks(Kind::Image, "name"), [written("name"), written("-name"), None]);
        let twice = url(&[("sort", "-memory")]);
        assert_eq!(twice.sorted("state").get("sort"), Some("state"));
    }

    #[test]
    fn a_click_on_the_head_of_the_lists_own_order_turns_it_round_and_back() {
        let written = |order: &str| Some(order.to_owned());
        assert_eq!(clicks(Kind::Function, "name"), [written("-name"), None, written("-name")]);
        assert_eq!(clicks(Kind::Image, "pushed"), [written("pushed"), None, written("pushed")]);
        assert_eq!(ListUrl::new(Kind::Image, []).sorted("name").sorted("pushed").get("sort"), None);
    }

    #[test]
    fn the_lists_own_order_is_not_written_and_known() {
        let url = |kind, sort: &str| ListUrl::new(kind, [("sort".to_owned(), sort.to_owned())]);
        assert_eq!(url(Kind::Function, "name").href(), "/functions");
        assert_eq!(url(Kind::Image, "-pushed").href(), "/images");
        assert_eq!(url(Kind::Image, "pushed").href(), "/images?sort=pushed");
        let images = ListUrl::new(Kind::Image, []);
        assert_eq!(images.order(), Order::read("-pushed"));
        assert_eq!(images.query().unwrap().order(), images.order());
        // A repository's own choice of columns has the one that its images stand by.
        assert!(images.inside(true).shown().iter().any(|(_, c)| c.id == "pushed"));
    }

    #[test]
    fn values_with_commas_survive_and_toggle() {
        let on = url(&[("q", "x")]).toggled("tag", "team=a,b").toggled("tag", "env=prod");
        assert_eq!(on.values("tag"), ["team=a,b", "env=prod"]);
        let off = on.toggled("tag", "team=a,b");
        assert_eq!(off.values("tag"), ["env=prod"]);
        assert_eq!(off.toggled("tag", "env=prod"), url(&[("q", "x")]));
        assert_eq!(url(&[("from", "130")]).query().unwrap().offset, 120);
        assert!(
            !url(&[("from", "130")]).is_filtered()
                && url(&[("from", "130")]).toggled("state", "Active").get("from").is_none()
        );
        assert!(on.is_filtered() && !url(&[("sort", "memory")]).is_filtered());
    }

    #[test]
    fn links_say_only_what_differs() {
        assert_eq!(url(&[]).href(), "/functions");
        assert_eq!(url(&[("q", "a b&c")]).href(), "/functions?q=a%20b%26c");
        assert_eq!(url(&[("q", "x")]).href_on("/r?tab=images"), "/r?tab=images&q=x");
    }
}
