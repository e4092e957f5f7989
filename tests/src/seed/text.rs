//! Things that people in sales might say; enough to search in.

use super::Dice;

const TOPICS: [&str; 6] = [
    "Discovery",
    "Demo",
    "Pricing talk",
    "Renewal",
    "Kick-off",
    "Security review",
];
const NAMES: [&str; 12] = [
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper", "Larch",
    "Maple",
];
const OPENINGS: [&str; 8] = [
    "what happens today when",
    "how often do you see that",
    "we are worried that",
    "tell me more about how",
    "it is too expensive if",
    "our board will ask whether",
    "the next step could be that",
    "nobody here believes that",
];
const SUBJECTS: [&str; 8] = [
    "your team",
    "the warehouse",
    "a new colleague",
    "the old system",
    "our customer",
    "finance",
    "the pilot",
    "the support desk",
];
const ENDINGS: [&str; 10] = [
    "loses an order on a busy day",
    "waits for the monthly report",
    "changes the contract at short notice",
    "has to type everything twice",
    "asks for a discount again",
    "wants to start before the summer",
    "compares us with another vendor",
    "reviews the numbers every quarter",
    "needs to sign by the end of march",
    "stops using the tool after a week",
];

pub(super) fn topic(number: usize) -> &'static str {
    TOPICS[number % TOPICS.len()]
}

pub(super) fn company(number: usize) -> String {
    format!("{} {}", NAMES[number % NAMES.len()], number / NAMES.len())
}

pub(super) fn sentence(dice: &mut Dice) -> String {
    format!(
        "{} {} {}",
        dice.pick(&OPENINGS),
        dice.pick(&SUBJECTS),
        dice.pick(&ENDINGS)
    )
}
