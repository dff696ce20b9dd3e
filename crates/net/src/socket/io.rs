//! Typed reading and writing: AIR's `IDataInput` and `IDataOutput`. What is read and written, and how, is told at
//! [`Reader`](crate::data::Reader) and [`Writer`](crate::data::Writer).

use super::{Protocol, SocketError, TypedSocket};
use crate::data::{
    DataError, Endian, Reader, UnknownCharset, Writer,
    amf::{Externalizables, Graph, Limits, ObjectEncoding},
};

impl<P: Protocol> TypedSocket<P> {
    /// Which byte of numbers comes first (`endian`).
    pub fn endian(&self) -> Endian {
        self.machine.reader.endian
    }

    /// Sets which byte of numbers comes first, for whatever is read and written from now on. [`Endian::Big`] if it is never set.
    pub fn set_endian(&mut self, endian: Endian) {
        self.machine.reader.endian = endian;
        self.machine.writer.endian = endian;
    }

    /// The version of the format of objects (`objectEncoding`).
    pub fn object_encoding(&self) -> ObjectEncoding {
        self.machine.reader.object_encoding
    }

    /// Sets the version of the format of objects that are read and written from now on.
    pub fn set_object_encoding(&mut self, encoding: ObjectEncoding) {
        self.machine.reader.object_encoding = encoding;
        self.machine.writer.object_encoding = encoding;
    }

    /// Sets what an object that is read may cost.
    pub fn set_object_limits(&mut self, limits: Limits) {
        self.machine.reader.limits = limits;
    }

    /// Sets which classes read themselves (`IExternalizable`).
    pub fn set_externalizables(&mut self, classes: Externalizables) {
        self.machine.reader.externalizables = classes;
    }

    /// Sets what to do with a name that no character set has.
    pub fn set_unknown_charset(&mut self, unknown: UnknownCharset) {
        self.machine.reader.unknown_charset = unknown;
        self.machine.writer.unknown_charset = unknown;
    }
}

/// Each method hands over to the one of the same name, if the socket is connected.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $value:ty;)*) => {
        impl<P: Protocol> TypedSocket<P> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`SocketError::Closed`] (`IOError`);
                /// [`DataError::EndOfInput`](crate::data::DataError::EndOfInput) (`EOFError`), and nothing is consumed.
                pub fn $name(&mut self, $($argument: $type),*) -> Result<$value, SocketError> {
                    self.machine.open()?;
                    let reader: &mut Reader = &mut self.machine.reader;
                    Ok(reader.$name($($argument),*)?)
                }
            )*
        }
    };
}

reads! {
    /// One byte: true unless zero (`readBoolean`).
    read_bool() -> bool;
    /// One byte, signed (`readByte`).
    read_i8() -> i8;
    /// One byte (`readUnsignedByte`).
    read_u8() -> u8;
    /// Two bytes, signed (`readShort`).
    read_i16() -> i16;
    /// Two bytes (`readUnsignedShort`).
    read_u16() -> u16;
    /// Four bytes, signed (`readInt`).
    read_i32() -> i32;
    /// Four bytes (`readUnsignedInt`).
    read_u32() -> u32;
    /// Four bytes, IEEE 754 single precision (`readFloat`).
    read_f32() -> f32;
    /// Eight bytes, IEEE 754 double precision (`readDouble`).
    read_f64() -> f64;
    /// So many bytes, or all that are there if `length` is zero (`readBytes`).
    read_bytes(length: usize) -> Vec<u8>;
    /// So many bytes into `target`, from `offset` on, or all that are there if `length` is zero (`readBytes`); their
    /// number.
    read_bytes_into(target: &mut Vec<u8>, offset: usize, length: usize) -> usize;
    /// UTF-8 behind its length, a number of two bytes (`readUTF`).
    read_utf() -> String;
    /// So many bytes of UTF-8 (`readUTFBytes`).
    read_utf_bytes(length: usize) -> String;
    /// So many bytes of text in the character set of this name (`readMultiByte`).
    read_multi_byte(length: usize, charset: &str) -> String;
    /// An object in AMF (`readObject`).
    read_object() -> Graph;
}

/// What came of writing: some things cannot fail.
trait Written {
    fn written(self) -> Result<(), DataError>;
}

impl Written for () {
    fn written(self) -> Result<(), DataError> {
        Ok(())
    }
}

impl Written for Result<(), DataError> {
    fn written(self) -> Result<(), DataError> {
        self
    }
}

macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl<P: Protocol> TypedSocket<P> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`SocketError::Closed`] (`IOError`).
                pub fn $name(&mut self, $($argument: $type),*) -> Result<(), SocketError> {
                    self.machine.open()?;
                    let writer: &mut Writer = &mut self.machine.writer;
                    Ok(writer.$name($($argument),*).written()?)
                }
            )*
        }
    };
}

writes! {
    /// One byte: one if true, zero if not (`writeBoolean`).
    write_bool(value: bool);
    /// One byte: the low eight bits (`writeByte`).
    write_byte(value: i32);
    /// Two bytes: the low sixteen bits (`writeShort`).
    write_short(value: i32);
    /// One byte, signed.
    write_i8(value: i8);
    /// One byte.
    write_u8(value: u8);
    /// Two bytes, signed.
    write_i16(value: i16);
    /// Two bytes.
    write_u16(value: u16);
    /// Four bytes, signed (`writeInt`).
    write_i32(value: i32);
    /// Four bytes (`writeUnsignedInt`).
    write_u32(value: u32);
    /// Four bytes, IEEE 754 single precision (`writeFloat`).
    write_f32(value: f32);
    /// Eight bytes, IEEE 754 double precision (`writeDouble`).
    write_f64(value: f64);
    /// Bytes as they are (`writeBytes`).
    write_bytes(bytes: &[u8]);
    /// So many bytes from `offset` on, or all to the end if `length` is zero (`writeBytes`). Nothing is written where
    /// they are not all there ([`DataError::Range`](crate::data::DataError::Range), `RangeError`).
    write_bytes_from(bytes: &[u8], offset: usize, length: usize);
    /// UTF-8 behind its length, a number of two bytes (`writeUTF`). Nothing is written where it has more than 65,535
    /// bytes ([`DataError::TooLong`](crate::data::DataError::TooLong), `RangeError`).
    write_utf(text: &str);
    /// UTF-8 without its length (`writeUTFBytes`).
    write_utf_bytes(text: &str);
    /// Text in the character set of this name, without its length (`writeMultiByte`).
    write_multi_byte(text: &str, charset: &str);
    /// An object in AMF (`writeObject`). Nothing is written where the version cannot express it
    /// ([`DataError::Encode`](crate::data::DataError::Encode)).
    write_object(graph: &Graph);
}
