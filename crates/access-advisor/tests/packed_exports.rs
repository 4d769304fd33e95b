//! Account exports that are compressed.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use access_advisor::account::{LoadError, load_account_data};
use flate2::Compression;
use flate2::write::GzEncoder;

fn export() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/account.json")).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn write(folder: &Path, bytes: &[u8]) -> PathBuf {
    let file = folder.join("account.json");
    fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn compressed_exports_are_detected_from_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let utf16: Vec<u8> = String::from_utf8(export())
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let entities = load_account_data(&[write(folder.path(), &export())])
        .unwrap()
        .entities()
        .count();
    for packed in [
        gzip(&export()),
        zstd::encode_all(&export()[..], 3).unwrap(),
        gzip(&utf16),
    ] {
        let account = load_account_data(&[write(folder.path(), &packed)]).unwrap();
        assert_eq!(account.entities().count(), entities);
    }
}

#[test]
fn a_damaged_export_fails() {
    let folder = tempfile::tempdir().unwrap();
    let packed = gzip(&export());
    let file = write(folder.path(), packed.get(..packed.len() / 2).unwrap());
    match load_account_data(&[&file]) {
        Err(error @ LoadError::Unpack { .. }) => assert_eq!(
            error.to_string(),
            format!("{}: the gzip data is damaged or cut short", file.display())
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_real_export_in_xz_is_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/account-export-200611803367.json.xz");
    if !file.is_file() {
        println!("skipped: there is no shared/data beside the checkout");
        return;
    }
    let account = load_account_data(&[file]).unwrap();
    assert!(account.entities().count() > 100);
}
