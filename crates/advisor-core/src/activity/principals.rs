//! The principals of an activity table, and the ARNs and accounts they appeared under.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::attempt::AppearanceId;
use crate::interned::{Interned, index};
use crate::principal::Principal;

/// Principals by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Principals {
    entries: Vec<Entry>,
    ids: HashMap<Box<str>, u32, RandomState>,
    appearances: Interned<Appearance>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// The unique id, or the ARN when there is no unique id.
    key: Box<str>,
    has_unique_id: bool,
    /// The appearance with the latest ARN, and when it was last seen. Users and roles can be renamed
    /// or moved.
    seen: Option<(i64, u32)>,
    account: Option<Box<str>>,
    /// Whether an attempt was recorded. A principal can be interned without one.
    is_active: bool,
}

#[derive(Clone, Debug)]
struct Appearance {
    principal: u32,
    arn: Option<Box<str>>,
    account: Option<Box<str>>,
    /// Whether an attempt was recorded under it.
    is_active: bool,
}

impl Principals {
    /// The id of a principal under this ARN and in this account. `None` when it has neither a unique
    /// id nor an ARN.
    pub(super) fn intern(&mut self, principal: Principal<'_>) -> Option<AppearanceId> {
        let key = principal.unique_id.or(principal.arn)?;
        let entry = match self.ids.get(key) {
            Some(id) => *id,
            None => {
                let id = index(self.entries.len());
                self.entries.push(Entry {
                    key: key.into(),
                    has_unique_id: principal.unique_id.is_some(),
                    seen: None,
                    account: None,
                    is_active: false,
                });
                self.ids.insert(key.into(), id);
                id
            }
        };
        let Principal { arn, account, .. } = principal;
        Some(AppearanceId(self.appearances.id(
            (entry, arn, account),
            |known| {
                known.principal == entry
                    && known.arn.as_deref() == arn
                    && known.account.as_deref() == account
            },
            || Appearance {
                principal: entry,
                arn: arn.map(Into::into),
                account: account.map(Into::into),
                is_active: false,
            },
        )))
    }

    /// Records that a principal was seen under an appearance at a time, and returns the principal.
    ///
    /// Whatever the order of calls, the principal keeps the ARN that was seen last (the greatest one
    /// when several have the same time) and the greatest account.
    pub(super) fn see(
        &mut self,
        AppearanceId(id): AppearanceId,
        seen_millis: Option<i64>,
    ) -> Option<u32> {
        let appearance = self.appearances.get_mut(id)?;
        let principal = appearance.principal;
        let entry = self.entries.get_mut(principal as usize)?;
        if !appearance.is_active {
            appearance.is_active = true;
            entry.is_active = true;
            if appearance.account > entry.account {
                entry.account.clone_from(&appearance.account);
            }
        }
        if let (Some(seen), Some(_)) = (seen_millis, &appearance.arn) {
            let is_latest = match entry.seen {
                Some((known_seen, known)) if known == id => seen > known_seen,
                Some((known_seen, known)) if seen == known_seen => {
                    let arn = |id| self.appearances.get(id).map(|known| &known.arn);
                    arn(id) > arn(known)
                }
                Some((known_seen, _)) => seen > known_seen,
                None => true,
            };
            if is_latest {
                entry.seen = Some((seen, id));
            }
        }
        Some(principal)
    }

    /// Merges another table's principals. Returns the new id of each, by its id there; `None` for
    /// those without an attempt.
    pub(super) fn merge(&mut self, other: &Self) -> Vec<Option<u32>> {
        let merged = other.entries.iter().map(|entry| {
            if !entry.is_active {
                return None;
            }
            let appearance = self.intern(other.principal_of(entry))?;
            self.see(appearance, entry.seen.map(|(seen, _)| seen))
        });
        merged.collect()
    }

    /// The principal, and when it was last seen under its ARN.
    pub(super) fn get(&self, id: u32) -> Option<(Principal<'_>, Option<i64>)> {
        let entry = self.entries.get(id as usize)?;
        Some((self.principal_of(entry), entry.seen.map(|(seen, _)| seen)))
    }

    fn principal_of<'a>(&'a self, entry: &'a Entry) -> Principal<'a> {
        let appearance = entry.seen.and_then(|(_, id)| self.appearances.get(id));
        Principal {
            unique_id: entry.has_unique_id.then_some(&*entry.key),
            arn: appearance.and_then(|appearance| appearance.arn.as_deref()),
            account: entry.account.as_deref(),
        }
    }
}
