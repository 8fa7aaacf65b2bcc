//! Each way in which a database can differ from its map, with the words that say so.

use super::support::{Database, lines};
