//! One-typo matching: a letter too many, too few, wrong, or two swapped.

use memchr::memmem::Finder;

/// The shortest word in which a typo is forgiven, in bytes.
pub const SHORTEST: usize = 4;

/// Whether `word` with one typo is `token` or its beginning (people search while they type).
pub fn close(word: &str, token: &str) -> bool {
    let (word, token) = (word.as_bytes(), token.as_bytes());
    (word.len() - 1..=word.len() + 1).any(|n| n <= token.len() && within_one(word, &token[..n]))
}

/// Whether at most one insertion, deletion, substitution or swap of neighbours makes `a` into `b`.
fn within_one(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => true,
        _ if a.len() == b.len() => {
            a[1..] == b[1..] || (a.len() > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..])
        }
        _ if a.len() == b.len() + 1 => a[1..] == *b,
        _ if b.len() == a.len() + 1 => b[1..] == *a,
        _ => false,
    }
}

/// Finders for what must occur unchanged in whatever is one typo away: one of the halves, or, when the two letters at the seam are swapped,
/// the word with them swapped back.
pub fn anchors(word: &str) -> Vec<Finder<'static>> {
    if word.len() < SHORTEST || !word.is_ascii() {
        return vec![];
    }
    let middle = word.len() / 2;
    let mut swapped = word.as_bytes().to_vec();
    swapped.swap(middle - 1, middle);
    [&word.as_bytes()[..middle], &word.as_bytes()[middle..], &swapped].map(|n| Finder::new(n).into_owned()).into()
}

/// Where words start in a lower-cased name: after anything that is no letter or digit, and at the beginning.
pub fn tokens(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_typo_is_forgiven_two_are_not() {
        for typed in [
            "thumbnailer",
            "thumbnialer",
            "thmbnailer",
            "thumbnaileer",
            "thumbnaiker",
            "humbnailer",
            "thumbnial",
            "tuhmb",
        ] {
            assert!(close(typed, "thumbnailer"), "{typed}");
        }
        for typed in ["thmbnialer", "thumbnailerxx", "tmubnailer", "payments"] {
            assert!(!close(typed, "thumbnailer"), "{typed}");
        }
    }

    #[test]
    fn whatever_is_one_typo_away_contains_an_anchor() {
        let word = "orders";
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
        for typed in typos.iter().filter(|t| t.len() >= SHORTEST) {
            let found = anchors(typed).iter().any(|f| f.find(word.as_bytes()).is_some());
            assert!(found && close(typed, word), "{typed}");
        }
    }
}
