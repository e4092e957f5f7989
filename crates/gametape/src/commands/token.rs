//! `gametape token`: access for scripts.

use gametape_api::Secret;
use gametape_core::{id::TokenId, user::Scope};
use gametape_store::{Actor, NewToken};

use super::user::find;
use crate::{
    app::open_store,
    cli,
    config::Config,
    output::{message, result},
};

const DAY_MS: i64 = 24 * 3_600_000;

pub(crate) async fn run(command: cli::Token, config: &Config) -> anyhow::Result<()> {
    let store = open_store(config, true).await?;
    match command {
        cli::Token::Create {
            email,
            name,
            scope,
            expires_in_days,
        } => {
            let user = find(&store, &email).await?;
            let secret = Secret::api_token();
            let scope = match scope {
                cli::Scope::Read => Scope::Read,
                cli::Scope::Write => Scope::Write,
                cli::Scope::Admin => Scope::Admin,
            };
            let now_ms = store.clock().now_ms();
            let token = store
                .token_create(
                    &Actor::default(),
                    NewToken {
                        user_id: user.id,
                        name,
                        token_hash: secret.hash,
                        scope,
                        expires_at: expires_in_days.map(|days| now_ms + i64::from(days) * DAY_MS),
                    },
                )
                .await?;
            message(&format!("Token {} for {email}. It is shown this once:", token.id));
            result(&secret.text);
        }
        cli::Token::List { email } => {
            let user = find(&store, &email).await?;
            for token in store.token_list(&user.id).await? {
                let state = if token.revoked_at.is_some() { "revoked" } else { "" };
                result(format!("{}  {:<5}  {}  {state}", token.id, token.scope, token.name).trim_end());
            }
        }
        cli::Token::Revoke { id } => {
            store
                .token_revoke(&Actor::default(), &id.parse::<TokenId>()?, None)
                .await?;
            message(&format!("{id} does not work any more."));
        }
    }
    store.close().await;
    Ok(())
}
