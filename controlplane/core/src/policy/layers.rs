//! The layers in force, and what they come to for each device: composed once for all devices of which the same layers speak.

use super::compose::{Composed, compose};
use super::document::Document;
use super::layer::Layer;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::store::{PAGE_MAX, Revision, Store};
use crate::table::{Intent, Table};
use model::digest::Digest;
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The document of each layer as it holds, by the layer's name.
pub static POLICIES: Table<Held, Intent> = Table::new("policy");
/// The most layers there are.
pub const LAYERS_MAX: usize = 10_000;

/// A version of a layer's document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose it is.
    pub layer: Layer,
    /// Which version of it, from 1.
    pub version: u32,
    /// The document as it was written; none where it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// SHA-256 of the text.
    pub digest: Digest,
    /// Who put it there.
    pub by: String,
    /// The second person, where one agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// The version that it takes up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

/// The layers in force.
#[derive(Debug, Default)]
pub struct Layers {
    documents: BTreeMap<Layer, (Revision, Arc<Document>)>,
    /// What was composed, by the layers that speak.
    composed: Mutex<BTreeMap<Vec<Layer>, Arc<Composed>>>,
}

impl Layers {
    /// Reads them; what was read before is not read again. With the newest revision at which any was written.
    ///
    /// # Errors
    /// `Unavailable` when the store fails, or holds a document that this program does not understand: one that is left out would loosen.
    pub async fn load(store: &dyn Store, territory: &TerritoryId, before: Option<&Self>) -> Result<(Self, Revision)> {
        let scope = POLICIES.scope(territory, "");
        let (mut all, mut newest, mut after) = (Self::default(), 0, String::new());
        loop {
            let page = POLICIES.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok((all, newest)) };
            after.clone_from(&last.id);
            for row in page {
                newest = newest.max(row.revision);
                let Some(text) = row.value.text else { continue };
                let layer = row.value.layer;
                let known = before.and_then(|before| before.documents.get(&layer));
                let known = known.filter(|(revision, _)| *revision == row.revision).map(|(_, known)| Arc::clone(known));
                let document = match known {
                    Some(known) => known,
                    None => Arc::new(Document::read(&text, &layer).map_err(|error| {
                        Error::unavailable(format!("the policy of layer {layer} cannot be read"), error)
                    })?),
                };
                all.documents.insert(layer, (row.revision, document));
            }
        }
    }

    /// The layers that speak of a device with these facts, from the top down.
    #[must_use]
    pub fn of(&self, facts: &Facts) -> Vec<(Layer, Arc<Document>)> {
        let held = |layer: Layer| self.documents.get(&layer).map(|(_, document)| (layer, Arc::clone(document)));
        Layer::of(facts).filter_map(held).collect()
    }

    /// What they come to for a device with these facts; nothing where none speaks.
    #[must_use]
    pub fn composed(&self, facts: &Facts) -> Option<Arc<Composed>> {
        if self.documents.is_empty() {
            return None;
        }
        let layers = self.of(facts);
        if layers.is_empty() {
            return None;
        }
        let names: Vec<Layer> = layers.iter().map(|(layer, _)| layer.clone()).collect();
        let mut composed = self.composed.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(composed.entry(names).or_insert_with(|| Arc::new(compose(&layers)))))
    }

    /// The document of a layer.
    #[must_use]
    pub fn get(&self, layer: &Layer) -> Option<&Arc<Document>> {
        self.documents.get(layer).map(|(_, document)| document)
    }

    /// Each of them, from the top down.
    pub fn iter(&self) -> impl Iterator<Item = (&Layer, &Arc<Document>)> {
        self.documents.iter().map(|(layer, (_, document))| (layer, document))
    }

    /// The same with another document in the place of one, or with none.
    #[must_use]
    pub fn with(&self, layer: &Layer, document: Option<Document>) -> Self {
        let mut documents = self.documents.clone();
        match document {
            Some(document) => documents.insert(layer.clone(), (0, Arc::new(document))),
            None => documents.remove(layer),
        };
        Self { documents, composed: Mutex::default() }
    }
}

impl Clone for Layers {
    fn clone(&self) -> Self {
        let composed = self.composed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { documents: self.documents.clone(), composed: Mutex::new(composed) }
    }
}

impl PartialEq for Layers {
    fn eq(&self, other: &Self) -> bool {
        self.documents == other.documents
    }
}

impl Eq for Layers {}
