//! The words above the lists of Lambda.

use domain::Kind;

use crate::resource::ListSpec;

/// What the list of a kind says.
pub fn spec(kind: Kind) -> Option<ListSpec> {
    let spec = match kind {
        Kind::Function => ListSpec::of(kind).explained("Code that runs when an event asks for it: nothing to keep up in between, paid by use.").about(&[
                "A function is serverless: there is nothing to provision, configure or pay for while it is idle. You say what should run (a piece of code) and when (an event).",
                "It needs code, event triggers (a file changed in a bucket, a message in a queue, a schedule, an HTTP call …), an execution configuration (memory, timeout) and an execution role, which holds its permissions.",
                "With EC2 you start instances and install anything; with Lambda you upload code and define events. It stops at its timeout: at most 15 minutes.",
            ]).when_empty("Make one with the AWS CLI or your deployment tool: it appears here by itself."),
        Kind::FunctionVersion => ListSpec::of(kind).explained("Published states of functions: code and configuration as they were then, never changed again.").about(&["Publishing freezes a function's code and configuration under a number. $LATEST is the one that is still edited. Aliases give a version a name."]).when_empty("Functions work without published versions: callers then reach $LATEST."),
        Kind::FunctionAlias => ListSpec::of(kind).explained("Names for versions, so that callers need not know numbers.").about(&["An alias points to one version, or splits its calls between two: ten in a hundred to the new one, the rest to the old."]).when_empty("Callers then name a version, or reach $LATEST."),
        Kind::FunctionUrl => ListSpec::of(kind).explained("Web addresses of functions: no API Gateway in between.").about(&["A function or an alias of it has at most one. Callers sign their requests with IAM, or need no sign-in at all: then anyone on the internet may call it, as far as its policy lets everyone."]).when_empty("Functions are then called by other services, or through an API."),
        Kind::FunctionPermission => ListSpec::of(kind).explained("Who else may invoke functions: the statements of their resource-based policies.").about(&["A service that calls a function itself (S3, SNS, EventBridge, API Gateway) needs one, and so does another account. What is in the same account and has a role that may invoke the function needs none."]).when_empty("Only what has a role that may invoke functions can then call them."),
        Kind::EventInvokeConfig => ListSpec::of(kind).explained("What becomes of events that functions get without anybody waiting for the answer: how often and how long they are tried, and where word of the end goes.").about(&["S3, SNS, EventBridge and others call a function asynchronously: Lambda queues the event and tries it. A destination is told what became of it, a dead-letter target gets the bare event only."]).when_empty("Lambda then tries a failed event twice more, for at most six hours, and gives it to the function's dead-letter target, if it has one."),
        Kind::Layer => ListSpec::of(kind).explained("Libraries that several functions share, unpacked below /opt.").about(&["A function includes at most five layers. Layer and code together have at most 250 MB unpacked."]).when_empty("Functions then carry all their libraries themselves."),
        Kind::EventSourceMapping => ListSpec::of(kind).explained("Lambda polls a queue or stream and calls a function with batches of what it reads.").about(&["Because Lambda does the polling, the function's execution role needs the right to read the source. Sources that call Lambda themselves (S3, SNS, EventBridge, API Gateway) need no mapping."]).when_empty("No function reads a queue or stream here."),
        _ => return None,
    };
    Some(spec)
}
