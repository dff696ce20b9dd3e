use super::{super::Writer, *};
use crate::data::{
    Charset,
    amf::{self, Fault, Object, Value},
};
use proptest::prelude::*;

/// A reader of `bytes`.
fn reader(bytes: &[u8]) -> Reader {
    let mut reader = Reader::default();
    reader.push(bytes);
    reader
}

fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    write(&mut writer);
    writer.output.as_slice().to_vec()
}

#[test]
fn s44_what_can_be_read_is_counted() {
    let mut reader = reader(&[1; 10]);
    assert_eq!(reader.available(), 10);
    reader.read_u32().unwrap();
    assert_eq!(reader.available(), 6);
    reader.push(&[1; 3]);
    assert_eq!(reader.available(), 9);
    reader.read_bytes(0).unwrap();
    assert_eq!(reader.available(), 0);
}

#[test]
fn s45_what_waits_to_be_sent_is_counted() {
    let mut writer = Writer::default();
    assert_eq!(writer.pending(), 0);
    writer.write_f64(1.0);
    writer.write_utf("abc").unwrap();
    assert_eq!(writer.pending(), 13);
    writer.output.consume(8);
    assert_eq!(writer.pending(), 5);
    assert_eq!(writer.output.as_slice(), b"\0\x03abc");
}

#[test]
fn s46_the_byte_order_can_be_changed_between_any_two_values() {
    let bytes = written(|writer| {
        assert_eq!(writer.endian, Endian::Big);
        writer.write_u16(0x0102);
        writer.write_i32(0x0304_0506);
        writer.endian = Endian::Little;
        writer.write_u16(0x0102);
        writer.write_i32(0x0304_0506);
        writer.write_f64(1.0);
        writer.endian = Endian::Big;
        writer.write_f64(1.0);
    });
    let expected = b"\x01\x02\x03\x04\x05\x06\x02\x01\x06\x05\x04\x03\
        \0\0\0\0\0\0\xf0\x3f\x3f\xf0\0\0\0\0\0\0";
    assert_eq!(bytes, expected);
    let mut reader = reader(&bytes);
    assert_eq!(reader.endian, Endian::Big);
    assert_eq!(reader.read_u16(), Ok(0x0102));
    assert_eq!(reader.read_i32(), Ok(0x0304_0506));
    reader.endian = Endian::Little;
    assert_eq!(reader.read_u16(), Ok(0x0102));
    assert_eq!(reader.read_i32(), Ok(0x0304_0506));
    assert_eq!(reader.read_f64(), Ok(1.0));
    reader.endian = Endian::Big;
    assert_eq!(reader.read_f64(), Ok(1.0));
}

#[test]
fn s47_objects_are_read_and_written_in_the_version_that_is_set() {
    let number = Graph::from(1.0);
    let bytes = written(|writer| {
        assert_eq!(writer.object_encoding, ObjectEncoding::Amf3);
        writer.write_object(&number).unwrap();
        writer.object_encoding = ObjectEncoding::Amf0;
        writer.write_object(&number).unwrap();
    });
    assert_eq!(bytes, b"\x05\x3f\xf0\0\0\0\0\0\0\0\x3f\xf0\0\0\0\0\0\0");
    let mut reader = reader(&bytes);
    assert_eq!(reader.object_encoding, ObjectEncoding::Amf3);
    assert_eq!(reader.read_object(), Ok(number.clone()));
    reader.object_encoding = ObjectEncoding::Amf0;
    assert_eq!(reader.read_object(), Ok(number));
}

#[test]
fn s50_booleans_are_one_byte_and_true_unless_zero() {
    let bytes = written(|writer| {
        writer.write_bool(true);
        writer.write_bool(false);
    });
    assert_eq!(bytes, [1, 0]);
    for byte in 0..=255 {
        assert_eq!(reader(&[byte]).read_bool(), Ok(byte != 0));
    }
}

#[test]
fn s51_bytes_are_signed_or_not_and_the_low_eight_bits_of_a_number() {
    for byte in 0..=255_u8 {
        let number = i32::from(byte);
        for number in [number, number - 256, number + 256, number ^ i32::MIN] {
            assert_eq!(written(|writer| writer.write_byte(number)), [byte]);
        }
        assert_eq!(reader(&[byte]).read_u8(), Ok(byte));
        let signed = if number < 128 { number } else { number - 256 };
        assert_eq!(reader(&[byte]).read_i8().map(i32::from), Ok(signed));
        let signed = i8::try_from(signed).unwrap();
        let bytes = written(|writer| {
            writer.write_u8(byte);
            writer.write_i8(signed);
        });
        assert_eq!(bytes, [byte; 2]);
    }
}

#[test]
fn s52_shorts_are_signed_or_not_and_the_low_sixteen_bits_of_a_number() {
    for (number, bytes, unsigned, signed) in [
        (0, [0, 0], 0, 0),
        (0x7fff, [0x7f, 0xff], 0x7fff, 0x7fff),
        (0x8000, [0x80, 0], 0x8000, -0x8000),
        (-0x8000, [0x80, 0], 0x8000, -0x8000),
        (-1, [0xff, 0xff], 0xffff, -1),
        (0x1234_5678, [0x56, 0x78], 0x5678, 0x5678),
        (i32::MIN, [0, 0], 0, 0),
    ] {
        for (endian, bytes) in [(Endian::Big, bytes), (Endian::Little, [bytes[1], bytes[0]])] {
            let written = written(|writer| {
                writer.endian = endian;
                writer.write_short(number);
                writer.write_i16(signed);
                writer.write_u16(unsigned);
            });
            assert_eq!(written, [bytes; 3].concat());
            let mut reader = reader(&written);
            reader.endian = endian;
            assert_eq!(reader.read_i16(), Ok(signed));
            assert_eq!(reader.read_u16(), Ok(unsigned));
        }
    }
}

#[test]
fn s53_ints_have_32_bits_and_are_signed_or_not() {
    for (bytes, unsigned, signed) in [
        ([0, 0, 0, 1], 1, 1),
        ([0x7f, 0xff, 0xff, 0xff], 0x7fff_ffff, i32::MAX),
        ([0x80, 0, 0, 0], 0x8000_0000, i32::MIN),
        ([0xff, 0xff, 0xff, 0xfe], u32::MAX - 1, -2),
    ] {
        let mut reversed = bytes;
        reversed.reverse();
        for (endian, bytes) in [(Endian::Big, bytes), (Endian::Little, reversed)] {
            let written = written(|writer| {
                writer.endian = endian;
                writer.write_i32(signed);
                writer.write_u32(unsigned);
            });
            assert_eq!(written, [bytes; 2].concat());
            let mut reader = reader(&written);
            reader.endian = endian;
            assert_eq!(reader.read_u32(), Ok(unsigned));
            assert_eq!(reader.read_i32(), Ok(signed));
        }
    }
}

#[test]
fn s54_floats_are_ieee_754_bit_by_bit() {
    for (single, double, bytes) in [
        (1.5_f32, -0.0_f64, *b"\x3f\xc0\0\0\x80\0\0\0\0\0\0\0"),
        (f32::INFINITY, f64::NEG_INFINITY, *b"\x7f\x80\0\0\xff\xf0\0\0\0\0\0\0"),
        (
            f32::from_bits(1),
            f64::from_bits(0x7ff8_0000_0000_0001),
            *b"\0\0\0\x01\x7f\xf8\0\0\0\0\0\x01",
        ),
    ] {
        for endian in [Endian::Big, Endian::Little] {
            let mut bytes = bytes;
            if endian == Endian::Little {
                bytes[..4].reverse();
                bytes[4..].reverse();
            }
            let written = written(|writer| {
                writer.endian = endian;
                writer.write_f32(single);
                writer.write_f64(double);
            });
            assert_eq!(written, bytes);
            let mut reader = reader(&bytes);
            reader.endian = endian;
            assert_eq!(reader.read_f32().unwrap().to_bits(), single.to_bits());
            assert_eq!(reader.read_f64().unwrap().to_bits(), double.to_bits());
        }
    }
}

#[test]
fn s55_bytes_are_read_into_an_array_at_an_offset_and_no_length_means_all() {
    for (offset, length, target, left) in [
        (0, 0, &b"12345f"[..], 0),
        (0, 2, b"12cdef", 3),
        (4, 2, b"abcd12", 3),
        (5, 0, b"abcde12345", 0),
        (8, 1, b"abcdef\0\x001", 4),
    ] {
        let mut reader = reader(b"12345");
        let mut into = b"abcdef".to_vec();
        assert_eq!(reader.read_bytes_into(&mut into, offset, length), Ok(5 - left));
        assert_eq!(into, target);
        assert_eq!(reader.available(), left);
    }
    let mut reader = reader(b"12345");
    let mut into = b"abc".to_vec();
    let end = Err(DataError::EndOfInput { needed: 6, available: 5 });
    assert_eq!(reader.read_bytes_into(&mut into, 1, 6), end);
    assert_eq!(into, b"abc");
    assert_eq!(reader.read_bytes(2), Ok(b"12".to_vec()));
    assert_eq!(reader.read_bytes(0), Ok(b"345".to_vec()));
    assert_eq!(reader.read_bytes(0), Ok(Vec::new()));
    assert_eq!(reader.read_bytes_into(&mut into, 9, 0), Ok(0));
    assert_eq!(into, b"abc");
}

#[test]
fn s56_bytes_are_written_from_an_offset_and_no_length_means_to_the_end() {
    for (offset, length, expected) in [
        (0, 0, Ok(&b"abcdef"[..])),
        (2, 0, Ok(b"cdef")),
        (2, 3, Ok(b"cde")),
        (6, 0, Ok(b"")),
        (0, 7, Err((0, 7))),
        (5, 2, Err((5, 7))),
        (7, 0, Err((7, 7))),
        (2, usize::MAX, Err((2, usize::MAX))),
    ] {
        let mut writer = Writer::default();
        let result = writer.write_bytes_from(b"abcdef", offset, length);
        let range = |(offset, end)| DataError::Range { offset, end, length: 6 };
        assert_eq!(result, expected.map(|_| ()).map_err(range));
        assert_eq!(writer.output.as_slice(), expected.unwrap_or_default());
    }
    assert_eq!(written(|writer| writer.write_bytes(b"\0\xff")), b"\0\xff");
}

#[test]
fn s57_text_has_its_length_in_front_in_the_byte_order_and_65535_bytes_at_most() {
    for (endian, bytes) in [(Endian::Big, b"\0\x03\xc3\xa9!"), (Endian::Little, b"\x03\0\xc3\xa9!")]
    {
        let written = written(|writer| {
            writer.endian = endian;
            writer.write_utf("é!").unwrap();
        });
        assert_eq!(written, bytes);
        let mut reader = reader(bytes);
        reader.endian = endian;
        assert_eq!(reader.read_utf().unwrap(), "é!");
    }
    let longest = "x".repeat(65535);
    let bytes = written(|writer| writer.write_utf(&longest).unwrap());
    assert_eq!(bytes[..2], [0xff, 0xff]);
    assert_eq!(reader(&bytes).read_utf(), Ok(longest.clone()));
    // Bytes are what counts.
    for text in [longest + "x", "é".repeat(32768)] {
        let mut writer = Writer::default();
        assert_eq!(writer.write_utf(&text), Err(DataError::TooLong(65536)));
        assert_eq!(writer.pending(), 0);
    }
    assert_eq!(reader(b"\0\x02a\xff").read_utf(), Err(DataError::Utf8(1)));
}

#[test]
fn s58_text_without_a_length_is_as_long_as_the_reader_says() {
    let text = "\u{feff}naïve 日本 🙂\0";
    let bytes = written(|writer| writer.write_utf_bytes(text));
    assert_eq!(bytes, text.as_bytes());
    let mut both = reader(&bytes);
    assert_eq!(both.read_utf_bytes(5).unwrap(), "\u{feff}na");
    assert_eq!(both.read_utf_bytes(1), Err(DataError::Utf8(0)));
    assert_eq!(both.read_utf_bytes(bytes.len() - 5).unwrap(), "ïve 日本 🙂\0");
    assert_eq!(both.read_utf_bytes(0).unwrap(), "");
}

#[test]
fn s59_text_is_read_and_written_in_the_character_set_that_is_named() {
    let bytes = written(|writer| {
        writer.write_multi_byte("日本", "shift_jis").unwrap();
        writer.write_multi_byte("é", "iso-8859-1").unwrap();
        writer.write_multi_byte("é€", "CP437").unwrap();
    });
    assert_eq!(bytes, b"\x93\xfa\x96\x7b\xe9\x82?");
    let mut reader = reader(&bytes);
    assert_eq!(reader.read_multi_byte(4, "Shift_JIS").unwrap(), "日本");
    assert_eq!(reader.read_multi_byte(1, "latin1").unwrap(), "é");
    assert_eq!(reader.read_multi_byte(2, "ibm437").unwrap(), "é?");
}

#[test]
fn s59_an_unknown_character_set_is_utf_8_or_what_is_said() {
    let unknown = "x-klingon";
    let mut writer = Writer::default();
    writer.write_multi_byte("é", unknown).unwrap();
    writer.unknown_charset = UnknownCharset::Fallback(Charset::for_label("latin1").unwrap());
    writer.write_multi_byte("é", unknown).unwrap();
    writer.unknown_charset = UnknownCharset::Reject;
    let refused = DataError::UnknownCharset(unknown.into());
    assert_eq!(writer.write_multi_byte("é", unknown), Err(refused.clone()));
    assert_eq!(writer.output.as_slice(), b"\xc3\xa9\xe9");

    let mut reader = reader(b"\xc3\xa9\xe9");
    reader.unknown_charset = UnknownCharset::Reject;
    assert_eq!(reader.read_multi_byte(2, unknown), Err(refused));
    reader.unknown_charset = UnknownCharset::default();
    assert_eq!(reader.read_multi_byte(2, unknown).unwrap(), "é");
    reader.unknown_charset = writer.unknown_charset;
    assert_eq!(reader.read_multi_byte(1, "latin1").unwrap(), "é");
}

#[test]
fn s60_objects_are_each_by_themselves() {
    let text = Graph::from("abc");
    let bytes = written(|writer| {
        writer.write_object(&text).unwrap();
        writer.write_object(&text).unwrap();
    });
    assert_eq!(bytes, b"\x06\x07abc\x06\x07abc");
    let mut both = reader(&bytes);
    assert_eq!(both.read_object(), Ok(text.clone()));
    assert_eq!(both.read_object(), Ok(text));
    // A reference to the string of the object before.
    let mut dangling = reader(b"\x06\x07abc\x06\0");
    dangling.read_object().unwrap();
    let error = amf::DecodeError::Malformed { position: 1, fault: Fault::StringReference(0) };
    assert_eq!(dangling.read_object(), Err(DataError::Object(error)));
    assert_eq!(dangling.available(), 2);
}

#[test]
fn s63_reading_more_than_is_there_takes_nothing() {
    let check = |read: &dyn Fn(&mut Reader) -> Option<DataError>, bytes: &[u8]| {
        for cut in 0..bytes.len() {
            let mut reader = reader(&bytes[..cut]);
            let error = read(&mut reader);
            assert!(
                matches!(error, Some(DataError::EndOfInput { needed, available })
                    if available == cut && cut < needed && needed <= bytes.len()),
                "{cut}: {error:?}"
            );
            assert_eq!(reader.as_slice(), &bytes[..cut]);
            // And with the rest it is as if nothing had happened.
            reader.push(&bytes[cut..]);
            assert_eq!(read(&mut reader), None);
            assert_eq!(reader.available(), 0);
        }
    };
    check(&|reader| reader.read_bool().err(), &[1]);
    check(&|reader| reader.read_i8().err(), &[1]);
    check(&|reader| reader.read_u8().err(), &[1]);
    check(&|reader| reader.read_i16().err(), &[1; 2]);
    check(&|reader| reader.read_u16().err(), &[1; 2]);
    check(&|reader| reader.read_i32().err(), &[1; 4]);
    check(&|reader| reader.read_u32().err(), &[1; 4]);
    check(&|reader| reader.read_f32().err(), &[1; 4]);
    check(&|reader| reader.read_f64().err(), &[1; 8]);
    check(&|reader| reader.read_bytes(7).err(), &[1; 7]);
    check(&|reader| reader.read_utf().err(), b"\0\x05abcde");
    check(&|reader| reader.read_utf_bytes(5).err(), b"abcde");
    check(&|reader| reader.read_multi_byte(5, "latin1").err(), b"abcde");
    check(&|reader| reader.read_object().err(), b"\x09\x05\x03a\x04\x81\x00\x01\x06\x00\x0c\x05xy");
    let amf0 = |reader: &mut Reader| {
        reader.object_encoding = ObjectEncoding::Amf0;
        reader.read_object().err()
    };
    check(&amf0, b"\x03\0\x01a\x0a\0\0\0\x02\x07\0\0\x02\0\x03abc\0\0\x09");
}

#[test]
fn s63_after_an_object_was_incomplete_something_else_can_be_read() {
    let mut reader = reader(b"\x06\x15abc");
    let incomplete = Err(DataError::EndOfInput { needed: 12, available: 5 });
    assert_eq!(reader.read_object(), incomplete);
    assert_eq!(reader.read_object(), incomplete);
    reader.object_encoding = ObjectEncoding::Amf0;
    reader.read_u8().unwrap();
    reader.read_u8().unwrap();
    reader.push(b"\x05");
    assert_eq!(reader.read_utf_bytes(3).unwrap(), "abc");
    assert_eq!(reader.read_object(), Ok(Graph::default()));
}

#[test]
fn s60_an_externalizable_class_reads_itself_from_the_socket() {
    let mut reader = reader(b"\x0a\x07\x03X\x06\x05hi");
    assert!(matches!(
        reader.read_object(),
        Err(DataError::Object(amf::DecodeError::UnknownExternal { .. }))
    ));
    reader.externalizables.register("X", [amf::FieldKind::Object]);
    let graph = reader.read_object().unwrap();
    let Some(Object::External(external)) = graph.root_object() else { panic!("{graph:?}") };
    assert!(
        matches!(&*external.fields, [amf::Field::Object(Value::String(text))] if **text == *"hi")
    );
}

/// A read and a write that belong together.
#[derive(Clone, Debug)]
enum Item {
    Bool(bool),
    I8(i8),
    U8(u8),
    I16(i16),
    U16(u16),
    I32(i32),
    U32(u32),
    F32(u32),
    F64(u64),
    Bytes(Vec<u8>),
    Utf(String),
    UtfBytes(String),
    MultiByte(String),
    Object(String),
    Endian(bool),
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = prop_oneof![
        any::<bool>().prop_map(Item::Bool),
        any::<i8>().prop_map(Item::I8),
        any::<u8>().prop_map(Item::U8),
        any::<i16>().prop_map(Item::I16),
        any::<u16>().prop_map(Item::U16),
        any::<i32>().prop_map(Item::I32),
        any::<u32>().prop_map(Item::U32),
        any::<u32>().prop_map(Item::F32),
        any::<u64>().prop_map(Item::F64),
        prop::collection::vec(any::<u8>(), 1..20).prop_map(Item::Bytes),
        any::<String>().prop_map(Item::Utf),
        any::<String>().prop_map(Item::UtfBytes),
        any::<String>().prop_map(Item::MultiByte),
        any::<String>().prop_map(Item::Object),
        any::<bool>().prop_map(Item::Endian),
    ];
    prop::collection::vec(item, 0..20)
}

proptest! {
    #[test]
    fn s46_s63_whatever_is_written_is_read_however_it_arrives(
        items in items(),
        piece in 1_usize..50,
    ) {
        let mut writer = Writer::default();
        for item in &items {
            match item {
                Item::Bool(value) => writer.write_bool(*value),
                Item::I8(value) => writer.write_i8(*value),
                Item::U8(value) => writer.write_u8(*value),
                Item::I16(value) => writer.write_i16(*value),
                Item::U16(value) => writer.write_u16(*value),
                Item::I32(value) => writer.write_i32(*value),
                Item::U32(value) => writer.write_u32(*value),
                Item::F32(value) => writer.write_f32(f32::from_bits(*value)),
                Item::F64(value) => writer.write_f64(f64::from_bits(*value)),
                Item::Bytes(value) => writer.write_bytes(value),
                Item::Utf(value) => writer.write_utf(value).unwrap(),
                Item::UtfBytes(value) => writer.write_utf_bytes(value),
                Item::MultiByte(value) => writer.write_multi_byte(value, "utf-16").unwrap(),
                Item::Object(value) => writer.write_object(&Graph::from(&**value)).unwrap(),
                Item::Endian(big) => {
                    writer.endian = if *big { Endian::Big } else { Endian::Little };
                }
            }
        }
        let mut pieces = writer.output.as_slice().chunks(piece);
        let mut reader = Reader::default();
        for item in &items {
            loop {
                let before = reader.available();
                let same = match item {
                    Item::Bool(value) => reader.read_bool().map(|read| read == *value),
                    Item::I8(value) => reader.read_i8().map(|read| read == *value),
                    Item::U8(value) => reader.read_u8().map(|read| read == *value),
                    Item::I16(value) => reader.read_i16().map(|read| read == *value),
                    Item::U16(value) => reader.read_u16().map(|read| read == *value),
                    Item::I32(value) => reader.read_i32().map(|read| read == *value),
                    Item::U32(value) => reader.read_u32().map(|read| read == *value),
                    Item::F32(value) => reader.read_f32().map(|read| read.to_bits() == *value),
                    Item::F64(value) => reader.read_f64().map(|read| read.to_bits() == *value),
                    Item::Bytes(value) => reader.read_bytes(value.len()).map(|read| read == *value),
                    Item::Utf(value) => reader.read_utf().map(|read| read == *value),
                    Item::UtfBytes(value) => {
                        reader.read_utf_bytes(value.len()).map(|read| read == *value)
                    }
                    Item::MultiByte(value) => {
                        let length = 2 + 2 * value.encode_utf16().count();
                        reader.read_multi_byte(length, "utf-16").map(|read| read == *value)
                    }
                    Item::Object(value) => {
                        reader.read_object().map(|read| read == Graph::from(&**value))
                    }
                    Item::Endian(big) => {
                        reader.endian = if *big { Endian::Big } else { Endian::Little };
                        Ok(true)
                    }
                };
                match same {
                    Ok(same) => {
                        prop_assert!(same, "{item:?}");
                        break;
                    }
                    Err(DataError::EndOfInput { needed, available }) => {
                        prop_assert!(available == before && available < needed);
                        prop_assert_eq!(reader.available(), before);
                        let next = pieces.next();
                        prop_assert!(next.is_some(), "{item:?} was not written");
                        reader.push(next.unwrap_or_default());
                    }
                    Err(error) => return Err(TestCaseError::fail(error.to_string())),
                }
            }
        }
        prop_assert_eq!(reader.available(), 0);
        prop_assert!(pieces.next().is_none());
    }
}
