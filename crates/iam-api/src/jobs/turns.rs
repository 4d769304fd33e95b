//! Jobs that wait, in a queue for each caller. Callers take turns, so that no one waits for all jobs of another.

use std::collections::{HashMap, VecDeque};

use advisor_core::JobId;

/// A job in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuedJob {
    pub(crate) id: JobId,
    /// Who it counts for.
    pub(crate) party: Party,
}

/// Who takes turns: a user with all of its access keys, or a role with all of its sessions. Sessions of their own
/// would let one role have as many turns as it likes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Party(Box<str>);

impl Party {
    /// The party of the owner of a job.
    pub(crate) fn of_owner(owner: &str) -> Self {
        let arn = owner.rsplit_once(' ').map_or(owner, |(_, arn)| arn);
        let is_session = arn.contains(":assumed-role/");
        let without_session = arn.rsplit_once('/').filter(|_| is_session);
        Self(without_session.map_or(arn, |(role, _)| role).into())
    }
}

/// Waiting jobs by party.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// No queue is empty.
    queues: HashMap<Party, VecDeque<JobId>>,
    /// The parties with waiting jobs. The first one is next.
    order: VecDeque<Party>,
}

impl Turns {
    /// Adds a job behind the others of its party.
    pub(crate) fn push(&mut self, job: QueuedJob) {
        let queue = self.queues.entry(job.party.clone()).or_default();
        if queue.is_empty() {
            self.order.push_back(job.party);
        }
        queue.push_back(job.id);
    }

    /// Takes the oldest job of the next party that may run one.
    pub(crate) fn pop(&mut self, may_run: impl Fn(&Party) -> bool) -> Option<QueuedJob> {
        let turn = self.order.iter().position(may_run)?;
        let party = self.order.remove(turn)?;
        let queue = self.queues.get_mut(&party)?;
        let id = queue.pop_front()?;
        if queue.is_empty() {
            self.queues.remove(&party);
        } else {
            self.order.push_back(party.clone());
        }
        Some(QueuedJob { id, party })
    }

    /// The number of waiting jobs.
    pub(crate) fn len(&self) -> usize {
        self.queues.values().map(VecDeque::len).sum()
    }

    /// The number of waiting jobs of a party.
    pub(crate) fn len_of(&self, party: &Party) -> usize {
        self.queues.get(party).map_or(0, VecDeque::len)
    }

    pub(crate) fn clear(&mut self) {
        self.queues.clear();
        self.order.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn job(owner: &str, number: usize) -> QueuedJob {
        QueuedJob {
            id: JobId::from(format!("{owner}{number}").as_str()),
            party: Party::of_owner(owner),
        }
    }

    fn all(turns: &mut Turns) -> Vec<String> {
        std::iter::from_fn(|| turns.pop(|_| true))
            .map(|job| job.id.to_string())
            .collect()
    }

    #[test]
    fn parties_take_turns() {
        let mut turns = Turns::default();
        for number in 0..4 {
            turns.push(job("a", number));
        }
        turns.push(job("b", 0));
        assert_eq!(turns.len(), 5);
        assert_eq!(turns.pop(|_| true), Some(job("a", 0)));
        turns.push(job("c", 0));
        turns.push(job("b", 1));
        assert_eq!(turns.len_of(&Party::of_owner("b")), 2);
        assert_eq!(all(&mut turns), ["b0", "a1", "c0", "b1", "a2", "a3"]);
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn a_party_that_may_not_run_keeps_its_turn() {
        let mut turns = Turns::default();
        turns.push(job("a", 0));
        turns.push(job("b", 0));
        turns.push(job("b", 1));
        let is_b = |party: &Party| *party == Party::of_owner("b");
        assert_eq!(turns.pop(is_b), Some(job("b", 0)));
        assert_eq!(turns.pop(|party| !is_b(party)), Some(job("a", 0)));
        assert_eq!(turns.pop(|party| !is_b(party)), None);
        assert_eq!(all(&mut turns), ["b1"]);
    }

    #[test]
    fn the_sessions_of_a_role_are_one_party() {
        let session = |name: &str| {
            Party::of_owner(&format!(
                "session ASIA{name} arn:aws:sts::111122223333:assumed-role/audit/{name}"
            ))
        };
        assert_eq!(session("one"), session("two"));
        let user =
            |name: &str| Party::of_owner(&format!("user arn:aws:iam::111122223333:user/x/{name}"));
        assert_ne!(user("one"), user("two"));
        assert_ne!(Party::of_owner("user local"), user("local"));
    }
}
