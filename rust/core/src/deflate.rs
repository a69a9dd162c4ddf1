//! PS3.5 A.5: the data set of Deflated Explicit VR Little Endian.

use crate::error::{Error, Problem, Result, TRANSFER_SYNTAX_UID};
use crate::parallel::{Team, Watch};
use flate2::{Decompress, FlushDecompress, Status};

/// Bytes that are inflated before the caller is asked whether to go on: they give at most some 64 MiB.
const STEP: usize = 1 << 16;

/// Inflates a raw deflate stream to at most `limit` bytes; what follows the stream (a padding byte) is ignored.
///
/// The output grows with what has been inflated, not with what the stream promises.
pub fn inflate(src: &[u8], limit: usize, team: &Team<'_>) -> Result<Vec<u8>> {
    let mut inflater = Decompress::new(false);
    let (mut out, mut watch) = (Vec::new(), Watch::new(team));
    loop {
        watch.check()?;
        let room = (out.len().max(src.len()).max(1 << 12)).min(limit.saturating_add(1) - out.len());
        out.try_reserve(room).map_err(|_| Error::pixel_data(Problem::Memory { bytes: room as u64 }))?;
        let read = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let before = (inflater.total_in(), out.len());
        let rest = src.get(read..).unwrap_or_default();
        let status = inflater
            .decompress_vec(&rest[..rest.len().min(STEP)], &mut out, FlushDecompress::None)
            .map_err(|error| damaged(&error.to_string()))?;
        if out.len() > limit {
            return Err(Error::pixel_data(Problem::Length { found: out.len() as u64, expected: limit as u64 }));
        }
        match status {
            Status::StreamEnd => return Ok(out),
            _ if (inflater.total_in(), out.len()) == before => return Err(damaged("it ends too early")),
            _ => {}
        }
    }
}

/// The data set as a whole is wrong, or it is not what the transfer syntax says.
fn damaged(why: &str) -> Error {
    Error::new(TRANSFER_SYNTAX_UID, Problem::Deflate(why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn inflate_is_the_inverse() {
        for bytes in [vec![], vec![7; 1 << 20], (0..100_000u32).flat_map(u32::to_le_bytes).collect()] {
            let mut deflated = deflate(&bytes);
            assert_eq!(inflate(&deflated, bytes.len(), &Team::default()).unwrap(), bytes);
            deflated.push(0);
            assert_eq!(inflate(&deflated, usize::MAX, &Team::default()).unwrap(), bytes);
        }
    }

    #[test]
    fn damage_and_bombs_are_refused() {
        let deflated = deflate(&vec![7; 1 << 20]);
        assert!(inflate(&deflated[..deflated.len() / 2], usize::MAX, &Team::default()).is_err());
        assert!(inflate(&[0xFF; 40], usize::MAX, &Team::default()).is_err());
        assert!(inflate(&[], usize::MAX, &Team::default()).is_err());
        let stopped = Team { interrupted: &|| true, ..Team::default() };
        assert_eq!(inflate(&deflated, usize::MAX, &stopped).unwrap_err().problem, Problem::Interrupted);
        assert!(matches!(
            inflate(&deflated, 1000, &Team::default()).unwrap_err().problem,
            Problem::Length { expected: 1000, .. }
        ));
    }
}
