//! The peak of a process, in a process of its own: measuring starts the peak anew, so a second measurement at
//! the same time, as other tests make them, would wipe this one out. Keep this file to one test.
#![cfg(target_os = "linux")]

#[test]
fn a_block_that_is_touched_shows_in_the_peak() {
    let block = 256 << 20;
    let (length, growth) =
        flowrun_bench::memory::peak_growth(|| std::hint::black_box(vec![1_u8; block]).len());
    assert_eq!(length, block);
    assert!(growth.unwrap() >= block as u64 / 2, "{growth:?}");
}
