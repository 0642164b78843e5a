//! Durations as people write them, such as `1h 30m`.

use std::fmt;
use std::time::Duration;

use serde::{Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => to.collect_str(&humantime::format_duration(*duration)),
        None => to.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    from.deserialize_str(Text).map(Some)
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"250ms\", \"2s\", \"5m\" or \"30d\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        let read = humantime::parse_duration(text);
        read.map_err(|_| E::custom(format_args!("`{text}` is no duration such as 250ms, 2s, 5m or 30d")))
    }
}
