//! Durations as people write them, such as `1h 30m`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => to.collect_str(&humantime::format_duration(*duration)),
        None => to.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    let read = humantime::parse_duration(&text).map(Some);
    read.map_err(|_| de::Error::custom(format_args!("`{text}` is no duration such as 250ms, 2s, 5m or 30d")))
}
