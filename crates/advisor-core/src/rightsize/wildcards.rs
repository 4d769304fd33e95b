//! Short lists of action patterns.
//!
//! For the actions of one service, candidates are made from the words of their names: `Get*`, `*Tags`, `*Queue*`, `Get*Tags`. A
//! candidate must match none of the service's other actions, and nothing that the old patterns did not match. Of these, the ones that
//! save the most characters are taken, one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::{HashMap, HashSet};
use iam_policy_parser::{ActionElement, ActionPattern, WorkBudget};
use service_catalog::{ActionId, Catalog, ServiceId};

use super::options::Wildcards;
use super::proof::actions_within;

/// The words of a name that candidates are made of. Names have up to a dozen.
const MOST_WORDS: usize = 8;

/// The work that the patterns of one service may take. EC2's take a tenth.
const SERVICE_STEPS: u64 = 100_000_000;

/// What quotes and a comma take.
const AROUND: usize = 3;

/// The fewest characters that match actions of one service: names, and patterns that match only these actions of the catalog. With
/// [`Wildcards::Safe`], patterns also match only what the old element matches.
pub(super) fn shortest(
    catalog: &Catalog,
    service: ServiceId,
    kept: &[ActionId],
    old: Option<&ActionElement>,
    wildcards: Wildcards,
    budget: &mut WorkBudget,
) -> Option<Vec<String>> {
    let namespace = catalog.service(service).namespace();
    let by_name = || kept.iter().map(|id| catalog.action(*id).name().to_owned());
    let written = |names: Vec<String>| {
        let texts = names.into_iter().map(|name| format!("{namespace}:{name}"));
        Some(texts.collect())
    };
    if wildcards == Wildcards::None {
        return written(by_name().collect());
    }
    let is_kept: HashSet<ActionId> = kept.iter().copied().collect();
    let others: Vec<String> = (catalog.actions_of(service))
        .filter(|id| !is_kept.contains(id))
        .map(|id| catalog.action(id).name().to_ascii_lowercase())
        .collect();
    let names: Vec<&str> = kept.iter().map(|id| catalog.action(*id).name()).collect();
    let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let chosen = Cover {
        namespace,
        names: &names,
        lower: &lower,
        others: &others,
        old: old.filter(|_| wildcards == Wildcards::Safe),
    }
    .choose(budget)?;
    written(chosen)
}

/// Writes actions in few characters: by name, or with patterns that match only these of the catalog's actions and nothing that the
/// old element did not match. In the order of the catalog.
///
/// ```
/// use advisor_core::{Wildcards, shortest_actions};
/// use iam_policy_parser::ActionElement;
/// use service_catalog::Catalog;
/// let catalog = Catalog::embedded();
/// let sqs = catalog.service_by_namespace("sqs").ok_or("sqs")?;
/// let gets: Vec<_> = (catalog.actions_of(sqs))
///     .filter(|id| catalog.action(*id).name().starts_with("Get"))
///     .collect();
/// let old = ActionElement::Action(vec!["sqs:*".parse()?]);
/// assert_eq!(shortest_actions(catalog, &gets, &old, Wildcards::Safe), ["sqs:Get*"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn shortest_actions(
    catalog: &Catalog,
    actions: &[ActionId],
    old: &ActionElement,
    wildcards: Wildcards,
) -> Vec<String> {
    let mut actions = actions.to_vec();
    actions.sort_unstable();
    actions.dedup();
    let service_of = |id: &ActionId| catalog.action(*id).service();
    let mut list = Vec::new();
    for kept in actions.chunk_by(|left, right| service_of(left) == service_of(right)) {
        let Some(service) = kept.first().map(service_of) else {
            continue;
        };
        let write = |wildcards, steps| {
            let mut budget = WorkBudget::steps(steps);
            shortest(catalog, service, kept, Some(old), wildcards, &mut budget)
        };
        // Names take no work.
        let written = write(wildcards, SERVICE_STEPS).or_else(|| write(Wildcards::None, 0));
        list.extend(written.unwrap_or_default());
    }
    list
}

struct Cover<'a> {
    namespace: &'a str,
    names: &'a [&'a str],
    /// The names in lower case.
    lower: &'a [String],
    /// The other names, in lower case.
    others: &'a [String],
    old: Option<&'a ActionElement>,
}

/// A pattern that matches no other action, and the names that it matches.
struct Candidate {
    text: String,
    matched: Vec<usize>,
}

impl Cover<'_> {
    fn cost(&self, text: &str) -> usize {
        self.namespace.len() + 1 + text.len() + AROUND
    }

    /// The patterns and names, in the order of the names.
    fn choose(&self, budget: &mut WorkBudget) -> Option<Vec<String>> {
        let candidates = self.candidates(budget)?;
        let mut is_open = vec![true; self.names.len()];
        let saving = |candidate: &Candidate, is_open: &[bool]| {
            let open = candidate
                .matched
                .iter()
                .filter(|at| is_open.get(**at) == Some(&true));
            let names = open.filter_map(|at| self.names.get(*at));
            let saved: usize = names.map(|name| self.cost(name)).sum();
            saved.saturating_sub(self.cost(&candidate.text))
        };
        let mut heap: BinaryHeap<(usize, Reverse<usize>)> = (0..)
            .zip(&candidates)
            .map(|(index, candidate)| (saving(candidate, &is_open), Reverse(index)))
            .filter(|(saved, _)| *saved > 0)
            .collect();
        let mut chosen: Vec<&Candidate> = Vec::new();
        while let Some((before, Reverse(index))) = heap.pop() {
            let Some(candidate) = candidates.get(index) else {
                continue;
            };
            let _ = budget.spend(candidate.matched.len() as u64 + 1);
            // What another one took saves nothing any more.
            let saved = saving(candidate, &is_open);
            if saved < before {
                if saved > 0 {
                    heap.push((saved, Reverse(index)));
                }
                continue;
            }
            if !self.is_within_old(&candidate.text, budget)? {
                continue;
            }
            for at in &candidate.matched {
                if let Some(open) = is_open.get_mut(*at) {
                    *open = false;
                }
            }
            chosen.push(candidate);
        }
        Some(self.in_order(&chosen, &is_open))
    }

    /// The chosen patterns that are needed, and the names that none of them matches, in the order of the names.
    fn in_order(&self, chosen: &[&Candidate], is_open: &[bool]) -> Vec<String> {
        let mut times = vec![0_usize; self.names.len()];
        let mut add = |candidate: &Candidate, by: isize| {
            for at in &candidate.matched {
                if let Some(count) = times.get_mut(*at) {
                    *count = count.saturating_add_signed(by);
                }
            }
            let mut counts = candidate.matched.iter().filter_map(|at| times.get(*at));
            counts.all(|count| *count > 0)
        };
        for candidate in chosen {
            add(candidate, 1);
        }
        let mut list: Vec<(usize, String)> = Vec::new();
        for candidate in chosen {
            // Without it, everything that it matches is matched by others.
            if !add(candidate, -1) {
                add(candidate, 1);
                let first = candidate.matched.first().copied().unwrap_or_default();
                list.push((first, candidate.text.clone()));
            }
        }
        let open = self.names.iter().enumerate();
        let open = open.filter(|(at, _)| is_open.get(*at) == Some(&true));
        list.extend(open.map(|(at, name)| (at, (*name).to_owned())));
        list.sort();
        list.into_iter().map(|(_, text)| text).collect()
    }

    /// The patterns that match at least two names and no other action. `None` when the work budget ends first.
    fn candidates(&self, budget: &mut WorkBudget) -> Option<Vec<Candidate>> {
        if self.others.is_empty() && self.names.len() > 1 {
            let all = "*".to_owned();
            return Some(vec![self.candidate(all, &Shape::of("*"), budget)?]);
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        for name in self.names {
            for text in patterns_of(name) {
                if !budget.spend(1) {
                    return None;
                }
                let next = texts.len();
                let at = *seen.entry(text.to_ascii_lowercase()).or_insert(next);
                if at == next {
                    texts.push(text);
                }
            }
        }
        let mut candidates = Vec::new();
        for text in texts {
            let shape = Shape::of(&text);
            let mut others = self.others.iter();
            let other = others.position(|other| shape.matches(other));
            let compared = other.unwrap_or(self.others.len());
            if !budget.spend(compared as u64 + 1) {
                return None;
            }
            if other.is_some() {
                continue;
            }
            let candidate = self.candidate(text, &shape, budget)?;
            if candidate.matched.len() > 1 {
                candidates.push(candidate);
            }
        }
        Some(candidates)
    }

    fn candidate(&self, text: String, shape: &Shape, budget: &mut WorkBudget) -> Option<Candidate> {
        if !budget.spend(self.names.len() as u64) {
            return None;
        }
        let names = self.lower.iter().enumerate();
        let matched = names.filter(|(_, name)| shape.matches(name));
        let matched = matched.map(|(at, _)| at).collect();
        Some(Candidate { text, matched })
    }

    /// Whether the old actions match everything that a pattern matches.
    fn is_within_old(&self, text: &str, budget: &mut WorkBudget) -> Option<bool> {
        let Some(old) = self.old else {
            return Some(true);
        };
        let Ok(pattern) = format!("{}:{text}", self.namespace).parse::<ActionPattern>() else {
            return Some(false);
        };
        actions_within(&ActionElement::Action(vec![pattern]), old, budget)
    }
}

/// A pattern with a star at its start, its end, between two parts, or at both ends; in lower case.
enum Shape {
    Ends { start: String, end: String },
    Middle(String),
}

impl Shape {
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let (start, end) = text.split_once('*').unwrap_or((&text, ""));
        match (start, end.strip_suffix('*')) {
            ("", Some(middle)) => Self::Middle(middle.to_owned()),
            _ => Self::Ends {
                start: start.to_owned(),
                end: end.to_owned(),
            },
        }
    }

    /// Whether it matches a name in lower case.
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Ends { start, end } => {
                let rest = name.strip_prefix(start.as_str());
                rest.is_some_and(|rest| rest.ends_with(end.as_str()))
            }
            Self::Middle(middle) => name.contains(middle.as_str()),
        }
    }
}

/// The patterns that can be made of a name's words: all but a part of them replaced by a star.
fn patterns_of(name: &str) -> Vec<String> {
    let words = words(name);
    let mut patterns = vec!["*".to_owned()];
    let joined = |from: usize, to: usize| words.get(from..to).unwrap_or_default().concat();
    let count = words.len();
    for end in 1..=count {
        patterns.push(format!("{}*", joined(0, end)));
        patterns.push(format!("*{}", joined(count - end, count)));
        // A start and an end.
        for start in end + 1..count {
            patterns.push(format!("{}*{}", joined(0, end), joined(start, count)));
        }
        // A part in the middle.
        for start in 1..end {
            patterns.push(format!("*{}*", joined(start, end)));
        }
    }
    patterns
}

/// The words of a name in camel case: `GetQueueURLs` is `Get`, `Queue`, `URLs`. The words after some are one.
fn words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let letters: Vec<(usize, char)> = name.char_indices().collect();
    for window in letters.windows(2) {
        let [(_, before), (at, letter)] = window else {
            continue;
        };
        let begins = letter.is_ascii_uppercase() && !before.is_ascii_uppercase();
        if begins && words.len() + 1 < MOST_WORDS {
            words.extend(name.get(start..*at));
            start = *at;
        }
    }
    words.extend(name.get(start..));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqs(kept: &[&str], old: &[&str], wildcards: Wildcards) -> Vec<String> {
        let catalog = Catalog::embedded();
        let service = catalog.service_by_namespace("sqs").unwrap();
        let kept: Vec<ActionId> = match kept {
            ["*"] => catalog.actions_of(service).collect(),
            names => {
                let of = |name: &&str| catalog.action_by_name(service, name).unwrap();
                names.iter().map(of).collect()
            }
        };
        let old = old.iter().map(|text| text.parse().unwrap()).collect();
        let old = ActionElement::Action(old);
        let budget = &mut WorkBudget::default();
        shortest(catalog, service, &kept, Some(&old), wildcards, budget).unwrap()
    }

    #[test]
    fn patterns_match_only_what_is_kept_and_was_granted() {
        let gets = ["GetQueueAttributes", "GetQueueUrl"];
        assert_eq!(sqs(&gets, &["sqs:*"], Wildcards::Safe), ["sqs:Get*"]);
        assert_eq!(
            sqs(&gets, &["sqs:Get*"], Wildcards::None),
            ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        );
        // The old policy names both, so that a pattern would grant more.
        assert_eq!(
            sqs(
                &gets,
                &["sqs:GetQueueUrl", "sqs:GetQueueAttributes"],
                Wildcards::Safe
            ),
            ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        );
        assert_eq!(
            sqs(&gets, &["sqs:GetQueue*"], Wildcards::Safe),
            ["sqs:GetQueue*"]
        );
        assert_eq!(sqs(&["*"], &["*"], Wildcards::Safe), ["sqs:*"]);
        assert_eq!(
            sqs(&["GetQueueUrl"], &["sqs:*"], Wildcards::Safe),
            ["sqs:GetQueueUrl"]
        );
    }

    #[test]
    fn words_are_those_of_camel_case() {
        assert_eq!(
            words("GetQueueURLsByTag"),
            ["Get", "Queue", "URLs", "By", "Tag"]
        );
        assert_eq!(words("GET"), ["GET"]);
        assert_eq!(words(""), [""]);
    }
}
