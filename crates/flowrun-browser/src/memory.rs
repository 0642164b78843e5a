//! How much memory the processes of a browser hold, and how many browsers fit.
//!
//! Limits of the system do not do: address space is reserved by the terabyte and touched by the megabyte, so a limit
//! of it stops every browser, and groups of processes with a limit (cgroups) are not ours to make everywhere.

use std::fs;
use std::num::NonZero;

/// Browsers of this size that the machine carries: one per processor, as far as memory is free.
pub(crate) fn browsers_that_fit(bytes: u64) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let free = fs::read_to_string("/proc/meminfo").ok();
    let free = free.as_deref().and_then(|info| kilobytes(info, "MemAvailable:"));
    let fit = free.map(|kilobytes| kilobytes * 1024 / bytes.max(1));
    fit.map_or(1, |fit| usize::try_from(fit).unwrap_or(usize::MAX)).clamp(1, processors)
}

/// Bytes held by the process group `leader`: what each process has for itself, and the largest share of what they
/// have in common, which holds the pictures that they hand each other.
///
/// Pages of the program file are left out: all browsers of the machine share them.
pub(crate) fn held_by(leader: i32) -> u64 {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let (mut own, mut shared) = (0, 0);
    for process in processes.flatten().map(|entry| entry.path()) {
        // A process that ends meanwhile holds nothing.
        let Ok(stat) = fs::read_to_string(process.join("stat")) else { continue };
        if group(&stat) != Some(leader) {
            continue;
        }
        let Ok(status) = fs::read_to_string(process.join("status")) else { continue };
        own += kilobytes(&status, "RssAnon:").unwrap_or(0);
        shared = shared.max(kilobytes(&status, "RssShmem:").unwrap_or(0));
    }
    (own + shared) * 1024
}

/// The process group in `/proc/PID/stat`: the third number after the name, which may itself hold anything.
fn group(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_found_behind_any_name() {
        assert_eq!(group("12 (a) S 1 2 3 4"), Some(2));
        assert_eq!(group("12 (a ) R 9 9) S 1 77 3 4"), Some(77));
        assert_eq!(group("12 (a"), None);
    }

    #[test]
    fn memory_of_a_group_is_counted() {
        let ours = rustix::process::getpgrp().as_raw_nonzero().get();
        let before = held_by(ours);
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(held_by(ours) >= before + (60 << 20), "{before}");
        drop(block);
        assert_eq!(held_by(i32::MAX), 0);
    }

    #[test]
    fn at_least_one_browser_fits() {
        assert_eq!(browsers_that_fit(u64::MAX), 1);
        assert!(browsers_that_fit(1) >= 1);
    }
}
