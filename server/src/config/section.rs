//! A table of a configuration file, read key by key: each wrong value is told with the place it is at.

use domain::{Problem, Region};
use toml::{Table, Value};

use super::{Result, wrong};

/// A table of the file and where in it we are.
pub(super) struct Section<'a> {
    pub(super) file: &'a str,
    pub(super) prefix: String,
    pub(super) table: &'a Table,
}

impl Section<'_> {
    pub(super) fn wrong(&self, key: &str, why: impl std::fmt::Display) -> Problem {
        wrong(self.file, &format!("{}{key}", self.prefix), why)
    }
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        match self.table.keys().find(|k| !known.contains(&k.as_str())) {
            Some(key) => Err(self.wrong(key, format!("is not known here; known are {}", known.join(", ")))),
            None => Ok(()),
        }
    }
    pub(super) fn text(&self, key: &str) -> Result<Option<String>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(Value::String(_)) => Err(self.wrong(key, "is empty")),
            Some(other) => Err(self.wrong(key, format!("is a {}, not text in quotes", other.type_str()))),
        }
    }
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> std::result::Result<T, String>,
    ) -> Result<Option<T>> {
        self.text(key)?.map(|text| parse(&text).map_err(|why| self.wrong(key, why))).transpose()
    }
    pub(super) fn flag(&self, key: &str) -> Result<bool> {
        match self.table.get(key) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, format!("is a {}, not true or false", other.type_str()))),
        }
    }
    pub(super) fn number(&self, key: &str, least: u32, most: u32) -> Result<Option<u32>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::Integer(n)) => match u32::try_from(*n) {
                Ok(n) if (least..=most).contains(&n) => Ok(Some(n)),
                _ => Err(self.wrong(key, format!("{n} is not between {least} and {most}"))),
            },
            Some(other) => Err(self.wrong(key, format!("is a {}, not a whole number", other.type_str()))),
        }
    }
    /// A part of a whole; what is less than a hundredth of it is a mistake.
    pub(super) fn share(&self, key: &str) -> Result<Option<f64>> {
        let share = match self.table.get(key) {
            None => return Ok(None),
            Some(Value::Float(share)) => *share,
            Some(Value::Integer(1)) => 1.0,
            Some(Value::Integer(n)) => return Err(self.wrong(key, format!("{n} is not between 0.01 and 1"))),
            Some(other) => return Err(self.wrong(key, format!("is a {}, not a number such as 0.5", other.type_str()))),
        };
        match (0.01..=1.0).contains(&share) {
            true => Ok(Some(share)),
            false => Err(self.wrong(key, format!("{share} is not between 0.01 and 1"))),
        }
    }
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let items = value.as_array().ok_or_else(|| self.wrong(key, "is not a list of texts"))?;
        let text = |item: &Value| item.as_str().map(str::to_owned);
        let texts: Option<Vec<String>> = items.iter().map(text).collect();
        texts.map(Some).ok_or_else(|| self.wrong(key, "holds something that is not text"))
    }
    pub(super) fn regions(&self) -> Result<Vec<Region>> {
        let Some(Value::Array(items)) = self.table.get("regions") else {
            return Err(self.wrong("regions", "is missing: a list such as [\"eu-west-1\", \"us-east-1\"]"));
        };
        let regions = items
            .iter()
            .map(|item| {
                let text = item.as_str().ok_or_else(|| self.wrong("regions", "holds something that is not text"))?;
                match Region::parse(text) {
                    Ok(region) if region != Region::global() => Ok(region),
                    Ok(_) => Err(self.wrong("regions", "“global” is always collected; name real regions")),
                    Err(problem) => Err(self.wrong("regions", problem.message)),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        if regions.is_empty() { Err(self.wrong("regions", "is empty")) } else { Ok(regions) }
    }
}
