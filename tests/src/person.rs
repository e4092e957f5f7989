//! Somebody who uses the built program over HTTP, through one server or several.

use std::cell::Cell;

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::Value;

use crate::program::{Client, Server, json};

/// Somebody who talks to each of the servers in turn.
pub struct Person {
    /// Their id.
    pub id: String,
    /// One for each server.
    pub clients: Vec<Client>,
    turn: Cell<usize>,
}

impl Person {
    /// Somebody with this token.
    pub async fn new(servers: &[Server], token: &str) -> Result<Self> {
        Self::of(servers.iter().map(|server| server.client(token)).collect()).await
    }

    /// Somebody who has these clients, one for each server.
    pub async fn of(clients: Vec<Client>) -> Result<Self> {
        let me = clients[0].get("/me").await?;
        Ok(Self {
            id: text(&me, "id")?,
            clients,
            turn: Cell::new(0),
        })
    }

    /// The next server in turn.
    pub fn client(&self) -> &Client {
        self.turn.set(self.turn.get() + 1);
        &self.clients[self.turn.get() % self.clients.len()]
    }

    /// Sends a request and gives the answer, whatever it is.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<reqwest::Response> {
        let request = self.client().request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Ok(request.send().await?)
    }

    /// Gets JSON.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.client().get(path).await
    }

    /// The items of a list.
    pub async fn items(&self, path: &str) -> Result<Vec<Value>> {
        let list = self.get(path).await?;
        Ok(list["items"].as_array().context("no items")?.clone())
    }

    /// Posts and gives what comes back; a status that is no success is an error.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let answer = self.send(Method::POST, path, Some(&body)).await?;
        answer_of(answer).await.with_context(|| format!("POST {path}"))
    }

    /// Puts and gives what comes back.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value> {
        let answer = self.send(Method::PUT, path, Some(&body)).await?;
        answer_of(answer).await.with_context(|| format!("PUT {path}"))
    }

    /// Patches and gives what comes back.
    pub async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        let answer = self.send(Method::PATCH, path, Some(&body)).await?;
        answer_of(answer).await.with_context(|| format!("PATCH {path}"))
    }

    /// The status of an answer, for what should be refused.
    pub async fn status(&self, method: Method, path: &str, body: Option<Value>) -> Result<u16> {
        Ok(self.send(method, path, body.as_ref()).await?.status().as_u16())
    }
}

/// The JSON of a success; null where it has no body.
async fn answer_of(answer: reqwest::Response) -> Result<Value> {
    if answer.status() == 204 {
        return Ok(Value::Null);
    }
    json(answer).await
}

/// A text field of an object.
pub fn text(value: &Value, field: &str) -> Result<String> {
    let text = value[field].as_str();
    Ok(text.with_context(|| format!("no {field}: {value}"))?.to_owned())
}
