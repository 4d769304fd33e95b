//! Patterns by their definition, and all resources that a set of patterns can distinguish.

use hashbrown::{HashMap, HashSet};

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    One(char),
    AnyOne,
    Any,
    AnyWithout(char),
}

/// Parses a string of `Action` or `Resource` in a document without policy variables.
pub(crate) fn wildcards(text: &str) -> Vec<Piece> {
    text.chars().map(wildcard).collect()
}

fn wildcard(letter: char) -> Piece {
    match letter {
        '*' => Piece::Any,
        '?' => Piece::AnyOne,
        other => Piece::One(other),
    }
}

/// Replaces every `${...}` in `text` by what `placeholder` returns for the name.
fn with_placeholders(text: &str, mut placeholder: impl FnMut(&str) -> Piece) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let name = rest
            .strip_prefix("${")
            .and_then(|inner| inner.find('}').map(|end| &inner[..end]));
        if let Some(name) = name {
            pieces.push(placeholder(name));
            rest = &rest[name.len() + "${}".len()..];
        } else {
            pieces.push(wildcard(letter));
            rest = &rest[letter.len_utf8()..];
        }
    }
    pieces
}

/// Parses a string of `Resource` in a document with policy variables. Also returns whether it has one.
/// A variable without a value is any string.
pub(crate) fn with_variables(text: &str) -> (Vec<Piece>, bool) {
    let mut has_variable = false;
    let pieces = with_placeholders(text, |name| match name {
        "*" | "?" | "$" => Piece::One(name.chars().next().unwrap()),
        _ => {
            has_variable = true;
            Piece::Any
        }
    });
    (pieces, has_variable)
}

/// A resource type's ARN format. Partition, service, Region and account hold no `:`.
pub(crate) fn arn_format(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, segment) in text.splitn(6, ':').enumerate() {
        let any = if index < 5 {
            Piece::AnyWithout(':')
        } else {
            Piece::Any
        };
        let read = with_placeholders(segment, |name| match name {
            "BucketName" => Piece::AnyWithout('/'),
            _ => any,
        });
        if index > 0 {
            pieces.push(Piece::One(':'));
        }
        // A `*` in the format is a variable without a name.
        pieces.extend(
            read.into_iter()
                .map(|piece| if piece == Piece::Any { any } else { piece }),
        );
    }
    pieces
}

/// Whether the pattern matches the text, by definition.
pub(crate) fn matches(pattern: &[Piece], text: &[char]) -> bool {
    let Some((piece, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    let with_first = |accepted: fn(char, char) -> bool, letter: char| {
        text.split_first()
            .is_some_and(|(first, behind)| accepted(*first, letter) && matches(rest, behind))
    };
    // A repeating piece matches nothing, or one character and then itself again.
    let goes_on = |without: Option<char>| {
        matches(rest, text)
            || text
                .split_first()
                .is_some_and(|(first, behind)| Some(*first) != without && matches(pattern, behind))
    };
    match *piece {
        Piece::One(letter) => with_first(|first, letter| first == letter, letter),
        Piece::AnyOne => with_first(|_, _| true, ' '),
        Piece::Any => goes_on(None),
        Piece::AnyWithout(letter) => goes_on(Some(letter)),
    }
}

/// Represents all characters that no pattern contains.
pub(crate) const FRESH: char = '~';

/// Returns strings that `format` matches, one for each set of `patterns` that match the same string. The
/// patterns cannot distinguish any other resource from all of these.
///
/// This is the subset construction over all patterns at once. The alphabet is every character in a
/// pattern, and one that is in none. A state is the set of positions in all patterns. Every reachable
/// state is visited. The first string is kept for each combination of patterns that end there.
pub(crate) fn every_resource(format: &[Piece], patterns: &[&[Piece]]) -> Vec<Vec<char>> {
    let walk = Walk::new(format, patterns);
    let mut seen: HashSet<Places> = HashSet::new();
    let mut kept: HashMap<Places, usize> = HashMap::new();
    // Each state with its predecessor and the character between them.
    let mut reached: Vec<(Places, usize, char)> = Vec::new();
    let start = walk.skip_repeats(walk.starts.clone());
    seen.insert(start.clone());
    reached.push((start, 0, FRESH));
    let mut next = 0;
    while next < reached.len() {
        let places = reached[next].0.clone();
        if meet(&places, &walk.format_end) {
            kept.entry(both(&places, &walk.ends)).or_insert(next);
        }
        for letter in &walk.letters {
            // A character that no position here distinguishes from the fresh one has the same successor.
            if letter.letter != FRESH && !meet(&places, &letter.distinguished) {
                continue;
            }
            let to = walk.step(&places, letter);
            // The format cannot match from here.
            if meet(&to, &walk.format) && !seen.contains(&to) {
                seen.insert(to.clone());
                reached.push((to, next, letter.letter));
            }
        }
        next += 1;
    }
    let spell = |mut index: usize| {
        let mut letters = Vec::new();
        while index != 0 {
            letters.push(reached[index].2);
            index = reached[index].1;
        }
        letters.reverse();
        letters
    };
    kept.into_values().map(spell).collect()
}

/// A set of positions: one bit for every piece of every pattern, and one after each pattern.
type Places = Vec<u128>;

struct Letter {
    letter: char,
    /// Positions that this character advances.
    advance: Places,
    /// Positions that match it and stay.
    stay: Places,
    /// Positions that distinguish it from the fresh character.
    distinguished: Places,
}

struct Walk {
    letters: Vec<Letter>,
    starts: Places,
    repeats: Places,
    ends: Places,
    /// All positions in the format.
    format: Places,
    format_end: Places,
}

const BITS: usize = 128;

impl Walk {
    fn new(format: &[Piece], patterns: &[&[Piece]]) -> Self {
        let all: Vec<&[Piece]> = std::iter::once(format)
            .chain(patterns.iter().copied())
            .collect();
        let count: usize = all.iter().map(|pieces| pieces.len() + 1).sum();
        let none = vec![0; count.div_ceil(BITS)];
        let mut named: Vec<char> = all
            .iter()
            .flat_map(|pieces| pieces.iter())
            .filter_map(|piece| match piece {
                Piece::One(letter) | Piece::AnyWithout(letter) => Some(*letter),
                Piece::AnyOne | Piece::Any => None,
            })
            .collect();
        named.sort_unstable();
        named.dedup();
        assert!(!named.contains(&FRESH));
        named.push(FRESH);
        let letter = |letter: char| Letter {
            letter,
            advance: none.clone(),
            stay: none.clone(),
            distinguished: none.clone(),
        };
        let mut walk = Self {
            letters: named.into_iter().map(letter).collect(),
            starts: none.clone(),
            repeats: none.clone(),
            ends: none.clone(),
            format: none.clone(),
            format_end: none.clone(),
        };
        let mut place = 0;
        for (index, pieces) in all.into_iter().enumerate() {
            put(&mut walk.starts, place);
            for piece in pieces {
                walk.piece(place, *piece);
                place += 1;
            }
            put(&mut walk.ends, place);
            if index == 0 {
                (0..=place).for_each(|place| put(&mut walk.format, place));
                put(&mut walk.format_end, place);
            }
            place += 1;
        }
        walk
    }

    fn piece(&mut self, place: usize, piece: Piece) {
        for letter in &mut self.letters {
            match piece {
                Piece::One(one) => {
                    if one == letter.letter {
                        put(&mut letter.advance, place);
                        put(&mut letter.distinguished, place);
                    }
                }
                Piece::AnyOne => put(&mut letter.advance, place),
                Piece::Any => put(&mut letter.stay, place),
                Piece::AnyWithout(one) => {
                    if one == letter.letter {
                        put(&mut letter.distinguished, place);
                    } else {
                        put(&mut letter.stay, place);
                    }
                }
            }
        }
        if matches!(piece, Piece::Any | Piece::AnyWithout(_)) {
            put(&mut self.repeats, place);
        }
    }

    fn step(&self, places: &Places, letter: &Letter) -> Places {
        let mut to = vec![0; places.len()];
        let mut carry = 0;
        for word in 0..places.len() {
            let left = places[word] & letter.advance[word];
            to[word] = (left << 1) | carry | (places[word] & letter.stay[word]);
            carry = left >> (BITS - 1);
        }
        self.skip_repeats(to)
    }

    /// Adds the positions after repeating pieces, which can match nothing.
    fn skip_repeats(&self, mut places: Places) -> Places {
        loop {
            let mut carry = 0;
            let mut is_done = true;
            for (place, repeat) in places.iter_mut().zip(&self.repeats) {
                let skipped = *place & repeat;
                let more = *place | (skipped << 1) | carry;
                carry = skipped >> (BITS - 1);
                is_done &= more == *place;
                *place = more;
            }
            if is_done {
                return places;
            }
        }
    }
}

fn put(places: &mut Places, place: usize) {
    places[place / BITS] |= 1 << (place % BITS);
}

fn meet(left: &Places, right: &Places) -> bool {
    left.iter()
        .zip(right)
        .any(|(left, right)| left & right != 0)
}

fn both(left: &Places, right: &Places) -> Places {
    left.iter()
        .zip(right)
        .map(|(left, right)| left & right)
        .collect()
}

#[test]
fn matching_and_walking_agree_with_known_answers() {
    let is_match =
        |pattern: &str, text: &str| matches(&wildcards(pattern), &text.chars().collect::<Vec<_>>());
    assert!(is_match("a*?b", "axxb") && !is_match("a*?b", "ab") && is_match("*", ""));
    let is_arn = |text: &str| {
        matches(
            &arn_format("arn:*:k:${Region}:*:key/${Id}"),
            &text.chars().collect::<Vec<_>>(),
        )
    };
    assert!(is_arn("arn:aws:k:::key/a:b") && !is_arn("arn:aws:k::::key/a"));
    let bucket = arn_format("${BucketName}");
    assert!(matches(&bucket, &['a', 'b']) && !matches(&bucket, &['a', '/']));
    assert_eq!(
        with_variables("a${b}${*}${").0[1..3],
        [Piece::Any, Piece::One('*')]
    );

    let spelled = |format: &str, patterns: &[&str]| {
        let patterns: Vec<Vec<Piece>> = patterns.iter().map(|text| wildcards(text)).collect();
        let patterns: Vec<&[Piece]> = patterns.iter().map(Vec::as_slice).collect();
        let mut strings: Vec<String> = every_resource(&arn_format(format), &patterns)
            .into_iter()
            .map(|letters| letters.into_iter().collect())
            .collect();
        strings.sort();
        strings
    };
    assert_eq!(spelled("${Any}", &["", "?", "??*"]), ["", "~", "~~"]);
    assert_eq!(spelled("${BucketName}", &["*/*"]), [""]);
    assert_eq!(
        spelled("a${Any}", &["*a", "*b", "?"]),
        ["a", "aa", "ab", "a~"]
    );
}
