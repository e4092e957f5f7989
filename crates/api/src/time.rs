//! Dates as HTTP and tables write them.

use gametape_core::TimeMs;

/// A time as in `Upload-Expires` and `Last-Modified`: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
pub(crate) fn http_date(time_ms: TimeMs) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = seconds(time_ms);
    let (year, month, day) = civil(seconds);
    let (hour, minute, second) = clock(seconds);
    let (day_name, month_name) = (
        DAYS[(seconds / 86_400 % 7) as usize],
        MONTHS[(month - 1) as usize],
    );
    format!("{day_name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A time as scripts and tables read it: `1994-11-06T08:49:37Z` (RFC 3339).
pub(crate) fn iso_time(time_ms: TimeMs) -> String {
    let seconds = seconds(time_ms);
    let (year, month, day) = civil(seconds);
    let (hour, minute, second) = clock(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Seconds since 1970; four digits are all that the formats have for a year.
fn seconds(time_ms: TimeMs) -> i64 {
    time_ms.clamp(0, 253_402_300_799_999) / 1_000
}

/// Hour, minute and second.
fn clock(seconds: i64) -> (i64, i64, i64) {
    (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day, both from 1, by Howard Hinnant's `civil_from_days`.
fn civil(seconds: i64) -> (i64, i64, i64) {
    let shifted = seconds / 86_400 + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month < 3);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_wants_them() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(951_827_696_789), "Tue, 29 Feb 2000 12:34:56 GMT");
        assert_eq!(http_date(4_107_542_400_000), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(http_date(1_735_689_599_000), "Tue, 31 Dec 2024 23:59:59 GMT");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(http_date(i64::MIN), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn times_are_written_as_tables_want_them() {
        assert_eq!(iso_time(784_111_777_999), "1994-11-06T08:49:37Z");
        assert_eq!(iso_time(951_827_696_789), "2000-02-29T12:34:56Z");
        assert_eq!(iso_time(1_735_689_599_000), "2024-12-31T23:59:59Z");
        assert_eq!(iso_time(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
