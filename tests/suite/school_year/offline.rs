//! The desk without a network: the command line's own, with its sealed file.

use super::territory::{SCHOOLS, Territory, number};
use crate::desk::bench::Shell;
use cartable::Exit;
use serde_json::Value;
use tempfile::TempDir;
use wire::v1::Loan;

/// A desk with a day's working set, and whom it expects.
pub(super) struct Desk {
    folder: TempDir,
    shell: Shell,
    laptops: Vec<String>,
}

impl Desk {
    /// The day before: a campaign, and a file for it that says nothing to whoever finds it.
    pub(super) async fn prepare(year: &Territory, loans: &[Loan], mine: &[usize]) -> Self {
        let shell = Shell::first(&year.world);
        let today = super::today(year);
        let (first, last) = (today.yesterday().unwrap().to_string(), today.tomorrow().unwrap().to_string());
        let mut line = vec!["campaign", "create", "rentree", "--kind", "handout", "--first", &first, "--last", &last];
        line.extend(SCHOOLS.iter().flat_map(|school| ["--school", school]));
        let campaign = shell.json(&line).await["id"].as_str().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let desk = Self { folder, shell, laptops: mine.iter().map(|n| number(*n)).collect() };
        std::fs::write(desk.path("words"), "quatre mots pour ce soir\n").unwrap();
        let (file, words) = (desk.path("day.desk"), desk.path("words"));
        let line = ["desk", "prepare", "--campaign", &campaign, "--to", &file, "--passphrase-file", &words];
        let made = desk.shell.json(&line).await;
        assert_eq!(made["loans"], loans.len(), "{made}");
        let bytes = std::fs::read(&file).unwrap();
        let told = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!loans.iter().any(|loan| told(&loan.number)) && !told(SCHOOLS[0]));
        desk
    }

    /// The day itself, family by family, with the control plane away.
    pub(super) async fn hand_over_all(&mut self, _year: &Territory) {
        let laptops: Vec<&str> = self.laptops.iter().map(String::as_str).collect();
        let (exit, said) = self.says("scan", &[&["--finish"], laptops.as_slice()].concat()).await;
        assert_eq!(exit, Exit::Done, "{said}");
    }

    /// The evening: all of it is done but for the family that another desk had served, which is shown and not overwritten.
    pub(super) async fn send(&self, _year: &Territory, served: &str) {
        let (exit, sent) = self.says("send", &[]).await;
        assert_eq!(exit, Exit::Conflict, "{sent}");
        assert_eq!((&sent["done"], &sent["conflicts"]), (&(self.laptops.len() - 1).into(), &1.into()), "{sent}");
        let (_, against) = self.says("conflicts", &[]).await;
        assert!(against.to_string().contains(served), "{against}");
    }

    /// Once more, as after a restored copy of the file: nothing changes.
    pub(super) async fn send_again(&self, _year: &Territory) {
        let (_, sent) = self.says("send", &[]).await;
        assert_eq!(sent["sent"], 0, "{sent}");
    }

    async fn says(&self, verb: &str, more: &[&str]) -> (Exit, Value) {
        let (file, words) = (self.path("day.desk"), self.path("words"));
        let line = [&["--output", "json", "desk", verb, &file, "--passphrase-file", &words], more].concat();
        let (exit, out, err) = self.shell.ran(&line).await;
        (exit, serde_json::from_str(&out).unwrap_or_else(|_| Value::String(format!("{out}{err}"))))
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
