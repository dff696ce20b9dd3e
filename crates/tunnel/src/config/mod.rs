//! `ravelin.toml`: what was written, what is wrong with it, and the settings it stands for.
//!
//! [`Configuration`] holds what was written with the text it was read from; [`Configuration::resolve`] reads the
//! certificates, looks up the names and gives the [`Settings`](crate::service::Settings) a tunnel obeys. Every fault is a
//! [`Diagnostic`]: it points at a line and a column where there is a file, and says what to write instead where that is
//! known. [`import`] translates another program's file.

mod clients;
pub mod diagnostic;
pub mod file;
mod identities;
pub mod import;
mod resolve;
mod value;

pub use diagnostic::{Diagnostic, Position};
pub use file::File;
pub use resolve::{Configuration, MAX_FILE, SystemAnchors};
pub use value::{AcceptProxy, AcceptProxyTable, CountOrOff, Parsed, Period, PeriodOrOff};
