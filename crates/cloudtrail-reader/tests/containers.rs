//! What objects are packed in: compressed streams, archives, and these in each other.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::io::Write;

use cloudtrail_reader::{FailureKind, ReadOptions, TrailRead, TrailReader};
use service_catalog::Catalog;

use support::{calls, faults, gzip, object, reader, take, take_with};

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(6);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Pack = fn(&[u8]) -> Vec<u8>;

const STREAMS: [(&str, Pack); 4] = [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

type Files<'f> = &'f [(&'f str, &'f [u8])];

fn tar(files: Files<'_>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        let is_folder = path.ends_with('/');
        header.set_entry_type(if is_folder {
            tar::EntryType::Directory
        } else {
            tar::EntryType::Regular
        });
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zip_with(files: Files<'_>, method: rawzip::CompressionMethod) -> Vec<u8> {
    let mut zipped = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut zipped);
    for (path, bytes) in files {
        if path.ends_with('/') {
            archive.new_dir(*path).create().unwrap();
            continue;
        }
        let file = archive.new_file(*path).compression_method(method);
        let (mut entry, config) = file.start().unwrap();
        let descriptor = if method == rawzip::CompressionMethod::DEFLATE {
            let level = flate2::Compression::default();
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, level);
            let mut writer = config.wrap(encoder);
            writer.write_all(bytes).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    zipped
}

fn zip(files: Files<'_>) -> Vec<u8> {
    zip_with(files, rawzip::CompressionMethod::DEFLATE)
}

fn stored(files: Files<'_>) -> Vec<u8> {
    zip_with(files, rawzip::CompressionMethod::STORE)
}

type Archive = fn(Files<'_>) -> Vec<u8>;

const ARCHIVES: [(&str, Archive); 3] = [("tar", tar), ("zip", zip), ("stored zip", stored)];

fn faults_of(bytes: &[u8]) -> Vec<String> {
    faults(&take(&[bytes]))
}

fn limited(limit: usize) -> TrailReader {
    TrailReader::new(Catalog::shared(), ReadOptions::new().object_limit(limit))
}

/// The three calls as objects of an archive.
fn members() -> [Vec<u8>; 3] {
    let [one, two, three] = calls().map(|call| object(&[call]));
    [gzip(&one), two, zstd(&three)]
}

#[test]
fn streams_are_decompressed() {
    let calls = calls();
    let expected = take(&[object(&calls)]).activity;
    let [one, two, three] = calls
        .each_ref()
        .map(|call| object(std::slice::from_ref(call)));
    for (name, pack) in STREAMS {
        let several = [pack(&one), pack(&two), pack(&three)].concat();
        for bytes in [
            pack(&object(&calls)),
            several,
            // Firehose compresses what CloudWatch Logs compressed.
            gzip(&pack(&object(&calls))),
        ] {
            let taken = take(&[&bytes]);
            assert_eq!(faults(&taken), [""; 0], "{name}");
            assert_eq!(taken.activity, expected, "{name}");
            assert_eq!(taken.reconciliation.bytes, bytes.len() as u64);
        }
    }
}

#[test]
fn members_of_archives_are_objects() {
    let expected = take(&[object(&calls())]).activity;
    let [one, two, three] = members();
    let long = format!("{}/c.json.zst", "AWSLogs/111122223333/CloudTrail".repeat(8));
    let files: Files<'_> = &[
        ("./AWSLogs/", b""),
        ("./AWSLogs/a.json.gz", &one),
        ("./AWSLogs/._a.json.gz", b"of a Macintosh"),
        (".DS_Store", b"of another"),
        ("b.json", &two),
        (&long, &three),
    ];
    for (name, archive) in ARCHIVES {
        let packed = archive(files);
        let mut shapes = vec![packed.clone(), zip(&[("trail.tar", &packed)])];
        shapes.extend(STREAMS.map(|(_, pack)| pack(&packed)));
        shapes.extend(STREAMS.map(|(_, pack)| tar(&[("in.tar.x", &pack(&packed))])));
        for bytes in shapes {
            let taken = take(&[&bytes]);
            assert_eq!(faults(&taken), [""; 0], "{name}");
            assert_eq!(taken.activity, expected, "{name}");
            assert_eq!(taken.reconciliation.objects_read, 3, "{name}");
            assert_eq!(taken.reconciliation.bytes, bytes.len() as u64);
        }
    }
    // Archives can follow each other.
    let both = [tar(&files[..2]), tar(&files[4..])].concat();
    let taken = take(&[both]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.activity, expected);
}

#[test]
fn a_damaged_member_loses_no_other() {
    let [one, two, _] = members();
    let cut = &one[..one.len() - 9];
    let inner = tar(&[("deep.json", b"{"), ("two.json", &two)]);
    let files: Files<'_> = &[
        ("cut.json.gz", cut),
        ("one.json.gz", &one),
        ("readme.txt", b"about these"),
        ("empty.json", b""),
        ("in.tar", &inner),
    ];
    for (name, archive) in ARCHIVES {
        let taken = take(&[archive(files)]);
        assert_eq!(taken.reconciliation.objects_read, 2, "{name}");
        assert_eq!(taken.reconciliation.records_attributed, 2, "{name}");
        assert_eq!(
            faults(&taken),
            [
                "object!cut.json.gz: the gzip data is damaged or cut short",
                "object!empty.json: the file is empty",
                "object!readme.txt: not JSON: expected value at line 1 column 1",
                "object!in.tar!deep.json: not JSON: EOF while parsing an object at line 1 column 1",
            ],
            "{name}"
        );
    }
}

#[test]
fn malformed_records_are_named_by_member() {
    let taken = take(&[zip(&[("a/b.json", br#"{"Records":[1]}"#)])]);
    assert_eq!(
        faults(&taken),
        ["object!a/b.json: record 1: malformed: not an object"]
    );
}

#[test]
fn the_limit_is_for_each_member() {
    let object = object(&calls());
    let limit = object.len() + 100;
    let files: Files<'_> = &[("a.json", &object), ("b.json", &object)];
    let big = vec![b' '; limit + 1];
    for (name, pack) in STREAMS {
        let taken = take_with(&limited(limit), &[pack(&object), pack(&big)]);
        assert_eq!(taken.reconciliation.objects_read, 1, "{name}");
        let failed = &taken.reconciliation.objects_failed;
        assert_eq!(failed[0].kind(), FailureKind::TooLarge, "{name}");
    }
    // A zip is not inflated as a whole.
    let taken = take_with(&limited(limit), &[zip(files)]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 2);
    let taken = take_with(&limited(limit), &[zip(&[("a", &object), ("b", &big)])]);
    assert_eq!(taken.reconciliation.objects_read, 1);
    assert_eq!(
        faults(&taken),
        [format!(
            "object!b: more than {limit} bytes, the limit for one object"
        )]
    );
}

#[test]
fn depth_is_bounded() {
    let wrap = |times: usize, pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        (0..times).fold(object(&calls()), |inner, _| pack(&inner))
    };
    for pack in [&gzip as &dyn Fn(&[u8]) -> Vec<u8>, &|inner: &[u8]| {
        zip(&[("x", inner)])
    }] {
        assert_eq!(faults_of(&wrap(5, pack)), [""; 0]);
        let faults = faults_of(&wrap(6, pack));
        assert!(
            faults[0].ends_with(": packed more than 5 times"),
            "{faults:?}"
        );
    }
}

#[test]
fn archives_of_nothing_fail() {
    for (name, archive) in ARCHIVES {
        let of = name.rsplit(' ').next().unwrap();
        let hidden = archive(&[("a/", b""), (".b", b"{}")]);
        let expected = [format!("object: the {of} archive has no file")];
        assert_eq!(faults_of(&hidden), expected);
        let taken = take(&[hidden]);
        assert!(taken.reconciliation.is_empty());
    }
    assert_eq!(
        faults_of(&zip(&[])),
        ["object: the zip archive has no file"]
    );
}

#[test]
fn what_is_not_read_of_archives_is_said() {
    let mut archive = tar::Builder::new(Vec::new());
    let [mut link, mut other] = [tar::Header::new_gnu(), tar::Header::new_gnu()];
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive.append_link(&mut link, "a", "/etc/passwd").unwrap();
    other.set_entry_type(tar::EntryType::Link);
    other.set_size(0);
    archive.append_link(&mut other, "b", "c").unwrap();
    assert_eq!(
        faults_of(&archive.into_inner().unwrap()),
        ["object!a: a symbolic link, which is not followed in archives"]
    );

    let mut zipped = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut zipped);
    for (path, is_encrypted, method) in [
        ("a", true, rawzip::CompressionMethod::STORE),
        ("b", false, rawzip::CompressionMethod::LZMA),
    ] {
        let file = archive.new_file(path).compression_method(method);
        let (mut entry, config) = file.encrypted(is_encrypted).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(b"{}").unwrap();
        let descriptor = writer.finish().unwrap().1;
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    assert_eq!(
        faults_of(&zipped),
        [
            "object!a: it is encrypted",
            "object!b: compressed with method 14 of zip, which is not supported",
        ]
    );
}

/// Every prefix of these, and every one with a changed byte, is read without a panic. `check` sees what came of it.
fn every_damage(bytes: &[u8], check: impl Fn(&str, &TrailRead)) {
    // Decoders that see a large size must not take the memory.
    let reader = limited(1 << 20);
    for length in 1..bytes.len() {
        check("cut", &take_with(&reader, &[&bytes[..length]]));
    }
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] ^= change;
            check("changed", &take_with(&reader, &[&changed]));
        }
    }
}

#[test]
fn damage_is_never_silent() {
    let calls = calls();
    let whole = take(&[object(&calls)]).activity;
    let said = |name: &str, damage: &str, taken: &TrailRead| {
        let is_said = taken.reconciliation.has_faults();
        assert!(is_said || taken.activity == whole, "{name}, {damage}");
    };
    for (name, pack) in STREAMS {
        every_damage(&pack(&object(&calls)), |damage, taken| {
            said(name, damage, taken);
            assert!(damage != "cut" || taken.reconciliation.has_faults());
        });
    }
    let [one, two, three] = members();
    let files: Files<'_> = &[("a", &one), ("b", &two), ("c", &three)];
    every_damage(&zip(files), |damage, taken| said("zip", damage, taken));
}

#[test]
fn a_cut_tar_is_never_taken_as_whole() {
    let [one, two, _] = members();
    let whole = tar(&[("a.json.gz", &one), ("b.json", &two)]);
    // The end is two blocks, of which one is enough.
    for length in 264..whole.len() - 1024 + 511 {
        let taken = take(&[&whole[..length]]);
        assert!(taken.reconciliation.has_faults(), "{length}");
    }
    let taken = take(&[&whole[..whole.len() - 512]]);
    assert_eq!(faults(&taken), [""; 0]);
    let taken = take(&[[&whole[..], b"garbage"].concat()]);
    assert_eq!(
        faults(&taken),
        ["object: the tar archive is damaged or cut short: members may be missing"]
    );
    let failed = &taken.reconciliation.objects_failed[0];
    assert_eq!(failed.kind(), FailureKind::NotListed);
    assert_eq!(taken.reconciliation.objects_read, 2);
}

#[test]
fn members_that_fail_are_bounded() {
    let names: Vec<_> = (0..20_000).map(|number| number.to_string()).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &b"x"[..])).collect();
    let taken = take(&[gzip(&tar(&files))]);
    let failed = &taken.reconciliation.objects_failed;
    assert_eq!(failed.len(), 10_002);
    let given_up = failed
        .iter()
        .filter(|failed| failed.kind() == FailureKind::NotListed);
    assert_eq!(
        given_up.map(ToString::to_string).collect::<Vec<_>>(),
        ["object: more than 10000 members of the tar archive cannot be read: the rest is not read"]
    );
}

#[test]
fn names_of_members_are_printed_in_one_line() {
    let taken = take(&[tar(&[("a\n\u{1b}[2J.json", b"x")])]);
    let faults = faults(&taken);
    assert!(
        faults[0].starts_with(r"object!a\n\u{1b}[2J.json: not JSON"),
        "{faults:?}"
    );
}

#[test]
fn files_are_unpacked_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = members();
    let path = folder.path().join("trail.log");
    let files: Files<'_> = &[("a", &one), ("b", &two), ("c", &three)];
    std::fs::write(&path, xz(&tar(files))).unwrap();
    let taken = reader().read(&[&path], &|_| ()).unwrap();
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.activity, take(&[object(&calls())]).activity);
}
