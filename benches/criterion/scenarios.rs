//! Every scenario and its first floor under criterion: `cargo bench -p benches -- 'run layered'`.
//!
//! Times are processor times, so that a busy machine changes them little. Graphs of 100k nodes and more are
//! done ten times; with them the whole takes some minutes.

use std::time::Duration;

use benches::Case;
use benches::scenarios::{self, Scenario};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};

const SIZES: [usize; 4] = [100, 10_000, 100_000, 1_000_000];

fn all(criterion: &mut Criterion) {
    for scenario in scenarios::all(&SIZES) {
        measure(criterion, &scenario);
    }
}

fn measure(criterion: &mut Criterion, scenario: &Scenario) {
    let (family, size) = scenario.name().rsplit_once('/').unwrap_or((scenario.name(), ""));
    let mut group = criterion.benchmark_group(family);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    if ["100k", "1M"].contains(&size) {
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
    } else {
        group.sample_size(20);
    }
    bench(&mut group, BenchmarkId::new("flowrun", size), || scenario.build().subject);
    // Events that somebody reads have no floor.
    if !family.starts_with("events") {
        let floor = || scenario.build().floors.swap_remove(0);
        bench(&mut group, BenchmarkId::new("floor", size), floor);
    }
    group.finish();
}

/// Makes the case when criterion first asks for it: a filter may leave it out.
fn bench(group: &mut BenchmarkGroup<'_, WallTime>, id: BenchmarkId, make: impl Fn() -> Case) {
    let mut case = None;
    group.bench_function(id, |bencher| {
        let case = case.get_or_insert_with(&make);
        bencher.iter_custom(|times| (0..times).map(|_| case.once().cpu).sum());
    });
}

criterion_group!(benches, all);
criterion_main!(benches);
