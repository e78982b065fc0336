//! The page as programs see it, friendly and hostile ones.

use super::*;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Notes what is asked.
#[derive(Default)]
struct Owner {
    asked: Mutex<Vec<(Kind, String)>>,
    refuses: Option<Refused>,
}

impl Told for Owner {
    fn why(&self, name: &str) -> Why {
        match name {
            "games.example" => Why::Category(Label { fr: "Jeux".to_owned(), en: "Games".to_owned() }),
            "bad.example" => Why::Category(Label { fr: "<script>x</script>".to_owned(), en: "&".to_owned() }),
            "open.example" => Why::Open,
            "exam.example" => Why::Exam,
            _ => Why::Closed,
        }
    }

    fn ask(&self, kind: Kind, name: &str, user: Option<u32>) -> Result<(), Refused> {
        // Whoever runs these tests asks.
        let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
        assert_eq!(user, Some(own));
        self.asked.lock().unwrap().push((kind, name.to_owned()));
        self.refuses.map_or(Ok(()), Err)
    }

    fn contact(&self) -> String {
        "Le <b>CDI</b> & l’accueil".to_owned()
    }
}

struct Desk {
    owner: Arc<Owner>,
    at: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Desk {
    async fn open(refuses: Option<Refused>) -> Self {
        let owner = Arc::new(Owner { refuses, ..Owner::default() });
        let page = Page::bind(&["127.0.0.1:0".parse().unwrap()], owner.clone()).await.unwrap();
        let at = page.addresses()[0];
        Self { owner, at, task: tokio::spawn(page.serve()) }
    }

    fn own(&self) -> String {
        format!("{NAME}:{}", self.at.port())
    }

    /// What is said to bytes as they are.
    async fn raw(&self, request: &[u8]) -> String {
        let mut tcp = TcpStream::connect(self.at).await.unwrap();
        // It may hang up before it has read all.
        let _ = tcp.write_all(request).await;
        let mut said = Vec::new();
        let _ = tcp.read_to_end(&mut said).await;
        String::from_utf8_lossy(&said).into_owned()
    }

    async fn get(&self, host: &str, path: &str, more: &str) -> String {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n{more}\r\n").as_bytes()).await
    }

    async fn post(&self, host: &str, body: &str, more: &str) -> String {
        let kind = "application/x-www-form-urlencoded";
        let head = format!(
            "POST /demander HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{more}\r\n",
            body.len()
        );
        self.raw(format!("{head}{body}").as_bytes()).await
    }

    async fn token(&self) -> String {
        let page = self.get(&self.own(), "/", "").await;
        page.split("name=\"mot\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    fn asked(&self) -> Vec<(Kind, String)> {
        self.owner.asked.lock().unwrap().clone()
    }
}

fn status(said: &str) -> &str {
    said.split(' ').nth(1).unwrap_or(said)
}

#[tokio::test]
async fn a_closed_name_leads_to_the_reason() {
    let desk = Desk::open(None).await;
    let said = desk.get("Games.Example.:8080", "/any/../path?secret=1", "Accept-Language: fr\r\n").await;
    assert_eq!(status(&said), "302");
    let link = format!("http://{}/?site=games.example&ferme=1", desk.own());
    assert!(said.to_lowercase().contains(&format!("location: {link}\r\n")), "{said}");
    assert!(!said.contains("secret"));
    let said = desk.get(&desk.own(), "/?site=games.example", "Accept-Language: de, fr;q=0.9, en;q=0.8\r\n").await;
    assert_eq!(status(&said), "200");
    for part in
        ["<html lang=\"fr\">", ">games.example<", "«\u{a0}Jeux\u{a0}»", "Demander le déblocage", "Signaler un contenu"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let lower = said.to_lowercase();
    for part in ["script-src", "<script", "set-cookie", "http://www", "src="] {
        assert!(!lower.contains(part), "{part} in {said}");
    }
    for part in [
        "content-security-policy: default-src 'none'; style-src 'nonce-",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(lower.contains(part), "{part} in {said}");
    }
    let said = desk.get(&desk.own(), "/?site=games.example", "Accept-Language: en;q=0.9, fr;q=0.8\r\n").await;
    assert!(said.contains("<html lang=\"en\">") && said.contains("“Games”"), "{said}");
    let said = desk.get(&desk.own(), "/?site=games.example&lang=fr", "Accept-Language: en\r\n").await;
    assert!(said.contains("<html lang=\"fr\">"));
    // However a program writes it: it is the name that was asked for.
    for (host, site) in [
        ("Élève.example", "xn--lve-6lad.example"),
        ("xn--LVE-6lad.example.", "xn--lve-6lad.example"),
        ("_a.b_c.example", "_a.b_c.example"),
    ] {
        let said = desk.get(host, "/", "").await;
        assert!(said.contains(&format!("?site={site}&ferme=1")), "{host}: {said}");
    }
    let said = desk.get(&desk.own(), "/?site=%C3%89l%C3%A8ve.example.", "").await;
    assert!(said.contains(">élève.example<") && said.contains("value=\"xn--lve-6lad.example\""), "{said}");
    // What loads parts of a page gets no page.
    let said = desk.raw(b"GET /x.png HTTP/1.1\r\nHost: games.example\r\nAccept: image/*\r\n\r\n").await;
    assert_eq!(status(&said), "403");
    for (name, button) in [("open.example", false), ("exam.example", false), ("other.example", true)] {
        let said = desk.get(&desk.own(), &format!("/?site={name}"), "").await;
        assert_eq!(said.contains("value=\"debloquer\""), button, "{name}");
    }
}

#[tokio::test]
async fn what_a_user_asks_is_handed_on() {
    let desk = Desk::open(None).await;
    let token = desk.token().await;
    let origin = format!("Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", desk.own());
    let said = desk.post(&desk.own(), &format!("mot={token}&lang=en&quoi=debloquer&site=games.example"), &origin).await;
    assert_eq!(status(&said), "303");
    let to = said.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().trim().to_owned();
    let said = desk.get(&desk.own(), &to, "").await;
    assert!(said.contains("A grown-up will look at what you asked."), "{said}");
    let typed = "https%3A%2F%2Fuser%3Ax%40Bad.Example%3A8443%2Fpath%3Fq%3D1";
    let said = desk.post(&desk.own(), &format!("mot={token}&quoi=signaler&site={typed}"), "").await;
    assert_eq!(status(&said), "303");
    let wanted = [(Kind::Unblock, "games.example".to_owned()), (Kind::Report, "bad.example".to_owned())];
    assert_eq!(desk.asked(), wanted);
    for (refuses, code) in [(Refused::Many, "429"), (Refused::Fault, "503"), (Refused::Name, "400")] {
        let desk = Desk::open(Some(refuses)).await;
        let token = desk.token().await;
        let said = desk.post(&desk.own(), &format!("mot={token}&site=a.example"), "").await;
        assert_eq!(status(&said), code);
    }
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let desk = Desk::open(None).await;
    let token = desk.token().await;
    let body = format!("mot={token}&quoi=debloquer&site=games.example");
    for more in [
        "Origin: http://games.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        assert_eq!(status(&desk.post(&desk.own(), &body, more).await), "403", "{more}");
    }
    assert_eq!(status(&desk.post(&desk.own(), "quoi=debloquer&site=games.example", "").await), "403");
    assert_eq!(status(&desk.post(&desk.own(), "mot=0&site=games.example", "").await), "403");
    // Another name that leads to loopback: a page there is of another origin.
    assert_eq!(status(&desk.post("rebound.example", &body, "").await), "403");
    let get = desk.get(&desk.own(), &format!("/demander?{body}"), "").await;
    assert_eq!(status(&get), "404");
    assert_eq!(desk.asked(), []);
}

#[tokio::test]
async fn hostile_requests_are_survived() {
    let desk = Desk::open(None).await;
    let own = desk.own();
    for host in ["<script>alert(1)</script>", "\"><b>", "a..b", "[::1", "", "x\u{1}y", "é.example", &"a".repeat(300)] {
        let said = desk.get(host, "/", "").await;
        assert!(["302", "400", "403"].contains(&status(&said)), "{host}: {said}");
        assert!(!said.contains("<script>") && !said.contains("<b>"), "{host}: {said}");
    }
    for path in [
        "/?site=%3Cscript%3Ealert(1)%3C/script%3E",
        "/?site=\"%3E%3Cb%3E",
        "/?site=a%0d%0aSet-Cookie:x=1",
        "/?site=%ff%fe",
        "/?lang=%00",
    ] {
        let said = desk.get(&own, path, "").await;
        assert!(
            !said.contains("<script>") && !said.contains("<b>") && !said.to_lowercase().contains("set-cookie"),
            "{path}: {said}"
        );
    }
    let said = desk.get(&own, "/?site=bad.example", "").await;
    assert!(
        said.contains("&lt;script&gt;x&lt;/script&gt;") && said.contains("Le &lt;b&gt;CDI&lt;/b&gt; &amp; l’accueil")
    );
    assert_eq!(status(&desk.get(&own, "/../../etc/passwd", "").await), "404");
    assert_eq!(status(&desk.raw(format!("DELETE / HTTP/1.1\r\nHost: {own}\r\n\r\n").as_bytes()).await), "405");
    assert_eq!(status(&desk.get(&own, "/", &format!("X: {}\r\n", "a".repeat(32 << 10))).await), "431");
    assert_eq!(status(&desk.get(&own, "/", &"X: a\r\n".repeat(80)).await), "431");
    let long = format!("mot={}&site={}", desk.token().await, "a".repeat(5_000));
    assert_eq!(status(&desk.post(&own, &long, "").await), "400");
    assert_eq!(status(&desk.raw(b"\x16\x03\x01\x02\x00\x01\x00").await), "400");
    assert_eq!(status(&desk.get(&own, "/", "").await), "200");
    assert_eq!(desk.asked(), []);
}

#[tokio::test]
async fn both_addresses_are_had_or_named() {
    let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = first.local_addr().unwrap();
    let error = Page::bind(&[taken], Arc::new(Owner::default())).await.unwrap_err();
    assert!(error.to_string().starts_with(&taken.to_string()), "{error}");
}

#[tokio::test]
async fn an_address_that_the_machine_has_not_is_left_out() {
    let bind = async |addresses: &[&str]| {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|one| one.parse().unwrap()).collect();
        Page::bind(&addresses, Arc::new(Owner::default())).await.map(|page| page.addresses().len())
    };
    assert_eq!(bind(&["127.0.0.1:0", "[2001:db8::1]:0"]).await.unwrap(), 1);
    let error = bind(&["[2001:db8::1]:0"]).await.unwrap_err();
    assert!(error.to_string().starts_with("[2001:db8::1]:0"), "{error}");
    assert!(bind(&["127.0.0.1:0", "192.0.2.1:0"]).await.is_err());
}

#[test]
fn names_are_found_in_what_people_type() {
    let name = |text| form::name_read(text);
    for text in [" Games.Example ", "http://games.example/x", "games.example.", "https://u:p@games.example:8443?x#y"] {
        assert_eq!(name(text).as_deref(), Some("games.example"), "{text}");
    }
    for (text, wanted) in [
        ("https://Élève.Example/devoirs", "xn--lve-6lad.example"),
        ("élève。example．", "xn--lve-6lad.example"),
        ("xn--lve-6lad.example", "xn--lve-6lad.example"),
        ("ｗｗｗ.example", "www.example"),
        ("http://_a.b_c-.example:80/", "_a.b_c-.example"),
    ] {
        assert_eq!(name(text).as_deref(), Some(wanted), "{text}");
    }
    for text in ["", "games", "127.0.0.1", "a b.example", "<b>.example", "javascript:alert(1)", "a..example", "é"] {
        assert_eq!(name(text), None, "{text}");
    }
}
