//! Who may hold a connection when there are too many: an address in, room or the one that must make room out.
//!
//! Pure: it holds no socket and reads no clock but for the time at which a turn begins. Nobody is refused while someone
//! keeps us waiting: the connection that has been idle, or whose request has been coming, for the longest goes first,
//! if that is longer than [`PROMPT`]; then the one whose turn it has been for the longest, most likely to take its
//! response. So a thousand slow clients take the places of each other, and an ordinary request, which is over in a
//! millisecond, always finds one and keeps it.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::client::{Network, household, is_trusted};

/// How long an ordinary client may take to ask, once it is connected.
const PROMPT: Duration = Duration::from_secs(1);

/// The connections that are open, each under a key.
#[derive(Debug)]
pub(crate) struct Connections<K, P> {
    most: usize,
    most_each: usize,
    open: HashMap<K, Open<P>>,
}

#[derive(Debug)]
struct Open<P> {
    holder: Option<IpAddr>,
    progress: P,
}

/// What becomes of someone who wants a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission<K> {
    /// There is room.
    Free,
    /// There is, once this one is cut.
    InPlaceOf(K),
    /// All that this address may hold are being answered.
    Refused,
}

impl<K: Copy + Eq + Hash, P: AsRef<Progress>> Connections<K, P> {
    /// None yet, and never more than `most`, or `most_each` of one holder.
    pub(crate) fn new(most: usize, most_each: usize) -> Self {
        Self { most, most_each, open: HashMap::new() }
    }

    /// Whether whoever comes next could be let in.
    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < self.most || self.open.values().any(|open| open.progress.as_ref().is_waiting())
    }

    /// Whether a connection of this holder may be opened now. Who is nobody in particular has no bound of his own.
    pub(crate) fn admit(&self, holder: Option<IpAddr>, now: Instant) -> Admission<K> {
        let full = self.open.len() >= self.most;
        let is_same = |open: &Open<P>| open.holder == holder;
        let instead = if holder.is_some() && self.open.values().filter(|open| is_same(open)).count() >= self.most_each {
            self.slowest(is_same, now)
        } else if full {
            self.slowest(|_| true, now)
        } else {
            return Admission::Free;
        };
        instead.map_or(Admission::Refused, Admission::InPlaceOf)
    }

    /// Takes note of a connection.
    pub(crate) fn open(&mut self, key: K, holder: Option<IpAddr>, progress: P) {
        self.open.insert(key, Open { holder, progress });
    }

    /// Forgets a connection that ended, or will.
    pub(crate) fn close(&mut self, key: K) {
        self.open.remove(&key);
    }

    /// The one of these that has kept us waiting for the longest.
    fn slowest(&self, is_meant: impl Fn(&Open<P>) -> bool, now: Instant) -> Option<K> {
        let waiting = self.open.iter().filter(|(_, open)| is_meant(open));
        let rank = |open: &Open<P>| open.progress.as_ref().rank(now);
        waiting.filter_map(|(key, open)| Some((rank(open)?, *key))).min_by_key(|(rank, _)| *rank).map(|(_, key)| key)
    }
}

/// Who holds a connection that comes from this address, for [`Connections`]: one household, as far as can be told.
///
/// Nobody in particular, where many stand behind an address: a proxy that the configuration trusts, and any program on
/// this machine, since that may be a proxy that it does not name.
pub(crate) fn holder(peer: IpAddr, trusted: &[Network]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    (!peer.is_loopback() && !is_trusted(peer, trusted)).then(|| household(peer))
}

/// Whose turn it is on one connection, and since when. Shared by its task, which tells, and the listener, which looks.
#[derive(Debug)]
pub(crate) struct Progress {
    /// What times are counted from.
    start: Instant,
    /// The turn in the upper two bits, microseconds below.
    state: AtomicU64,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Turn {
    /// The client's: to ask.
    Asking = 0,
    /// The client's: to take the response.
    Taking = 1,
    /// Ours.
    Answering = 2,
}

const TURN_SHIFT: u32 = 62;

impl Progress {
    /// A connection that was just opened. `start` is the same for all that are compared.
    pub(crate) fn new(start: Instant) -> Self {
        let progress = Self { start, state: AtomicU64::new(0) };
        progress.set(Turn::Asking);
        progress
    }

    /// Begins a turn.
    pub(crate) fn set(&self, turn: Turn) {
        self.set_at(turn, Instant::now());
    }

    fn set_at(&self, turn: Turn, now: Instant) {
        let state = ((turn as u64) << TURN_SHIFT) | self.micros(now);
        // Nothing else hangs on it, and a stale look only picks the second slowest.
        self.state.store(state, Ordering::Relaxed);
    }

    /// Says that all of a response has gone out.
    pub(crate) fn taken(&self) {
        if self.state().0 == Turn::Taking as u64 {
            self.set(Turn::Asking);
        }
    }

    /// Whether it is the client's turn.
    fn is_waiting(&self) -> bool {
        self.state().0 != Turn::Answering as u64
    }

    /// How soon it makes room, the lowest first; nothing while we are at work for it.
    fn rank(&self, now: Instant) -> Option<(bool, u64)> {
        let (turn, began) = self.state();
        let waited = Duration::from_micros(self.micros(now).saturating_sub(began));
        let is_idle = turn == Turn::Asking as u64 && waited > PROMPT;
        self.is_waiting().then_some((!is_idle, began))
    }

    /// The turn, and when it began.
    fn state(&self) -> (u64, u64) {
        let state = self.state.load(Ordering::Relaxed);
        (state >> TURN_SHIFT, state & ((1 << TURN_SHIFT) - 1))
    }

    fn micros(&self, now: Instant) -> u64 {
        let micros = u64::try_from(now.saturating_duration_since(self.start).as_micros()).unwrap_or(0);
        micros & ((1 << TURN_SHIFT) - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    struct Crowd {
        start: Instant,
        connections: Connections<u32, Arc<Progress>>,
    }

    impl Crowd {
        fn new(most: usize, most_each: usize) -> Self {
            Self { start: Instant::now(), connections: Connections::new(most, most_each) }
        }

        fn open(&mut self, key: u32, holder: &str, turn: Turn, second: u64) -> &mut Self {
            let progress = Progress::new(self.start);
            progress.set_at(turn, self.start + Duration::from_secs(second));
            self.connections.open(key, address(holder), Arc::new(progress));
            self
        }

        fn admits(&self, holder: &str) -> Admission<u32> {
            self.connections.admit(address(holder), self.start + Duration::from_secs(10))
        }
    }

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn the_slowest_makes_room() {
        use Turn::{Answering, Asking, Taking};
        let mut crowd = Crowd::new(4, 4);
        assert_eq!(crowd.admits("192.0.2.1"), Admission::Free);
        crowd.open(1, "192.0.2.1", Answering, 1).open(2, "192.0.2.1", Taking, 2).open(3, "192.0.2.2", Asking, 4);
        assert_eq!(crowd.admits("192.0.2.3"), Admission::Free);
        crowd.open(4, "192.0.2.2", Asking, 3);
        assert_eq!(crowd.admits("192.0.2.3"), Admission::InPlaceOf(4));
        crowd.connections.close(4);
        crowd.open(5, "192.0.2.3", Asking, 5);
        assert_eq!(crowd.admits("192.0.2.3"), Admission::InPlaceOf(3));
        crowd.connections.close(3);
        crowd.connections.close(5);
        crowd.open(6, "", Answering, 0).open(7, "", Answering, 0);
        assert_eq!(crowd.admits("192.0.2.3"), Admission::InPlaceOf(2));
        assert!(crowd.connections.has_room());
        crowd.connections.close(2);
        crowd.open(8, "", Answering, 9);
        assert_eq!(crowd.admits("192.0.2.3"), Admission::Refused);
        assert!(!crowd.connections.has_room());
    }

    #[test]
    fn who_has_only_just_come_is_not_the_slowest() {
        use Turn::{Asking, Taking};
        let mut crowd = Crowd::new(3, 3);
        crowd.open(1, "", Taking, 8).open(2, "", Asking, 10).open(3, "", Taking, 10);
        assert_eq!(crowd.admits(""), Admission::InPlaceOf(1), "nobody has been idle for long");
        crowd.connections.close(1);
        crowd.open(4, "", Asking, 8);
        assert_eq!(crowd.admits(""), Admission::InPlaceOf(4), "what is idle goes before what is taken");
        crowd.connections.close(4);
        crowd.open(5, "", Taking, 0).open(6, "", Asking, 8);
        assert_eq!(crowd.admits(""), Admission::InPlaceOf(6));
    }

    #[test]
    fn an_address_displaces_none_but_its_own() {
        use Turn::{Answering, Asking};
        let mut crowd = Crowd::new(100, 2);
        crowd.open(1, "192.0.2.1", Asking, 0).open(2, "192.0.2.2", Answering, 1).open(3, "192.0.2.2", Asking, 2);
        assert_eq!(crowd.admits("192.0.2.1"), Admission::Free);
        assert_eq!(crowd.admits("192.0.2.2"), Admission::InPlaceOf(3));
        crowd.connections.close(3);
        crowd.open(4, "192.0.2.2", Answering, 3);
        assert_eq!(crowd.admits("192.0.2.2"), Admission::Refused);
        assert!(crowd.connections.has_room(), "for others");
        // Many stand behind these.
        (10..20).for_each(|key| _ = crowd.open(key, "", Answering, 4));
        assert_eq!(crowd.admits(""), Admission::Free);
    }

    #[test]
    fn many_may_stand_behind_a_proxy_or_on_this_machine() {
        let trusted: Vec<Network> = ["192.0.2.7", "2001:db8:1::/48"].map(|text| text.parse().unwrap()).into();
        for (peer, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::"),
            ("192.0.2.7", ""),
            ("2001:db8:1:2::3", ""),
            ("127.0.0.1", ""),
            ("127.9.9.9", ""),
            ("::1", ""),
            ("::ffff:127.0.0.1", ""),
        ] {
            assert_eq!(holder(peer.parse().unwrap(), &trusted), address(expected), "{peer}");
        }
    }

    #[test]
    fn a_response_that_is_taken_makes_a_connection_idle() {
        let progress = Progress::new(Instant::now());
        progress.set(Turn::Answering);
        // Nothing of the response is there to be taken.
        progress.taken();
        let later = Instant::now() + 2 * PROMPT;
        assert_eq!(progress.rank(later), None);
        progress.set(Turn::Taking);
        let taking = progress.rank(later);
        progress.taken();
        assert!(progress.rank(later).is_some() && progress.rank(later) < taking);
    }
}
