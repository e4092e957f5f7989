//! Which of several forms of an answer a client wants.

use http::{HeaderMap, header};

/// What `Accept` names with the highest weight, the first of equals; `otherwise`, which is JSON, when it names
/// nothing of what is offered, or anything at all.
pub(crate) fn preferred<T: Copy>(headers: &HeaderMap, offered: &[(&str, T)], otherwise: T) -> T {
    let values = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut best = (0.0, otherwise);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let form = match media_type.as_str() {
            "application/json" | "*/*" | "application/*" => Some(otherwise),
            other => offered
                .iter()
                .find(|(name, _)| *name == other)
                .map(|(_, form)| *form),
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if let Some(form) = form.filter(|_| weight > best.0) {
            best = (weight, form);
        }
    }
    best.1
}
