#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dicomet_fuzz::jpeg_2000::run(data));
