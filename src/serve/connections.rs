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
    time::Duration,
};

// The same as the standard library's, but in tests, where it can stand still.
use tokio::time::Instant;

use super::client::{Network, household, is_trusted};

/// How long an ordinary client may take to ask, once it is connected.
const PROMPT: Duration = Duration::from_secs(1);

/// How long it stands who the slowest are, once that was looked up: a crowd that pushes in has everybody looked at a
/// hundred times a second, not for each of the crowd.
const STANDS: Duration = Duration::from_millis(10);

/// The part of all connections that is remembered as the slowest.
const SLOWEST: usize = 64;

/// The connections that are open, each under a key.
#[derive(Debug)]
pub(crate) struct Connections<K, P> {
    most: usize,
    most_each: usize,
    head_within: Duration,
    open: HashMap<K, Open<P>>,
    /// The connections of each counted address.
    held: HashMap<IpAddr, Vec<K>>,
    /// The slowest of all when that was last looked up, the very slowest last.
    slowest: (Instant, Vec<(Rank, K)>),
    /// When somebody may have been too slow to ask.
    look_at: Instant,
}

#[derive(Debug)]
struct Open<P> {
    holder: Option<IpAddr>,
    progress: P,
}

/// How soon a connection makes room, the lowest first.
type Rank = (bool, u64);

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

impl<K: Copy + Ord + Hash, P: AsRef<Progress>> Connections<K, P> {
    /// None yet, and never more than `most`, or `most_each` of one holder. A client may take so long to send a request's
    /// head, and to be idle before it.
    pub(crate) fn new(most: usize, most_each: usize, head_within: Duration) -> Self {
        let (open, held, now) = (HashMap::new(), HashMap::new(), Instant::now());
        Self { most, most_each, head_within, open, held, slowest: (now, Vec::new()), look_at: now }
    }

    /// From now on there are never more than so many that were opened since.
    pub(crate) fn allow(&mut self, most: usize, most_each: usize) {
        (self.most, self.most_each) = (most, most_each);
    }

    /// Whether whoever comes next could be let in.
    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < self.most || self.open.values().any(|open| open.progress.as_ref().is_waiting())
    }

    /// Whether a connection of this holder may be opened now. Without a holder, only the bound of all holds.
    pub(crate) fn admit(&mut self, holder: Option<IpAddr>, now: Instant) -> Admission<K> {
        let own = holder.and_then(|holder| self.held.get(&holder)).filter(|own| own.len() >= self.most_each);
        let instead = if let Some(own) = own {
            let ranks = own.iter().filter_map(|key| Some((self.rank(*key, now)?, *key)));
            ranks.min().map(|(_, key)| key)
        } else if self.open.len() >= self.most {
            self.slowest(now)
        } else {
            return Admission::Free;
        };
        instead.map_or(Admission::Refused, Admission::InPlaceOf)
    }

    /// Takes note of a connection.
    pub(crate) fn open(&mut self, key: K, holder: Option<IpAddr>, progress: P, now: Instant) {
        if self.open.is_empty() {
            self.look_at = now + self.head_within;
        }
        if let Some(holder) = holder {
            self.held.entry(holder).or_default().push(key);
        }
        self.open.insert(key, Open { holder, progress });
    }

    /// Forgets a connection that ended, or will.
    pub(crate) fn close(&mut self, key: K) -> Option<P> {
        let Open { holder, progress } = self.open.remove(&key)?;
        if let Some(holder) = holder
            && let Some(own) = self.held.get_mut(&holder)
        {
            own.retain(|other| *other != key);
            if own.is_empty() {
                self.held.remove(&holder);
            }
        }
        if self.open.is_empty() {
            // A crowd that has gone leaves nothing behind.
            self.open.shrink_to_fit();
            self.held.shrink_to_fit();
        }
        Some(progress)
    }

    /// When to ask next who is [`Self::overdue`]; never while there is nobody.
    pub(crate) fn look_at(&self) -> Option<Instant> {
        (!self.open.is_empty()).then_some(self.look_at)
    }

    /// Those that have been idle, or asking, for longer than they may. Each is said within a twentieth of that time.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<K> {
        if now < self.look_at {
            return Vec::new();
        }
        let mut overdue = Vec::new();
        let mut next = self.head_within;
        for (key, open) in &self.open {
            let Some(waited) = open.progress.as_ref().asking(now) else { continue };
            match self.head_within.saturating_sub(waited) {
                Duration::ZERO => overdue.push(*key),
                left => next = next.min(left),
            }
        }
        self.look_at = now + next.max(self.head_within / 20);
        overdue
    }

    fn rank(&self, key: K, now: Instant) -> Option<Rank> {
        self.open.get(&key)?.progress.as_ref().rank(now)
    }

    /// The one of all that has kept us waiting for the longest.
    fn slowest(&mut self, now: Instant) -> Option<K> {
        if now.saturating_duration_since(self.slowest.0) < STANDS {
            while let Some((rank, key)) = self.slowest.1.pop() {
                // Unless it has moved since.
                if self.rank(key, now) == Some(rank) {
                    return Some(key);
                }
            }
        }
        let ranks = self.open.iter().filter_map(|(key, open)| Some((open.progress.as_ref().rank(now)?, *key)));
        let mut ranks: Vec<_> = ranks.collect();
        let few = ranks.len().div_ceil(SLOWEST);
        if few < ranks.len() {
            ranks.select_nth_unstable(few);
            ranks.truncate(few);
        }
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        let (_, key) = ranks.pop()?;
        self.slowest = (now, ranks);
        Some(key)
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

    /// Whether nothing is asked that is not answered, and taken.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().0 == Turn::Asking as u64
    }

    /// How long it has been the client's turn to ask, if it is.
    fn asking(&self, now: Instant) -> Option<Duration> {
        let (turn, began) = self.state();
        let waited = Duration::from_micros(self.micros(now).saturating_sub(began));
        (turn == Turn::Asking as u64).then_some(waited)
    }

    /// How soon it makes room; nothing while we are at work for it.
    fn rank(&self, now: Instant) -> Option<Rank> {
        let is_idle = self.asking(now).is_some_and(|waited| waited > PROMPT);
        self.is_waiting().then_some((!is_idle, self.state().1))
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

    const PATIENCE: Duration = Duration::from_secs(10);

    struct Crowd {
        start: Instant,
        connections: Connections<u32, Arc<Progress>>,
    }

    impl Crowd {
        fn new(most: usize, most_each: usize) -> Self {
            Self { start: Instant::now(), connections: Connections::new(most, most_each, PATIENCE) }
        }

        fn open(&mut self, key: u32, holder: &str, turn: Turn, second: u64) -> &mut Self {
            let progress = Progress::new(self.start);
            progress.set_at(turn, self.start + Duration::from_secs(second));
            self.connections.open(key, address(holder), Arc::new(progress), self.start);
            self
        }

        fn admits(&mut self, holder: &str) -> Admission<u32> {
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
    fn who_asks_nothing_for_long_is_overdue_within_a_twentieth() {
        use Turn::{Answering, Asking, Taking};
        let mut crowd = Crowd::new(100, 100);
        let at = |crowd: &Crowd, millis: u64| crowd.start + Duration::from_millis(millis);
        assert_eq!(crowd.connections.look_at(), None);
        crowd.open(1, "", Asking, 0).open(2, "", Asking, 3).open(3, "", Taking, 0).open(4, "", Answering, 0);
        let mut seen = Vec::new();
        while let Some(next) = crowd.connections.look_at().filter(|next| *next < at(&crowd, 60_000)) {
            for late in crowd.connections.overdue(next) {
                assert!(crowd.connections.close(late).is_some());
                seen.push((late, (next - crowd.start).as_millis()));
            }
        }
        assert_eq!(seen, [(1, 10_000), (2, 13_000)]);
        // Between two looks there is nothing to be said.
        assert!(crowd.connections.overdue(at(&crowd, 59_000)).is_empty());
    }

    #[test]
    fn a_crowd_that_pushes_in_takes_the_places_of_the_slowest_in_order() {
        let mut crowd = Crowd::new(1000, 1000);
        (0..1000).for_each(|key| _ = crowd.open(key, "", Turn::Asking, u64::from(key % 9)));
        for key in 1000..1200 {
            let Admission::InPlaceOf(slowest) = crowd.admits("") else { panic!("{key} finds no room") };
            assert_eq!(u64::from(slowest % 9), u64::from((key - 1000) / 112), "{key}");
            crowd.connections.close(slowest);
            crowd.open(key, "", Turn::Asking, 10);
        }
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
