//! Peers, responders, names and clocks that misbehave: each ends in its own error within its time, and leaves neither an
//! open descriptor nor memory behind.

mod blocking;
mod clocks;
mod cut;
mod evidence;
mod household;
mod names;
mod peers;
mod records;
mod responders;
mod web;
