//! JSON-RPC over a unix socket: OVSDB, and the control sockets of OVN's programs.

use std::io::{BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::de::IoRead;
use serde_json::{Deserializer, StreamDeserializer, Value, json};

/// Parsing all flows of a large network takes this long on a busy machine.
const LIMIT: Duration = Duration::from_mins(3);

/// A connection.
pub struct Rpc {
    stream: UnixStream,
    messages: StreamDeserializer<'static, IoRead<BufReader<UnixStream>>, Value>,
    last: u64,
}

impl Rpc {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| format!("{}", socket.display()))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let messages = Deserializer::from_reader(BufReader::new(stream.try_clone()?)).into_iter();
        Ok(Self { stream, messages, last: 0 })
    }

    /// Calls a method, and waits for its result.
    ///
    /// # Errors
    ///
    /// What the other side calls an error, or that it is gone.
    pub fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.last += 1;
        let id = json!(self.last);
        self.send(&json!({"id": id, "method": method, "params": params}))?;
        loop {
            let message = self.messages.next().with_context(|| format!("{method}: the connection was closed"))??;
            if message.get("method").is_some_and(|method| method == "echo") {
                // It asks whether we are still there.
                self.send(&json!({"id": message.get("id"), "result": message.get("params"), "error": null}))?;
            } else if message.get("id") == Some(&id) {
                return match message.get("error") {
                    None | Some(Value::Null) => Ok(message.get("result").cloned().unwrap_or_default()),
                    Some(error) => bail!("{method}: {error}"),
                };
            }
        }
    }

    /// Runs operations of OVSDB as one transaction, and returns a result for each.
    ///
    /// # Errors
    ///
    /// If one of them fails.
    pub fn transact(&mut self, database: &str, operations: Vec<Value>) -> Result<Vec<Value>> {
        let params: Vec<Value> = std::iter::once(json!(database)).chain(operations).collect();
        let Value::Array(results) = self.call("transact", &Value::Array(params))? else {
            bail!("{database} answers with something else than results")
        };
        match results.iter().find(|result| result.get("error").is_some()) {
            Some(failed) => bail!("{database}: {failed}"),
            None => Ok(results),
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        Ok(self.stream.write_all(message.to_string().as_bytes())?)
    }
}
