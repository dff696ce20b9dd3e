use super::{Bounds, Cursor, KeyInfo, Reference, Signature, Transform, key_info};
use crate::{
    Error,
    algorithm::{DigestAlgorithm, PssParameters, RSA_PSS_URI, SignatureAlgorithm},
    base64,
    c14n::{Flavour, Method},
};
use std::io::Read;

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";

/// How SignedInfo is canonicalized. The cursor stands before the Signature, and then in its SignedInfo.
pub(crate) fn method<R: Read>(cursor: &mut Cursor<R>) -> Result<Method, Error> {
    enter(cursor)?;
    cursor.expect("SignedInfo")?;
    cursor.expect("CanonicalizationMethod")?;
    canonicalization(cursor)
}

/// Reads the Signature before which the cursor stands.
pub(crate) fn read<R: Read>(
    cursor: &mut Cursor<R>,
    canonicalization: Method,
    bounds: &Bounds,
) -> Result<Signature, Error> {
    let id = enter(cursor)?;
    cursor.expect("SignedInfo")?;
    cursor.canonicalize(canonicalization.clone(), bounds.held)?;
    cursor.expect("CanonicalizationMethod")?;
    if self::canonicalization(cursor)? != canonicalization {
        return Err(Error::malformed("the document was changed while it was read"));
    }
    cursor.expect("SignatureMethod")?;
    let algorithm = signature_method(cursor)?;
    let references = references(cursor, bounds)?;
    let signed = cursor.canonical()?;

    cursor.expect("SignatureValue")?;
    let value = base64(cursor, bounds)?;
    let mut key_info: Option<KeyInfo> = None;
    let mut objects = false;
    while cursor.child()? {
        if cursor.is("KeyInfo") && key_info.is_none() && !objects {
            key_info = Some(key_info::read(cursor, bounds)?);
        } else if cursor.is("Object") {
            objects = true;
            cursor.skip()?;
        } else {
            return Err(cursor.misplaced());
        }
    }
    Ok(Signature { id, canonicalization, algorithm, references, signed, value, key_info })
}

/// Reads Reference elements to the end of the element that holds them. There must be one.
pub(crate) fn references<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Vec<Reference>, Error> {
    let mut references = Vec::new();
    while cursor.child()? {
        if !cursor.is("Reference") {
            return Err(cursor.misplaced());
        }
        if references.len() >= bounds.references {
            return Err(cursor.here(Error::limit("references")));
        }
        references.push(reference(cursor, bounds)?);
    }
    if references.is_empty() {
        return Err(cursor.fault("there is no <Reference>".to_owned()));
    }
    Ok(references)
}

/// Goes into the Signature: its Id.
fn enter<R: Read>(cursor: &mut Cursor<R>) -> Result<Option<String>, Error> {
    if !cursor.child()? || !cursor.is("Signature") {
        return Err(Error::malformed("there is no Signature"));
    }
    cursor.enclose();
    Ok(cursor.attribute("Id").map(str::to_owned))
}

fn reference<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<Reference, Error> {
    let position = cursor.reader().position();
    let uri = cursor.attribute("URI").map(str::to_owned);
    let kind = cursor.attribute("Type").map(str::to_owned);
    let mut transforms = Vec::new();
    if !cursor.child()? {
        return Err(cursor.fault("<Reference> is empty".to_owned()));
    }
    if cursor.is("Transforms") {
        transforms = read_transforms(cursor, bounds)?;
        cursor.expect("DigestMethod")?;
    } else if !cursor.is("DigestMethod") {
        return Err(cursor.misplaced());
    }
    let digest = DigestAlgorithm::from_uri(cursor.required("Algorithm")?)
        .map_err(|error| cursor.here(error))?;
    cursor.leave()?;
    cursor.expect("DigestValue")?;
    let text = cursor.text(bounds.value)?;
    let value = match base64::decode(text.as_bytes(), bounds.value) {
        Ok(value) if value.len() == digest.length() => Ok(value),
        Ok(value) => {
            Err(format!("its DigestValue of {} octets is no digest by {digest}", value.len()))
        }
        Err(error) => Err(format!("its DigestValue is {error}")),
    };
    cursor.leave()?;
    Ok(Reference { position, uri, kind, transforms, digest, value })
}

/// Reads the Transforms element that just began.
pub(super) fn read_transforms<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
) -> Result<Vec<Transform>, Error> {
    let mut transforms = Vec::new();
    while cursor.child()? {
        if !cursor.is("Transform") {
            return Err(cursor.misplaced());
        }
        if transforms.len() >= bounds.transforms {
            return Err(cursor.here(Error::limit("transforms")));
        }
        transforms.push(Transform::read(cursor, bounds)?);
    }
    if transforms.is_empty() {
        return Err(cursor.fault("<Transforms> is empty".to_owned()));
    }
    Ok(transforms)
}

/// Reads an element whose algorithm is a canonicalization, with its parameters, to its end.
pub(super) fn canonicalization<R: Read>(cursor: &mut Cursor<R>) -> Result<Method, Error> {
    let uri = cursor.required("Algorithm")?;
    let Some(mut method) = Method::of(uri) else {
        let detail = format!("there is no canonicalization `{}`", shortened(uri));
        return Err(cursor.here(Error::unsupported(detail)));
    };
    let mut given = false;
    while cursor.child()? {
        let exclusive = matches!(method.flavour, Flavour::Exclusive { .. });
        if given || !exclusive || !cursor.is_of(EXCLUSIVE, "InclusiveNamespaces") {
            return Err(cursor.misplaced());
        }
        given = true;
        let list = cursor.attribute("PrefixList").unwrap_or_default();
        method.list(list).map_err(|_| cursor.here(Error::limit("prefixes")))?;
        cursor.leave()?;
    }
    Ok(method)
}

/// W3C XML Signature 1.1, section 6.3; RFC 9231, section 2.3.10.
fn signature_method<R: Read>(cursor: &mut Cursor<R>) -> Result<SignatureAlgorithm, Error> {
    let uri = cursor.required("Algorithm")?.to_owned();
    let mut algorithm = SignatureAlgorithm::from_uri(&uri).map_err(|error| cursor.here(error))?;
    let mut given = false;
    while cursor.child()? {
        if std::mem::replace(&mut given, true) {
            return Err(cursor.misplaced());
        }
        if cursor.is("HMACOutputLength") {
            let bits = cursor.text(100)?;
            let bits = bits
                .trim_ascii()
                .parse()
                .map_err(|_| cursor.fault("HMACOutputLength is no number".to_owned()))?;
            algorithm = algorithm.with_output_bits(bits).map_err(|error| cursor.here(error))?;
        } else if uri == RSA_PSS_URI && cursor.is_of(MORE_2007, "RSAPSSParams") {
            algorithm = SignatureAlgorithm::RsaPss(pss(cursor)?);
        } else {
            return Err(cursor.misplaced());
        }
    }
    Ok(algorithm)
}

fn pss<R: Read>(cursor: &mut Cursor<R>) -> Result<PssParameters, Error> {
    let (mut hash, mut mask_hash, mut salt, mut trailer) = (None, None, None, None);
    while cursor.child()? {
        let number = |cursor: &mut Cursor<R>| {
            let text = cursor.text(100)?;
            text.trim_ascii().parse().map_err(|_| cursor.fault("this is no number".to_owned()))
        };
        if cursor.is("DigestMethod") {
            let digest = DigestAlgorithm::from_uri(cursor.required("Algorithm")?);
            hash = Some(digest.map_err(|error| cursor.here(error))?);
            cursor.leave()?;
        } else if cursor.is_of(MORE_2007, "MaskGenerationFunction") {
            if cursor.required("Algorithm")? != "http://www.w3.org/2007/05/xmldsig-more#MGF1" {
                return Err(cursor.here(Error::unsupported("a mask that is not MGF1")));
            }
            while cursor.child()? {
                if mask_hash.is_some() || !cursor.is("DigestMethod") {
                    return Err(cursor.misplaced());
                }
                let digest = DigestAlgorithm::from_uri(cursor.required("Algorithm")?);
                mask_hash = Some(digest.map_err(|error| cursor.here(error))?);
                cursor.leave()?;
            }
        } else if cursor.is_of(MORE_2007, "SaltLength") {
            salt = Some(number(cursor)?);
        } else if cursor.is_of(MORE_2007, "TrailerField") {
            trailer = Some(number(cursor)? as u64);
        } else {
            return Err(cursor.misplaced());
        }
    }
    PssParameters::new(hash, mask_hash, salt, trailer).map_err(|error| cursor.here(error))
}

/// The octets whose base64 is the text of the element, which is left.
pub(super) fn base64<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<Vec<u8>, Error> {
    let position = cursor.reader().position();
    let text = cursor.text(bounds.value)?;
    base64::decode(text.as_bytes(), bounds.value)
        .map_err(|error| Error::malformed(error.to_string()).at(position))
}

pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(200).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
