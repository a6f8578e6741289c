//! Text while somebody types it: what is only unfinished is no mistake yet, what no ending makes right is one at once.

/// What divides the entries of a list in one field.
const DIVIDERS: [char; 4] = [',', ' ', '\t', '\n'];

/// The rule for a text, with how such texts end.
#[derive(Clone, Copy, Debug)]
pub struct Typing {
    rule: fn(&str) -> Result<(), String>,
    ends: &'static [&'static str],
    list: bool,
}

impl Typing {
    /// One text, blanks around it not counted. What `rule` says is not asked for here: it stands where the whole form is checked. `ends` are
    /// texts that make a right one of each beginning of a right one: put after it, or what is left of them once its length is taken off.
    pub const fn of(rule: fn(&str) -> Result<(), String>, ends: &'static [&'static str]) -> Self {
        Self { rule, ends, list: false }
    }

    /// Several, divided by commas and blanks. Only the last is still being typed.
    pub const fn list_of(rule: fn(&str) -> Result<(), String>, ends: &'static [&'static str]) -> Self {
        Self { rule, ends, list: true }
    }

    /// Whether whatever is typed after it leaves it wrong. Nothing at all is none.
    pub fn is_dead_end(&self, typed: &str) -> bool {
        if !self.list {
            return self.leads_nowhere(typed.trim());
        }
        let mut entries = typed.rsplit(DIVIDERS);
        let last = entries.next().unwrap_or_default();
        self.leads_nowhere(last) || entries.any(|entry| !entry.is_empty() && (self.rule)(entry).is_err())
    }

    fn leads_nowhere(&self, typed: &str) -> bool {
        let right = |end: &str| (self.rule)(&format!("{typed}{end}")).is_ok();
        let rest = |end: &str| end.get(typed.len()..).is_some_and(right);
        !typed.is_empty() && !right("") && !self.ends.iter().any(|end| right(end) || rest(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four digits.
    fn pin(text: &str) -> Result<(), String> {
        let right = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        if right { Ok(()) } else { Err("four digits".into()) }
    }

    #[test]
    fn a_beginning_is_no_dead_end() {
        let pin = Typing::of(pin, &["0000"]);
        assert_eq!(["", " ", "1", "12", "1234", " 12 "].map(|text| pin.is_dead_end(text)), [false; 6]);
        assert_eq!(["a", "1a", "12345", "1 2", "é"].map(|text| pin.is_dead_end(text)), [true; 5]);
    }

    #[test]
    fn of_a_list_only_the_last_may_be_unfinished() {
        let pins = Typing::list_of(pin, &["0000"]);
        assert_eq!(["", ", ", "12", "1234, 5", "1234,\n5678 "].map(|text| pins.is_dead_end(text)), [false; 5]);
        assert_eq!(["12,", "12, 3456", "1234, 5x", "x"].map(|text| pins.is_dead_end(text)), [true; 4]);
    }
}
