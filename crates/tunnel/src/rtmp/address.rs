//! The URIs that RTMP's clients are given: `rtmps://host:port/app/instance`.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Port of RTMP over TLS where the URI names none.
const SECURE_PORT: u16 = 443;
/// Port of plain RTMP where the URI names none (RTMP 1.0, section 5.1).
const PLAIN_PORT: u16 = 1935;

/// Where an RTMP client goes.
///
/// ```
/// use ravelin_tunnel::rtmp::RtmpAddress;
///
/// let address: RtmpAddress = "rtmps://media.example/live/studio".parse()?;
/// assert_eq!((address.secure, &*address.host, address.port), (true, "media.example", 443));
/// assert_eq!((&*address.app, address.instance.as_deref()), ("live", Some("studio")));
/// assert_eq!("rtmps://media.example:8443/live".parse::<RtmpAddress>()?.port, 8443);
/// # Ok::<(), ravelin_tunnel::rtmp::RtmpAddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtmpAddress {
    /// Whether it goes through TLS (`rtmps`).
    pub secure: bool,
    /// A name, or an address without brackets.
    pub host: Box<str>,
    /// As named, or the scheme's own: 443 for `rtmps`, 1935 for `rtmp`.
    pub port: u16,
    /// The application on the server; empty where none is named.
    pub app: Box<str>,
    /// The application's instance: all that follows its name.
    pub instance: Option<Box<str>>,
}

/// Text that is no RTMP address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no RTMP address: {what}; write rtmps://host/app/instance")]
pub struct RtmpAddressError {
    text: String,
    what: &'static str,
}

impl FromStr for RtmpAddress {
    type Err = RtmpAddressError;

    fn from_str(text: &str) -> Result<RtmpAddress, RtmpAddressError> {
        let error = |what| RtmpAddressError { text: text.to_owned(), what };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| error("it has no scheme"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "rtmps" => true,
            "rtmp" => false,
            _ => return Err(error("its scheme is neither rtmps nor rtmp")),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) =
                    rest.split_once(']').ok_or_else(|| error("its bracket is not closed"))?;
                host.parse::<Ipv6Addr>().map_err(|_| error("its address is none"))?;
                (host, port)
            }
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let host_fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || !host.bytes().all(host_fits) {
            return Err(error("its host is none"));
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => {
                if secure {
                    SECURE_PORT
                } else {
                    PLAIN_PORT
                }
            }
            Some(digits) => match digits.parse() {
                Ok(port) if port > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => port,
                _ => return Err(error("its port is no number from 1 to 65535")),
            },
            None => return Err(error("something stands between its address and its port")),
        };
        let (app, instance) = match path.split_once('/') {
            Some((app, instance)) => (app, Some(instance).filter(|one| !one.is_empty())),
            None => (path, None),
        };
        Ok(RtmpAddress {
            secure,
            host: host.into(),
            port,
            app: app.into(),
            instance: instance.map(Into::into),
        })
    }
}

impl RtmpAddress {
    /// `host:port`, with brackets where an IPv6 address needs them.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for RtmpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "rtmps" } else { "rtmp" };
        write!(f, "{scheme}://{}/{}", self.authority(), self.app)?;
        self.instance.iter().try_for_each(|instance| write!(f, "/{instance}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> u16 {
        text.parse::<RtmpAddress>().unwrap().port
    }

    #[test]
    fn f01_rtmps_means_port_443_and_an_explicit_port_overrides() {
        assert_eq!(port("rtmps://host/app/instance"), 443);
        assert_eq!(port("rtmps://host:8443/app/instance"), 8443);
        assert_eq!(port("RTMPS://host"), 443);
        assert_eq!(port("rtmp://host/app"), 1935);
        assert_eq!(port("rtmps://[2001:db8::1]:4443/app"), 4443);
        assert_eq!(port("rtmps://[::1]/app"), 443);
    }

    #[test]
    fn f01_the_parts_are_told_apart() {
        let address: RtmpAddress = "rtmps://[::1]/live/a/b?key=c".parse().unwrap();
        assert_eq!((&*address.host, &*address.app), ("::1", "live"));
        assert_eq!(address.instance.as_deref(), Some("a/b?key=c"));
        assert_eq!(address.to_string(), "rtmps://[::1]:443/live/a/b?key=c");
    }

    #[test]
    fn f01_what_is_no_address_says_why() {
        for wrong in [
            "",
            "host/app",
            "https://host/app",
            "rtmps://",
            "rtmps:///app",
            "rtmps://host:/app",
            "rtmps://host:0/app",
            "rtmps://host:65536/app",
            "rtmps://host:+1/app",
            "rtmps://[::1/app",
            "rtmps://[::1]x/app",
            "rtmps://[host]/app",
            "rtmps://a b/app",
        ] {
            let error = wrong.parse::<RtmpAddress>().unwrap_err().to_string();
            assert!(error.ends_with("write rtmps://host/app/instance"), "{error}");
        }
    }
}
