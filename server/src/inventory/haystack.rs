//! One lower-cased text per table with a line per row: substring search runs over it at memory speed.

use memchr::memmem::Finder;

/// Lines of text, numbered as the table's rows are.
#[derive(Debug, Default)]
pub struct Haystack {
    text: String,
    /// Where each line starts; one more than there are lines.
    starts: Vec<u32>,
}

impl Haystack {
    /// From lines, in order. Line breaks inside become spaces.
    pub fn new<'a>(lines: impl Iterator<Item = Vec<&'a str>>) -> Self {
        let (mut text, mut starts) = (String::new(), vec![0]);
        for parts in lines {
            for (n, part) in parts.into_iter().enumerate() {
                if n > 0 {
                    text.push('\t');
                }
                if part.is_ascii() {
                    text.extend(part.bytes().map(|b| if b < b' ' { ' ' } else { b.to_ascii_lowercase() as char }));
                } else {
                    text.extend(
                        part.chars().flat_map(char::to_lowercase).map(|c| if c.is_control() { ' ' } else { c }),
                    );
                }
            }
            text.push('\n');
            starts.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        text.shrink_to_fit();
        starts.shrink_to_fit();
        Self { text, starts }
    }

    /// The line of a row.
    pub fn line(&self, row: u32) -> &str {
        let row = row as usize;
        &self.text[self.starts[row] as usize..self.starts[row + 1] as usize - 1]
    }

    /// Calls back once with each row whose line contains what the finder looks for, in order, until it answers `false`.
    pub fn find(&self, finder: &Finder<'_>, mut each: impl FnMut(u32) -> bool) {
        let bytes = self.text.as_bytes();
        let (mut from, mut row) = (0, 0);
        while let Some(at) = finder.find(&bytes[from..]) {
            let at = from + at;
            row = self.row_of(at, row);
            if !each(row as u32) {
                return;
            }
            row += 1;
            from = self.starts[row] as usize;
        }
    }

    /// Calls back with each place of what the finder looks for, in order, as its row and where in the row's line it starts, until it
    /// answers `false`.
    pub fn places(&self, finder: &Finder<'_>, mut each: impl FnMut(u32, usize) -> bool) {
        let bytes = self.text.as_bytes();
        let (mut from, mut row) = (0, 0);
        while let Some(at) = finder.find(&bytes[from..]) {
            let at = from + at;
            row = self.row_of(at, row);
            if !each(row as u32, at - self.starts[row] as usize) {
                return;
            }
            from = at + 1;
        }
    }

    /// The row in which this place is, at or after a known one: looked for in growing steps, as matches often are neighbours.
    fn row_of(&self, place: usize, from: usize) -> usize {
        let (mut low, mut step) = (from, 1);
        while low + step < self.starts.len() && self.starts[low + step] as usize <= place {
            low += step;
            step *= 2;
        }
        let high = (low + step).min(self.starts.len());
        low + self.starts[low..high].partition_point(|start| *start as usize <= place) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_found_once_and_matches_never_span_rows() {
        let lines = [vec!["Alpha"], vec!["beta", "ALPHA alpha"], vec![""], vec!["a\nlpha"], vec!["ÄLPHA"]];
        let haystack = Haystack::new(lines.into_iter());
        let rows = |text: &str| {
            let mut rows = vec![];
            haystack.find(&Finder::new(text), |row| {
                rows.push(row);
                true
            });
            rows
        };
        assert_eq!(rows("alpha"), [0, 1]);
        assert_eq!(rows("älpha"), [4]);
        assert!(rows("zzz").is_empty());
        assert_eq!(haystack.line(3), "a lpha");
    }

    #[test]
    fn each_place_is_found_in_its_row_until_enough_are() {
        let haystack = Haystack::new([vec!["aaa"], vec!["b"], vec!["", "BAA"]].into_iter());
        let places = |enough: usize| {
            let mut places = vec![];
            haystack.places(&Finder::new("aa"), |row, place| {
                places.push((row, place));
                places.len() < enough
            });
            places
        };
        assert_eq!(places(9), [(0, 0), (0, 1), (2, 2)]);
        assert_eq!(places(2), [(0, 0), (0, 1)]);
    }
}
