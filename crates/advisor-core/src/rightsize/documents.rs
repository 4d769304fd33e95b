//! The documents of an account, and their rewritten forms.

use std::sync::{Arc, OnceLock};

use crate::account::{AccountData, DocumentId};
use crate::compiled_policy::PolicyCompiler;

use super::document::OldDocument;
use super::needs::Needs;
use super::options::RightsizeOptions;
use super::rewritten::{Rewritten, RewrittenForms};

/// The documents of an account, each read when it is first needed.
#[derive(Debug)]
pub(super) struct Documents(Vec<OnceLock<Option<Document>>>);

/// A document, and what it was rewritten to for all kinds of needs.
#[derive(Debug)]
struct Document {
    old: OldDocument,
    forms: RewrittenForms,
}

impl Documents {
    pub(super) fn new(account: &AccountData) -> Self {
        let unread = |_| OnceLock::new();
        Self(account.documents().iter().map(unread).collect())
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
        let document = self.0.get(id.index())?.get_or_init(read).as_ref()?;
        let rewritten = document.forms.get(&document.old, compiler, needs, options);
        Some((&document.old, rewritten))
    }
}
