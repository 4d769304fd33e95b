//! The set algebra against the plain reading: every short string over a small alphabet, one by one.
#![allow(clippy::indexing_slicing)]

use iam_policy_parser::{Pattern, Residue, Token, WorkBudget, covers, overlaps, residue};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// All strings over `a`, `b`, `/` up to this length. Patterns have at most [`TOKENS`] tokens.
const LENGTH: usize = 6;
const TOKENS: usize = 4;

fn every_string() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..LENGTH {
        last = last
            .iter()
            .flat_map(|text| ["a", "b", "/"].map(|letter| format!("{text}{letter}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// What a pattern means, by the definition.
fn plainly_matches(tokens: &[char], text: &[char]) -> bool {
    match tokens.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|taken| plainly_matches(rest, &text[taken..])),
        // Stands for `${BucketName}` here: any string without a slash.
        Some(('$', rest)) => (0..=text.len())
            .take_while(|taken| !text[..*taken].contains(&'/'))
            .any(|taken| plainly_matches(rest, &text[taken..])),
        Some((token, rest)) => {
            text.first()
                .is_some_and(|letter| *token == '?' || token == letter)
                && plainly_matches(rest, &text[1..])
        }
    }
}

fn pattern(source: &str) -> Pattern {
    Pattern::from_tokens(source.chars().map(|letter| match letter {
        '*' => Token::AnyString,
        '?' => Token::AnyChar,
        '$' => Token::AnyStringWithout('/'),
        other => Token::Char(other),
    }))
}

fn source() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!['a', 'b', '/', '*', '?', '$']),
        0..=TOKENS,
    )
    .prop_map(|letters| letters.into_iter().collect())
}

fn sources(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(source(), 0..=most)
}

fn letters(text: &str) -> Vec<char> {
    text.chars().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn matching_follows_the_definition(source in source(), text in "[ab/]{0,7}") {
        prop_assert_eq!(pattern(&source).matches(&text), plainly_matches(&letters(&source), &letters(&text)));
    }

    #[test]
    fn overlap_is_a_residue_without_anything_taken_away(left in source(), right in source()) {
        let (left, right) = (pattern(&left), pattern(&right));
        let general = residue(&[&[&left], &[&right]], &[], &mut WorkBudget::default());
        prop_assert_eq!(overlaps(&left, &right), general.is_possible());
    }

    #[test]
    fn cover_is_an_empty_residue(outer in source(), inner in source()) {
        let (outer, inner) = (pattern(&outer), pattern(&inner));
        prop_assert_eq!(covers(&outer, &inner), residue(&[&[&inner]], &[&outer], &mut WorkBudget::default()) == Residue::Empty);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn residue_is_exact(groups in prop::collection::vec(sources(3), 0..=3), none_of in sources(4)) {
        let group_patterns: Vec<Vec<Pattern>> =
            groups.iter().map(|group| group.iter().map(|source| pattern(source)).collect()).collect();
        let group_refs: Vec<Vec<&Pattern>> = group_patterns.iter().map(|group| group.iter().collect()).collect();
        let all_of: Vec<&[&Pattern]> = group_refs.iter().map(Vec::as_slice).collect();
        let none_patterns: Vec<Pattern> = none_of.iter().map(|source| pattern(source)).collect();
        let none_refs: Vec<&Pattern> = none_patterns.iter().collect();

        let belongs = |text: &str| {
            let text = letters(text);
            groups.iter().all(|group| group.iter().any(|source| plainly_matches(&letters(source), &text)))
                && !none_of.iter().any(|source| plainly_matches(&letters(source), &text))
        };
        match residue(&all_of, &none_refs, &mut WorkBudget::default()) {
            Residue::Witness(witness) => prop_assert!(belongs(&witness), "{witness:?} does not belong"),
            Residue::Empty => {
                let missed = every_string().into_iter().find(|text| belongs(text));
                prop_assert_eq!(missed, None);
            }
            Residue::Undecided => prop_assert!(false, "patterns this small are decided"),
        }
    }
}
