//! `gametape user`: the people who may sign in.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use gametape_core::{
    page::{MAX_LIMIT, PageRequest},
    user::{Role, User},
};
use gametape_store::{Actor, NewUser, Store, UserPatch};

use crate::{
    app::open_store,
    cli,
    config::Config,
    output::{message, result},
};

pub(crate) async fn run(command: cli::User, config: &Config) -> anyhow::Result<()> {
    let store = open_store(config, true).await?;
    match command {
        cli::User::Create { email, name, role } => {
            let password_hash = gametape_api::hash_password(&new_password()?)?;
            let role = match role {
                cli::Role::Rep => Role::Rep,
                cli::Role::Coach => Role::Coach,
                cli::Role::Admin => Role::Admin,
            };
            let user = store
                .user_create(
                    &Actor::default(),
                    NewUser {
                        email,
                        name,
                        role,
                        password_hash,
                    },
                )
                .await?;
            result(&format!("{}  {}  {}", user.id, user.email, user.role));
        }
        cli::User::List => list(&store).await?,
        cli::User::SetPassword { email } => {
            let user = find(&store, &email).await?;
            let password_hash = gametape_api::hash_password(&new_password()?)?;
            store
                .user_set_password(&Actor::default(), &user.id, &password_hash)
                .await?;
            message(&format!(
                "{email} has a new password; all their sessions have ended."
            ));
        }
        cli::User::Disable { email } => {
            let user = find(&store, &email).await?;
            set_disabled(&store, &user, true).await?;
            message(&format!(
                "{email} can't sign in any more; all their sessions and tokens have ended."
            ));
        }
        cli::User::Enable { email } => {
            let user = find(&store, &email).await?;
            set_disabled(&store, &user, false).await?;
            message(&format!("{email} can sign in again."));
        }
    }
    store.close().await;
    Ok(())
}

async fn set_disabled(store: &Store, user: &User, disabled: bool) -> anyhow::Result<()> {
    let patch = UserPatch {
        disabled: Some(disabled),
        ..UserPatch::default()
    };
    store.user_update(&Actor::default(), &user.id, patch).await?;
    Ok(())
}

/// The account with this e-mail address.
pub(super) async fn find(store: &Store, email: &str) -> anyhow::Result<User> {
    let found = store.user_find_by_email(email).await?;
    found
        .map(|(user, _)| user)
        .with_context(|| format!("nobody has an account as {email}"))
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let mut page = PageRequest {
        after: None,
        limit: MAX_LIMIT,
    };
    loop {
        let found = store.user_list(&page).await?;
        for user in &found.items {
            let state = if user.disabled_at.is_some() {
                "disabled"
            } else {
                ""
            };
            result(
                format!(
                    "{}  {:<6} {}  {}  {state}",
                    user.id, user.role, user.email, user.name
                )
                .trim_end(),
            );
        }
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Asks for a password twice, or reads it from standard input where that is no terminal.
fn new_password() -> anyhow::Result<String> {
    let password = if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Once more: ")? != password {
            bail!("the two passwords differ");
        }
        password
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    gametape_api::check_password(&password)?;
    Ok(password)
}
