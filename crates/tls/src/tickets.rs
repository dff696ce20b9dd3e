//! The keys that protect session tickets, rotated by a clock that the caller reads.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use std::{
    collections::VecDeque,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use zeroize::Zeroizing;

const NAME_LEN: usize = 16;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// A session is some hundred bytes, with a chain of client certificates some thousand.
const MAX_TICKET: usize = 60_000;

/// Ticket keys in memory: the newest one protects new tickets (RFC 5077, section 4; RFC 8446, section 4.6.1), older ones
/// still open theirs.
///
/// ```
/// use ravelin_tls::TicketKeys;
/// use std::time::Duration;
///
/// let keys = TicketKeys::new(Duration::from_secs(12 * 3600), 2).expect("random numbers");
/// let ticket = keys.seal(b"session").expect("it fits");
/// assert_eq!(keys.open(&ticket).as_deref(), Some(&b"session"[..]));
/// ```
pub struct TicketKeys {
    /// The newest first.
    keys: RwLock<VecDeque<TicketKey>>,
    every: Duration,
    keep: usize,
    /// When the next key is due, in whole seconds of the caller's clock; `u64::MAX` before its first tick.
    due: AtomicU64,
}

struct TicketKey {
    name: [u8; NAME_LEN],
    key: LessSafeKey,
}

/// No random numbers could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random numbers")]
pub struct NoRandom;

impl TicketKeys {
    /// A first key; a new one takes over `every` so often, and `keep` older ones still open tickets.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(every: Duration, keep: usize) -> Result<TicketKeys, NoRandom> {
        Ok(TicketKeys {
            keys: RwLock::new(VecDeque::from([TicketKey::random()?])),
            every: every.max(Duration::from_secs(1)),
            keep,
            due: AtomicU64::new(u64::MAX),
        })
    }

    /// Makes a new key if one is due. `now` is any clock that does not go back; to be called often.
    pub fn rotate(&self, now: Duration) {
        let (now, every) = (now.as_secs(), self.every.as_secs());
        let due = self.due.load(Ordering::Acquire);
        if due == u64::MAX {
            let _ =
                self.due.compare_exchange(due, now + every, Ordering::AcqRel, Ordering::Relaxed);
            return;
        }
        if now < due {
            return;
        }
        // Another thread may be here as well: the one that moves the date makes the key.
        let next = now.saturating_add(every).min(u64::MAX - 1);
        if self.due.compare_exchange(due, next, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return;
        }
        // Without random numbers the old key stays: less secret in the long run, but never guessable.
        let Ok(key) = TicketKey::random() else { return };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.push_front(key);
        // After a long sleep several are due at once; none of the old ones is still good then.
        let missed = usize::try_from((now - due) / every).unwrap_or(usize::MAX);
        let keep = self.keep.saturating_sub(missed);
        keys.truncate(1 + keep);
    }

    /// How long a ticket sealed now can be opened, at least, in seconds.
    pub fn lifetime(&self) -> u32 {
        let keep = u32::try_from(self.keep).unwrap_or(u32::MAX);
        let seconds = self.every.saturating_mul(keep.max(1)).as_secs();
        // Seven days at most (RFC 8446, section 4.6.1).
        u32::try_from(seconds).unwrap_or(u32::MAX).min(7 * 24 * 3600)
    }

    /// Protects a session. `None` when it is too long or there are no random numbers.
    pub fn seal(&self, session: &[u8]) -> Option<Vec<u8>> {
        if session.len() > MAX_TICKET - NAME_LEN - NONCE_LEN - TAG_LEN {
            return None;
        }
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let TicketKey { name, key } = keys.front()?;
        let mut sealed = session.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(*name),
            &mut sealed,
        )
        .ok()?;
        Some([&name[..], &nonce, &sealed].concat())
    }

    /// The session in a ticket. `None` for whatever we did not seal, or too long ago.
    pub fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        if ticket.len() > MAX_TICKET {
            return None;
        }
        let (name, rest) = ticket.split_first_chunk::<NAME_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| key.name == *name)?;
        let mut session = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = key.key.open_in_place(nonce, Aad::from(*name), &mut session).ok()?.len();
        session.truncate(length);
        Some(session)
    }
}

impl TicketKey {
    fn random() -> Result<TicketKey, NoRandom> {
        let mut name = [0; NAME_LEN];
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rand::fill(&mut name).map_err(|_| NoRandom)?;
        rand::fill(&mut key[..]).map_err(|_| NoRandom)?;
        let key = UnboundKey::new(&AES_256_GCM, &key[..]).expect("key length fits the algorithm");
        Ok(TicketKey { name, key: LessSafeKey::new(key) })
    }
}

impl std::fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketKeys").field("every", &self.every).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn older_keys_open_their_tickets_until_they_are_dropped() {
        let keys = TicketKeys::new(HOUR, 2).unwrap();
        keys.rotate(Duration::ZERO);
        let ticket = keys.seal(b"session").unwrap();
        for hour in 1..=2u32 {
            keys.rotate(HOUR * hour);
            assert_eq!(keys.open(&ticket).as_deref(), Some(&b"session"[..]), "hour {hour}");
        }
        keys.rotate(HOUR * 3);
        assert_eq!(keys.open(&ticket), None);
        assert_eq!(keys.lifetime(), 7200);
    }

    #[test]
    fn a_key_is_made_once_when_it_is_due() {
        let keys = TicketKeys::new(HOUR, 5).unwrap();
        for second in 0..3600 {
            keys.rotate(Duration::from_secs(second));
        }
        assert_eq!(keys.keys.read().unwrap().len(), 1);
        keys.rotate(HOUR);
        keys.rotate(HOUR);
        assert_eq!(keys.keys.read().unwrap().len(), 2);
    }

    #[test]
    fn after_a_long_sleep_old_tickets_are_worthless() {
        let keys = TicketKeys::new(HOUR, 2).unwrap();
        keys.rotate(Duration::ZERO);
        let ticket = keys.seal(b"session").unwrap();
        keys.rotate(HOUR * 100);
        assert_eq!(keys.open(&ticket), None);
    }

    #[test]
    fn what_we_did_not_seal_is_not_opened() {
        let keys = TicketKeys::new(HOUR, 1).unwrap();
        let ticket = keys.seal(b"session").unwrap();
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open(&changed), None, "byte {at}");
            assert_eq!(keys.open(&ticket[..at]), None, "{at} bytes");
        }
        assert_eq!(TicketKeys::new(HOUR, 1).unwrap().open(&ticket), None);
        assert_eq!(keys.seal(&vec![0; MAX_TICKET]), None);
        assert_eq!(keys.open(&vec![0; MAX_TICKET + 1]), None);
    }
}
