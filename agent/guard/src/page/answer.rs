//! From a request to its answer.

use super::form::{body_read, fields, name_read};
use super::html::{Look, Shown};
use super::who::Ends;
use super::{Kind, NAME, Refused, Told, Why};
use filter::Name;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName,
    HeaderValue, LOCATION, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use words::Language;

/// Where forms go.
pub(super) const ASK: &str = "/demander";
const SENT: &str = "/envoye";
/// Says that a closed name led to the page.
const LED: &str = "ferme";
/// Whether a page of the same origin sent it, as browsers say of themselves (W3C, "Fetch Metadata Request Headers").
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What all answers share.
pub(super) struct Site {
    pub(super) told: Arc<dyn Told>,
    /// Known only to pages of this process; another page cannot read it.
    pub(super) token: String,
    /// The port that names it in links, where it is not that of HTTP.
    port: Option<u16>,
}

impl Site {
    pub(super) fn new(told: Arc<dyn Told>, port: u16) -> Self {
        Self { told, token: random(), port: (port != 80).then_some(port) }
    }

    fn link(&self) -> String {
        self.port.map_or_else(|| format!("http://{NAME}/"), |port| format!("http://{NAME}:{port}/"))
    }
}

/// What a request asks for, as far as it is taken seriously.
struct Asked {
    /// The name in `Host`, if it is one.
    host: Option<String>,
    language: Language,
    fields: Vec<(String, String)>,
}

impl Asked {
    fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

pub(super) async fn answer(site: &Site, ends: Ends, request: Request<Incoming>) -> Response<String> {
    let query = request.uri().query().unwrap_or_default();
    let fields = fields(query.as_bytes());
    let asked = Asked { host: host(&request), language: language(&fields, request.headers()), fields };
    if !asked.host.as_deref().is_some_and(is_own) {
        return elsewhere(site, &asked, request.headers());
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/") => shown(site, &asked, StatusCode::OK, &front(site, &asked)),
        (&Method::GET | &Method::HEAD, SENT) => {
            let kind = if asked.field("quoi") == "signaler" { Kind::Report } else { Kind::Unblock };
            shown(site, &asked, StatusCode::OK, &Shown::Sent(kind))
        }
        (&Method::POST, ASK) => ask(site, asked, ends, request).await,
        (&Method::GET | &Method::HEAD, _) => shown(site, &asked, StatusCode::NOT_FOUND, &Shown::Front),
        _ => {
            let mut response = shown(site, &asked, StatusCode::METHOD_NOT_ALLOWED, &Shown::Front);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            response
        }
    }
}

fn front(site: &Site, asked: &Asked) -> Shown {
    match name_read(asked.field("site")) {
        // Who was led here met something that is closed: where the name itself is not, what it is another name of.
        Some(name) => match site.told.why(&name) {
            Why::Open if asked.field(LED) == "1" => Shown::Name(Why::Closed, name),
            why => Shown::Name(why, name),
        },
        None => Shown::Front,
    }
}

/// A closed name led here: on to the page, which has an address and forms of its own. What loads parts of a page gets a word.
fn elsewhere(site: &Site, asked: &Asked, headers: &HeaderMap) -> Response<String> {
    let name = asked.host.as_deref().and_then(name_read);
    let link = name.map_or_else(|| site.link(), |name| format!("{}?site={name}&{LED}=1", site.link()));
    let page =
        headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    let mut response = Response::new(format!("Cartable: {link}\n"));
    *response.status_mut() = if page { StatusCode::FOUND } else { StatusCode::FORBIDDEN };
    guarded(response.headers_mut(), "default-src 'none'", "text/plain; charset=utf-8");
    if page && let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(LOCATION, link);
    }
    response
}

/// A form. It must come from a page of ours: by its origin and by what browsers say, where they say it, and by a word that only such a page knows.
async fn ask(site: &Site, mut asked: Asked, ends: Ends, request: Request<Incoming>) -> Response<String> {
    if !same_origin(request.headers()) {
        return shown(site, &asked, StatusCode::FORBIDDEN, &Shown::Stale);
    }
    let encoded = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let body = if encoded { body_read(request.into_body()).await } else { None };
    let Some(body) = body else {
        return shown(site, &asked, StatusCode::BAD_REQUEST, &Shown::Unread);
    };
    asked.fields = fields(&body);
    asked.language = Language::named(asked.field("lang")).unwrap_or(asked.language);
    if asked.field("mot") != site.token {
        return shown(site, &asked, StatusCode::FORBIDDEN, &Shown::Stale);
    }
    let kind = if asked.field("quoi") == "signaler" { Kind::Report } else { Kind::Unblock };
    let name = name_read(asked.field("site")).ok_or(Refused::Name);
    let taken = name.and_then(|name| site.told.ask(kind, &name, ends.user()));
    match taken {
        Ok(()) => {
            let what = if kind == Kind::Report { "signaler" } else { "debloquer" };
            let to = format!("{SENT}?quoi={what}&lang={}", asked.language.tag());
            // Not the form again when its user loads the page anew.
            let mut response = shown(site, &asked, StatusCode::SEE_OTHER, &Shown::Sent(kind));
            response.headers_mut().extend(HeaderValue::from_str(&to).map(|to| (LOCATION, to)));
            response
        }
        Err(Refused::Name) => shown(site, &asked, StatusCode::BAD_REQUEST, &Shown::Unread),
        Err(Refused::Many) => shown(site, &asked, StatusCode::TOO_MANY_REQUESTS, &Shown::Many),
        Err(Refused::Fault) => shown(site, &asked, StatusCode::SERVICE_UNAVAILABLE, &Shown::Fault),
    }
}

fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(HOST).unwrap_or_default();
    text(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
        && text(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin")
}

fn shown(site: &Site, asked: &Asked, status: StatusCode, shown: &Shown) -> Response<String> {
    let nonce = random();
    let look = Look { language: asked.language, token: &site.token, nonce: &nonce, contact: site.told.contact() };
    let mut response = Response::new(look.page(shown));
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    guarded(response.headers_mut(), &policy, "text/html; charset=utf-8");
    response
}

fn guarded(headers: &mut HeaderMap, policy: &str, kind: &'static str) {
    headers.extend(HeaderValue::from_str(policy).map(|policy| (CONTENT_SECURITY_POLICY, policy)));
    let all = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: forms would then be sent with the origin `null` (WHATWG Fetch, "append a request Origin header").
        (REFERRER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ];
    headers.extend(all.map(|(name, value)| (name, HeaderValue::from_static(value))));
}

/// The name that was asked for, without its port.
fn host(request: &Request<Incoming>) -> Option<String> {
    let host = std::str::from_utf8(request.headers().get(HOST)?.as_bytes()).ok()?;
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    // An address is no name, and may be asked for.
    let name: Result<Name, _> = host[..end].parse();
    Some(name.map_or_else(|_| host[..end].to_ascii_lowercase(), |name| name.to_string()))
}

fn is_own(host: &str) -> bool {
    [NAME, "localhost", "127.0.0.1", "[::1]"].contains(&host)
}

/// The language that a link says, else the first of ours that the browser prefers (RFC 9110, section 12.5.4), else French.
fn language(fields: &[(String, String)], headers: &HeaderMap) -> Language {
    let said = fields.iter().find(|(key, _)| key == "lang").and_then(|(_, tag)| Language::named(tag));
    let accepted = || {
        let accepted = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        let weighed = accepted.split(',').filter_map(|one| {
            let (tag, weight) = one.split_once(";q=").unwrap_or((one, "1"));
            Some((Language::named(tag.trim())?, weight.trim().parse::<f32>().unwrap_or(0.0)))
        });
        // The first of those that are wished equally.
        weighed.fold(None, |best: Option<(Language, f32)>, one| match best {
            Some(best) if best.1 >= one.1 => Some(best),
            _ => Some(one),
        })
    };
    said.or_else(|| accepted().map(|(language, _)| language)).unwrap_or_default()
}

fn random() -> String {
    rand::random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect()
}
