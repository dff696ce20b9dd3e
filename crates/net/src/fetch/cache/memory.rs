//! What is kept in memory.

use crate::fetch::request::Key;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// Bytes that an entry costs besides its value: the two maps, roughly.
const OVERHEAD: usize = 256;

/// Values by key, each until its time, within a number of bytes and of entries. What was not used for longest goes first.
pub(in crate::fetch) struct Bounded<V> {
    entries: HashMap<Key, Entry<V>>,
    /// By the turn of their last use.
    order: BTreeMap<u64, Key>,
    turn: u64,
    bytes: usize,
    max_bytes: usize,
    max_entries: usize,
    longest: Duration,
}

struct Entry<V> {
    value: V,
    cost: usize,
    fresh_until: Duration,
    turn: u64,
}

impl<V> Bounded<V> {
    /// For values that are fresh for `longest` at most.
    pub(in crate::fetch) fn new(
        max_bytes: usize,
        max_entries: usize,
        longest: Duration,
    ) -> Bounded<V> {
        Bounded {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            turn: 0,
            bytes: 0,
            max_bytes,
            max_entries,
            longest,
        }
    }

    /// The value, if it is fresh at `now`.
    pub(in crate::fetch) fn find(&mut self, key: &Key, now: Duration) -> Option<&V> {
        let longest = self.longest;
        let fresh = |entry: &&mut Entry<V>| is_fresh(entry.fresh_until, now, longest);
        let entry = self.entries.get_mut(key).filter(fresh)?;
        self.order.remove(&entry.turn);
        self.turn += 1;
        entry.turn = self.turn;
        self.order.insert(entry.turn, *key);
        Some(&entry.value)
    }

    /// Keeps a value of `size` bytes, in place of one of the same key. One that is larger than everything may be is not
    /// kept.
    pub(in crate::fetch) fn insert(&mut self, key: Key, value: V, size: usize, until: Duration) {
        self.remove(&key);
        let cost = size.saturating_add(OVERHEAD);
        if cost > self.max_bytes || self.max_entries == 0 {
            return;
        }
        while self.bytes + cost > self.max_bytes || self.entries.len() >= self.max_entries {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.remove(&oldest);
        }
        self.turn += 1;
        self.bytes += cost;
        self.order.insert(self.turn, key);
        self.entries.insert(key, Entry { value, cost, fresh_until: until, turn: self.turn });
    }

    pub(in crate::fetch) fn remove(&mut self, key: &Key) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.turn);
        self.bytes -= entry.cost;
        Some(entry.value)
    }
}

/// Also false for what is fresh implausibly long: the clock was wrong when it was kept, or is now.
pub(in crate::fetch) fn is_fresh(until: Duration, now: Duration, longest: Duration) -> bool {
    until.checked_sub(now).is_some_and(|left| !left.is_zero() && left <= longest)
}

#[cfg(test)]
mod tests {
    use super::{Bounded, Key, OVERHEAD};
    use crate::fetch::MAX_FRESH;
    use std::time::Duration;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn key(number: u8) -> Key {
        Key::of(b"test", &[&[number]])
    }

    fn kept(cache: &mut Bounded<u8>) -> Vec<u8> {
        (0..9).filter(|number| cache.find(&key(*number), at(0)).is_some()).collect()
    }

    #[test]
    fn a_value_is_found_until_its_time_and_no_later() {
        let mut cache = Bounded::new(1 << 20, 9, MAX_FRESH);
        cache.insert(key(1), 1, 10, at(60));
        assert_eq!(cache.find(&key(1), at(59)), Some(&1));
        assert_eq!(cache.find(&key(1), at(60)), None);
        assert_eq!(cache.find(&key(2), at(0)), None);
        cache.insert(key(1), 2, 10, at(100));
        assert_eq!(cache.find(&key(1), at(60)), Some(&2));
        assert_eq!(cache.remove(&key(1)), Some(2));
        assert_eq!(cache.find(&key(1), at(60)), None);
        assert_eq!((cache.bytes, cache.order.len()), (0, 0));
    }

    #[test]
    fn nothing_is_fresh_for_longer_than_the_maximum() {
        let mut cache = Bounded::new(1 << 20, 9, MAX_FRESH);
        cache.insert(key(1), 1, 10, MAX_FRESH + at(60));
        assert_eq!(cache.find(&key(1), at(59)), None);
        assert_eq!(cache.find(&key(1), at(60)), Some(&1));
    }

    #[test]
    fn the_number_of_entries_is_bounded_and_the_least_used_goes_first() {
        let mut cache = Bounded::new(1 << 20, 3, MAX_FRESH);
        for number in 0..3 {
            cache.insert(key(number), number, 10, at(60));
        }
        cache.find(&key(0), at(0));
        cache.insert(key(3), 3, 10, at(60));
        assert_eq!(kept(&mut cache), [0, 2, 3]);
        cache.insert(key(2), 2, 10, at(60));
        assert_eq!(kept(&mut cache), [0, 2, 3]);
        assert_eq!(cache.order.len(), 3);
    }

    #[test]
    fn the_number_of_bytes_is_bounded() {
        let mut cache = Bounded::new(3 * (OVERHEAD + 100), 9, MAX_FRESH);
        for number in 0..5 {
            cache.insert(key(number), number, 100, at(60));
        }
        assert_eq!(kept(&mut cache), [2, 3, 4]);
        cache.insert(key(5), 5, 200, at(60));
        assert_eq!(kept(&mut cache), [4, 5]);
        cache.insert(key(6), 6, 3 * (OVERHEAD + 100), at(60));
        assert_eq!(kept(&mut cache), [4, 5]);
        assert!(cache.bytes <= cache.max_bytes);

        let mut none = Bounded::new(0, 9, MAX_FRESH);
        none.insert(key(1), 1, 0, at(60));
        assert!(kept(&mut none).is_empty());
        let mut none = Bounded::new(1 << 20, 0, MAX_FRESH);
        none.insert(key(1), 1, 0, at(60));
        assert!(kept(&mut none).is_empty());
    }
}
