//! How a value with a text of its own is written down and read again.
//!
//! Invariant: what is read passes the same door as what is typed, `FromStr`, so nothing that it
//! refuses comes in by way of a file.

/// Says in schemas that a type is written as text.
macro_rules! is_text_in_schemas {
    ($type:ty) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <str as schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}

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

        $crate::values::text::is_text_in_schemas!($type);
    };
}

pub(crate) use is_text_in_schemas;
pub(super) use written_as_text;
