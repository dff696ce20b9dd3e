//! A service of objects in Python: Py3AMF over Python's TLS.

use super::peers::{Server, connected, localhost, next, rest, trusting};
use ravelin_net::{
    data::{
        DataError,
        amf::{Array, Graph, Instance, Object, ObjectEncoding, Value},
    },
    socket::{EventKind, SecureSocket, SocketError},
};
use ravelin_test::{Issued, skip};
use std::{
    env,
    ffi::OsString,
    fs,
    process::{Command, Stdio},
};

/// The service; none where Python has no Py3AMF, which is told.
fn service(issued: &Issued, encoding: ObjectEncoding) -> Option<Server> {
    let python = env::var_os("RAVELIN_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let known = Command::new(&python).args(["-c", "import pyamf"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        skip(&format!("there is no Py3AMF in {} (set RAVELIN_PYTHON)", python.display()));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cert"), issued.chain_pem()).unwrap();
    fs::write(folder.path().join("key"), issued.key_pem()).unwrap();
    fs::write(folder.path().join("amf.py"), include_str!("amf.py")).unwrap();
    let mut command = Command::new(python);
    let digit = if encoding == ObjectEncoding::Amf0 { "0" } else { "3" };
    command.args(["-X", "utf8", "-W", "ignore", "amf.py", "cert", "key", digit]);
    let mut server = Server::spawn(command, folder);
    server.ports = vec![server.said("PORTS ").parse().unwrap()];
    Some(server)
}

fn list(values: impl IntoIterator<Item = Value>) -> Object {
    Object::Array(Array { dense: values.into_iter().collect(), associative: Vec::new() })
}

fn request(name: &str, arguments: impl IntoIterator<Item = Value>) -> Graph {
    let mut graph = Graph::default();
    let arguments = graph.insert(list(arguments));
    let members = vec![("name".into(), name.into()), ("arguments".into(), arguments.into())];
    graph.root = graph.insert(Object::Instance(Instance::anonymous(members))).into();
    graph
}

/// What the service answers, however many pieces it comes in.
async fn answer(socket: &mut SecureSocket, request: &Graph) -> Graph {
    socket.write_object(request).unwrap();
    socket.flush().unwrap();
    loop {
        let before = socket.bytes_available();
        match socket.read_object() {
            Ok(graph) => return graph,
            Err(SocketError::Data(DataError::EndOfInput { .. })) => {
                assert_eq!(socket.bytes_available(), before, "nothing is consumed");
            }
            Err(error) => panic!("{error}"),
        }
        let event = next(socket).await.unwrap();
        assert!(event.text().is_none(), "{event}");
    }
}

/// A member of the object that a graph is.
fn member(graph: &Graph, name: &str) -> Value {
    let Value::Object(root) = graph.root else { panic!("{graph:?}") };
    let Object::Instance(instance) = &graph[root] else { panic!("{graph:?}") };
    let found = instance.dynamic.iter().find(|(one, _)| &**one == name);
    found.unwrap_or_else(|| panic!("no {name} in {graph:?}")).1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn s47_s60_s63_a_service_in_python_answers_objects() {
    let (root, issued) = localhost();
    for encoding in [ObjectEncoding::Amf0, ObjectEncoding::Amf3] {
        let Some(server) = service(&issued, encoding) else { return };
        let mut socket = trusting(&root);
        socket.set_object_encoding(encoding);
        assert_eq!(connected(&mut socket, "localhost", server.port()).await, [EventKind::Connect]);
        let number = |value: &Value| match value {
            Value::Integer(number) => f64::from(*number),
            Value::Number(number) => *number,
            other => panic!("{other:?}"),
        };
        let sum = answer(&mut socket, &request("sum", [1.into(), 2.5.into(), (-7).into()])).await;
        assert!((number(&member(&sum, "result")) + 3.5).abs() < 1e-9);

        let words = ["na\u{ef}ve", "\u{1f642}", "end"];
        let joined = answer(&mut socket, &request("join", words.map(Value::from))).await;
        let Value::String(text) = member(&joined, "result") else { panic!("{joined:?}") };
        assert_eq!(&*text, words.join(" "));

        let many: Vec<Value> = (0..5000).map(Value::from).collect();
        let counted = answer(&mut socket, &request("count", many.clone())).await;
        assert!((number(&member(&counted, "result")) - 5000.0).abs() < 1e-9);
        let (Value::Object(back), Value::Object(again)) =
            (member(&counted, "arguments"), member(&counted, "again"))
        else {
            panic!("{counted:?}");
        };
        assert_eq!(back, again, "it is one list, and sent once");
        let Object::Array(Array { dense, .. }) = &counted[back] else { panic!() };
        assert!(dense.iter().map(number).eq((0..5000).map(f64::from)));

        let turned = answer(&mut socket, &request("reverse", ["a".into(), Value::Null])).await;
        let Value::Object(result) = member(&turned, "result") else { panic!("{turned:?}") };
        let Object::Array(Array { dense, .. }) = &turned[result] else { panic!("{turned:?}") };
        let [Value::Null, Value::String(text)] = &dense[..] else { panic!("{turned:?}") };
        assert_eq!(&**text, "a");
        socket.close().unwrap();
        assert_eq!(rest(&mut socket).await, [""; 0]);
    }
}
