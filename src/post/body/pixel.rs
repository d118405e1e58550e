//! Pictures that are too small to be seen, and so are there to see who reads.
//!
//! The attributes of an `img` go in, whether it is such a picture comes out.

/// The properties of a style that bound a picture's size.
const SIZES: [&str; 4] = ["width", "height", "max-width", "max-height"];

/// Whether one side of a picture is at most a pixel long, by its attributes or its style.
pub(super) fn is_pixel<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> bool {
    let has_side = |name| attribute(name).is_some_and(|length| is_tiny(length, ""));
    let has_style = || {
        attribute("style").is_some_and(|style| {
            let mut declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
            declarations.any(|(name, value)| {
                let value = value.trim().trim_end_matches("!important");
                SIZES.iter().any(|size| name.trim().eq_ignore_ascii_case(size)) && is_tiny(value, "px")
            })
        })
    };
    has_side("width") || has_side("height") || has_style()
}

/// Whether a length is at most a pixel. An attribute's length is a number, and what follows it is ignored, but `%`
/// (HTML, rules for parsing dimension values); a style's has a unit, unless it is zero.
fn is_tiny(length: &str, unit: &str) -> bool {
    let length = length.trim();
    let end = length.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(length.len());
    let (number, rest) = length.split_at(end);
    let Ok(number) = number.parse::<f32>() else { return false };
    let counts = match unit {
        "" => !rest.trim_start().starts_with('%'),
        unit => rest.trim().eq_ignore_ascii_case(unit),
    };
    number == 0.0 || (number <= 1.0 && counts)
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
