//! Reach by its definition: an action is possible when, for some resource that it applies to, an allow matches and no
//! unconditional deny does. Every resource that the patterns can distinguish is tried.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::generated::{self, Condition, Document};
use crate::plain_pattern::{
    FRESH, Piece, arn_format, every_resource, matches, wildcards, with_variables,
};

/// A service: namespace, resource types with their ARN formats, actions with their resource types.
type Service = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
    &'static [(&'static str, &'static [&'static str])],
);

/// The catalog of this test. Sorted, as catalogs are.
pub(crate) const SERVICES: [Service; 4] = [
    (
        "k",
        // A format that contains `*`.
        &[("key", &["arn:${Partition}:k:*:key/${KeyId}"])],
        &[("Decrypt", &["key"]), ("ListKeys", &[])],
    ),
    // A service without known actions.
    ("n", &[], &[]),
    (
        "q",
        &[(
            "queue",
            &["arn:${Partition}:q:${Region}:${Account}:${QueueName}"],
        )],
        &[
            ("GetQueueUrl", &["queue"]),
            ("ListQueues", &[]),
            ("SendMessage", &["queue"]),
        ],
    ),
    (
        "s3",
        &[
            ("bucket", &["arn:${Partition}:s3:::${BucketName}"]),
            (
                "object",
                &["arn:${Partition}:s3:::${BucketName}/${ObjectName}"],
            ),
            // Two formats, one of which is a single ARN.
            ("pair", &["arn:aws:s3:::a", "arn:aws:s3:::b/${PairName}"]),
        ],
        &[
            ("GetBucketAcl", &["bucket"]),
            ("GetObject", &["object"]),
            ("ListAllMyBuckets", &[]),
            ("PutObject", &["object"]),
            ("PutPair", &["pair"]),
            ("PutTags", &["bucket", "object"]),
        ],
    ),
];

/// The catalog as `Catalog::parse` reads it.
pub(crate) fn table() -> String {
    let mut table =
        "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\n".to_owned();
    for (namespace, types, actions) in SERVICES {
        table += &format!("service\t{namespace}\tService {namespace}\n");
        for (name, formats) in types {
            table += &format!("type\t{name}\t{}\n", formats.join("\t"));
        }
        for (name, types) in actions {
            let types = if types.is_empty() {
                String::new()
            } else {
                format!("\t{}", types.join(","))
            };
            table += &format!("R-\t{name}{types}\n");
        }
    }
    table
}

/// What can be possible: an action, or a service without known actions.
pub(crate) type Target = (&'static str, Option<&'static str>);

/// A mistake that an engine could make. The definition with a mistake must differ often enough from the
/// definition without it. Otherwise the generated policy sets could not detect such an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mistake {
    IgnoresDenies,
    IgnoresScopedDenies,
    IgnoresNotResourceDenies,
    JudgesDeniesOneByOne,
    TakesOnlyTheFirstAllow,
    ReadsAllowedNotResourceAsAll,
    ObeysConditionalDenies,
    DropsConditionalAllows,
    DeniesWhateverAVariableMayBe,
    DropsVariablesFromNotResourceDenies,
    ExcludesWhateverAVariableMayBe,
    NeverReplacesVariables,
    AlwaysReplacesVariables,
    ComparesActionsWithCase,
    AppliesActionsWithoutTypesAnywhere,
    LetsBucketNamesHoldSlashes,
    LetsSegmentsHoldColons,
    DeniesNamelessServicesByAnyName,
    ForgetsActionsNamedWithoutTypes,
    ForgetsArnsOfTheService,
}

pub(crate) const MISTAKES: [Mistake; 20] = [
    Mistake::IgnoresDenies,
    Mistake::IgnoresScopedDenies,
    Mistake::IgnoresNotResourceDenies,
    Mistake::JudgesDeniesOneByOne,
    Mistake::TakesOnlyTheFirstAllow,
    Mistake::ReadsAllowedNotResourceAsAll,
    Mistake::ObeysConditionalDenies,
    Mistake::DropsConditionalAllows,
    Mistake::DeniesWhateverAVariableMayBe,
    Mistake::DropsVariablesFromNotResourceDenies,
    Mistake::ExcludesWhateverAVariableMayBe,
    Mistake::NeverReplacesVariables,
    Mistake::AlwaysReplacesVariables,
    Mistake::ComparesActionsWithCase,
    Mistake::AppliesActionsWithoutTypesAnywhere,
    Mistake::LetsBucketNamesHoldSlashes,
    Mistake::LetsSegmentsHoldColons,
    Mistake::DeniesNamelessServicesByAnyName,
    Mistake::ForgetsActionsNamedWithoutTypes,
    Mistake::ForgetsArnsOfTheService,
];

/// A resource string of a statement, parsed.
pub(crate) struct ResourceText {
    /// Its index in the patterns of the set.
    pub(crate) pattern: usize,
    pub(crate) has_variable: bool,
    is_everything: bool,
}

pub(crate) struct Statement {
    pub(crate) document: usize,
    /// Its position in the document.
    pub(crate) index: usize,
    pub(crate) is_allow: bool,
    pub(crate) has_condition: bool,
    pub(crate) about: BTreeSet<Target>,
    /// The actions in its `Action` without a wildcard.
    named: BTreeSet<Target>,
    pub(crate) is_not_resource: bool,
    pub(crate) resources: Vec<ResourceText>,
}

/// A resource to try, and which patterns match it.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) text: Vec<char>,
    pub(crate) matched: Vec<bool>,
}

/// A policy set, prepared for queries.
pub(crate) struct PlainReach {
    statements: Vec<Statement>,
    resources: Rc<Resources>,
    mistake: Option<Mistake>,
}

/// The patterns of a policy set, and the resources that they can distinguish.
struct Resources {
    patterns: Vec<Vec<Piece>>,
    /// By ARN format, made when an allow applies to it.
    by_format: BTreeMap<String, (Vec<Piece>, OnceCell<Vec<Resource>>)>,
}

/// The resource of actions without resource types, which have no format.
const STAR: &str = "*";
/// The ARNs of the service without known actions.
const ARNS_OF_N: &str = "arn:*:n:*:*:*";
/// Every string: the resources of an action without resource types in an allow that names it.
const ANYTHING: &str = "anything";

/// The resource that is asked about.
#[derive(Debug)]
pub(crate) enum Asked {
    Any,
    /// Those that a pattern of the set matches, by its index.
    Pattern(usize),
    One(Resource),
}

/// The pattern of a key in [`PlainReach`]'s resources.
fn format_of(key: &str) -> Vec<Piece> {
    match key {
        STAR => vec![Piece::One('*')],
        ANYTHING => vec![Piece::Any],
        _ => match key.strip_prefix("ARNs of ") {
            Some(namespace) => arns_of_service(namespace).1,
            None => arn_format(key),
        },
    }
}

/// The ARNs of a service with nothing but `*` as their resource: resources of its actions without
/// resource types.
fn arns_of_service(namespace: &str) -> (String, Vec<Piece>) {
    let mut pieces = arn_format(&format!("arn:*:{namespace}:*:*:"));
    pieces.push(Piece::One('*'));
    (format!("ARNs of {namespace}"), pieces)
}

impl Resources {
    fn new(patterns: Vec<Vec<Piece>>, mistake: Option<Mistake>) -> Self {
        let formats = SERVICES.iter().flat_map(|(_, types, _)| *types);
        let formats = formats
            .flat_map(|(_, formats)| *formats)
            .chain([&ARNS_OF_N])
            .map(|format| {
                let pieces = match mistake {
                    Some(Mistake::LetsSegmentsHoldColons) => {
                        any_string_where_any(arn_format(format))
                    }
                    _ => arn_format(format),
                };
                ((*format).to_owned(), pieces)
            });
        let arns_of_services = SERVICES
            .iter()
            .map(|(namespace, _, _)| arns_of_service(namespace));
        let others = [STAR, ANYTHING].map(|key| (key.to_owned(), format_of(key)));
        let by_format = formats.chain(others).chain(arns_of_services);
        Self {
            patterns,
            by_format: by_format
                .map(|(format, pieces)| (format, (pieces, OnceCell::new())))
                .collect(),
        }
    }

    fn of(&self, format: &str) -> &[Resource] {
        let Some((pieces, made)) = self.by_format.get(format) else {
            return &[];
        };
        made.get_or_init(|| {
            let patterns: Vec<&[Piece]> = self.patterns.iter().map(Vec::as_slice).collect();
            let texts = every_resource(pieces, &patterns).into_iter();
            texts.map(|text| self.resource(text)).collect()
        })
    }

    /// A resource, and which patterns match it.
    fn resource(&self, text: Vec<char>) -> Resource {
        let matched = self.patterns.iter();
        let matched = matched.map(|pattern| matches(pattern, &text)).collect();
        Resource { text, matched }
    }
}

/// The statements of the documents, and the patterns in them.
fn read(documents: &[Document], mistake: Option<Mistake>) -> (Vec<Statement>, Vec<Vec<Piece>>) {
    let mut patterns: Vec<Vec<Piece>> = Vec::new();
    let mut statements = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let knows_variables = match mistake {
            Some(Mistake::NeverReplacesVariables) => false,
            Some(Mistake::AlwaysReplacesVariables) => true,
            _ => document.knows_variables(),
        };
        for (position, statement) in document.statements.iter().enumerate() {
            let read = |text: &String| {
                let (pattern, has_variable) = if knows_variables {
                    with_variables(text)
                } else {
                    (wildcards(text), false)
                };
                let is_everything = pattern.iter().all(|piece| *piece == Piece::Any);
                let known = patterns.iter().position(|known| *known == pattern);
                let place = known.unwrap_or_else(|| {
                    patterns.push(pattern);
                    patterns.len() - 1
                });
                ResourceText {
                    pattern: place,
                    has_variable,
                    is_everything,
                }
            };
            let resources = statement.resources.iter().map(read).collect();
            statements.push(Statement {
                document: index,
                index: position,
                is_allow: statement.is_allow,
                has_condition: statement.condition == Condition::Real,
                about: targets()
                    .filter(|target| is_about(statement, *target, mistake))
                    .collect(),
                named: targets()
                    .filter(|target| is_named(statement, *target))
                    .collect(),
                is_not_resource: statement.is_not_resource,
                resources,
            });
        }
    }
    (statements, patterns)
}

impl PlainReach {
    pub(crate) fn new(documents: &[Document]) -> Self {
        let (statements, patterns) = read(documents, None);
        Self {
            statements,
            resources: Rc::new(Resources::new(patterns, None)),
            mistake: None,
        }
    }

    /// The same policy set with a mistake. Mistakes that change neither patterns nor formats share the resources.
    pub(crate) fn mistaken(&self, documents: &[Document], mistake: Mistake) -> Self {
        let (statements, patterns) = read(documents, Some(mistake));
        let is_same =
            patterns == self.resources.patterns && mistake != Mistake::LetsSegmentsHoldColons;
        let resources = if is_same {
            self.resources.clone()
        } else {
            Rc::new(Resources::new(patterns, Some(mistake)))
        };
        Self {
            statements,
            resources,
            mistake: Some(mistake),
        }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// What the documents allow together.
    pub(crate) fn possible(&self, documents: &BTreeSet<usize>) -> BTreeSet<Target> {
        targets()
            .filter(|target| self.contest(*target, documents).is_possible())
            .collect()
    }

    /// The statements about a target, in documents.
    pub(crate) fn about(
        &self,
        target: Target,
        documents: &BTreeSet<usize>,
    ) -> (Vec<&Statement>, Vec<&Statement>) {
        self.statements
            .iter()
            .filter(|statement| {
                documents.contains(&statement.document) && statement.about.contains(&target)
            })
            .partition(|statement| statement.is_allow)
    }

    /// The resources that a target can apply to, in an allow, of those that are asked about.
    pub(crate) fn asked<'a>(
        &'a self,
        target: Target,
        allow: &Statement,
        asked: &'a Asked,
    ) -> Vec<&'a Resource> {
        match asked {
            Asked::Any => self.resources_of(target, allow).collect(),
            Asked::Pattern(pattern) => self
                .resources_of(target, allow)
                .filter(|resource| resource.matched[*pattern])
                .collect(),
            Asked::One(resource) => {
                let formats = self.formats_of(target, allow);
                let fits = |format: &String| matches(&format_of(format), &resource.text);
                formats
                    .iter()
                    .any(fits)
                    .then_some(resource)
                    .into_iter()
                    .collect()
            }
        }
    }

    /// A resource, and which patterns of the set match it.
    pub(crate) fn resource(&self, text: Vec<char>) -> Resource {
        self.resources.resource(text)
    }

    /// The resources that the targets of the catalog can apply to.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Vec<char>> {
        let formats = self.resources.by_format.keys();
        let resources = formats.flat_map(|format| self.resources.of(format));
        resources.map(|resource| &resource.text)
    }

    /// The patterns of the statements.
    pub(crate) fn patterns(&self) -> &[Vec<Piece>] {
        &self.resources.patterns
    }

    /// Tries every resource of one target.
    pub(crate) fn contest(&self, target: Target, documents: &BTreeSet<usize>) -> Contest<'_> {
        let about = |is_allow: bool| -> Vec<&Statement> {
            self.statements
                .iter()
                .filter(|statement| documents.contains(&statement.document))
                .filter(|statement| {
                    statement.is_allow == is_allow && statement.about.contains(&target)
                })
                .collect()
        };
        let mut allows = about(true);
        if self.makes(Mistake::TakesOnlyTheFirstAllow) {
            allows.truncate(1);
        }
        let denies = about(false);
        let mut contest = Contest::default();
        let allowed: Vec<&Resource> = allows
            .iter()
            .flat_map(|allow| {
                self.resources_of(target, allow)
                    .filter(|resource| self.is_allowed(allow, resource))
            })
            .collect();
        for resource in &allowed {
            let denied = denies.iter().any(|deny| self.is_denied(deny, resource));
            if denied {
                contest.taken.push(&resource.text);
            } else {
                contest.left.push(&resource.text);
            }
        }
        if self.makes(Mistake::JudgesDeniesOneByOne) {
            let takes_all = |deny: &&Statement| {
                allowed
                    .iter()
                    .all(|resource| self.is_denied(deny, resource))
            };
            if !denies.iter().any(takes_all) {
                contest.left.append(&mut contest.taken);
            }
        }
        contest
    }

    /// The resources that a target can apply to, in an allow.
    fn resources_of(&self, target: Target, allow: &Statement) -> impl Iterator<Item = &Resource> {
        self.formats_of(target, allow)
            .into_iter()
            .flat_map(|format| self.resources.of(&format))
    }

    /// The keys in `resources` of what a target can apply to, in an allow.
    fn formats_of(&self, target: Target, allow: &Statement) -> Vec<String> {
        let (namespace, action) = target;
        let (_, types, actions) = SERVICES
            .iter()
            .find(|service| service.0 == namespace)
            .expect("a known service");
        let formats_of = |of: &[&str]| -> Vec<String> {
            let of_these = types.iter().filter(|(name, _)| of.contains(name));
            of_these
                .flat_map(|(_, formats)| formats.iter().map(|format| (*format).to_owned()))
                .collect()
        };
        let forgets_named = self.makes(Mistake::ForgetsActionsNamedWithoutTypes);
        match action {
            None => vec![STAR.to_owned(), ARNS_OF_N.to_owned()],
            Some(action) => {
                let (_, of) = actions
                    .iter()
                    .find(|(name, _)| *name == action)
                    .expect("a known action");
                match of {
                    [] if self.makes(Mistake::AppliesActionsWithoutTypesAnywhere) => {
                        vec![ANYTHING.to_owned()]
                    }
                    [] if allow.named.contains(&target) && !forgets_named => {
                        vec![ANYTHING.to_owned()]
                    }
                    [] if self.makes(Mistake::ForgetsArnsOfTheService) => vec![STAR.to_owned()],
                    [] => vec![STAR.to_owned(), arns_of_service(namespace).0],
                    // With slashes in variables, an object's ARN also matches a bucket's format.
                    ["bucket"] if self.makes(Mistake::LetsBucketNamesHoldSlashes) => {
                        formats_of(&["bucket", "object"])
                    }
                    _ => formats_of(of),
                }
            }
        }
    }

    pub(crate) fn is_allowed(&self, allow: &Statement, resource: &Resource) -> bool {
        if allow.has_condition && self.makes(Mistake::DropsConditionalAllows) {
            return false;
        }
        let is_match = |text: &ResourceText| resource.matched[text.pattern];
        if !allow.is_not_resource {
            return allow.resources.iter().any(is_match);
        }
        if self.makes(Mistake::ReadsAllowedNotResourceAsAll) {
            return true;
        }
        let counts = |text: &ResourceText| {
            !text.has_variable || self.makes(Mistake::ExcludesWhateverAVariableMayBe)
        };
        !allow
            .resources
            .iter()
            .any(|text| counts(text) && is_match(text))
    }

    pub(crate) fn is_denied(&self, deny: &Statement, resource: &Resource) -> bool {
        let is_match = |text: &ResourceText| resource.matched[text.pattern];
        if deny.has_condition && !self.makes(Mistake::ObeysConditionalDenies)
            || self.makes(Mistake::IgnoresDenies)
        {
            return false;
        }
        if deny.is_not_resource {
            let is_sure = !deny.resources.iter().any(|text| text.has_variable);
            return (is_sure || self.makes(Mistake::DropsVariablesFromNotResourceDenies))
                && !self.makes(Mistake::IgnoresNotResourceDenies)
                && !self.makes(Mistake::IgnoresScopedDenies)
                && !deny
                    .resources
                    .iter()
                    .any(|text| !text.has_variable && is_match(text));
        }
        let counts = |text: &ResourceText| {
            (!text.has_variable || self.makes(Mistake::DeniesWhateverAVariableMayBe))
                && (text.is_everything || !self.makes(Mistake::IgnoresScopedDenies))
        };
        deny.resources
            .iter()
            .any(|text| counts(text) && is_match(text))
    }
}

/// Whether the `Action` or `NotAction` of a statement matches a target.
fn is_about(
    statement: &generated::Statement,
    (namespace, action): Target,
    mistake: Option<Mistake>,
) -> bool {
    let names = |pattern: &&str| match pattern.split_once(':') {
        None | Some(("*", _)) => true,
        Some((service, _)) => service.eq_ignore_ascii_case(namespace),
    };
    let stands_for = |pattern: &&str, action: &str| {
        let name = pattern.split_once(':').map_or("*", |(_, name)| name);
        let (name, action) = if mistake == Some(Mistake::ComparesActionsWithCase) {
            (name.to_owned(), action.to_owned())
        } else {
            (name.to_lowercase(), action.to_lowercase())
        };
        matches(&wildcards(&name), &action.chars().collect::<Vec<_>>())
    };
    let mut patterns = statement.actions.iter().filter(|pattern| names(pattern));
    let is_named = match action {
        Some(action) => patterns.any(|pattern| stands_for(pattern, action)),
        // The actions are unknown. An allow must match any possible name, a deny all of them. A very
        // short and a very long name that no pattern contains decide both.
        None => {
            let all_of_it = |pattern: &&str| {
                [1, 20]
                    .iter()
                    .all(|length| stands_for(pattern, &FRESH.to_string().repeat(*length)))
            };
            let by_any_name = mistake == Some(Mistake::DeniesNamelessServicesByAnyName);
            let is_generous = statement.is_allow || by_any_name;
            if is_generous == statement.is_not_action {
                patterns.any(all_of_it)
            } else {
                patterns.next().is_some()
            }
        }
    };
    is_named != statement.is_not_action
}

/// Whether the `Action` element contains the action without a wildcard.
fn is_named(statement: &generated::Statement, (namespace, action): Target) -> bool {
    let is_same = |pattern: &&str| {
        let name = action.map(|action| format!("{namespace}:{action}"));
        name.is_some_and(|name| pattern.eq_ignore_ascii_case(&name))
    };
    !statement.is_not_action && statement.actions.iter().any(is_same)
}

/// The format, with variables that can contain `:`.
fn any_string_where_any(format: Vec<Piece>) -> Vec<Piece> {
    let without = |piece| {
        if piece == Piece::AnyWithout(':') {
            Piece::Any
        } else {
            piece
        }
    };
    format.into_iter().map(without).collect()
}

/// What denies leave of the resources that allows match.
#[derive(Default)]
pub(crate) struct Contest<'a> {
    pub(crate) taken: Vec<&'a Vec<char>>,
    pub(crate) left: Vec<&'a Vec<char>>,
}

impl Contest<'_> {
    pub(crate) fn is_possible(&self) -> bool {
        !self.left.is_empty()
    }
}

pub(crate) fn targets() -> impl Iterator<Item = Target> {
    SERVICES.iter().flat_map(|(namespace, _, actions)| {
        let nameless = actions.is_empty().then_some((*namespace, None));
        actions
            .iter()
            .map(|(action, _)| (*namespace, Some(*action)))
            .chain(nameless)
    })
}
