use crate::{
    algorithm::{AlgorithmError, KeyError, NotAllowed, SignatureError},
    c14n::C14nError,
    xml::{Position, XmlError, XmlFault},
};
use std::io;

/// Why a signature could not be verified. No status is anything then: neither good nor bad was shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{detail}", place(.position.as_ref()))]
pub struct Error {
    /// Who is at fault.
    pub kind: ErrorKind,
    /// What happened, for people.
    pub detail: String,
    /// Where in the document, if it is a place in the document.
    pub position: Option<Position>,
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The document: it is not well-formed XML, or its Signature is not built as it must be.
    Malformed,
    /// We: the document needs what is not done here, or not in this profile.
    Unsupported,
    /// What a reference refers to is not there, is there twice, or cannot be read.
    Dereference,
    /// Something is larger than a limit allows.
    Limit,
    /// Something weak that nobody allowed.
    Policy,
}

impl ErrorKind {
    /// Its word, as the command line writes it.
    pub fn word(self) -> &'static str {
        match self {
            ErrorKind::Malformed => "malformed",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Dereference => "dereference",
            ErrorKind::Limit => "limit",
            ErrorKind::Policy => "policy",
        }
    }
}

fn place(position: Option<&Position>) -> String {
    position.map_or_else(String::new, |position| format!("{position}: "))
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Error {
        Error { kind, detail: detail.into(), position: None }
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::Malformed, detail)
    }

    pub(crate) fn unsupported(detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::Unsupported, detail)
    }

    pub(crate) fn dereference(detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::Dereference, detail)
    }

    pub(crate) fn limit(name: &str) -> Error {
        Error::new(ErrorKind::Limit, format!("more than the limit `{name}` allows"))
    }

    pub(crate) fn at(self, position: Position) -> Error {
        Error { position: Some(position), ..self }
    }

    /// There, if it has no place of its own.
    pub(crate) fn unless_placed(self, position: Position) -> Error {
        Error { position: self.position.or(Some(position)), ..self }
    }
}

/// More was to be written than a limit allows: its name.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more than the limit `{0}` allows")]
pub(crate) struct Beyond(pub(crate) &'static str);

impl From<Beyond> for io::Error {
    fn from(beyond: Beyond) -> io::Error {
        io::Error::new(io::ErrorKind::QuotaExceeded, beyond)
    }
}

impl From<XmlError> for Error {
    fn from(error: XmlError) -> Error {
        let kind = match &error.fault {
            XmlFault::Limit(_) => ErrorKind::Limit,
            XmlFault::UnsupportedEncoding(_) | XmlFault::UnsupportedVersion(_) => {
                ErrorKind::Unsupported
            }
            XmlFault::DoctypeRefused => ErrorKind::Policy,
            XmlFault::Io(_) => ErrorKind::Dereference,
            _ => ErrorKind::Malformed,
        };
        Error::new(kind, error.fault.to_string()).at(error.position)
    }
}

impl From<C14nError> for Error {
    fn from(error: C14nError) -> Error {
        match error {
            C14nError::Document(error) => error.into(),
            C14nError::Limit(name) => Error::limit(name),
            C14nError::Write(error) => error.into(),
            C14nError::RelativeNamespace(_) => Error::malformed(error.to_string()),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::QuotaExceeded {
            let name = error.get_ref().and_then(|inner| inner.downcast_ref::<Beyond>());
            return Error::limit(name.map_or(crate::verify::OCTETS, |beyond| beyond.0));
        }
        Error::dereference(error.to_string())
    }
}

impl From<AlgorithmError> for Error {
    fn from(error: AlgorithmError) -> Error {
        let kind = match error {
            AlgorithmError::Parameters(_) => ErrorKind::Malformed,
            _ => ErrorKind::Unsupported,
        };
        Error::new(kind, error.to_string())
    }
}

impl From<NotAllowed> for Error {
    fn from(error: NotAllowed) -> Error {
        Error::new(ErrorKind::Policy, error.to_string())
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Error {
        let kind = match error {
            KeyError::Unsupported(_) => ErrorKind::Unsupported,
            KeyError::Size { .. } => ErrorKind::Limit,
            _ => ErrorKind::Malformed,
        };
        Error::new(kind, error.to_string())
    }
}

/// Only for what is no bad signature.
impl From<SignatureError> for Error {
    fn from(error: SignatureError) -> Error {
        match error {
            SignatureError::NotAllowed(error) => error.into(),
            SignatureError::Key(error) => error.into(),
            SignatureError::Unsupported(_) | SignatureError::WrongKey { .. } => {
                Error::unsupported(error.to_string())
            }
            SignatureError::Bad => Error::malformed(error.to_string()),
        }
    }
}
