//! How a value with a text of its own is written down and read again.
//!
//! Invariant: what is read passes the same door as what is typed, `FromStr`, so nothing that it
//! refuses comes in by way of a file.

/// Writes a type as its `Display` shows it, and reads it as its `FromStr` does.
macro_rules! written_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(super) use written_as_text;
