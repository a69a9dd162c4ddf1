//! Writes JPEG 2000 codestreams for tests: one code-block and one packet for each component of a tile.

/// A packet of one code-block with one coding pass, whose data are any bytes.
pub(crate) const PACKET: [u8; 6] = [0xE5, 0x5A, 0x13, 0x77, 0x21, 0x5A];

/// The parameters of a codestream.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    /// Xsiz, Ysiz, `XOsiz`, `YOsiz`.
    pub(crate) size: [u32; 4],
    /// `XTsiz`; each tile has all rows.
    pub(crate) tile_columns: u32,
    /// Ssiz, `XRsiz` and `YRsiz`.
    pub(crate) components: Vec<[u8; 3]>,
    /// Multiple component transform.
    pub(crate) transform: u8,
    /// 1: reversible.
    pub(crate) wavelet: u8,
    pub(crate) levels: u8,
}

/// A tile-part: its tile, Psot if that is not its length, the number of the tile's tile-parts, and segments and packets.
pub(crate) struct TilePart<'a> {
    pub(crate) tile: u16,
    pub(crate) length: Option<u32>,
    pub(crate) count: u8,
    pub(crate) header: &'a [u8],
    pub(crate) packets: &'a [u8],
}

impl Default for Writer {
    fn default() -> Self {
        let components = vec![[7, 1, 1]];
        Self { size: [8, 8, 0, 0], tile_columns: 8, components, transform: 0, wavelet: 1, levels: 0 }
    }
}

impl Writer {
    /// COD with another component transform.
    pub(crate) fn cod(&self, transform: u8) -> Vec<u8> {
        segment(0x52, &[0, 0, 0, 1, transform, self.levels, 4, 4, 0, self.wavelet])
    }

    /// A codestream of these tile-parts.
    pub(crate) fn write(&self, parts: &[TilePart<'_>]) -> Vec<u8> {
        let [columns, rows, x, y] = self.size;
        let words = [columns, rows, x, y, self.tile_columns, rows, 0, 0].map(u32::to_be_bytes).concat();
        let count = (self.components.len() as u16).to_be_bytes();
        let siz = [&[0, 0][..], &words, &count, &self.components.concat()].concat();
        // Two guard bits, and an exponent of 8 bits for each subband; of 9-7, with a mantissa of 0.
        let subbands = 3 * usize::from(self.levels) + 1;
        let qcd = if self.wavelet == 1 {
            [vec![0x40], vec![0x40; subbands]].concat()
        } else {
            [vec![0x42], [0x40, 0].repeat(subbands)].concat()
        };
        let mut frame = [vec![0xFF, 0x4F], segment(0x51, &siz), self.cod(self.transform), segment(0x5C, &qcd)].concat();
        for (number, part) in parts.iter().enumerate() {
            let before = parts[..number].iter().filter(|other| other.tile == part.tile).count() as u8;
            let length = part.length.unwrap_or(14 + (part.header.len() + part.packets.len()) as u32);
            let sot = [&part.tile.to_be_bytes()[..], &length.to_be_bytes(), &[before, part.count]].concat();
            frame.extend([&segment(0x90, &sot)[..], part.header, &[0xFF, 0x93], part.packets].concat());
        }
        frame.extend([0xFF, 0xD9]);
        frame
    }

    /// A codestream of one tile, with samples of the lowest resolution alone: the packets of the others are empty.
    pub(crate) fn write_tile(&self) -> Vec<u8> {
        let components = self.components.len();
        let packets = [PACKET.repeat(components), vec![0; components * usize::from(self.levels)]].concat();
        self.write(&[TilePart { tile: 0, length: None, count: 1, header: &[], packets: &packets }])
    }
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker][..], &length, content].concat()
}
