//! What devices see of kits' parts, noted as they report it.

use crate::shared::Shared;
use controlplane_core::kit::sightings_note;
use controlplane_core::report::Report;
use model::id::DeviceId;
use model::kit::serials_seen;
use model::section::SectionKind;
use wire::convert::{Section, section_decode, section_unpack};

/// Notes what a report says is plugged in. The report itself is durable already: what fails here is only seen later, with the next one.
pub(crate) async fn note(shared: &Shared, device: DeviceId, report: &Report) {
    let plugged = report.sections.iter().find(|(kind, _)| *kind == SectionKind::Peripherals);
    let Some((kind, section)) = plugged else { return };
    let body = section_unpack(*kind, &section.body(), section.zstd).ok();
    let Some(Ok(Section::Peripherals(plugged))) = body.map(|body| section_decode(*kind, &body)) else { return };
    let serials = serials_seen(&plugged);
    let noted = sightings_note(&shared.store, shared.territory(), device, &serials, shared.clock.now()).await;
    if let Err(error) = noted {
        tracing::warn!(%device, %error, "what is plugged in was not compared with kits");
    }
}
