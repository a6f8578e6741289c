//! A word looked for with one typo ([`domain::typo`]) in many rows, at the speed of a substring search.

use domain::typo;
use memchr::memmem::Finder;

use super::haystack::Haystack;

/// A piece of a word.
struct Anchor {
    finder: Finder<'static>,
    /// Where in the word it starts.
    at: usize,
}

impl Anchor {
    fn new(piece: &[u8], at: usize) -> Self {
        Self { finder: Finder::new(piece).into_owned(), at }
    }
}

/// A word in which one typo is forgiven, with pieces of which at least one occurs unchanged in whatever is one typo away.
pub struct Forgiven<'w> {
    word: &'w str,
    anchors: Vec<Anchor>,
}

impl<'w> Forgiven<'w> {
    /// Nothing for words in which none is.
    pub fn new(word: &'w str) -> Option<Self> {
        typo::is_forgiven(word, typo::SHORTEST).then(|| Self { word, anchors: anchors(word.as_bytes()) })
    }

    /// Whether it is in this line.
    pub fn is_in(&self, line: &str) -> bool {
        self.anchors.iter().any(|anchor| {
            let mut from = 0;
            while let Some(at) = anchor.finder.find(&line.as_bytes()[from..]) {
                if self.is_around(anchor, line, from + at) {
                    return true;
                }
                from += at + 1;
            }
            false
        })
    }

    /// Calls back with the rows in whose line it is, once or several times with each: for each anchor in order, until that is answered
    /// with `false`.
    pub fn find(&self, haystack: &Haystack, mut each: impl FnMut(u32) -> bool) {
        for anchor in &self.anchors {
            haystack
                .places(&anchor.finder, |row, place| !self.is_around(anchor, haystack.line(row), place) || each(row));
        }
    }

    /// Whether it is where the anchor was found; the typo may have moved that by one.
    fn is_around(&self, anchor: &Anchor, line: &str, place: usize) -> bool {
        let Some(last) = (place + 1).checked_sub(anchor.at) else { return false };
        (last.saturating_sub(2)..=last).any(|start| typo::is_at(self.word, line, start))
    }
}

/// What is before and what is after the letter in the middle: with that left out, swapping two letters never touches both. In the shortest
/// words that would leave a single letter: one of the halves, or, when the two letters at the seam are swapped, the word with them
/// swapped back.
fn anchors(word: &[u8]) -> Vec<Anchor> {
    let middle = word.len() / 2;
    if word.len() > typo::SHORTEST {
        return vec![Anchor::new(&word[..middle], 0), Anchor::new(&word[middle + 1..], middle + 1)];
    }
    let mut swapped = word.to_vec();
    swapped.swap(middle - 1, middle);
    vec![Anchor::new(&word[..middle], 0), Anchor::new(&word[middle..], middle), Anchor::new(&swapped, 0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything one typo away.
    fn typos(word: &str) -> Vec<String> {
        let mut typos = vec![];
        for n in 0..word.len() {
            let (head, tail) = word.split_at(n);
            typos.push(format!("{head}x{tail}"));
            typos.push(format!("{head}{}", &tail[1..]));
            typos.push(format!("{head}x{}", &tail[1..]));
            if tail.len() > 1 {
                typos.push(format!("{head}{}{}{}", &tail[1..2], &tail[..1], &tail[2..]));
            }
        }
        typos
    }

    #[test]
    fn whatever_is_one_typo_away_is_found() {
        for word in ["prod", "media", "orders"] {
            let lines = [word.to_owned(), format!("api-{word}-7"), format!("team={word}\ttier=1"), format!("q{word}")];
            let haystack = Haystack::new(lines.iter().map(|line| vec![line.as_str()]));
            for typed in typos(word).iter().filter(|typed| typed.len() >= typo::SHORTEST) {
                let word = Forgiven::new(typed).unwrap();
                assert_eq!(lines.each_ref().map(|line| word.is_in(line))[..3], [true; 3], "{typed}");
                let mut rows = vec![];
                word.find(&haystack, |row| {
                    rows.push(row);
                    true
                });
                rows.sort_unstable();
                rows.dedup();
                assert_eq!(rows[..3], [0, 1, 2], "{typed}");
            }
        }
    }

    #[test]
    fn it_finds_what_looking_at_every_place_finds() {
        let lines = ["aaaa", "aaab-aaaa", "abab=baba", "baab", "bbaa-abba", "aabbaab", "b-a-b-a", ""];
        for number in 0..64 {
            let typed: String = (0..4 + number % 3).map(|n| if (number >> n) & 1 == 1 { 'a' } else { 'b' }).collect();
            let word = Forgiven::new(&typed).unwrap();
            for line in lines {
                assert_eq!(word.is_in(line), typo::is_in(&typed, line), "{typed} in {line}");
            }
        }
    }

    #[test]
    fn an_answer_of_no_ends_only_what_one_anchor_finds() {
        let haystack = Haystack::new([vec!["ordxxx-ordxrs"], vec!["ord-rs"], vec!["orders"]].into_iter());
        let mut rows = vec![];
        Forgiven::new("orders").unwrap().find(&haystack, |row| {
            rows.push(row);
            false
        });
        assert_eq!(rows, [0, 0]);
    }
}
