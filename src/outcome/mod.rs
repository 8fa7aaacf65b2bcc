//! What a run of motionctl ended with: findings, failures and the sections of
//! the answer.
//!
//! Invariant: the exit code follows from the [`Outcome`] alone, by the one
//! table of [`EXIT_CODES`]. This room is data; it must not look at the machine.

pub mod codes;

mod answer;
mod comparison;
mod count;
mod denied;
mod details;
mod exit;
mod explanation;
mod failure;
mod finding;
mod kind;
mod level;
mod line;
mod load;
mod next;
mod offered;
mod picture;
mod place;
mod routing;
mod sections;
pub mod seed_change;
mod summary;
mod takes_effect;
mod tryout;
mod usage;
mod visible;

pub use answer::{CommandName, Outcome};
pub use comparison::{CONTEXT, Comparison};
pub use count::{counted, counted_as, duration_in_words, first_of, first_visible};
pub use denied::{is_denied, only_root};
pub use details::{
    CheckReason, CheckSection, Details, FoundSection, KeptBackup, Row, RunSection, StateSection, row,
};
pub use exit::{EXIT_CODES, ExitMeaning};
pub use explanation::Explanation;
pub use failure::{Failure, FailureKind, in_words};
pub use finding::{Finding, sort_findings, unreplaceable};
pub use kind::OutcomeKind;
pub use level::Level;
pub use line::{excerpt, on_one_line};
pub use load::{LoadCount, LoadOverTime, LoadReload, LoadSection};
pub use next::NextStep;
pub use offered::{OfferKind, Offered};
pub use picture::{AgentRow, Change, Heading, Matrix, Membership, Routing};
pub use routing::{
    NowhereRow, RouteAnswer, RouteKind, RoutePlace, RouteRow, RoutesRole, RoutesSection, ServerRoutes,
};
pub use sections::{
    BackupSection, DatabaseSection, DiffSection, DirectiveChange, DurationSection, ErrorLogVerdict,
    ErrorSection, GuessSection, HostSection, LocalChange, LocalChanges, NotedLine, PlanCounts, PlanSection,
    ProbeRow, ProblemSection, ReloadSection, StepKind, StepSection,
};
pub use takes_effect::{EffectMark, EffectSection, LoginSection};
pub use tryout::{
    TriedCandidate, TriedChange, TriedEdition, TriedFetch, TriedRequest, TriedScript, TrySection,
};
pub use usage::{AgentUsage, OpenUsage, ProfileUsage, UsageAnomaly, UsageLeftOut, UsageSection};
pub use visible::{
    alike, ascii_only, is_blank, is_mistaken_for, is_unseen, spelled_out, unmasked, visible, visible_beside,
};
