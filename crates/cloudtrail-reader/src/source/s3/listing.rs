//! Lists the objects of a location: page by page, with concurrent requests, and folder by folder in CloudTrail's layout.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::source::s3::client::Client;
use crate::source::s3::error::{EndlessListing, S3Failure, S3Fault};
use crate::source::s3::layout::{self, DayWindow, Visit};
use crate::source::s3::location::S3Location;
use crate::source::s3::object::S3Object;
use crate::source::s3::options::S3Options;
use crate::source::s3::page::{Page, PageQuery};
use crate::source::s3::runtime::Runtime;

/// Why a location, or a part of it, could not be listed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A folder could not be listed completely. Objects may be missing.
    #[error("s3://{bucket}/{folder}: {}", self.what())]
    Folder {
        /// The bucket.
        bucket: String,
        /// The folder in it; empty for the bucket itself.
        folder: String,
        /// Why.
        #[source]
        failure: S3Failure,
    },
    /// Everything was listed, and there is nothing to read. A report made from it would call everything unused.
    #[error("{location}: {}", self.what())]
    Empty {
        /// The location.
        location: S3Location,
        /// Whether only some days were listed.
        is_in_window: bool,
    },
}

impl ListError {
    /// What is wrong, without the place.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Folder { failure, .. } => format!("could not be listed: {failure}"),
            Self::Empty { is_in_window, .. } => {
                let when = if *is_in_window { " in that time" } else { "" };
                format!("there is no object to read{when}")
            }
        }
    }
}

/// The objects of a location. Dropping it stops the listing.
pub struct S3Listing {
    pages: mpsc::Receiver<Vec<Listed>>,
    page: std::vec::IntoIter<Listed>,
    stop: Arc<AtomicBool>,
    runtime: Arc<Runtime>,
}

type Listed = Result<S3Object, ListError>;

impl S3Listing {
    pub(super) fn start(
        runtime: &Arc<Runtime>,
        client: Arc<Client>,
        location: S3Location,
        options: &S3Options,
    ) -> Self {
        let (sender, pages) = mpsc::channel(2);
        let walk = Walk {
            any_kind: layout::is_other_kind(&folder_of(&location.prefix)),
            client,
            location,
            window: DayWindow::new(options.since, options.until),
            pages: sender,
            is_empty: true,
            unread: 0,
            endless: 0,
        };
        runtime.handle().spawn(walk.run(options.concurrency.max(1)));
        S3Listing {
            pages,
            page: Vec::new().into_iter(),
            stop: Arc::clone(&options.stop),
            runtime: Arc::clone(runtime),
        }
    }
}

impl Iterator for S3Listing {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        let Self {
            pages,
            page,
            stop,
            runtime,
        } = self;
        loop {
            if let Some(listed) = page.next() {
                return Some(listed);
            }
            *page = runtime
                .receive(stop, async || pages.recv().await)?
                .into_iter();
        }
    }
}

/// The prefix with a slash at its end.
fn folder_of(prefix: &str) -> String {
    if prefix.is_empty() || prefix.ends_with('/') {
        prefix.to_owned()
    } else {
        format!("{prefix}/")
    }
}

/// What pages in a row that hold nothing to read may cost: a thousand nearly empty ones, which S3 returns where many objects were
/// deleted, or the pages of a hundred million other objects.
const MOST_UNREAD: u32 = 100_000;
/// What a page with few entries costs; a page with many costs one.
const SPARSE_COST: u32 = 100;
/// The fewest entries of a page that has many.
const MANY_ENTRIES: usize = 100;
/// How many pages in a row, of all folders, may hold nothing to read. With a window of time, most folders of an organization are
/// looked into for nothing.
const MOST_PAGES: u32 = 1_000_000;
/// The most folders in one folder of CloudTrail's layout. The largest ones hold a folder for each account of an organization:
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>.
const MOST_FOLDERS: u32 = 100_000;
/// How many folders of a location may be endless. Then so is the location.
const MOST_ENDLESS: u32 = 10;
/// The longest key: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const LONGEST_KEY: usize = 1_024;

/// The pages of a folder so far, by hashes: eight bytes for a token and eight for the first key of each.
#[derive(Default)]
struct PagesSeen {
    hash: RandomState,
    tokens: HashSet<u64>,
    first_keys: HashSet<u64>,
    /// How many in a row hold nothing to read, and what they cost.
    unread: u32,
    unread_cost: u32,
    folders: u32,
}

impl PagesSeen {
    /// Fails when the page cannot be one of a listing that ends. `is_read`: whether it holds an object to read.
    fn check(&mut self, page: &Page, is_read: bool) -> Result<(), EndlessListing> {
        let first_object = page.objects.first().map(|object| &object.key);
        let first_key = first_object.into_iter().chain(page.folders.first()).min();
        if let Some(key) = first_key
            && !self.first_keys.insert(self.hash.hash_one(key))
        {
            return Err(EndlessListing::RepeatedPage);
        }
        let folders = u32::try_from(page.folders.len()).unwrap_or(u32::MAX);
        self.folders = self.folders.saturating_add(folders);
        if is_read {
            (self.unread, self.unread_cost) = (0, 0);
        } else {
            let is_sparse = page.objects.len() + page.folders.len() < MANY_ENTRIES;
            self.unread += 1;
            self.unread_cost += if is_sparse { SPARSE_COST } else { 1 };
        }
        match &page.next {
            Some(token) if !self.tokens.insert(self.hash.hash_one(token)) => {
                Err(EndlessListing::RepeatedToken)
            }
            Some(_) if self.folders >= MOST_FOLDERS => Err(EndlessListing::Folders(MOST_FOLDERS)),
            Some(_) if self.unread_cost >= MOST_UNREAD => {
                Err(EndlessListing::EmptyPages(self.unread))
            }
            _ => Ok(()),
        }
    }
}

/// A request to make.
struct Step {
    folder: String,
    /// Levels below the location.
    depth: usize,
    visit: Visit,
    /// The token of the page, after the first.
    token: Option<String>,
    seen: PagesSeen,
}

struct Walk {
    client: Arc<Client>,
    location: S3Location,
    window: Option<DayWindow>,
    /// Whether the location itself is in a folder of another kind, which is read then.
    any_kind: bool,
    pages: mpsc::Sender<Vec<Listed>>,
    is_empty: bool,
    /// How many pages in a row, of all folders, hold nothing to read.
    unread: u32,
    /// How many folders were endless.
    endless: u32,
}

/// The receiver of the pages was dropped.
struct Stopped;

impl Walk {
    async fn run(mut self, concurrency: usize) {
        if self.all(concurrency).await.is_ok() && self.is_empty {
            let nothing = ListError::Empty {
                location: self.location.clone(),
                is_in_window: self.window.is_some(),
            };
            let _ = self.pages.send(vec![Err(nothing)]).await;
        }
    }

    async fn all(&mut self, concurrency: usize) -> Result<(), Stopped> {
        let folder = folder_of(&self.location.prefix);
        if folder != self.location.prefix && !self.object_itself().await? {
            return Ok(());
        }
        // Depth first, so that only the folders on the way down wait.
        let mut waiting = Vec::new();
        let visit = layout::visit(&folder, 0, self.window);
        waiting.push(Step {
            folder,
            depth: 0,
            visit: if self.any_kind { Visit::Whole } else { visit },
            token: None,
            seen: PagesSeen::default(),
        });
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < concurrency
                && let Some(step) = waiting.pop()
            {
                if step.visit != Visit::Skip {
                    under_way.spawn(list(Arc::clone(&self.client), step));
                }
            }
            let (step, page) = match under_way.join_next().await {
                None => return Ok(()),
                Some(Ok(listed)) => listed,
                Some(Err(broken)) => {
                    let failure = S3Failure {
                        fault: S3Fault::Interrupted(Arc::new(broken)),
                        attempts: 1,
                    };
                    self.report(self.location.prefix.clone(), failure).await?;
                    continue;
                }
            };
            match page {
                Ok(page) => self.take(step, page, &mut waiting).await?,
                Err(failure) => self.report(step.folder, failure).await?,
            }
        }
    }

    /// Looks for an object with exactly the location's key. Returns whether S3 answered.
    async fn object_itself(&mut self) -> Result<bool, Stopped> {
        let query = PageQuery {
            prefix: &self.location.prefix,
            one_level: false,
            first_only: true,
            token: None,
        };
        match self.client.page(&query).await {
            Ok(page) => {
                // It is the first in the order of keys.
                let mut objects = page.objects;
                objects.retain(|object| object.key == self.location.prefix);
                self.send(objects.into_iter().map(Ok).collect()).await?;
                Ok(true)
            }
            Err(failure) => {
                self.report(self.location.prefix.clone(), failure).await?;
                Ok(false)
            }
        }
    }

    async fn take(
        &mut self,
        mut step: Step,
        mut page: Page,
        waiting: &mut Vec<Step>,
    ) -> Result<(), Stopped> {
        let is_read = page.objects.iter().any(|object| self.is_to_read(object));
        self.unread = if is_read { 0 } else { self.unread + 1 };
        if self.unread > MOST_PAGES {
            return self
                .give_up(step.folder, EndlessListing::EmptyPages(self.unread))
                .await;
        }
        if let Err(endless) = step.seen.check(&page, is_read) {
            self.report_endless(step.folder.clone(), endless).await?;
            self.endless += 1;
            if self.endless >= MOST_ENDLESS {
                let location = self.location.prefix.clone();
                return self
                    .give_up(location, EndlessListing::EndlessFolders(self.endless))
                    .await;
            }
            if endless == EndlessListing::RepeatedPage {
                return Ok(());
            }
            // What it holds is new.
            page.next = None;
        }
        let is_levels = step.visit == Visit::Levels;
        if is_levels && page.next.is_some() && layout::is_outside(&step.folder) {
            // Too many folders to search each for an AWSLogs/.
            waiting.push(Step {
                visit: Visit::Whole,
                token: None,
                seen: PagesSeen::default(),
                ..step
            });
            return Ok(());
        }
        for folder in page.folders {
            let is_below = folder.len() > step.folder.len() && folder.starts_with(&step.folder);
            if !is_levels || !is_below || folder.len() > LONGEST_KEY {
                let fault = S3Fault::malformed(format!("the folder {folder:?} is not below it"));
                let failure = S3Failure { fault, attempts: 1 };
                self.report(step.folder.clone(), failure).await?;
                continue;
            }
            let depth = step.depth + 1;
            waiting.push(Step {
                visit: layout::visit(&folder, depth, self.window),
                folder,
                depth,
                token: None,
                seen: PagesSeen::default(),
            });
        }
        let mut objects = page.objects;
        objects.retain(|object| self.is_to_read(object));
        if page.next.is_some() {
            waiting.push(Step {
                token: page.next,
                ..step
            });
        }
        self.send(objects.into_iter().map(Ok).collect()).await
    }

    /// Whether an object is no marker of a folder, and one that the location and the window of time select.
    fn is_to_read(&self, object: &S3Object) -> bool {
        let is_marker = object.size == 0 && object.key.ends_with('/');
        !is_marker && layout::takes_key(&object.key, self.window, self.any_kind)
    }

    async fn report_endless(
        &mut self,
        folder: String,
        endless: EndlessListing,
    ) -> Result<(), Stopped> {
        let fault = S3Fault::Endless(endless);
        self.report(folder, S3Failure { fault, attempts: 1 }).await
    }

    /// Ends the listing of the whole location.
    async fn give_up(&mut self, folder: String, endless: EndlessListing) -> Result<(), Stopped> {
        self.report_endless(folder, endless).await?;
        Err(Stopped)
    }

    async fn report(&mut self, folder: String, failure: S3Failure) -> Result<(), Stopped> {
        let bucket = self.client.bucket().to_owned();
        let error = ListError::Folder {
            bucket,
            folder,
            failure,
        };
        self.send(vec![Err(error)]).await
    }

    async fn send(&mut self, page: Vec<Listed>) -> Result<(), Stopped> {
        if page.is_empty() {
            return Ok(());
        }
        self.is_empty = false;
        self.pages.send(page).await.map_err(|_| Stopped)
    }
}

async fn list(client: Arc<Client>, step: Step) -> (Step, Result<Page, S3Failure>) {
    let query = PageQuery {
        prefix: &step.folder,
        one_level: step.visit == Visit::Levels,
        first_only: false,
        token: step.token.as_deref(),
    };
    let page = client.page(&query).await;
    (step, page)
}
