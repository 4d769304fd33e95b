//! The documents of an account, and their rewritten forms.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use crate::account::{AccountData, DocumentId};
use crate::compiled_policy::PolicyCompiler;

use super::document::OldDocument;
use super::needs::Needs;
use super::options::RightsizeOptions;
use super::rewritten::{Rewritten, RewrittenForms};

/// The documents of an account, each read when it is first needed.
#[derive(Debug)]
pub(super) struct Documents {
    documents: Vec<OnceLock<Option<Document>>>,
    /// What the rewritten forms that are kept take in memory, about.
    kept: AtomicUsize,
}

/// A document, and what it was rewritten to for all kinds of needs.
#[derive(Debug)]
struct Document {
    old: OldDocument,
    forms: RewrittenForms,
}

impl Documents {
    pub(super) fn new(account: &AccountData) -> Self {
        let unread = |_| OnceLock::new();
        Self {
            documents: account.documents().iter().map(unread).collect(),
            kept: AtomicUsize::new(0),
        }
    }

    /// The document with this id, and what it is rewritten to.
    pub(super) fn rewritten(
        &self,
        account: &AccountData,
        compiler: &PolicyCompiler,
        id: DocumentId,
        needs: &Needs,
        options: &RightsizeOptions,
    ) -> Option<(&OldDocument, Arc<Rewritten>)> {
        let read = || {
            Some(Document {
                old: OldDocument::read(account, compiler, id)?,
                forms: RewrittenForms::default(),
            })
        };
        let document = self.documents.get(id.index())?.get_or_init(read).as_ref()?;
        let (old, forms) = (&document.old, &document.forms);
        let rewritten = forms.get(old, compiler, needs, options, &self.kept);
        Some((old, rewritten))
    }
}
