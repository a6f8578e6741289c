//! The words above the lists of ECS.

use domain::Kind;

use crate::resource::ListSpec;

/// What the list of a kind says.
pub fn spec(kind: Kind) -> Option<ListSpec> {
    let spec = ListSpec::of(kind);
    let spec = match kind {
        Kind::Service => spec
            .explained("Keeps a wanted number of tasks running: starts them, replaces them, spreads them behind a load balancer.")
            .about(&[
                "A service has a task definition (what runs) and a desired count (how many). When a task stops, the service starts another; when the definition changes, it replaces them one after the other: a deployment.",
                "Fargate or EC2? With Fargate there are no instances to pick or configure: you pay for the CPU and memory of each task. With EC2 the tasks share instances you own.",
            ])
            .when_empty("Tasks that end by themselves (jobs) need no service."),
        Kind::Task => spec
            .explained("Containers that run together, started from a task definition. Stopped ones stay here with their reason.")
            .about(&[
                "A task is one copy of a task definition at work. The containers in it share network and life: when an essential one ends, the task stops.",
                "AWS forgets a stopped task after about an hour. Gantry keeps it, with its stop reason and exit codes.",
            ])
            .when_empty("Nothing runs, and nothing has stopped since Gantry started looking."),
        Kind::TaskDefinition => spec
            .explained("The blueprint of tasks: images with their settings, roles, sizes. Each change is a new revision.")
            .about(&[
                "A single-image application has everything in one container (web server and database) and scales by running copies. A multi-image application has its parts in containers of their own.",
                "Execution role or task role? The execution role is what ECS uses to start the containers: pull the image, read secrets, write logs. The task role is what your code in them may do.",
                "Revisions never change. Two of them can be compared on the page of either.",
            ])
            .when_empty("Every task and service starts with one."),
        Kind::Cluster => spec
            .explained("Where services and tasks live: a boundary for capacity, networks and permissions.")
            .about(&[
                "ECS launches, scales and manages containers in clusters. Structure: define tasks, choose EC2 instances or Fargate as host, set default network and security. Operation: change services and tasks, watch, start and stop.",
            ])
            .when_empty("As soon as ECS has a cluster, it appears here by itself."),
        Kind::CapacityProvider => spec
            .explained("Where a cluster takes capacity from: Fargate, Fargate Spot, or instances of an Auto Scaling group.")
            .when_empty("Tasks then say their launch type themselves."),
        _ => return None,
    };
    Some(match kind {
        Kind::Cluster => ListSpec { heading: "Clusters".to_owned(), ..spec },
        _ => spec,
    })
}
