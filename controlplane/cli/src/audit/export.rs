//! `cartable audit export`: the chain as it is stored, for those who verify it without the control plane.

use super::PAGE;
use super::file::Growing;
use super::verify::verdict_print;
use crate::Error;
use crate::call::Call;
use clap::Args;
use model::chain::{Tip, Walk};
use std::io;
use std::path::PathBuf;
use wire::v1::AuditListRequest;

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[arg(long)]
    to: PathBuf,
}

/// Writes every link, also those of a broken chain: they are the evidence.
pub(super) async fn audit_export(export: Export, call: &mut Call<'_>) -> Result<(), Error> {
    if export.to.exists() {
        return Err(Error::FileWrite { path: export.to, source: io::ErrorKind::AlreadyExists.into() });
    }
    let mut client = call.client().await?;
    let mut file = Growing::begin(&export.to)?;
    let mut walk = Walk::new(Tip::default());
    let mut request = AuditListRequest { links: true, limit: PAGE, ..AuditListRequest::default() };
    let mut written = 0;
    loop {
        let page = call.answer(client.audit_list(request.clone())).await?;
        for entry in &page.entries {
            file.line(&entry.link)?;
            walk.step(&entry.link);
        }
        written += page.entries.len();
        call.progress.text(call.print.look().count("progress-audit", written));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    file.finish()?;
    call.progress.clear();
    verdict_print(walk.end(), None, call)
}
