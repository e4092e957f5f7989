//! Are numbers of cards and accounts taken out, and of everything?

use gametape_store::{RedactionFigures, Store};

use super::Report;
use crate::config::Config;

pub(super) async fn check(report: &mut Report, config: &Config, store: &Store) {
    let figures = store.redaction_figures().await.map_err(Into::into);
    let Some(figures) = report.check("numbers", figures) else {
        return;
    };
    Report::good("numbers", &words(config.redacts(), &figures));
}

/// What is to be said; none of it is a fault.
fn words(redacts: bool, figures: &RedactionFigures) -> String {
    let RedactionFigures {
        with_numbers,
        not_silent_yet,
        not_looked_through,
    } = figures;
    let mut words = if redacts {
        format!("of cards and accounts are taken out; {with_numbers} recording(s) have some")
    } else if *with_numbers > 0 {
        format!("are left in new calls; {with_numbers} recording(s) are silent where some were found before")
    } else {
        "are left where they are said (redact = \"off\")".to_owned()
    };
    if *not_silent_yet > 0 {
        let more =
            format!(", {not_silent_yet} of them can't be heard before their call is transcribed to the end");
        words.push_str(&more);
    }
    if redacts && *not_looked_through > 0 {
        let more = format!(
            "; {not_looked_through} recording(s) from before were not looked through: transcribe these calls again"
        );
        words.push_str(&more);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_not_looked_through() {
        let figures = RedactionFigures {
            with_numbers: 2,
            not_silent_yet: 0,
            not_looked_through: 7,
        };
        assert!(words(true, &figures).contains("7 recording(s) from before"));
        assert!(!words(false, &figures).contains('7'));
    }
}
