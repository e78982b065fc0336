//! A sample of names in a file: one a line, with the categories in which a list has it, such as `example.org games,press`.

use crate::Error;
use crate::config::file_read;
use crate::print::clean;
use model::host::CategoryName;
use std::path::Path;
use wire::v1::PolicyProbe;

pub(super) fn names_read(path: &Path) -> Result<Vec<PolicyProbe>, Error> {
    names_parse(&file_read(path)?)
}

fn names_parse(text: &str) -> Result<Vec<PolicyProbe>, Error> {
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    let lines = lines.map(|(line, at)| (line.split('#').next().unwrap_or_default().trim(), at));
    lines.filter(|(line, _)| !line.is_empty()).map(|(line, at)| probe_parse(line, at)).collect()
}

fn probe_parse(line: &str, at: usize) -> Result<PolicyProbe, Error> {
    let wrong = |why: String| Error::usage("error-policy-names", &[("line", &at.to_string()), ("why", &clean(&why))]);
    let mut words = line.split([' ', '\t', ';', ',']).filter(|word| !word.is_empty());
    // What is a name, and which, is the control plane's to say.
    let name = words.next().unwrap_or_default().to_owned();
    let categories = words.map(|word| {
        let read: Result<CategoryName, _> = word.parse();
        read.map(|category| category.to_string()).map_err(|_| wrong(word.to_owned()))
    });
    Ok(PolicyProbe { name, categories: categories.collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_its_categories() {
        let read = names_parse("# a sample\nWWW.example.org games,press\n\nother.example\n").unwrap();
        let said: Vec<(&str, usize)> = read.iter().map(|probe| (probe.name.as_str(), probe.categories.len())).collect();
        assert_eq!(said, [("WWW.example.org", 2), ("other.example", 0)]);
        let bad = "a.fr Games";
        let Err(Error::Usage { key: "error-policy-names", values }) = names_parse(bad) else { panic!("{bad}") };
        assert_eq!(values[0], ("line", "1".into()));
    }
}
