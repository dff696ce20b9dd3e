//! Messages over our streams with the codecs of tokio-util: lines, and frames with their length in front.
//!
//!     cargo run -p ravelin-net --example codec

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ravelin_net::{StreamError, TlsAcceptor, TlsConnector, TlsStream};
use ravelin_test::{Authority, Request};
use ravelin_tls::{ClientConfig, Identity, ServerConfig, ServerContext, Trust};
use std::{error::Error, io, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec, LinesCodec, LinesCodecError};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let issued = authority.issue(&Request::new(["localhost"]));
    let identity =
        Identity::from_bytes(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes())?;
    let context = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
    let acceptor = TlsAcceptor::new(context);
    let trust = Trust::of_certificates([authority.root_der()])?;
    let connector = TlsConnector::new(&ClientConfig::new(trust))?;

    lines(&connector, &acceptor).await?;
    frames(&connector, &acceptor).await?;
    truncated(&connector, &acceptor).await
}

/// Both ends of a connection over the loopback interface.
async fn joined(
    connector: &TlsConnector,
    acceptor: &TlsAcceptor,
) -> Fallible<(TlsStream<TcpStream>, TlsStream<TcpStream>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let (far, _) = listener.accept().await?;
    let (near, far) = tokio::join!(connector.connect("localhost", near), acceptor.accept(far));
    Ok((near?, far?))
}

async fn lines(connector: &TlsConnector, acceptor: &TlsAcceptor) -> Fallible<()> {
    let (near, far) = joined(connector, acceptor).await?;
    let mut near = Framed::new(near, LinesCodec::new());
    let mut far = Framed::new(far, LinesCodec::new_with_max_length(1000));
    let server = tokio::spawn(async move {
        let mut count = 0;
        while let Some(line) = far.next().await {
            far.send(line?.to_uppercase()).await?;
            count += 1;
        }
        SinkExt::<String>::close(&mut far).await?;
        Fallible::Ok(count)
    });
    for word in ["bastion", "curtain", "ravelin"] {
        near.send(word).await?;
        assert_eq!(near.next().await.ok_or("an answer")??, word.to_uppercase());
    }
    // Sends close_notify: the other side then knows that these were all.
    SinkExt::<&str>::close(&mut near).await?;
    assert!(near.next().await.is_none());
    assert_eq!(server.await??, 3);
    Ok(())
}

async fn frames(connector: &TlsConnector, acceptor: &TlsAcceptor) -> Fallible<()> {
    let (near, far) = joined(connector, acceptor).await?;
    let mut near = Framed::new(near, LengthDelimitedCodec::new());
    let mut far = Framed::new(far, LengthDelimitedCodec::new());
    let sizes = [0, 1, 20_000, 1_000_000];
    let sender = tokio::spawn(async move {
        for size in sizes {
            near.feed(Bytes::from(vec![7; size])).await?;
        }
        SinkExt::<Bytes>::close(&mut near).await
    });
    for size in sizes {
        assert_eq!(far.next().await.ok_or("a frame")??.len(), size);
    }
    assert!(far.next().await.is_none());
    sender.await??;
    Ok(())
}

/// A connection that is cut is never taken for one that ended.
async fn truncated(connector: &TlsConnector, acceptor: &TlsAcceptor) -> Fallible<()> {
    let (near, far) = joined(connector, acceptor).await?;
    let mut near = Framed::new(near, LinesCodec::new());
    let mut far = Framed::new(far, LinesCodec::new());
    near.send("the first of two").await?;
    drop(near);
    assert_eq!(far.next().await.ok_or("a line")??, "the first of two");
    let Some(Err(LinesCodecError::Io(error))) = far.next().await else {
        return Err("the truncation was not noticed".into());
    };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    assert_eq!(inner, Some(&StreamError::Truncated));
    Ok(())
}
