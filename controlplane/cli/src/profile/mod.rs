//! `cartable profile`: one operator, several servers.

use crate::Error;
use crate::call::Call;
use crate::config::{Config, file_read};
use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use clap::{Args, Subcommand};
use identity::caller::{Caller, certificate_read};
use identity::issue::chain_of_pem;
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List,
    Use(Use),
}

#[derive(Debug, Args)]
pub(crate) struct Use {
    name: String,
}

/// A line of the list of profiles; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ProfileRow {
    name: String,
    default: bool,
    server: String,
    operator: Option<String>,
    until: Option<String>,
    #[serde(skip)]
    until_unix_ms: i64,
}

pub(crate) fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    let (path, _) = call.profile_place()?;
    let config = Config::load(&path)?;
    match verb {
        Verb::List => {
            let mut rows = Vec::new();
            for (name, profile) in config.profiles(&path) {
                let mut row = ProfileRow { default: name == config.default_name(), name, ..ProfileRow::default() };
                row.server.clone_from(&profile.server);
                // A profile whose certificate is gone is listed all the same: that is what one wants to see.
                let chain = file_read(&profile.certificate).ok().and_then(|pem| chain_of_pem(&pem).ok());
                if let Some(read) = chain.and_then(|chain| certificate_read(&chain[0]).ok()) {
                    row.until_unix_ms = read.until.unix_millis();
                    row.until = rfc3339(row.until_unix_ms);
                    if let Caller::Operator { name, territory } = read.caller {
                        row.operator = Some(format!("{name} ({territory})"));
                    }
                }
                rows.push(row);
            }
            call.print.list(&rows)
        }
        Verb::Use(chosen) => {
            config.default_set(&path, &chosen.name)?;
            let line = call.words.text_with("profile-used", &[("name", clean(&chosen.name).into())]);
            let row = ProfileRow { name: chosen.name, default: true, ..ProfileRow::default() };
            call.print.one(&row, || {
                let mut sheet = Sheet::default();
                sheet.section(line);
                sheet
            })
        }
    }
}

impl Row for ProfileRow {
    const COLUMNS: &'static [&'static str] =
        &["profile-name", "profile-server", "profile-operator", "operator-until", "profile-default"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let missing = || (look.text("profile-missing"), Tone::Bad);
        vec![
            (self.name.clone(), Tone::Plain),
            (self.server.clone(), Tone::Plain),
            self.operator.clone().map_or_else(missing, |name| (name, Tone::Plain)),
            match self.until_unix_ms {
                0 => ("–".to_owned(), Tone::Faint),
                until => (look.date(until), Tone::Plain),
            },
            (if self.default { look.text("yes") } else { String::new() }, Tone::Good),
        ]
    }
}
