//! The trackers that every installation begins with.

use crate::transcript::SpeakerRole;

/// A tracker that comes with the program.
#[derive(Debug, Clone, Copy)]
pub struct DefaultTracker {
    /// Its id, the same everywhere.
    pub id: &'static str,
    /// As shown.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Whose words count; `None` for everybody's.
    pub speaker_role: Option<SpeakerRole>,
    phrases: &'static str,
}

impl DefaultTracker {
    /// What it looks for.
    pub fn phrases(&self) -> Vec<String> {
        self.phrases
            .split(',')
            .map(|phrase| phrase.trim().to_owned())
            .collect()
    }
}

/// The trackers that every installation begins with: common objections, good questions, and what comes next.
pub fn defaults() -> &'static [DefaultTracker] {
    DEFAULTS
}

// Whose words count is left open throughout: on mono recordings nobody knows who speaks.
const DEFAULTS: &[DefaultTracker] = &[
    DefaultTracker {
        id: "tracker_00000000000000000000PR1CE0",
        title: "Price objection",
        description: "Somebody thinks that it costs too much, or asks for a better price.",
        speaker_role: None,
        phrases: "too expensive, very expensive, quite expensive, more expensive than, cheaper, cheapest, \
            higher than we expected, more than we expected, more than we planned, price is high*, \
            price is too high, price is much higher, price is lower, price is the, cost* too much, \
            costs more than, less money, lower price, better price, good price, best price, \
            out of budget, over budget, over our budget, in our budget, in the budget, no budget, \
            budget is tight, budget for this, budget cut*, cut costs, can't afford, cannot afford, \
            discount*, percent off, come down on, room on the price, a lot of money, that much money, \
            worth the money, hard to justify, justify the cost, justify the price, full cost",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000T1M1NG",
        title: "Timing objection",
        description: "Not now: another time of the year, too busy, something else first.",
        speaker_role: None,
        phrases: "not the right time, bad time, not right now, not at the moment, not a priority, \
            other priorities, too early for us, too soon, too busy, busy season, no time to, \
            has time to, have time for this, before the new year, after the new year, \
            in the new year, next quarter, next year, end of the quarter, later this year, \
            later in the year, in a few months, call me back in, get back to you, circle back, \
            think about it, think it over, sleep on it, need more time, put this on hold, \
            on hold until, revisit this, not ready to, not in a hurry, no rush",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000C0MPET",
        title: "Competitor",
        description: "They look at somebody else's offer, or have one. Add the names of your competitors.",
        speaker_role: None,
        phrases: "competitor*, also talking to, also speaking to, also speaking with, also looking at, \
            looking at other*, other vendor*, another vendor, other provider*, another provider, \
            other supplier*, another supplier, other offer*, another offer, another company, \
            other companies, offered us, they offer*, alternative*, compare it with, \
            compare you with, compared to, how are you different, what makes you different, \
            different from the other*, current provider, current vendor, current supplier, \
            already work with, already working with, switch* from, switch* to, happy with them, \
            shop around, shopping around",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000AVTH0R",
        title: "Authority objection",
        description: "Somebody else decides, or has to agree.",
        speaker_role: None,
        phrases: "cannot decide this alone, can't decide this alone, cannot decide, can't decide, \
            not my decision, not my call, decide alone, have to agree, has to agree, \
            would have to agree, need* approval, need* their approval, their approval, get approval, \
            sign off, signs off, signed off by, check with my, ask my boss, talk to my boss, \
            talk to my manager, my boss, our board, the board, our director, finance director, \
            our finance, the finance team, procurement, purchasing department, our lawyer*, \
            the legal team, decision maker*, makes the decision, make the decision, run it by, \
            run this by, bring it to, the committee",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000NEED00",
        title: "Need objection",
        description: "They see no reason to change, or no use for it.",
        speaker_role: None,
        phrases: "don't need it, don't need this, don't need that, do not need it, do not need this, \
            don't really need, do not really need, no need for, not interested, don't see the value, \
            don't see the need, don't see why, do not see why, what's in it for, \
            happy with what we have, works fine, working fine, works for us, good enough, \
            we already have, we already send, we already do, we already use, already have a system, \
            the system that we have, the system we have, do it ourselves, built our own, in house, \
            not a problem for us, isn't a problem, is not a problem, would not use, wouldn't use, \
            do not use their, don't use their, nobody would use, always done it this way, \
            does not answer my question*, doesn't answer my question*",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000TRVST0",
        title: "Trust and security",
        description: "Risk, data, references, promises: can we rely on you?",
        speaker_role: None,
        phrases: "security, is it secure, how secure, encrypt*, privacy, data protection, gdpr, hipaa, \
            soc 2, iso 27001, compliance, compliant, penetration test*, audit trail, \
            where is our data, where is the data, lose our data, cannot lose, can't lose, data loss, \
            backup*, breach*, hacked, too risky, a big risk, risk for us, worries me, worried about, \
            worries you, what if it fails, what if something goes wrong, goes down, outage*, uptime, \
            reference* from, reference customer*, case stud*, how do i know, how do we know, \
            can you guarantee, guarantee*, burned before, bad experience, have you checked that",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000D1SC0V",
        title: "Discovery question",
        description: "Open questions about how things are today and what they want.",
        speaker_role: None,
        phrases: "tell me about, tell me more, so tell me, walk me through, help me understand, \
            can you describe, could you describe, can you give me an example, for example how, \
            how do you, how does your, how did you, how are you doing, how would you look at, \
            how long is, how long does, how often do, how many people, how many of, \
            what happens next, what happens when, what happens if, what have you tried, \
            what else would, what would need to, what would you need, what would help, what made you, \
            what is your process, what does your, what do you use, what do you do when, \
            what has changed, what worries you, what's the biggest, what is the biggest, \
            what is most important, more important than the other, who else feels, who else is, \
            who else should, who is involved, why is that, why now, when would you want, \
            what would success, in an ideal world",
    },
    DefaultTracker {
        id: "tracker_000000000000000000001MPACT",
        title: "Impact question",
        description: "What the problem costs, whom it hurts, and what solving it would be worth.",
        speaker_role: None,
        phrases: "what does that cost, what did that cost, what does it cost you, cost you, costing you, \
            what is the cost of, how much does that, how much time, how much money, how much of your, \
            what impact, what is the impact, how does that affect, how does this affect, \
            how does it affect, what does that mean for, what would it mean, what would that mean, \
            what would change if, if that went away, if nothing changes, what happens if you don't, \
            what happens if nothing, who does that affect, what came of, what is it worth, \
            what would it be worth, how do you feel about that, what keeps you, keeps me awake, \
            we lose money, we lost",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000NEXT00",
        title: "Next step",
        description: "What is agreed for afterwards: meetings, people, things to send.",
        speaker_role: None,
        phrases: "next step*, next meeting, follow up, following up, here is what i suggest, \
            what i suggest, i suggest we, shall we meet, we meet next, meet again, talk again, \
            schedule, set up a call, set up a meeting, book a, put something in the calendar, \
            calendar, calendar invite, an invitation, send an invite, send you an invite, \
            does thursday, does tuesday, does monday, does wednesday, does friday, works for you, \
            work for you, would work, i will send, i'll send, send you the, send me that, \
            i will call you, i'll call you, call you on, call you again, by tomorrow, by friday, \
            by the end of the week, see you on, i will show, small test, pilot, trial, invite our, \
            should be in that meeting",
    },
    DefaultTracker {
        id: "tracker_00000000000000000000C10SED",
        title: "Concession",
        description: "The price or the terms give way, sometimes before anybody asked.",
        speaker_role: None,
        phrases: "take ten percent off, percent off, i can offer you a discount, give you a discount, \
            months for free, month for free, for free if, free of charge, throw in, waive the, \
            special price, special offer, special discount, match their price, match the price, \
            lower the price, reduce the price, check that with my manager, my manager says yes, \
            if you decide before, if you sign before, if you sign today, if you sign this week, \
            only until, last offer, final offer",
    },
];
