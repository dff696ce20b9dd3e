//! Element type declarations (XML 1.0, section 3.2). They are held to the grammar, and mean nothing to reading.

use super::{
    super::{error::XmlFault, limits::Limits},
    cursor::{Cursor, Stop},
};

/// Reads a declaration behind `<!ELEMENT`.
pub(super) fn read(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(), Stop> {
    cursor.space()?;
    cursor.qname()?;
    cursor.space()?;
    if !cursor.take("EMPTY")? && !cursor.take("ANY")? {
        cursor.demand("(", "`EMPTY`, `ANY` or `(`")?;
        cursor.skip_space();
        if cursor.take("#PCDATA")? {
            mixed(cursor)?;
        } else {
            children(cursor, limits)?;
        }
    }
    cursor.close()
}

/// Behind `(#PCDATA`.
fn mixed(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    let mut names = false;
    loop {
        cursor.skip_space();
        if cursor.take(")")? {
            break;
        }
        cursor.demand("|", "`|` or `)`")?;
        cursor.skip_space();
        cursor.qname()?;
        names = true;
    }
    if !cursor.take("*")? && names {
        return Err(cursor.expected("`*` after mixed content with elements"));
    }
    Ok(())
}

/// Behind the first `(`.
fn children(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<(), Stop> {
    // The groups that are open: what separates their parts, once that is seen.
    let mut open: Vec<Option<u8>> = vec![None];
    loop {
        cursor.skip_space();
        if cursor.take("(")? {
            if open.len() >= limits.depth {
                return Err(cursor.fault(XmlFault::Limit("depth")));
            }
            open.push(None);
            continue;
        }
        cursor.qname()?;
        repetition(cursor)?;
        // Groups may end here.
        loop {
            cursor.skip_space();
            let Some(separator) = open.last_mut() else { return Ok(()) };
            let byte = cursor.peek()?;
            match byte {
                b')' => {
                    cursor.at += 1;
                    open.pop();
                    repetition(cursor)?;
                    if open.is_empty() {
                        return Ok(());
                    }
                }
                b'|' | b',' if separator.is_none_or(|before| before == byte) => {
                    *separator = Some(byte);
                    cursor.at += 1;
                    break;
                }
                _ => return Err(cursor.expected("`)`, or `|` or `,` throughout the group")),
            }
        }
    }
}

fn repetition(cursor: &mut Cursor<'_>) -> Result<(), Stop> {
    if matches!(cursor.peek()?, b'?' | b'*' | b'+') {
        cursor.at += 1;
    }
    Ok(())
}
