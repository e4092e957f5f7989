mod convert;
mod fixture;
mod get;
mod library;
