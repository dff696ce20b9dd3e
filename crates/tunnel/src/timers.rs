//! Deadlines of a worker's connections: a hierarchical timing wheel with time as an argument.
//!
//! Every time is a [`Duration`] since the worker's start. Arming, moving and cancelling cost the same however many
//! timers there are, and moving a deadline *later*, which every byte of a busy connection does, is one store: the
//! timer stays where it lies in the wheel, and finds out when its old place comes up. So a wake-up may find nothing
//! to do, at most once per timer and period.
//!
//! A timer is never early, and late by less than [`TICK`] plus what the caller sleeps too long.
//!
//! ```
//! use ravelin_tunnel::timers::Timers;
//! use std::time::Duration;
//!
//! let mut timers = Timers::new();
//! let idle = timers.arm(Duration::from_secs(30), "idle");
//! let ticket = timers.arm(Duration::from_millis(10), "ticket");
//! timers.move_to(idle, Duration::from_secs(60));
//!
//! let now = Duration::from_millis(12);
//! assert_eq!(timers.next_deadline(Duration::ZERO), Some(now), "10 ms, rounded up to the tick");
//! let mut expired = Vec::new();
//! timers.expire(now, &mut expired);
//! assert_eq!(expired, ["ticket"]);
//! assert!(!timers.cancel(ticket), "it is gone");
//! ```

#![expect(clippy::cast_possible_truncation, reason = "levels, digits and slots are small numbers")]

use std::{fmt, time::Duration};

/// The wheel's resolution: deadlines are rounded up to a multiple of it.
pub const TICK: Duration = Duration::from_millis(TICK_MILLIS);

const TICK_MILLIS: u64 = 4;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// 64^7 ticks: five centuries.
const LEVELS: usize = 7;
const LAST_TICK: u64 = (1 << (SLOT_BITS * LEVELS as u32)) - 1;
/// No timer: the end of a list.
const NONE: u32 = u32::MAX;

/// Deadlines, each with a key that says whose it is.
pub struct Timers<K> {
    entries: Vec<Entry<K>>,
    /// Head of the list of unused entries.
    free: u32,
    armed: usize,
    /// The tick up to which everything has expired.
    elapsed: u64,
    /// Heads of the slots' lists, level after level.
    heads: [u32; LEVELS * SLOTS],
    /// Which slots of a level hold timers.
    occupied: [u64; LEVELS],
}

/// One armed timer. It is good until the timer expires or is cancelled, and does nothing afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    index: u32,
    generation: u32,
}

struct Entry<K> {
    /// None when unused.
    key: Option<K>,
    deadline: u64,
    /// The tick by which the entry was put into its slot: never after `deadline`.
    placed: u64,
    /// Index in `heads`.
    slot: u32,
    /// Counts the uses of this entry, so that an old [`Timer`] does not reach a new one.
    generation: u32,
    previous: u32,
    next: u32,
}

impl<K: Copy> Timers<K> {
    /// No timers, at time zero.
    pub fn new() -> Timers<K> {
        Timers {
            entries: Vec::new(),
            free: NONE,
            armed: 0,
            elapsed: 0,
            heads: [NONE; LEVELS * SLOTS],
            occupied: [0; LEVELS],
        }
    }

    /// Arms a timer. One whose deadline has passed already comes up with the next tick.
    pub fn arm(&mut self, deadline: Duration, key: K) -> Timer {
        let index = if self.free == NONE {
            let index = u32::try_from(self.entries.len()).ok().filter(|&index| index != NONE);
            self.entries.push(Entry {
                key: None,
                deadline: 0,
                placed: 0,
                slot: 0,
                generation: 0,
                previous: NONE,
                next: NONE,
            });
            index.expect("there are fewer connections than 2^32")
        } else {
            let index = self.free;
            self.free = self.entries[index as usize].next;
            index
        };
        let entry = &mut self.entries[index as usize];
        entry.key = Some(key);
        entry.deadline = tick_after(deadline);
        let timer = Timer { index, generation: entry.generation };
        self.armed += 1;
        self.place(index);
        timer
    }

    /// Moves a timer's deadline. False when it has expired or was cancelled.
    pub fn move_to(&mut self, timer: Timer, deadline: Duration) -> bool {
        let Some(entry) = self.entry(timer) else { return false };
        entry.deadline = tick_after(deadline);
        if entry.deadline < entry.placed {
            self.unlink(timer.index);
            self.place(timer.index);
        }
        true
    }

    /// Cancels a timer. False when it has expired or was cancelled already.
    pub fn cancel(&mut self, timer: Timer) -> bool {
        if self.entry(timer).is_none() {
            return false;
        }
        self.unlink(timer.index);
        self.release(timer.index);
        true
    }

    /// Appends the keys of all timers whose deadline has come, in no particular order within one slot's span.
    ///
    /// `now` must not go backwards; an earlier one does nothing.
    pub fn expire(&mut self, now: Duration, expired: &mut Vec<K>) {
        let now = tick_before(now);
        while let Some((slot, start)) = self.first_slot().filter(|&(_, start)| start <= now) {
            self.elapsed = start;
            let mut index = std::mem::replace(&mut self.heads[slot], NONE);
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
            while index != NONE {
                let entry = &self.entries[index as usize];
                let next = entry.next;
                if entry.deadline <= now {
                    expired.extend(entry.key);
                    self.release(index);
                } else {
                    self.place(index);
                }
                index = next;
            }
        }
        self.elapsed = self.elapsed.max(now);
    }

    fn entry(&mut self, timer: Timer) -> Option<&mut Entry<K>> {
        self.entries
            .get_mut(timer.index as usize)
            .filter(|entry| entry.generation == timer.generation && entry.key.is_some())
    }

    /// Puts an entry into the slot of its deadline: on the level of the highest digit, in base 64, in which it differs
    /// from the present. So all of a level's slots lie ahead of the present, and before those of the next level.
    fn place(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.placed = entry.deadline.max(self.elapsed + 1).min(LAST_TICK);
        let highest_bit = (entry.placed ^ self.elapsed).checked_ilog2().unwrap_or(0);
        let level = (highest_bit / SLOT_BITS) as usize;
        let digit = (entry.placed >> (SLOT_BITS * level as u32)) as usize % SLOTS;
        let slot = level * SLOTS + digit;
        let head = std::mem::replace(&mut self.heads[slot], index);
        self.occupied[level] |= 1 << digit;
        entry.slot = slot as u32;
        entry.previous = NONE;
        entry.next = head;
        if head != NONE {
            self.entries[head as usize].previous = index;
        }
    }

    fn unlink(&mut self, index: u32) {
        let Entry { slot, previous, next, .. } = self.entries[index as usize];
        let slot = slot as usize;
        match previous {
            NONE => self.heads[slot] = next,
            previous => self.entries[previous as usize].next = next,
        }
        if next != NONE {
            self.entries[next as usize].previous = previous;
        }
        if self.heads[slot] == NONE {
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    fn release(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.key = None;
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = self.free;
        self.free = index;
        self.armed -= 1;
    }
}

impl<K> Timers<K> {
    /// When [`Timers::expire`] is to be called next: at `now` or later, and not after the earliest deadline's tick.
    ///
    /// It may be earlier than any deadline, when timers have only to be sorted again.
    pub fn next_deadline(&self, now: Duration) -> Option<Duration> {
        let (_, tick) = self.first_slot()?;
        Some(Duration::from_millis(tick.saturating_mul(TICK_MILLIS)).max(now))
    }

    /// How many timers are armed.
    pub fn len(&self) -> usize {
        self.armed
    }

    /// Whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// The slot that comes up first, and the tick when it does.
    fn first_slot(&self) -> Option<(usize, u64)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let digit = u64::from(self.occupied[level].trailing_zeros());
        let shift = SLOT_BITS * level as u32;
        let above = self.elapsed >> shift >> SLOT_BITS << SLOT_BITS;
        Some((level * SLOTS + digit as usize, (above | digit) << shift))
    }
}

impl<K: Copy> Default for Timers<K> {
    fn default() -> Timers<K> {
        Timers::new()
    }
}

impl<K> fmt::Debug for Timers<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("armed", &self.armed)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

/// The last tick that is not after `time`.
fn tick_before(time: Duration) -> u64 {
    let ticks = time.as_millis() / u128::from(TICK_MILLIS);
    u64::try_from(ticks).map_or(LAST_TICK, |ticks| ticks.min(LAST_TICK))
}

/// The first tick that is not before `time`.
fn tick_after(time: Duration) -> u64 {
    tick_before(time.saturating_add(Duration::from_nanos(TICK_MILLIS * 1_000_000 - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn expired(timers: &mut Timers<u32>, now: Duration) -> Vec<u32> {
        let mut keys = Vec::new();
        timers.expire(now, &mut keys);
        keys.sort_unstable();
        keys
    }

    /// The shortest timers of the tunnel, the 10 ms ones, must fire within 20 ms.
    #[test]
    fn f07_never_early_and_late_by_less_than_a_tick() {
        for start in 0..300 {
            for wait in [1, 9, 10, 63, 64, 65, 255, 256, 257, 1000, 16_384, 30_000] {
                let mut timers = Timers::new();
                expired(&mut timers, ms(start));
                let deadline = ms(start + wait);
                timers.arm(deadline, 1);
                let mut now = ms(start);
                let mut wakes = 0;
                loop {
                    now = timers.next_deadline(now).unwrap();
                    wakes += 1;
                    if expired(&mut timers, now) == [1] {
                        break;
                    }
                }
                assert!(now >= deadline && now < deadline + TICK, "{start} + {wait}: {now:?}");
                assert!(wakes <= LEVELS);
            }
        }
    }

    #[test]
    fn moving_later_leaves_the_timer_in_place() {
        let mut timers = Timers::new();
        let timer = timers.arm(ms(1000), 1);
        for later in 1..1000 {
            assert!(timers.move_to(timer, ms(1000 + later)));
        }
        assert!(timers.next_deadline(Duration::ZERO).unwrap() <= ms(1000));
        assert!(expired(&mut timers, ms(1998)).is_empty());
        assert_eq!(expired(&mut timers, ms(2000)), [1]);
        assert!(timers.is_empty());
    }

    #[test]
    fn moving_earlier_counts() {
        let mut timers = Timers::new();
        let timer = timers.arm(ms(60_000), 1);
        timers.move_to(timer, ms(10));
        assert_eq!(timers.next_deadline(Duration::ZERO), Some(ms(12)));
        assert_eq!(expired(&mut timers, ms(12)), [1]);
    }

    #[test]
    fn an_old_timer_does_not_reach_a_new_one() {
        let mut timers = Timers::new();
        let old = timers.arm(ms(10), 1);
        assert_eq!(expired(&mut timers, ms(12)), [1]);
        let new = timers.arm(ms(20), 2);
        assert_eq!(old.index, new.index, "the entry is used again");
        assert!(!timers.cancel(old) && !timers.move_to(old, ms(5000)));
        assert_eq!(expired(&mut timers, ms(20)), [2]);
    }

    #[test]
    fn the_far_end_of_time() {
        let mut timers = Timers::new();
        timers.arm(Duration::MAX, 1);
        timers.arm(Duration::from_secs(86_400 * 365 * 20), 2);
        assert!(expired(&mut timers, Duration::from_secs(86_400 * 365 * 19)).is_empty());
        assert_eq!(expired(&mut timers, Duration::from_secs(86_400 * 365 * 21)), [2]);
        assert!(timers.next_deadline(Duration::ZERO).is_some());
    }

    #[test]
    fn forty_thousand_timers() {
        let mut timers = Timers::new();
        let handles: Vec<Timer> =
            (0..40_000).map(|key| timers.arm(ms(u64::from(key) * 7 % 60_000), key)).collect();
        for handle in handles.iter().step_by(2) {
            assert!(timers.cancel(*handle));
        }
        let mut fired = 0;
        let mut now = Duration::ZERO;
        while let Some(next) = timers.next_deadline(now) {
            now = next;
            fired += expired(&mut timers, now).len();
        }
        assert_eq!((fired, timers.len()), (20_000, 0));
        assert_eq!(timers.entries.len(), 40_000);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Arm(u64),
        Move(usize, u64),
        Cancel(usize),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let time = || prop_oneof![0..40_u64, 0..600_u64, 0..70_000_u64, 0..40_000_000_u64];
        let step = prop_oneof![
            time().prop_map(Step::Arm),
            (any::<usize>(), time()).prop_map(|(which, time)| Step::Move(which, time)),
            any::<usize>().prop_map(Step::Cancel),
            time().prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 0..80)
    }

    proptest! {
        #[test]
        fn like_a_sorted_map(steps in steps()) {
            let mut timers = Timers::new();
            let mut handles = Vec::new();
            // Deadline in ticks, by key: not before the tick after the one in which it was set, if it was set anew.
            let mut model = BTreeMap::new();
            let mut now = 0;
            for step in steps {
                match step {
                    Step::Arm(after) => {
                        let key = u32::try_from(handles.len()).unwrap();
                        handles.push(timers.arm(ms(now + after), key));
                        model.insert(key, ((now + after).div_ceil(TICK_MILLIS)).max(now / TICK_MILLIS + 1));
                    }
                    Step::Move(which, after) if !handles.is_empty() => {
                        let key = u32::try_from(which % handles.len()).unwrap();
                        let moved = timers.move_to(handles[key as usize], ms(now + after));
                        prop_assert_eq!(moved, model.contains_key(&key));
                        if let Some(tick) = model.get_mut(&key) {
                            *tick = ((now + after).div_ceil(TICK_MILLIS)).max(now / TICK_MILLIS + 1);
                        }
                    }
                    Step::Cancel(which) if !handles.is_empty() => {
                        let key = u32::try_from(which % handles.len()).unwrap();
                        prop_assert_eq!(timers.cancel(handles[key as usize]), model.remove(&key).is_some());
                    }
                    Step::Wait(time) => {
                        now += time;
                        let tick = now / TICK_MILLIS;
                        let due: Vec<u32> = model.iter().filter(|(_, at)| **at <= tick).map(|(key, _)| *key).collect();
                        model.retain(|_, at| *at > tick);
                        prop_assert_eq!(expired(&mut timers, ms(now)), due);
                    }
                    Step::Move(..) | Step::Cancel(_) => {}
                }
                prop_assert_eq!(timers.len(), model.len());
                // The wake-up is never after the earliest deadline, and never behind the present.
                let next = timers.next_deadline(ms(now));
                prop_assert_eq!(next.is_some(), !model.is_empty());
                if let (Some(next), Some(first)) = (next, model.values().min()) {
                    prop_assert!(next >= ms(now) && next <= ms(first * TICK_MILLIS));
                }
            }
        }
    }
}
