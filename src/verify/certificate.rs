//! Throw-away keys for a copied tree that came without its own.
//!
//! Invariant: every key is made when it is needed and belongs to no one. ECDSA
//! P-256 only: a configuration whose every cipher demands RSA cannot finish a
//! handshake with it, before or after the change. This must not write files.

use anyhow::{Context, Result};
use rcgen::{CertificateParams, KeyPair, string::Ia5String};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use std::collections::BTreeSet;

/// A self-signed certificate and its key.
#[derive(Clone)]
pub struct Certificate {
    pub cert_pem: String,
    /// The private key in PEM (PKCS #8).
    pub key_pem: String,
    cert_der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Certificate {
    /// Makes a certificate for those `names` of `server_name` that a
    /// certificate can carry: host names, addresses, `*.name`, `.name`.
    /// Regular expressions, `_` and the like are left out.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn for_names<S: AsRef<str>>(names: &[S]) -> Result<Self> {
        let make = || -> Result<Self, rcgen::Error> {
            let key = KeyPair::generate()?;
            let cert = CertificateParams::new(subjects(names))?.self_signed(&key)?;
            Ok(Self {
                cert_pem: cert.pem(),
                key_pem: key.serialize_pem(),
                cert_der: cert.der().clone(),
                key_der: key.serialize_der(),
            })
        };
        make().context("making a throw-away certificate")
    }

    /// The settings of a TLS server that shows this certificate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn server_config(&self) -> Result<rustls::ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![self.cert_der.clone()], key)
            })
            .context("setting up TLS for a stand-in")
    }
}

/// The subject names that can stand in a certificate; never none.
fn subjects<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    let mut subjects = BTreeSet::new();
    for name in names.iter().map(AsRef::as_ref) {
        if let Some(parent) = name.strip_prefix('.') {
            subjects.extend([parent.to_owned(), format!("*.{parent}")]);
        } else {
            subjects.insert(name.to_owned());
        }
    }
    subjects.retain(|name| {
        let host = name.strip_prefix("*.").unwrap_or(name);
        Ia5String::try_from(name.as_str()).is_ok()
            && !host.contains('_')
            && ServerName::try_from(host).is_ok()
    });
    if subjects.is_empty() {
        subjects.insert("localhost".to_owned());
    }
    subjects.into_iter().collect()
}

/// Diffie-Hellman parameters in place of a missing `ssl_dhparam` file: the
/// group ffdhe2048 of RFC 7919, appendix A.1, which is public and safe to use.
pub const DH_PARAMETERS: &str = "\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_certificate_can_carry_are_taken() {
        let check = |names: &[&str], expect: &[&str]| assert_eq!(subjects(names), expect, "{names:?}");
        check(&["cc.example.test", "127.0.0.1", "::1"], &["127.0.0.1", "::1", "cc.example.test"]);
        check(&["*.example.test", ".a.test"], &["*.a.test", "*.example.test", "a.test"]);
        check(&["_", "", "~^www\\d+$", "www.*", "under_score.test", "müller.test"], &["localhost"]);
        check(&[], &["localhost"]);
    }

    #[test]
    fn certificate_and_key_belong_together() {
        let made = Certificate::for_names(&["*.example.test", "10.0.0.1", "_"]).unwrap();
        assert!(made.server_config().is_ok());
        assert!(made.cert_pem.contains("BEGIN CERTIFICATE") && made.key_pem.contains("BEGIN PRIVATE KEY"));
    }
}
