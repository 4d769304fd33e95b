//! The store under load: a generated account and its trail, imported with the command line.

use std::path::{Path, PathBuf};

use benches::{ACCOUNT_ID, AccountShape, TrailGenerator};

use crate::load::heavy_caller;
use crate::load::signer::AccessKey;
use crate::{child, python};

/// The caller of all requests.
pub(crate) const ACCESS_KEY: AccessKey = AccessKey {
    id: "AKIALOADTEST",
    secret: "not/a/secret/but/the/load/run",
};
/// Half of the identities are active: 200,000 attempts in 40 objects.
const ACTIVE: usize = 5_000;
const OBJECTS: u64 = 40;
const RECORDS: usize = 5_000;

/// Creates the store in this folder.
pub(crate) fn store(
    program: &Path,
    folder: &Path,
    shape: &AccountShape,
) -> Result<PathBuf, String> {
    let store = folder.join("load.db");
    let export = folder.join("account.json");
    write(&export, shape.export().as_bytes())?;
    import(program, "account", &store, &export)?;

    let trail = folder.join("trail");
    std::fs::create_dir(&trail).map_err(|error| format!("{}: {error}", trail.display()))?;
    let generator = TrailGenerator::new(shape, ACTIVE);
    for object in 0..OBJECTS {
        let gzip = generator
            .object_gzip(object, RECORDS)
            .map_err(|error| error.to_string())?;
        write(&trail.join(format!("{object}.json.gz")), &gzip)?;
    }
    import(program, "trail", &store, &trail)?;
    Ok(store)
}

/// Adds the account of the heavy caller to the store, and one call of its trail: an account without activity has no
/// reports.
pub(crate) fn add_heavy_caller(
    program: &Path,
    folder: &Path,
    store: &Path,
    seed: u64,
) -> Result<(), String> {
    let export = folder.join("heavy-account.json");
    write(&export, heavy_caller::export(seed).as_bytes())?;
    import(program, "account", store, &export)?;
    let object = folder.join("heavy-trail.json");
    write(&object, heavy_caller::trail().as_bytes())?;
    import(program, "trail", store, &object)
}

/// Writes the credentials file into this folder.
pub(crate) fn credentials(folder: &Path) -> Result<PathBuf, String> {
    let file = folder.join("credentials.toml");
    let own = format!("arn:aws:iam::{ACCOUNT_ID}:user/load");
    let callers = [
        (ACCESS_KEY, own.as_str()),
        (heavy_caller::ACCESS_KEY, heavy_caller::ARN),
    ];
    let credentials = callers.map(|(AccessKey { id, secret }, arn)| {
        format!(
            "[[credential]]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
             arn = \"{arn}\"\n"
        )
    });
    write(&file, credentials.concat().as_bytes())?;
    Ok(file)
}

fn import(program: &Path, what: &str, store: &Path, from: &Path) -> Result<(), String> {
    let mut command = child::command(program)?;
    command.args(["import", what, "--store"]).arg(store);
    python::succeed(command.arg(from)).map(drop)
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).map_err(|error| format!("{}: {error}", file.display()))
}
