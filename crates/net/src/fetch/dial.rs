//! From a host to a TCP connection.

use super::{
    FetchFault, FetchLimits, Phase, Resolve, address::special_range, target::Target, within,
};
use std::net::SocketAddr;
use tokio::{net::TcpStream, time::Instant};

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
    within(deadline, Phase::Connect, crate::dial(allowed))
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

#[cfg(test)]
mod tests {
    use super::{FetchFault, FetchLimits, allowed};
    use std::net::SocketAddr;

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
}
