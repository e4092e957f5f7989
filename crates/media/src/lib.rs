//! The object store: typed keys, streaming put, ranged get.
