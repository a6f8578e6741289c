//! Paging behind a place while rows come, go and change, on servers that number their scopes differently.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::listing::{ListQuery, MAX_LIMIT, Order};
use domain::{Code, Kind, Millis, Problem, ResourceKey, Scope};
use gantry_store::resources::Stored;
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::cursor::window;
use super::entry::{Entry, Words};
use super::list::list;
use super::table::{Replacement, Table};
use super::tests::{function, scopes};

/// What a server has in memory.
struct Server {
    scopes: Vec<Scope>,
    table: Table,
}

impl Server {
    fn new(scopes: Vec<Scope>, rows: impl Iterator<Item = Stored>) -> Self {
        let server = Self { scopes, table: Table::empty(Kind::Function) };
        let table = server.table.with(rows.map(|row| server.change(&row)).collect(), &server.scopes);
        Self { table, ..server }
    }
    fn scope(&self, key: &ResourceKey) -> u16 {
        self.scopes.iter().position(|scope| *scope == key.scope).unwrap() as u16
    }
    fn change(&self, row: &Stored) -> Replacement {
        let scope = self.scope(&row.key);
        ((scope, row.key.id.as_str().into()), Some(Entry::of(row, scope, &mut Words::default())))
    }
    fn put(&mut self, row: &Stored) {
        self.table = self.table.with(vec![self.change(row)], &self.scopes);
    }
    fn remove(&mut self, key: &ResourceKey) {
        let changes = vec![((self.scope(key), key.id.as_str().into()), None)];
        self.table = self.table.with(changes, &self.scopes);
    }
    fn page(&self, query: &ListQuery, cursor: Option<&str>) -> Result<(Vec<ResourceKey>, Option<String>), Problem> {
        query.check()?;
        let covers = |n: u16| (self.scopes[usize::from(n)].region.as_str() == "us-east-1").then_some(Millis(1002));
        let listing = list(&self.table, &self.scopes, &covers, query);
        let (window, next) = window(&self.table, &self.scopes, &listing, query, cursor)?;
        let key = |n: &u32| self.table.rows[*n as usize].key(self.table.kind, &self.scopes);
        Ok((listing.rows[window].iter().map(key).collect(), next))
    }
    fn whole(&self, query: &ListQuery) -> Vec<ResourceKey> {
        let (keys, next) = self.page(&ListQuery { limit: MAX_LIMIT, ..query.clone() }, None).unwrap();
        assert_eq!(next, None);
        keys
    }
}

/// Each name is there in three scopes, and every column has equal values, and none, in several rows.
fn row(n: usize) -> Stored {
    let one_of = |values: &[Value]| values[n / 3 % values.len()].clone();
    let name = format!("{}-{}", ["web", "Web", "orders \"2\""][n / 3 % 3], n / 9);
    let more = json!({
        "MemorySize": one_of(&[json!(128), Value::Null, json!(512), json!(128)]),
        "Runtime": one_of(&[json!("python3.13"), json!("nodejs22.x"), Value::Null, json!("python3.8"), json!("python3.8")]),
        "State": one_of(&[json!("Active"), json!("Failed"), Value::Null]),
        "Architectures": one_of(&[json!(["x86_64"]), json!(["arm64"])]),
        // Longer than what counts: equal.
        "Description": one_of(&[json!(format!("{} {n}", "é".repeat(400))), json!("short"), Value::Null]),
    });
    let observed = function(n % 3, &name, more);
    let (seen, changed) = (Millis(1000 + (n % 5) as i64), Millis(1000 + (n % 4) as i64));
    Stored { id: 1, key: observed.key, doc: observed.doc, version: 1, first_seen: Millis(0), seen, changed, gone: None }
}

/// A server that numbers its scopes in order, and one that numbers them the other way round.
fn two_servers(rows: usize) -> [Server; 2] {
    let turned = scopes().into_iter().rev().collect();
    [scopes(), turned].map(|scopes| Server::new(scopes, (0..rows).map(row)))
}

/// In each order that functions can be asked for, and in their own.
fn queries(limit: u32) -> Vec<ListQuery> {
    let fixed = ["name", "state", "account", "region", "seen", "changed"];
    let columns = domain::describe::columns(Kind::Function).iter().map(|column| column.id);
    let mut queries = vec![ListQuery { limit, ..ListQuery::all(Kind::Function) }];
    for by in fixed.into_iter().chain(columns) {
        for order in [Order::read(by), Order::read(by).turned()] {
            let mut query = ListQuery { limit, ..ListQuery::all(Kind::Function) };
            query.sort_by(order);
            queries.push(query);
        }
    }
    queries
}

#[test]
fn pages_of_any_order_and_server_make_the_whole_list() {
    let servers = two_servers(45);
    for query in [1, 7].into_iter().flat_map(queries) {
        let order = query.order().to_string();
        let whole = servers[0].whole(&query);
        assert_eq!((whole.len(), &servers[1].whole(&query)), (45, &whole), "{order}");
        let (mut told, mut cursor, mut asked) = (vec![], None::<String>, 0);
        loop {
            let (keys, next) = servers[asked % 2].page(&query, cursor.as_deref()).unwrap();
            told.extend(keys);
            asked += 1;
            if next.is_none() {
                break;
            }
            cursor = next;
        }
        assert_eq!(told, whole, "{order}");
        assert_eq!(asked, whole.len().div_ceil(query.limit as usize), "no window is empty");
    }
}

#[test]
fn what_stays_is_told_once_while_others_come_and_go() {
    for query in queries(4) {
        let order = query.order().to_string();
        let mut servers = two_servers(45);
        let lasting: BTreeSet<ResourceKey> = (0..45).filter(|n| n % 4 != 1).map(|n| row(n).key).collect();
        let expected: Vec<ResourceKey> =
            servers[0].whole(&query).into_iter().filter(|key| lasting.contains(key)).collect();
        let mut leaving = (0..45).filter(|n| n % 4 == 1).map(|n| row(n).key);
        let mut coming = (45..90).map(row);
        let (mut told, mut cursor, mut asked): (Vec<ResourceKey>, _, _) = (vec![], None::<String>, 0);
        loop {
            let (keys, next) = servers[asked % 2].page(&query, cursor.as_deref()).unwrap();
            told.extend(keys);
            asked += 1;
            if next.is_none() {
                break;
            }
            cursor = next;
            let place = told.last().filter(|key| !lasting.contains(*key)).cloned();
            let gone: Vec<ResourceKey> = place.into_iter().chain(leaving.next()).collect();
            let come = coming.next();
            for server in &mut servers {
                gone.iter().for_each(|key| server.remove(key));
                come.iter().for_each(|row| server.put(row));
            }
        }
        let once: BTreeSet<&ResourceKey> = told.iter().collect();
        assert_eq!(once.len(), told.len(), "{order}: a row is told twice");
        told.retain(|key| lasting.contains(key));
        assert_eq!(told, expected, "{order}");
    }
}

#[test]
fn a_window_goes_on_behind_a_row_that_is_gone_or_stands_elsewhere() {
    for query in queries(10) {
        let order = query.order().to_string();
        let [mut server, _] = two_servers(45);
        let whole = server.whole(&query);
        let (first, cursor) = server.page(&query, None).unwrap();
        assert_eq!(first, whole[..10], "{order}");
        server.remove(&first[9]);
        assert_eq!(server.page(&query, cursor.as_deref()).unwrap().0, whole[10..20], "{order}: gone");
        for changed in ["aaa", "zzz"] {
            let mut row = (0..45).map(row).find(|row| row.key == first[9]).unwrap();
            row.doc["Handler"] = json!(changed);
            row.doc["MemorySize"] = json!(changed.len() * usize::from(changed == "zzz"));
            server.put(&row);
            let (mut second, _) = server.page(&query, cursor.as_deref()).unwrap();
            second.retain(|key| *key != first[9]);
            assert_eq!(second[..9], whole[10..19], "{order}: changed to {changed}");
        }
    }
}

#[test]
fn a_list_whose_place_and_all_behind_it_are_gone_is_at_its_end() {
    let [mut server, _] = two_servers(9);
    let query = ListQuery { limit: 8, ..ListQuery::all(Kind::Function) };
    let (keys, cursor) = server.page(&query, None).unwrap();
    let last = server.whole(&query).pop().unwrap();
    [&keys[7], &last].into_iter().for_each(|key| server.remove(key));
    assert_eq!(server.page(&query, cursor.as_deref()).unwrap(), (vec![], None));
}

#[test]
fn a_cursor_is_for_its_list_alone() {
    let [server, _] = two_servers(9);
    let query = ListQuery { limit: 2, regions: vec![scopes()[0].region.clone()], ..ListQuery::all(Kind::Function) };
    let cursor = server.page(&query, None).unwrap().1.unwrap();
    let refused = |query: &ListQuery, cursor: &str| {
        let problem = server.page(query, Some(cursor)).unwrap_err();
        assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("cursor")), "{cursor}");
        problem.message
    };
    let ordered = |order: &str| {
        let mut query = query.clone();
        query.sort_by(Order::read(order));
        query
    };
    for other in [
        ordered("-name"),
        ordered("memory"),
        ListQuery { regions: vec![], ..query.clone() },
        ListQuery { accounts: vec![scopes()[0].account.clone()], ..query.clone() },
        ListQuery { text: "web".into(), ..query.clone() },
        ListQuery { attention: true, ..query.clone() },
        ListQuery { filters: [("state".to_owned(), vec!["Active".to_owned()])].into(), ..query.clone() },
    ] {
        assert!(refused(&other, &cursor).contains("another list"), "{other:?}");
    }
    // Another size of window, the order that it has anyway, no filter written as one: the same list.
    for same in [
        ListQuery { limit: 5, ..query.clone() },
        ordered("name"),
        ListQuery { filters: [("state".to_owned(), vec![])].into(), ..query.clone() },
    ] {
        assert_eq!(server.page(&same, Some(&cursor)).unwrap().0[..2], server.whole(&query)[2..4]);
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&cursor).unwrap()).unwrap();
    let later = URL_SAFE_NO_PAD.encode(text.replacen("[1,", "[2,", 1));
    for nonsense in ["x", "100", "&&", "bnVsbA", &cursor[1..], &cursor[..cursor.len() - 4], later.as_str()] {
        assert!(refused(&query, nonsense).contains("unchanged"), "{nonsense}");
    }
}

#[test]
fn a_cursor_fits_into_an_address_however_long_the_text_that_is_sorted_by() {
    let long = |n: usize| {
        let mut row = row(n);
        row.doc["Description"] = json!("é".repeat(5000));
        row
    };
    let server = Server::new(scopes(), (0..3).map(long));
    let mut query = ListQuery { limit: 2, ..ListQuery::all(Kind::Function) };
    query.sort_by(Order::read("-description"));
    let cursor = server.page(&query, None).unwrap().1.unwrap();
    assert!(cursor.len() < 1000, "{}", cursor.len());
    assert_eq!(server.page(&query, Some(&cursor)).unwrap().0, server.whole(&query)[2..]);
}
