//! Annex C: the MQ encoder and decoder, as in the flow charts.

use super::raw::RawEncoder;

/// Table C.2: Qe, the next state after an MPS and an LPS, and whether the sense of the MPS is switched.
const STATES: [(u32, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// Contexts: I(CX) and MPS(CX).
#[derive(Clone)]
pub(crate) struct Contexts([(u8, u8); 19]);

impl Contexts {
    /// Table D.7.
    pub(crate) fn new() -> Self {
        let mut contexts = [(0, 0); 19];
        contexts[0] = (4, 0);
        contexts[17] = (3, 0);
        contexts[18] = (46, 0);
        Self(contexts)
    }

    fn qe(&self, cx: usize) -> u32 {
        STATES[usize::from(self.0[cx].0)].0
    }

    fn after_mps(&mut self, cx: usize) {
        self.0[cx].0 = STATES[usize::from(self.0[cx].0)].1;
    }

    fn after_lps(&mut self, cx: usize) {
        let state = STATES[usize::from(self.0[cx].0)];
        self.0[cx] = (state.2, self.0[cx].1 ^ u8::from(state.3));
    }
}

/// C.3: the decoder.
pub(crate) struct MqDecoder<'a> {
    data: &'a [u8],
    bp: usize,
    c: u32,
    a: u32,
    ct: u32,
}

impl<'a> MqDecoder<'a> {
    /// INITDEC (Figure C.19).
    pub(crate) fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self { data, bp: 0, c: 0, a: 0x8000, ct: 0 };
        decoder.c = u32::from(decoder.byte(0)) << 16;
        decoder.byte_in();
        decoder.c <<= 7;
        decoder.ct -= 7;
        decoder
    }

    /// Adds a carry out of the first bit.
    pub(crate) fn overflow(&mut self) {
        self.c |= 1 << 31;
    }

    /// The byte at `position`; after the end there is a marker.
    fn byte(&self, position: usize) -> u8 {
        self.data.get(position).copied().unwrap_or(0xFF)
    }

    /// BYTEIN (Figure C.18).
    fn byte_in(&mut self) {
        if self.byte(self.bp) == 0xFF {
            let next = self.byte(self.bp + 1);
            if next > 0x8F {
                self.c += 0xFF00;
                self.ct = 8;
            } else {
                self.bp += 1;
                self.c += u32::from(next) << 9;
                self.ct = 7;
            }
        } else {
            self.bp += 1;
            self.c += u32::from(self.byte(self.bp)) << 8;
            self.ct = 8;
        }
    }

    /// DECODE (Figures C.15 to C.17).
    pub(crate) fn decode(&mut self, contexts: &mut Contexts, cx: usize) -> u8 {
        let (qe, mps) = (contexts.qe(cx), contexts.0[cx].1);
        self.a -= qe;
        if (self.c >> 16) < qe {
            let exchanged = self.a < qe;
            self.a = qe;
            self.finish(contexts, cx, mps, !exchanged)
        } else {
            self.c -= qe << 16;
            if self.a & 0x8000 != 0 {
                return mps;
            }
            let exchanged = self.a < qe;
            self.finish(contexts, cx, mps, exchanged)
        }
    }

    fn finish(&mut self, contexts: &mut Contexts, cx: usize, mps: u8, lps: bool) -> u8 {
        if lps {
            contexts.after_lps(cx);
        } else {
            contexts.after_mps(cx);
        }
        while self.a & 0x8000 == 0 {
            if self.ct == 0 {
                self.byte_in();
            }
            self.a <<= 1;
            self.c <<= 1;
            self.ct -= 1;
        }
        mps ^ u8::from(lps)
    }
}

/// C.2: the encoder.
pub(crate) struct MqEncoder {
    /// Byte 0 is the one before the segment.
    bytes: Vec<u8>,
    c: u32,
    a: u32,
    ct: u32,
}

impl MqEncoder {
    /// INITENC (Figure C.10).
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0], c: 0, a: 0x8000, ct: 12 }
    }

    /// ENCODE (Figures C.3 to C.7).
    pub(crate) fn encode(&mut self, contexts: &mut Contexts, cx: usize, bit: u8) {
        let (qe, mps) = (contexts.qe(cx), contexts.0[cx].1);
        self.a -= qe;
        if bit == mps {
            if self.a & 0x8000 != 0 {
                self.c += qe;
                return;
            }
            if self.a < qe {
                self.a = qe;
            } else {
                self.c += qe;
            }
            contexts.after_mps(cx);
        } else {
            if self.a < qe {
                self.c += qe;
            } else {
                self.a = qe;
            }
            contexts.after_lps(cx);
        }
        while self.a & 0x8000 == 0 {
            self.a <<= 1;
            self.c <<= 1;
            self.ct -= 1;
            if self.ct == 0 {
                self.byte_out();
            }
        }
    }

    /// BYTEOUT (Figure C.9).
    fn byte_out(&mut self) {
        if *self.bytes.last().unwrap() != 0xFF && self.c >= 0x800_0000 {
            *self.bytes.last_mut().unwrap() += 1;
            self.c &= 0x7FF_FFFF;
        }
        if *self.bytes.last().unwrap() == 0xFF {
            self.bytes.push((self.c >> 20) as u8);
            self.c &= 0xF_FFFF;
            self.ct = 7;
        } else {
            self.bytes.push((self.c >> 19) as u8);
            self.c &= 0x7_FFFF;
            self.ct = 8;
        }
    }

    /// FLUSH (Figures C.11 and C.12).
    pub(crate) fn flush(mut self) -> Vec<u8> {
        let limit = self.c + self.a;
        self.c |= 0xFFFF;
        if self.c >= limit {
            self.c -= 0x8000;
        }
        self.c <<= self.ct;
        self.byte_out();
        self.c <<= self.ct;
        self.byte_out();
        self.bytes()
    }

    /// D.4.2: predictable termination.
    pub(crate) fn flush_predictably(mut self) -> Vec<u8> {
        let mut k = 12 - i64::from(self.ct);
        while k > 0 {
            self.c <<= self.ct;
            self.ct = 0;
            self.byte_out();
            k -= i64::from(self.ct);
        }
        if *self.bytes.last().unwrap() != 0xFF {
            self.byte_out(); // the last byte, with its carry
            self.bytes.pop();
        }
        self.bytes()
    }

    /// The bytes of the segment; a last FF is not written (C.2.9).
    fn bytes(mut self) -> Vec<u8> {
        if *self.bytes.last().unwrap() == 0xFF {
            self.bytes.pop();
        }
        self.bytes.get(1..).unwrap_or_default().to_vec()
    }
}

/// The same bits without carries, and whether there is a carry out of the first one: as long as a carry is not added, the flow
/// charts compare with another number, and only streams that no encoder writes make a difference then.
pub(crate) fn without_carries(data: &[u8]) -> (Vec<u8>, bool) {
    let (mut bits, mut overflow): (Vec<u8>, bool) = (vec![], false);
    let mut previous = 0;
    for &byte in data {
        if previous == 0xFF && byte > 0x8F {
            break; // a marker
        }
        if previous == 0xFF && byte >= 0x80 {
            let ones = bits.iter().rev().take_while(|&&bit| bit == 1).count();
            let zero = bits.len() - ones;
            bits[zero..].fill(0);
            match zero.checked_sub(1) {
                Some(bit) => bits[bit] = 1,
                None => overflow = true,
            }
        }
        let count = if previous == 0xFF { 7 } else { 8 };
        bits.extend((0..count).rev().map(|k| byte >> k & 1));
        previous = byte;
    }
    let mut encoder = RawEncoder::new();
    bits.into_iter().chain([1; 16]).for_each(|bit| encoder.put(bit));
    (encoder.into_bytes(), overflow)
}
