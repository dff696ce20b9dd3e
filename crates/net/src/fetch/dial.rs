//! From a host to a TCP connection.

use super::{
    FetchFault, FetchLimits, Phase, Resolve, address::special_range, target::Target, within,
};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

/// Addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;

/// How long an address has to answer before the next one is tried as well (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the target, by an address that is judged here: nothing is looked up a second time.
pub(super) async fn dial(
    target: &Target,
    limits: &FetchLimits,
    resolver: &dyn Resolve,
    deadline: Instant,
) -> Result<TcpStream, FetchFault> {
    let found = match target.address() {
        Some(address) => vec![SocketAddr::new(address, target.port)],
        None => within(deadline, Phase::Resolve, resolver.resolve(&target.host, target.port))
            .await?
            .map_err(|error| FetchFault::Resolver(error.to_string()))?,
    };
    let allowed = allowed(found, limits)?;
    let deadline = deadline.min(Instant::now() + limits.connect);
    within(deadline, Phase::Connect, first_of(&alternating(allowed)))
        .await?
        .map_err(|error| FetchFault::Unreachable(error.to_string()))
}

fn allowed(found: Vec<SocketAddr>, limits: &FetchLimits) -> Result<Vec<SocketAddr>, FetchFault> {
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found {
        let ip = address.ip().to_canonical();
        match special_range(ip) {
            Some(range) if !limits.allow_private && !limits.allowed.contains(&ip) => {
                refused.get_or_insert(FetchFault::Address { address: ip, range });
            }
            _ => allowed.push(address),
        }
    }
    match refused {
        _ if !allowed.is_empty() => Ok(allowed),
        Some(refused) => Err(refused),
        None => Err(FetchFault::Resolver("the name has no address".into())),
    }
}

/// The two families in turn, beginning with that of the first (RFC 8305, section 4), up to the maximum.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(one.next());
        all.extend(other.next());
        if all.len() == before || all.len() >= MAX_ADDRESSES {
            all.truncate(MAX_ADDRESSES);
            return all;
        }
    }
}

/// The first connection that stands; if none does, the last error.
async fn first_of(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut fault = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(async move {
                TcpStream::connect(address)
                    .await
                    .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
            });
        } else if attempts.is_empty() {
            return Err(fault);
        }
        let ended = if waiting.len() == 0 {
            attempts.join_next().await
        } else {
            // Silence is the sign to try the next as well.
            timeout(STAGGER, attempts.join_next()).await.unwrap_or_default()
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => fault = error,
            Some(Err(error)) => fault = io::Error::other(error),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FetchFault, FetchLimits, MAX_ADDRESSES, allowed, alternating, first_of};
    use std::net::SocketAddr;
    use tokio::net::TcpListener;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn only_public_and_named_addresses_are_left() {
        let limits = FetchLimits::default();
        let found = addresses(&["10.0.0.1:80", "8.8.8.8:80", "[::ffff:127.0.0.1]:80", "[::1]:80"]);
        assert_eq!(allowed(found.clone(), &limits).unwrap(), addresses(&["8.8.8.8:80"]));
        assert_eq!(
            allowed(addresses(&["[::ffff:127.0.0.1]:80", "10.0.0.1:80"]), &limits),
            Err(FetchFault::Address { address: "127.0.0.1".parse().unwrap(), range: "loopback" })
        );
        assert!(matches!(allowed(Vec::new(), &limits), Err(FetchFault::Resolver(_))));

        let named = FetchLimits { allowed: vec!["127.0.0.1".parse().unwrap()], ..limits.clone() };
        assert_eq!(allowed(found.clone(), &named).unwrap(), [found[1], found[2]]);
        let open = FetchLimits { allow_private: true, ..limits };
        assert_eq!(allowed(found.clone(), &open).unwrap(), found);
    }

    #[test]
    fn families_take_turns() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1"]);
        let expected = addresses(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "[::3]:1"]);
        assert_eq!(alternating(found), expected);
        let many = (0..100).map(|port| SocketAddr::from(([1, 1, 1, 1], port))).collect();
        assert_eq!(alternating(many).len(), MAX_ADDRESSES);
        assert!(alternating(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_one_that_accepts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap()
        };
        let stream = first_of(&[closed, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = first_of(&[closed, closed]).await.unwrap_err();
        assert!(error.to_string().starts_with(&closed.to_string()), "{error}");
    }
}
