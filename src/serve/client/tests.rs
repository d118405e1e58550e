use hyper::{HeaderMap, Request, header::HeaderValue};
use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn a_network_holds_what_begins_alike() {
    for (network, inside, outside) in [
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("127.0.0.1/32", "::ffff:127.0.0.1", "::1"),
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
        ("192.168.4.0/22", "192.168.7.255", "192.168.8.0"),
        ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
        ("::/0", "2001:db8::1", "203.0.113.9"),
        ("fd00::/8", "fdff::1", "fe00::"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
        ("2001:db8:0:8000::/49", "2001:db8:0:ffff::", "2001:db8::"),
    ] {
        let parsed: Network = network.parse().unwrap();
        assert!(parsed.contains(ip(inside)), "{network} {inside}");
        assert!(!parsed.contains(ip(outside)), "{network} {outside}");
    }
}

#[test]
fn a_network_is_written_in_one_way() {
    let cure = "write an IP address or a network, such as `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`";
    for text in ["", "localhost", "10.0.0.0/", "10.0.0.0/33", "::/129", "10/8", "10.0.0.0/+8", "10.0.0.0/008", " ::1"] {
        assert_eq!(text.parse::<Network>(), Err(format!("`{text}` is no address: {cure}")));
    }
    let wrong = |text: &str| text.parse::<Network>().unwrap_err();
    assert_eq!(wrong("10.0.0.1/8"), "`10.0.0.1/8` names one address and many: write `10.0.0.0/8` or `10.0.0.1`");
    assert_eq!(wrong("::ffff:10.0.0.1"), "`::ffff:10.0.0.1` is an IPv4 address in IPv6 form: write `10.0.0.1`");
}

#[test]
fn only_trusted_proxies_are_believed() {
    let trusted = networks(&["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
    let check = |peer: &str, lines: &[&str], expected: Option<&str>| {
        assert_eq!(client(ip(peer), &headers(lines), &trusted), expected.map(ip), "{peer} {lines:?}");
    };
    // Nobody's proxy: whatever it says.
    check("203.0.113.9", &[], Some("203.0.113.9"));
    check("203.0.113.9", &["x-forwarded-for: 198.51.100.7"], Some("203.0.113.9"));
    check("203.0.113.9", &["forwarded: for=198.51.100.7"], Some("203.0.113.9"));
    // A proxy that says nothing may ask for anyone.
    check("127.0.0.1", &[], None);
    check("::ffff:127.0.0.1", &[], None);
    check("127.0.0.1", &["via: 1.1 nginx"], None);

    check("127.0.0.1", &["x-forwarded-for: 198.51.100.7"], Some("198.51.100.7"));
    check("127.0.0.1", &["x-forwarded-for: 198.51.100.7:4711"], Some("198.51.100.7"));
    check("127.0.0.1", &["x-forwarded-for: 2001:db8::7"], Some("2001:db8::7"));
    check("127.0.0.1", &["x-forwarded-for: [2001:db8::7]:4711"], Some("2001:db8::7"));
    check("127.0.0.1", &["x-forwarded-for: ::ffff:198.51.100.7"], Some("198.51.100.7"));
    // What stands left of the right-most untrusted address, the client may have written.
    check("127.0.0.1", &["x-forwarded-for: 192.0.2.1, 198.51.100.7, 10.1.1.1"], Some("198.51.100.7"));
    check("127.0.0.1", &["x-forwarded-for: nonsense, 198.51.100.7"], Some("198.51.100.7"));
    check("127.0.0.1", &["x-forwarded-for: 192.0.2.1", "x-forwarded-for: 198.51.100.7"], Some("198.51.100.7"));
    check("127.0.0.1", &["x-forwarded-for: 10.0.0.2, 10.0.0.3"], Some("10.0.0.2"));
    // What cannot be read is counted as the proxy's.
    for unreadable in ["unknown", "", "198.51.100.7, ", "198.51.100.7.1", "198.51.100.7:", "::ffff:1:2:3:4:5:6:7:8"] {
        check("127.0.0.1", &[&format!("x-forwarded-for: {unreadable}")], Some("127.0.0.1"));
    }

    check("10.1.1.1", &["forwarded: for=198.51.100.7"], Some("198.51.100.7"));
    check("10.1.1.1", &["forwarded: For=\"198.51.100.7:4711\";proto=https;by=10.1.1.1"], Some("198.51.100.7"));
    check("10.1.1.1", &["forwarded: proto=https ; for=\"[2001:db8::7]:4711\""], Some("2001:db8::7"));
    check("10.1.1.1", &["forwarded: for=\"\\[2001:db8::7\\]\""], Some("2001:db8::7"));
    check("10.1.1.1", &["forwarded: for=_a;for=\"b,c\"", "forwarded: for=198.51.100.7"], Some("198.51.100.7"));
    check("10.1.1.1", &["forwarded: for=192.0.2.1, for=198.51.100.7, for=\"[fd00::1]\""], Some("198.51.100.7"));
    for unreadable in [
        "for=unknown",
        "for=_hidden",
        "for=2001:db8::7",
        "for=\"2001:db8::7\"",
        "for=198.51.100.7:4711",
        "proto=https",
        "for=198.51.100.7;for=198.51.100.7",
        "for = 198.51.100.7",
        "for=",
        "for",
        "198.51.100.7",
        "for=198.51.100.7,",
        // The client left a quote open, and the proxy added to the line.
        "for=\"a, for=198.51.100.7",
    ] {
        check("10.1.1.1", &[&format!("forwarded: {unreadable}")], Some("10.1.1.1"));
    }
    // Two headers: one is the proxy's, the other perhaps a forgery.
    check("10.1.1.1", &["forwarded: for=192.0.2.1", "x-forwarded-for: 198.51.100.7"], Some("10.1.1.1"));
    check("10.1.1.1", &["forwarded: for=198.51.100.7", "x-forwarded-for: 198.51.100.7"], Some("198.51.100.7"));
}

#[test]
fn an_ipv6_client_is_its_network() {
    for (client, expected) in [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
    ] {
        assert_eq!(household(ip(client)), ip(expected));
    }
}

#[test]
fn only_who_sits_at_the_machine_is_local() {
    let check = |peer: &str, target: &str, lines: &[&str], expected: bool| {
        let mut request = Request::get(target).body(()).unwrap().into_parts().0;
        request.headers = headers(lines);
        assert_eq!(is_local(&request, ip(peer)), expected, "{peer} {target} {lines:?}");
    };
    check("127.0.0.1", "/status.json", &["host: 127.0.0.1:8080"], true);
    check("127.0.0.1", "/status.json", &["host: LOCALHOST:8080"], true);
    check("127.0.0.9", "/status.json", &["host: localhost"], true);
    check("::1", "/status.json", &["host: [::1]:8080"], true);
    check("::ffff:127.0.0.1", "/status.json", &[], true);
    check("127.0.0.1", "http://localhost/status.json", &["host: localhost"], true);

    check("203.0.113.9", "/status.json", &["host: localhost"], false);
    check("127.0.0.1", "/status.json", &["host: feeds.example.org"], false);
    check("127.0.0.1", "/status.json", &["host: localhost.example.org"], false);
    check("127.0.0.1", "http://feeds.example.org/status.json", &["host: localhost"], false);
    for trace in ["forwarded: for=127.0.0.1", "via: 1.1 x", "x-forwarded-for: 127.0.0.1", "x-real-ip: 127.0.0.1"] {
        check("127.0.0.1", "/status.json", &["host: localhost", trace], false);
    }
}

proptest! {
    #[test]
    fn no_header_panics_and_the_proxys_word_counts(
        common in "[ -~]{0,40}",
        standard in "(for|FOR|by|\"|=|;|,| |\\\\|\\[|\\]|:|198\\.51\\.100\\.7|_a|[!-~]){0,12}",
        text in "\\PC{0,20}",
    ) {
        let trusted = networks(&["127.0.0.1"]);
        let mut forged = headers(&["forwarded: a"]);
        forged.insert(FORWARDED, HeaderValue::from_str(&standard).unwrap());
        client(ip("127.0.0.1"), &forged, &trusted);
        let _ = text.parse::<Network>();

        // Whatever a client sends, the proxy's own line comes last.
        forged.append(FORWARDED, HeaderValue::from_static("for=198.51.100.7"));
        prop_assert_eq!(client(ip("127.0.0.1"), &forged, &trusted), Some(ip("198.51.100.7")));
        let appended = headers(&[&format!("x-forwarded-for: {common}, 198.51.100.7")]);
        prop_assert_eq!(client(ip("127.0.0.1"), &appended, &trusted), Some(ip("198.51.100.7")));
        // And nobody outside becomes someone else.
        prop_assert_eq!(client(ip("203.0.113.9"), &forged, &trusted), Some(ip("203.0.113.9")));
    }

    #[test]
    fn a_network_holds_its_own_start(bits in any::<u128>(), length in 0_u8..=128) {
        let start = Network::start(IpAddr::V6(bits.into()), length);
        if start == start.to_canonical() {
            let network: Network = format!("{start}/{length}").parse().unwrap();
            prop_assert!(network.contains(start));
            prop_assert_eq!(network.contains(IpAddr::V6(bits.into())), IpAddr::V6(bits.into()).to_canonical().is_ipv6());
        }
    }
}
