//! Making a control plane: its trust, its first operator, its configuration, all or nothing.

use crate::ca::files::{INTERMEDIATE, pair_read};
use crate::ca::{names_check, trust_sign};
use crate::config::{BackupConfig, Config, Limits, MetricsConfig, ResourcesConfig, StoreConfig, time_zone};
use crate::error::{Error, Result};
use crate::folder::{Folder, file_replace, file_write, folder_make, folder_sync, text_read};
use crate::otlp::OtlpConfig;
use crate::random;
use identity::caller::Caller;
use identity::issue::{Authority, Issued, chain_to_pem, root_make};
use identity::key::OnlineSigner;
use model::id::TerritoryId;
use model::time::Timestamp;
use prost::Message;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use wire::convert::{Trust, trust_encode};

/// What a new control plane is to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whose.
    pub territory: TerritoryId,
    /// Where it listens.
    pub listen: SocketAddr,
    /// DNS names and addresses under which it is reached; the first one is written into commands.
    pub names: Vec<String>,
    /// The first operator.
    pub operator: String,
}

/// Makes the data folder.
///
/// Everything is made beside it and moved in place at the end, so that a crash leaves no half of a control plane.
///
/// # Errors
/// [`Error::NotEmpty`] when there is something already, [`Error`] else.
pub fn init(data: &Path, wish: &Wish, now: Timestamp) -> Result<Folder> {
    let failed = |source| Error::File { what: "written", path: data.to_owned(), source };
    match fs::read_dir(data) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Error::NotEmpty(data.to_owned()));
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(failed(e)),
    }
    names_check(&wish.names)?;
    let parent = data.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let name = data.file_name().ok_or_else(|| Error::Name(data.display().to_string()))?;
    let draft = parent.join(format!(".{}.{}.draft", name.to_string_lossy(), std::process::id()));
    let made = folder_fill(&Folder::new(&draft), wish, now)
        .and_then(|()| fs::rename(&draft, data).map_err(failed))
        .and_then(|()| folder_sync(parent));
    if made.is_err() {
        let _ = fs::remove_dir_all(&draft);
    }
    made.map(|()| Folder::new(data))
}

fn folder_fill(folder: &Folder, wish: &Wish, now: Timestamp) -> Result<()> {
    let first = wish.names.first().ok_or_else(|| Error::Name(String::new()))?;
    let url = url_of(first, wish.listen.port());
    for path in [folder.root().to_owned(), folder.ca(""), folder.operator("")] {
        folder_make(&path)?;
    }
    trust_make(folder, wish, now)?;
    operator_make(folder, wish, &url, now)?;
    let config = Config {
        territory: wish.territory.clone(),
        listen: wish.listen,
        url,
        time_zone: time_zone(),
        store: StoreConfig::default(),
        limits: Limits::default(),
        resources: ResourcesConfig::default(),
        backup: BackupConfig::default(),
        vault: None,
        metrics: MetricsConfig::default(),
        otlp: OtlpConfig::default(),
    };
    let text = toml::to_string(&config).map_err(|e| Error::Config { path: folder.config(), message: e.to_string() })?;
    let text = format!("# cartable-server; `cartable-server run --check-config` checks this file.\n{text}");
    file_write(&folder.config(), text.as_bytes(), false)?;
    for path in [folder.ca(""), folder.operator(""), folder.root().to_owned()] {
        folder_sync(&path)?;
    }
    Ok(())
}

fn trust_make(folder: &Folder, wish: &Wish, now: Timestamp) -> Result<()> {
    let territory = wish.territory.as_str();
    let root = root_make(territory, now)?;
    file_write(&folder.ca("root.pem"), chain_to_pem(&root.chain).as_bytes(), false)?;
    file_write(&folder.ca("root.key"), root.key_pem.as_bytes(), true)?;
    let root = Authority::new(&root.key_pem, root.chain)?;
    let intermediate = root.intermediate_issue(territory, now, random::bytes()?)?;
    file_write(&folder.ca("intermediate.pem"), chain_to_pem(&intermediate.chain).as_bytes(), false)?;
    file_write(&folder.ca("intermediate.key"), intermediate.key_pem.as_bytes(), true)?;
    let intermediate = Authority::new(&intermediate.key_pem, intermediate.chain)?;
    let server = intermediate
        .server_issue(&wish.names, now, random::bytes()?)
        .map_err(|_| Error::Name(wish.names.join(", ")))?;
    file_write(&folder.ca("server.pem"), chain_to_pem(&server.chain).as_bytes(), false)?;
    file_write(&folder.ca("server.key"), server.key_pem.as_bytes(), true)?;
    let (online, pkcs8) = OnlineSigner::generate()?;
    file_write(&folder.ca("online.key"), &pkcs8, true)?;
    let trust = Trust {
        version: 1,
        territory: wish.territory.clone(),
        online: vec![online.public().clone()],
        publisher: bytes::Bytes::new(),
    };
    file_write(&folder.ca("trust.bin"), &trust_sign(&root, trust_encode(&trust))?.encode_to_vec(), false)
}

fn operator_make(folder: &Folder, wish: &Wish, url: &str, now: Timestamp) -> Result<()> {
    let issued = operator_issue(folder, &wish.territory, &wish.operator, now)?;
    file_write(&folder.operator("operator.pem"), chain_to_pem(&issued.chain).as_bytes(), false)?;
    file_write(&folder.operator("operator.key"), issued.key_pem.as_bytes(), true)?;
    file_write(&folder.operator("root.pem"), text_read(&folder.ca("root.pem"))?.as_bytes(), false)?;
    let profile = format!(
        "[profile.default]\nserver = \"{url}\"\ncertificate = \"operator.pem\"\nkey = \"operator.key\"\nroot = \"root.pem\"\n"
    );
    file_write(&folder.operator("cartable.toml"), profile.as_bytes(), false)
}

/// Makes the folder's operator anew, for when every admin's key is lost: the server lets this one in, as the territory's admin, when
/// it is started the next time.
///
/// # Errors
/// [`Error`] when keys are missing or the folder cannot be written.
pub fn operator_renew(folder: &Folder, territory: &TerritoryId, name: &str, now: Timestamp) -> Result<()> {
    let issued = operator_issue(folder, territory, name, now)?;
    folder_make(&folder.operator(""))?;
    let root = text_read(&folder.ca("root.pem"))?;
    // Cut in between, key and certificate do not fit; the command can be given again.
    file_replace(&folder.operator("operator.key"), issued.key_pem.as_bytes(), true)?;
    file_replace(&folder.operator("operator.pem"), chain_to_pem(&issued.chain).as_bytes(), false)?;
    file_replace(&folder.operator("root.pem"), root.as_bytes(), false)?;
    folder_sync(&folder.operator(""))
}

fn operator_issue(folder: &Folder, territory: &TerritoryId, name: &str, now: Timestamp) -> Result<Issued> {
    let pair = pair_read(folder, INTERMEDIATE)?;
    let intermediate = Authority::new(&pair.key_pem, pair.chain)?;
    let caller = Caller::Operator { territory: territory.clone(), name: name.to_owned() };
    Ok(intermediate.operator_issue(&caller, now, random::bytes()?)?)
}

/// The address of a server by one of its names; an IPv6 address stands in brackets (RFC 3986, 3.2.2).
fn url_of(name: &str, port: u16) -> String {
    let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    format!("https://{name}:{port}")
}
