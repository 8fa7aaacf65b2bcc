//! Which of several tables with the same two ends holds the links.
//!
//! Invariant: where a key leads is evidence for the columns, and none for what a row means; so a choice is at most
//! likely, whatever its columns are. A table whose name turns the meaning around is never chosen. Where two are about
//! as good, neither is.

use super::names::{is_past, turns, words};
use super::offers::Offer;
use super::proposal::Grade;
use crate::outcome::counted;
use crate::seed::Channel;
use crate::seed::map::LinkKind;

/// A table that leads by less than this is not chosen.
const MARGIN: i32 = 3;
/// With less, a table is no candidate at all.
const LEAST: i32 = 1;
/// With less, it is a guess.
const LIKELY: i32 = 4;
/// More further columns than this say that a row is more than a link.
const FURTHER: usize = 3;
/// Words that the name of any table of links may have.
const NEUTRAL: [&str; 29] = [
    "accepted", "agent", "allowed", "approved", "assigned", "assignment", "cc", "channel", "cm", "enabled",
    "granted", "has", "in", "link", "map", "mapping", "member", "membership", "permitted", "profile",
    "queue", "rel", "relation", "t", "tb", "tbl", "to", "user", "x",
];

/// An offer, and what speaks for and against it.
pub struct Judged<'c, 'a> {
    pub offer: Offer<'c, 'a>,
    /// What was found, for people.
    pub said: Vec<String>,
    score: i32,
    further: Vec<String>,
    against: Option<Against>,
}

/// Why a table is never chosen.
enum Against {
    /// It keeps what was.
    Past(String),
    /// It means something else.
    Turned(String),
}

/// What follows from all offers for one kind.
pub enum Choice<'c, 'a> {
    /// This table, how sure that is, and why; the one that came next.
    Taken(Box<Judged<'c, 'a>>, Grade, String, Option<String>),
    /// These are about as good.
    Open(Vec<Judged<'c, 'a>>),
    /// None, and which were not taken.
    None(Vec<String>),
}

pub fn choose<'c, 'a>(offers: Vec<Offer<'c, 'a>>, kind: LinkKind) -> Choice<'c, 'a> {
    let mut able = Vec::new();
    let mut unable = Vec::new();
    for offer in offers {
        let judged = judge(offer, kind);
        if judged.against.is_some() {
            unable.push(judged);
        } else if judged.score >= LEAST {
            able.push(judged);
        }
    }
    able.sort_by(|one, other| (other.score, one.name()).cmp(&(one.score, other.name())));
    let rival = able.get(1).map(Judged::with_reasons);
    let is_clear = able.get(1).is_none_or(|next| able[0].score >= next.score + MARGIN);
    if able.is_empty() {
        return Choice::None(unable.iter().map(Judged::refused).collect());
    }
    if !is_clear {
        let best = able[0].score;
        able.retain(|it| it.score + MARGIN > best);
        return Choice::Open(able);
    }
    let best = able.swap_remove(0);
    let turned = unable.iter().find(|it| matches!(it.against, Some(Against::Turned(_))));
    let rival = rival.or_else(|| turned.map(Judged::with_reasons));
    let evidence = best.offer.evidence();
    let grade = if best.score < LIKELY { Grade::Guess } else { evidence.min(Grade::Likely) };
    let rather = rival.as_ref().map_or_else(String::new, |rival| format!("; rather than {rival}"));
    let reason = format!("{}{rather}", best.said.join(", "));
    Choice::Taken(Box::new(best), grade, reason, rival)
}

fn judge<'c, 'a>(offer: Offer<'c, 'a>, kind: LinkKind) -> Judged<'c, 'a> {
    let name = words(offer.table_name());
    let against = against(&offer, &name);
    // The word that excludes it is said once.
    let odd = odd_words(&offer, &name).into_iter().filter(|word| !turns(word) && !is_past(word));
    let further: Vec<String> = odd.collect();
    let mut said = vec![format!("it has {}", offer.columns().join(" and "))];
    let mut score = 0;
    let mut speaks = |holds: bool, points: i32, text: String| {
        if holds {
            score += points;
            said.push(text);
        }
    };
    speaks(offer.evidence() == Grade::Certain, 3, "foreign keys".to_owned());
    let with = offer.unique_with();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(" and ")) };
    speaks(offer.is_unique(), 3, format!("unique together{with}"));
    speaks(!offer.is_unique(), -1, "not unique together".to_owned());
    speaks(further.is_empty() && against.is_none(), 2, "named after them alone".to_owned());
    let has_penalty = kind == LinkKind::ProfileQueues(Channel::Voice) && offer.has_penalty();
    speaks(has_penalty, 3, "with a penalty".to_owned());
    let further: Vec<String> = further.iter().map(|word| format!("`{word}`")).collect();
    // However many they are, they do not outrank keys.
    let points = if further.len() > 1 { -3 } else { -2 };
    speaks(!further.is_empty(), points, format!("with {} in its name", further.join(" and ")));
    let demanded = offer.demanded();
    let count = i32::try_from(demanded.len()).unwrap_or(i32::MAX);
    let names: Vec<&str> = demanded.iter().map(|column| column.name.as_str()).collect();
    speaks(count > 0, -count, format!("a new row needs {}, too", names.join(" and ")));
    let others = offer.others();
    let too_many = if offer.is_unique() { 0 } else { others.saturating_sub(FURTHER) };
    let too_many = i32::try_from(too_many).unwrap_or(i32::MAX);
    speaks(too_many > 0, -too_many, format!("{} besides", counted(others, "column")));
    Judged { offer, said, score, further, against }
}

/// Words of the name that are neither of the two ends nor usual.
fn odd_words(offer: &Offer<'_, '_>, name: &[String]) -> Vec<String> {
    let of_ends = offer.words_of_ends();
    // `map1` is a map.
    let is_neutral = |word: &str| NEUTRAL.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()));
    name.iter().filter(|word| !is_neutral(word) && !of_ends.contains(*word)).cloned().collect()
}

fn against(offer: &Offer<'_, '_>, name: &[String]) -> Option<Against> {
    if let Some(word) = name.iter().find(|word| turns(word)) {
        return Some(Against::Turned(word.clone()));
    }
    if let Some(word) = name.iter().find(|word| is_past(word)) {
        return Some(Against::Past(word.clone()));
    }
    offer.word_against().map(Against::Turned)
}

impl Judged<'_, '_> {
    fn name(&self) -> &str {
        self.offer.table_name()
    }

    /// The table, and what speaks for it.
    pub fn with_reasons(&self) -> String {
        let word = self.word().map(|word| format!(", but `{word}` says otherwise")).unwrap_or_default();
        format!("{} ({}{word})", self.name(), self.said.join(", "))
    }

    /// Why a person must choose it, though it is the only one: whatever is not known may turn what its rows mean.
    pub fn doubts(&self) -> Vec<String> {
        let words = (!self.further.is_empty())
            .then(|| format!("{} in its name may mean otherwise", self.further.join(" and ")));
        let made_up = self.offer.made_up().map(|column| {
            format!("no row says which value of {column} means it; put that into `only` and uncomment it")
        });
        words.into_iter().chain(made_up).collect()
    }

    fn word(&self) -> Option<&str> {
        self.against.as_ref().map(|against| match against {
            Against::Past(word) | Against::Turned(word) => word.as_str(),
        })
    }

    fn refused(&self) -> String {
        let (name, word) = (self.name(), self.word().unwrap_or_default());
        format!("{name} is not taken, because of `{word}`")
    }
}
