//! Tables as comma-separated values (RFC 4180), safe to open in a spreadsheet.

/// Adds a row to a table.
///
/// What people write could be taken for a formula by the spreadsheet that opens the table, and formulas can
/// send data away: a field that looks like one gets an apostrophe in front, which spreadsheets show as text.
pub fn push_row<'a>(table: &mut String, fields: impl IntoIterator<Item = &'a str>) {
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            table.push(',');
        }
        push_field(table, field);
    }
    table.push_str("\r\n");
}

fn push_field(table: &mut String, field: &str) {
    let guard = if is_formula(field) { "'" } else { "" };
    if field.contains([',', '"', '\r', '\n']) {
        table.push('"');
        table.push_str(guard);
        table.push_str(&field.replace('"', "\"\""));
        table.push('"');
    } else {
        table.push_str(guard);
        table.push_str(field);
    }
}

/// Whether a spreadsheet may take it for a formula. Some skip spaces at the beginning, and some know the wide
/// forms that are used with Chinese and Japanese.
fn is_formula(field: &str) -> bool {
    let first = field.trim_start_matches(' ').chars().next();
    first.is_some_and(|first| "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[&str]) -> String {
        let mut table = String::new();
        push_row(&mut table, fields.iter().copied());
        table
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(row(&["a", "", "b c", "7"]), "a,,b c,7\r\n");
        assert_eq!(
            row(&["a,b", "say \"hi\"", "two\nlines"]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(row(&["", ""]), ",\r\n");
    }

    #[test]
    fn nothing_is_taken_for_a_formula() {
        for field in ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1", "  =1", "\u{ff1d}1"] {
            assert_eq!(row(&[field]), format!("'{field}\r\n"));
        }
        assert_eq!(row(&["=a,b"]), "\"'=a,b\"\r\n");
        assert_eq!(row(&["\r=1"]), "\"'\r=1\"\r\n");
        assert_eq!(row(&["a=1", "1-2", "(c) @me"]), "a=1,1-2,(c) @me\r\n");
    }
}
