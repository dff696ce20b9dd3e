//! Keys as numbers (W3C XML Signature 1.1, section 4.5.2).

use super::{Bounds, Cursor, DSIG11, read::base64};
use crate::{
    Error,
    algorithm::{Curve, ExplicitCurve, KeyError, VerificationKey},
};
use ravelin_trust::signature::DsaKey;
use std::{collections::BTreeMap, io::Read};

/// The namespace of EC keys before version 1.1 (RFC 4050).
const MORE_2001: &str = "http://www.w3.org/2001/04/xmldsig-more#";

/// Reads the only child of a KeyValue element, which just began, to its end.
pub(super) fn read<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Result<VerificationKey, Error>, Error> {
    if cursor.is("RSAKeyValue") {
        let numbers = numbers(cursor, bounds)?;
        return Ok(numbers.and_then(|numbers| {
            Ok(VerificationKey::from_rsa(
                number(&numbers, "Modulus")?,
                number(&numbers, "Exponent")?,
            )?)
        }));
    }
    if cursor.is("DSAKeyValue") {
        let numbers = numbers(cursor, bounds)?;
        return Ok(numbers.and_then(|numbers| {
            let [p, q, g, y] = ["P", "Q", "G", "Y"].map(|name| number(&numbers, name));
            Ok(VerificationKey::from_dsa(DsaKey { p: p?, q: q?, g: g?, y: y? })?)
        }));
    }
    if cursor.is_of(DSIG11, "ECKeyValue") {
        return ec(cursor, bounds);
    }
    if cursor.is_of(MORE_2001, "ECDSAKeyValue") {
        return rfc_4050(cursor);
    }
    let name = cursor.reader().start().name().to_string();
    cursor.skip()?;
    Ok(Err(Error::unsupported(format!("keys of the form <{name}> are not supported"))))
}

type Numbers = BTreeMap<String, Vec<u8>>;

/// All children, whose text is base64, by their names.
fn numbers<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Result<Numbers, Error>, Error> {
    let mut numbers = Numbers::new();
    let mut fault = None;
    while cursor.child()? {
        let name = cursor.reader().start().name().local.to_owned();
        match base64(cursor, bounds) {
            Ok(octets) => {
                if numbers.insert(name, octets).is_some() {
                    return Err(cursor.fault("a number of the key stands twice".to_owned()));
                }
            }
            Err(error) => fault = Some(error),
        }
    }
    Ok(fault.map_or(Ok(numbers), Err))
}

fn number<'n>(numbers: &'n Numbers, name: &str) -> Result<&'n [u8], Error> {
    numbers
        .get(name)
        .map(Vec::as_slice)
        .ok_or_else(|| Error::malformed(format!("the key has no <{name}>")))
}

/// W3C XML Signature 1.1, section 4.5.2.3.
fn ec<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Result<VerificationKey, Error>, Error> {
    let mut curve: Option<Result<Curve, KeyError>> = None;
    let mut point = None;
    while cursor.child()? {
        if cursor.is_of(DSIG11, "NamedCurve") && curve.is_none() {
            curve = Some(Curve::from_uri(cursor.required("URI")?));
            cursor.leave()?;
        } else if cursor.is_of(DSIG11, "ECParameters") && curve.is_none() {
            match explicit(cursor, bounds)? {
                Ok(named) => curve = Some(named),
                Err(error) => {
                    while cursor.child()? {
                        cursor.skip()?;
                    }
                    return Ok(Err(error));
                }
            }
        } else if cursor.is_of(DSIG11, "PublicKey") && point.is_none() {
            point = Some(base64(cursor, bounds)?);
        } else {
            return Err(cursor.misplaced());
        }
    }
    let (Some(curve), Some(point)) = (curve, point) else {
        return Ok(Err(Error::malformed("the key has no curve or no point")));
    };
    Ok(curve.and_then(|curve| VerificationKey::from_ec(curve, &point)).map_err(Error::from))
}

/// A curve by its equation, if it is one that has a name.
fn explicit<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Result<Result<Curve, KeyError>, Error>, Error> {
    let mut all = Numbers::new();
    while cursor.child()? {
        let outer = cursor.reader().start().name().local.to_owned();
        if matches!(outer.as_str(), "FieldID" | "Curve") {
            while cursor.child()? {
                let inner = cursor.reader().start().name().local.to_owned();
                if inner == "Prime" {
                    cursor.expect_of(DSIG11, "P")?;
                    let text = cursor.text(bounds.value)?;
                    all.insert("P".to_owned(), big_endian(text.trim_ascii()));
                    cursor.leave()?;
                } else if matches!(inner.as_str(), "A" | "B") {
                    let octets = base64(cursor, bounds)?;
                    all.insert(inner, octets);
                } else {
                    cursor.skip()?;
                }
            }
        } else if outer == "Base" {
            let octets = base64(cursor, bounds)?;
            all.insert(outer, octets);
        } else if matches!(outer.as_str(), "Order" | "CoFactor") {
            let text = cursor.text(bounds.value)?;
            all.insert(outer, big_endian(text.trim_ascii()));
        } else {
            cursor.skip()?;
        }
    }
    let parts = ["P", "A", "B", "Base", "Order"].map(|name| number(&all, name));
    let [Ok(prime), Ok(a), Ok(b), Ok(base), Ok(order)] = parts else {
        return Ok(Err(Error::unsupported(
            "a curve over a field that is not prime, or a part of it is missing",
        )));
    };
    let cofactor = all.get("CoFactor").map(Vec::as_slice);
    Ok(Ok(ExplicitCurve { prime, a, b, base, order, cofactor }.named()))
}

/// RFC 4050, section 3: coordinates as decimal numbers in attributes.
fn rfc_4050<R: Read>(cursor: &mut Cursor<R>) -> Result<Result<VerificationKey, Error>, Error> {
    let mut curve = None;
    let (mut x, mut y) = (None, None);
    while cursor.child()? {
        let name = cursor.reader().start().name().local.to_owned();
        match name.as_str() {
            "DomainParameters" => {
                while cursor.child()? {
                    if cursor.is_of(MORE_2001, "NamedCurve") {
                        curve = Some(Curve::from_uri(
                            cursor.attribute("URN").or(cursor.attribute("URI")).unwrap_or_default(),
                        ));
                    }
                    cursor.skip()?;
                }
            }
            "PublicKey" => {
                while cursor.child()? {
                    let value = cursor.attribute("Value").map(big_endian);
                    if cursor.reader().start().name().local == "X" {
                        x = value;
                    } else {
                        y = value;
                    }
                    cursor.skip()?;
                }
            }
            _ => cursor.skip()?,
        }
    }
    let (Some(curve), Some(x), Some(y)) = (curve, x, y) else {
        return Ok(Err(Error::malformed("the key has no named curve or no point")));
    };
    Ok(curve
        .and_then(|curve| VerificationKey::from_ec_coordinates(curve, &x, &y))
        .map_err(Error::from))
}

/// A decimal number in octets. Empty when it is none, or far longer than any number of a key.
fn big_endian(decimal: &str) -> Vec<u8> {
    if decimal.len() > 400 {
        return Vec::new();
    }
    let mut octets: Vec<u8> = Vec::new();
    for digit in decimal.bytes() {
        if !digit.is_ascii_digit() {
            return Vec::new();
        }
        let mut carry = u16::from(digit - b'0');
        for octet in octets.iter_mut().rev() {
            let [high, low] = (u16::from(*octet) * 10 + carry).to_be_bytes();
            *octet = low;
            carry = u16::from(high);
        }
        if carry > 0 {
            let [_, low] = carry.to_be_bytes();
            octets.insert(0, low);
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    #[test]
    fn decimal_numbers_become_octets() {
        assert_eq!(super::big_endian("0"), []);
        assert_eq!(super::big_endian("255"), [255]);
        assert_eq!(super::big_endian("65536"), [1, 0, 0]);
        assert_eq!(super::big_endian("12x"), []);
    }
}
