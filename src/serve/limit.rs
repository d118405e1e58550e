//! How often a client may do what is limited: an address and a moment in, yes or a waiting time out.
//!
//! Pure: the clock is the caller's. Memory is bounded: where too many clients come at once, the oldest are forgotten,
//! which forgives them.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    time::{Duration, Instant},
};

/// So many requests in a time that starts with the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At least 1.
    pub requests: u32,
    /// Not zero.
    pub per: Duration,
}

/// Clients of one generation; two are kept, so that what is dropped is known to be the oldest.
const CLIENTS: usize = 8192;

/// Counts the requests of clients.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    young: HashMap<IpAddr, Window>,
    old: HashMap<IpAddr, Window>,
    turned: Instant,
}

/// One client's time, and the requests in it so far.
#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    requests: u32,
}

impl Limiter {
    /// Nobody has come yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), turned: now }
    }

    /// Counts a request, or says how long to wait for the next that is let through. A refused request does not count,
    /// so that waiting always helps.
    pub(crate) fn admit(&mut self, limit: Limit, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let age = |since: Instant| now.saturating_duration_since(since);
        if age(self.turned) >= limit.per || (self.young.len() >= CLIENTS && !self.young.contains_key(&client)) {
            // A window that ends within the old generation's time is over when that is dropped.
            self.old = mem::take(&mut self.young);
            self.turned = now;
        }
        let known = self.young.get(&client).or_else(|| self.old.get(&client)).copied();
        let window = known.filter(|window| age(window.began) < limit.per);
        let mut window = window.unwrap_or(Window { began: now, requests: 0 });
        if window.requests >= limit.requests {
            return Err(limit.per.saturating_sub(age(window.began)));
        }
        window.requests += 1;
        self.young.insert(client, window);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit { requests: 2, per: Duration::from_mins(1) };

    fn client(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    #[test]
    fn so_many_requests_pass_in_the_time_that_starts_with_the_first() {
        let start = Instant::now();
        let mut limiter = Limiter::new(start);
        // Second, client, seconds to wait.
        for (second, number, wait) in [
            (0, 1, None),
            (10, 1, None),
            (11, 1, Some(49)),
            (12, 2, None),
            (59, 1, Some(1)),
            // Refusals do not prolong the wait.
            (60, 1, None),
            (61, 1, None),
            (61, 1, Some(59)),
            (71, 2, None),
            (72, 2, None),
            (73, 2, None),
            (74, 2, Some(58)),
            (119, 1, Some(1)),
            (1000, 1, None),
            (1000, 1, None),
            (1000, 1, Some(60)),
            // A clock that goes back lets nobody through and nobody wait for longer.
            (990, 1, Some(60)),
        ] {
            let admitted = limiter.admit(LIMIT, client(number), start + Duration::from_secs(second));
            assert_eq!(admitted.err(), wait.map(Duration::from_secs), "{number} at {second}");
        }
    }

    #[test]
    fn a_new_limit_holds_at_once() {
        let start = Instant::now();
        let mut limiter = Limiter::new(start);
        assert_eq!(limiter.admit(LIMIT, client(1), start), Ok(()));
        let stricter = Limit { requests: 1, per: Duration::from_secs(10) };
        assert_eq!(limiter.admit(stricter, client(1), start), Err(Duration::from_secs(10)));
    }

    #[test]
    fn a_crowd_takes_bounded_memory_and_forgives_the_oldest() {
        let now = Instant::now();
        let mut limiter = Limiter::new(now);
        for number in 0..100_000 {
            assert_eq!(limiter.admit(LIMIT, client(number), now), Ok(()));
            assert!(limiter.young.len() + limiter.old.len() <= 2 * CLIENTS);
        }
        let mut admit = |number| limiter.admit(LIMIT, client(number), now).is_ok();
        assert_eq!([admit(99_999), admit(99_999)], [true, false]);
        assert_eq!([admit(0), admit(0), admit(0)], [true, true, false]);
    }

    proptest! {
        #[test]
        fn nobody_gets_more_and_whoever_waits_gets_in(
            requests in 1_u32..5,
            per in 1_u64..100,
            steps in proptest::collection::vec((0_u64..40, 0_u32..4), 1..200),
        ) {
            let limit = Limit { requests, per: Duration::from_secs(per) };
            let mut now = Instant::now();
            let mut limiter = Limiter::new(now);
            let mut passed: HashMap<u32, Vec<Instant>> = HashMap::new();
            for (pause, number) in steps {
                now += Duration::from_secs(pause);
                match limiter.admit(limit, client(number), now) {
                    Ok(()) => passed.entry(number).or_default().push(now),
                    Err(wait) => {
                        prop_assert!(!wait.is_zero() && wait <= limit.per);
                        prop_assert_eq!(limiter.clone().admit(limit, client(number), now + wait), Ok(()));
                    }
                }
            }
            // A window that starts with a request that passed holds no more than the limit.
            for times in passed.values() {
                let mut rest = &times[..];
                while let Some(first) = rest.first() {
                    let inside = rest.iter().take_while(|time| **time - *first < limit.per).count();
                    prop_assert!(inside <= requests as usize, "{inside} in one window");
                    rest = &rest[inside..];
                }
            }
        }
    }
}
