//! What a document would change, before it does: for which devices, and which way.

use super::change::{Change, Effect, changes, negotiable_changes};
use super::compose::Composed;
use super::document::Document;
use super::layer::Layer;
use super::layers::Layers;
use super::reason::{Outcome, Reason};
use crate::assignment::{Edition, Target};
use crate::error::Result;
use crate::facts::{Facts, facts_from};
use crate::filing::{BRIEFS, Brief, Near, Walk};
use crate::plan::lists_edition;
use crate::rules::Rules;
use crate::store::{PAGE_MAX, Store};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::uai::Uai;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a document would change.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// How many devices the layer is about.
    pub devices: usize,
    /// Which schools they are filed under.
    pub schools: BTreeSet<Uai>,
    /// What changes for any of them.
    pub changes: BTreeSet<Change>,
    /// What of this layer, or of one below it, would not hold, because a layer above does not leave it.
    pub ignored: Vec<Reason>,
    /// What held and what would hold, once for all devices that are told the same, with how many they are.
    pub pairs: Vec<Pair>,
}

/// What devices have in common that filter alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    layers: Vec<Layer>,
    list: Option<Edition>,
    /// For whom lessons and unblocked names are.
    overrides: Vec<Target>,
}

/// What held for some devices and what would.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What held.
    pub before: Option<Arc<Composed>>,
    /// What would hold.
    pub after: Option<Arc<Composed>>,
    /// One of these devices.
    pub facts: Facts,
    /// The version of the lists that they are to hold.
    pub list: Option<Edition>,
    /// For how many devices.
    pub devices: usize,
}

impl Outlook {
    /// Whether anything is loosened, so that a second person agrees.
    #[must_use]
    pub fn loosens(&self) -> bool {
        self.changes.iter().any(|change| change.effect == Effect::Loosens)
    }
}

/// Looks at what a layer with this document, or with none, would come to.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn outlook(
    store: &dyn Store,
    territory: &TerritoryId,
    rules: &Rules,
    layer: &Layer,
    document: Option<Document>,
) -> Result<Outlook> {
    let layers = &rules.policies;
    let mut outlook = Outlook::default();
    outlook.changes.extend(negotiable_changes(layers.get(layer).map(Arc::as_ref), document.as_ref()));
    let after = layers.with(layer, document);
    let kind = |facts: &Facts| Kind {
        layers: names(layers, &after, facts),
        list: lists_edition(rules, facts),
        overrides: rules.lessons.targets(facts).chain(rules.unblocks.targets(facts)).collect(),
    };
    let mut groups: BTreeMap<Kind, (Facts, usize)> = BTreeMap::new();
    // Those who have nothing yet are judged too.
    let bare = bare(layer);
    groups.insert(kind(&bare), (bare, 0));
    let target = layer.target();
    let classes = rules.speak_of_more_than_filing()
        || layers.iter().chain(after.iter()).any(|(layer, _)| matches!(layer, Layer::Class(_)));
    let near = match layer {
        Layer::National | Layer::Territory => Near::Everywhere,
        Layer::Owner(owner) => Near::Owner(owner.clone()),
        Layer::School(school) => Near::school(*school),
        Layer::Class(class) => Near::class_of(class.school),
    };
    let mut take = |facts: Facts| {
        if target.covers(&facts) {
            outlook.devices += 1;
            outlook.schools.extend(facts.school);
            groups.entry(kind(&facts)).or_insert((facts, 0)).1 += 1;
        }
    };
    if near == Near::Everywhere && !classes {
        briefly(store, territory, &mut take).await?;
        return Ok(judged(outlook, layers, &after, layer, groups));
    }
    let mut walk = Walk::begin(store, territory, &near, "").await?;
    while let Some(page) = walk.next(store, territory, PAGE_MAX).await? {
        for device in page.into_iter().map(|row| row.value).filter(|device| device.state != JoinState::Revoked) {
            let filed = match layer {
                Layer::Owner(owner) => device.owner.as_ref() == Some(owner),
                Layer::School(school) => device.school == Some(*school),
                Layer::National | Layer::Territory | Layer::Class(_) => true,
            };
            if !filed {
                continue;
            }
            let facts = if classes {
                facts_from(store, territory, &device).await?.0
            } else {
                Facts { school: device.school, owner: device.owner.clone(), ..Facts::bare(device.id) }
            };
            take(facts);
        }
    }
    Ok(judged(outlook, layers, &after, layer, groups))
}

/// Shows the facts of all devices that are not revoked, where nothing but where they are filed counts: of a million records most is not
/// read.
async fn briefly(store: &dyn Store, territory: &TerritoryId, take: &mut (dyn FnMut(Facts) + Send)) -> Result<()> {
    let (scope, mut after) = (BRIEFS.scope(territory, ""), String::new());
    loop {
        let page = BRIEFS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for Brief { id, school, owner, .. } in
            page.into_iter().map(|row| row.value).filter(|brief| brief.state != JoinState::Revoked)
        {
            take(Facts { school, owner, ..Facts::bare(id) });
        }
    }
}

/// What a layer comes to, from the kinds of devices that were met.
fn judged(
    mut outlook: Outlook,
    layers: &Layers,
    after: &Layers,
    layer: &Layer,
    groups: BTreeMap<Kind, (Facts, usize)>,
) -> Outlook {
    for (Kind { list, .. }, (facts, devices)) in groups {
        let (was, is) = (layers.composed(&facts), after.composed(&facts));
        outlook.changes.extend(changes(was.as_deref(), is.as_deref()));
        let ignored = is.iter().flat_map(|composed| &composed.reasons);
        let ignored = ignored.filter(|reason| matches!(reason.outcome, Outcome::Ignored(_)) && reason.layer >= *layer);
        for reason in ignored {
            if !outlook.ignored.contains(reason) {
                outlook.ignored.push(reason.clone());
            }
        }
        outlook.pairs.push(Pair { before: was, after: is, facts, list, devices });
    }
    outlook
}

/// The layers that speak of a device, before or after.
fn names(before: &Layers, after: &Layers, facts: &Facts) -> Vec<Layer> {
    Layer::of(facts).filter(|layer| before.get(layer).is_some() || after.get(layer).is_some()).collect()
}

/// A device of which only this layer, and those that lie above every one of its devices, speak.
fn bare(layer: &Layer) -> Facts {
    let mut facts = Facts::bare(DeviceId::new(model::time::Timestamp::default(), [0; 10]));
    match layer {
        Layer::National | Layer::Territory => {}
        Layer::Owner(owner) => facts.owner = Some(owner.clone()),
        Layer::School(school) => facts.school = Some(*school),
        Layer::Class(class) => (facts.school, facts.class) = (Some(class.school), Some(class.clone())),
    }
    facts
}
