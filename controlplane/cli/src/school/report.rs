//! The report of an import: each row that was repaired, flagged or refused, with its line and why.

use crate::Error;
use crate::print::{Look, rows_write};
use model::annuaire::{Done, Note, Refused};
use model::uai::WrittenUai;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How many findings are kept to be shown on the screen.
const SHOWN_MAX: usize = 10;

/// One thing about one row; the field names are promised to programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    line: u64,
    uai: String,
    result: &'static str,
    column: String,
    what: &'static str,
    was: String,
    now: String,
}

/// Where findings go.
pub(super) struct Report<'a> {
    look: Look<'a>,
    file: Option<Out>,
    /// The first ones that a person ought to see: what was flagged or refused.
    pub(super) shown: Vec<Finding>,
}

struct Out {
    path: PathBuf,
    form: Form,
    writer: BufWriter<File>,
    first: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
    Text,
}

impl Finding {
    pub(super) fn of(line: u64, uai: WrittenUai, note: &Note) -> Self {
        Self {
            line,
            uai: uai.to_string(),
            result: if note.what.flags() { "flagged" } else { "repaired" },
            column: note.column.to_owned(),
            what: note.what.name(),
            was: note.was.clone(),
            now: note.now.clone(),
        }
    }

    pub(super) fn joined(line: u64, uai: WrittenUai, what: Done, was: &str, now: &str) -> Self {
        let (was, now) = (was.to_owned(), now.to_owned());
        Self { line, uai: uai.to_string(), result: "joined", column: String::new(), what: what.name(), was, now }
    }

    pub(super) fn refused(line: u64, why: &Refused) -> Self {
        let (uai, column, was, now) = match why {
            Refused::Fields { found, columns } => {
                (String::new(), String::new(), found.to_string(), columns.to_string())
            }
            Refused::Long(column) => (String::new(), (*column).to_owned(), String::new(), String::new()),
            Refused::Uai(was) => (String::new(), String::new(), was.clone(), String::new()),
            Refused::Name => Default::default(),
            Refused::Letter(uai) => (uai.to_string(), String::new(), uai.to_string(), uai.expected().to_string()),
        };
        Self { line, uai, result: "refused", column, what: why.name(), was, now }
    }

    /// In the reader's language, on one line.
    pub(super) fn text(&self, look: &Look<'_>) -> String {
        let group = if self.result == "refused" { "refused" } else { "done" };
        let values = [
            ("line", self.line.to_string().into()),
            ("uai", self.uai.as_str().into()),
            ("column", self.column.as_str().into()),
            ("was", crate::print::clean(&self.was).into()),
            ("now", crate::print::clean(&self.now).into()),
        ];
        look.words.text_with(&format!("import-{group}-{}", self.what), &values)
    }
}

impl<'a> Report<'a> {
    /// A report into this file, whose ending says its form; or into none.
    pub(super) fn begin(path: Option<&Path>, source: &Path, look: &Look<'a>) -> Result<Self, Error> {
        let file = path.map(|path| Out::create(path, source)).transpose()?;
        Ok(Self { look: look.clone(), file, shown: Vec::new() })
    }

    pub(super) fn add(&mut self, finding: Finding) -> Result<(), Error> {
        if let Some(out) = &mut self.file {
            out.write(&finding, &self.look)?;
        }
        if self.shown.len() < SHOWN_MAX && matches!(finding.result, "flagged" | "refused") {
            self.shown.push(finding);
        }
        Ok(())
    }

    /// The findings to be shown; the file is whole.
    pub(super) fn finish(self) -> Result<Vec<Finding>, Error> {
        if let Some(mut out) = self.file {
            let end = match (out.form, out.first) {
                (Form::Json, true) => "[]\n",
                (Form::Json, false) => "\n]\n",
                (Form::Csv | Form::Text, _) => "",
            };
            let done = out.writer.write_all(end.as_bytes()).and_then(|()| out.writer.flush());
            done.map_err(|source| Error::FileWrite { path: out.path, source })?;
        }
        Ok(self.shown)
    }
}

impl Out {
    fn create(path: &Path, source: &Path) -> Result<Self, Error> {
        // Its own source is the one file that it must not replace.
        let same = path.canonicalize().is_ok_and(|path| source.canonicalize().is_ok_and(|source| path == source));
        if same {
            return Err(Error::FileWrite { path: path.to_owned(), source: io::ErrorKind::AlreadyExists.into() });
        }
        let form = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Form::Csv,
            Some("json") => Form::Json,
            _ => Form::Text,
        };
        let file = File::create(path).map_err(|source| Error::FileWrite { path: path.to_owned(), source })?;
        let mut out = Self { path: path.to_owned(), form, writer: BufWriter::new(file), first: true };
        if form == Form::Csv {
            out.written(|writer| writer.write_all(b"line,uai,result,column,what,was,now\n"))?;
        }
        Ok(out)
    }

    fn write(&mut self, finding: &Finding, look: &Look<'_>) -> Result<(), Error> {
        let start = if self.first { "[\n" } else { ",\n" };
        self.first = false;
        match self.form {
            Form::Csv => self.written(|writer| rows_write(std::slice::from_ref(finding), false, writer)),
            Form::Json => self.written(|writer| {
                writer.write_all(start.as_bytes())?;
                serde_json::to_writer(writer, finding).map_err(io::Error::from)
            }),
            Form::Text => self.written(|writer| writeln!(writer, "{}", finding.text(look))),
        }
    }

    fn written(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Error> {
        write(&mut self.writer).map_err(|source| Error::FileWrite { path: self.path.clone(), source })
    }
}
