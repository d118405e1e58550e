//! TOML → the tree. Numbers and dates keep the text in which they are written.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{super::PostError, MAX_DEPTH, Map, Node, Parsed, Value, position::Lines, too_deep};

/// Parses a front matter whose first line is line `first` of the file.
pub(super) fn parse(text: &str, first: u32) -> Result<Parsed, PostError> {
    let lines = Lines::new(text, first);
    let table = DeTable::parse(text).map_err(|error| {
        let (line, column) = lines.position(error.span().map_or(0, |span| span.start));
        PostError::Syntax {
            line,
            column,
            message: error.message().trim().replace('\n', "; "),
            help: "write texts in double quotes, close every quote and bracket, and name each key once".to_owned(),
        }
    })?;
    let reader = Reader { text, lines };
    Ok(Parsed { map: reader.map(table.into_inner(), 1)?, diagnostics: Vec::new() })
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
}

impl Reader<'_> {
    fn map(&self, table: DeTable<'_>, depth: usize) -> Result<Map, PostError> {
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let nodes =
            entries.into_iter().map(|(key, value)| Ok((key.into_inner().into_owned(), self.node(value, depth + 1)?)));
        nodes.collect::<Result<_, _>>().map(Map)
    }

    fn node(&self, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, PostError> {
        let span = value.span();
        let (line, column) = self.lines.position(span.start);
        if depth > MAX_DEPTH {
            return Err(PostError::OverLimit { line, message: too_deep() });
        }
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Array(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Value::Map(self.map(table, depth)?),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                Value::Text(self.text.get(span).unwrap_or_default().trim().to_owned())
            }
        };
        Ok(Node { line, column, value })
    }
}
