//! TOML → tree.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{DEEPEST, Diagnostic, Node, PostError, Value, insert, too_deep};

pub(super) fn parse(matter: &str, first: u32, diagnostics: &mut Vec<Diagnostic>) -> Result<Node, PostError> {
    let place = |offset: usize| {
        let before = &matter.as_bytes()[..offset.min(matter.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count();
        (first + u32::try_from(line).unwrap_or(0), u32::try_from(column).unwrap_or(0) + 1)
    };
    let table = DeTable::parse(matter).map_err(|error| {
        let (line, column) = place(error.span().map_or(0, |span| span.start));
        PostError::Syntax {
            line,
            column,
            message: format!("the front matter is not valid TOML: {}", error.message().replace('\n', ", ")),
            help: String::from("check quotes and brackets here: text stands in quotes, on one line"),
        }
    })?;
    table_node(table.into_inner(), (first, 1), &place, 0, diagnostics)
}

type Place<'p> = &'p dyn Fn(usize) -> (u32, u32);

fn table_node(
    table: DeTable<'_>,
    (line, column): (u32, u32),
    place: Place<'_>,
    depth: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Node, PostError> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let node = node(value, place, depth + 1, diagnostics)?;
        insert(&mut entries, key.into_inner().into_owned(), node, diagnostics);
    }
    // The library keeps a table sorted by key; the file's order is what a reader expects.
    entries.sort_by_key(|(_, node)| (node.line, node.column));
    Ok(Node { value: Value::Map(entries), line, column })
}

fn node(
    value: Spanned<DeValue<'_>>,
    place: Place<'_>,
    depth: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Node, PostError> {
    let (line, column) = place(value.span().start);
    if depth > DEEPEST {
        return Err(too_deep(line));
    }
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Text(number.to_string()),
        DeValue::Float(number) => Value::Text(number.to_string()),
        DeValue::Boolean(value) => Value::Text(value.to_string()),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => Value::List(
            items.into_iter().map(|item| node(item, place, depth + 1, diagnostics)).collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => return table_node(table, (line, column), place, depth, diagnostics),
    };
    Ok(Node { value, line, column })
}
