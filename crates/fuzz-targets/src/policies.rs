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
const LENGTH: usize = 5;

/// Set algebra on small patterns agrees with trying all short strings.
pub(crate) fn algebra(data: &[u8]) {
    // Each byte is a token, or ends a pattern. `c` stands for all letters that no pattern has.
    let mut texts = vec![String::new()];
    for byte in data.iter().take(24) {
        let token = match byte % 6 {
            0 => 'a',
            1 => 'b',
            2 | 3 => '*',
            4 => '?',
            _ => {
                texts.push(String::new());
                continue;
            }
        };
        if let Some(last) = texts.last_mut().filter(|last| last.len() < TOKENS) {
            last.push(token);
        }
    }
    texts.truncate(5);
    let patterns: Vec<Pattern> = texts.iter().map(|text| Pattern::wildcard(text)).collect();
    let matched: Vec<Matched> = texts.iter().map(|text| Matched::of(text)).collect();
    let strings = strings();
    let some = usize::from(data.last().copied().unwrap_or_default());
    for (pattern, matched) in patterns.iter().zip(&matched) {
        for (index, text) in strings.iter().enumerate().skip(some).step_by(61) {
            assert_eq!(
                pattern.matches(text),
                matched.has(index),
                "{pattern:?} {text}"
            );
        }
    }
    for (left, of_left) in patterns.iter().zip(&matched) {
        for (right, of_right) in patterns.iter().zip(&matched) {
            let both = of_left.find(|chunk, left| left & of_right.chunk(chunk));
            let only = of_left.find(|chunk, left| !left & of_right.chunk(chunk));
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
    let mut budget = WorkBudget::steps(100_000);
    match residue(&[&[first], &[second]], &none_of, &mut budget) {
        Residue::Witness(witness) => {
            let is_in = first.matches(&witness)
                && second.matches(&witness)
                && !none_of.iter().any(|pattern| pattern.matches(&witness));
            assert!(is_in, "{patterns:?} {witness:?}");
        }
        Residue::Empty => {
            let [of_first, others @ ..] = &*matched else {
                return;
            };
            let found = of_first.find(|chunk, first| {
                let mut others = others.iter().map(|matched| matched.chunk(chunk));
                let second = others.next().unwrap_or_default();
                others.fold(first & second, |all, other| all & !other)
            });
            assert_eq!(found, None, "{patterns:?}");
        }
        Residue::Undecided => {}
    }
}

/// The strings that a pattern of at most [`TOKENS`] tokens matches, a bit for each: by an automaton, whose states are sets of
/// places in the pattern.
struct Matched(Vec<u64>);

impl Matched {
    fn of(text: &str) -> Self {
        let tokens = text.as_bytes();
        // A star may end at once.
        let closed = |mut places: u8| {
            for (place, token) in tokens.iter().enumerate() {
                if *token == b'*' && places & 1 << place != 0 {
                    places |= 2 << place;
                }
            }
            places
        };
        let mut next = [[0_u8; 3]; 1 << (TOKENS + 1)];
        for (places, of_places) in (0_u8..).zip(&mut next) {
            for (letter, reached) in b"abc".iter().zip(of_places) {
                for (place, token) in tokens.iter().enumerate() {
                    if places & 1 << place != 0 {
                        *reached |= match token {
                            b'*' => 1 << place,
                            token if *token == b'?' || token == letter => 2 << place,
                            _ => 0,
                        };
                    }
                }
                *reached = closed(*reached);
            }
        }
        // In the order of `strings`: those of a length follow from those of the one before.
        let mut states = Vec::with_capacity(strings().len());
        states.push(closed(1));
        let mut parent = 0;
        while states.len() < strings().len() {
            let places = states.get(parent).map_or(0, |places| usize::from(*places));
            states.extend(next.get(places).unwrap_or(&[0; 3]));
            parent += 1;
        }
        let end = 1 << tokens.len();
        let bits = states.chunks(64).map(|chunk| {
            let bits = chunk.iter().rev();
            bits.fold(0, |all, places| all << 1 | u64::from(places & end != 0))
        });
        Self(bits.collect())
    }

    fn chunk(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn has(&self, string: usize) -> bool {
        self.chunk(string / 64) >> (string % 64) & 1 != 0
    }

    /// The first string of which a function of chunks has a bit.
    fn find(&self, combined: impl Fn(usize, u64) -> u64) -> Option<&'static String> {
        let mut chunks = self.0.iter().enumerate();
        chunks.find_map(|(index, chunk)| {
            let bits = combined(index, *chunk);
            let string = index * 64 + usize::try_from(bits.trailing_zeros()).unwrap();
            (bits != 0).then(|| strings().get(string)).flatten()
        })
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
