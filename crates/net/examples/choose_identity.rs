//! A server that reads what a client asks for, looks up how to answer, for as long as that takes, and then answers: the
//! certificate by name, with a polite refusal for names it does not serve.
//!
//!     cargo run -p ravelin-net --example choose_identity

use ravelin_net::{TlsAcceptor, TlsConnector};
use ravelin_test::{Authority, Request};
use ravelin_tls::{ClientConfig, Identity, ServerConfig, ServerContext, Trust};
use ravelin_trust::Status;
use std::{collections::HashMap, error::Error, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Fallible<()> {
    let authority = Authority::root("Example root");
    let tenants = Arc::new(Tenants::new(&authority, &["a.example", "b.example"])?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, tenants));

    let trust = Trust::of_certificates([authority.root_der()])?;
    let connector = TlsConnector::new(&ClientConfig::new(trust))?;
    assert_eq!(ask(&connector, "a.example", address).await?, "this is a.example");
    assert_eq!(ask(&connector, "b.example", address).await?, "this is b.example");
    // Nobody of that name: the server answers with what it has, and the client sees for whom that is.
    let tcp = TcpStream::connect(address).await?;
    let error = connector.connect("c.example", tcp).await.unwrap_err();
    let verdict = error.verdict().ok_or("a verdict")?;
    assert_eq!(verdict.status(), Status::PrincipalMismatch);
    assert!(error.to_string().contains("a.example"), "{error}");
    Ok(())
}

/// How to answer for each name, kept somewhere that takes time to ask.
struct Tenants {
    contexts: HashMap<String, ServerContext>,
    default: ServerContext,
}

impl Tenants {
    fn new(authority: &Authority, names: &[&str]) -> Fallible<Tenants> {
        let mut contexts = HashMap::new();
        for name in names {
            let issued = authority.issue(&Request::new([*name]));
            let (chain, key) = (issued.chain_pem(), issued.key_pem());
            let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes())?;
            let context = ServerContext::new(&ServerConfig::new(vec![Arc::new(identity)]))?;
            contexts.insert((*name).to_owned(), context);
        }
        let default = contexts.get(names[0]).ok_or("at least one name")?.clone();
        Ok(Tenants { contexts, default })
    }

    async fn look_up(&self, name: Option<&str>) -> &ServerContext {
        sleep(Duration::from_millis(5)).await;
        name.and_then(|name| self.contexts.get(name)).unwrap_or(&self.default)
    }
}

async fn serve(listener: TcpListener, tenants: Arc<Tenants>) -> Fallible<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        let tenants = Arc::clone(&tenants);
        tokio::spawn(async move {
            let (mut stream, name) = timeout(HANDSHAKE, async {
                let accepting = TlsAcceptor::hello(tcp).await?;
                let name = accepting.client_hello().server_name.clone();
                let context = tenants.look_up(name.as_deref()).await;
                Fallible::Ok((accepting.answer(context).await?, name))
            })
            .await??;
            let words = format!("this is {}", name.as_deref().unwrap_or("nobody"));
            stream.write_all(words.as_bytes()).await?;
            stream.close().await?;
            Fallible::Ok(())
        });
    }
}

async fn ask(connector: &TlsConnector, name: &str, address: SocketAddr) -> Fallible<String> {
    let tcp = TcpStream::connect(address).await?;
    let mut stream = connector.connect(name, tcp).await?;
    let mut words = String::new();
    // Ends with close_notify; a connection that was cut would be an error here.
    stream.read_to_string(&mut words).await?;
    Ok(words)
}
