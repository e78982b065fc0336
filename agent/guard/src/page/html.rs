//! How the page looks: for a six-year-old, for a keyboard, for who listens to it.

use super::answer::ASK;
use super::{Kind, Why};
use filter::Name;
use std::fmt::Write;
use words::{Catalogue, Language, Value};

const STYLE: &str = include_str!("page.css");
/// A satchel that is shut; who listens does not need it.
const PICTURE: &str = include_str!("page.svg");

/// What the page says.
#[derive(Debug)]
pub(super) enum Shown {
    /// What it is for.
    Front,
    /// Why a name is closed.
    Name(Why, String),
    /// That it was sent.
    Sent(Kind),
    /// That no name could be read.
    Unread,
    /// That the form is too old, or not ours.
    Stale,
    /// That enough waits already.
    Many,
    /// That it cannot be kept.
    Fault,
}

/// All that a page needs besides.
pub(super) struct Look<'a> {
    pub(super) language: Language,
    pub(super) token: &'a str,
    pub(super) nonce: &'a str,
    pub(super) contact: String,
}

impl Look<'_> {
    pub(super) fn page(&self, shown: &Shown) -> String {
        let words = Words(Catalogue::new(self.language, crate::FR, crate::EN));
        let mut page = String::new();
        let title = words.say(match shown {
            Shown::Front => "page-front",
            Shown::Name(Why::Open, _) => "page-open",
            Shown::Name(..) => "page-closed",
            Shown::Sent(_) => "page-sent",
            Shown::Unread | Shown::Stale | Shown::Many | Shown::Fault => "page-not-sent",
        });
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – Cartable</title>\n\
             <style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n<header>\n<p class=\"brand\">Cartable</p>\n{other}</header>\n\
             <main>\n{PICTURE}<h1>{title}</h1>\n",
            tag = self.language.tag(),
            nonce = self.nonce,
            other = self.other(&words, shown),
        );
        match shown {
            Shown::Front => {
                let _ = writeln!(page, "<p>{}</p>", words.say("page-front-more"));
            }
            Shown::Name(why, name) => self.name(&mut page, &words, why, name),
            Shown::Sent(kind) => {
                let key = if *kind == Kind::Report { "page-sent-report" } else { "page-sent-unblock" };
                let _ = writeln!(page, "<p role=\"status\">{}</p>", words.say(key));
            }
            Shown::Unread => status(&mut page, &words.say("page-unread")),
            Shown::Stale => status(&mut page, &words.say("page-stale")),
            Shown::Many => status(&mut page, &words.say("page-many")),
            Shown::Fault => status(&mut page, &words.say("page-fault")),
        }
        if !self.contact.is_empty() {
            let _ = writeln!(
                page,
                "<section aria-labelledby=\"help\">\n<h2 id=\"help\">{}</h2>\n<p>{}</p>\n</section>",
                words.say("page-help"),
                escaped(&self.contact)
            );
        }
        if !matches!(shown, Shown::Sent(_)) {
            self.report(&mut page, &words);
        }
        let _ = write!(
            page,
            "</main>\n<footer>\n<h2>{}</h2>\n<p>{}</p>\n</footer>\n</body>\n</html>\n",
            words.say("page-privacy"),
            words.say("page-privacy-more")
        );
        page
    }

    /// Why, and the button.
    fn name(&self, page: &mut String, words: &Words, why: &Why, name: &str) {
        let _ = writeln!(page, "<p class=\"name\">{}</p>", escaped(&read_as(name)));
        let reason = match why {
            Why::Open => words.say("page-why-open"),
            Why::Category(label) => {
                let label = if self.language == Language::Fr { &label.fr } else { &label.en };
                words.say_with("page-why-category", label)
            }
            Why::Named => words.say("page-why-named"),
            Why::Lesson => words.say("page-why-lesson"),
            Why::Exam => words.say("page-why-exam"),
            Why::OnlyOpen => words.say("page-why-only-open"),
            Why::Closed => words.say("page-why-closed"),
        };
        let _ = writeln!(page, "<p class=\"why\">{reason}</p>");
        if *why == Why::Open {
            return;
        }
        let _ = writeln!(page, "<p>{}</p>", words.say("page-no-fault"));
        // During an exam nobody opens anything.
        if *why != Why::Exam {
            self.form(page, "debloquer", |page| {
                let _ = writeln!(page, "<input type=\"hidden\" name=\"site\" value=\"{}\">", escaped(name));
                let _ = writeln!(page, "<button aria-describedby=\"goes\">{}</button>", words.say("page-unblock"));
                let _ = writeln!(page, "<p id=\"goes\" class=\"small\">{}</p>", words.say("page-unblock-more"));
            });
        }
    }

    fn report(&self, page: &mut String, words: &Words) {
        let _ =
            writeln!(page, "<section aria-labelledby=\"report\">\n<h2 id=\"report\">{}</h2>", words.say("page-report"));
        self.form(page, "signaler", |page| {
            let _ = writeln!(page, "<p id=\"what\">{}</p>", words.say("page-report-more"));
            let _ = writeln!(page, "<label for=\"site\">{}</label>", words.say("page-report-label"));
            let _ = writeln!(
                page,
                "<input id=\"site\" name=\"site\" type=\"text\" inputmode=\"url\" maxlength=\"300\" required autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" aria-describedby=\"what\">"
            );
            let _ = writeln!(page, "<button class=\"quiet\">{}</button>", words.say("page-report-send"));
        });
        page.push_str("</section>\n");
    }

    fn form(&self, page: &mut String, what: &str, inner: impl FnOnce(&mut String)) {
        let _ = write!(
            page,
            "<form method=\"post\" action=\"{ASK}\">\n<input type=\"hidden\" name=\"mot\" value=\"{}\">\n\
             <input type=\"hidden\" name=\"lang\" value=\"{}\">\n<input type=\"hidden\" name=\"quoi\" value=\"{what}\">\n",
            self.token,
            self.language.tag()
        );
        inner(page);
        page.push_str("</form>\n");
    }

    /// The way to the other language, said in that language.
    fn other(&self, words: &Words, shown: &Shown) -> String {
        let other = if self.language == Language::Fr { Language::En } else { Language::Fr };
        let (tag, named) = (other.tag(), words.say("page-other-language"));
        let name = match shown {
            Shown::Name(_, name) => format!("&amp;site={}", escaped(name)),
            _ => String::new(),
        };
        format!("<p><a href=\"/?lang={tag}{name}\" lang=\"{tag}\" hreflang=\"{tag}\">{named}</a></p>\n")
    }
}

/// Words that are text, and never markup.
struct Words(Catalogue);

impl Words {
    fn say(&self, key: &str) -> String {
        escaped(&self.0.text(key))
    }

    fn say_with(&self, key: &str, value: &str) -> String {
        escaped(&self.0.text_with(key, &[("what", Value::from(value))]))
    }
}

/// A name as people read it.
fn read_as(name: &str) -> String {
    name.parse().map_or_else(|_| name.to_owned(), |name: Name| name.unicode())
}

fn status(page: &mut String, words: &str) {
    let _ = writeln!(page, "<p role=\"alert\">{words}</p>");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}
