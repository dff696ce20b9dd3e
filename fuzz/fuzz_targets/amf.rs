//! Objects in AMF: what is read is written and read again the same, what is cut off is not called broken, pieces mean what
//! the whole does, and flash-lso reads the same as we do.
#![no_main]

#[path = "../../crates/net/tests/amf_oracle/describe.rs"]
mod describe;
#[path = "../../crates/net/tests/amf_oracle/flash.rs"]
mod flash;

use libfuzzer_sys::fuzz_target;
use ravelin_net::data::amf::{
    self, DecodeError, Decoder, Externalizables, Fault, Field, FieldKind, Graph, Limits,
    ObjectEncoding,
};

/// flash-lso recurses, so it gets nothing that nests deeper.
const DEPTH: usize = 50;
/// What we refuse may nest deeper behind the place where we stopped, so flash-lso gets no more of it than this.
const SHORT: usize = 1024;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (newer, piece, bytes) = input;
    let encoding = if newer { ObjectEncoding::Amf3 } else { ObjectEncoding::Amf0 };
    let mut limits = Limits::default();
    limits.depth = DEPTH;
    let mut classes = Externalizables::default();
    classes.register("L", |fields: &[Field]| match fields {
        [] => Ok(Some(FieldKind::U8)),
        [Field::U8(count), rest @ ..] if rest.len() < usize::from(*count) => {
            Ok(Some(FieldKind::Object))
        }
        _ => Ok(None),
    });
    let read = |bytes: &[u8]| amf::decode(bytes, encoding, &limits, &classes);
    let write = |graph: &Graph| {
        let mut bytes = Vec::new();
        amf::encode(graph, encoding, &mut bytes).expect("what was read can be written");
        bytes
    };

    let result = read(bytes);
    let mut decoder = Decoder::new(encoding);
    let mut end = 0;
    while end < bytes.len() {
        end = (end + usize::from(piece).max(1)).min(bytes.len());
        let pieces = decoder.decode(&bytes[..end], &limits, &classes);
        if end == bytes.len() || !matches!(pieces, Err(DecodeError::NotEnough { .. })) {
            assert_eq!(
                pieces,
                if end == bytes.len() { result.clone() } else { read(&bytes[..end]) }
            );
            break;
        }
    }
    match &result {
        Ok((graph, length)) => {
            let written = write(graph);
            let (again, all) = read(&written).expect("what was written can be read");
            assert_eq!(all, written.len());
            if newer {
                assert_eq!(again, *graph);
            }
            // AMF 3 within AMF 0 may have said more than AMF 0 does, but nothing is lost any more.
            let (third, _) = read(&write(&again)).expect("what was written can be read");
            assert_eq!(third, again);
            for cut in 0..(*length).min(64) {
                let result = read(&bytes[..cut]);
                let Err(DecodeError::NotEnough { needed, .. }) = result else {
                    panic!("{cut}: {result:?}")
                };
                assert!(cut < needed && needed <= *length);
            }
            let ours = describe::graph(graph, encoding);
            // flash-lso does not know our class.
            if ours.contains("external ") {
                return;
            }
            let (theirs, read) = flash::describe(bytes, encoding).expect("flash-lso reads this");
            assert_eq!(read, *length);
            // Under AMF 0 we do not say which array came in AMF 3, with its names in front.
            if !theirs.contains("mixed ") {
                assert_eq!(common(&theirs), common(&ours));
            }
        }
        Err(error) if bytes.len() <= SHORT && !stricter(error) => {
            assert_eq!(flash::describe(bytes, encoding), None, "{error}");
        }
        Err(_) => {}
    }
});

/// What both can say. flash-lso takes a flag for set only if it is exactly one.
fn common(said: &str) -> String {
    said.replace("fixed=true", "fixed=false").replace("weak=true", "weak=false")
}

/// Where we refuse what flash-lso does not look at.
fn stricter(error: &DecodeError) -> bool {
    matches!(
        error,
        DecodeError::Limit { .. }
            | DecodeError::Malformed {
                fault: Fault::ExternalMembers
                    | Fault::ObjectEnd
                    | Fault::ObjectReference(_)
                    | Fault::ReferenceKind(_)
                    | Fault::TraitsReference(_)
                    | Fault::UnknownMarker(_),
                ..
            }
    )
}
