//! From a host's name to its addresses.

use std::{fmt, future::Future, io, net::SocketAddr, pin::Pin};

/// What [`Resolve::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Looks up hosts. Every address it gives is judged before anybody connects to it, and it is that address, not the name
/// again, that is connected to.
///
/// ```
/// use ravelin_net::fetch::{FetchConfig, FetchLimits, Resolve, Resolving};
/// use std::{net::{IpAddr, SocketAddr}, sync::Arc};
///
/// #[derive(Debug)]
/// struct Always(IpAddr);
///
/// impl Resolve for Always {
///     fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> Resolving<'a> {
///         Box::pin(async move { Ok(vec![SocketAddr::new(self.0, port)]) })
///     }
/// }
///
/// let mut config = FetchConfig::new(FetchLimits::default());
/// config.resolver = Arc::new(Always("192.0.2.7".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of `host`, best first, each with `port`. Never asked for a host that is an address itself.
    ///
    /// # Errors
    /// When the host is not known, or cannot be looked up.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The system's resolver (getaddrinfo), on tokio's threads for blocking work. A look-up that the system does not give up
/// on goes on there when its time is up; end the runtime with `shutdown_background` not to wait for it.
///
/// ```
/// use ravelin_net::fetch::{Resolve, SystemResolver};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let addresses = SystemResolver.resolve("localhost", 80).await?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
