//! Reads a published repository with the crate tough, and its targets: a client that shares no code with us.
//!
//! `read-by-tough PUBLIC STATE TARGET...` prints what came of each target: its digest, or the error, as `repository.py` does.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::path::PathBuf;
use tough::{FilesystemTransport, IntoVec, Repository, RepositoryLoader, TargetName};
use url::Url;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut folder = || arguments.next().map(PathBuf::from).ok_or("read-by-tough PUBLIC STATE TARGET...");
    let (public, state) = (folder()?.canonicalize()?, folder()?);
    std::fs::create_dir_all(&state)?;
    let of = |name: &str| Url::from_directory_path(public.join(name)).map_err(|()| "not a folder");
    // As a device has it from its package or its enrolment; what follows is learnt.
    let root = std::fs::read(public.join("metadata/1.root.json"))?;
    let loader = RepositoryLoader::new(&root, of("metadata")?, of("targets")?);
    let said = match loader.transport(FilesystemTransport).datastore(state).load().await {
        Ok(repository) => {
            let mut targets = Map::new();
            for name in arguments {
                targets.insert(name.clone(), read(&repository, &name).await);
            }
            json!({"root": repository.root().signed.version, "targets": targets})
        }
        Err(error) => json!({"targets": {}, "refused": format!("Error: {error}")}),
    };
    println!("{said}");
    Ok(())
}

async fn read(repository: &Repository, name: &str) -> Value {
    let found = async {
        let Some(stream) = repository.read_target(&TargetName::new(name)?).await? else { return Ok(Value::Null) };
        let bytes = stream.into_vec().await?;
        let hex: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok::<_, tough::error::Error>(hex.into())
    };
    found.await.unwrap_or_else(|error| format!("Error: {error}").into())
}
