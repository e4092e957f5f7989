//! Dates as HTTP writes them.

use gametape_core::TimeMs;

/// A time as in `Upload-Expires` and `Last-Modified`: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
/// The calendar is computed from the day count of Howard Hinnant's `civil_from_days`.
pub(crate) fn http_date(time_ms: TimeMs) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // Four digits are all that the format has for a year.
    let seconds = time_ms.clamp(0, 253_402_300_799_999) / 1_000;
    let days = seconds / 86_400;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);

    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);

    let (day_name, month_name) = (DAYS[(days % 7) as usize], MONTHS[month as usize]);
    format!("{day_name}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
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
}
