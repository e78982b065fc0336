//! `cartable audit verify`: the chain on the control plane, or in an exported file.

use super::checkpoint::{checkpoint_read, checkpoint_write};
use super::file::links_follow;
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use clap::Args;
use model::chain::{Broken, Fault, Tip, checkpoint_compare};
use serde::Serialize;
use std::path::PathBuf;
use tonic::transport::Channel;
use wire::convert::{ConvertError, tip_last, tip_read};
use wire::v1::AuditVerifyRequest;
use wire::v1::admin_client::AdminClient;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    #[arg(long)]
    file: Option<PathBuf>,
}

/// The outcome as programs read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    intact: bool,
    length: Option<u64>,
    last: Option<String>,
    broken_sequence: Option<u64>,
    fault: Option<&'static str>,
    number: Option<u64>,
    /// How long the chain was that the checkpoint had seen; null without one.
    checkpoint: Option<u64>,
}

pub(super) async fn audit_verify(verify: Verify, call: &mut Call<'_>) -> Result<(), Error> {
    let kept = verify.checkpoint.as_deref().map(checkpoint_read).transpose()?.flatten();
    let followed = match &verify.file {
        Some(path) => links_follow(path, kept.unwrap_or_default().length)?,
        None => chain_follow(kept.unwrap_or_default().length, call).await?,
    };
    call.progress.clear();
    let verified = followed.and_then(|(tip, at_kept)| {
        kept.map_or(Ok(()), |kept| checkpoint_compare(kept, at_kept))?;
        Ok(tip)
    });
    if let (Ok(tip), Some(path)) = (verified, &verify.checkpoint) {
        checkpoint_write(path, tip)?;
    }
    verdict_print(verified, kept, call)?;
    if verify.checkpoint.is_none() && call.print.for_people() {
        call.note(&call.words.text("audit-no-checkpoint"));
    }
    Ok(())
}

/// Prints the outcome; a broken chain is an error for people, and for programs both.
pub(super) fn verdict_print(
    verified: Result<Tip, Broken>,
    kept: Option<Tip>,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    let checkpoint = kept.map(|kept| kept.length);
    match verified {
        Ok(tip) => {
            let last = tip.last.map(|last| last.to_string());
            let look = call.print.look();
            let mut sheet = Sheet::default();
            sheet.section(look.text("audit-intact"));
            sheet.line(look.text("audit-length"), look.number(tip.length), Tone::Good);
            sheet.line(look.text("audit-last"), last.clone().unwrap_or_else(|| "–".to_owned()), Tone::Plain);
            if let Some(length) = checkpoint {
                sheet.line(look.text("audit-checkpoint"), look.number(length), Tone::Plain);
            }
            let verdict = Verdict { intact: true, length: Some(tip.length), last, checkpoint, ..Verdict::default() };
            call.print.one(&verdict, || sheet)
        }
        Err(broken) => {
            let (fault, number) = fault_name(broken.fault);
            let broken_sequence = Some(broken.sequence);
            let verdict = Verdict { broken_sequence, fault: Some(fault), number, checkpoint, ..Verdict::default() };
            if !call.print.for_people() {
                call.print.one(&verdict, Sheet::default)?;
            }
            Err(Error::ChainBroken(broken))
        }
    }
}

/// A fault's name and number, as programs and the catalogue know it.
pub(crate) const fn fault_name(fault: Fault) -> (&'static str, Option<u64>) {
    match fault {
        Fault::Edited => ("edited", None),
        Fault::Cut { next } => ("cut", Some(next)),
        Fault::Reordered => ("reordered", None),
        Fault::Sequence { found } => ("sequence", Some(found)),
        Fault::Truncated { length } => ("truncated", Some(length)),
        Fault::Rewritten => ("rewritten", None),
    }
}

/// Has the control plane follow its chain from the beginning, a piece a call; answers as [`links_follow`].
async fn chain_follow(kept: u64, call: &mut Call<'_>) -> Result<Result<(Tip, Tip), Broken>, Error> {
    let mut client = call.client().await?;
    let at_kept = match kept {
        0 => Tip::default(),
        kept => match pieces_follow(Tip::default(), kept, &mut client, call).await? {
            Ok(tip) => tip,
            Err(broken) => return Ok(Err(broken)),
        },
    };
    let verified = pieces_follow(at_kept, 0, &mut client, call).await?;
    Ok(verified.map(|tip| (tip, at_kept)))
}

async fn pieces_follow(
    mut tip: Tip,
    upto: u64,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<Result<Tip, Broken>, Error> {
    loop {
        let asked = AuditVerifyRequest { length: tip.length, last: tip_last(tip), upto };
        let answer = call.answer(client.audit_verify(asked)).await?;
        if let Some(broken) = answer.broken {
            return Ok(Err(Broken::try_from(broken)?));
        }
        let reached = tip_read(answer.length, &answer.last)?;
        if reached.length < tip.length {
            return Err(ConvertError::invalid("length").into());
        }
        let stays = reached.length == tip.length;
        tip = reached;
        call.progress
            .text(call.print.look().count("progress-audit", usize::try_from(tip.length).unwrap_or(usize::MAX)));
        if answer.end || stays {
            return Ok(Ok(tip));
        }
    }
}
