//! How long an answer may be kept.

use super::request::EvidenceKind;
use hyper::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};
use std::time::{Duration, SystemTime};

/// Nothing is kept longer than this, whoever says so: a key that is lost, or a mistake, must come to light some day.
pub const MAX_FRESH: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an issuer's certificate is kept when its server does not say.
pub const ISSUER_FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a CRL or an OCSP response is kept when its server does not say.
pub const STATUS_FRESH: Duration = Duration::from_secs(60 * 60);

/// How long an answer with these headers, received at `now`, may be kept (RFC 9111, section 4.2.1); at most
/// [`MAX_FRESH`], and zero for not at all.
pub(super) fn lifetime(headers: &HeaderMap, kind: EvidenceKind, now: Duration) -> Duration {
    let stated = match directives(headers) {
        Directives { forbidden: true, .. } => Some(Duration::ZERO),
        Directives { max_age: Some(age), .. } => Some(age),
        _ => expires(headers, now),
    };
    let default = match kind {
        EvidenceKind::Issuer => ISSUER_FRESH,
        EvidenceKind::Crl | EvidenceKind::Ocsp => STATUS_FRESH,
    };
    match stated {
        // What is old already when it comes out of another cache is fresh for so much shorter.
        Some(stated) => stated.saturating_sub(seconds(text(headers, &AGE)).unwrap_or_default()),
        None => default,
    }
    .min(MAX_FRESH)
}

#[derive(Default)]
struct Directives {
    forbidden: bool,
    max_age: Option<Duration>,
}

fn directives(headers: &HeaderMap) -> Directives {
    let mut directives = Directives::default();
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let name = name.trim();
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            directives.forbidden = true;
        } else if name.eq_ignore_ascii_case("max-age") && directives.max_age.is_none() {
            // One that cannot be read means stale (RFC 9111, section 4.2.1).
            let age = seconds(Some(value.trim().trim_matches('"'))).unwrap_or_default();
            directives.max_age = Some(age);
        }
    }
    directives
}

/// A date that cannot be read means the past (RFC 9111, section 5.3).
fn expires(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    headers.get(EXPIRES)?;
    let Some(expires) = date(headers, &EXPIRES) else { return Some(Duration::ZERO) };
    Some(expires.saturating_sub(date(headers, &DATE).unwrap_or(now)))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Duration> {
    let time = httpdate::parse_http_date(text(headers, name)?).ok()?;
    time.duration_since(SystemTime::UNIX_EPOCH).ok()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(text: Option<&str>) -> Option<Duration> {
    let text = text?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Beyond 2^31 is as good as for ever (RFC 9111, section 1.2.2).
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(1 << 31)))
}

#[cfg(test)]
mod tests {
    use super::{EvidenceKind, ISSUER_FRESH, MAX_FRESH, STATUS_FRESH, lifetime};
    use hyper::header::{HeaderMap, HeaderName};
    use std::time::Duration;

    /// Thu, 01 Jan 2026 00:00:00 GMT.
    const NOW: Duration = Duration::from_secs(1_767_225_600);

    fn of(headers: &[(&'static str, &'static str)]) -> Duration {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        lifetime(&map, EvidenceKind::Crl, NOW)
    }

    #[test]
    fn the_servers_word_counts_up_to_the_maximum() {
        let secs = Duration::from_secs;
        for (headers, expected) in [
            (&[("cache-control", "max-age=60")][..], secs(60)),
            (&[("cache-control", "public, Max-Age=\"60\", must-revalidate")], secs(60)),
            (&[("cache-control", "public"), ("cache-control", "max-age=60")], secs(60)),
            (&[("cache-control", "max-age=60, max-age=600")], secs(60)),
            (&[("cache-control", "max-age=99999999999999999999999")], MAX_FRESH),
            (&[("cache-control", "max-age=60"), ("age", "45")], secs(15)),
            (&[("cache-control", "max-age=60"), ("age", "61")], secs(0)),
            (&[("cache-control", "max-age=60"), ("age", "-1")], secs(60)),
            (&[("cache-control", "max-age=-1")], secs(0)),
            (&[("cache-control", "max-age")], secs(0)),
            (&[("cache-control", "max-age=60, no-store")], secs(0)),
            (&[("cache-control", "no-cache")], secs(0)),
            (&[("expires", "Thu, 01 Jan 2026 00:01:00 GMT")], secs(60)),
            (
                &[
                    ("expires", "Thu, 01 Jan 2026 00:01:00 GMT"),
                    ("date", "Thu, 01 Jan 2026 00:00:30 GMT"),
                ],
                secs(30),
            ),
            (&[("expires", "Thu, 01 Jan 2026 00:01:00 GMT"), ("age", "20")], secs(40)),
            (&[("expires", "Thu, 01 Jan 2099 00:00:00 GMT")], MAX_FRESH),
            (&[("expires", "Wed, 31 Dec 2025 00:00:00 GMT")], secs(0)),
            (&[("expires", "0")], secs(0)),
            (&[("expires", "0"), ("cache-control", "max-age=60")], secs(60)),
            (&[("age", "20")], STATUS_FRESH),
            (&[], STATUS_FRESH),
        ] {
            assert_eq!(of(headers), expected, "{headers:?}");
        }
        assert_eq!(lifetime(&HeaderMap::new(), EvidenceKind::Issuer, NOW), ISSUER_FRESH);
        assert_eq!(lifetime(&HeaderMap::new(), EvidenceKind::Ocsp, NOW), STATUS_FRESH);
    }
}
