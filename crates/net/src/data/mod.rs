//! Typed data: numbers, text and objects, read from and written to buffers.
pub mod amf;
