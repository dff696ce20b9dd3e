//! Which certificates a CRL is about (RFC 5280, sections 5.2.5 and 6.3.3 (b) to (e)).

use crate::{
    Certificate,
    certificate::{DistributionPoint, DistributionPointName, ExtensionError, GeneralName, Reasons},
    der::{BitString, DerError, Reader, tag},
    name::DistinguishedName,
    revocation::note::fetchable,
};

/// Distribution points of a certificate beyond these are not looked at.
const MAX_POINTS: usize = 32;
/// Names of one distribution point beyond these are not looked at: each is compared with each of another's.
const MAX_NAMES: usize = 32;

/// Which certificates a CRL is about (RFC 5280, section 5.2.5).
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the fields are the standard's")]
pub struct IssuingDistributionPoint<'a> {
    /// Where it is published: it is about the certificates that name this place.
    pub name: Option<DistributionPointName<'a>>,
    /// Whether it is about end certificates only.
    pub only_users: bool,
    /// Whether it is about CA certificates only.
    pub only_authorities: bool,
    /// For which reasons it lists certificates; all where missing.
    pub reasons: Option<Reasons>,
    /// Whether it lists certificates of other issuers too.
    pub indirect: bool,
    /// Whether it is about attribute certificates only.
    pub only_attributes: bool,
}

impl<'a> IssuingDistributionPoint<'a> {
    pub(super) fn read(mut reader: Reader<'a>) -> Result<IssuingDistributionPoint<'a>, DerError> {
        let mut parts = reader.sequence()?;
        reader.end()?;
        let name = match parts.optional(tag::constructed(0))? {
            Some(tagged) => {
                let mut inner = tagged.reader();
                let name = DistributionPointName::read(&mut inner)?;
                inner.end()?;
                Some(name)
            }
            None => None,
        };
        let only_users = flag(&mut parts, 1)?;
        let only_authorities = flag(&mut parts, 2)?;
        let reasons = match parts.optional(tag::context(3))? {
            Some(bits) => Some(Reasons::of(BitString::of(bits)?)),
            None => None,
        };
        let indirect = flag(&mut parts, 4)?;
        let only_attributes = flag(&mut parts, 5)?;
        parts.end()?;
        Ok(IssuingDistributionPoint {
            name,
            only_users,
            only_authorities,
            reasons,
            indirect,
            only_attributes,
        })
    }
}

fn flag(parts: &mut Reader<'_>, number: u8) -> Result<bool, DerError> {
    let Some(value) = parts.optional(tag::context(number))? else { return Ok(false) };
    match *value.content {
        [byte] => Ok(byte != 0),
        _ => Err(value.fault("a boolean that is not one byte long")),
    }
}

/// A place that a certificate names for its CRLs, or that its issuer's name stands for.
pub(super) struct Point<'a> {
    names: Vec<Place<'a>>,
    reasons: Reasons,
    /// Who signs the CRL; the certificate's issuer where empty.
    issuers: Vec<DistinguishedName<'a>>,
    /// What the certificate calls it.
    published: Option<DistributionPointName<'a>>,
}

/// A name of a place, read or put together.
enum Place<'a> {
    Named(GeneralName<'a>),
    Below(Vec<u8>),
}

impl Place<'_> {
    fn is(&self, other: &Place<'_>) -> bool {
        self.name() == other.name()
    }

    fn name(&self) -> GeneralName<'_> {
        match self {
            Place::Named(name) => *name,
            Place::Below(der) => GeneralName::Directory(DistinguishedName::new(der, 0)),
        }
    }
}

/// The places where CRLs about a certificate may be. The last is the one that RFC 5280 (section 6.3.3) assumes for CRLs
/// of the certificate's issuer that no distribution point names.
pub(super) fn points<'a>(
    subject: &'a Certificate<'_>,
) -> (Vec<Point<'a>>, Result<(), ExtensionError>) {
    let (published, fault) = match subject.crl_distribution_points() {
        Ok(points) => (points.unwrap_or_default(), Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let mut points: Vec<Point<'a>> =
        published.iter().take(MAX_POINTS).map(|point| Point::of(point, subject)).collect();
    points.push(Point {
        names: vec![Place::Named(GeneralName::Directory(subject.issuer()))],
        reasons: Reasons::ALL,
        issuers: Vec::new(),
        published: None,
    });
    (points, fault)
}

impl<'a> Point<'a> {
    fn of(point: &DistributionPoint<'a>, subject: &'a Certificate<'_>) -> Point<'a> {
        let issuers: Vec<DistinguishedName<'a>> = point
            .issuer
            .into_iter()
            .flatten()
            .take(MAX_NAMES)
            .filter_map(Result::ok)
            .filter_map(|name| match name {
                GeneralName::Directory(name) => Some(name),
                _ => None,
            })
            .collect();
        let names = match &point.name {
            // RFC 5280, section 4.2.1.13: a piece of a name goes behind the CRL issuer's.
            Some(name) => {
                let base = issuers.first().copied().unwrap_or_else(|| subject.issuer());
                places(name, &base)
            }
            // Section 6.3.3 (b) (2) (i).
            None => {
                issuers.iter().map(|name| Place::Named(GeneralName::Directory(*name))).collect()
            }
        };
        Point {
            names,
            reasons: point.reasons.unwrap_or(Reasons::ALL),
            issuers,
            published: point.name,
        }
    }

    /// The reasons for which its CRL lists certificates.
    pub(super) fn reasons(&self) -> Reasons {
        self.reasons
    }

    /// Where its CRL can be fetched.
    pub(super) fn urls(&self) -> impl Iterator<Item = String> {
        urls(self.published.as_ref())
    }

    /// Whether it names this signer.
    pub(super) fn is_signed_by(&self, crl_issuer: &DistinguishedName<'_>) -> bool {
        self.issuers.iter().any(|name| name == crl_issuer)
    }
}

/// Where what has this name can be fetched.
pub(super) fn urls(name: Option<&DistributionPointName<'_>>) -> impl Iterator<Item = String> {
    let names = match name {
        Some(DistributionPointName::Full(names)) => Some(*names),
        _ => None,
    };
    names.into_iter().flatten().take(MAX_NAMES).filter_map(|name| fetchable(&name.ok()?))
}

fn places<'a>(name: &DistributionPointName<'a>, base: &DistinguishedName<'_>) -> Vec<Place<'a>> {
    match name {
        DistributionPointName::Full(names) => {
            names.take(MAX_NAMES).filter_map(Result::ok).map(Place::Named).collect()
        }
        DistributionPointName::Relative(set) => vec![Place::Below(base.extended(set))],
    }
}

/// What a CRL is about, as far as it matters to one certificate.
pub(super) struct Scope<'a> {
    names: Option<Vec<Place<'a>>>,
    reasons: Reasons,
    indirect: bool,
}

impl<'a> Scope<'a> {
    /// # Errors
    /// What the CRL is about instead.
    pub(super) fn of(
        crl_issuer: &DistinguishedName<'_>,
        idp: Option<&IssuingDistributionPoint<'a>>,
        is_authority: bool,
    ) -> Result<Scope<'a>, &'static str> {
        let Some(idp) = idp else {
            return Ok(Scope { names: None, reasons: Reasons::ALL, indirect: false });
        };
        if idp.only_attributes {
            return Err("it lists attribute certificates only");
        }
        if idp.only_users && is_authority {
            return Err("it lists end certificates only");
        }
        if idp.only_authorities && !is_authority {
            return Err("it lists CA certificates only");
        }
        Ok(Scope {
            names: idp.name.as_ref().map(|name| places(name, crl_issuer)),
            reasons: idp.reasons.unwrap_or(Reasons::ALL),
            indirect: idp.indirect,
        })
    }

    /// The reasons for which a CRL of this scope speaks for the certificate that names `point`; none where it does not.
    /// `by_issuer` says whether the CRL and the certificate have the same issuer.
    pub(super) fn reasons_at(
        &self,
        point: &Point<'_>,
        crl_issuer: &DistinguishedName<'_>,
        by_issuer: bool,
    ) -> Option<Reasons> {
        if point.issuers.is_empty() {
            if !by_issuer {
                return None;
            }
        } else {
            // Section 6.3.3 (b) (1). A CRL of the certificate's own issuer says no less for not being indirect.
            if !point.is_signed_by(crl_issuer) {
                return None;
            }
            if !self.indirect && !by_issuer {
                return None;
            }
        }
        if let Some(names) = &self.names
            && !names.iter().any(|name| point.names.iter().any(|other| name.is(other)))
        {
            return None;
        }
        let reasons = self.reasons.and(point.reasons);
        (reasons != Reasons::NONE).then_some(reasons)
    }
}
