//! `ravelin connect` as people and scripts call it: what it shows, what it answers, how it ends, and what goes through.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod failures;
mod folder;
mod node;
mod openssl;
mod pipe;
mod revoked;
mod starttls;
mod statuses;
