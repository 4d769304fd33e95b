//! Sessions of the web pages: random tokens, signed, which browsers keep in a cookie.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::hexadecimal::{hex, unhex};

/// The name of the cookie.
const NAME: &str = "access-advisor-session";
/// How long a session lasts.
const SECONDS: i64 = 8 * 60 * 60;
/// The most sessions of an access key. One more ends the oldest, so that signing in again and again takes no memory.
const MOST_OF_KEY: usize = 16;

/// The sessions of a server, which end when it stops.
///
/// A cookie is `ACCESS-KEY-ID.TOKEN.SIGNATURE`. The signature is checked before anything is looked up: what this server did not make
/// tells nothing about the sessions that there are, and takes no time of others.
pub(crate) struct Sessions {
    /// With a key of its own, which nothing else knows.
    signer: Hmac<Sha256>,
    /// By access key, the oldest first.
    tokens: Mutex<HashMap<String, VecDeque<Token>>>,
}

impl Default for Sessions {
    fn default() -> Self {
        // As many bytes as a block of SHA-256 has; 488 bits of them are the system's random numbers.
        let mut key = [0; 64];
        for part in key.chunks_exact_mut(16) {
            part.copy_from_slice(Uuid::new_v4().as_bytes());
        }
        Self {
            signer: Hmac::new(&key.into()),
            tokens: Mutex::default(),
        }
    }
}

struct Token {
    text: String,
    /// In seconds since 1970.
    expires: i64,
}

/// A session that has not ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    token: String,
}

impl Sessions {
    /// Starts a session of an access key. Returns the header that sets its cookie.
    pub(crate) fn start(&self, access_key_id: &str, now: DateTime<Utc>, is_secure: bool) -> String {
        // Version 4 has 122 bits of the system's random numbers.
        let text = Uuid::new_v4().simple().to_string();
        let signed = format!("{access_key_id}.{text}");
        let signature = hex(&self.signature(&signed).finalize().into_bytes());
        let header = header(&format!("{signed}.{signature}"), SECONDS, is_secure);
        let expires = now.timestamp().saturating_add(SECONDS);
        let mut sessions = self.lock();
        let tokens = sessions.entry(access_key_id.to_owned()).or_default();
        if tokens.len() >= MOST_OF_KEY {
            tokens.pop_front();
        }
        tokens.push_back(Token { text, expires });
        header
    }

    /// The session of a request. `None` without a cookie, with several (another server of this host may have added one), or when it
    /// has ended.
    pub(crate) fn of(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Session> {
        let cookies = headers.get_all(COOKIE).iter();
        let mut values = cookies
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.split_once('='))
            .filter(|(name, _)| name.trim() == NAME)
            .map(|(_, value)| value.trim());
        let (signed, signature) = values.next()?.rsplit_once('.')?;
        if values.next().is_some() {
            return None;
        }
        // Compares in constant time.
        let signature = unhex(signature)?;
        self.signature(signed).verify_slice(&signature).ok()?;
        let (access_key_id, token) = signed.rsplit_once('.')?;
        let sessions = self.lock();
        let mut tokens = sessions.get(access_key_id)?.iter();
        let is_open = tokens.any(|known| known.is(token) && known.expires > now.timestamp());
        is_open.then(|| Session {
            access_key_id: access_key_id.to_owned(),
            token: token.to_owned(),
        })
    }

    /// Ends a session. Returns the header that removes its cookie.
    pub(crate) fn end(&self, session: &Session, is_secure: bool) -> String {
        if let Some(tokens) = self.lock().get_mut(&session.access_key_id) {
            tokens.retain(|known| !known.is(&session.token));
        }
        header("", 0, is_secure)
    }

    fn signature(&self, signed: &str) -> Hmac<Sha256> {
        self.signer.clone().chain_update(signed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Token>>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// Compares in constant time.
    fn is(&self, text: &str) -> bool {
        self.text.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

fn header(value: &str, seconds: i64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/ui; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        headers
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// The cookie that a browser keeps.
    fn start(sessions: &Sessions, seconds: i64) -> HeaderMap {
        let cookie = sessions.start("AKIA1", at(seconds), false);
        headers(cookie.split(';').next().unwrap())
    }

    #[test]
    fn a_session_lasts_until_its_time_or_its_end() {
        let sessions = Sessions::default();
        let cookie = sessions.start("AKIA1", at(1_000), false);
        assert!(cookie.ends_with("; Path=/ui; Max-Age=28800; HttpOnly; SameSite=Strict"));
        let sent = headers(&format!("other=1; {}", cookie.split(';').next().unwrap()));
        let session = sessions.of(&sent, at(1_000)).unwrap();
        assert_eq!(session.access_key_id, "AKIA1");
        assert!(sessions.of(&sent, at(1_000 + SECONDS - 1)).is_some());
        assert_eq!(sessions.of(&sent, at(1_000 + SECONDS)), None);
        // Another session of the same second goes on.
        let other = start(&sessions, 1_000);
        assert!(sessions.end(&session, false).contains("=; "));
        assert_eq!(sessions.of(&sent, at(1_000)), None);
        assert!(sessions.of(&other, at(1_000)).is_some());
    }

    #[test]
    fn changed_cookies_and_those_of_other_servers_are_no_sessions() {
        let sessions = Sessions::default();
        let cookie = sessions.start("AKIA1", at(1_000), true);
        assert!(cookie.ends_with("; Secure"));
        let pair = cookie.split(';').next().unwrap();
        assert!(sessions.of(&headers(pair), at(1_000)).is_some());
        let parts: Vec<&str> = pair.split('.').collect();
        let [before, token, signature] = parts[..] else {
            panic!("{pair}");
        };
        assert_eq!(signature.len(), 64);
        let other = start(&sessions, 1_000);
        let other = other[COOKIE].to_str().unwrap();
        let (_, of_other) = other.rsplit_once('.').unwrap();
        for changed in [
            pair.replace("AKIA1", "AKIA2"),
            format!("{pair}.x"),
            format!("{before}.{}.{signature}", last_changed(token)),
            format!("{before}.{}.{signature}", token.to_ascii_uppercase()),
            format!("{before}.{token}.{}", last_changed(signature)),
            format!("{before}.{token}.{}", signature.to_ascii_uppercase()),
            format!("{before}.{token}.{of_other}"),
            format!("{before}.{token}.{}", "0".repeat(64)),
            format!("{before}.{token}."),
            format!("{before}.{token}"),
            pair[..pair.len() - 1].to_owned(),
            format!("{before}."),
            before.to_owned(),
            format!("{pair}; {pair}"),
            format!("{NAME}=AKIA9.{token}.{signature}; {pair}"),
        ] {
            let session = sessions.of(&headers(&changed), at(1_000));
            // A text without letters has no upper case.
            assert!(session.is_none() || changed == pair, "{changed}");
        }
        assert_eq!(Sessions::default().of(&headers(pair), at(1_000)), None);
    }

    /// A text with another last digit.
    fn last_changed(text: &str) -> String {
        let (start, end) = text.split_at(text.len() - 1);
        format!("{start}{}", if end == "0" { "1" } else { "0" })
    }

    #[test]
    fn a_token_counts_only_with_the_signature_of_its_server() {
        let (sessions, other) = (Sessions::default(), Sessions::default());
        let sent = start(&sessions, 1_000);
        let (_, token) = sent[COOKIE].to_str().unwrap().split_once('.').unwrap();
        let (token, _) = token.split_once('.').unwrap();
        // Another server may know the token, but not sign it.
        let known = Token {
            text: token.to_owned(),
            expires: i64::MAX,
        };
        (other.lock()).insert("AKIA1".to_owned(), VecDeque::from([known]));
        assert_eq!(other.of(&sent, at(1_000)), None);
        // A signed token counts while its session lasts.
        sessions.lock().clear();
        assert_eq!(sessions.of(&sent, at(1_000)), None);
    }

    #[test]
    fn access_keys_may_have_dots() {
        let sessions = Sessions::default();
        let cookie = sessions.start("AKIA.1", at(1_000), false);
        let session = sessions.of(&headers(cookie.split(';').next().unwrap()), at(1_000));
        assert_eq!(session.unwrap().access_key_id, "AKIA.1");
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let sessions = Sessions::default();
        let started: Vec<_> = (0..=MOST_OF_KEY).map(|_| start(&sessions, 1_000)).collect();
        let is_open = |sent| sessions.of(sent, at(1_000)).is_some();
        assert!(!is_open(&started[0]));
        assert!(started[1..].iter().all(is_open));
    }
}
