//! Lists that leave as files: JSON or CSV, streamed page by page, so that an export of a long list holds little memory.

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::listing::MAX_EXPORT;
use domain::policy::Actor;
use domain::{Code, Problem};
use futures::stream;
use serde::Serialize;

use super::query::Pairs;
use crate::auth::Auth;

/// A list that is read page by page.
#[async_trait]
pub trait Listing: Send + 'static {
    /// What it is a list of.
    type Entry: Serialize + Send;
    /// The name of its files, without what comes after the dot.
    const FILE: &'static str;
    /// The names of its columns, separated by commas.
    const COLUMNS: &'static str;
    /// The most entries of a page.
    const PAGE: u32;

    /// The next entries, for whoever this is by now; the call after it goes on behind them.
    async fn page(&mut self, actor: &Actor, limit: u32) -> Result<Vec<Self::Entry>, Problem>;
    /// An entry as a line of CSV, without its end: [`cells`] for whatever is not a number.
    fn line(entry: &Self::Entry) -> String;
}

/// Whoever reads a list: asked again before each page, because their access may end while they read.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// Who it is, with the role of this moment.
    ///
    /// # Errors
    /// When they are not signed in any more.
    async fn who(&self) -> Result<Actor, Problem>;
}

/// Whoever sent these headers.
pub struct Sender {
    /// Knows them.
    pub auth: Auth,
    /// With the cookie or token.
    pub headers: HeaderMap,
}

#[async_trait]
impl Reader for Sender {
    async fn who(&self) -> Result<Actor, Problem> {
        self.auth.of(&self.headers).await?.ok_or_else(Problem::signed_out)
    }
}

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

impl Format {
    /// As `format` says, else as the header `Accept` does.
    fn of(pairs: &Pairs, headers: &HeaderMap) -> Result<Self, Problem> {
        match pairs.get("format") {
            Some("json") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some(_) => Err(Problem::invalid("format", "format is json or csv.")),
            None => {
                let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
                Ok(if accept.contains("text/csv") { Format::Csv } else { Format::Json })
            }
        }
    }
    const fn media(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
        }
    }
    const fn extension(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
        }
    }
    /// A page of entries, the first with what stands before all of them.
    fn write<L: Listing>(self, entries: &[L::Entry], first: bool) -> Result<String, Problem> {
        match self {
            Format::Csv => {
                let head = if first { format!("{}\r\n", L::COLUMNS) } else { String::new() };
                Ok(entries.iter().fold(head, |text, entry| text + &L::line(entry) + "\r\n"))
            }
            Format::Json => {
                let mut text = String::from(if first { "[" } else { "" });
                for (n, entry) in entries.iter().enumerate() {
                    if n > 0 || !first {
                        text.push(',');
                    }
                    let entry = serde_json::to_string(entry);
                    text += &entry
                        .map_err(|e| Problem::new(Code::Internal, "An entry cannot be written", e.to_string()))?;
                }
                Ok(text)
            }
        }
    }
    const fn end(self) -> &'static str {
        match self {
            Format::Json => "]",
            Format::Csv => "",
        }
    }
}

/// Texts as cells of CSV (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe before it.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
pub fn cells(texts: &[&str]) -> String {
    let cell = |text: &&str| {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
    };
    texts.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// What is still to be written.
struct Rest<L, R> {
    list: L,
    reader: R,
    format: Format,
    left: u32,
    first: bool,
}

impl<L: Listing, R: Reader> Rest<L, R> {
    /// The next piece, and what comes after it.
    async fn next(mut self) -> Result<(Bytes, Option<Self>), Problem> {
        let limit = self.left.min(L::PAGE);
        let actor = self.reader.who().await?;
        let page = self.list.page(&actor, limit).await?;
        let mut text = self.format.write::<L>(&page, self.first)?;
        let count = u32::try_from(page.len()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_sub(count);
        if count < limit || self.left == 0 {
            text += self.format.end();
            return Ok((text.into(), None));
        }
        self.first = false;
        Ok((text.into(), Some(self)))
    }
}

/// The answer with a list in the `format` and up to the `limit` that the query string says, `usual` unless it says one.
///
/// # Errors
/// With the field `format` or `limit`; whatever keeps the first page from being read. What goes wrong later cuts the answer off, and so does
/// the end of the reader's access.
pub async fn answer<L: Listing, R: Reader>(
    list: L,
    reader: R,
    usual: u32,
    pairs: &Pairs,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let format = Format::of(pairs, headers)?;
    let left = pairs.number("limit")?.unwrap_or(usual);
    if !(1..=MAX_EXPORT).contains(&left) {
        return Err(Problem::invalid("limit", format!("Between 1 and {MAX_EXPORT} entries can be asked for.")));
    }
    // Who may not is told so; only what goes wrong later cuts the answer off.
    let (first, rest) = Rest { list, reader, format, left, first: true }.next().await?;
    let later = stream::try_unfold(rest, |rest: Option<Rest<L, R>>| async move {
        let Some(rest) = rest else { return Ok(None) };
        rest.next().await.map(Some).map_err(|problem| {
            tracing::warn!(%problem, list = L::FILE, "an export is cut off");
            std::io::Error::other(problem.title)
        })
    });
    let head = stream::once(std::future::ready(Ok::<_, std::io::Error>(first)));
    let body = Body::from_stream(futures::StreamExt::chain(head, later));
    let mut answer = ([(header::CONTENT_TYPE, format.media())], body).into_response();
    if pairs.get("format").is_some() {
        let name = format!("attachment; filename=\"{}.{}\"", L::FILE, format.extension());
        let name = HeaderValue::try_from(name).map_err(|_| Problem::internal("export-name"))?;
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::policy::{Permission, Role, decide};
    use std::sync::Mutex;

    /// A list of the numbers from here on, for whoever may read the trail.
    struct Numbers(u32);

    /// Somebody whose role is the next of these each time; out once there is none.
    struct Somebody(Mutex<Vec<Role>>);

    #[async_trait]
    impl Reader for Somebody {
        async fn who(&self) -> Result<Actor, Problem> {
            let role = self.0.lock().unwrap().pop().ok_or_else(Problem::signed_out)?;
            Ok(Actor { person: 1, name: "ada".into(), role, session: 1 })
        }
    }

    fn roles(roles: &[Role]) -> Somebody {
        Somebody(Mutex::new(roles.iter().rev().copied().collect()))
    }

    #[async_trait]
    impl Listing for Numbers {
        type Entry = u32;
        const FILE: &'static str = "numbers";
        const COLUMNS: &'static str = "number";
        const PAGE: u32 = 2;
        async fn page(&mut self, actor: &Actor, limit: u32) -> Result<Vec<u32>, Problem> {
            decide(actor, Permission::ReadAudit)?;
            let from = self.0;
            self.0 += limit;
            Ok((from..self.0).collect())
        }
        fn line(entry: &u32) -> String {
            entry.to_string()
        }
    }

    async fn body(query: &str) -> String {
        let operator = roles(&[Role::Operator; 3]);
        let answer = answer(Numbers(1), operator, 3, &Pairs::of(query), &HeaderMap::new()).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(
            cells(&["=HYPERLINK(\"http://x\")\n2", "a=1", ""]),
            "\"'=HYPERLINK(\"\"http://x\"\")\n2\",\"a=1\",\"\""
        );
        for start in ["+1", "-1", "@a", "\t=1", "\r=1"] {
            assert_eq!(cells(&[start]), format!("\"'{start}\""));
        }
    }

    #[tokio::test]
    async fn pages_make_one_list_of_as_many_as_are_asked_for() {
        assert_eq!(body("format=csv&limit=5").await, "number\r\n1\r\n2\r\n3\r\n4\r\n5\r\n");
        assert_eq!(body("").await, "[1,2,3]");
        assert_eq!(Format::Json.write::<Numbers>(&[], true).unwrap() + Format::Json.end(), "[]");
        for (query, field) in [("limit=0", "limit"), ("limit=100001", "limit"), ("format=xml", "format")] {
            let operator = roles(&[Role::Operator]);
            let refused = answer(Numbers(1), operator, 3, &Pairs::of(query), &HeaderMap::new()).await.unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{query}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_cut_off_where_its_readers_access_ends() {
        let read = async |reader: Somebody| {
            let answer = answer(Numbers(1), reader, 6, &Pairs::of("format=csv"), &HeaderMap::new()).await?;
            Ok::<_, Problem>(axum::body::to_bytes(answer.into_body(), 1000).await)
        };
        let operator = Role::Operator;
        assert!(read(roles(&[operator; 3])).await.unwrap().is_ok());
        assert!(read(roles(&[operator; 2])).await.unwrap().is_err(), "signed out");
        assert!(read(roles(&[operator, operator, Role::Viewer])).await.unwrap().is_err(), "with a lower role");
        assert_eq!(read(roles(&[Role::Viewer])).await.unwrap_err().code, Code::Forbidden, "told so at once");
    }
}
