//! Annex D: coefficient bit modeling. Decodes the code-blocks of the MQ coder.

mod cleanup;
mod coefficients;
mod contexts;
mod passes;
mod raw;
mod refinement;
mod significance;
mod windows;

pub(crate) use passes::Tier1;

#[cfg(test)]
mod tests;
