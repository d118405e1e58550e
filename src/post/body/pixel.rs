//! Pictures that are too small to be seen, and so are there to see who reads.
//!
//! The attributes of an `img` go in, whether it is such a picture comes out.

/// The properties of a style that bound a picture's size.
const SIZES: [&str; 4] = ["width", "height", "max-width", "max-height"];

/// Whether one side of a picture is at most a pixel long, by its attributes or its style.
pub(super) fn is_pixel<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> bool {
    let is_tiny = |length: Option<f32>| length.is_some_and(|length| length <= 1.0);
    let has_side = |name| is_tiny(attribute(name).and_then(length));
    let has_style = || {
        attribute("style").is_some_and(|style| {
            let mut declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
            declarations.any(|(name, value)| {
                let value = value.trim().trim_end_matches("!important");
                SIZES.iter().any(|size| name.trim().eq_ignore_ascii_case(size)) && is_tiny(styled(value))
            })
        })
    };
    has_side("width") || has_side("height") || has_style()
}

/// The pixels that an attribute says: a number, and what follows it is ignored, but `%` (HTML, rules for parsing dimension
/// values).
pub(super) fn length(text: &str) -> Option<f32> {
    let (number, rest) = number(text)?;
    (number == 0.0 || !rest.starts_with('%')).then_some(number)
}

/// The pixels that a style says: it names the unit, unless they are none.
fn styled(text: &str) -> Option<f32> {
    let (number, unit) = number(text)?;
    (number == 0.0 || unit.eq_ignore_ascii_case("px")).then_some(number)
}

/// The number that a text starts with, and what follows.
fn number(text: &str) -> Option<(f32, &str)> {
    let text = text.trim();
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    Some((number.parse().ok()?, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_a_pixel_are_told_from_others() {
        let check = |name: &str, value: &str, expected: bool| {
            let found = is_pixel(|asked| (asked == name).then_some(value));
            assert_eq!(found, expected, "{name}={value}");
        };
        for side in ["width", "height"] {
            check(side, "0", true);
            check(side, "1", true);
            check(side, " 1px", true);
            check(side, "1.0", true);
            check(side, "0.5", true);
            check(side, "01", true);
            check(side, "0%", true);
            check(side, "1%", false);
            check(side, "2", false);
            check(side, "10", false);
            check(side, "1e3", true);
            check(side, "auto", false);
            check(side, "-1", false);
            check(side, "", false);
        }
        check("style", "width:1px", true);
        check("style", "border: 0; HEIGHT : 1PX !important", true);
        check("style", "max-height:0", true);
        check("style", "width: 0.9px;", true);
        check("style", "width:1em", false);
        check("style", "width:100%;height:auto", false);
        check("style", "width:10px", false);
        check("style", "border-width:1px", false);
        check("style", "line-height:1", false);
        check("style", "width:1", false);
        check("style", ";;:;width", false);
        check("data-width", "1", false);
    }
}
