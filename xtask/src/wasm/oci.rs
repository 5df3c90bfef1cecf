//! A policy as an OCI image, in the layout that tools copy to a registry: what `kwctl push` would make of the module.

use std::collections::HashMap;

use anyhow::Result;
use oci_spec::image::{
    Descriptor, DescriptorBuilder, ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Sha256Digest,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use vpcguard_policies::Policy;

use super::optimise::hex;
use crate::kubewarden::{Metadata, VERSION};

const CONFIG: &str = "application/vnd.wasm.config.v1+json";
const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// The annotation by which tools find an image of a layout.
const NAME: &str = "org.opencontainers.image.ref.name";

/// The files of a layout, by their paths within it.
pub(super) fn files(policy: Policy, module: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let config = b"{}".as_slice();
    let manifest = ImageManifestBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(MediaType::Other(CONFIG.to_owned()), config)?)
        .layers([descriptor(MediaType::Other(LAYER.to_owned()), module)?])
        .annotations(Metadata::image_annotations(policy).into_iter().collect::<HashMap<_, _>>())
        .build()?;
    let manifest = json(&manifest)?;
    let mut image = descriptor(MediaType::ImageManifest, &manifest)?;
    image.set_annotations(Some(HashMap::from([(NAME.to_owned(), format!("v{VERSION}"))])));
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests([image])
        .build()?;
    let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
    let blob = |content: &[u8]| (format!("blobs/sha256/{}", sha256(content)), content.to_vec());
    Ok(vec![
        ("oci-layout".to_owned(), json(&layout)?),
        ("index.json".to_owned(), json(&index)?),
        blob(&manifest),
        blob(config),
        blob(module),
    ])
}

fn descriptor(media_type: MediaType, content: &[u8]) -> Result<Descriptor> {
    let digest: Sha256Digest = sha256(content).parse()?;
    let size = u64::try_from(content.len())?;
    Ok(DescriptorBuilder::default().media_type(media_type).digest(digest).size(size).build()?)
}

/// The sum by which a blob is called.
pub(super) fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// JSON with its keys in order: the same image has the same bytes.
fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_blob_is_called_by_its_sum_and_led_to() {
        let files = files(Policy::SubnetOverlap, b"module").unwrap();
        let file = |name: &str| &files.iter().find(|(path, _)| path == name).unwrap().1;
        let read = |content: &[u8]| serde_json::from_slice::<Value>(content).unwrap();
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            let content = file(&format!("blobs/sha256/{digest}"));
            assert_eq!(sha256(content), digest);
            assert_eq!(descriptor["size"], content.len());
            content
        };
        assert_eq!(read(file("oci-layout")), serde_json::json!({"imageLayoutVersion": "1.0.0"}));
        let index = read(file("index.json"));
        assert_eq!(index["manifests"][0]["annotations"][NAME], format!("v{VERSION}"));
        assert_eq!(index["manifests"][0]["mediaType"], "application/vnd.oci.image.manifest.v1+json");
        let manifest = read(blob(&index["manifests"][0]));
        assert_eq!(manifest["config"]["mediaType"], CONFIG);
        assert_eq!(blob(&manifest["config"]), b"{}");
        assert_eq!(manifest["layers"][0]["mediaType"], LAYER);
        assert_eq!(blob(&manifest["layers"][0]), b"module");
        assert_eq!(manifest["annotations"]["io.kubewarden.policy.title"], "subnet-overlap");
        assert_eq!(files.len(), 5);
    }

    #[test]
    fn an_image_has_the_same_bytes_each_time() {
        let image = || files(Policy::VpcSyntax, b"module").unwrap();
        let first = image();
        assert!((0..20).all(|_| image() == first));
    }
}
