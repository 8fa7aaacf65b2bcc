//! The story on a live server.
