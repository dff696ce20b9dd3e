//! `ravelin connect` as people and scripts call it: what it shows, what it answers, how it ends, and what goes through.

mod failures;
mod folder;
mod node;
mod openssl;
mod pipe;
mod revoked;
mod starttls;
mod statuses;
