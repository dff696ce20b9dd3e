//! Transforms of octets.

use super::{
    out::{Came, Out, Shared},
    settings::Settings,
    tree::{self, Tree},
};
use crate::{
    Error, algorithm::DigestAlgorithm, base64::Decoder, c14n::canonicalize, nodeset::NodeSet,
    signature::Transform, xml::Reader, xpath::Budget,
};
use std::io::{self, Read, Write};

/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;

/// Makes the digest of what the transforms make of `input`, and a copy for the report.
pub(super) fn digest(
    input: &mut dyn Read,
    transforms: &[Transform],
    algorithm: DigestAlgorithm,
    settings: &Settings,
    shared: &Shared,
    steps: &mut Budget,
) -> Result<(Came, Option<Vec<u8>>), Error> {
    let mut held: Option<Vec<u8>> = None;
    let mut rest = transforms;
    loop {
        let (step, after) = next(rest);
        let out =
            if after.is_empty() { Out::digest(algorithm, shared) } else { Out::memory(shared) };
        let out = match held.take() {
            Some(octets) => apply(&mut &octets[..], step, settings, steps, out)?,
            None => apply(input, step, settings, steps, out)?,
        };
        let (came, copy) = out.finish();
        match came {
            Came::Octets(octets) => held = Some(octets),
            Came::Digest(_) => return Ok((came, copy)),
        }
        rest = after;
    }
}

/// Transforms that are done in one go, from octets to octets, and those after.
fn next(transforms: &[Transform]) -> (&[Transform], &[Transform]) {
    let nodes = transforms.iter().take_while(|transform| transform.is_of_nodes()).count();
    transforms.split_at(transforms.len().min(nodes + 1))
}

fn apply(
    input: &mut dyn Read,
    step: &[Transform],
    settings: &Settings,
    steps: &mut Budget,
    mut out: Out,
) -> Result<Out, Error> {
    match step {
        [] => {
            copy(input, &mut out)?;
        }
        [Transform::Base64] => {
            let mut decoder = Decoder::new();
            let mut decoded = Vec::new();
            let mut block = vec![0; BLOCK];
            loop {
                let count = read(input, &mut block)?;
                if count == 0 {
                    break;
                }
                decoder
                    .push(&block[..count], &mut decoded)
                    .map_err(|error| Error::malformed(error.to_string()))?;
                out.write_all(&decoded)?;
                decoded.clear();
            }
            decoder.finish().map_err(|error| Error::malformed(error.to_string()))?;
        }
        [Transform::Canonicalize(method)] => {
            let mut reader = Reader::with(input, &settings.xml())?;
            canonicalize(&mut reader, method, &mut out)?;
        }
        nodes => {
            // Comments are nodes of what is made of octets.
            let document = tree::read(input, settings)?;
            let set = NodeSet::document(&document, true);
            let tree = Tree::new(&document, None, settings);
            tree.apply(set, nodes, settings, steps, &mut out)?;
        }
    }
    Ok(out)
}

fn copy(input: &mut dyn Read, out: &mut Out) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    loop {
        let count = read(input, &mut block)?;
        if count == 0 {
            return Ok(());
        }
        out.write_all(&block[..count])?;
    }
}

fn read(input: &mut dyn Read, block: &mut [u8]) -> Result<usize, Error> {
    loop {
        match input.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}
