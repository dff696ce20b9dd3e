//! `ravelin cert` as people and scripts call it, with `openssl` as the one who must agree.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod files;
mod folder;
mod issuing;
mod keys;
mod pkcs12;
mod requests;
mod usage;
