#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dicomet_fuzz::tile_positions::run(data));
