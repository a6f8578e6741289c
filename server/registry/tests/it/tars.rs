//! Tars built by hand, right and wrong.

use gantry_registry::Digest;

/// A tar being written.
#[derive(Default, Clone)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    /// A header with any kind, size and link.
    pub fn header(mut self, name: &str, kind: u8, size: u64, link: &str) -> Self {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&header);
        self
    }
    pub fn contents(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.header(name, b'0', bytes.len() as u64, "").contents(bytes)
    }
    pub fn blob(self, bytes: impl AsRef<[u8]>) -> Self {
        let name = format!("blobs/sha256/{}", Digest::of(bytes.as_ref()).hex());
        self.file(&name, bytes)
    }
    /// With the name in a PAX header.
    pub fn pax(self, name: &str, bytes: &[u8]) -> Self {
        let body = |length: usize| format!("{length} path={name}\n");
        let mut length = body(0).len();
        while body(length).len() != length {
            length = body(length).len();
        }
        self.file_of_kind(b'x', "PaxHeaders", body(length).as_bytes()).file("short", bytes)
    }
    pub fn gnu(self, name: &str, bytes: &[u8]) -> Self {
        self.file_of_kind(b'L', "././@LongLink", format!("{name}\0").as_bytes()).file("short", bytes)
    }
    pub fn file_of_kind(self, kind: u8, name: &str, bytes: &[u8]) -> Self {
        self.header(name, kind, bytes.len() as u64, "").contents(bytes)
    }
    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

/// An uncompressed layer with one file.
pub fn layer(text: &str, size: usize) -> Vec<u8> {
    Tar::default().file(text, crate::noise(text.len() as u32, size)).end()
}

pub fn config(diff_ids: &[Digest]) -> String {
    serde_json::json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        .to_string()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
