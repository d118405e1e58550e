//! YAML events → tree.

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use super::{DEEPEST, Diagnostic, Node, PostError, Value, insert, repair, too_deep};

/// Why a text could not be made a tree.
enum Failure {
    /// The parser gave up.
    Syntax(ScanError),
    /// An anchor or alias, which posts do not use: more likely a value that starts with `&` or `*`.
    Alias(Marker),
    /// Something else than keys and values.
    NoMap(u32),
    TooDeep(u32),
}

pub(super) fn parse(matter: &str, line: u32, diagnostics: &mut Vec<Diagnostic>) -> Result<Node, PostError> {
    let before = diagnostics.len();
    let failure = match Tree::read(matter, line, diagnostics) {
        Ok(node) => return Ok(node),
        Err(Failure::TooDeep(line)) => return Err(too_deep(line)),
        Err(failure) => failure,
    };
    diagnostics.truncate(before);
    let repaired = repair::repair(matter, line);
    if !repaired.remarks.is_empty()
        && let Ok(node) = Tree::read(&repaired.text, line, diagnostics)
    {
        diagnostics.extend(repaired.remarks);
        return Ok(node);
    }
    diagnostics.truncate(before);
    Err(error(matter, line, &failure))
}

/// The failure in words, at its place in the file.
fn error(matter: &str, first: u32, failure: &Failure) -> PostError {
    let (mark, message, help) = match failure {
        Failure::Syntax(error) => (*error.marker(), format!("the front matter is not valid YAML: {}", error.info()), None),
        Failure::Alias(mark) => (
            *mark,
            String::from("YAML anchors and aliases are not read in a post"),
            Some("write the value out, or put it in quotes if it is a text"),
        ),
        Failure::NoMap(line) => {
            return PostError::Syntax {
                line: *line,
                column: 1,
                message: String::from("the front matter is no list of keys and values"),
                help: String::from("write one `key: value` on each line"),
            };
        }
        Failure::TooDeep(line) => return too_deep(*line),
    };
    let number = u32::try_from(mark.line()).unwrap_or(1).max(1);
    let written = matter.lines().nth(number as usize - 1).unwrap_or_default().trim();
    let help = help.map_or_else(
        || {
            if written.starts_with("<<<<<<<") || written.starts_with("=======") || written.starts_with(">>>>>>>") {
                String::from("resolve the merge conflict here")
            } else {
                String::from("check indentation and colons here, and put text with special characters in quotes")
            }
        },
        str::to_owned,
    );
    PostError::Syntax { line: first + number - 1, column: u32::try_from(mark.col()).unwrap_or(0) + 1, message, help }
}

struct Tree<'a, 'd> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    first: u32,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a> Tree<'a, '_> {
    fn read(matter: &str, first: u32, diagnostics: &mut Vec<Diagnostic>) -> Result<Node, Failure> {
        let mut tree = Tree { parser: Parser::new_from_str(matter), first, diagnostics };
        loop {
            let Some((event, mark)) = tree.next()? else { break };
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::DocumentEnd | Event::StreamEnd => break,
                event => {
                    let node = tree.node(event, mark, 0)?;
                    // The rest must be sound too.
                    while tree.next()?.is_some() {}
                    return match node.value {
                        Value::Map(_) => Ok(node),
                        Value::Null => break,
                        _ => Err(Failure::NoMap(node.line)),
                    };
                }
            }
        }
        Ok(Node { value: Value::Map(Vec::new()), line: first, column: 1 })
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Marker)>, Failure> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, span.start))),
            Some(Err(error)) => Err(Failure::Syntax(error)),
        }
    }

    fn place(&self, mark: Marker) -> (u32, u32) {
        let line = u32::try_from(mark.line()).unwrap_or(1).max(1);
        (self.first + line - 1, u32::try_from(mark.col()).unwrap_or(0) + 1)
    }

    fn node(&mut self, event: Event<'a>, mark: Marker, depth: usize) -> Result<Node, Failure> {
        let (line, column) = self.place(mark);
        if depth > DEEPEST {
            return Err(Failure::TooDeep(line));
        }
        let value = match event {
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return Err(Failure::Alias(mark));
            }
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => return Err(Failure::Alias(mark)),
        };
        Ok(Node { value, line, column })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Failure> {
        let mut items = Vec::new();
        while let Some((event, mark)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, mark, depth + 1)?);
        }
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, Failure> {
        let mut entries = Vec::new();
        while let Some((event, mark)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, mark, depth + 1)?;
            let Some((event, mark)) = self.next()? else { break };
            let node = self.node(event, mark, depth + 1)?;
            if let Value::Text(name) = key.value {
                insert(&mut entries, name, node, self.diagnostics);
            }
        }
        Ok(Value::Map(entries))
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Text(text.to_owned())
    }
}
