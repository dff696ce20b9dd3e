use super::{
    Bounds, Cursor, DSIG, DSIG11, Transform, key_value,
    read::{base64, read_transforms},
};
use crate::{Error, algorithm::VerificationKey};
use std::io::Read;

/// A KeyInfo element (W3C XML Signature 1.1, section 4.5). What is wrong in a part of it matters only to who needs that
/// part.
#[derive(Debug, Default)]
pub(crate) struct KeyInfo {
    /// Certificates, encoded as DER.
    pub(crate) certificates: Vec<Result<Vec<u8>, Error>>,
    /// CRLs, encoded as DER.
    pub(crate) crls: Vec<Result<Vec<u8>, Error>>,
    /// Keys as such.
    pub(crate) keys: Vec<Result<VerificationKey, Error>>,
    /// More of it stands elsewhere.
    pub(crate) retrievals: Vec<Retrieval>,
    /// Whether there is anything beside X509Certificate elements.
    pub(crate) other: bool,
}

/// A place with more key information (W3C XML Signature 1.1, sections 4.5.3 and 4.5.10).
#[derive(Debug)]
pub(crate) struct Retrieval {
    pub(crate) uri: String,
    pub(crate) kind: Option<String>,
    pub(crate) transforms: Vec<Transform>,
}

/// Reads the KeyInfo element that just began, to its end.
pub(crate) fn read<R: Read>(cursor: &mut Cursor<R>, bounds: &Bounds) -> Result<KeyInfo, Error> {
    let mut info = KeyInfo::default();
    while cursor.child()? {
        part(cursor, bounds, &mut info)?;
    }
    Ok(info)
}

/// Reads one child of a KeyInfo element, which just began. A retrieval may find such a one by itself.
pub(crate) fn part<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
    info: &mut KeyInfo,
) -> Result<(), Error> {
    if cursor.is("X509Data") {
        return x509_data(cursor, bounds, info);
    }
    info.other = true;
    if cursor.is("KeyValue") {
        if !cursor.child()? {
            return Err(cursor.fault("<KeyValue> is empty".to_owned()));
        }
        let key = key_value::read(cursor, bounds)?;
        add(&mut info.keys, key, bounds)?;
        cursor.leave()
    } else if ["RSAKeyValue", "DSAKeyValue"].iter().any(|name| cursor.is(name))
        || cursor.is_of(DSIG11, "ECKeyValue")
    {
        // Only a retrieval leads to such a one without a KeyValue around it.
        let key = key_value::read(cursor, bounds)?;
        add(&mut info.keys, key, bounds)
    } else if cursor.is_of(DSIG11, "DEREncodedKeyValue") {
        let octets = base64(cursor, bounds);
        let key = octets.and_then(|der| VerificationKey::from_spki_der(&der).map_err(Error::from));
        add(&mut info.keys, key, bounds)
    } else if cursor.is("RetrievalMethod") || cursor.is_of(DSIG11, "KeyInfoReference") {
        let uri = cursor.required("URI")?.to_owned();
        let kind = cursor.attribute("Type").map(str::to_owned);
        let mut transforms = Vec::new();
        while cursor.child()? {
            if !cursor.is("Transforms") || !transforms.is_empty() {
                return Err(cursor.misplaced());
            }
            transforms = read_transforms(cursor, bounds)?;
        }
        add(&mut info.retrievals, Retrieval { uri, kind, transforms }, bounds)
    } else {
        // Names, and what others define: nothing a key can be had from.
        cursor.skip()
    }
}

fn x509_data<R: Read>(
    cursor: &mut Cursor<R>,
    bounds: &Bounds,
    info: &mut KeyInfo,
) -> Result<(), Error> {
    while cursor.child()? {
        if cursor.is("X509Certificate") {
            let certificate = base64(cursor, bounds);
            add(&mut info.certificates, certificate, bounds)?;
        } else if cursor.is("X509CRL") {
            info.other = true;
            let crl = base64(cursor, bounds);
            add(&mut info.crls, crl, bounds)?;
        } else {
            info.other = true;
            let known = cursor.reader().start().name().namespace == DSIG;
            let digest = cursor.is_of(DSIG11, "X509Digest");
            if known
                && !["X509IssuerSerial", "X509SKI", "X509SubjectName"]
                    .iter()
                    .any(|name| cursor.is(name))
                && !digest
            {
                return Err(cursor.misplaced());
            }
            cursor.skip()?;
        }
    }
    Ok(())
}

fn add<T>(list: &mut Vec<T>, item: T, bounds: &Bounds) -> Result<(), Error> {
    if list.len() >= bounds.certificates {
        return Err(Error::limit("certificates"));
    }
    list.push(item);
    Ok(())
}
