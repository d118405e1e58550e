//! Whom a request comes from: the peer's address, and what trusted proxies say of it → the client's address.
//!
//! Believes nobody whom the configuration does not name: whoever may write his own address may have any.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use hyper::header::{FORWARDED, HOST, HeaderName, VIA};
use hyper::http::uri::Authority;

use super::request::{Fields, Request, text};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What proxies add to a request that they pass on.
const TRACES: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    X_FORWARDED_FOR,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// An address, or all that begin with the same bits: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address lies in it. An IPv4 address in IPv6 form (RFC 4291 §2.5.5.2) is an IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                (ours.to_bits() ^ other.to_bits()).checked_shr(32 - u32::from(self.bits)).is_none_or(|rest| rest == 0)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                (ours.to_bits() ^ other.to_bits()).checked_shr(128 - u32::from(self.bits)).is_none_or(|rest| rest == 0)
            }
            _ => false,
        }
    }

    /// The first address of the network of so many bits around an address.
    fn start(address: IpAddr, bits: u8) -> IpAddr {
        let kept = |width: u32| width - u32::from(bits);
        match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(kept(32)).unwrap_or(0);
                IpAddr::V4((v4.to_bits() & mask).into())
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(kept(128)).unwrap_or(0);
                IpAddr::V6((v6.to_bits() & mask).into())
            }
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cure = "write an IP address or a network, such as `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`";
        let wrong = || format!("`{text}` is no address: {cure}");
        let (address, length) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if address != address.to_canonical() {
            return Err(format!("`{text}` is an IPv4 address in IPv6 form: write `{}`", address.to_canonical()));
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match length {
            None => most,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with("00") => {
                digits.parse().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        let start = Self::start(address, bits);
        if start != address {
            return Err(format!("`{text}` names one address and many: write `{start}/{bits}` or `{address}`"));
        }
        Ok(Self { address, bits })
    }
}

/// The address that stands for a client where clients are counted: an IPv6 client has a whole /64 to choose from.
pub(crate) fn household(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        v6 @ IpAddr::V6(_) => Network::start(v6, 64),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The client behind a peer: the peer itself, or, if that is a trusted proxy, the right-most address that it forwards
/// for and that is none.
///
/// Nothing if a trusted proxy does not say for whom it asks, since it may be anyone. Where what it passes on cannot be
/// read, or `Forwarded` and `X-Forwarded-For` disagree (a proxy maintains one, and a client forged the other), it is
/// the proxy's own address: those who do that share it.
pub(crate) fn client<'r>(peer: IpAddr, fields: impl Fields<'r>, trusted: &[Network]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return Some(peer);
    }
    let standard = nodes(fields, FORWARDED, forwarded);
    let common = nodes(fields, X_FORWARDED_FOR, forwarded_for);
    let clients = [standard, common].into_iter().flatten().map(|nodes| last_untrusted(&nodes, trusted));
    clients.reduce(|one, other| if one == other { one } else { None }).map(|client| client.unwrap_or(peer))
}

/// Whether an address is that of a proxy that the configuration trusts.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The right-most address that is not trusted; the left-most if all are. Nothing where the chain breaks before.
fn last_untrusted(nodes: &[Option<IpAddr>], trusted: &[Network]) -> Option<IpAddr> {
    let mut first = None;
    for node in nodes.iter().rev() {
        first = Some((*node)?);
        if first.is_some_and(|address| !is_trusted(address, trusted)) {
            break;
        }
    }
    first
}

/// What a header says on all its lines, the nearest proxy last; nothing if it is absent. Unreadable nodes are `None`.
fn nodes<'r>(
    fields: impl Fields<'r>,
    name: HeaderName,
    read: fn(&str) -> Vec<Option<IpAddr>>,
) -> Option<Vec<Option<IpAddr>>> {
    let mut lines = fields.all(name).peekable();
    lines.peek()?;
    Some(lines.flat_map(|line| text(line).map_or_else(|| vec![None], read)).collect())
}

/// The list of an `X-Forwarded-For`: addresses, some with a port.
fn forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',')
        .map(|item| item.trim_matches([' ', '\t']))
        .map(|item| item.parse::<IpAddr>().ok().map(|bare| bare.to_canonical()).or_else(|| node(item)))
        .collect()
}

/// The `for` of each element of a `Forwarded` (RFC 7239 §4). A line that breaks the grammar is one unreadable node.
fn forwarded(line: &str) -> Vec<Option<IpAddr>> {
    elements(line).unwrap_or_else(|| vec![None])
}

fn elements(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut nodes = Vec::new();
    let mut rest = line;
    loop {
        let mut named: Option<Option<IpAddr>> = None;
        loop {
            rest = blanks(rest);
            // An element, and a pair in it, may be empty (RFC 9110 §5.6.1.2).
            if !rest.is_empty() && !rest.starts_with([',', ';']) {
                let (name, tail) = token(rest)?;
                let (value, tail) = value(tail.strip_prefix('=')?)?;
                if name.eq_ignore_ascii_case("for") && named.replace(node(&value)).is_some() {
                    return None;
                }
                rest = blanks(tail);
            }
            match rest.strip_prefix(';') {
                Some(tail) => rest = tail,
                None => break,
            }
        }
        nodes.push(named.flatten());
        if rest.is_empty() {
            return Some(nodes);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// A token (RFC 9110 §5.6.2) and what follows it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at_checked(text.find(|c| !is_part(c)).unwrap_or(text.len())).filter(|(token, _)| !token.is_empty())
}

/// A token or a quoted string (RFC 9110 §5.6.4), without its quotes, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(token, rest)| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

/// A node (RFC 7239 §6): an IPv4 address or an IPv6 address in brackets, perhaps with a port. `unknown` and hidden
/// names are none.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let bare = || text.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

/// Whether a request was made on this machine, and for someone on it: from a loopback address, not passed on by a
/// proxy, and under a name of this machine, so that no page of another site could have made a browser send it.
pub(crate) fn is_local(request: &impl Request, peer: IpAddr) -> bool {
    let fields = request.fields();
    let passed_on = TRACES.into_iter().any(|name| fields.has(name));
    let hosts = fields.all(HOST).map(|host| text(host).unwrap_or("?"));
    peer.to_canonical().is_loopback() && !passed_on && hosts.chain(request.host()).all(is_loopback)
}

/// Whether a host, perhaps with a port, is a name that this machine has for itself.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
