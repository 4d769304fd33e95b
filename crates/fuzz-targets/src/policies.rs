//! Policy documents, ARNs, and patterns against brute force.

use iam_policy_parser::{
    Arn, IamArn, Pattern, PolicyDocument, Residue, Version, WorkBudget, covers, overlaps, residue,
};

/// Parses a policy document, as JSON and URL-encoded.
pub(crate) fn document(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(error) = PolicyDocument::parse(text) {
        // Errors name the place.
        assert!(error.line() <= text.lines().count() + 1, "{error}");
    }
    _ = PolicyDocument::parse_url_encoded(text);
}

/// The parts of an ARN are those of its text.
pub(crate) fn arn(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(arn) = text.parse::<Arn>() {
        let parts = [
            "arn",
            arn.partition(),
            arn.service(),
            arn.region(),
            arn.account(),
            arn.resource(),
        ];
        assert_eq!(parts.join(":"), text);
        assert_eq!(arn.to_string(), text);
    }
    if let Ok(arn) = text.parse::<IamArn>() {
        assert_eq!(arn.arn().as_str(), text);
    }
    for version in [Version::V2008_10_17, Version::V2012_10_17] {
        let pattern = Pattern::resource(text, version);
        if let Some(literal) = pattern.as_literal() {
            assert!(pattern.matches(&literal));
        }
    }
}

/// The longest patterns and strings of the brute force.
const TOKENS: usize = 4;
const LENGTH: usize = 6;

/// Set algebra on small patterns agrees with trying all short strings.
pub(crate) fn algebra(data: &[u8]) {
    // Each byte is a token, or ends a pattern. `c` stands for all letters that no pattern has.
    let mut patterns = vec![String::new()];
    for byte in data.iter().take(24) {
        let token = match byte % 6 {
            0 => 'a',
            1 => 'b',
            2 | 3 => '*',
            4 => '?',
            _ => {
                patterns.push(String::new());
                continue;
            }
        };
        if let Some(last) = patterns.last_mut().filter(|last| last.len() < TOKENS) {
            last.push(token);
        }
    }
    patterns.truncate(5);
    let patterns: Vec<Pattern> = patterns
        .iter()
        .map(|text| Pattern::wildcard(text))
        .collect();
    let strings = strings();
    // Which strings each pattern matches.
    let matched: Vec<Matched> = patterns.iter().map(Matched::of).collect();
    for (left, of_left) in patterns.iter().zip(&matched) {
        for (right, of_right) in patterns.iter().zip(&matched) {
            let both = of_left.find(of_right, |left, right| left & right);
            let only = of_left.find(of_right, |left, right| right & !left);
            assert!(
                overlaps(left, right) || both.is_none(),
                "{left:?} {right:?} {both:?}"
            );
            assert!(
                !covers(left, right) || only.is_none(),
                "{left:?} {right:?} {only:?}"
            );
        }
    }
    let [first, second, rest @ ..] = &*patterns else {
        return;
    };
    let none_of: Vec<&Pattern> = rest.iter().collect();
    let is_in = |text: &String| {
        first.matches(text)
            && second.matches(text)
            && !none_of.iter().any(|pattern| pattern.matches(text))
    };
    let mut budget = WorkBudget::steps(100_000);
    match residue(&[&[first], &[second]], &none_of, &mut budget) {
        Residue::Witness(witness) => assert!(is_in(&witness), "{patterns:?} {witness:?}"),
        Residue::Empty => {
            let found = strings.iter().find(|text| is_in(text));
            assert_eq!(found, None, "{patterns:?}");
        }
        Residue::Undecided => {}
    }
}

/// The strings that a pattern matches: a bit for each.
struct Matched(Vec<u64>);

impl Matched {
    fn of(pattern: &Pattern) -> Self {
        let bits = strings().chunks(64).map(|chunk| {
            let bits = chunk
                .iter()
                .rev()
                .map(|text| u64::from(pattern.matches(text)));
            bits.fold(0, |all, bit| all << 1 | bit)
        });
        Self(bits.collect())
    }

    /// The first string in a combination of two sets.
    fn find(&self, other: &Self, combined: impl Fn(u64, u64) -> u64) -> Option<&'static String> {
        let pairs = self.0.iter().zip(&other.0).enumerate();
        let mut combined = pairs.map(|(chunk, (left, right))| (chunk, combined(*left, *right)));
        let (chunk, bits) = combined.find(|(_, bits)| *bits != 0)?;
        strings().get(chunk * 64 + usize::try_from(bits.trailing_zeros()).unwrap())
    }
}

/// All strings of at most [`LENGTH`] letters of `abc`.
fn strings() -> &'static [String] {
    static STRINGS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    STRINGS.get_or_init(|| {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..LENGTH {
            let longer = last
                .iter()
                .flat_map(|text| ["a", "b", "c"].map(|it| format!("{text}{it}")));
            last = longer.collect();
            all.extend(last.iter().cloned());
        }
        all
    })
}
