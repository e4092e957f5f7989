//! The same questions to the same data on SQLite and on PostgreSQL have the same answers, and none of them makes
//! an engine read a whole table that grows with the calls.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};
use gametape_tests::{
    backends::Many,
    load::{moment_filters, tokens},
    program::{Client, Server, Workspace, json},
    seed::{Seeded, Size, seed},
};
use reqwest::Method;
use serde_json::{Value, json as value};
use sqlx::{Connection, Row};
use tokio::sync::Mutex;

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
    server: Server,
    clients: Vec<Client>,
    /// What its ids stand for: each engine's data has ids of its own.
    names: Names,
    /// Its folder lasts as long as this.
    _workspace: Workspace,
}

impl Side {
    async fn open(url: &str, workspace: Workspace) -> Result<Self> {
        let seeded = seed(url, SIZE, NOW_MS, |_| ()).await?;
        Self::serve(url, workspace, seeded).await
    }

    /// Starts the program on a database that is already filled.
    async fn serve(url: &str, workspace: Workspace, seeded: Seeded) -> Result<Self> {
        // An administrator, a coach and a rep.
        let asking = [0, 1, 7].map(|number| seeded.people[number].clone());
        let tokens = tokens(url, &asking).await?;
        let server = workspace.serve(&["--no-worker"])?;
        let clients = tokens.iter().map(|token| server.client(token)).collect();
        let names = Names::of(&seeded);
        Ok(Self {
            seeded,
            server,
            clients,
            names,
            _workspace: workspace,
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
    let _alone = ALONE.lock().await;
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

/// Tables with many rows for every call: reading one of them whole takes longer every year. Calls themselves are
/// few beside them: some orders of their list read them all, and a count of moments begins with them and stops
/// when there are enough.
const GROWING: [&str; 12] = [
    "transcripts",
    "segments",
    "anchors",
    "comments",
    "comment_mentions",
    "comment_reactions",
    "reviews",
    "scores",
    "evidence",
    "moments",
    "moment_items",
    "notices",
];

/// One at a time: ids of one millisecond are in order only as long as nobody else makes ids of another.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Everything that people do all day, once: the questions, opening a call, writing a comment.
async fn work(side: &Side) -> Result<()> {
    let call = side.seeded.open_calls[0].clone();
    let opening = [
        "",
        "/transcript",
        "/comments",
        "/reviews",
        "/stats",
        "/tracker-hits",
        "/review-requests",
    ];
    let opening = opening.map(|part| format!("/calls/{call}{part}?"));
    for client in &side.clients {
        for question in side
            .questions()
            .into_iter()
            .chain(opening.clone())
            .chain(["/inbox?".to_owned()])
        {
            client.get(&question).await.with_context(|| question.clone())?;
        }
        let comment =
            value!({"kind": "note", "body": "that is where it turned", "start_ms": 1_000, "end_ms": 4_000});
        let path = format!("/calls/{call}/comments");
        json(client.request(Method::POST, &path).json(&comment).send().await?).await?;
    }
    Ok(())
}

/// What an engine is asked while [`work`] is done, from the program's own log.
fn statements(log: &str) -> BTreeSet<String> {
    let mut statements = BTreeSet::new();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let text = |field: &str| line[field].as_str().unwrap_or_default().trim();
        // A short statement stands in the summary alone.
        let statement = Some(text("db.statement")).filter(|long| !long.is_empty());
        statements.insert(statement.unwrap_or_else(|| text("summary")).to_owned());
    }
    let asks = ["SELECT", "WITH", "UPDATE", "DELETE", "INSERT"];
    statements.retain(|statement| asks.iter().any(|word| statement.starts_with(word)));
    statements
}

/// The growing table that a plan reads whole: `SCAN calls`, or `SCAN c` where the statement calls it so.
fn read_whole(plan: &[String], statement: &str) -> Option<&'static str> {
    let mut scanned: Vec<&str> = plan
        .iter()
        .filter_map(|step| step.strip_prefix("SCAN "))
        .collect();
    // What a part of the statement gives is read whole, and may be called as a table is: once each.
    for part in plan.iter().filter_map(|step| step.strip_prefix("CO-ROUTINE ")) {
        if let Some(place) = scanned.iter().position(|name| *name == part) {
            scanned.remove(place);
        }
    }
    scanned.into_iter().find_map(|name| growing(name, statement))
}

fn growing(name: &str, statement: &str) -> Option<&'static str> {
    GROWING.into_iter().find(|table| {
        name == *table
            || statement.contains(&format!("{table} {name} "))
            || statement.contains(&format!("{table} AS {name} "))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_reads_no_growing_table_whole() -> Result<()> {
    let _alone = ALONE.lock().await;
    let workspace = Workspace::new(&[
        ("RUST_LOG", "info,sqlx::query=debug"),
        ("GAMETAPE_LOG_FORMAT", "json"),
    ])?;
    let file = format!("sqlite:{}", workspace.dir.path().join("gametape.db").display());
    let side = Side::open(&file, workspace).await?;
    work(&side).await?;
    let asked = statements(&side.server.process.log());
    ensure!(asked.len() > 50, "the log shows {} statements", asked.len());

    let mut connection = sqlx::SqliteConnection::connect(&file).await?;
    // A table of eighty rows is best read whole, and its figures say so.
    sqlx::query("DELETE FROM sqlite_stat1")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    let mut connection = sqlx::SqliteConnection::connect(&file).await?;
    let probe = "SELECT id FROM comments WHERE body = 'x'";
    for statement in asked.iter().map(String::as_str).chain([probe]) {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows = sqlx::query(explain).fetch_all(&mut connection).await;
        let rows = rows.with_context(|| statement.to_owned())?;
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        match read_whole(&plan, statement) {
            Some(table) if statement == probe => ensure!(table == "comments", "the probe reads {table}"),
            Some(table) => bail!("{table} is read whole by {statement}"),
            None => ensure!(statement != probe, "a table read whole was not noticed"),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_reads_no_growing_table_whole() -> Result<()> {
    let _alone = ALONE.lock().await;
    let url = Many::database("plans").await?;
    let seeded = seed(&url, SIZE, NOW_MS, |_| ()).await?;
    let mut connection = sqlx::PgConnection::connect(&url).await?;
    // Eighty rows are best read whole; with this they are only where there is no other way.
    let database = url.rsplit('/').next().unwrap_or_default();
    let forbid = format!("ALTER DATABASE {database} SET enable_seqscan = off");
    sqlx::query(sqlx::AssertSqlSafe(forbid))
        .execute(&mut connection)
        .await?;
    let workspace = Workspace::new(&[("GAMETAPE_DATABASE_URL", &url)])?;
    let side = Side::serve(&url, workspace, seeded).await?;
    sqlx::query("SELECT pg_stat_reset()")
        .execute(&mut connection)
        .await?;
    work(&side).await?;
    // The server's counts are passed on when its connections end.
    side.server.process.terminate()?;
    let count =
        "SELECT relname::text AS name, seq_scan AS whole, idx_scan AS by_index FROM pg_stat_user_tables";
    let rows = sqlx::query(count).fetch_all(&mut connection).await?;
    let mut used = 0;
    for row in rows {
        let (name, whole) = (row.get::<String, _>("name"), row.get::<i64, _>("whole"));
        if GROWING.contains(&name.as_str()) {
            ensure!(whole == 0, "{name} was read whole {whole} times");
            used += row.get::<Option<i64>, _>("by_index").unwrap_or_default();
        }
    }
    ensure!(used > 100, "the indexes were used {used} times only");
    Ok(())
}
