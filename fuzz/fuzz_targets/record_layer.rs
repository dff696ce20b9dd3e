//! Our record layer against rustls's: the same bytes, the same plaintext, the same answers, the same end.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use ravelin_tls::differential::{Mutation, Script, Step, run};

#[derive(Debug)]
struct Input(Script);

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Input> {
        let (flags, cipher): (u8, u8) = bytes.arbitrary()?;
        let pieces = few(bytes, 4, |bytes| bytes.arbitrary())?;
        let mutations = few(bytes, 4, mutation)?;
        let mut steps = Vec::new();
        while !bytes.is_empty() && steps.len() < 40 {
            steps.push(step(bytes)?);
        }
        Ok(Input(Script {
            tls13: flags & 1 == 1,
            server: flags & 2 == 2,
            cipher: cipher % 3,
            steps,
            mutations,
            pieces,
        }))
    }
}

fn few<'a, T>(
    bytes: &mut Unstructured<'a>,
    most: u8,
    mut one: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = bytes.int_in_range(0..=most)?;
    (0..count).map(|_| one(bytes)).collect()
}

fn step(bytes: &mut Unstructured<'_>) -> Result<Step> {
    let body = |bytes: &mut Unstructured<'_>| -> Result<Vec<u8>> {
        let count = bytes.int_in_range(0..=60_u8)?;
        Ok(bytes.bytes(usize::from(count).min(bytes.len()))?.to_vec())
    };
    let padding = |bytes: &mut Unstructured<'_>| -> Result<u16> {
        if bytes.ratio(1, 4)? { bytes.arbitrary() } else { Ok(0) }
    };
    Ok(match bytes.int_in_range(0..=11_u8)? {
        0 => Step::Data(u16::from(bytes.arbitrary::<u8>()?)),
        1 => Step::Data(bytes.int_in_range(16_300..=18_500)?),
        2 => Step::Record {
            content: bytes.int_in_range(19..=25)?,
            body: body(bytes)?,
            padding: padding(bytes)?,
        },
        3 | 4 => Step::Record { content: 22, body: body(bytes)?, padding: padding(bytes)? },
        5 => {
            // A whole message, in one record or the front of one.
            let kind = *bytes.choose(&[0, 1, 4, 20, 24])?;
            let rest = body(bytes)?;
            let length = u8::try_from(rest.len()).unwrap_or(u8::MAX);
            Step::Record {
                content: 22,
                body: [&[kind, 0, 0, length], &rest[..]].concat(),
                padding: 0,
            }
        }
        6 => Step::Record {
            content: 21,
            body: vec![bytes.int_in_range(0..=3)?, bytes.arbitrary()?],
            padding: padding(bytes)?,
        },
        7 => Step::KeyUpdate(bytes.int_in_range(0..=2)?),
        8 => Step::Bytes(body(bytes)?),
        9 if bytes.ratio(1, 8)? => Step::Seal(bytes.arbitrary()?),
        9 => Step::Seal(bytes.arbitrary::<u8>()?.into()),
        10 => Step::Refresh,
        _ => Step::Close,
    })
}

fn mutation(bytes: &mut Unstructured<'_>) -> Result<Mutation> {
    let record = u16::from(bytes.arbitrary::<u8>()?);
    Ok(match bytes.int_in_range(0..=5_u8)? {
        0 => Mutation::Flip(record, bytes.arbitrary()?),
        1 => Mutation::Header(record, bytes.arbitrary()?, bytes.arbitrary()?),
        2 => Mutation::Cut(record, bytes.arbitrary()?),
        3 => Mutation::Repeat(record),
        4 => Mutation::Swap(record),
        _ => Mutation::Omit(record),
    })
}

fuzz_target!(|input: Input| {
    if let Err(difference) = run(&input.0) {
        panic!("{difference}");
    }
});
