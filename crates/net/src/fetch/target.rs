//! URLs that may be fetched (RFC 3986; RFC 9110, section 4.2).

use super::error::FetchFault;
use hyper::Uri;
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// Longest URL, in bytes.
const MAX_URL: usize = 4096;
/// Longest host name (RFC 1035, section 2.3.4), as text.
const MAX_NAME: usize = 253;

/// Where a request goes: a URL of scheme http or https in parts, the host in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) https: bool,
    /// A name, or an address without brackets.
    pub(super) host: Box<str>,
    pub(super) port: u16,
    /// With the query, and a slash in front.
    pub(super) path: Box<str>,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Target, FetchFault> {
        if url.len() > MAX_URL {
            return Err(FetchFault::Url("longer than 4096 bytes"));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FetchFault::Url("holds a space or something that is not ASCII"));
        }
        let https = match scheme(url) {
            None => return Err(FetchFault::Url("no scheme")),
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) => return Err(FetchFault::Scheme(super::error::shown(scheme))),
        };
        if !url[url.find(':').unwrap_or_default()..].starts_with("://") {
            return Err(FetchFault::Url("no host"));
        }
        let uri: Uri = url.parse().map_err(|_| FetchFault::Url("not well-formed"))?;
        let authority = uri.authority().ok_or(FetchFault::Url("no host"))?.as_str();
        if authority.contains('@') {
            return Err(FetchFault::Url("holds a user name or password"));
        }
        let (host, port) = split(authority).ok_or(FetchFault::Url("not well-formed"))?;
        let host = checked(host).ok_or(FetchFault::Url("host is no name or address"))?;
        let port = match port {
            "" => default_port(https),
            digits => digits.parse().map_err(|_| FetchFault::Url("no such port"))?,
        };
        if port == 0 {
            return Err(FetchFault::Url("no such port"));
        }
        let path = match uri.path_and_query().map_or("", |path| path.as_str()) {
            path if path.starts_with('/') => path.into(),
            path => format!("/{path}").into(),
        };
        Ok(Target { https, host: host.into(), port, path })
    }

    /// Where a redirect leads from here (RFC 9110, section 10.2.2; RFC 3986, section 5.2).
    pub(super) fn join(&self, location: &str) -> Result<Target, FetchFault> {
        let location = location.split('#').next().unwrap_or_default();
        let path = self.path.split('?').next().unwrap_or_default();
        let scheme_here = if self.https { "https" } else { "http" };
        let next = if scheme(location).is_some() {
            return Target::parse(location);
        } else if location.starts_with("//") {
            return Target::parse(&format!("{scheme_here}:{location}"));
        } else if location.is_empty() {
            self.path.to_string()
        } else if location.starts_with('/') {
            without_dots(location)
        } else if location.starts_with('?') {
            format!("{path}{location}")
        } else {
            let folder = &path[..=path.rfind('/').unwrap_or_default()];
            without_dots(&format!("{folder}{location}"))
        };
        Target::parse(&format!("{scheme_here}://{}{next}", self.authority()))
    }

    /// Host and port as in the `Host` header: without the port if it is the scheme's own.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.to_string()
        };
        if self.port == default_port(self.https) { host } else { format!("{host}:{}", self.port) }
    }

    /// The address, when the host is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// What stands in front of the first colon, if it can be a scheme (RFC 3986, section 3.1).
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (begins && scheme.bytes().all(fits)).then_some(scheme)
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

fn split(authority: &str) -> Option<(&str, &str)> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end);
    let port = match rest {
        "" => "",
        _ => rest.strip_prefix(':')?,
    };
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some((host, port))
}

fn checked(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return Some(address.parse::<Ipv6Addr>().ok()?.to_string());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let usable = !host.is_empty() && host.len() <= MAX_NAME && host.bytes().all(fits);
    usable.then(|| host.to_ascii_lowercase())
}

/// Takes `.` and `..` out of a path, which may have a query (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let (path, query) = path.find('?').map_or((path, ""), |at| path.split_at(at));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{MAX_URL, Target};
    use crate::fetch::FetchFault;

    fn parse(url: &str) -> Target {
        Target::parse(url).unwrap_or_else(|fault| panic!("{url}: {fault}"))
    }

    #[test]
    fn urls_are_read_into_their_parts() {
        for (url, host, port, path) in [
            ("http://a.example", "a.example", 80, "/"),
            ("HTTP://A.Example:8080/x?y=z#part", "a.example", 8080, "/x?y=z"),
            ("https://a.example/", "a.example", 443, "/"),
            ("https://a.example:", "a.example", 443, "/"),
            ("http://a.example?q", "a.example", 80, "/?q"),
            ("http://192.0.2.1:81/a/b", "192.0.2.1", 81, "/a/b"),
            ("http://[2001:DB8::1]:81/", "2001:db8::1", 81, "/"),
            ("https://[::1]", "::1", 443, "/"),
            ("http://a_b.example/MEow%2Fx==", "a_b.example", 80, "/MEow%2Fx=="),
        ] {
            let target = parse(url);
            assert_eq!((&*target.host, target.port, &*target.path), (host, port, path), "{url}");
            assert_eq!(target.https, url.starts_with("https"));
            assert_eq!(parse(&target.to_string()), target, "{url}");
        }
        assert_eq!(parse("http://[::1]:81/").authority(), "[::1]:81");
        assert_eq!(parse("https://a:443/").authority(), "a");
        assert_eq!(parse("https://a:80/").authority(), "a:80");
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        for (url, scheme) in [
            ("ldap:///cn=CA?certificateRevocationList", "ldap"),
            ("ftp://a.example/crl", "ftp"),
            ("file:///etc/passwd", "file"),
            ("FILE:/etc/passwd", "FILE"),
            ("gopher://a:70/_x", "gopher"),
        ] {
            assert_eq!(Target::parse(url), Err(FetchFault::Scheme(scheme.into())), "{url}");
        }
    }

    #[test]
    fn unusable_urls_are_refused() {
        for url in [
            "",
            "a.example/crl",
            "//a.example/crl",
            "http:",
            "http:/a",
            "http://",
            "http:///path",
            "http://:80/",
            "http://user@a.example/",
            "http://user:secret@a.example/",
            "http://a.example:0/",
            "http://a.example:65536/",
            "http://a.example:99999999999/",
            "http://a.example:+80/",
            "http://a.example:80:80/",
            "http://a.example:8o/",
            "http://a b.example/",
            "http://a.example/a b",
            "http://a.example/\r\nHost: b",
            "http://a.example/\0",
            "http://\u{e4}.example/",
            "http://a.example/\u{e4}",
            "http://a%2eexample/",
            "http://[::1/",
            "http://::1/",
            "http://[::1%25eth0]/",
            "http://[127.0.0.1]/",
            "http://a\\b/",
            &format!("http://{}/", "a".repeat(254)),
            &format!("http://a/{}", "a".repeat(MAX_URL)),
        ] {
            assert!(matches!(Target::parse(url), Err(FetchFault::Url(_))), "{url:?}");
        }
    }

    #[test]
    fn redirects_lead_where_the_standard_says() {
        let base = parse("http://a.example:81/b/c/d?q");
        for (location, url) in [
            ("http://x.example/y", "http://x.example/y"),
            ("HTTPS://x.example", "https://x.example/"),
            ("//x.example/y", "http://x.example/y"),
            ("/y", "http://a.example:81/y"),
            ("/y?z#f", "http://a.example:81/y?z"),
            ("?z", "http://a.example:81/b/c/d?z"),
            ("y", "http://a.example:81/b/c/y"),
            ("./y/", "http://a.example:81/b/c/y/"),
            ("../y?../z", "http://a.example:81/b/y?../z"),
            ("../../../../y", "http://a.example:81/y"),
            ("..", "http://a.example:81/b/"),
            (".", "http://a.example:81/b/c/"),
            ("/a/./b/../c", "http://a.example:81/a/c"),
            ("", "http://a.example:81/b/c/d?q"),
            ("#f", "http://a.example:81/b/c/d?q"),
        ] {
            assert_eq!(base.join(location).unwrap().to_string(), url, "{location}");
        }
        assert_eq!(base.join("file:///etc"), Err(FetchFault::Scheme("file".into())));
        assert!(base.join("//user@x/").is_err());
    }
}
