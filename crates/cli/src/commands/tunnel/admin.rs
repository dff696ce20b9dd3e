//! `ravelin tunnel reload` and `status`: talking to a running tunnel.

use crate::{
    args::AdminArgs,
    exit::{Exit, Failure},
    output,
};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use ravelin_tunnel::{
    config::{Configuration, File, file::Admin},
    service::AdminAddress,
};
use serde_json::Value;
use std::{fmt::Write as _, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

/// How long an answer may take. A reload reads every certificate and looks up every name.
const LIMIT: Duration = Duration::from_secs(60);

/// How large an answer may be, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Makes a running tunnel load its configuration again.
///
/// # Errors
/// When nobody answers.
pub fn reload(args: &AdminArgs, json: bool) -> Result<Exit, Failure> {
    let (status, answer) = ask(args, Method::POST, "/reload")?;
    let exit = if status == StatusCode::OK { Exit::Yes } else { Exit::No };
    if json {
        output::json(&answer)?;
    } else if exit == Exit::Yes {
        output::print("reloaded\n")?;
    } else {
        let why = answer["error"].as_str().unwrap_or("no reason was given");
        output::print(&format!("not reloaded, the old configuration stays: {why}\n"))?;
    }
    Ok(exit)
}

/// Shows what a running tunnel does.
///
/// # Errors
/// When nobody answers.
pub fn status(args: &AdminArgs, json: bool) -> Result<Exit, Failure> {
    let (status, answer) = ask(args, Method::GET, "/status")?;
    if status != StatusCode::OK {
        let why = answer["error"].as_str().unwrap_or("no reason was given");
        return Err(Failure::Unanswered(format!("the tunnel answered {status}: {why}")));
    }
    if json {
        output::json(&answer)?;
    } else {
        output::print(&describe(&answer))?;
    }
    Ok(Exit::Yes)
}

fn address(args: &AdminArgs) -> Result<AdminAddress, Failure> {
    let configuration = match (&args.admin, &args.config) {
        (Some(listen), _) => {
            let admin = Some(Admin { listen: super::written::at(listen.clone()) });
            Configuration::from_file(File { admin, ..File::default() })
        }
        (None, Some(path)) => Configuration::read(path)?,
        (None, None) => {
            return Err(Failure::input("which tunnel? give --admin ADDR, or --config FILE"));
        }
    };
    configuration.admin()?.ok_or_else(|| {
        let path = args.config.as_deref().unwrap_or_else(|| "".as_ref()).display();
        Failure::input(format!("{path}: there is no admin listener; help: add [admin] with listen"))
    })
}

/// Asks a running tunnel; its answer is JSON.
fn ask(
    args: &AdminArgs,
    method: Method,
    path: &'static str,
) -> Result<(StatusCode, Value), Failure> {
    let address = address(args)?;
    let name = match &address {
        AdminAddress::Tcp(address) => address.to_string(),
        AdminAddress::Unix(path) => format!("unix:{}", path.display()),
    };
    let unanswered = |why: &dyn std::fmt::Display| Failure::Unanswered(format!("{name}: {why}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unanswered(&error))?;
    let answer = runtime.block_on(async {
        tokio::time::timeout(LIMIT, async {
            match &address {
                AdminAddress::Tcp(address) => {
                    converse(TcpStream::connect(address).await?, &name, method, path).await
                }
                AdminAddress::Unix(file) => {
                    converse(UnixStream::connect(file).await?, "localhost", method, path).await
                }
            }
        })
        .await
        .map_err(|_| format!("no answer in {} s", LIMIT.as_secs()))?
        .map_err(|error| error.to_string())
    });
    let (status, body) = answer.map_err(|why: String| unanswered(&why))?;
    let answer = serde_json::from_slice(&body)
        .map_err(|_| unanswered(&"whoever answered is no tunnel's admin listener"))?;
    Ok((status, answer))
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    method: Method,
    path: &'static str,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the runtime, or with the other side.
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await?.to_bytes();
    Ok((status, body))
}

/// A status as text.
fn describe(status: &Value) -> String {
    let mut text = String::new();
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        other => other.to_string(),
    };
    let counts = |value: &Value| {
        let all: Vec<String> = value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, count)| count.as_u64() != Some(0))
            .map(|(name, count)| format!("{name} {}", word(count)))
            .collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    let _ = writeln!(
        text,
        "ravelin {}, {}, up {} s since {}",
        word(&status["version"]),
        word(&status["phase"]),
        word(&status["uptime_seconds"]),
        word(&status["started"]),
    );
    let reload = &status["last_reload"];
    if reload["ok"] == Value::Bool(false) {
        let _ = writeln!(
            text,
            "last reload at {} refused: {}",
            word(&reload["time"]),
            word(&reload["error"])
        );
    }
    for service in status["services"].as_array().into_iter().flatten() {
        let listen: Vec<String> =
            service["listen"].as_array().into_iter().flatten().map(word).collect();
        let _ = writeln!(
            text,
            "\n{}: {} -> {}",
            word(&service["name"]),
            listen.join(", "),
            word(&service["target"])
        );
        let connections = &service["connections"];
        let (bytes, handshakes) = (&service["bytes"], &service["handshakes"]);
        let _ = writeln!(
            text,
            "  connections  {} open, {} in all",
            word(&connections["open"]),
            word(&connections["total"])
        );
        let _ = writeln!(text, "  closed       {}", counts(&connections["closed"]));
        let _ = writeln!(
            text,
            "  handshakes   {} full, {} resumed",
            word(&handshakes["full"]),
            word(&handshakes["resumed"])
        );
        let _ = writeln!(text, "  failed       {}", counts(&handshakes["failed"]));
        let _ = writeln!(text, "  ghosts       {}", counts(&service["ghosts"]));
        let _ = writeln!(
            text,
            "  bytes        {} to the backend, {} to clients",
            word(&bytes["to_backend"]),
            word(&bytes["to_client"])
        );
        for certificate in service["certificates"].as_array().into_iter().flatten() {
            let names: Vec<String> =
                certificate["names"].as_array().into_iter().flatten().map(word).collect();
            let _ = writeln!(
                text,
                "  certificate  {} ({}), {} days left",
                word(&certificate["file"]),
                names.join(", "),
                word(&certificate["days_left"])
            );
        }
    }
    text
}
