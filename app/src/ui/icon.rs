//! Icons: one stroke in a 16 × 16 box, drawn for this console. Always beside a word or with a label on its button.

use leptos::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Icon {
    Overview,
    Function,
    Service,
    Task,
    Document,
    Cluster,
    Kubernetes,
    Image,
    Activity,
    Settings,
    Search,
    Globe,
    Person,
    Copy,
    Check,
    Warning,
    Info,
    Close,
    Down,
    Up,
    Right,
    Columns,
    Refresh,
    Sun,
    Moon,
    Screen,
    Rail,
    Menu,
    Shield,
    Log,
    Bucket,
    Queue,
    Table,
    Topic,
    Network,
    Clock,
    Layers,
    Tag,
    Link,
    Dots,
    Compare,
    Out,
    Run,
    Undo,
}

impl Icon {
    /// The path of its stroke.
    pub const fn path(self) -> &'static str {
        match self {
            Icon::Overview => "M2.5 9.5h4v4h-4zM2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM9.5 9.5h4v4h-4z",
            Icon::Function => "M3 13.5 7.5 5M5 2.5h1.6L12 13.5h1.5",
            Icon::Service => "M8 1.8 14 5v6l-6 3.2L2 11V5zM2 5l6 3.2L14 5M8 8.2v6",
            Icon::Task => "M2.5 4h11M2.5 8h11M2.5 12h7",
            Icon::Document => "M4 1.5h5.5L13 5v9.5H4zM9.5 1.5V5H13M6.5 8.5h4M6.5 11h4",
            Icon::Cluster => {
                "M8 1.7a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M3.5 10.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M12.5 10.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6M7.2 5.2 4.3 10.3M8.8 5.2l2.9 5.1M5.3 12h5.4"
            }
            Icon::Kubernetes => "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2v11.6M2.5 6.5l11 3M13.5 6.5l-11 3",
            Icon::Image => "M2 5.5 8 2.5l6 3v5l-6 3-6-3zM5 4l6 3v3",
            Icon::Activity => "M1.5 8h3l2-5 3 10 2-5h3",
            Icon::Settings => {
                "M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4"
            }
            Icon::Search => "M7 2.7a4.3 4.3 0 1 0 0 8.6 4.3 4.3 0 0 0 0-8.6M10.3 10.3l3.4 3.4",
            Icon::Globe => {
                "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c2 2 2.6 4 2.6 6S10 12 8 14C6 12 5.4 10 5.4 8S6 4 8 2"
            }
            Icon::Person => {
                "M8 2.7a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M2.8 14c.6-2.8 2.6-4.2 5.2-4.2s4.6 1.4 5.2 4.2"
            }
            Icon::Copy => "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
            Icon::Check => "M3 8.5 6.3 12 13 4.5",
            Icon::Warning => "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.6v.1",
            Icon::Info => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 7.5v3.5M8 5v.1",
            Icon::Close => "M4 4l8 8M12 4l-8 8",
            Icon::Down => "M4 6.5 8 10.5l4-4",
            Icon::Up => "M4 9.5 8 5.5l4 4",
            Icon::Right => "M6 3.5 10.5 8 6 12.5",
            Icon::Columns => "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
            Icon::Refresh => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5V5h-2.5",
            Icon::Sun => {
                "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"
            }
            Icon::Moon => "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z",
            Icon::Screen => "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
            Icon::Rail => "M2.5 3h11v10h-11zM6 3v10",
            Icon::Menu => "M2.5 4h11M2.5 8h11M2.5 12h11",
            Icon::Shield => "M8 1.6 13.5 4v4c0 3.4-2.4 5.4-5.5 6.4C4.9 13.4 2.5 11.4 2.5 8V4z",
            Icon::Log => "M3 3h10M3 6.5h7M3 10h10M3 13.5h5",
            Icon::Bucket => "M2.5 4h11l-1.4 9.5H3.9zM2.5 4c0-1.4 11-1.4 11 0",
            Icon::Queue => "M2 4.5h4v7H2zM7 4.5h3v7H7zM11 4.5h3v7h-3z",
            Icon::Table => "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M7 6.3V13",
            Icon::Topic => "M3 6v4l6 3V3zM9 5.5c2 0 3 1 3 2.5s-1 2.5-3 2.5M4.5 10.5v3h2v-2",
            Icon::Network => "M6 2h4v3.5H6zM2 10.5h4V14H2zM10 10.5h4V14h-4zM8 5.5V8M4 10.5V8h8v2.5",
            Icon::Clock => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.3 1.6",
            Icon::Layers => "M8 2 14 5.2 8 8.4 2 5.2zM2.5 8 8 11l5.5-3M2.5 10.8 8 13.8l5.5-3",
            Icon::Tag => "M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.3v.1",
            Icon::Link => {
                "M6.5 9.5l3-3M7 4.5l1.2-1.2a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5l-1.2 1.2a3 3 0 0 1-4.3-4.3L4.7 7.2"
            }
            Icon::Dots => "M8 3.2v.1M8 8v.1M8 12.7v.1",
            Icon::Compare => "M5 2.5v11M2.5 11 5 13.5 7.5 11M11 13.5v-11M8.5 5 11 2.5 13.5 5",
            Icon::Run => "M5 3v10l8-5z",
            Icon::Undo => "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M3 6.5 5.8 3.7M3 6.5l2.8 2.8",
            Icon::Out => "M6.5 3H3v10h3.5M7 8h6.5M11 5.5 13.5 8 11 10.5",
        }
    }
}

/// The picture.
pub fn icon(icon: Icon) -> impl IntoView {
    view! { <svg class="i" viewBox="0 0 16 16" aria-hidden="true"><path d=icon.path()></path></svg> }
}
