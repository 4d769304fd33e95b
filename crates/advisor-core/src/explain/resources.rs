//! Which resources of an allow denies take away, and which remain.

use std::borrow::Cow;

use iam_policy_parser::{Pattern, Residue, ResourceElement, Token, WorkBudget, residue};

use crate::policy_variables::PolicyVariables;
use crate::statement_resources::{WrittenResource, WrittenResources, allowed_as_written};

/// What becomes of the resources of an allow that one string of it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ResourceOutcome {
    /// The action cannot apply to any of them.
    NotOfAction,
    /// The action can apply to them, but none of them is what was asked about.
    NotAsked,
    /// Denies cover all of them.
    Denied,
    /// Denies cover some of them.
    Narrowed,
    /// All of them are granted.
    Granted,
    /// Deciding it would take too much work. They count as granted.
    Undecided,
}

impl ResourceOutcome {
    /// The name in JSON, such as `not-of-action`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotOfAction => "not-of-action",
            Self::NotAsked => "not-asked",
            Self::Denied => "denied",
            Self::Narrowed => "narrowed",
            Self::Granted => "granted",
            Self::Undecided => "undecided",
        }
    }

    /// Whether something of it is granted.
    #[must_use]
    pub fn is_granted(self) -> bool {
        self >= Self::Narrowed
    }
}

/// The resources of an allow that one string of its `Resource` covers, or its `NotResource` as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedResource<'a> {
    /// The string; `*` for a `NotResource`.
    pub resource: &'a str,
    /// The strings of the `NotResource`.
    pub not_resource: Vec<&'a str>,
    /// What becomes of them.
    pub outcome: ResourceOutcome,
    /// Of narrowed resources: the strings of denies that take a part of them away.
    pub except: Vec<&'a str>,
    /// Of narrowed resources: the lists of the denies with `NotResource` that take a part of them away. What remains matches a
    /// string of every list.
    pub only: Vec<Vec<&'a str>>,
    /// Of narrowed resources: one that remains.
    pub example: Option<String>,
}

/// A deny that covers the action.
#[derive(Clone, Debug)]
pub(super) struct Denying<'a>(pub(super) WrittenResources<'a>);

/// What a deny does to the resources of an allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touch {
    /// Whether it covers some of them.
    pub(super) some: bool,
    /// Whether it leaves some of them.
    pub(super) leaves: bool,
}

/// The resources that a question is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The formats of what the action can apply to.
    pub(super) formats: &'a [Pattern],
    /// The resource that was asked about, if any.
    pub(super) resource: Option<&'a Pattern>,
    /// What resources must match besides, for examples.
    pub(super) example: Option<&'a Pattern>,
}

/// The resources of one string of an allow.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    text: &'a str,
    pattern: Option<Cow<'a, Pattern>>,
    but: Vec<WrittenResource<'a>>,
}

/// The resources of an allow, string by string.
pub(super) fn items<'a>(
    element: Option<&'a ResourceElement>,
    variables: &PolicyVariables,
) -> Vec<Item<'a>> {
    match element {
        None => Vec::new(),
        Some(ResourceElement::Resource(patterns)) => {
            let items = patterns.iter().map(|resource| Item {
                text: &resource.text,
                pattern: Some(variables.resolve(resource)),
                but: Vec::new(),
            });
            items.collect()
        }
        Some(ResourceElement::NotResource(patterns)) => {
            let but = match allowed_as_written(element, variables) {
                Some(WrittenResources::AllBut(but)) => but,
                Some(_) => Vec::new(),
                None => WrittenResource::all(patterns, variables),
            };
            vec![Item {
                text: "*",
                pattern: None,
                but,
            }]
        }
    }
}

impl Asked<'_> {
    /// What is left of an item after denies.
    fn left(
        self,
        item: &Item<'_>,
        denies: &[&Denying<'_>],
        among: Option<&Denying<'_>>,
        budget: &mut WorkBudget,
    ) -> Residue {
        if budget.left() == 0 {
            return Residue::Undecided;
        }
        let formats: Vec<&Pattern> = self.formats.iter().collect();
        let single: Vec<&Pattern> = self.resource.into_iter().collect();
        let example: Vec<&Pattern> = self.example.into_iter().collect();
        let own: Vec<&Pattern> = item.pattern.as_deref().into_iter().collect();
        let mut groups: Vec<Vec<&Pattern>> = vec![formats];
        groups.extend(
            [single, example, own]
                .into_iter()
                .filter(|group| !group.is_empty()),
        );
        let mut none_of: Vec<&Pattern> = item.but.iter().map(|but| &*but.pattern).collect();
        for Denying(denied) in denies {
            match denied {
                WrittenResources::All => return Residue::Empty,
                WrittenResources::Only(only) => none_of.extend(patterns(only)),
                WrittenResources::AllBut(but) => groups.push(patterns(but)),
            }
        }
        match among {
            None | Some(Denying(WrittenResources::All)) => {}
            Some(Denying(WrittenResources::Only(only))) => groups.push(patterns(only)),
            Some(Denying(WrittenResources::AllBut(but))) => none_of.extend(patterns(but)),
        }
        let listed: usize = groups.iter().map(Vec::len).sum();
        if !budget.spend((listed + none_of.len()) as u64 / 8) {
            return Residue::Undecided;
        }
        let groups: Vec<&[&Pattern]> = groups.iter().map(Vec::as_slice).collect();
        residue(&groups, &none_of, budget)
    }

    /// Whether the action can apply to the resource that was asked about.
    pub(super) fn is_of_action(self, budget: &mut WorkBudget) -> bool {
        let everything = Item {
            text: "*",
            pattern: None,
            but: Vec::new(),
        };
        self.left(&everything, &[], None, budget).is_possible()
    }

    /// What a deny does to an item. Where that is not decided, it covers a part of it.
    pub(super) fn touch<'a>(
        self,
        item: &Item<'a>,
        deny: &Denying<'a>,
        budget: &mut WorkBudget,
    ) -> Touch {
        let some = self.left(item, &[], Some(deny), budget).is_possible();
        let leaves = !some || self.left(item, &[deny], None, budget).is_possible();
        Touch { some, leaves }
    }

    /// Explains the resources of an item. `touching` are the denies that cover some of them.
    pub(super) fn explain<'a>(
        self,
        item: &Item<'a>,
        touching: &[&Denying<'a>],
        budget: &mut WorkBudget,
    ) -> ExplainedResource<'a> {
        let (mut except, mut only) = (Vec::new(), Vec::new());
        let mut example = None;
        let outcome = match self.outcome_without_denies(item, budget) {
            ResourceOutcome::Granted if !touching.is_empty() => {
                match self.left(item, touching, None, budget) {
                    Residue::Empty => ResourceOutcome::Denied,
                    Residue::Undecided => ResourceOutcome::Undecided,
                    Residue::Witness(text) => {
                        example = self.example(item, touching, text, budget);
                        for deny in touching {
                            self.note(item, deny, &mut except, &mut only, budget);
                        }
                        ResourceOutcome::Narrowed
                    }
                }
            }
            outcome => outcome,
        };
        ExplainedResource {
            resource: item.text,
            not_resource: item.but.iter().map(|but| but.text).collect(),
            outcome,
            except,
            only,
            example,
        }
    }

    /// What becomes of an item when there are no denies.
    pub(super) fn outcome_without_denies(
        self,
        item: &Item<'_>,
        budget: &mut WorkBudget,
    ) -> ResourceOutcome {
        match self.left(item, &[], None, budget) {
            Residue::Witness(_) => return ResourceOutcome::Granted,
            Residue::Undecided => return ResourceOutcome::Undecided,
            Residue::Empty => {}
        }
        let any = Self {
            resource: None,
            ..self
        };
        if self.resource.is_some() && any.left(item, &[], None, budget).is_possible() {
            ResourceOutcome::NotAsked
        } else {
            ResourceOutcome::NotOfAction
        }
    }

    /// Notes the strings of a deny that take a part of an item away.
    fn note<'a>(
        self,
        item: &Item<'a>,
        deny: &Denying<'a>,
        except: &mut Vec<&'a str>,
        only: &mut Vec<Vec<&'a str>>,
        budget: &mut WorkBudget,
    ) {
        match &deny.0 {
            WrittenResources::All => except.push("*"),
            WrittenResources::Only(patterns) => {
                for pattern in patterns {
                    let one = Denying(WrittenResources::Only(vec![pattern.clone()]));
                    let left = self.left(item, &[], Some(&one), budget);
                    if left.is_possible() && !except.contains(&pattern.text) {
                        except.push(pattern.text);
                    }
                }
            }
            WrittenResources::AllBut(patterns) => {
                let texts = patterns.iter().map(|pattern| pattern.text).collect();
                if !only.contains(&texts) {
                    only.push(texts);
                }
            }
        }
    }

    /// A resource that remains: of the usual partition if possible, and a short one. A policy variable stands for something that
    /// is not known, so there is no example then.
    fn example<'a>(
        self,
        item: &Item<'a>,
        denies: &[&Denying<'a>],
        witness: String,
        budget: &mut WorkBudget,
    ) -> Option<String> {
        if item.pattern.as_deref().is_some_and(Pattern::has_variable) {
            return None;
        }
        let usual = Pattern::wildcard("arn:aws:*");
        let of_formats = self.formats.iter().filter_map(|format| {
            let one = Asked {
                formats: std::slice::from_ref(format),
                resource: self.resource,
                example: Some(&usual),
            };
            match one.left(item, denies, None, budget) {
                Residue::Witness(text) => Some(text),
                _ => None,
            }
        });
        let example = of_formats
            .min_by_key(|text| text.chars().count())
            .unwrap_or(witness);
        let letter = self.unnamed_letter(item, denies)?;
        Some(example.replace(FRESH, letter.encode_utf8(&mut [0; 4])))
    }

    /// A letter that no pattern names, so that one can stand for another.
    fn unnamed_letter<'a>(self, item: &Item<'a>, denies: &[&Denying<'a>]) -> Option<char> {
        let written = denies.iter().flat_map(|Denying(denied)| match denied {
            WrittenResources::All => &[],
            WrittenResources::Only(patterns) | WrittenResources::AllBut(patterns) => &patterns[..],
        });
        let written = written.chain(&item.but).map(|resource| &*resource.pattern);
        let own = item.pattern.as_deref();
        let patterns = self.formats.iter().chain(self.resource).chain(own);
        let named: Vec<char> = patterns
            .chain(written)
            .flat_map(Pattern::tokens)
            .filter_map(|token| match token {
                Token::Char(character) => Some(*character),
                _ => None,
            })
            .collect();
        let mut letters = "xzqjkvwyabcdefghilmnoprstu0123456789XZQ".chars();
        letters.find(|letter| !named.contains(letter))
    }
}

/// What stands in a [`Residue::Witness`] for a letter that no pattern names.
const FRESH: char = '\u{e000}';

fn patterns<'p>(written: &'p [WrittenResource<'_>]) -> Vec<&'p Pattern> {
    written.iter().map(|resource| &*resource.pattern).collect()
}
