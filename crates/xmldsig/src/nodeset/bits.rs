use std::ops::Range;

/// A bit for every node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn new(count: u32) -> Bits {
        Bits { words: vec![0; (count as usize).div_ceil(64)] }
    }

    #[inline]
    pub(super) fn contains(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    pub(super) fn insert(&mut self, index: u32) {
        self.words[index as usize / 64] |= 1 << (index % 64);
    }

    pub(super) fn remove(&mut self, index: u32) {
        self.words[index as usize / 64] &= !(1 << (index % 64));
    }

    pub(super) fn insert_range(&mut self, range: Range<u32>) {
        self.each_word(range, |word, mask| *word |= mask);
    }

    pub(super) fn remove_range(&mut self, range: Range<u32>) {
        self.each_word(range, |word, mask| *word &= !mask);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Combines with another of the same document.
    pub(super) fn combine(&mut self, other: &Bits, how: impl Fn(u64, u64) -> u64) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word = how(*word, *other);
        }
    }

    /// Those that are in it, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| ones(i, *word))
    }

    /// Those that are in either, in order.
    pub(super) fn iter_with<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = u32> + 'a {
        let words = self.words.iter().zip(&other.words);
        words.enumerate().flat_map(|(i, (word, other))| ones(i, word | other))
    }

    fn each_word(&mut self, range: Range<u32>, mut change: impl FnMut(&mut u64, u64)) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start as usize / 64, (range.end - 1) as usize / 64);
        for (i, word) in self.words[first..=last].iter_mut().enumerate() {
            let mut mask = u64::MAX;
            if i == 0 {
                mask &= u64::MAX << (range.start % 64);
            }
            if first + i == last {
                mask &= u64::MAX >> (63 - (range.end - 1) % 64);
            }
            change(word, mask);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "nodes are numbered with 32 bits")]
fn ones(word_index: usize, mut word: u64) -> impl Iterator<Item = u32> {
    let base = word_index as u32 * 64;
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros();
        word &= word - 1;
        Some(base + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_what_they_say_across_words() {
        for (start, end) in
            [(0, 0), (0, 1), (3, 64), (63, 65), (64, 128), (1, 200), (199, 200), (70, 71)]
        {
            let mut bits = Bits::new(200);
            bits.insert_range(start..end);
            assert_eq!(bits.iter().collect::<Vec<_>>(), (start..end).collect::<Vec<_>>());
            assert_eq!(bits.is_empty(), start == end);
            let mut rest = Bits::new(200);
            rest.insert_range(0..200);
            rest.remove_range(start..end);
            assert_eq!(rest.iter().count(), (200 - (end - start)) as usize);
            assert!((0..200).all(|i| rest.contains(i) != (start..end).contains(&i)));
            assert_eq!(rest.iter_with(&bits).count(), 200);
        }
    }
}
