//! The same questions to the same data on SQLite and on PostgreSQL have the same answers.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use gametape_tests::{
    backends::Many,
    load::{moment_filters, tokens},
    program::{Client, Server, Workspace},
    seed::{Seeded, Size, seed},
};
use serde_json::Value;

/// 21 November 2026, so that both have the same days.
const NOW_MS: i64 = 1_795_219_200_000;
const SIZE: Size = Size {
    calls: 80,
    comments: 1_200,
    scores: 600,
    comments_of_first: 150,
};
/// Few enough for several pages, which must break at the same places.
const PAGE: usize = 20;
const PAGES: usize = 4;

/// A filled server, and who asks it.
struct Side {
    seeded: Seeded,
    _workspace: Workspace,
    _server: Server,
    clients: Vec<Client>,
    /// What its ids stand for: each engine's data has ids of its own.
    names: Names,
}

impl Side {
    async fn open(url: &str, workspace: Workspace) -> Result<Self> {
        let seeded = seed(url, SIZE, NOW_MS, |_| ()).await?;
        // An administrator, a coach and a rep.
        let asking = [0, 1, 7].map(|number| seeded.people[number].clone());
        let tokens = tokens(url, &asking).await?;
        let server = workspace.serve(&["--no-worker"])?;
        let clients = tokens.iter().map(|token| server.client(token)).collect();
        let names = Names::of(&seeded);
        Ok(Self {
            seeded,
            _workspace: workspace,
            _server: server,
            clients,
            names,
        })
    }

    /// Every question, in an order that both sides have.
    fn questions(&self) -> Vec<String> {
        let moments = moment_filters(&self.seeded)
            .into_iter()
            .map(|filter| format!("/moments?{filter}"));
        let calls = CALLS.map(|filter| format!("/calls?{filter}"));
        let of_call = self.seeded.open_calls.iter().take(3);
        let comments = of_call.map(|call| format!("/calls/{call}/comments?"));
        let searches = SEARCHES.map(|words| format!("/search?q={words}"));
        moments.chain(calls).chain(comments).chain(searches).collect()
    }

    /// The first pages of the answer, without what is each engine's own.
    async fn pages(&mut self, client: usize, question: &str) -> Result<Vec<Value>> {
        let mut pages = Vec::new();
        let mut from = String::new();
        for _ in 0..PAGES {
            let path = format!("{question}&limit={PAGE}{from}");
            let mut page = self.clients[client]
                .get(&path)
                .await
                .with_context(|| path.clone())?;
            let next = page.get("next").and_then(Value::as_str).map(ToOwned::to_owned);
            page["next"] = next.is_some().into();
            self.names.replace(&mut page);
            pages.push(page);
            match next {
                Some(cursor) => from = format!("&after={cursor}"),
                None => break,
            }
        }
        Ok(pages)
    }
}

/// Every order of the list of calls, some of them with a filter.
const CALLS: [&str; 8] = [
    "sort=created",
    "sort=occurred&order=asc&tag=pricing",
    "sort=title&order=asc",
    "sort=duration&deal_stage=Closing",
    "sort=deal_amount&deal_outcome=won",
    "sort=rep_talk&order=asc",
    "sort=comments&has_comments=true",
    "q=renewal",
];

/// Words, a phrase, a beginning, what must not be there, and what nobody said.
const SEARCHES: [&str; 8] = [
    "discount",
    "discount%20warehouse",
    "%22the%20price%22",
    "disc*",
    "price%20-discount",
    "PRICE",
    "renewal%20with",
    "zebra",
];

/// Ids by the order in which they were first seen, as `moment#3`.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn of(seeded: &Seeded) -> Self {
        let mut names = Self::default();
        seeded.people.iter().for_each(|id| names.name(id.as_str()));
        seeded.teams.iter().for_each(|id| names.name(id.as_str()));
        seeded.open_calls.iter().for_each(|id| names.name(id.as_str()));
        names
    }

    fn name(&mut self, id: &str) {
        let next = self.0.len();
        let kind = id.split('_').next().unwrap_or_default();
        self.0
            .entry(id.to_owned())
            .or_insert_with(|| format!("{kind}#{next}"));
    }

    fn replace(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for id in ids(text) {
                    self.name(&id);
                    *text = text.replace(&id, &self.0[&id]);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.replace(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The ids in a text: a prefix, an underscore, a ULID.
fn ids(text: &str) -> Vec<String> {
    const ULID: usize = 26;
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_id = |piece: &&str| {
        piece.rsplit_once('_').is_some_and(|(_, tail)| {
            tail.len() == ULID && tail.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
    };
    pieces.filter(is_id).map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_answer_alike() -> Result<()> {
    let workspace = Workspace::new(&[])?;
    let file = format!("sqlite:{}", workspace.dir.path().join("gametape.db").display());
    let mut sqlite = Side::open(&file, workspace).await?;
    let url = Many::database("engines").await?;
    let mut postgres = Side::open(&url, Workspace::new(&[("GAMETAPE_DATABASE_URL", &url)])?).await?;

    let questions: Vec<_> = sqlite.questions().into_iter().zip(postgres.questions()).collect();
    let mut answered = 0;
    for client in 0..sqlite.clients.len() {
        for (of_sqlite, of_postgres) in &questions {
            let expected = sqlite.pages(client, of_sqlite).await?;
            let found = postgres.pages(client, of_postgres).await?;
            ensure!(
                expected == found,
                "{of_sqlite}\nSQLite: {}\nPostgreSQL: {}",
                serde_json::to_string_pretty(&expected)?,
                serde_json::to_string_pretty(&found)?
            );
            let some = |page: &Value| page["items"].as_array().is_some_and(|items| !items.is_empty());
            answered += usize::from(expected.iter().any(some));
        }
    }
    // Equal answers say nothing where both are empty.
    let asked = questions.len() * sqlite.clients.len();
    ensure!(
        answered * 10 >= asked * 7,
        "only {answered} of {asked} questions found something"
    );
    Ok(())
}
