//! The same from roxmltree. The fuzz target `xml_reader` uses it as well.

use super::events::{Node, add_text};
use roxmltree::{Document, NodeType, ParsingOptions};

/// What roxmltree reads.
pub fn read(text: &str) -> Result<Vec<Node>, roxmltree::Error> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)?;
    let mut nodes = Vec::new();
    let mut next = document.root().first_child();
    // Depth first, without recursion: documents may be deep.
    while let Some(node) = next {
        match node.node_type() {
            NodeType::Root => {}
            NodeType::Element => {
                let name = (
                    node.tag_name().namespace().unwrap_or("").to_owned(),
                    node.tag_name().name().to_owned(),
                );
                let mut attributes: Vec<_> = node
                    .attributes()
                    .map(|attribute| {
                        let namespace = attribute.namespace().unwrap_or("").to_owned();
                        ((namespace, attribute.name().to_owned()), attribute.value().to_owned())
                    })
                    .collect();
                attributes.sort();
                nodes.push(Node::Start { prefix: String::new(), name, attributes });
                if !node.has_children() {
                    nodes.push(Node::End);
                }
            }
            NodeType::Text => add_text(&mut nodes, node.text().unwrap_or("")),
            NodeType::Comment => nodes.push(Node::Comment(lines(node.text().unwrap_or("")))),
            NodeType::PI => {
                let instruction = node.pi().expect("an instruction");
                let data = lines(instruction.value.unwrap_or(""));
                nodes.push(Node::Instruction(instruction.target.to_owned(), data));
            }
        }
        let mut at = node;
        next = at.first_child().or(at.next_sibling());
        while next.is_none() {
            let Some(parent) = at.parent().filter(roxmltree::Node::is_element) else { break };
            nodes.push(Node::End);
            at = parent;
            next = at.next_sibling();
        }
    }
    Ok(nodes)
}

/// roxmltree leaves line ends in comments and instructions as they are.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What other readers say as well: they do not tell prefixes.
pub fn comparable(nodes: &[Node]) -> Vec<Node> {
    let mut nodes = nodes.to_vec();
    for node in &mut nodes {
        if let Node::Start { prefix, .. } = node {
            prefix.clear();
        }
    }
    nodes
}

/// Whether it reads no part of the document otherwise: see differences.md, "What they read otherwise".
pub fn is_comparable(text: &str) -> bool {
    if text.replace("\r\n", "\n").contains('\r') {
        return false;
    }
    let Some((_, declared)) = text.split_once("<!DOCTYPE") else { return true };
    let subset = declared.split("]>").next().unwrap_or(declared);
    !["<!ATTLIST", "&#38;", "&#x26;", "<!--", "<?"].iter().any(|other| subset.contains(other))
}
