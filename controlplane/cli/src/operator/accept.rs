//! `cartable operator accept`: an invitation becomes a profile; the key is made here and never leaves.

use super::keep::{key_check, key_next, pair_put, pending_finish, write};
use crate::Error;
use crate::call::Call;
use crate::config::Profile;
use crate::connect;
use crate::print::{Sheet, Tone, clean};
use clap::Args;
use identity::csr::request_make;
use identity::issue::{chain_to_pem, pin_of, until_of};
use model::token::{Acceptance, Token, TokenError};
use serde::Serialize;
use std::io::{BufRead, stdin};
use wire::v1::InvitationAcceptRequest;
use wire::v1::invitation_client::InvitationClient;

#[derive(Debug, Args)]
pub(crate) struct Accept {
    #[arg(long)]
    server: String,
    #[arg(long, env = "CARTABLE_INVITATION", hide_env_values = true)]
    invitation: Option<String>,
    #[arg(long)]
    replace: bool,
}

/// What one has become, for programs.
#[derive(Debug, Serialize)]
struct Accepted {
    name: String,
    profile: String,
    server: String,
    until: Option<String>,
}

pub(super) async fn operator_accept(accept: Accept, call: &mut Call<'_>) -> Result<(), Error> {
    let server = accept.server.trim_end_matches('/').to_owned();
    // What cannot be is said before the secret is asked for.
    let (path, name) = call.profile_place()?;
    let (profile, known) = Profile::place(&path, &name, &server, accept.replace)?;
    pending_finish(&profile)?;
    let invitation = invitation_read(accept.invitation, call).await?;
    let key_pem = key_next(&profile.key)?;
    let csr = request_make(&key_pem)?;
    let (channel, binding) = call.progress.during(connect::stranger(&server, invitation.pin)).await?;
    let acceptance = Acceptance { csr: &csr, channel_binding: binding.as_bytes() };
    let request = InvitationAcceptRequest {
        invitation_id: invitation.id.to_string(),
        csr: csr.clone(),
        proof: invitation.key().acceptance(&acceptance),
    };
    let answer = call.answer(InvitationClient::new(channel).accept(request)).await?;
    let malformed = |what| Error::Credentials(identity::Error::Malformed(what));
    let (Some(own), Some(root)) = (answer.chain.first(), answer.chain.last()) else {
        return Err(malformed("the answer holds no certificate"));
    };
    if pin_of(root)? != invitation.pin {
        return Err(malformed("the answer's root is not the invitation's"));
    }
    key_check(&key_pem, own)?;
    let until = until_of(own)?.unix_millis();
    write(&profile.root, chain_to_pem(std::slice::from_ref(root)).as_bytes())?;
    // Cut from here on, the profile is there, and the same key asks again with --replace.
    if !known {
        profile.add(&path, &name)?;
    }
    pair_put(&profile, &chain_to_pem(&answer.chain))?;
    call.progress.clear();
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.words.text_with("operator-accepted", &[("name", clean(&answer.name).into())]));
    sheet.line(look.text("operator-profile"), format!("{name} ({})", path.display()), Tone::Plain);
    sheet.line(look.text("operator-until"), look.date(until), Tone::Plain);
    sheet.section(look.text("operator-accept-next"));
    let flag = if name == crate::config::DEFAULT { String::new() } else { format!(" --profile {name}") };
    sheet.line(format!("cartable{flag} operator self"), String::new(), Tone::Plain);
    let accepted = Accepted { name: answer.name, profile: name, server, until: crate::print::rfc3339(until) };
    call.print.one(&accepted, || sheet)
}

/// The invitation as given, or the first line of standard input: there it shows in no list of processes and no shell history.
async fn invitation_read(given: Option<String>, call: &mut Call<'_>) -> Result<Token, Error> {
    let text = match given.filter(|text| text != "-") {
        Some(text) => text,
        None => {
            if call.surroundings.in_terminal {
                call.note(&call.words.text("operator-paste"));
            }
            let read = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                stdin().lock().read_line(&mut line).map(|_| line)
            });
            read.await.map_err(std::io::Error::other)??
        }
    };
    text.trim().parse().map_err(|error| match error {
        TokenError::Check => Error::usage("error-invitation-check", &[]),
        TokenError::Length(_) | TokenError::Character(_) => Error::usage("error-invitation", &[]),
    })
}
