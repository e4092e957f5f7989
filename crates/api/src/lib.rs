//! The HTTP interface: routers, extractors, views, problems, OpenAPI, events.
