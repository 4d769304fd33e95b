//! The parameters of a Query request, from the query string and the form-encoded body.

use percent_encoding::percent_decode_str;

use crate::error::ApiError;

/// Decoded names and values, in the order of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Adds the parameters of a form-encoded text (`a=b&c=d`), up to `most` in total.
    pub(crate) fn add(&mut self, text: &str, most: usize) -> Result<(), ApiError> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.push(decode(name)?, decode(value)?, most)?;
        }
        Ok(())
    }

    /// Adds a parameter, up to `most` in total.
    pub(crate) fn push(
        &mut self,
        name: String,
        value: String,
        most: usize,
    ) -> Result<(), ApiError> {
        if self.0.len() >= most {
            return Err(ApiError::malformed_query(format!(
                "The request has more than {most} parameters."
            )));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// All parameters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter, the first one when it occurs several times.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The members of a list, in order: `Name.member.1`, as SDKs send them, `Name.Member.1` or `Name.1`.
    /// `None` when there are no members.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let mut members: Vec<(u32, &str)> = self
            .iter()
            .filter_map(|(known, value)| {
                let rest = known.strip_prefix(name)?.strip_prefix('.')?;
                let number = rest
                    .strip_prefix("member.")
                    .or_else(|| rest.strip_prefix("Member."))
                    .unwrap_or(rest);
                Some((number.parse().ok()?, value))
            })
            .collect();
        members.sort_by_key(|(number, _)| *number);
        (!members.is_empty()).then(|| {
            members
                .into_iter()
                .map(|(_, value)| value.to_owned())
                .collect()
        })
    }
}

/// Decodes `%41` and `+`.
fn decode(text: &str) -> Result<String, ApiError> {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let is_hex = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(is_hex(rest.next()) && is_hex(rest.next())) {
            return Err(ApiError::malformed_query(
                "A % is not followed by two hexadecimal digits.",
            ));
        }
    }
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| ApiError::malformed_query("A parameter is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Parameters {
        let mut parameters = Parameters::default();
        parameters.add(text, 10).unwrap();
        parameters
    }

    #[test]
    fn lists_in_every_spelling() {
        for text in [
            "N.member.2=b&N.member.1=a",
            "N.Member.1=a&N.Member.2=b",
            "N.1=a&N.2=b",
            "N.member.10=b&N.member.9=a",
        ] {
            let expected = Some(vec!["a".to_owned(), "b".to_owned()]);
            assert_eq!(parameters(text).list("N"), expected, "{text}");
        }
        assert_eq!(parameters("N=&Nx.1=a&N.x=b").list("N"), None);
    }

    #[test]
    fn decoding() {
        assert_eq!(parameters("a=x+y%2Bz%C3%A9").get("a"), Some("x y+zé"));
        assert_eq!(parameters("a&b=").get("a"), Some(""));
        assert_eq!(parameters("a=1&a=2").get("a"), Some("1"));
        for broken in ["a=%", "a=%4", "%zz=1", "a=%ff"] {
            assert!(Parameters::default().add(broken, 10).is_err(), "{broken}");
        }
        assert!(Parameters::default().add(&"a=1&".repeat(11), 10).is_err());
    }
}
