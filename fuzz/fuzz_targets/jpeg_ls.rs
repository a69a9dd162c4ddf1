#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dicomet_fuzz::jpeg_ls::run(data));
