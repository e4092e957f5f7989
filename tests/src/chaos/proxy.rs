//! A TCP proxy that misbehaves when told to, so that a server behind it seems to be away, slow or broken.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// How it treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything goes through.
    Through,
    /// Connections are closed as soon as they are made.
    Refuse,
    /// Nothing goes through; what waits goes on when this is over.
    Hang,
    /// Every piece waits this long.
    Slow(Duration),
    /// Each connection ends after this many bytes, wherever that is.
    CutAfter(usize),
    /// HTTP: every request is answered with this status.
    Answer(u16),
    /// HTTP: requests that write (PUT, POST) are answered with this status; all else goes through.
    RefuseWrites(u16),
}

#[derive(Debug, Clone, Copy)]
struct Order {
    mode: Mode,
    /// Connections of an earlier one are closed.
    epoch: u64,
}

/// The proxy, until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    orders: watch::Sender<Order>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before this server, on a free port.
    pub async fn before(server: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server: SocketAddr = server
            .parse()
            .with_context(|| format!("{server} is no address"))?;
        let (orders, seen) = watch::channel(Order {
            mode: Mode::Through,
            epoch: 0,
        });
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, server, seen.clone()));
            }
        });
        Ok(Self {
            address,
            orders,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Behaves like this from now on; connections stay as far as the mode lets them.
    pub fn set(&self, mode: Mode) {
        self.orders.send_modify(|order| {
            // Requests that are under way on an old connection would not meet what happens to new ones.
            order.epoch += u64::from(!matches!(mode, Mode::Through | Mode::Hang | Mode::Slow(_)));
            order.mode = mode;
        });
    }

    /// Closes every connection.
    pub fn cut(&self) {
        self.orders.send_modify(|order| order.epoch += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection, to its end. How it ends tells nobody anything: the programs on both sides notice.
async fn serve(client: TcpStream, server: SocketAddr, mut orders: watch::Receiver<Order>) {
    let order = *orders.borrow_and_update();
    let mut ended = orders.clone();
    let over = ended.wait_for(|now| now.epoch != order.epoch);
    tokio::select! {
        _ = over => {}
        _ = connect(client, server, orders, order.mode) => {}
    }
}

async fn connect(
    client: TcpStream,
    server: SocketAddr,
    orders: watch::Receiver<Order>,
    mode: Mode,
) -> std::io::Result<()> {
    match mode {
        Mode::Refuse => return Ok(()),
        Mode::Answer(status) => return answer(client, status).await,
        Mode::RefuseWrites(status) => {
            let mut head = [0; 8];
            let length = client.peek(&mut head).await?;
            if head[..length].starts_with(b"PUT ") || head[..length].starts_with(b"POST ") {
                return answer(client, status).await;
            }
        }
        _ => {}
    }
    let limit = match mode {
        Mode::CutAfter(bytes) => bytes,
        _ => usize::MAX,
    };
    let one_request = matches!(mode, Mode::RefuseWrites(_));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = TcpStream::connect(server).await?.into_split();
    let there = relay(from_client, to_server, orders.clone(), limit);
    let back = relay(from_server, to_client, orders, limit);
    // One side may be silent from the beginning while the other still speaks.
    let both = async { tokio::try_join!(there, back).map(|_| ()) };
    if one_request {
        // The next request of a connection must be looked at again, so it may not have one.
        return tokio::time::timeout(Duration::from_secs(1), both)
            .await
            .unwrap_or(Ok(()));
    }
    both.await
}

/// Passes bytes on as the orders have it, and that there are no more; breaks off after `limit` of them.
async fn relay(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut orders: watch::Receiver<Order>,
    limit: usize,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1_024];
    let mut left = limit;
    loop {
        let read = from.read(&mut buffer).await?;
        let mode = orders.borrow().mode;
        match mode {
            Mode::Hang => {
                let _ = orders.wait_for(|now| now.mode != Mode::Hang).await;
            }
            Mode::Slow(wait) => tokio::time::sleep(wait).await,
            _ => {}
        }
        let passed = read.min(left);
        to.write_all(&buffer[..passed]).await?;
        left -= passed;
        if read == 0 {
            return to.shutdown().await;
        }
        if left == 0 {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
    }
}

/// Reads what the client sends for a moment, and answers with a status.
async fn answer(mut client: TcpStream, status: u16) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1_024];
    let mut heard = Vec::new();
    while !heard.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = client.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        heard.extend_from_slice(&buffer[..read]);
    }
    let line = format!("HTTP/1.1 {status} Trouble\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(line.as_bytes()).await?;
    // A connection that is closed over unread bytes is reset, and the answer with it.
    let rest = async { while client.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    let _ = tokio::time::timeout(Duration::from_millis(500), rest).await;
    client.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers every connection with what it was sent.
    async fn echo() -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        Ok(address)
    }

    async fn ask(proxy: &Proxy, said: &[u8]) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(proxy.address()).await?;
        stream.write_all(said).await?;
        stream.shutdown().await?;
        let mut heard = Vec::new();
        let read = stream.read_to_end(&mut heard);
        tokio::time::timeout(Duration::from_secs(1), read).await??;
        Ok(heard)
    }

    #[tokio::test]
    async fn it_behaves_as_it_is_told() -> Result<()> {
        let proxy = Proxy::before(&echo().await?.to_string()).await?;
        assert_eq!(ask(&proxy, b"hello").await?, b"hello");
        proxy.set(Mode::Refuse);
        assert!(!ask(&proxy, b"hello").await.is_ok_and(|heard| heard == b"hello"));
        proxy.set(Mode::Answer(500));
        let heard = ask(&proxy, b"GET / HTTP/1.1\r\n\r\n").await?;
        assert!(heard.starts_with(b"HTTP/1.1 500 "), "{heard:?}");
        proxy.set(Mode::RefuseWrites(507));
        let heard = ask(&proxy, b"PUT / HTTP/1.1\r\n\r\n").await?;
        assert!(heard.starts_with(b"HTTP/1.1 507 "), "{heard:?}");
        assert_eq!(ask(&proxy, b"GET / ").await?, b"GET / ");
        proxy.set(Mode::CutAfter(3));
        assert!(ask(&proxy, b"hello").await.map_or(0, |heard| heard.len()) <= 3);
        proxy.set(Mode::Hang);
        assert!(ask(&proxy, b"hello").await.is_err(), "nothing comes back");
        proxy.set(Mode::Through);
        assert_eq!(ask(&proxy, b"hello").await?, b"hello");
        Ok(())
    }

    #[tokio::test]
    async fn a_cut_ends_what_is_open() -> Result<()> {
        let proxy = Proxy::before(&echo().await?.to_string()).await?;
        let mut stream = TcpStream::connect(proxy.address()).await?;
        stream.write_all(b"a").await?;
        let mut buffer = [0; 4];
        assert_eq!(stream.read(&mut buffer).await?, 1);
        proxy.cut();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await?;
        assert!(ended.map_or(true, |read| read == 0));
        Ok(())
    }
}
