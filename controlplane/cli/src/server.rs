//! `cartable server`: how the control plane is.

use crate::Error;
use crate::call::Call;
use crate::print::{Look, Sheet, Tone, rfc3339};
use clap::Subcommand;
use serde::Serialize;
use wire::v1::{ServerStatusRequest, ServerStatusResponse};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status,
}

/// The status as programs read it.
#[derive(Debug, Serialize)]
struct Status {
    version: String,
    territory: String,
    server: String,
    time: Option<String>,
    started: Option<String>,
    epoch: u32,
    revision: u64,
    devices_active: u64,
    devices_quarantined: u64,
    devices_revoked: u64,
    held: u64,
    check_ins: u64,
    refused: u64,
    server_certificate_until: Option<String>,
    intermediate_until: Option<String>,
    disk_free_bytes: u64,
    store_bytes: u64,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    let Verb::Status = verb;
    let mut client = call.client().await?;
    let status = call.answer(client.server_status(ServerStatusRequest {})).await?;
    let sheet = sheet(&status, call.print.look());
    call.print.one(&Status::from(status), || sheet)
}

fn sheet(status: &ServerStatusResponse, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(look.text("server-title"));
    let mut line = |key: &str, value: String, tone: Tone| sheet.line(look.text(key), value, tone);
    line("server-address", status.server.clone(), Tone::Plain);
    line("server-territory", status.territory.clone(), Tone::Plain);
    line("server-version", status.version.clone(), Tone::Plain);
    line("server-time", look.date(status.server_unix_ms), Tone::Plain);
    line("server-started", look.date(status.started_unix_ms), Tone::Plain);
    let waiting = if status.devices_quarantined > 0 { Tone::Warning } else { Tone::Plain };
    line("server-active", look.number(status.devices_active), Tone::Plain);
    line("server-quarantined", look.number(status.devices_quarantined), waiting);
    line("server-revoked", look.number(status.devices_revoked), Tone::Plain);
    line("server-held", look.number(status.held), Tone::Plain);
    line("server-check-ins", look.number(status.check_ins), Tone::Plain);
    line("server-refused", look.number(status.refused), Tone::Plain);
    line("server-certificate", look.date(status.server_certificate_until_unix_ms), Tone::Plain);
    line("server-intermediate", look.date(status.intermediate_until_unix_ms), Tone::Plain);
    line("server-store", look.bytes(status.store_bytes), Tone::Plain);
    line("server-disk-free", look.bytes(status.disk_free_bytes), Tone::Plain);
    line("server-revision", status.revision.to_string(), Tone::Plain);
    line("server-epoch", status.epoch.to_string(), Tone::Plain);
    sheet
}

impl From<ServerStatusResponse> for Status {
    fn from(s: ServerStatusResponse) -> Self {
        Self {
            version: s.version,
            territory: s.territory,
            server: s.server,
            time: rfc3339(s.server_unix_ms),
            started: rfc3339(s.started_unix_ms),
            epoch: s.epoch,
            revision: s.revision,
            devices_active: s.devices_active,
            devices_quarantined: s.devices_quarantined,
            devices_revoked: s.devices_revoked,
            held: s.held,
            check_ins: s.check_ins,
            refused: s.refused,
            server_certificate_until: rfc3339(s.server_certificate_until_unix_ms),
            intermediate_until: rfc3339(s.intermediate_until_unix_ms),
            disk_free_bytes: s.disk_free_bytes,
            store_bytes: s.store_bytes,
        }
    }
}
