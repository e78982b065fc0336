//! `cartable token`: what technicians enrol devices with.

mod qr;
mod row;
mod stick;

use crate::Error;
use crate::arguments::When;
use crate::call::Call;
use crate::config::file_read;
use crate::device::{owner_read, school_read};
use crate::print::{Look, Sheet, Tone, clean};
use crate::span::span_read;
use clap::{Args, Subcommand, ValueEnum};
use model::token::{Token, TokenId};
use qr::qr_text;
use row::TokenRow;
use serde::Serialize;
use std::path::{Path, PathBuf};
use stick::Stick;
use wire::v1::{self, TokenCreateRequest, TokenCreateResponse, TokenListRequest, TokenRevokeRequest};
use words::{Value, shell_word};

/// Symbols in a token's id.
const ID_CHARS: usize = 8;
/// Tokens asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Create(Box<Create>),
    List(List),
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    #[arg(long, conflicts_with_all = ["uses", "school", "owner", "kit", "serial", "serials"])]
    device: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
    #[arg(long)]
    life: Option<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long, requires = "slot")]
    kit: Option<String>,
    #[arg(long, requires = "kit")]
    slot: Option<String>,
    #[arg(long)]
    serial: Vec<String>,
    #[arg(long, conflicts_with = "serial")]
    serials: Option<PathBuf>,
    #[arg(long)]
    note: Option<String>,
    #[arg(long, value_enum, default_value = "auto")]
    qr: When,
    #[arg(long)]
    to: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Unit,
    Kit,
    ReEnrol,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    token: String,
    #[arg(long)]
    why: Option<String>,
}

/// A token just made, for programs: the only time its secret is said.
#[derive(Debug, Serialize)]
struct Created {
    #[serde(flatten)]
    row: TokenRow,
    /// Left out when it went into a file: there it is to be said once, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    server: String,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Create(create) => token_create(*create, call).await,
        Verb::List(list) => token_list(list, call).await,
        Verb::Revoke(revoke) => token_revoke(revoke, call).await,
    }
}

async fn token_create(create: Create, call: &mut Call<'_>) -> Result<(), Error> {
    let qr = create.qr.on(call.surroundings.out_terminal);
    let stick = create.to.as_deref().map(Stick::prepare).transpose()?;
    let request = create.request()?;
    let mut client = call.client().await?;
    let answer = call.answer(client.token_create(request)).await?;
    call.progress.clear();
    let mut created = Created::from(answer);
    if let Some(stick) = stick {
        token_write(&mut created, stick, call)?;
    }
    let code = created.secret.as_deref().filter(|_| qr).and_then(qr_text);
    let sheet = sheet(&created, call.print.look());
    if let Some(code) = code.filter(|_| call.print.for_people()) {
        call.print.raw(format!("{code}\n\n").as_bytes())?;
    }
    call.print.one(&created, || sheet)
}

/// Writes a token that was just made into its file, and says so if that fails: it can be revoked.
fn token_write(created: &mut Created, stick: Stick, call: &mut Call<'_>) -> Result<(), Error> {
    let Some(secret) = created.secret.take() else { return Ok(()) };
    let path = stick.path.clone();
    let shown = || Value::from(clean(&path.display().to_string()));
    if stick.replaces {
        call.note(&call.words.text_with("token-file-replaced", &[("path", shown())]));
    }
    let heading = {
        let look = call.print.look();
        let values =
            [("token", created.row.id.as_str().into()), ("date", look.date(created.row.expires_unix_ms).into())];
        look.words.text_with("token-file-heading", &values)
    };
    if let Err(error) = stick.write(&heading, &created.server, &secret) {
        call.note(&call.words.text_with("token-file-failed", &[("token", created.row.id.as_str().into())]));
        return Err(error);
    }
    let again = if created.row.device.is_some() { " --again" } else { "" };
    let folder = path.parent().unwrap_or(Path::new("."));
    created.command = format!("sudo cartable-agent enrol{again} --from {}", shell_word(&folder.display().to_string()));
    created.file = Some(path);
    Ok(())
}

async fn token_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut request = TokenListRequest { all: list.all, limit: PAGE, after: String::new() };
    let mut rows: Vec<TokenRow> = Vec::new();
    loop {
        let page = call.answer(client.token_list(request.clone())).await?;
        rows.extend(page.tokens.into_iter().map(TokenRow::from));
        // A server that names the same place again would keep us for ever.
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("token-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn token_revoke(revoke: Revoke, call: &mut Call<'_>) -> Result<(), Error> {
    let id = id_read(&revoke.token)?;
    let why = revoke.why.unwrap_or_else(|| "cartable token revoke".to_owned());
    let mut client = call.client().await?;
    let answer = call.answer(client.token_revoke(TokenRevokeRequest { id: id.to_string(), why })).await?;
    call.progress.clear();
    let row = TokenRow::from(answer.token.unwrap_or_default());
    let line = call.words.text_with("token-revoked", &[("token", row.id.as_str().into())]);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

impl Create {
    fn request(self) -> Result<TokenCreateRequest, Error> {
        let serials = match &self.serials {
            Some(path) => serials_read(&file_read(path)?),
            None => self.serial,
        };
        // Which device is named once; which kind follows from it.
        let kind = self.kind.unwrap_or(if self.device.is_some() { Kind::ReEnrol } else { Kind::Unit });
        if (kind == Kind::ReEnrol) != self.device.is_some() {
            return Err(Error::usage("error-token-device", &[]));
        }
        let listed = u32::try_from(serials.len()).unwrap_or(u32::MAX).max(1);
        let uses = self.uses.unwrap_or(if kind == Kind::Kit { listed } else { 1 });
        if kind == Kind::Unit && uses != 1 {
            return Err(Error::usage("error-unit-uses", &[]));
        }
        Ok(TokenCreateRequest {
            kind: match kind {
                Kind::Unit => v1::TokenKind::Unit,
                Kind::Kit => v1::TokenKind::Kit,
                Kind::ReEnrol => v1::TokenKind::ReEnrol,
            }
            .into(),
            uses,
            life_seconds: self.life.as_deref().map(span_read).transpose()?.unwrap_or_default(),
            school: self.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
            owner: self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
            kit: self.kit.unwrap_or_default(),
            slot: self.slot.unwrap_or_default(),
            serials,
            note: self.note.unwrap_or_default(),
            device: self.device.unwrap_or_default(),
        })
    }
}

impl From<TokenCreateResponse> for Created {
    fn from(answer: TokenCreateResponse) -> Self {
        // The secret itself would stay in the shell's history and show in the list of processes.
        let row: TokenRow = answer.token.unwrap_or_default().into();
        // What was reinstalled has no state to set aside, and the flag does no harm there.
        let again = if row.device.is_some() { " --again" } else { "" };
        let command = format!("sudo cartable-agent enrol{again} --server {} --token -", answer.server);
        Self { row, secret: Some(answer.secret), server: answer.server, command, file: None }
    }
}

/// The id of a token as typed; a whole token pasted names it as well.
fn id_read(text: &str) -> Result<TokenId, Error> {
    let symbols: String = text.chars().filter(|c| *c != '-' && !c.is_whitespace()).collect();
    let id = if symbols.chars().count() == ID_CHARS {
        symbols.parse().ok()
    } else {
        symbols.parse().ok().map(|token: Token| token.id)
    };
    // Of what is no id, no more is said back than an id holds: it may be a secret with one slip in it.
    let shown = || symbols.chars().take(ID_CHARS).chain((symbols.chars().count() > ID_CHARS).then_some('…'));
    id.ok_or_else(|| Error::usage("error-token-id", &[("value", &clean(&shown().collect::<String>()))]))
}

/// The serial numbers of a file: one a line, blank lines and comments left out.
fn serials_read(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn sheet(created: &Created, look: &Look<'_>) -> Sheet {
    let row = &created.row;
    let mut sheet = Sheet::default();
    sheet.section(look.text("token-title"));
    match (&created.secret, &created.file) {
        (Some(secret), _) => sheet.line(look.text("token-secret"), secret.clone(), Tone::Good),
        (None, Some(file)) => sheet.line(look.text("token-file"), file.display().to_string(), Tone::Good),
        (None, None) => {}
    }
    let life = u64::try_from(row.expires_unix_ms.saturating_sub(row.created_unix_ms) / 1000).unwrap_or(0);
    let values = [("date", Value::from(look.date(row.expires_unix_ms))), ("life", look.span(life).into())];
    sheet.line(look.text("token-expires"), look.words.text_with("token-until", &values), Tone::Plain);
    let uses = look.words.text_with("token-uses-count", &[("n", Value::count(row.uses.into()))]);
    sheet.line(look.text("token-uses"), uses, Tone::Plain);
    if let Some(device) = &row.device {
        sheet.line(look.text("token-device"), device.clone(), Tone::Plain);
    }
    if let Some(school) = &row.school {
        sheet.line(look.text("token-school"), school.clone(), Tone::Plain);
    }
    if let Some(owner) = &row.owner {
        sheet.line(look.text("token-owner"), owner.clone(), Tone::Plain);
    }
    if let (Some(kit), Some(slot)) = (&row.kit, &row.slot) {
        sheet.line(look.text("token-kit"), format!("{kit} / {slot}"), Tone::Plain);
    }
    if row.serials > 0 {
        let listed = look.words.text_with("token-serials-count", &[("n", Value::count(row.serials.into()))]);
        sheet.line(look.text("token-serials"), listed, Tone::Plain);
    }
    sheet.section(look.text("token-next"));
    sheet.line(clean(&created.command), String::new(), Tone::Plain);
    if created.file.is_some() {
        sheet.section(look.text("token-file-care"));
        return sheet;
    }
    sheet.section(look.text("token-paste"));
    sheet.section(look.text("token-once"));
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_eight_symbols_or_a_whole_token() {
        let token = Token::new(&[7; 31], model::token::Pin::of(b"root"));
        for text in [token.id.to_string(), token.id.to_string().to_lowercase(), token.to_string()] {
            assert_eq!(id_read(&text).unwrap(), token.id, "{text}");
        }
        for text in ["", "1234567", "123456789", "U2345678", "ABCD-EFG!", &token.to_string()[..20]] {
            assert!(matches!(id_read(text), Err(Error::Usage { key: "error-token-id", .. })), "{text}");
        }
    }

    #[test]
    fn the_secret_is_shown_to_be_pasted_and_is_in_no_command() {
        let (secret, server) = ("ABCD-EFGH".to_owned(), "https://localhost:8443".to_owned());
        let created = Created::from(TokenCreateResponse { token: None, secret: secret.clone(), server });
        assert_eq!(created.command, "sudo cartable-agent enrol --server https://localhost:8443 --token -");
        let words = words::Catalogue::new(words::Language::Fr, crate::FR, crate::EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        let text = sheet(&created, &look).text(false);
        assert_eq!(text.matches(&secret).count(), 1, "{text}");
        assert_eq!(
            (shell_word("/media/KIT"), shell_word("l'été")),
            ("/media/KIT".to_owned(), "'l'\\''été'".to_owned())
        );
        assert!(text.contains("collez le jeton"), "{text}");
    }

    #[test]
    fn serials_are_read_a_line_each() {
        assert_eq!(serials_read("\u{feff}# lot 3\r\nPF3Q9X2B\r\n\r\n  5CD1234XYZ \n"), ["PF3Q9X2B", "5CD1234XYZ"]);
    }
}
