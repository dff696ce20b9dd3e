//! stub until merge
#![allow(missing_docs, missing_debug_implementations)]
use crate::{Certificate, Time, name::DistinguishedName};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RevocationPolicy {
    Never,
    #[default]
    BestEffort,
    RequiredIfInfoAvailable,
    AlwaysRequired,
}
impl std::fmt::Display for RevocationPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RevocationPolicy::Never => "never",
            RevocationPolicy::BestEffort => "best-effort",
            RevocationPolicy::RequiredIfInfoAvailable => "required-if-available",
            RevocationPolicy::AlwaysRequired => "always",
        })
    }
}
impl std::str::FromStr for RevocationPolicy {
    type Err = String;
    fn from_str(word: &str) -> Result<RevocationPolicy, String> {
        Ok(match word {
            "never" => RevocationPolicy::Never,
            "best-effort" => RevocationPolicy::BestEffort,
            "required-if-available" => RevocationPolicy::RequiredIfInfoAvailable,
            "always" => RevocationPolicy::AlwaysRequired,
            _ => return Err(format!("no revocation policy is called {word:?}")),
        })
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationStatus {
    Good,
    Revoked { time: Time },
    Undetermined,
    NoInformation,
}
#[derive(Clone, Debug)]
pub struct Crl<'a>(std::marker::PhantomData<&'a ()>);
impl<'a> Crl<'a> {
    pub fn parse(_: &'a [u8]) -> Result<Crl<'a>, String> {
        Err("stub".into())
    }
    pub fn into_owned(self) -> Crl<'static> {
        Crl(std::marker::PhantomData)
    }
}
#[derive(Clone, Debug)]
pub struct OcspResponse<'a>(std::marker::PhantomData<&'a ()>);
impl<'a> OcspResponse<'a> {
    pub fn parse(_: &'a [u8]) -> Result<OcspResponse<'a>, String> {
        Err("stub".into())
    }
    pub fn into_owned(self) -> OcspResponse<'static> {
        OcspResponse(std::marker::PhantomData)
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocationKind {
    Issuer,
    Crl,
    Ocsp,
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    pub kind: LocationKind,
    pub url: String,
    pub body: Option<Vec<u8>>,
}
impl Location {
    pub fn issuers(_: &Certificate<'_>) -> Vec<Location> {
        Vec::new()
    }
}
#[derive(Clone, Copy)]
pub enum Source {
    Crl,
    Ocsp,
}
impl Source {
    pub fn word(self) -> &'static str {
        "crl"
    }
}
pub(crate) struct Evidence<'e> {
    pub(crate) crls: &'e [Crl<'e>],
    pub(crate) ocsp: &'e [OcspResponse<'e>],
    pub(crate) certificates: &'e [&'e Certificate<'e>],
}
pub(crate) struct Issuer<'e> {
    pub(crate) name: DistinguishedName<'e>,
    pub(crate) key_info: &'e [u8],
    pub(crate) certificate: Option<&'e Certificate<'e>>,
}
pub(crate) struct Options {
    pub(crate) time: Time,
    pub(crate) use_crls: bool,
    pub(crate) use_ocsp: bool,
}
pub(crate) struct Determination {
    pub(crate) status: RevocationStatus,
    pub(crate) source: Option<Source>,
    pub(crate) wanted: Vec<Location>,
}
impl Determination {
    pub(crate) fn detail(&self) -> String {
        "no information".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignerPurpose {
    CrlSign,
    OcspSign,
}
pub(crate) trait Signers {
    fn trusts(
        &mut self,
        certificate: &Certificate<'_>,
        purpose: SignerPurpose,
    ) -> Result<(), String>;
}
pub(crate) fn determine(
    _: &Certificate<'_>,
    _: &Issuer<'_>,
    _: &Evidence<'_>,
    _: &Options,
    _: &mut dyn Signers,
) -> Determination {
    Determination { status: RevocationStatus::NoInformation, source: None, wanted: Vec::new() }
}
