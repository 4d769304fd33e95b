//! Reproducible random numbers, by `SplitMix64`.

/// A stream of random numbers. It depends on the seed only.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Returns the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the stream of one thing: the one of this `kind` and `index`. It does not depend on how many there are.
    #[must_use]
    pub fn of(seed: u64, kind: &str, index: u64) -> Self {
        let kind = kind.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut mixed = Self(seed ^ kind);
        let seed = mixed.draw() ^ index;
        Self(Self(seed).draw())
    }

    /// Returns the stream of a thing with a name.
    #[must_use]
    pub fn named(seed: u64, name: &str) -> Self {
        Self::of(seed, name, 0)
    }

    /// Returns the next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, or 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % (bound.max(1) as u64)) as usize
    }

    /// Returns a number below `bound`. Small numbers are far more likely, as the popularity of policies, principals, and
    /// actions is skewed.
    pub fn skewed_below(&mut self, bound: usize) -> usize {
        let bound = self.below(bound) + 1;
        self.below(bound)
    }

    /// Returns a number from `least` to `most`.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below((most + 1).saturating_sub(least))
    }

    /// Returns true with this probability, in percent.
    pub fn percent(&mut self, of_a_hundred: usize) -> bool {
        self.below(100) < of_a_hundred
    }

    /// Returns one of the values, or the type's default if there are none.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or_default()
    }

    /// Returns one of the values, or `other` if there are none.
    pub fn pick_or<T: Copy>(&mut self, from: &[T], other: T) -> T {
        let index = self.below(from.len());
        from.get(index).copied().unwrap_or(other)
    }

    /// Returns letters and digits like those of IAM's unique ids.
    pub fn base32(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(self.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")))
            .collect()
    }

    /// Returns a UUID of version 4.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        // The reference implementation's first numbers for seed 1234567.
        let mut stream = Seeded::new(1_234_567);
        assert_eq!(stream.draw(), 6_457_827_717_110_365_317);
        assert_eq!(stream.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn each_thing_has_its_own_stream() {
        let first = |kind, index| Seeded::of(1, kind, index).draw();
        assert_eq!(first("user", 7), first("user", 7));
        assert_ne!(first("user", 7), first("user", 8));
        assert_ne!(first("user", 7), first("role", 7));
    }
}
