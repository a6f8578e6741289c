//! A tar as it arrives: headers one after the other, contents in pieces. Knows ustar, GNU's long names and PAX. Strict, because
//! a reader that guesses can be made to see other files than the one who checked the archive: every header's checksum holds,
//! names stay inside, and what is not understood is refused.

use super::Limits;
use crate::problems::{archive as bad, said, too_large};
use bytes::{Bytes, BytesMut};
use domain::problem::Problem;
use domain::wording::in_full;
use tokio::io::{AsyncRead, AsyncReadExt};

const BLOCK: usize = 512;
/// Contents are given in pieces of at most this.
const PIECE: usize = 128 << 10;
/// The most bytes that a long name or a PAX header may have.
const MAX_EXTENSION: u64 = 64 << 10;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    /// To another name in the archive, resolved and known to be inside.
    Link(String),
}

/// One entry; its name is clean: no leading slash or `./`, no `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
}

/// The reader. Contents must not be read before [`TarReader::next`] said what they are; what is left of them is passed over.
pub(crate) struct TarReader<R> {
    reader: R,
    limits: Limits,
    /// Of the current entry: contents, then padding.
    remaining: u64,
    padding: u64,
    total: u64,
    entries: u64,
}

#[derive(Default)]
struct Extension {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl<R: AsyncRead + Unpin> TarReader<R> {
    pub(crate) fn new(reader: R, limits: Limits) -> Self {
        Self { reader, limits, remaining: 0, padding: 0, total: 0, entries: 0 }
    }

    /// The next entry; `None` after the end mark, when the rest of the stream has been read too.
    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, Problem> {
        while self.piece().await?.is_some() {}
        let mut extension = Extension::default();
        loop {
            let mut header = [0; BLOCK];
            self.exact(&mut header).await?;
            if header.iter().all(|b| *b == 0) {
                self.drain().await?;
                return Ok(None);
            }
            self.entries += 1;
            if self.entries > self.limits.entries {
                return Err(too_large(format!("It has more than {} entries.", self.limits.entries)));
            }
            check_sum(&header)?;
            let size = number(&header[124..136]).ok_or_else(|| bad("An entry's size cannot be read."))?;
            match header[156] {
                b'L' => extension.name = Some(self.text(size).await?),
                b'K' => extension.link = Some(self.text(size).await?),
                b'x' => self.pax(size, &mut extension).await?,
                // Holds for all that follow: a name or a size there makes no sense, and readers disagree about it.
                b'g' => {
                    let mut global = Extension::default();
                    self.pax(size, &mut global).await?;
                    if global.name.is_some() || global.link.is_some() || global.size.is_some() {
                        return Err(bad("It sets names or sizes for all of its entries at once."));
                    }
                }
                kind => return self.entry(&header, kind, size, extension).map(Some),
            }
        }
    }

    fn entry(&mut self, header: &[u8; BLOCK], kind: u8, size: u64, extension: Extension) -> Result<Entry, Problem> {
        let size = extension.size.unwrap_or(size);
        let raw = match extension.name {
            Some(name) => name,
            None => plain_name(header)?,
        };
        let name = clean(&raw)?;
        let is_file = matches!(kind, 0 | b'0' | b'7') && !raw.ends_with('/');
        if !is_file && size > 0 {
            return Err(bad(format!("“{}” is no file, but has contents.", said(&name))));
        }
        let kind = match kind {
            _ if is_file => Kind::File,
            0 | b'0' | b'7' | b'5' => Kind::Folder,
            b'1' | b'2' => {
                let target = match extension.link {
                    Some(target) => target,
                    None => string(&header[157..257])?,
                };
                // Hard links name a file of the archive; symbolic ones start from the folder that they are in.
                let folder = if kind == b'2' { name.rsplit_once('/').map_or("", |(folder, _)| folder) } else { "" };
                let inside = within(folder, &target).ok_or_else(|| {
                    bad(format!("“{}” is a link that leads out of the archive, to “{}”.", said(&name), said(&target)))
                })?;
                Kind::Link(inside)
            }
            b'3' | b'4' | b'6' => {
                return Err(bad(format!("“{}” is a device or a pipe, which no image archive contains.", said(&name))));
            }
            other => {
                let other = char::from(other).escape_default();
                return Err(bad(format!("“{}” is an entry of the unknown kind “{other}”.", said(&name))));
            }
        };
        if size > self.limits.entry {
            return Err(too_large(format!(
                "“{}” has {} bytes; {} are allowed.",
                said(&name),
                in_full(size),
                in_full(self.limits.entry)
            )));
        }
        self.expect(size)?;
        Ok(Entry { name, kind, size })
    }

    /// Notes that contents of this size follow.
    fn expect(&mut self, size: u64) -> Result<(), Problem> {
        if size > self.limits.total.saturating_sub(self.total) {
            return Err(too_large(format!(
                "It holds more than the {} bytes that are allowed.",
                in_full(self.limits.total)
            )));
        }
        self.remaining = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
        Ok(())
    }

    /// The next piece of the current entry's contents; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.remaining > 0 {
            let mut buffer = BytesMut::with_capacity(PIECE.min(usize::try_from(self.remaining).unwrap_or(PIECE)));
            let mut limited = (&mut self.reader).take(self.remaining);
            while buffer.len() < buffer.capacity() {
                match limited.read_buf(&mut buffer).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => return Err(broken(&error)),
                }
            }
            if buffer.is_empty() {
                return Err(truncated(self.total));
            }
            self.remaining -= buffer.len() as u64;
            self.count(buffer.len() as u64)?;
            return Ok(Some(buffer.freeze()));
        }
        let mut padding = [0; BLOCK];
        let length = std::mem::take(&mut self.padding) as usize;
        self.exact(&mut padding[..length]).await?;
        Ok(None)
    }

    fn count(&mut self, bytes: u64) -> Result<(), Problem> {
        self.total = self.total.saturating_add(bytes);
        if self.total > self.limits.total {
            return Err(too_large(format!(
                "It holds more than the {} bytes that are allowed.",
                in_full(self.limits.total)
            )));
        }
        Ok(())
    }

    async fn exact(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        match self.reader.read_exact(buffer).await {
            Ok(_) => self.count(buffer.len() as u64),
            Err(error)
                if error.kind() == std::io::ErrorKind::UnexpectedEof && error.get_ref().is_none_or(is_early_eof) =>
            {
                Err(truncated(self.total))
            }
            Err(error) => Err(broken(&error)),
        }
    }

    async fn extension(&mut self, size: u64) -> Result<Vec<u8>, Problem> {
        if size > MAX_EXTENSION {
            return Err(bad(format!("A name or header in it has {} bytes.", in_full(size))));
        }
        self.expect(size)?;
        let mut all = Vec::with_capacity(size as usize);
        while let Some(piece) = self.piece().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    async fn text(&mut self, size: u64) -> Result<String, Problem> {
        let all = self.extension(size).await?;
        string(&all)
    }

    /// Records of the form `LENGTH KEY=VALUE\n`, the length counting all of it.
    async fn pax(&mut self, size: u64, into: &mut Extension) -> Result<(), Problem> {
        let all = self.extension(size).await?;
        let wrong = || bad("A PAX header in it cannot be read.");
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let space = rest.iter().position(|b| *b == b' ').ok_or_else(wrong)?;
            let length: usize =
                std::str::from_utf8(&rest[..space]).ok().and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
            let record = rest.get(space + 1..length).and_then(|r| r.strip_suffix(b"\n")).ok_or_else(wrong)?;
            rest = rest.get(length..).ok_or_else(wrong)?;
            let equals = record.iter().position(|b| *b == b'=').ok_or_else(wrong)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let text = || std::str::from_utf8(value).map(str::to_owned).map_err(|_| wrong());
            match key {
                b"path" => into.name = Some(text()?),
                b"linkpath" => into.link = Some(text()?),
                b"size" => into.size = Some(text()?.parse().map_err(|_| wrong())?),
                _ if key.starts_with(b"GNU.sparse.") => {
                    return Err(bad("It contains sparse files, which no image archive does."));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads on to the end of the stream: whoever sends it should not be cut off while padding is on its way.
    async fn drain(&mut self) -> Result<(), Problem> {
        let mut buffer = vec![0; 8 << 10];
        loop {
            match self.reader.read(&mut buffer).await {
                Ok(0) => return Ok(()),
                Ok(n) => self.count(n as u64)?,
                Err(error) => return Err(broken(&error)),
            }
        }
    }
}

fn is_early_eof(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    inner.downcast_ref::<Problem>().is_none()
}

fn truncated(at: u64) -> Problem {
    bad(format!(
        "It is truncated: it ends in the middle, after {} bytes. Save the image again and send the whole file.",
        in_full(at)
    ))
}

/// An error of the stream itself: a Problem that was put into it, or a compressed stream that is broken.
fn broken(error: &std::io::Error) -> Problem {
    if let Some(problem) = error.get_ref().and_then(|inner| inner.downcast_ref::<Problem>()) {
        return problem.clone();
    }
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return bad("It is truncated: the upload ended before the archive did. Send the whole file.");
    }
    bad(format!("It cannot be read: {}.", said(&error.to_string())))
}

/// The sum over the header with its own field as spaces; some old writers added signed bytes.
fn check_sum(header: &[u8; BLOCK]) -> Result<(), Problem> {
    let told = number(&header[148..156]);
    let bytes = || header.iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { b' ' } else { *b });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|b| i64::from(b.cast_signed())).sum();
    if told == Some(unsigned) || told.and_then(|t| i64::try_from(t).ok()) == Some(signed) {
        return Ok(());
    }
    Err(bad("It is not a tar file, or damaged: a header's checksum is wrong. Send what “docker save” wrote."))
}

/// Octal digits, or base 256 when the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        if field[0] != 0x80 || field[..field.len() - 8].iter().skip(1).any(|b| *b != 0) {
            return None;
        }
        return field[field.len() - 8..].try_into().ok().map(u64::from_be_bytes);
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn string(field: &[u8]) -> Result<String, Problem> {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    let text = std::str::from_utf8(&field[..end]).map_err(|_| bad("A file's name in it is not UTF-8."))?;
    Ok(text.to_owned())
}

fn plain_name(header: &[u8; BLOCK]) -> Result<String, Problem> {
    let name = string(&header[..100])?;
    // GNU's own format uses the prefix' place for times.
    let prefix = if &header[257..263] == b"ustar\0" { string(&header[345..500])? } else { String::new() };
    Ok(if prefix.is_empty() { name } else { format!("{prefix}/{name}") })
}

fn clean(name: &str) -> Result<String, Problem> {
    let shown = said(name);
    if name.starts_with('/') || name.contains('\\') {
        return Err(bad(format!("It contains the absolute path “{shown}”.")));
    }
    if name.split('/').any(|part| part == "..") {
        return Err(bad(format!("It contains “{shown}”, which leads out of its folder.")));
    }
    if name.chars().any(char::is_control) || name.len() > 4096 {
        return Err(bad(format!("It contains a name that no file has: “{shown}”.")));
    }
    Ok(name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"))
}

/// Where a link in a folder leads; `None` when outside.
fn within(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.is_empty() || target.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
