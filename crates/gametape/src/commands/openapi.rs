//! `gametape openapi`.

use crate::output::result;

pub(crate) fn run() -> anyhow::Result<()> {
    result(&gametape_api::openapi().to_pretty_json()?);
    Ok(())
}
