//! Gzip on several cores: a layer in blocks, each deflated by itself and joined into one ordinary gzip member, so that every
//! reader takes it, also those that stop after the first member. The same layer gives the same bytes each time.

use crate::problems::internal;
use domain::problem::Problem;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use tokio::task::JoinHandle;

/// Small enough for memory, large enough that starting anew costs nothing to speak of.
const BLOCK: usize = 1 << 20;
/// As `gzip` and Docker do; the header says nothing else: no name, no time.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block in fixed Huffman codes.
const END: [u8; 2] = [3, 0];

struct Deflated {
    bytes: Vec<u8>,
    sum: Crc,
}

/// A gzip stream being made.
pub(crate) struct Gzip {
    block: Vec<u8>,
    queue: FuturesOrdered<JoinHandle<std::io::Result<Deflated>>>,
    width: usize,
    sum: Crc,
    started: bool,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        let width = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4) + 1;
        Self { block: Vec::new(), queue: FuturesOrdered::new(), width, sum: Crc::new(), started: false }
    }

    /// Takes bytes; gives compressed ones when some are ready.
    pub(crate) async fn write(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            if self.block.capacity() == 0 {
                self.block.reserve_exact(BLOCK);
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.start_block();
            }
            while self.queue.len() >= self.width {
                self.take(&mut out).await?;
            }
        }
        Ok(out)
    }

    /// The rest, and the end mark.
    pub(crate) async fn finish(mut self) -> Result<Vec<u8>, Problem> {
        self.start_block();
        let mut out = Vec::new();
        while !self.queue.is_empty() {
            self.take(&mut out).await?;
        }
        self.begin(&mut out);
        out.extend_from_slice(&END);
        out.extend_from_slice(&self.sum.sum().to_le_bytes());
        out.extend_from_slice(&self.sum.amount().to_le_bytes());
        Ok(out)
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            out.extend_from_slice(&HEADER);
        }
    }

    fn start_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if !block.is_empty() {
            self.queue.push_back(tokio::task::spawn_blocking(move || deflate(&block)));
        }
    }

    async fn take(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        if let Some(done) = self.queue.next().await {
            let deflated =
                done.map_err(|e| internal("registry-gzip", &e))?.map_err(|e| internal("registry-gzip", &e))?;
            self.begin(out);
            out.extend_from_slice(&deflated.bytes);
            self.sum.combine(&deflated.sum);
        }
        Ok(())
    }
}

fn deflate(block: &[u8]) -> std::io::Result<Deflated> {
    let mut sum = Crc::new();
    sum.update(block);
    let mut compress = Compress::new(Compression::default(), false);
    let mut bytes = Vec::with_capacity(block.len() / 2 + 1024);
    loop {
        let at = usize::try_from(compress.total_in()).map_err(std::io::Error::other)?;
        let status =
            compress.compress_vec(&block[at..], &mut bytes, FlushCompress::Sync).map_err(std::io::Error::other)?;
        // Room left over means that everything, the flush included, has come out.
        if compress.total_in() == block.len() as u64 && bytes.len() < bytes.capacity() {
            return Ok(Deflated { bytes, sum });
        }
        if status == Status::StreamEnd {
            return Err(std::io::Error::other("the compressor stopped early"));
        }
        bytes.reserve(256 << 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    async fn round_trip(data: &[u8], step: usize) -> usize {
        let mut gzip = Gzip::new();
        let mut all = Vec::new();
        for piece in data.chunks(step) {
            all.extend(gzip.write(piece).await.unwrap());
        }
        all.extend(gzip.finish().await.unwrap());
        let mut back = Vec::new();
        // Reads one member only.
        let mut decoder = flate2::bufread::GzDecoder::new(all.as_slice());
        decoder.read_to_end(&mut back).unwrap();
        assert!(back == data, "{} bytes differ", data.len());
        assert!(decoder.into_inner().is_empty());
        all.len()
    }

    #[tokio::test]
    async fn any_reader_gets_the_same_back() {
        round_trip(b"", 1).await;
        round_trip(b"a", 1).await;
        let mut state = 7_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(2 * BLOCK + 77)
        .collect();
        round_trip(&noise, 100_000).await;
        round_trip(&noise[..BLOCK], BLOCK).await;
        assert!(round_trip(&vec![0; 3 * BLOCK], 1 << 17).await < 20_000);
    }
}
