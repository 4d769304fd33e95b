//! Wildcard patterns: the strings of `Action` and `Resource` elements, and ARN formats.

use std::fmt;

use crate::version::Version;
use crate::work_budget::WorkBudget;

/// One element of a [`Pattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// Exactly this character.
    Char(char),
    /// Exactly one character: `?`.
    AnyChar,
    /// Any string, including the empty string and strings with `:` or `/`: `*`.
    AnyString,
    /// Any string without this character, including the empty string: a bucket name in an ARN format.
    AnyStringWithout(char),
}

impl Token {
    /// Whether the token can match `character`.
    #[must_use]
    pub fn accepts(self, character: char) -> bool {
        match self {
            Self::Char(expected) => expected == character,
            Self::AnyChar | Self::AnyString => true,
            Self::AnyStringWithout(excluded) => excluded != character,
        }
    }

    /// Whether the token matches strings of any length.
    #[must_use]
    pub fn repeats(self) -> bool {
        matches!(self, Self::AnyString | Self::AnyStringWithout(_))
    }
}

/// A set of strings, written as characters and wildcards. Matching is case-sensitive. For comparisons
/// that ignore case (action names), convert both sides to lower case first.
///
/// Invariant: [`Token::AnyString`] never follows itself, since that would match the same strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    tokens: Box<[Token]>,
    has_variable: bool,
    wildcards: Wildcards,
}

/// The wildcards in a pattern. Known from the start: looking at every token for each question took most of the time
/// with long patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Wildcards {
    /// Only `*`, if any.
    Stars,
    /// `?` too.
    QuestionMarks,
    /// [`Token::AnyStringWithout`] too.
    Placeholders,
}

impl Pattern {
    fn new(tokens: impl IntoIterator<Item = Token>, has_variable: bool) -> Self {
        let mut kept: Vec<Token> = Vec::new();
        let mut wildcards = Wildcards::Stars;
        for token in tokens {
            wildcards = wildcards.max(match token {
                Token::Char(_) | Token::AnyString => Wildcards::Stars,
                Token::AnyChar => Wildcards::QuestionMarks,
                Token::AnyStringWithout(_) => Wildcards::Placeholders,
            });
            if token != Token::AnyString || kept.last() != Some(&Token::AnyString) {
                kept.push(token);
            }
        }
        Self {
            tokens: kept.into_boxed_slice(),
            has_variable,
            wildcards,
        }
    }

    /// Whether it has no wildcard but `*`.
    pub(crate) fn has_only_stars(&self) -> bool {
        self.wildcards == Wildcards::Stars
    }

    /// Whether it has no wildcard.
    pub(crate) fn is_literal(&self) -> bool {
        let mut tokens = self.tokens.iter();
        tokens.all(|token| matches!(token, Token::Char(_)))
    }

    /// Creates a pattern from its tokens.
    #[must_use]
    pub fn from_tokens(tokens: impl IntoIterator<Item = Token>) -> Self {
        Self::new(tokens, false)
    }

    /// Creates a pattern that matches only `text`.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::new(text.chars().map(Token::Char), false)
    }

    /// Creates a pattern from text in which `*` is any string and `?` is any one character.
    ///
    /// ```
    /// use iam_policy_parser::Pattern;
    /// assert!(Pattern::wildcard("Get?bject*").matches("GetObjectAcl"));
    /// ```
    #[must_use]
    pub fn wildcard(text: &str) -> Self {
        Self::new(text.chars().map(wildcard_token), false)
    }

    /// Creates a pattern from a string of a `Resource` or `NotResource` element. In documents of
    /// version 2012-10-17, policy variables (`${aws:username}`) match any string, and `${*}`, `${?}`
    /// and `${$}` match that character. In older documents these are plain text. Source: IAM User
    /// Guide, "IAM policy elements: Variables and tags".
    ///
    /// ```
    /// use iam_policy_parser::{Pattern, Version};
    /// let home = Pattern::resource("arn:aws:s3:::home/${aws:username}/*", Version::V2012_10_17);
    /// assert!(home.has_variable() && home.matches("arn:aws:s3:::home/ann/notes.txt"));
    /// ```
    #[must_use]
    pub fn resource(text: &str, version: Version) -> Self {
        if version == Version::V2008_10_17 {
            return Self::wildcard(text);
        }
        Self::with_values(text, |_| None)
    }

    /// [`Pattern::resource`] since version 2012-10-17, where the policy variables that have a value match only that.
    pub(crate) fn with_values<'a>(
        text: &'a str,
        value: impl Fn(&'a str) -> Option<&'a str>,
    ) -> Self {
        let mut has_variable = false;
        let tokens = placeholders(text).flat_map(|part| match part {
            Part::Text(text) => Tokens::Wildcards(text.chars()),
            Part::Placeholder("*") => Tokens::One(Some(Token::Char('*'))),
            Part::Placeholder("?") => Tokens::One(Some(Token::Char('?'))),
            Part::Placeholder("$") => Tokens::One(Some(Token::Char('$'))),
            Part::Placeholder(variable) => match value(variable) {
                Some(value) => Tokens::Literal(value.chars()),
                None => {
                    has_variable = true;
                    Tokens::One(Some(Token::AnyString))
                }
            },
        });
        let tokens: Vec<Token> = tokens.collect();
        Self::new(tokens, has_variable)
    }

    /// Creates a pattern from the ARN format of a resource type in AWS's service reference
    /// (`arn:${Partition}:s3:::${BucketName}/${ObjectName}`). A `${Variable}` or `*` matches any
    /// string; in the partition, service, Region and account parts it matches no `:`.
    /// `${BucketName}` matches no `/`.
    ///
    /// ```
    /// use iam_policy_parser::{Pattern, overlaps};
    /// let bucket = Pattern::arn_format("arn:${Partition}:s3:::${BucketName}");
    /// assert!(bucket.matches("arn:aws:s3:::photos"));
    /// assert!(!bucket.matches("arn:aws:s3:::photos/cat.jpg"));
    /// assert!(!overlaps(&bucket, &Pattern::wildcard("arn:aws:iam::111122223333:user/*")));
    /// ```
    #[must_use]
    pub fn arn_format(text: &str) -> Self {
        let mut colons = 0;
        let mut tokens: Vec<Token> = Vec::new();
        for part in placeholders(text) {
            let any = |colons| match colons {
                ..5 => Token::AnyStringWithout(':'),
                _ => Token::AnyString,
            };
            match part {
                Part::Text(text) => {
                    for character in text.chars() {
                        colons += usize::from(character == ':');
                        tokens.push(match character {
                            '*' => any(colons),
                            other => wildcard_token(other),
                        });
                    }
                }
                Part::Placeholder("BucketName") => tokens.push(Token::AnyStringWithout('/')),
                Part::Placeholder(_) => tokens.push(any(colons)),
            }
        }
        Self::new(tokens, false)
    }

    /// The tokens, in order.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether the pattern has a policy variable, so that the strings it matches depend on the
    /// request.
    #[must_use]
    pub fn has_variable(&self) -> bool {
        self.has_variable
    }

    /// Whether the pattern matches every string.
    #[must_use]
    pub fn is_universal(&self) -> bool {
        matches!(*self.tokens, [Token::AnyString])
    }

    /// Whether the pattern matches every string that is not empty: `*`, `?*`, `*?`.
    #[must_use]
    pub fn covers_every_name(&self) -> bool {
        self.tokens.contains(&Token::AnyString)
            && self
                .tokens
                .iter()
                .all(|token| matches!(token, Token::AnyString | Token::AnyChar))
            && self
                .tokens
                .iter()
                .filter(|token| **token == Token::AnyChar)
                .count()
                <= 1
    }

    /// The string that the pattern matches, when it has no wildcards.
    #[must_use]
    pub fn as_literal(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::Char(character) => Some(*character),
                _ => None,
            })
            .collect()
    }

    /// Whether the pattern matches `text`. The worst case takes time proportional to the product of
    /// both lengths.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_within(text.chars(), &mut WorkBudget::steps(u64::MAX))
            .unwrap_or(true)
    }

    /// [`Pattern::matches`] within a work budget; `None` when it ends first.
    pub(crate) fn matches_within<C: Iterator<Item = char> + Clone>(
        &self,
        text: C,
        budget: &mut WorkBudget,
    ) -> Option<bool> {
        // The usual two-pointer algorithm: on a mismatch, the last star matches one more character.
        // It is enough to retry the last star if stars match anything. A star that excludes a
        // character can fail where an earlier star would not, so such patterns use the general
        // algorithm.
        if self.wildcards == Wildcards::Placeholders {
            return self.matches_in_general(text, budget);
        }
        let mut rest = text;
        let mut position = 0;
        let mut last_star: Option<(usize, C)> = None;
        let mut steps = 0;
        let most = budget.left();
        let is_match = loop {
            steps += 1;
            if steps > most {
                break None;
            }
            let here = rest.clone();
            match (self.tokens.get(position), rest.next()) {
                (Some(Token::AnyString), _) => {
                    position += 1;
                    last_star = Some((position, here.clone()));
                    rest = here;
                }
                (Some(token), Some(character)) if token.accepts(character) => position += 1,
                (None, None) => break Some(true),
                _ => {
                    let Some((after_star, mut retry)) = last_star.take() else {
                        break Some(false);
                    };
                    if retry.next().is_none() {
                        break Some(false);
                    }
                    position = after_star;
                    rest = retry.clone();
                    last_star = Some((after_star, retry));
                }
            }
        };
        let is_enough = budget.spend(steps);
        is_match.filter(|_| is_enough)
    }

    /// [`Pattern::matches`] by tracking every position that the pattern can be at.
    fn matches_in_general(
        &self,
        text: impl Iterator<Item = char>,
        budget: &mut WorkBudget,
    ) -> Option<bool> {
        let mut positions = vec![0_usize];
        self.skip_repeats(&mut positions);
        for character in text {
            if !budget.spend(positions.len() as u64 + 6) {
                return None;
            }
            let mut next: Vec<usize> = positions
                .iter()
                .filter_map(|&position| {
                    let token = self.tokens.get(position)?;
                    token.accepts(character).then_some(if token.repeats() {
                        position
                    } else {
                        position + 1
                    })
                })
                .collect();
            self.skip_repeats(&mut next);
            next.sort_unstable();
            next.dedup();
            positions = next;
        }
        Some(positions.contains(&self.tokens.len()))
    }

    fn skip_repeats(&self, positions: &mut Vec<usize>) {
        let mut index = 0;
        while let Some(&position) = positions.get(index) {
            if self
                .tokens
                .get(position)
                .is_some_and(|token| token.repeats())
            {
                positions.push(position + 1);
            }
            index += 1;
        }
    }
}

/// Writes the pattern as wildcard text. An excluded character or a literal `*` is written as `${...}`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            match token {
                Token::Char(special @ ('*' | '?')) => write!(f, "${{{special}}}")?,
                Token::Char(character) => write!(f, "{character}")?,
                Token::AnyChar => f.write_str("?")?,
                Token::AnyString => f.write_str("*")?,
                Token::AnyStringWithout(excluded) => write!(f, "${{without {excluded}}}")?,
            }
        }
        Ok(())
    }
}

fn wildcard_token(character: char) -> Token {
    match character {
        '*' => Token::AnyString,
        '?' => Token::AnyChar,
        other => Token::Char(other),
    }
}

enum Tokens<'a> {
    Wildcards(std::str::Chars<'a>),
    Literal(std::str::Chars<'a>),
    One(Option<Token>),
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        match self {
            Self::Wildcards(characters) => characters.next().map(wildcard_token),
            Self::Literal(characters) => characters.next().map(Token::Char),
            Self::One(token) => token.take(),
        }
    }
}

enum Part<'a> {
    Text(&'a str),
    /// The text between `${` and the next `}`.
    Placeholder(&'a str),
}

/// The policy variables in a text: what stands between `${` and `}`, but for `${*}`, `${?}` and `${$}`.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    placeholders(text).filter_map(|part| match part {
        Part::Text(_) | Part::Placeholder("*" | "?" | "$") => None,
        Part::Placeholder(variable) => Some(variable),
    })
}

/// Splits the text at `${...}`. An unclosed `${` is text.
fn placeholders(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix("${")
            && let Some((name, after)) = inner.split_once('}')
        {
            rest = after;
            return Some(Part::Placeholder(name));
        }
        // A `${` at the start has no `}` after it, so the rest is text.
        let end = match rest.find("${") {
            Some(0) | None => rest.len(),
            Some(index) => index,
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(Part::Text(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_iam_does() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything/at:all", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("Get", "get", false),
            ("*ab", "aab", true),
            ("*a?c", "abcaxc", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                Pattern::wildcard(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn variables_are_known_since_2012() {
        let text = "arn:aws:s3:::b/${aws:username}/${*}";
        let new = Pattern::resource(text, Version::V2012_10_17);
        assert!(new.has_variable());
        assert!(new.matches("arn:aws:s3:::b/ann/*"));
        assert!(!new.matches("arn:aws:s3:::b/ann/x"));
        let old = Pattern::resource(text, Version::V2008_10_17);
        assert!(!old.has_variable());
        assert!(old.matches("arn:aws:s3:::b/${aws:username}/${anything}"));
        assert!(!old.matches("arn:aws:s3:::b/ann/*"));
    }

    #[test]
    fn an_unclosed_variable_is_text() {
        let pattern = Pattern::resource("a${b*", Version::V2012_10_17);
        assert!(!pattern.has_variable());
        assert!(pattern.matches("a${bcd"));
    }

    #[test]
    fn a_bucket_name_holds_no_slash() {
        let object = Pattern::arn_format("arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        assert!(object.matches("arn:aws:s3:::b/c/d"));
        assert!(!object.matches("arn:aws:s3:::b"));
    }

    #[test]
    fn whole_service_names() {
        for (text, expected) in [
            ("*", true),
            ("**", true),
            ("?*", true),
            ("*?", true),
            ("??*", false),
            ("?", false),
        ] {
            assert_eq!(
                Pattern::wildcard(text).covers_every_name(),
                expected,
                "{text}"
            );
        }
    }
}
