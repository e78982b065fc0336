//! Generates messages and services from the .proto files, without a protoc.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let files = [
        "device.proto",
        "enrolment.proto",
        "recovery.proto",
        "admin.proto",
        "asset.proto",
        "bundle.proto",
        "class.proto",
        "kit.proto",
        "people.proto",
        "inventory.proto",
        "loan.proto",
        "stocktake.proto",
        "school.proto",
        "organisation.proto",
        "calendar.proto",
        "contact.proto",
        "vault.proto",
        "campaign.proto",
        "rollout.proto",
        "policy.proto",
    ];
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(files, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure()
        .bytes(".cartable.v1.SectionPart.body")
        .bytes(".cartable.v1.Envelope")
        .bytes(".cartable.v1.CheckInResponse.plan")
        .bytes(".cartable.v1.FinishResponse.plan")
        .bytes(".cartable.v1.FetchedPiece.body")
        .bytes(".cartable.v1.RepositoryPiece.body")
        .bytes(".cartable.v1.TrustRoots.publisher_root")
        .codec_path("crate::codec::SmallCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
