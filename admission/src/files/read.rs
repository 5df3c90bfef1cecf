//! One file: read with a bound, written whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use vpcguard_check::Source;

use super::Problem;

/// The argument that stands for standard input.
pub(super) const STDIN: &str = "-";

/// What of a file is read at most. A cluster's objects are less; a device never ends.
const MOST: u64 = 256 << 20;

/// One file, whatever is in it.
pub(super) fn read(path: &Path) -> Result<Source, Problem> {
    let failed = |cause| Problem::Io { path: path.to_owned(), cause };
    if path == Path::new(STDIN) {
        let bytes = all_of(io::stdin().lock(), 0).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| too_large(path))?;
        return Ok(Source { name: vpcguard_check::STDIN.to_owned(), bytes });
    }
    // Opening some of them would wait for somebody who writes.
    if let Some(cause) = refusal(path) {
        return Err(Problem::Refused { path: path.to_owned(), cause });
    }
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let bytes = if size > MOST { None } else { all_of(file, size).map_err(failed)? };
    let bytes = bytes.ok_or_else(|| too_large(path))?;
    Ok(Source { name: path.display().to_string(), bytes })
}

/// All there is, unless it is too much.
fn all_of(from: impl Read, size: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_or(0, |size| size + 1));
    let count = from.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok((count as u64 <= MOST).then_some(bytes))
}

fn too_large(path: &Path) -> Problem {
    Problem::Refused { path: path.to_owned(), cause: "it has more than 256 MiB, and no more is read of a file" }
}

/// Why what a path leads to is not opened.
#[cfg(unix)]
fn refusal(path: &Path) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;

    // What is not there is said when it is opened.
    let kind = fs::metadata(path).ok()?.file_type();
    if kind.is_socket() {
        return Some("it is a socket, and not a file");
    }
    if kind.is_block_device() {
        return Some("it is a block device, and not a file");
    }
    // A pipe that the shell has opened, as <(command) or /dev/stdin, has no name of its own, or one in /dev.
    let has_name = || path.canonicalize().is_ok_and(|path| !path.starts_with("/dev") && !path.starts_with("/proc"));
    (kind.is_fifo() && has_name()).then_some("it is a FIFO, and not a file: give it as standard input (-)")
}

#[cfg(not(unix))]
fn refusal(_: &Path) -> Option<&'static str> {
    None
}

/// Writes a file whole or not at all. One that is there keeps its permissions, and a link stays a link.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What is written first has a name that nobody has given, and that is in the error.
    replace(path, bytes).map_err(|error| {
        let text = error.to_string();
        text.split_once(" at path ").map_or(error, |(cause, _)| io::Error::other(cause))
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A device or a pipe stays what it is: nothing can take its place.
    if fs::metadata(path).is_ok_and(|known| !known.is_file() && !known.is_dir()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let target = if path.exists() { path.canonicalize()? } else { path.to_owned() };
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vpcguard-");
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    if let Ok(known) = fs::metadata(&target) {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map(drop).map_err(|error| error.error)
}
