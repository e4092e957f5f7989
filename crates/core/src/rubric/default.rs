//! The rubric that every installation begins with. It is meant to be used as it stands: what each level looks
//! like is something that two people who hear the same call can point to.

use super::{Criterion, Definition, Level, Scale};
use crate::id::{CriterionId, RubricId};

/// Title of the default rubric.
pub const DEFAULT_TITLE: &str = "Sales conversation";

/// What the default rubric is for.
pub const DEFAULT_DESCRIPTION: &str = "For discovery, demo and follow-up calls. Score what you hear in this \
call, not what you know of the person; point to the places that made you choose a level; say 'not applicable' \
where the call gave no occasion. Level 3 is sound work; 4 and 5 say what to keep doing, 1 and 2 what to try \
next.";

/// Id of the default rubric, the same in every installation.
pub fn default_rubric_id() -> RubricId {
    RubricId::fixed("rubric_0000000000000000000DEFAULT")
}

/// The first version of the default rubric. The ids of its criteria are the same in every installation.
pub fn default_definition() -> Definition {
    let criteria = [&DISCOVERY, &RAPPORT, &OBJECTIONS, &VALUE, &NEXT_STEPS];
    Definition {
        criteria: criteria.into_iter().map(criterion).collect(),
    }
}

const LABELS: [&str; 5] = ["Missed", "Emerging", "Sound", "Strong", "Exemplary"];

/// A criterion as it is written down here.
struct Written {
    id: &'static str,
    title: &'static str,
    guidance: &'static str,
    /// Levels 1 to 5.
    levels: [&'static str; 5],
}

fn criterion(written: &Written) -> Criterion {
    let level = |(index, (label, description)): (usize, (&str, &str))| Level {
        value: index as i64 + 1,
        label: label.to_owned(),
        description: description.to_owned(),
    };
    Criterion {
        id: CriterionId::fixed(written.id),
        title: written.title.to_owned(),
        guidance: written.guidance.to_owned(),
        scale: Scale::OneToFive,
        levels: LABELS
            .into_iter()
            .zip(written.levels)
            .enumerate()
            .map(level)
            .collect(),
        weight: 20,
        cap: None,
        evidence_required: true,
    }
}

const DISCOVERY: Written = Written {
    id: "crit_000000000000DISCOVERYDEPTH",
    title: "Discovery depth",
    guidance: "How far does the conversation get from what the customer asks for to why it matters? Listen for \
        open questions, for follow-ups that build on the answer just given, and for the customer putting causes, \
        consequences, numbers, people and dates into their own words. Count what the customer ends up saying, not \
        how many questions were asked. Not applicable when the call is about something already explored, such as \
        signing papers.",
    levels: [
        "The rep presents before asking, or asks only for facts that could be looked up (company size, tools in \
         use). Answers are left standing: the next sentence goes on with the pitch or the next item of a list. By \
         the end nobody has said what problem is to be solved.",
        "The rep asks about the situation and hears of a problem, but stays on its surface: mostly closed \
         questions, one level deep, at times answered by the rep. The customer names a pain; its cause and what it \
         costs remain unsaid.",
        "The rep asks open questions and follows up on at least one answer ('What happens then?', 'How do you \
         notice?'). The customer describes a concrete problem with an example and says whom it affects. Impact, \
         urgency or how a decision will be made stays vague.",
        "The rep follows most important answers to their cause and effect. The customer puts a size on the problem \
         (time, money, risk), and says why it matters now and who else has a say. The rep sums up what they \
         understood, and the customer confirms or corrects it.",
        "As level 4, and the customer reaches something they had not said or seen before: they connect problems, \
         rethink a priority, or say 'I hadn't looked at it that way'. Questions come one at a time with room to \
         think; the rep tests their own assumptions and learns what would happen if nothing changed.",
    ],
};

const RAPPORT: Written = Written {
    id: "crit_0000000000000000000RAPPORT",
    title: "Rapport",
    guidance: "Does the customer get room and feel understood? Listen for how the call is opened, who speaks how \
        long, whether the rep picks up the customer's own words and mood, and for interruptions. Warmth has many \
        styles: score its effect on how freely the customer speaks, not accent, humour or small talk as such.",
    levels: [
        "The customer has little room: the rep speaks over them or returns to the script after personal or worried \
         remarks without answering them. The customer's replies stay short or grow shorter as the call goes on.",
        "The rep is polite, but the exchange is one-sided: long stretches without checking in, standard phrases \
         ('great, great'), a remark of the customer now and then passed over. The customer answers what is asked \
         and offers nothing of their own.",
        "The rep opens with purpose and time, lets the customer finish, and answers what they say in a fitting \
         tone. The customer speaks freely about business matters. The rep seldom refers back to something the \
         customer said earlier.",
        "The rep uses the customer's words and comes back to points they raised earlier; names what they notice \
         ('That sounds frustrating') and waits. Interruptions are rare and repaired. The customer volunteers \
         information, asks questions of their own, or speaks about doubts.",
        "As level 4, and it carries through a difficult moment: the rep meets tension, bad news or a mistake of \
         their own openly, and the tone recovers. The customer speaks as to somebody on their side, for example \
         about internal politics or personal stakes, or asks the rep for advice.",
    ],
};

const OBJECTIONS: Written = Written {
    id: "crit_000000000OBJECTIONHANDLING",
    title: "Objection handling",
    guidance: "What happens after a doubt: price, timing, risk, competitor, 'we built this ourselves'? Listen for \
        whether the rep finds out what is behind it before answering, whether the answer fits that, and whether \
        the rep checks that it helped. Quiet doubts count too ('hm, we'll see'). Not applicable when no doubt was \
        voiced or hinted at.",
    levels: [
        "The doubt is passed over, contradicted or talked down ('that's not really an issue'), or the rep gives \
         way at once, for example with a discount nobody asked for. The customer repeats the doubt or goes quiet.",
        "The rep hears the doubt and answers straight away with a prepared argument, without finding out what is \
         behind it. The answer is correct in general, but may miss this customer's case, and nobody checks \
         whether it helped.",
        "The rep acknowledges the doubt, asks at least one question about it, and gives an answer that fits what \
         they heard. Whether the doubt is settled is left open or assumed, and related doubts are not looked for.",
        "The rep finds the reason behind the doubt, repeats it in their own words until the customer agrees, and \
         answers that reason with something specific: an example, a figure, a changed proposal, or an honest \
         limit. They check: 'Does that settle it, or is something left?'",
        "As level 4, and the doubt moves the conversation forward: the rep brings up a likely concern before the \
         customer does, weighs it together with them, says plainly where the product does not fit, or agrees how \
         it will be tested. The customer restates the point in their own words or withdraws the doubt.",
    ],
};

const VALUE: Written = Written {
    id: "crit_00000000VALUECOMMUNICATION",
    title: "Value communication",
    guidance: "Does the customer hear what changes for them? Listen for links between what is shown and what this \
        customer said matters, for proof, for plain language, and for the customer saying what they would get out \
        of it. A good demo of everything is worth less here than a short one of the right thing. Not applicable \
        when the call was for discovery alone and nothing was offered.",
    levels: [
        "Features are listed or shown in a fixed order, with terms the customer does not use. No link is made to \
         their situation; the customer could not say after the call what it would do for them.",
        "Benefits are named, but would fit any customer ('saves time', 'more transparency'). One or two links to \
         what the customer said are made in passing. Claims stand without example or figure.",
        "The rep ties the main points to needs the customer stated and explains them in plain words, with at least \
         one example or figure. Some of what is shown has no bearing on this customer, or reactions are not asked \
         for.",
        "The rep shows only what bears on this customer's priorities, says each time what would be different in \
         their day or their figures, and backs it with a comparable case or a calculation. They ask how that \
         compares to today, and adapt to the answer.",
        "As level 4, and the value becomes the customer's own: they work it out together with the rep in the \
         customer's figures, or the customer explains in their own words what it would change, for whom, and how \
         they would present it inside. Limits and what it takes to get there are said openly.",
    ],
};

const NEXT_STEPS: Written = Written {
    id: "crit_00000000000000000NEXTSTEPS",
    title: "Next steps",
    guidance: "Is it clear at the end what happens next, and does the customer want it? Listen to the last minutes \
        for who does what by when, for a date that both agree to, and for whether the step fits how the customer \
        decides. A clear and friendly 'no' with a reason is a good ending too: score how it was reached.",
    levels: [
        "The call ends without a next step, or with a vague one left to the customer ('get in touch if you have \
         questions'). Time runs out before it comes up.",
        "The rep names a next step, but it is one-sided or loose: 'I'll send you something', 'let's talk next \
         week', with no date, no purpose, or no answer from the customer.",
        "A concrete step with a rough date and an owner is agreed, and the customer says yes. What it is for, who \
         else should be there, or what the customer does until then stays open.",
        "Both sides leave with a task, a date in the calendar and a purpose. The rep sums up what was agreed, asks \
         who else needs to be involved and what could get in the way, and the customer confirms.",
        "As level 4, and the step follows from how the customer decides: the two sketch the way to a decision \
         together (people, criteria, dates), including what would end it. The customer proposes a part of it or \
         takes on work of their own.",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rubric_can_be_published_and_its_ids_are_ids() {
        let definition = default_definition();
        assert_eq!(definition.check(), Vec::<String>::new());
        assert_eq!(definition.criteria.len(), 5);
        for criterion in &definition.criteria {
            assert_eq!(
                criterion.id.as_str().parse::<CriterionId>().unwrap(),
                criterion.id
            );
            // Every level says something of its own.
            for level in &criterion.levels {
                assert!(level.description.split(' ').count() > 20, "{}", level.description);
            }
        }
        let id = default_rubric_id();
        assert_eq!(id.as_str().parse::<RubricId>().unwrap(), id);
    }
}
