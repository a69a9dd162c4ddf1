//! Oracles of the tests: encoders and decoders of code-blocks, written from the text of the standard, without regard to
//! speed. They share no code with the decoder but the table of HT codewords.

pub(crate) mod blocks;
pub(crate) mod grid;
pub(crate) mod ht;
pub(crate) mod ht_bits;
pub(crate) mod ht_blocks;
pub(crate) mod ht_coders;
pub(crate) mod mq;
pub(crate) mod passes;
pub(crate) mod raw;
