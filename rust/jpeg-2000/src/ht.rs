//! ISO/IEC 15444-15: decodes high-throughput code-blocks.

pub(crate) mod codewords;
mod decoder;
mod exponents;
mod magnitudes;
mod mel;
mod offsets;
mod quads;
mod refinement;
mod sets;
#[cfg(test)]
mod tests;
mod unstuff;

pub(crate) use decoder::Ht;
