//! The list of checks.

use flowrun::Attempt;

use super::{attempts, data, effects, engine, reports};
use crate::executor_suite::ExecutorSuite;
use crate::executor_suite::attempt::Interference;
use crate::executor_suite::verdict::{Check, Verdict};

/// Does every check.
pub(in crate::executor_suite) async fn all(suite: &ExecutorSuite) -> Vec<(Check, Verdict)> {
    let mut checks = Vec::new();
    let mut put = |name, promise, verdict| checks.push((Check { name, promise }, verdict));
    let before = effects::effects(suite);
    let plain = suite.attempt(suite.task("1", &suite.data), Interference::None).await;
    let after_first = effects::effects(suite);

    put("ends", "an attempt ends", reports::ends(&plain));
    put("panic", "an attempt does not panic", reports::panics(&plain));
    put("blocking", "a poll returns soon, so that others have their turn", reports::blocks(suite, &plain));
    put("passes", "good data passes", reports::passes(&plain));
    put(
        "registration",
        "all objects are registered before the first is done",
        reports::registers(suite, &plain),
    );
    put("completion", "every object is done when the attempt is", reports::completes(suite, &plain));
    put("terminal", "an object that is done stays as it is", reports::stays(&plain));
    put("late-reports", "nothing is reported after the end", reports::late(&plain));
    put("log-volume", "the log stays readable", reports::lines(suite, &plain));
    put("output-size", "facts stay small", reports::output(suite, &plain));
    put("secrets", "secrets are told to nobody", reports::secrets(suite, &plain));

    let second = suite.task("1", &suite.data).with_attempt(Attempt::FIRST.next());
    let again = suite.attempt(second, Interference::None).await;
    put("same-objects", "another attempt speaks of the same objects", reports::same(&plain, &again));
    let after_second = effects::effects(suite);
    let keys = effects::Keys::new([before, after_first, after_second], [&plain, &again]);
    put("one-effect", "an object has one effect in an attempt", effects::once(suite, &keys));
    put("same-key", "another attempt uses the same keys", effects::same_keys(&keys));

    put("check-good", "good data is accepted", data::accepts(suite, &suite.data));
    put("check-bad", "bad data is refused before anything runs", data::refuses(suite));
    put("check-again", "looking twice gives the same answer", data::looks_twice(suite));
    put("unknown-keys", "unknown keys are for others", data::unknown_keys(suite, &plain).await);
    put("failure", "a failure is explained, and of a kind that is its own", data::failure(suite).await);

    let stopped = suite.attempt(suite.task("1", &suite.data), Interference::StopFirst).await;
    put(
        "stopped-first",
        "an attempt told to stop before it begins returns",
        attempts::obeys(&plain, &stopped),
    );
    let stopped = suite.attempt(suite.task("1", &suite.data), Interference::StopWaiting).await;
    put(
        "stopped-waiting",
        "an attempt told to stop while it waits returns",
        attempts::obeys(&plain, &stopped),
    );
    put("dropping", "an attempt may be dropped wherever it waits", attempts::drops(suite, &plain).await);
    put("at-once", "attempts at once know nothing of each other", attempts::at_once(suite, &plain).await);
    put("no-objects", "nothing to work on is no mistake", attempts::no_objects(suite, &plain).await);
    put("any-text", "texts of any script are worked on", attempts::any_text(suite, &plain).await);
    put("many-objects", "many objects are all worked on", attempts::many(suite, &plain).await);
    put("engine", "a node of this type passes in an engine", engine::in_engine(suite, &plain).await);
    checks
}
