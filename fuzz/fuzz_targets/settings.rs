//! Any text as Motion's `.env` or production.js.
//!
//! Invariant: a host that is read has neither a user nor a password, and a place where Motion listens is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::motion::settings::{
    OwnPlace, env_hosts, env_places, env_value, production_hosts, production_places,
};

const SECRET: &str = "Zq7PlantedX2vW9";

fuzz_target!(|text: &str| {
    let planted = format!("{text}\nXC_DB_URI=mysql://motion:{SECRET}@db.example.test/motion\n");
    let in_code = format!("{text}\nuri: 'mysql://motion:{SECRET}@db.example.test/motion',\n");
    if !text.contains(SECRET) {
        for setting in env_hosts(&planted).iter().chain(&production_hosts(&in_code)) {
            assert!(!format!("{setting:?}").contains(SECRET), "{setting:?}");
        }
    }
    for setting in env_hosts(text).iter().chain(&production_hosts(text)) {
        assert!(!setting.host.is_empty() && !setting.key.is_empty());
    }
    for (key, place) in env_places(text) {
        assert!(env_value(text, &key).is_some());
        is_a_place(&place);
    }
    production_places(text).iter().for_each(|(_, place)| is_a_place(place));
});

fn is_a_place(place: &OwnPlace) {
    match place {
        OwnPlace::Port(port) => assert_ne!(*port, 0),
        OwnPlace::Socket(path) => assert!(path.is_absolute()),
    }
}
