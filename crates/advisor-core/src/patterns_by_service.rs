//! Resource patterns by the service in their ARNs: most cannot overlap the formats of other services.

use hashbrown::HashMap;
use iam_policy_parser::{Pattern, Token};

/// Patterns by the service part of their ARNs.
pub(crate) struct ByService<'a> {
    /// By the index of the service.
    known: HashMap<u32, Vec<&'a Pattern>>,
    /// Those of any service.
    pub(crate) open: Vec<&'a Pattern>,
    pub(crate) all: Vec<&'a Pattern>,
}

impl<'a> ByService<'a> {
    pub(crate) fn new(patterns: &'a [Pattern], services: &HashMap<Box<str>, u32>) -> Self {
        let mut by_service = Self {
            known: HashMap::new(),
            open: Vec::new(),
            all: patterns.iter().collect(),
        };
        for pattern in patterns {
            match arn_service(pattern) {
                None => by_service.open.push(pattern),
                Some(service) => {
                    // A pattern of a service that no format has overlaps only formats of any service.
                    if let Some(index) = services.get(service.as_str()) {
                        by_service.known.entry(*index).or_default().push(pattern);
                    }
                }
            }
        }
        by_service
    }

    /// The patterns that can overlap a format of the service, or of any service.
    pub(crate) fn relevant(&self, service: Option<u32>) -> impl Iterator<Item = &'a Pattern> {
        let (known, rest) = match service {
            Some(index) => (
                self.known.get(&index).map_or(&[][..], |all| all),
                &self.open,
            ),
            None => (&[][..], &self.all),
        };
        known.iter().chain(rest).copied()
    }

    /// The services that patterns name, by index.
    pub(crate) fn services(&self) -> impl Iterator<Item = u32> {
        self.known.keys().copied()
    }
}

/// The service part of the ARNs that a pattern matches, if it is the same in all of them.
pub(crate) fn arn_service(pattern: &Pattern) -> Option<String> {
    let mut tokens = pattern.tokens().iter();
    for expected in "arn:".chars() {
        tokens
            .next()
            .filter(|token| **token == Token::Char(expected))?;
    }
    // The partition.
    loop {
        match tokens.next()? {
            Token::Char(':') => break,
            Token::Char(_) | Token::AnyStringWithout(':') => {}
            _ => return None,
        }
    }
    let mut service = String::new();
    loop {
        match tokens.next()? {
            Token::Char(':') => return Some(service),
            Token::Char(character) => service.push(*character),
            _ => return None,
        }
    }
}
