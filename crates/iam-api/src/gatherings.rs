//! How many callers gather reports for the pages at `/ui` at once. Gathering takes seconds of a processor: a caller has one at a time,
//! however many pages it opens, so that others do not wait for it. Each is made on one thread: more would take the processors from those
//! that answer requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::jobs::turns::Party;

#[derive(Debug)]
pub(crate) struct Gatherings {
    /// [`Limits::gatherings`](crate::Limits::gatherings).
    of_all: Arc<Semaphore>,
    /// The permits that someone holds or waits for.
    of_party: Mutex<HashMap<Party, Weak<Semaphore>>>,
}

/// The right to gather, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_party: OwnedSemaphorePermit,
}

impl Gatherings {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            of_all: Arc::new(Semaphore::new(most.max(1))),
            of_party: Mutex::default(),
        }
    }

    /// Waits for a turn. Whoever waits for another turn of the same party takes none of the others'.
    pub(crate) async fn turn(&self, party: Party) -> Result<Turn, AcquireError> {
        let of_party = self.of(party).acquire_owned().await?;
        let of_all = self.of_all.clone().acquire_owned().await?;
        Ok(Turn {
            _of_all: of_all,
            _of_party: of_party,
        })
    }

    fn of(&self, party: Party) -> Arc<Semaphore> {
        let mut known = self.of_party.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permit) = known.get(&party).and_then(Weak::upgrade) {
            return permit;
        }
        known.retain(|_, permit| permit.strong_count() > 0);
        let permit = Arc::new(Semaphore::new(1));
        known.insert(party, Arc::downgrade(&permit));
        permit
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn turn_of(gatherings: &Gatherings, party: &str) -> Option<Turn> {
        let turn = gatherings.turn(Party::of_owner(party));
        let turn = tokio::time::timeout(Duration::from_millis(20), turn).await;
        turn.ok().map(Result::unwrap)
    }

    #[tokio::test]
    async fn a_caller_has_one_turn_and_all_have_two() {
        let gatherings = Gatherings::new(2);
        let first = turn_of(&gatherings, "arn:aws:iam::1:user/ada").await;
        assert!(first.is_some());
        assert!(
            turn_of(&gatherings, "arn:aws:iam::1:user/ada")
                .await
                .is_none()
        );
        let session = |name: &str| format!("arn:aws:sts::1:assumed-role/lake-reader/{name}");
        let second = turn_of(&gatherings, &session("a")).await;
        assert!(second.is_some());
        // Another session of the same role, and a third caller.
        assert!(turn_of(&gatherings, &session("b")).await.is_none());
        assert!(
            turn_of(&gatherings, "arn:aws:iam::1:user/erin")
                .await
                .is_none()
        );
        drop(first);
        assert!(
            turn_of(&gatherings, "arn:aws:iam::1:user/erin")
                .await
                .is_some()
        );
        assert_eq!(gatherings.of_party.lock().unwrap().len(), 2);
    }
}
