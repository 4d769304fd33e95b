//! Rust source as identifiers and punctuation: without comments, literals, attributes and items that only tests have.

/// The tokens of a file: identifiers, `::`, and single characters of punctuation.
pub(super) fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_length(rest);
        let length = if skipped > 0 {
            skipped
        } else {
            let length = token_length(rest, first);
            tokens.extend(rest.get(..length));
            length
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

fn token_length(rest: &str, first: char) -> usize {
    if is_identifier(first) {
        return rest
            .find(|letter| !is_identifier(letter))
            .unwrap_or(rest.len());
    }
    if rest.starts_with("::") {
        2
    } else {
        first.len_utf8()
    }
}

fn is_identifier(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// How long the white space, comment or literal is that the text starts with; 0 when it starts with none.
fn skipped_length(rest: &str) -> usize {
    let spaces = rest.len() - rest.trim_start().len();
    if spaces > 0 {
        return spaces;
    }
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_length(rest);
    }
    if rest.starts_with('\'') {
        return character_length(rest);
    }
    // String literals, with or without a prefix such as `b`, `r#` or `br##`.
    let marked = rest.trim_start_matches(['b', 'c']);
    let raw = marked.strip_prefix('r');
    let bare = raw.unwrap_or(marked).trim_start_matches('#');
    let prefix = rest.len() - bare.len();
    let Some(text) = bare.strip_prefix('"').filter(|_| prefix <= 4) else {
        return 0;
    };
    let length = match raw {
        Some(raw) => {
            let end = format!("\"{}", "#".repeat(raw.len() - bare.len()));
            text.find(&end).map_or(text.len(), |at| at + end.len())
        }
        None => quoted_length(text, '"'),
    };
    prefix + 1 + length
}

/// The length up to the closing quote, which is included.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

/// A character literal; of a lifetime, the quote.
fn character_length(rest: &str) -> usize {
    let text = rest.get(1..).unwrap_or_default();
    let mut letters = text.chars();
    let is_literal = match letters.next() {
        Some('\\') => true,
        _ => letters.next() == Some('\''),
    };
    if is_literal {
        1 + quoted_length(text, '\'')
    } else {
        1
    }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(text) = rest.get(at..).filter(|text| !text.is_empty()) {
        if text.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Removes attributes, and the items that `#[cfg(test)]` stands before. Also returns the names of the modules among
/// these items that have files of their own.
pub(super) fn without_tests<'a>(tokens: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut kept, mut test_modules) = (Vec::new(), Vec::new());
    let mut rest = tokens;
    let mut is_test = false;
    loop {
        rest = match rest {
            [] => return (kept, test_modules),
            ["#", "!", attribute @ ..] if attribute.first() == Some(&"[") => {
                attribute.get(group_length(attribute)..).unwrap_or_default()
            }
            ["#", attribute @ ..] if attribute.first() == Some(&"[") => {
                let (attribute, after) = attribute.split_at(group_length(attribute));
                is_test |= attribute.get(1) == Some(&"cfg")
                    && attribute.contains(&"test")
                    && !attribute.contains(&"not");
                after
            }
            _ if is_test => {
                is_test = false;
                let (item, after) = rest.split_at(item_length(rest));
                if let [.., "mod", name, ";"] = item {
                    test_modules.push(*name);
                }
                after
            }
            [token, after @ ..] => {
                kept.push(*token);
                after
            }
        };
    }
}

/// The length of the bracketed group that the tokens start with.
fn group_length(tokens: &[&str]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// The length of an item: up to its `;` or the end of its body. Of what is no item (a field, an arm), up to its comma.
fn item_length(tokens: &[&str]) -> usize {
    const ITEMS: &[&str] = &[
        "pub",
        "mod",
        "use",
        "fn",
        "impl",
        "struct",
        "enum",
        "const",
        "static",
        "type",
        "trait",
        "unsafe",
        "async",
        "extern",
        "let",
        "macro_rules",
    ];
    let is_item = tokens.first().is_some_and(|first| ITEMS.contains(first));
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match *token {
            ";" => return index + 1,
            "," if !is_item => return index + 1,
            "{" => return index + group_length(tokens.get(index..).unwrap_or_default()),
            "(" | "[" => index += group_length(tokens.get(index..).unwrap_or_default()),
            ")" | "]" | "}" => return index,
            _ => index += 1,
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_left_out() {
        let source = r##"
            //! crate::a
            /* crate::b /* nested */ */
            let a = "crate::c \" "; let b = r#"crate::"d""#; let c = b'\''; let d: &'static str = '"'.into();
            crate::e
        "##;
        let shown = tokens(source).join(" ");
        assert_eq!(
            shown,
            "let a = ; let b = ; let c = b ; let d : & static str = . into ( ) ; crate :: e"
        );
    }

    #[test]
    fn items_of_tests_are_left_out() {
        let source = "
            #![allow(x)]
            #[derive(Debug)] struct A { #[cfg(test)] seen: Vec<A>, kept: B }
            #[cfg(test)] #[allow(x)] mod tests { use crate::c; }
            #[cfg(test)] mod apart;
            #[cfg(not(test))] use crate::d;
        ";
        let all = tokens(source);
        let (kept, test_modules) = without_tests(&all);
        assert_eq!(kept.join(" "), "struct A { kept : B } use crate :: d ;");
        assert_eq!(test_modules, ["apart"]);
    }
}
