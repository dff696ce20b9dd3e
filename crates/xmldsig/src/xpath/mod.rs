//! XPath 1.0, whole, with what XML-DSig adds to it.
//!
//! An [`Expression`] is parsed once, with the namespaces of the element that carries it. An [`Evaluation`] binds it to a
//! document, and answers for any number of nodes. Nothing recurses deeper than a limit, and all that is done is paid from a
//! [`Budget`].
//!
//! ```
//! use ravelin_xmldsig::{document::{self, Document}, xml::Reader, xpath::{Budget, Evaluation, Expression, Limits, Value}};
//!
//! let reader = Reader::new(&b"<l xmlns='urn:l'><i n='1'/><i n='2'/><i n='3'/></l>"[..])?;
//! let document = Document::read(reader, &document::Limits::default())?;
//! let namespaces = |prefix: &str| (prefix == "l").then(|| "urn:l".to_owned());
//! let limits = Limits::default();
//! let expression = Expression::parse("sum(//l:i[position() > 1]/@n)", namespaces, &limits)?;
//! let mut budget = Budget::new(&limits);
//! let value = Evaluation::new(&expression, &document, &mut budget).value(document.node())?;
//! assert_eq!(value, Value::Number(5.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There are no variables: nothing here could give them a value. Types are known when an expression is parsed, so what
//! goes wrong at an evaluation is that its budget ends, or that `here()` has no meaning.

mod axis;
mod call;
mod compare;
mod error;
mod evaluate;
mod expression;
mod function;
mod key;
mod lexer;
mod limits;
mod number;
mod parser;
mod path;
mod value;

pub use error::{XPathError, XPathFault};
pub use evaluate::Evaluation;
pub use expression::Expression;
pub(crate) use key::Key;
pub(crate) use limits::Spent;
pub use limits::{Budget, Limits};
pub use value::{Found, Value};
