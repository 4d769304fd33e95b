//! Batches: objects that are read together and written in one transaction.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::{Receiver, Sender};

use cloudtrail_reader::{FailedObject, ObjectId, TrailObject, TrailRead};

use super::object::Object;
use crate::error::StoreError;

/// The most objects in a batch. An import can be killed between two batches and loses nothing; with
/// larger batches, rows that many objects change are written less often.
const BATCH_OBJECTS: usize = 4_096;
/// A batch with this many stored bytes is full.
const BATCH_BYTES: i64 = 256 << 20;

/// What the listing thread sends to the reading threads.
pub(crate) enum Found {
    Object(Box<Object>),
    /// Something that could not be listed.
    Unlisted(FailedObject),
    /// The listing waits until everything found before is written or failed; then this is dropped.
    Pause(Sender<()>),
    /// The store cannot be used.
    Error(StoreError),
}

/// Objects that are read together, and what was in them.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) objects: Vec<Object>,
    /// The ids of the objects, which no two of them share: failures refer to objects by id.
    ids: HashSet<ObjectId>,
    pub(crate) unlisted: Vec<FailedObject>,
    bytes: i64,
    /// Whether the listing has ended.
    pub(crate) is_last: bool,
    pub(crate) pause: Option<Sender<()>>,
    pub(crate) error: Option<StoreError>,
    pub(crate) read: TrailRead,
}

impl Batch {
    /// A batch that was read again.
    pub(crate) fn again(
        objects: Vec<Object>,
        unlisted: Vec<FailedObject>,
        read: TrailRead,
    ) -> Self {
        Self {
            objects,
            unlisted,
            read,
            ..Self::default()
        }
    }
}

/// Fills a batch while it is read: with what is found, or, without a receiver, with what is next.
pub(crate) struct Filling<'f> {
    pub(crate) found: Option<&'f mut Receiver<Found>>,
    pub(crate) next: &'f mut VecDeque<Object>,
    pub(crate) batch: &'f mut Batch,
}

impl Iterator for Filling<'_> {
    type Item = Result<TrailObject, FailedObject>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = &mut *self.batch;
        if batch.objects.len() >= BATCH_OBJECTS || batch.bytes >= BATCH_BYTES {
            return None;
        }
        loop {
            let found = match &mut self.found {
                Some(found) => found.recv(),
                None => Ok(Found::Object(Box::new(self.next.pop_front()?))),
            };
            match found {
                Ok(Found::Object(object)) => {
                    let listed = object.listed.clone();
                    if !batch.ids.insert(listed.id()) {
                        self.next.push_front(*object);
                        return None;
                    }
                    batch.bytes = batch.bytes.saturating_add(object.content.size);
                    batch.objects.push(*object);
                    return Some(Ok(listed));
                }
                Ok(Found::Unlisted(failed)) => batch.unlisted.push(failed),
                Ok(Found::Pause(pause)) => {
                    batch.pause = Some(pause);
                    return None;
                }
                Ok(Found::Error(error)) => {
                    batch.error = Some(error);
                    return None;
                }
                Err(_) => {
                    batch.is_last = true;
                    return None;
                }
            }
        }
    }
}
