//! Which credentials of users records show in use: the long-term access keys that signed calls, and passwords.
//!
//! Temporary access keys (`ASIA...`) are not kept: each session has its own, so that they would grow with the trail, and nobody has
//! to delete one. A user has few long-term ones (`AKIA...`).

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};

use crate::day_set::DaySet;
use crate::event_id::EventId;
use crate::interned::Interned;
use crate::principal::Principal;
use crate::time;

/// How many characters the id of an access key can have. Source: IAM API Reference, `AccessKey`.
const KEY_ID_LENGTHS: RangeInclusive<usize> = 16..=128;

/// A credential of an IAM user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserCredential<'a> {
    /// The password for the console.
    Password,
    /// A long-term access key: its id, `AKIA...`.
    AccessKey(&'a str),
}

impl<'a> UserCredential<'a> {
    /// The start of the id of a long-term access key. Source: IAM User Guide, "IAM identifiers", unique id prefixes.
    pub const LONG_TERM_PREFIX: &'static str = "AKIA";

    /// The access key with this id. `None` for a temporary one, which is not kept, and for a text that is no id.
    ///
    /// ```
    /// use advisor_core::UserCredential;
    ///
    /// assert!(UserCredential::long_term_key("AKIAIOSFODNN7EXAMPLE").is_some());
    /// assert!(UserCredential::long_term_key("ASIAIOSFODNN7EXAMPLE").is_none());
    /// ```
    #[must_use]
    pub fn long_term_key(id: &'a str) -> Option<Self> {
        let is_one = id.starts_with(Self::LONG_TERM_PREFIX)
            && KEY_ID_LENGTHS.contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then_some(Self::AccessKey(id))
    }

    /// The id of the access key.
    #[must_use]
    pub fn access_key_id(self) -> Option<&'a str> {
        match self {
            Self::Password => None,
            Self::AccessKey(id) => Some(id),
        }
    }
}

/// A credential of a principal in a [`Coverage`](crate::Coverage). Valid only for the coverage that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CredentialId(NonZeroU32);

/// The uses of one credential that records show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialUse<'a> {
    /// The user: the unique id or, if no record has it, the ARN.
    pub principal: Principal<'a>,
    /// The password or access key.
    pub credential: UserCredential<'a>,
    /// The namespace of the service of the last use; `signin` for passwords.
    pub service: &'a str,
    /// The Region of the last use.
    pub region: &'a str,
    /// The last use, in UTC milliseconds.
    pub last_millis: i64,
    /// The id of the last use's event; the greatest one when several have the same time.
    pub last_event_id: &'a str,
    /// The first use, in UTC milliseconds.
    pub first_millis: i64,
    /// The UTC days with uses.
    pub days: &'a DaySet,
}

/// A use as people and programs read it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_arn: Option<&'a str>,
    credential: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    service_namespace: &'a str,
    region: &'a str,
    last_used: String,
    last_event_id: &'a str,
    first_used: String,
    days: &'a DaySet,
}

impl Serialize for CredentialUse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = |millis| time::format(time::from_millis(millis));
        let shown = Shown {
            account_id: self.principal.account,
            principal_id: self.principal.unique_id,
            principal_arn: self.principal.arn,
            credential: match self.credential {
                UserCredential::Password => "Password",
                UserCredential::AccessKey(_) => "AccessKey",
            },
            access_key_id: self.credential.access_key_id(),
            service_namespace: self.service,
            region: self.region,
            last_used: instant(self.last_millis),
            last_event_id: self.last_event_id,
            first_used: instant(self.first_millis),
            days: self.days,
        };
        shown.serialize(serializer)
    }
}

impl<'a> CredentialUse<'a> {
    /// The order in which uses of one credential are last.
    fn order(&self) -> (i64, &'a str, &'a str, &'a str) {
        let (service, region) = (self.service, self.region);
        (self.last_millis, self.last_event_id, service, region)
    }
}

/// One use of a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenCredential<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) time_millis: i64,
    pub(crate) event_id: &'a [u8],
}

/// Uses by principal and credential.
#[derive(Clone, Debug, Default)]
pub(super) struct CredentialUses(Interned<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    /// The unique id, or the ARN when there is no unique id.
    principal: Box<str>,
    has_unique_id: bool,
    account: Option<Box<str>>,
    /// The access key; without one, it is the password.
    access_key: Option<Box<str>>,
    service: Box<str>,
    region: Box<str>,
    last_millis: i64,
    last_event_id: EventId,
    first_millis: i64,
    /// Empty until a use is recorded.
    days: DaySet,
}

impl Entry {
    fn new(principal: &str, has_unique_id: bool, credential: UserCredential<'_>) -> Self {
        Self {
            principal: principal.into(),
            has_unique_id,
            account: None,
            access_key: credential.access_key_id().map(Into::into),
            service: "".into(),
            region: "".into(),
            last_millis: i64::MIN,
            last_event_id: EventId::new(&[]),
            first_millis: i64::MAX,
            days: DaySet::new(),
        }
    }

    fn credential(&self) -> UserCredential<'_> {
        match &self.access_key {
            Some(id) => UserCredential::AccessKey(id),
            None => UserCredential::Password,
        }
    }

    fn get(&self) -> CredentialUse<'_> {
        let key = Some(&*self.principal);
        CredentialUse {
            principal: Principal {
                unique_id: key.filter(|_| self.has_unique_id),
                arn: key.filter(|_| !self.has_unique_id),
                account: self.account.as_deref(),
            },
            credential: self.credential(),
            service: &self.service,
            region: &self.region,
            last_millis: self.last_millis,
            last_event_id: self.last_event_id.as_str(),
            first_millis: self.first_millis,
            days: &self.days,
        }
    }

    fn add(&mut self, seen: &SeenCredential<'_>) {
        let SeenCredential {
            service,
            region,
            time_millis,
            event_id,
        } = *seen;
        let known = (self.last_millis, self.last_event_id.as_bytes());
        let is_later = (time_millis, event_id) > known || self.days.is_empty();
        let is_repeated = || (time_millis, event_id) == known;
        if is_later || (is_repeated() && (service, region) > (&*self.service, &*self.region)) {
            self.last_millis = time_millis;
            self.last_event_id = EventId::new(event_id);
            // Most often it is the same.
            for (known, seen) in [(&mut self.service, service), (&mut self.region, region)] {
                if **known != *seen {
                    *known = seen.into();
                }
            }
        }
        self.first_millis = self.first_millis.min(time_millis);
        self.days.insert(DaySet::day_of(time_millis));
    }

    fn merge(&mut self, other: &CredentialUse<'_>) {
        if self.days.is_empty() || other.order() > self.get().order() {
            self.last_millis = other.last_millis;
            self.last_event_id = EventId::new(other.last_event_id.as_bytes());
            self.service = other.service.into();
            self.region = other.region.into();
        }
        self.first_millis = self.first_millis.min(other.first_millis);
        self.days.merge(other.days);
    }
}

impl CredentialUses {
    /// The id of a credential of a principal; `None` when it has neither a unique id nor an ARN.
    pub(super) fn intern(
        &mut self,
        principal: Principal<'_>,
        credential: UserCredential<'_>,
    ) -> Option<CredentialId> {
        let key = principal.unique_id.or(principal.arn)?;
        let id = self.0.id(
            (key, credential),
            |known| *known.principal == *key && known.credential() == credential,
            || Entry::new(key, principal.unique_id.is_some(), credential),
        );
        let entry = self.0.get_mut(id)?;
        // Of several, the greatest is kept, whatever the order.
        if entry.account.as_deref() < principal.account {
            entry.account = principal.account.map(Into::into);
        }
        Some(CredentialId(NonZeroU32::MIN.saturating_add(id)))
    }

    pub(super) fn see(&mut self, CredentialId(id): CredentialId, seen: &SeenCredential<'_>) {
        if let Some(entry) = self.0.get_mut(id.get() - 1) {
            entry.add(seen);
        }
    }

    /// Adds uses of another part of the trail. Returns `false`, and adds nothing, when nothing identifies the principal.
    pub(super) fn add(&mut self, uses: &CredentialUse<'_>) -> bool {
        let id = self.intern(uses.principal, uses.credential);
        let entry = id.and_then(|CredentialId(id)| self.0.get_mut(id.get() - 1));
        entry.map(|entry| entry.merge(uses)).is_some()
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for uses in other.iter() {
            self.add(&uses);
        }
    }

    /// Those with uses, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = CredentialUse<'_>> {
        let entries = self.0.values();
        entries
            .filter(|entry| !entry.days.is_empty())
            .map(Entry::get)
    }

    /// Those with uses, in the order of principals and credentials.
    pub(super) fn sorted(&self) -> Vec<CredentialUse<'_>> {
        let mut uses: Vec<_> = self.iter().collect();
        uses.sort_unstable_by_key(|it| (it.principal.unique_id, it.principal.arn, it.credential));
        uses
    }
}

impl PartialEq for CredentialUses {
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}
