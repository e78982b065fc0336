//! The sheet that lies in a kit's case, and the record that is signed when it is handed over.

use super::file::template_of;
use super::row::{KitRow, PartRow};
use crate::Error;
use crate::asset::{lang_code, measure_text};
use crate::call::Call;
use crate::operator::write;
use crate::print::Look;
use clap::Args;
use model::kit::Template;
use paper::{CaseSheet, Footer, acceptance_paper, case_paper};
use std::path::PathBuf;
use wire::v1::KitShowRequest;

#[derive(Debug, Args)]
pub(crate) struct Print {
    kit: String,
    #[arg(long, short = 'o')]
    to: PathBuf,
}

pub(crate) async fn kit_paper(print: Print, record: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_show(KitShowRequest { kit: print.kit })).await?;
    call.progress.clear();
    let template = template_of(answer.template.unwrap_or_default());
    let row = KitRow::from(answer.kit.unwrap_or_default());
    let parts: Vec<PartRow> = answer.parts.into_iter().map(PartRow::from).collect();
    let sheet = case_sheet(&row, &template, &parts, record, call.print.look());
    let pdf = if record { acceptance_paper(&sheet)? } else { case_paper(&sheet)? };
    write(&print.to, &pdf)?;
    let values = [("kit", row.label.into()), ("path", print.to.display().to_string().into())];
    call.note(&call.words.text_with("kit-paper-written", &values));
    Ok(())
}

fn case_sheet(kit: &KitRow, template: &Template, parts: &[PartRow], record: bool, look: &Look<'_>) -> CaseSheet {
    let field = |key: &str, value: Option<String>| (look.text(key), value.unwrap_or_default());
    let mut fields = vec![
        field("kit-label", Some(kit.label.clone())),
        field("kit-template", Some(kit.template_text())),
        field("kit-school", kit.school.clone()),
        field("kit-owner", kit.owner.clone()),
    ];
    if record {
        fields.push(field("kit-measure", kit.measure.as_deref().map(|measure| measure_text(measure, look))));
        fields.push(field("kit-funding", kit.funding.clone()));
        fields.push(field("kit-paper-room", None));
        fields.push(field("kit-paper-date", None));
    } else {
        fields.push(field("asset-contact", kit.contact.clone()));
    }
    let heading = |key: &str, share: f32| (look.text(key), share);
    let mut columns = vec![
        heading("kit-slot", 3.0),
        heading("kit-paper-part", 4.0),
        heading("asset-number", 3.0),
        heading("asset-serial", 3.0),
    ];
    columns.push(if record { heading("kit-paper-present", 1.6) } else { heading("kit-paper-count", 1.2) });
    let mut rows = Vec::new();
    for slot in &template.slots {
        let title = if slot.title.is_empty() { slot.slot.clone() } else { slot.title.clone() };
        let role = look.text(&format!("kit-role-{}", slot.role.name()));
        let bound: Vec<&PartRow> = parts.iter().filter(|part| part.slot == slot.slot).collect();
        let mut count = 0;
        for part in &bound {
            count += part.count;
            let mut what = part.product.clone().unwrap_or_else(|| role.clone());
            if part.count > 1 {
                what = format!("{what} × {}", part.count);
            }
            let last = if record { String::new() } else { part.count.to_string() };
            let (number, serial) = (part.number.clone().unwrap_or_default(), part.serial.clone().unwrap_or_default());
            rows.push(vec![title.clone(), what, number, serial, last]);
        }
        // What is to be there and is not has its line too: it is found empty, not forgotten.
        if count < u32::from(slot.min) {
            let lacking = u32::from(slot.min) - count;
            let what = format!("{role} × {lacking}");
            rows.push(vec![title, what, String::new(), String::new(), look.text("kit-paper-lacking")]);
        }
    }
    let text = if record { vec![look.text("kit-paper-statement")] } else { vec![look.text("kit-paper-care")] };
    CaseSheet {
        lang: lang_code(look.words.language()).to_owned(),
        title: look.text(if record { "kit-paper-record" } else { "kit-paper-sheet" }),
        below: if template.title.is_empty() { template.name.clone() } else { template.title.clone() },
        code: kit.code.clone(),
        fields,
        columns,
        rows,
        text,
        signatures: vec![look.text("kit-paper-sign-school"), look.text("kit-paper-sign-owner")],
        footer: Footer { left: kit.label.clone(), of: look.text("kit-paper-of") },
    }
}
