//! Files of stores: whole ones, and rows of one, with checksums that match.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use advisor_core::{Caller, MaxItems, PageRequest};
use advisor_store::{Store, StoreError};
use libdeflater::{CompressionLvl, Compressor, Crc, Decompressor};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::input::Input;
use crate::sample;

/// The longest content that a compressed value is replaced by.
const LONGEST: usize = 1 << 20;

/// A table of a store.
struct Table {
    name: String,
    columns: Vec<String>,
    /// The columns of its primary key, with commas between them.
    key: String,
    /// Makes the checksums of all rows match.
    repair: String,
}

/// A store with every kind of row, and its tables.
struct Sample {
    bytes: Vec<u8>,
    tables: Vec<Table>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let folder = sample::folder();
    let path = sample::store(&folder, &Caller::local());
    let connection = Connection::open(&path).unwrap();
    // Small pages make a small file.
    connection
        .execute_batch("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM")
        .unwrap();
    let tables = tables(&connection);
    drop(connection);
    Sample {
        bytes: std::fs::read(path).unwrap(),
        tables,
    }
});

fn tables(connection: &Connection) -> Vec<Table> {
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name = 'meta', name")
        .unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let table = |name: String| {
        let mut columns = connection
            .prepare("SELECT name, pk FROM pragma_table_info(?1)")
            .unwrap();
        let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)));
        let mut columns: Vec<(String, i64)> = columns.unwrap().map(Result::unwrap).collect();
        columns.retain(|(column, _)| column != "row_checksum");
        let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        let key: Vec<&str> = key.iter().map(|(column, _)| &**column).collect();
        let key = key.join(", ");
        let columns: Vec<String> = columns.into_iter().map(|(column, _)| column).collect();
        let rows = format!(
            "UPDATE {name} SET row_checksum = checksum_of('{name}', {});",
            columns.join(", ")
        );
        let sum = format!(
            "UPDATE meta SET value = (SELECT coalesce(sum(row_checksum), 0) FROM {name})
             WHERE name = 'checksums of {name}';"
        );
        Table {
            repair: if name == "meta" { rows } else { rows + &sum },
            name,
            columns,
            key,
        }
    };
    names.map(|name| table(name.unwrap())).collect()
}

/// The checksum of a row, as the store describes it: a CRC-32 over the table's name and, of each value, its kind, length and bytes.
fn checksum_of(row: &Context<'_>) -> rusqlite::Result<i64> {
    let ValueRef::Text(table) = row.get_raw(0) else {
        return Ok(0);
    };
    let mut bytes = table.to_vec();
    for index in 1..row.len() {
        let number;
        let (kind, value) = match row.get_raw(index) {
            ValueRef::Null => (0, &[][..]),
            ValueRef::Integer(value) => {
                number = value.to_le_bytes();
                (1, &number[..])
            }
            ValueRef::Real(value) => {
                number = value.to_le_bytes();
                (2, &number[..])
            }
            ValueRef::Text(value) => (3, value),
            ValueRef::Blob(value) => (4, value),
        };
        bytes.push(kind);
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value);
    }
    let mut crc = Crc::new();
    crc.update(&bytes);
    Ok(i64::from(crc.sum()))
}

/// The file that all runs use, one at a time.
static FILE: LazyLock<Mutex<(TempDir, PathBuf)>> = LazyLock::new(|| {
    let folder = sample::folder();
    let path = folder.path().join("store.db");
    Mutex::new((folder, path))
});

/// Writes the file of a store, without what SQLite left beside the one before, and runs with its path.
fn with_file(data: &[u8], run: impl FnOnce(&Path)) {
    let file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, path) = &*file;
    for companion in ["-wal", "-shm", "-journal"] {
        _ = std::fs::remove_file(format!("{}{companion}", path.display()));
    }
    std::fs::write(path, data).unwrap();
    run(path);
}

/// A connection that waits for no disk and keeps no journal.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF",
    )?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("checksum_of", -1, flags, checksum_of)?;
    Ok(connection)
}

/// Makes the checksums match, of the tables that can be read.
fn repair(connection: &Connection) {
    // `meta` is the last one.
    for table in &SAMPLE.tables {
        _ = connection.execute_batch(&table.repair);
    }
}

/// The file of a store: it is refused, or everything in it can be read or is an error. What is damaged gets checksums that match,
/// and is read again.
pub(crate) fn store_file(data: &[u8]) {
    with_file(data, |path| {
        if !matches!(read(path), Err(StoreError::Damaged { .. })) {
            return;
        }
        if connect(path).map(|it| repair(&it)).is_ok() {
            _ = read(path);
        }
    });
}

/// Changes of rows of a store: each names a table, a row, a column and a value.
pub(crate) fn store_rows(data: &[u8]) {
    with_file(&SAMPLE.bytes, |path| {
        let connection = connect(path).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        let mut input = Input(data);
        for _ in 0..16 {
            if input.is_empty() {
                break;
            }
            // What the schema does not allow is not changed.
            _ = change(&connection, &mut input);
        }
        repair(&connection);
        connection.execute_batch("COMMIT").unwrap();
        drop(connection);
        _ = read(path);
    });
}

fn change(connection: &Connection, input: &mut Input<'_>) -> rusqlite::Result<()> {
    let table = input.of(&SAMPLE.tables);
    let Table { name, key, .. } = table;
    let row = input.byte() % 8;
    let place = format!("{name} ORDER BY {key} LIMIT 1 OFFSET {row}");
    let here = format!("({key}) = (SELECT {key} FROM {place})");
    let column = input.of(&table.columns);
    let kind = input.byte() % 9;
    let value = match kind {
        0 => Value::Null,
        1 => Value::Integer(i64::from_le_bytes(input.array())),
        2 => Value::Integer(i64::from(i8::from_le_bytes(input.array()))),
        3 => Value::Text(String::from_utf8_lossy(input.bytes()).into_owned()),
        4 => Value::Blob(input.bytes().to_vec()),
        5 => {
            connection.execute(&format!("DELETE FROM {name} WHERE {here}"), [])?;
            return Ok(());
        }
        _ => {
            let old =
                connection.query_row(&format!("SELECT {column} FROM {place}"), [], |row| {
                    row.get(0)
                })?;
            match old {
                Value::Integer(old) => Value::Integer(old.wrapping_add(i64::from(input.byte()))),
                Value::Text(old) => {
                    let new = spliced(old.into_bytes(), input);
                    Value::Text(String::from_utf8_lossy(&new).into_owned())
                }
                // What is compressed changes inside.
                Value::Blob(old) if kind == 8 => {
                    let Some(inside) = inflated(&old) else {
                        return Ok(());
                    };
                    let inside = spliced(inside, input);
                    let length = match &**column {
                        "deflated" => "length".to_owned(),
                        column => format!("{column}_length"),
                    };
                    connection.execute(
                        &format!("UPDATE {name} SET {length} = ?1, {column} = ?2 WHERE {here}"),
                        (inside.len(), deflated(&inside)),
                    )?;
                    return Ok(());
                }
                Value::Blob(old) => Value::Blob(spliced(old, input)),
                other => other,
            }
        }
    };
    let update = format!("UPDATE {name} SET {column} = ?1 WHERE {here}");
    connection.execute(&update, [value])?;
    Ok(())
}

/// The bytes with some of them replaced.
fn spliced(mut bytes: Vec<u8>, input: &mut Input<'_>) -> Vec<u8> {
    let start = usize::from(u16::from_le_bytes(input.array())) % (bytes.len() + 1);
    let end = (start + usize::from(input.byte())).min(bytes.len());
    bytes.splice(start..end, input.bytes().iter().copied());
    bytes
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inside = vec![0; LONGEST];
    let length = Decompressor::new().zlib_decompress(bytes, &mut inside);
    inside.truncate(length.ok()?);
    Some(inside)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::fastest());
    let mut deflated = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut deflated).unwrap();
    deflated.truncate(length);
    deflated
}

/// Asks everything of a store. Returns the first error about the file as a whole.
fn read(path: &Path) -> Result<(), StoreError> {
    let advisor = sample::advisor(Arc::new(Store::open(path)?));
    let store = advisor.store();
    let mut first = Ok(());
    macro_rules! ask {
        ($question:expr) => {
            match $question {
                Ok(answer) => Some(answer),
                Err(error) => {
                    first = first.and(Err(error));
                    None
                }
            }
        };
    }
    for account in ask!(store.accounts()).unwrap_or_default() {
        _ = ask!(store.snapshot(&account));
        _ = advisor.latest_advisor(&account, sample::now());
    }
    _ = ask!(store.account_data());
    _ = ask!(store.catalogs());
    _ = ask!(store.coverage());
    _ = ask!(store.activity_table());
    _ = ask!(store.jobs_by_status());
    _ = ask!(store.jobs_in_progress());
    _ = ask!(advisor.run_left_jobs(sample::now()));
    let caller = Caller::local();
    for summary in ask!(store.jobs()).unwrap_or_default().iter().take(4) {
        let id = summary.job.id.as_str();
        let pages = PageRequest::new().max_items(MaxItems::new(1).ok());
        _ = advisor.services(&caller, id, PageRequest::new());
        _ = advisor.services(&caller, id, pages);
        _ = advisor.entities(&caller, id, "s3", pages);
    }
    _ = advisor.policies(&caller, sample::ANN, &["s3".to_owned()], None);
    _ = ask!(store.check());
    first
}
