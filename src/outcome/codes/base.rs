//! Findings about the vendor's text as many servers share it.
//!
//! Invariant: rows only; what raises them is elsewhere.

use super::row::{info, stop, warn};

codes! {
    BASE_ONE_SERVER = stop("base.one-server")
        .means("from one server nothing can be told: its customer's changes look like the vendor's text")
        .looked_for("how many of the operands hold Motion's file")
        .advises("name two servers at least, of different customers; more are better");
    BASE_NOTHING_SHARED = stop("base.nothing-shared")
        .means("these servers share no directive")
        .looked_for("each directive of Motion's files, block by block")
        .advises("look at the files that the evidence names; a lower `--share` takes what fewer servers have");
    BASE_FEW_SERVERS = warn("base.few-servers")
        .means("the base was learned from few servers: what all of these customers added looks like the vendor's")
        .looked_for("how many servers it was learned from: fewer than five")
        .advises("read the base before it is used; learn again when there are more servers");
    BASE_NO_SITE = warn("base.no-site")
        .means("an operand holds no file that is known to be Motion's; it was left out")
        .looked_for("the main file at the usual places, and in it the blocks that serve Motion; else one file called \
                     `motion.conf`")
        .advises("name the file itself as the operand, or its place with `--site`");
    BASE_GENERATIONS = warn("base.generations")
        .means("the servers have different editions of the vendor's file; the base is of one of them")
        .looked_for("whether the new client has its routes; directives that one part of the servers has, and the other \
                     part has others in their place")
        .advises("learn a base of its own from the servers that the evidence names");
    BASE_OUTLIER = warn("base.outlier")
        .means("a server has less than half of what the others share; it was left out")
        .looked_for("how many directives of the base its file has")
        .advises("look whether the file is Motion's; no base fits it well");
    BASE_LEFT_OUT = info("base.left-out")
        .means("several servers have it, and too few for it to be the vendor's")
        .looked_for("directives that at least a fifth of the servers have, and fewer than `--share` asks for")
        .advises("nothing where customers added it; where it is the vendor's, add it to the base by hand");
}
