//! `ravelin xml` as typed.

pub mod sign;

use clap::Subcommand;
use sign::SignArgs;

#[derive(Debug, Subcommand)]
pub enum XmlCommand {
    /// Sign a document, content or files.
    ///
    /// The signature goes into the document, of which all other bytes stay as they are (--enveloped, which is meant if
    /// nothing else is said), around it (--enveloping), or stands alone and refers to files (--detached without DOCUMENT).
    /// What was signed is verified before it is written; a file is written whole or not at all. Exits with 0 if it is
    /// signed, 2 if not.
    #[command(
        override_usage = "ravelin xml sign --key FILE [OPTIONS] DOCUMENT\n       ravelin xml sign --key FILE [OPTIONS] --detached URI=FILE...",
        after_long_help = "Examples:
  ravelin xml sign --key key.pem --cert chain.pem --output signed.xml order.xml
  ravelin xml sign --key key.pem --cert chain.pem --reference body --place first-in:header message.xml
  ravelin xml sign --key key.pem --enveloping --content base64 picture.png
  ravelin xml sign --hmac-key secret --detached readme.txt=docs/readme.txt --output readme.sig
  ravelin xml sign --key key.pem --cert chain.pem --profile air --manifest --detached main.swf=bin/main.swf signatures.xml"
    )]
    Sign(Box<SignArgs>),
}
