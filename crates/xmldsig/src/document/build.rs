use super::{
    Document, DocumentError, Limits, NodeKind, Record,
    scope::{self, ScopeRecord},
};
use crate::xml::{AttributeKind, Event, Instruction, NameId, Reader, Start, UriId};
use std::io::Read;

impl Document {
    /// Reads a whole document.
    ///
    /// # Errors
    /// When it cannot be read, is not well-formed, or goes beyond a limit.
    pub fn read<R: Read>(
        mut reader: Reader<R>,
        limits: &Limits,
    ) -> Result<Document, DocumentError> {
        let mut build = Build::new(limits);
        loop {
            match reader.next()? {
                Event::Start(start) => build.start(&start)?,
                Event::End(end) => build.end(end.end())?,
                Event::Text(text) => build.text(text)?,
                Event::Comment(text) => build.leaf(NodeKind::Comment, text, 0)?,
                Event::Instruction(instruction) => build.instruction(&instruction)?,
                Event::Finish => break,
            }
        }
        build.records[0].end = build.next_index();
        Ok(Document {
            records: build.records,
            text: build.text,
            names: reader.into_names(),
            scopes: build.scopes,
            declarations: build.declarations,
            root: build.root,
        })
    }
}

/// A document that is being read.
struct Build {
    records: Vec<Record>,
    text: String,
    scopes: Vec<ScopeRecord>,
    declarations: Vec<(crate::xml::PrefixId, UriId)>,
    root: u32,
    /// The elements that are open, the document itself first.
    open: Vec<u32>,
    /// Whether what comes next of text belongs to the node that came last.
    in_text: bool,
    /// Where the element begins that began last.
    offset: u64,
    max_nodes: usize,
    max_text: usize,
}

impl Build {
    fn new(limits: &Limits) -> Build {
        let document = record(NodeKind::Document, 0, 0);
        Build {
            records: vec![document],
            text: String::new(),
            scopes: vec![scope::OUTERMOST],
            declarations: Vec::new(),
            root: 0,
            open: vec![0],
            in_text: false,
            offset: 0,
            // Nodes and bytes are numbered with 32 bits, some of which mark things.
            max_nodes: limits.nodes.min(1 << 30),
            max_text: limits.text.min(u32::MAX as usize),
        }
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), DocumentError> {
        self.in_text = false;
        self.offset = start.offset();
        let parent = self.parent();
        let changes = start.changes();
        let mut scope = self.records[parent as usize].scope;
        if !changes.is_empty() {
            let first = self.declarations.len();
            self.declarations.extend(changes.iter().map(|change| (change.prefix, change.after)));
            if self.declarations.len() > self.max_nodes {
                return Err(self.limit("nodes"));
            }
            self.scopes.push(ScopeRecord {
                outer: scope,
                first: narrow(first),
                last: narrow(self.declarations.len()),
                total: self.scopes[scope as usize].total.saturating_add(narrow(changes.len())),
            });
            scope = narrow(self.scopes.len() - 1);
        }
        let attributes = start.raw_attributes();
        let index = self.push(Record {
            name: start.id(),
            uri: start.uri(),
            from: self.source_offset(start.offset())?,
            scope,
            attributes: u16::try_from(attributes.len()).unwrap_or(u16::MAX),
            ..record(NodeKind::Element, parent, self.next_index())
        })?;
        for attribute in attributes {
            let (from, to) = self.append(start.value(attribute))?;
            self.push(Record {
                name: attribute.name,
                uri: attribute.uri,
                declared_id: attribute.kind == AttributeKind::Id,
                from,
                to,
                ..record(NodeKind::Attribute, index, self.next_index())
            })?;
        }
        if parent == 0 {
            self.root = index;
        }
        self.open.push(index);
        Ok(())
    }

    fn end(&mut self, end: u64) -> Result<(), DocumentError> {
        self.in_text = false;
        let to = self.source_offset(end)?;
        let next = self.next_index();
        if self.open.len() > 1
            && let Some(index) = self.open.pop()
        {
            let record = &mut self.records[index as usize];
            record.end = next;
            record.to = to;
        }
        Ok(())
    }

    /// All text between two pieces of markup is one node, however it was written (XPath 1.0, section 5.7).
    fn text(&mut self, text: &str) -> Result<(), DocumentError> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.in_text {
            self.leaf(NodeKind::Text, text, 0)?;
            self.in_text = true;
            return Ok(());
        }
        let (_, to) = self.append(text)?;
        if let Some(last) = self.records.last_mut() {
            last.to = to;
        }
        Ok(())
    }

    fn instruction(&mut self, instruction: &Instruction<'_>) -> Result<(), DocumentError> {
        self.append(instruction.target)?;
        self.leaf(NodeKind::Instruction, instruction.data, instruction.target.len())
    }

    /// A node that holds no others. `before`: bytes of it that were appended already.
    fn leaf(&mut self, kind: NodeKind, text: &str, before: usize) -> Result<(), DocumentError> {
        self.in_text = false;
        let (from, to) = self.append(text)?;
        let before = narrow(before);
        let leaf = record(kind, self.parent(), self.next_index());
        self.push(Record { from: from - before, to, uri: UriId(before), ..leaf })?;
        Ok(())
    }

    fn push(&mut self, record: Record) -> Result<u32, DocumentError> {
        if self.records.len() >= self.max_nodes {
            return Err(self.limit("nodes"));
        }
        let index = self.next_index();
        self.records.push(record);
        Ok(index)
    }

    fn append(&mut self, text: &str) -> Result<(u32, u32), DocumentError> {
        if self.text.len().saturating_add(text.len()) > self.max_text {
            return Err(self.limit("text"));
        }
        let from = narrow(self.text.len());
        self.text.push_str(text);
        Ok((from, narrow(self.text.len())))
    }

    fn parent(&self) -> u32 {
        self.open.last().copied().unwrap_or(0)
    }

    fn next_index(&self) -> u32 {
        narrow(self.records.len())
    }

    fn source_offset(&self, offset: u64) -> Result<u32, DocumentError> {
        u32::try_from(offset).map_err(|_| self.limit("text"))
    }

    fn limit(&self, limit: &'static str) -> DocumentError {
        DocumentError::Limit { limit, offset: self.offset }
    }
}

fn record(kind: NodeKind, parent: u32, index: u32) -> Record {
    Record {
        kind,
        declared_id: false,
        attributes: 0,
        parent,
        end: index + 1,
        name: NameId::NOTHING,
        uri: UriId::NONE,
        from: 0,
        to: 0,
        scope: 0,
    }
}

/// Limits keep everything that is counted below 32 bits.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
