//! The works for asynchronous peers: tasks of a multi-threaded tokio runtime.
