//! Chance that is the same for the same seed: what befalls a call follows from the seed, the run and the call, not from the order of threads.

use super::road::PREFIX;

/// SplitMix64. <https://prng.di.unimi.it/splitmix64.c>
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of something, by its name.
    pub fn of(seed: u64, name: &str) -> Self {
        let mut dice = Self(seed);
        for byte in name.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether the one in so many came.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// By which seed and name the luck of a repository goes: `torture/s77-r00004` in any storm has that of `torture/r00004` in one of seed 77.
pub fn luck(seed: u64, repository: &str) -> (u64, String) {
    let rest = repository.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('s')?.split_once("-r"));
    let own = rest.and_then(|(own, number)| Some((own.parse().ok()?, format!("{PREFIX}r{number}"))));
    own.unwrap_or_else(|| (seed, repository.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_have_the_luck_of_another_seed() {
        assert_eq!(luck(1, "torture/r00004"), (1, "torture/r00004".into()));
        assert_eq!(luck(1, "torture/s77-r00004"), (77, "torture/r00004".into()));
        assert_eq!(luck(1, "export/shop-1"), (1, "export/shop-1".into()));
    }

    #[test]
    fn the_same_name_has_the_same_luck_and_another_has_another() {
        let roll = |seed, name| {
            std::iter::repeat_with({
                let mut dice = Dice::of(seed, name);
                move || dice.below(6)
            })
        };
        let ten = |seed, name| roll(seed, name).take(10).collect::<Vec<_>>();
        assert_eq!(ten(1, "a"), ten(1, "a"));
        assert_ne!(ten(1, "a"), ten(1, "b"));
        assert_ne!(ten(1, "a"), ten(2, "a"));
        let sixes = roll(7, "fair").take(6000).filter(|n| *n == 5).count();
        assert!((800..1200).contains(&sixes), "{sixes}");
    }
}
