//! A list in the layout of UT1, made up: the same each time, and no name of anybody.

use crate::lists::Lists;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes the list with what one day changes: names of the first category that went, from its beginning, and names that came.
pub fn ut1_write(lists: Lists, folder: &Path, gone: u64, come: u64) {
    let mut usage = String::new();
    let mut first = true;
    for (name, white, range) in lists.categories() {
        let of = folder.join(name);
        fs::create_dir_all(&of).unwrap();
        let mut file = BufWriter::new(File::create(of.join("domains")).unwrap());
        let from = if first { range.start + gone } else { range.start };
        for number in from..range.end {
            writeln!(file, "{}", lists.name(number)).unwrap();
        }
        if first {
            // What lies beyond the list's size is listed nowhere else.
            let end = lists.categories().last().map_or(0, |(.., range)| range.end);
            (0..come).for_each(|number| writeln!(file, "{}", lists.name(end + 4 * number)).unwrap());
            writeln!(file, "192.0.2.7").unwrap();
        }
        file.flush().unwrap();
        let colour = if white { "white" } else { "black" };
        fs::write(of.join("usage"), format!("# usage\n{colour}\n{name}\n")).unwrap();
        usage.push_str(&format!(
            "NAME: {name}\nDEFAULT_TYPE: {colour}\nNAME FR: Catégorie {name}\nNAME EN: Category {name}\n\n"
        ));
        first = false;
    }
    fs::write(folder.join("global_usage"), usage).unwrap();
    let link = folder.join("porn");
    if fs::symlink_metadata(&link).is_err() {
        std::os::unix::fs::symlink("adult", link).unwrap();
    }
}
