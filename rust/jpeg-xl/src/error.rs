//! Errors: the part of the codestream, and the problem.

/// A property that ISO/IEC 18181 defines, but for which an image of one or three integer components has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// Samples that are floating-point numbers.
    #[error("floating-point samples")]
    Float,
    /// More bits than words of 16 bits have.
    #[error("samples of {0} bits")]
    Bits(u32),
    /// Alpha, depth, spot colors, black.
    #[error("extra channels ({0})")]
    ExtraChannels(usize),
    /// Several images with durations.
    #[error("an animation")]
    Animation,
    /// A second, smaller image.
    #[error("a preview")]
    Preview,
}

/// The problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data does not begin with a codestream or a container.
    #[error("found no start of a codestream (FF 0A) or of a container, expected one")]
    NotJpegXl,
    /// A box that violates ISO/IEC 18181-2.
    #[error("`container`: found {what} at byte {offset}")]
    Container {
        /// The defect.
        what: &'static str,
        /// Where the box begins.
        offset: usize,
    },
    /// A property without a place in an image of one or three integer components.
    #[error("found {0}, expected one or three components of up to 16 bits in a single image")]
    Unsupported(Unsupported),
    /// A codestream that ends before its frames do.
    #[error("`{part}`: found {found} bytes of codestream, expected {expected}")]
    Truncated {
        /// The part that is not complete.
        part: &'static str,
        /// Bytes of the codestream.
        found: usize,
        /// Bytes that the headers require, at least.
        expected: usize,
    },
    /// Frames of more pixels than an encoder has a use for.
    #[error("`frames`: found {found} pixels, expected at most {expected} for the size of the image")]
    Frames {
        /// Pixels of the frames.
        found: u64,
        /// The limit.
        expected: u64,
    },
    /// More frames than an encoder has a use for.
    #[error("`frames`: found more than {0}, expected the one of the image and some that it refers to")]
    FrameCount(usize),
    /// Curves that are drawn over a frame. Some bytes describe curves of any length, whatever the size of the image, and
    /// drawing them takes memory in proportion to it. No encoder of images is known to write them.
    #[error("`frame header`: found splines, expected samples or coefficients alone")]
    Splines,
    /// A color profile of unreasonable size.
    #[error("`ICC profile`: found {found} bytes, expected at most {expected}")]
    Profile {
        /// Bytes of the profile, or of its coded form.
        found: u64,
        /// The limit.
        expected: u64,
    },
    /// A violation of ISO/IEC 18181-1.
    #[error("`{part}`: found {reason}")]
    Invalid {
        /// The part of the codestream.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The memory limit is exceeded, or an allocation failed.
    #[error("`memory`: found a need for {0} more bytes than there are")]
    Memory(u64),
    /// The stop check has ended the work.
    #[error("stopped")]
    Interrupted,
}

/// The result of the functions of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    #[allow(clippy::needless_pass_by_value, reason = "errors of other crates, as `map_err` passes them")]
    pub(crate) fn invalid(part: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Invalid { part, reason: reason.to_string() }
    }
}
