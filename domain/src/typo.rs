//! One-typo matching: a letter too many, too few, wrong, or two swapped. All texts are in lower case.

/// The shortest word in which a typo is forgiven where it may be a name, in bytes.
pub const SHORTEST: usize = 4;
/// The same for everything else. Tags, ids and words for kinds are many and look alike: "prod" is no typo of "pod".
pub const SHORTEST_ELSEWHERE: usize = 5;

/// Whether a typo is forgiven in a word: one of at least so many bytes, all ASCII, as a typo is one of bytes.
pub fn is_forgiven(word: &str, shortest: usize) -> bool {
    word.len() >= shortest && word.is_ascii()
}

/// Whether `word` with at most one typo is somewhere in this line, from the start of one of the line's own words on.
pub fn is_in(word: &str, line: &str) -> bool {
    (0..line.len()).any(|place| is_at(word, line, place))
}

/// The same for one place of the line.
pub fn is_at(word: &str, line: &str, place: usize) -> bool {
    let starts =
        place == 0 || line.as_bytes().get(place - 1).is_some_and(|b| b.is_ascii() && !b.is_ascii_alphanumeric());
    starts && line.get(place..).is_some_and(|rest| close(word, rest))
}

/// Whether `word` with at most one typo is `text` or its beginning (people search while they type).
pub fn close(word: &str, text: &str) -> bool {
    let (word, text) = (word.as_bytes(), text.as_bytes());
    (word.len().saturating_sub(1)..=word.len() + 1).any(|n| n <= text.len() && within_one(word, &text[..n]))
}

/// Whether `word` with at most one typo is all of `text`.
pub fn same(word: &str, text: &str) -> bool {
    within_one(word.as_bytes(), text.as_bytes())
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
        assert!(same("fucntion", "function") && same("functions", "function") && !same("fucnti", "function"));
    }

    #[test]
    fn a_word_is_found_from_the_start_of_one_on() {
        for typed in ["meida", "tema=media", "medai", "eam=media", "owner"] {
            assert!(is_in(typed, "team=media\towner=ada"), "{typed}");
        }
        for typed in ["edia=", "wner=", "meiad"] {
            assert!(!is_in(typed, "team=media\tbowner=ada"), "{typed}");
        }
        assert!(is_in("oders", "größe orders") && !is_in("oders", "größeorders") && !is_in("oders", ""));
    }

    #[test]
    fn short_words_are_taken_as_they_are() {
        assert!(is_forgiven("webs", SHORTEST) && !is_forgiven("webs", SHORTEST_ELSEWHERE));
        assert!(!is_forgiven("größen", SHORTEST));
    }
}
