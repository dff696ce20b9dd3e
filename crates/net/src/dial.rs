//! From the addresses of a host to a TCP connection.

use std::{io, net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// Addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;

/// How long an address has to answer before the next one is tried as well (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of a host's addresses that answers: IPv6 and IPv4 in turn, the next one as soon as the one before
/// fails or is silent for a quarter of a second (RFC 8305). Eight are tried. It sets no limit to the time: dropping the
/// future gives up.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// let addresses = tokio::net::lookup_host(("www.example", 443)).await?.collect();
/// let tcp = ravelin_net::dial(addresses).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When no address answers: that of the last, with the address in its message.
pub async fn dial(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    first_of(alternating(addresses)).await
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
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
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
    use super::{MAX_ADDRESSES, alternating, dial};
    use std::net::SocketAddr;
    use tokio::net::TcpListener;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
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
        let stream = dial(vec![closed, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = dial(vec![closed, closed]).await.unwrap_err();
        assert!(error.to_string().starts_with(&closed.to_string()), "{error}");
    }
}
