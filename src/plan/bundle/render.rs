//! Renders the templates of a bundle with checked values.
//!
//! Invariant: every value is written as one NGINX word, by the formatter and
//! not by the template's goodwill; a name that is not known is an error. It
//! must not touch the machine.

use super::BundleError;
use super::bounds::unbounded;
use super::budget::Budget;
use super::model::{Bundle, ClientKind, LEGACY, Route};
use super::values::{BelowRoute, ClientSource, FilePath, Listen, ServerName, Size, UpstreamUrl};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, context, filters, functions, tests};
use nginx_config::{Tree, quote_word};

/// What a template may do before it is stopped, in the engine's instructions;
/// the embedded ones need some hundreds.
const FUEL: u64 = 1_000_000;
/// What it may do besides for each name and address of the server: templates go
/// through them several times, and a server may have very many.
const FUEL_FOR_EACH: u64 = 100;
/// How many bytes may come out of one template. The new client's whole site is some kilobytes.
const BYTES: usize = 1 << 20;
/// How many besides for each name and address of the server, which are at most some hundreds long and stand in a
/// template several times.
const BYTES_FOR_EACH: usize = 4 << 10;
/// How many in all, of one bundle for one server.
const BYTES_IN_ALL: usize = 4 << 20;

/// From this version on HTTP/2 is a directive of its own.
/// <https://nginx.org/en/docs/http/ngx_http_v2_module.html#http2>
const HTTP2_DIRECTIVE: (u32, u32, u32) = (1, 25, 1);

/// What `client_max_body_size` is where the old file says nothing: the largest
/// attachment chunks that were seen, 60 MiB, and some room.
const BODY_SIZE: &str = "64m";

/// What the routes of the new client are rendered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteValues {
    /// The version of the running NGINX.
    pub nginx_version: (u32, u32, u32),
    /// Where the new client is.
    pub client: ClientSource,
    /// What the server block makes of missing files.
    pub missing_files: MissingFiles,
}

/// What a server block makes of a file that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingFiles {
    Missing,
    /// Another page. A location with an `error_page` of its own inherits none, so these are the others that the
    /// server has, as they are written.
    Turned(Vec<String>),
}

/// What the whole site is rendered with, taken from the old file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteValues {
    /// The values of the routes in it.
    pub routes: RouteValues,
    /// The names of the server block, in their order.
    pub server_names: Vec<ServerName>,
    /// Where it listens, and how.
    pub transport: Transport,
    pub node: UpstreamUrl,
    /// The old limit of a request's body; absent when the old file has none.
    pub client_max_body_size: Option<Size>,
}

/// How the site is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    Plain { listens: Vec<Listen> },
    Tls(Tls),
}

/// TLS, and the plain addresses that redirect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub listens: Vec<Listen>,
    /// Addresses of QUIC, which has TLS in itself.
    pub quic: Vec<Listen>,
    /// Plain addresses that only redirect; may be empty.
    pub redirects: Vec<Listen>,
    pub certificate: FilePath,
    pub certificate_key: FilePath,
    /// Whether the old file spoke HTTP/2.
    pub http2: bool,
    /// What the old file said of HTTP/3, where it said something.
    pub http3: Option<Switch>,
}

/// A directive that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

/// One location of the new client, ready to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedRoute {
    /// Modifier and path, such as `^~ /user-ui/`.
    pub identity: String,
    /// The location with its comment, at no indentation, ending in a newline.
    pub text: String,
}

impl Bundle {
    /// Renders the locations that serve the new client.
    ///
    /// # Errors
    /// No route for this kind of client, an NGINX that is too old, or a
    /// template that does not render.
    pub fn render_routes(&self, values: &RouteValues) -> Result<Vec<RenderedRoute>, BundleError> {
        self.routes_within(values, &budget(pages(values)))
    }

    fn routes_within(
        &self,
        values: &RouteValues,
        budget: &Budget,
    ) -> Result<Vec<RenderedRoute>, BundleError> {
        let kind = values.client.kind();
        let mut environment = environment(self)?;
        environment.set_fuel(Some(fuel(pages(values))));
        let context = context! {
            nginx => shown(values.nginx_version),
            client => client_value(&values.client),
            missing_files => missing_files(&values.missing_files),
        };
        let mut rendered = Vec::new();
        for route in self.routes.iter().filter(|route| route.clients.contains(&kind)) {
            new_enough(route, values.nginx_version)?;
            let text = tidy(&render(&environment, &route.template, &context, budget)?);
            // What a server has no need of, a template leaves empty.
            if text.trim().is_empty() {
                continue;
            }
            is_the_location(route, &text)?;
            rendered.push(RenderedRoute { identity: route.location.clone(), text });
        }
        if rendered.is_empty() {
            return Err(BundleError::NoRoute { kind: kind.name() });
        }
        Ok(rendered)
    }

    /// Renders the whole site as it is with the new client.
    ///
    /// # Errors
    /// As [`Self::render_routes`].
    pub fn render_site(&self, values: &SiteValues) -> Result<String, BundleError> {
        let budget = budget(many(values) + pages(&values.routes));
        let routes = self.routes_within(&values.routes, &budget)?;
        let mut environment = environment(self)?;
        environment.set_fuel(Some(fuel(many(values))));
        render(&environment, &self.site, &site_context(values, routes), &budget).map(|text| tidy(&text))
    }

    /// Renders every legacy site: what a live file may descend from. Their
    /// names come with them.
    ///
    /// # Errors
    /// When one does not render.
    pub fn render_legacy(&self, values: &SiteValues) -> Result<Vec<(&'static str, String)>, BundleError> {
        let mut environment = environment(self)?;
        environment.set_fuel(Some(fuel(many(values))));
        for (name, text) in LEGACY {
            environment.add_template(name, text).map_err(|error| template_error(name, &error))?;
        }
        let context = site_context(values, Vec::new());
        let budget = budget(many(values) + pages(&values.routes));
        let legacy =
            |(name, _)| render(&environment, name, &context, &budget).map(|text| (name, tidy(&text)));
        LEGACY.into_iter().map(legacy).collect()
    }
}

/// Enough for a template that goes through so many names, addresses or pages.
fn fuel(many: usize) -> u64 {
    let many = u64::try_from(many).unwrap_or(u64::MAX);
    FUEL.saturating_add(many.saturating_mul(FUEL_FOR_EACH))
}

/// As [`fuel`], of bytes.
fn budget(many: usize) -> Budget {
    let more = many.saturating_mul(BYTES_FOR_EACH);
    Budget::new(BYTES.saturating_add(more), BYTES_IN_ALL.saturating_add(more))
}

/// How many error pages a route may have to name.
fn pages(values: &RouteValues) -> usize {
    match &values.missing_files {
        MissingFiles::Missing => 0,
        MissingFiles::Turned(others) => others.len(),
    }
}

/// How much there is of what a server may have very many of.
fn many(values: &SiteValues) -> usize {
    let listens = match &values.transport {
        Transport::Plain { listens } => listens.len(),
        Transport::Tls(tls) => tls.listens.len() + tls.quic.len() + tls.redirects.len(),
    };
    values.server_names.len() + listens
}

fn site_context(values: &SiteValues, routes: Vec<RenderedRoute>) -> Value {
    let routes: Vec<Value> =
        routes.into_iter().map(|route| Value::from_safe_string(route.text.trim_end().to_owned())).collect();
    let (plain, tls) = match &values.transport {
        Transport::Plain { listens } => (listens, Value::from(())),
        Transport::Tls(tls) => (&tls.redirects, tls_value(tls, values.routes.nginx_version)),
    };
    context! {
        nginx => shown(values.routes.nginx_version),
        client => client_value(&values.routes.client),
        missing_files => missing_files(&values.routes.missing_files),
        server_names => values.server_names.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>(),
        plain_listens => listen_values(plain),
        tls => tls,
        node => values.node.to_string(),
        client_max_body_size => values.client_max_body_size.as_ref().map_or(BODY_SIZE, Size::as_str).to_owned(),
        routes => routes,
    }
}

impl ClientSource {
    /// Which routes of a bundle it needs.
    #[must_use]
    pub fn kind(&self) -> ClientKind {
        match self {
            Self::Static { .. } => ClientKind::Static,
            Self::Proxied { .. } => ClientKind::Proxied,
        }
    }
}

/// The engine with every template of the bundle: parsing them is the check.
pub(super) fn environment(bundle: &Bundle) -> Result<Environment<'_>, BundleError> {
    let mut environment = Environment::empty();
    add_words(&mut environment);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the default delimiters are distinct"));
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("nginx".into()));
    environment.set_formatter(|out, _, value| {
        let text = as_word(value)?;
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    for (name, text) in &bundle.templates {
        if let Some(fault) = unbounded(text) {
            let (name, line, reason) = (name.clone(), Some(fault.line), fault.reason);
            return Err(BundleError::Template { name, line, reason });
        }
        environment.add_template(name, text).map_err(|error| template_error(name, &error))?;
    }
    Ok(environment)
}

/// The functions, filters and tests of templates: none that makes a text or list larger than what it is given, but for
/// `range`, which counts to 100,000 and stores nothing.
fn add_words(environment: &mut Environment<'_>) {
    environment.add_function("range", functions::range);
    environment.add_filter("indented", indented);
    environment.add_filter("safe", filters::safe);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("trim", filters::trim);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment.add_test("none", tests::is_none);
}

fn as_word(value: &Value) -> Result<String, minijinja::Error> {
    let no_word = |what: &str| Err(minijinja::Error::new(ErrorKind::InvalidOperation, what.to_owned()));
    match value.as_str() {
        Some(text) if value.is_safe() => Ok(text.to_owned()),
        Some(text) if text.chars().any(char::is_control) => no_word("a control character in a word"),
        Some(text) => quoted(text),
        None if value.is_number() => Ok(value.to_string()),
        None => no_word("only text and numbers can be written"),
    }
}

fn quoted(text: &str) -> Result<String, minijinja::Error> {
    let refused = |reason: String| minijinja::Error::new(ErrorKind::InvalidOperation, reason);
    let word = quote_word(text.as_bytes()).map_err(|error| refused(error.to_string()))?;
    String::from_utf8(word).map_err(|error| refused(error.to_string()))
}

/// Every line but empty ones moved to the right; safe stays safe.
fn indented(value: &Value, width: usize) -> Result<Value, minijinja::Error> {
    let indent = " ".repeat(width.min(80));
    let text = as_word(value)?;
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") })
        .collect();
    Ok(Value::from_safe_string(lines.join("\n")))
}

fn render(
    environment: &Environment<'_>,
    name: &str,
    context: &Value,
    budget: &Budget,
) -> Result<String, BundleError> {
    let failed = |error: &minijinja::Error| template_error(name, error);
    let template = environment.get_template(name).map_err(|error| failed(&error))?;
    let mut page = budget.page();
    let rendered = template.render_captured_to(context, &mut page).map(drop);
    if let Some(reason) = page.overrun() {
        return Err(BundleError::Template { name: name.to_owned(), line: None, reason });
    }
    rendered.map_err(|error| failed(&error))?;
    page.into_text().ok_or_else(|| BundleError::NotText { name: name.to_owned() })
}

/// Whether a route's text is that one location and nothing beside it.
fn is_the_location(route: &Route, text: &str) -> Result<(), BundleError> {
    let tree = parsed(&route.template, text)?;
    let unexpected = |reason: String| BundleError::Unexpected { name: route.template.clone(), reason };
    let [root] = tree.roots() else {
        let count = tree.roots().len();
        return Err(unexpected(format!("{count} directives instead of one location")));
    };
    let directive = tree.directive(*root);
    let arguments: Vec<_> = directive.args.iter().map(|word| word.text()).collect();
    let found = arguments.join(" ");
    if directive.is("location") && found == route.location {
        return Ok(());
    }
    let name = directive.name.text();
    Err(unexpected(format!("`{name} {found}` instead of `location {}`", route.location)))
}

fn parsed(name: &str, text: &str) -> Result<Tree, BundleError> {
    Tree::parse(text)
        .map_err(|error| BundleError::Unexpected { name: name.to_owned(), reason: error.to_string() })
}

fn template_error(name: &str, error: &minijinja::Error) -> BundleError {
    let reason = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    BundleError::Template { name: name.to_owned(), line: error.line(), reason }
}

fn new_enough(route: &Route, found: (u32, u32, u32)) -> Result<(), BundleError> {
    if found >= route.nginx {
        return Ok(());
    }
    Err(BundleError::TooOld {
        location: route.location.clone(),
        needs: shown(route.nginx),
        found: shown(found),
    })
}

/// No empty lines at the start, one newline at the end.
fn tidy(text: &str) -> String {
    format!("{}\n", text.trim_matches('\n'))
}

fn shown((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

/// The others come from the configuration that is in force: text of directives, not of words.
fn missing_files(missing: &MissingFiles) -> Value {
    match missing {
        MissingFiles::Missing => Value::from(()),
        MissingFiles::Turned(pages) => {
            let pages: Vec<Value> = pages.iter().cloned().map(Value::from_safe_string).collect();
            context! { error_pages => pages }
        }
    }
}

fn client_value(client: &ClientSource) -> Value {
    match client {
        ClientSource::Static { root, below } => {
            let below = below.as_ref().map_or("", BelowRoute::as_str);
            context! { root => root.as_str(), below => below }
        }
        ClientSource::Proxied { upstream } => context! {
            upstream => upstream.to_string(),
            origin => upstream.origin(),
            scheme => upstream.scheme(),
            path => upstream.path(),
        },
    }
}

fn tls_value(tls: &Tls, nginx: (u32, u32, u32)) -> Value {
    let http2 = match (tls.http2, nginx >= HTTP2_DIRECTIVE) {
        (false, _) => "off",
        (true, false) => "listen",
        (true, true) => "directive",
    };
    context! {
        listens => listen_values(&tls.listens),
        certificate => tls.certificate.as_str(),
        certificate_key => tls.certificate_key.as_str(),
        http2 => http2,
        quic => listen_values(&tls.quic),
        http3 => tls.http3.map(|switch| match switch {
            Switch::On => "on",
            Switch::Off => "off",
        }),
    }
}

fn listen_values(listens: &[Listen]) -> Vec<Vec<String>> {
    listens.iter().map(|listen| listen.words().to_vec()).collect()
}
