//! Which names say that their value is a secret.
//!
//! Invariant: decided by the words of a name alone, however they are joined.

/// What a word of a name says when its value is a secret.
const NAMES: [&str; 33] = [
    "apikey", "auth", "authentication", "authorization", "authtoken", "cookie", "cookies", "credential",
    "credentials", "creds", "jwt", "key", "licence", "licences", "license", "licensekey", "pass",
    "passphrase", "passwd", "password", "pin", "psk", "psw", "pswd", "pw", "pwd", "secret", "secrets",
    "session", "sessid", "signature", "token", "userpwd",
];

/// Whether the value of what is called so is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let begins = !letter.is_ascii_alphanumeric() || (was_small && letter.is_ascii_uppercase());
        if begins {
            words.push(String::new());
        }
        if letter.is_ascii_alphanumeric() {
            words.last_mut().expect("never empty").push(letter.to_ascii_lowercase());
        }
        was_small = letter.is_ascii_lowercase();
    }
    words.iter().any(|word| NAMES.contains(&word.as_str()))
}
