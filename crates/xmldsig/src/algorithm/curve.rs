//! Elliptic curves, by name and by their equation.

use super::KeyError;
use ravelin_trust::der::{DerError, Oid, Reader, tag};
use std::fmt;

/// An elliptic curve over which signatures are verified and made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standards'")]
pub enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

/// A curve that is told by its equation (RFC 5480, section 2.1.1; the `ECParameters` element of XML Signature 1.1), its
/// numbers in big-endian octets.
#[derive(Clone, Copy, Debug)]
pub struct ExplicitCurve<'a> {
    /// The prime of the field.
    pub prime: &'a [u8],
    /// The coefficient a.
    pub a: &'a [u8],
    /// The coefficient b.
    pub b: &'a [u8],
    /// The base point, encoded as SEC 1, section 2.3.3 says.
    pub base: &'a [u8],
    /// The order of the base point.
    pub order: &'a [u8],
    /// The cofactor, where it is told.
    pub cofactor: Option<&'a [u8]>,
}

/// What a curve is known by.
struct Known {
    oid: &'static [u8],
    /// All but the base point as numbers without leading zeros.
    prime: &'static str,
    a: &'static str,
    b: &'static str,
    /// x and y, each as wide as the field.
    base: &'static str,
    order: &'static str,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1];

    /// The curve that a `NamedCurve` element names: `urn:oid:` and the dotted object identifier.
    ///
    /// # Errors
    /// For any other.
    pub fn from_uri(uri: &str) -> Result<Curve, KeyError> {
        Curve::ALL.into_iter().find(|curve| curve.uri() == uri).ok_or_else(|| {
            let shown: String = uri.chars().take(100).collect();
            KeyError::Unsupported(format!("the curve `{shown}`"))
        })
    }

    /// Its URI.
    pub fn uri(self) -> &'static str {
        match self {
            Curve::P256 => "urn:oid:1.2.840.10045.3.1.7",
            Curve::P384 => "urn:oid:1.3.132.0.34",
            Curve::P521 => "urn:oid:1.3.132.0.35",
            Curve::Secp256k1 => "urn:oid:1.3.132.0.10",
        }
    }

    /// Octets of a coordinate, and of each half of a signature.
    pub fn width(self) -> usize {
        match self {
            Curve::P256 | Curve::Secp256k1 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    pub(super) fn from_oid(oid: Oid<'_>) -> Result<Curve, KeyError> {
        let mut all = Curve::ALL.into_iter();
        all.find(|curve| curve.known().oid == oid.0)
            .ok_or_else(|| KeyError::Unsupported(format!("the curve {oid}")))
    }

    /// Whether `point` has the form of a point on the curve (SEC 1, section 2.3.3); whether it lies there is seen when a
    /// signature is verified.
    pub(super) fn check_form(self, point: &[u8]) -> Result<(), KeyError> {
        let expected = match point.first() {
            Some(4) => 1 + 2 * self.width(),
            Some(2 | 3) => 1 + self.width(),
            _ => return Err(KeyError::Malformed("no point of a curve".to_owned())),
        };
        if point.len() != expected {
            return Err(KeyError::Malformed(format!(
                "a point of {} octets on {self}, where {expected} are due",
                point.len()
            )));
        }
        Ok(())
    }

    fn known(self) -> &'static Known {
        match self {
            Curve::P256 => &P256,
            Curve::P384 => &P384,
            Curve::P521 => &P521,
            Curve::Secp256k1 => &SECP256K1,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
            Curve::Secp256k1 => "secp256k1",
        })
    }
}

impl<'a> ExplicitCurve<'a> {
    /// The named curve that has this equation.
    ///
    /// A curve of one's own would let its author choose a base point for which any key signs anything (CVE-2020-0601):
    /// none but the named ones are taken.
    ///
    /// # Errors
    /// When none has it.
    pub fn named(&self) -> Result<Curve, KeyError> {
        let mut all = Curve::ALL.into_iter();
        all.find(|curve| self.is(curve.known())).ok_or_else(|| {
            KeyError::Unsupported("a curve that is told by its equation and has no name".to_owned())
        })
    }

    /// Reads the structure of RFC 3279, section 2.3.5.
    pub(super) fn read(parameters: &'a [u8]) -> Result<ExplicitCurve<'a>, DerError> {
        let mut parts = Reader::new(parameters).sequence()?;
        parts.integer()?;
        let mut field = parts.sequence()?;
        field.oid()?;
        let prime = field.integer()?.unsigned();
        let mut coefficients = parts.sequence()?;
        let a = coefficients.read(tag::OCTET_STRING)?.content;
        let b = coefficients.read(tag::OCTET_STRING)?.content;
        let base = parts.read(tag::OCTET_STRING)?.content;
        let order = parts.integer()?.unsigned();
        let cofactor = if parts.is_empty() { None } else { Some(parts.integer()?.unsigned()) };
        Ok(ExplicitCurve { prime, a, b, base, order, cofactor })
    }

    fn is(&self, known: &Known) -> bool {
        equals(self.prime, known.prime)
            && equals(self.a, known.a)
            && equals(self.b, known.b)
            && equals(self.order, known.order)
            && self.cofactor.is_none_or(|cofactor| equals(cofactor, "1"))
            && self.has_base(known.base)
    }

    fn has_base(&self, base: &str) -> bool {
        let (x, y) = base.split_at(base.len() / 2);
        match self.base {
            [4, point @ ..] => {
                let (left, right) = point.split_at(point.len() / 2);
                left.len() == right.len() && equals(left, x) && equals(right, y)
            }
            // The last bit of y.
            [sign @ (2 | 3), point @ ..] => {
                let odd = y.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']);
                (*sign == 3) == odd && equals(point, x)
            }
            _ => false,
        }
    }
}

/// Whether the number in `octets` is the one in `digits`, whatever zeros stand before either.
fn equals(octets: &[u8], digits: &str) -> bool {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let digits = digits.trim_start_matches('0').as_bytes();
    let nibbles = octets[zeros..].iter().flat_map(|octet| [octet >> 4, octet & 15]);
    let skipped = usize::from(octets.get(zeros).is_some_and(|octet| *octet < 16));
    (octets.len() - zeros) * 2 - skipped == digits.len()
        && nibbles.skip(skipped).zip(digits).all(|(nibble, digit)| {
            char::from_digit(u32::from(nibble), 16) == Some(char::from(*digit))
        })
}

// SEC 2, sections 2.4.2, 2.5.1, 2.6.1 and 2.4.1.
const P256: Known = Known {
    oid: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
    prime: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    base: "\
           6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2\
           fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    order: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
};
const P384: Known = Known {
    oid: &[0x2b, 0x81, 0x04, 0x00, 0x22],
    prime: "\
           fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff\
           0000000000000000ffffffff",
    a: "\
           fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff\
           0000000000000000fffffffc",
    b: "\
           b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d\
           8a2ed19d2a85c8edd3ec2aef",
    base: "\
           aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25d\
           bf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c\
           e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    order: "\
           ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db2\
           48b0a77aecec196accc52973",
};
const P521: Known = Known {
    oid: &[0x2b, 0x81, 0x04, 0x00, 0x23],
    prime: "\
           1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
           fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    a: "\
           1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
           ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
    b: "\
           51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1561939\
           51ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    base: "\
           00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b\
           5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a78\
           9a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640\
           c550b9013fad0761353c7086a272c24088be94769fd16650",
    order: "\
           1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868\
           783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
};
const SECP256K1: Known = Known {
    oid: &[0x2b, 0x81, 0x04, 0x00, 0x0a],
    prime: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
    a: "",
    b: "7",
    base: "\
           79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada77\
           26a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    order: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(digits: &str) -> Vec<u8> {
        let even = format!("{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" });
        even.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// The numbers of a curve, as they might stand in a document.
    fn numbers(curve: Curve) -> [Vec<u8>; 5] {
        let known = curve.known();
        let mut numbers = [known.prime, known.a, known.b, known.base, known.order].map(octets);
        numbers[3].insert(0, 4);
        numbers
    }

    fn named([prime, a, b, base, order]: &[Vec<u8>; 5]) -> Result<Curve, KeyError> {
        ExplicitCurve { prime, a, b, base, order, cofactor: Some(&[1]) }.named()
    }

    #[test]
    fn a_known_equation_has_its_name() {
        for curve in Curve::ALL {
            let mut numbers = numbers(curve);
            assert_eq!(named(&numbers), Ok(curve));
            numbers[0].insert(0, 0);
            numbers[1].splice(0..0, [0, 0]);
            assert_eq!(named(&numbers), Ok(curve), "zeros before a number change nothing");
            let last = numbers[3].last().unwrap() & 1;
            numbers[3].truncate(1 + curve.width());
            numbers[3][0] = 2 + last;
            assert_eq!(named(&numbers), Ok(curve), "the base point compressed");
            numbers[3][0] ^= 1;
            assert!(named(&numbers).is_err(), "its mirror image");
        }
    }

    #[test]
    fn an_equation_that_differs_in_one_bit_has_none() {
        for curve in Curve::ALL {
            for place in 0..5 {
                let mut numbers = numbers(curve);
                let last = numbers[place].pop().unwrap_or(0);
                numbers[place].push(last ^ 4);
                assert!(named(&numbers).is_err(), "{curve}, number {place}");
                numbers[place] = vec![u8::from(last == 0)];
                assert!(named(&numbers).is_err(), "{curve}, number {place} empty");
            }
            let [prime, a, b, base, order] = &numbers(curve);
            let two = ExplicitCurve { prime, a, b, base, order, cofactor: Some(&[2]) };
            assert!(two.named().is_err());
        }
    }

    #[test]
    fn uris_lead_back_to_their_curves() {
        for curve in Curve::ALL {
            assert_eq!(Curve::from_uri(curve.uri()), Ok(curve));
            assert_eq!(Curve::from_oid(Oid(curve.known().oid)), Ok(curve));
            let dotted = Oid(curve.known().oid).to_string();
            assert_eq!(curve.uri(), format!("urn:oid:{dotted}"));
        }
        assert!(Curve::from_uri("urn:oid:1.3.132.0.33").is_err());
    }

    #[test]
    fn points_have_the_width_of_their_curve() {
        assert!(Curve::P256.check_form(&[4; 65]).is_ok());
        assert!(Curve::P256.check_form(&[2; 33]).is_ok());
        for wrong in [&[][..], &[4], &[0], &[4; 64], &[2; 65], &[6; 65], &[4; 97]] {
            assert!(Curve::P256.check_form(wrong).is_err());
        }
    }
}
