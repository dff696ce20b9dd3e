//! `ravelin xml verify` as people and scripts call it: its reports, its answers and its exit codes.

mod batch;
mod hostile;
mod online;
mod options;
mod reports;
mod signing;
