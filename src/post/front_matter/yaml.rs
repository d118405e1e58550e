//! YAML events → the tree.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{
    super::{Code, Diagnostic},
    MAX_DEPTH, MAX_KEYS, Map, Node, Parsed, Value,
    position::count,
    too_deep,
};

/// Why a text is not the YAML that is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is no YAML, or not meant as what it is: perhaps it can be mended.
    Syntax { line: u32, column: u32, message: String },
    /// It is larger than is read, or uses an alias, with which it could grow.
    Limit { line: u32, message: String },
}

/// Parses a front matter whose first line is line `first` of the file.
pub(super) fn parse(text: &str, first: u32) -> Result<Parsed, Trouble> {
    let mut options = granit_parser::options! { bom_inside_document_as_content: true };
    options.set_emit_comments(false);
    let mut builder = Builder {
        parser: Parser::new_from_str_with_options(text, options),
        above: first.saturating_sub(1),
        oddity: None,
        diagnostics: Vec::new(),
    };
    let mut root = None;
    loop {
        let (event, span) = builder.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            _ if root.is_some() => return Err(builder.syntax(span, "a second document begins here")),
            event => root = Some(builder.node(event, span, 1)?),
        }
    }
    if let Some(trouble) = builder.oddity {
        return Err(trouble);
    }
    let map = match root {
        None | Some(Node { value: Value::Null, .. }) => Map::default(),
        Some(Node { value: Value::Map(map), .. }) => map,
        Some(node) => {
            let message = format!("the front matter is {}, not `key: value` lines", node.shape());
            return Err(Trouble::Syntax { line: node.line, column: node.column, message });
        }
    };
    Ok(Parsed { map, diagnostics: builder.diagnostics })
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Lines of the file above the text.
    above: u32,
    /// The first anchor or foreign tag: legal, but far more often a text that begins with `&` or `!`.
    oddity: Option<Trouble>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Trouble> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Trouble> {
        let (line, column) = self.position(span);
        if depth > MAX_DEPTH {
            return Err(Trouble::Limit { line, message: too_deep() });
        }
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.note_oddity(span, anchor, tag.as_deref());
                if style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Null
                } else {
                    Value::Text(text.into_owned())
                }
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.note_oddity(span, anchor, tag.as_deref());
                Value::List(self.list(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.note_oddity(span, anchor, tag.as_deref());
                Value::Map(self.map(depth)?)
            }
            Event::Alias(_) => return Err(alias(line)),
            _ => return Err(self.syntax(span, "a value is missing here")),
        };
        Ok(Node { line, column, value })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Trouble> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Map, Trouble> {
        let mut map = Map::default();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd | Event::StreamEnd => return Ok(map),
                Event::Scalar(text, ..) => text.trim_start_matches('\u{feff}').to_owned(),
                Event::Alias(_) => return Err(alias(self.position(span).0)),
                _ => return Err(self.syntax(span, "a list or a map stands where a key is expected")),
            };
            let (event, value) = self.next()?;
            let node = self.node(event, value, depth + 1)?;
            let (line, column) = self.position(span);
            if map.len() == MAX_KEYS {
                let message = format!("the front matter has more than {MAX_KEYS} keys");
                return Err(Trouble::Limit { line, message });
            }
            if let Some(old) = map.insert(key.clone(), node) {
                let message = format!("the key `{key}` stands twice; the last one counts");
                self.diagnostics.push(
                    Diagnostic::warning(Code::DuplicateKey, message)
                        .at(line, column)
                        .help(format!("remove this line or line {}", old.line)),
                );
            }
        }
    }

    fn note_oddity(&mut self, span: Span, anchor: usize, tag: Option<&Tag>) {
        let foreign = tag.is_some_and(|tag| !tag.handle().starts_with("tag:yaml.org,2002:"));
        if self.oddity.is_none() && (anchor != 0 || foreign) {
            let what = if foreign { "a type tag (`!…`)" } else { "an anchor (`&…`)" };
            self.oddity = Some(self.syntax(span, &format!("{what} is not read in a front matter")));
        }
    }

    fn syntax(&self, span: Span, message: &str) -> Trouble {
        let (line, column) = self.position(span);
        Trouble::Syntax { line, column, message: message.to_owned() }
    }

    fn scan_error(&self, error: &ScanError) -> Trouble {
        let marker = error.marker();
        let line = self.above.saturating_add(count(marker.line()));
        let message = match error.kind() {
            // The parser looks ahead, so its own limit can come before ours.
            ErrorKind::RecursionLimitExceeded => return Trouble::Limit { line, message: too_deep() },
            ErrorKind::SimpleKeyExpected => "this line is no `key: value` and continues nothing".to_owned(),
            ErrorKind::UnclosedQuotedScalar => "a quote is opened and never closed".to_owned(),
            kind => kind.to_string(),
        };
        Trouble::Syntax { line, column: count(marker.col()).saturating_add(1), message }
    }

    fn position(&self, span: Span) -> (u32, u32) {
        let line = self.above.saturating_add(count(span.start.line()));
        (line, count(span.start.col()).saturating_add(1))
    }
}

fn alias(line: u32) -> Trouble {
    let message = "YAML aliases (`*name`) are not read in a front matter: write the value out".to_owned();
    Trouble::Limit { line, message }
}
