//! Text of two ends in little room: what it shares with its like gives way first, its own end stays. The looks are `.ends` in `style/base.css`.

use leptos::prelude::*;

use super::format::short_digests;

/// An own end of more characters is of two ends itself.
const LONG: usize = 12;
/// So many of its last ones stay.
const LAST: usize = 8;

/// What stands before the number of a digest.
const DIGEST: &str = "sha256:";

/// Where an own end gives way in its turn: of a digest the beginning tells it apart, of all else the last letters do.
fn halves<'a>(shared: &str, own: &'a str) -> Option<(&'a str, &'a str)> {
    if let Some(at) = own.find(DIGEST) {
        return own.split_at_checked(at + DIGEST.len());
    }
    if shared.ends_with(DIGEST) {
        return None;
    }
    let (at, _) = own.char_indices().nth_back(LAST - 1)?;
    (own.chars().count() > LONG).then(|| own.split_at(at))
}

/// The two parts, for a box of the class `ends`. Whoever hears it hears two words: the box, or the link around it, says it whole in its label.
pub fn cut_ends(shared: &str, own: &str) -> AnyView {
    let own = match halves(shared, own) {
        Some((begins, ends)) => {
            let (begins, ends) = (begins.to_owned(), ends.to_owned());
            view! { <span class="ends"><span>{begins}</span><span>{ends}</span></span> }.into_any()
        }
        None => view! { <span>{own.to_owned()}</span> }.into_any(),
    };
    view! { <span>{shared.to_owned()}</span>{own} }.into_any()
}

/// A sentence whose digests are short; who points at it sees them whole.
pub fn brief(text: &str) -> AnyView {
    let short = short_digests(text);
    if short == text {
        return short.into_any();
    }
    view! { <span title=text.to_owned()>{short}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::halves;

    #[test]
    fn long_ends_keep_their_last_letters_and_digests_their_first() {
        assert_eq!(halves("web", ":1.4.2"), None);
        assert_eq!(halves("web", ":release-2026-11-29-4f2a9c1"), Some((":release-2026-11-29", "-4f2a9c1")));
        assert_eq!(halves("web", "@sha256:2e863c44b718"), Some(("@sha256:", "2e863c44b718")));
        assert_eq!(halves("sha256:", "2e863c44b718727c860746568e1d54"), None);
        assert_eq!(halves("", "größe-größe-größe"), Some(("größe-grö", "ße-größe")));
    }
}
