//! AWS's rules for what the Public Gallery says of a repository.
//! <https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html>

use crate::identity::clip;

/// The most characters of the short description.
pub const DESCRIPTION: usize = 1_024;
/// The most characters of each long text.
pub const TEXT: usize = 25_600;
/// The most architectures, and the most operating systems; and the most characters of each.
pub const LABELS: usize = 50;
/// The largest logo, in bytes.
pub const LOGO: usize = 500_000;

/// The architectures that the gallery shows and lets people search for.
pub const ARCHITECTURES: [&str; 4] = ["ARM", "ARM 64", "x86", "x86-64"];
/// The operating systems that it does.
pub const SYSTEMS: [&str; 2] = ["Linux", "Windows"];

/// A text of at most so many characters.
pub fn text(text: &str, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("At most {most} characters are allowed; these are {length}."));
    }
    Ok(())
}

/// Architectures or operating systems. Others than the gallery knows are allowed, but found by nobody.
pub fn labels(all: &[String]) -> Result<(), String> {
    if all.len() > LABELS {
        return Err(format!("At most {LABELS} are allowed; these are {}.", all.len()));
    }
    match all.iter().find(|label| !(1..=LABELS).contains(&label.chars().count())) {
        Some(wrong) => Err(format!("“{}” must have 1 to {LABELS} characters.", clip(wrong))),
        None => Ok(()),
    }
}

/// A logo in base64: a PNG.
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-catalog-data.html>
pub fn logo(base64: &str) -> Result<(), String> {
    let digits = base64.trim_end_matches('=');
    let padding = base64.len() - digits.len();
    let digit = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if !base64.len().is_multiple_of(4) || padding > 2 || !digits.bytes().all(digit) {
        return Err("The logo is the base64 text of a PNG.".to_owned());
    }
    let bytes = base64.len() / 4 * 3 - padding;
    if bytes > LOGO {
        return Err(format!("A logo has at most {} kB; this has {} kB.", LOGO / 1000, bytes.div_ceil(1000)));
    }
    // The eight bytes that every PNG begins with: https://www.w3.org/TR/png-3/#5PNG-file-signature
    if !base64.starts_with("iVBORw0KGgo") {
        return Err("This is no PNG: save the picture as PNG first.".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_labels_have_a_length() {
        assert!(text(&"é".repeat(TEXT), TEXT).is_ok());
        assert!(text(&"a".repeat(DESCRIPTION + 1), DESCRIPTION).unwrap_err().contains("these are 1025"));
        assert!(labels(&["ARM 64".into(), "riscv".into()]).is_ok());
        assert!(labels(&["".into()]).is_err() && labels(&vec!["a".into(); 51]).is_err());
    }

    #[test]
    fn a_logo_is_a_small_png() {
        assert_eq!(logo("iVBORw0KGgo="), Ok(()));
        assert!(logo("/9j/4AAQSkZJRg==").unwrap_err().contains("no PNG"));
        assert!(logo("not base64!").unwrap_err().contains("base64"));
        let large = format!("iVBORw0KGgo{}", "A".repeat(700_001));
        assert!(logo(&large).unwrap_err().contains("500 kB"), "{:?}", logo(&large));
    }
}
