//! `ravelin cert` as people and scripts call it, with `openssl` as the one who must agree.

mod files;
mod folder;
mod issuing;
mod keys;
mod pkcs12;
mod requests;
mod usage;
