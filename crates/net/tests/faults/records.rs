//! Peers that vanish behind the handshake: within a record, between two, after close_notify.

use crate::{
    cut::{Budget, How, StaysOpen, line, tcp},
    household::alone,
    peers::Party,
};
use ravelin_net::{StreamError, TlsStream};
use ravelin_tls::Version;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
/// Plaintext of the largest record.
const FULL: usize = 1 << 14;

/// A client whose server's bytes are cut off from here on, when the budget says so.
async fn connected(
    version: Version,
    budget: &Budget,
    how: How,
) -> (TlsStream<TcpStream>, TlsStream<TcpStream>, JoinHandle<()>) {
    let party = Party::new(version);
    let (near, far, task) = line(budget, how).await;
    let (near, far) =
        tokio::join!(party.connector.connect("localhost", near), party.acceptor.accept(far));
    (near.unwrap(), far.unwrap(), task)
}

fn cause(error: &io::Error) -> Option<&StreamError> {
    error.get_ref()?.downcast_ref()
}

#[test]
fn a_record_that_is_cut_short_takes_nothing_from_those_before_it() {
    alone(|| async {
        let data: Vec<u8> = (0..251).cycle().take(3 * FULL).collect();
        for version in VERSIONS {
            for how in [How::Fin, How::Reset] {
                // Within the second record, at both of its ends, and right in front of it.
                for at in [FULL + 200, FULL + 30, FULL + 44, 2 * FULL] {
                    let budget = Budget::new(usize::MAX);
                    let (mut near, mut far, task) = connected(version, &budget, how).await;
                    budget.set(at);
                    far.write_all(&data).await.unwrap();
                    far.flush().await.unwrap();
                    let mut received = Vec::new();
                    let error = near.read_to_end(&mut received).await.unwrap_err();
                    assert!(received == data[..FULL], "{version:?} {how:?} {at}");
                    if how == How::Fin {
                        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                        assert_eq!(cause(&error), Some(&StreamError::Truncated));
                        let text = "connection ended without close_notify, data may be missing";
                        assert_eq!(error.to_string(), text);
                    } else {
                        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                    }
                    // It does not become a clean end by being asked again.
                    let again = near.read(&mut [0; 64]).await.unwrap_err();
                    assert_eq!(cause(&again), Some(&StreamError::Truncated), "{again}");
                    task.abort();
                }
            }
        }
    });
}

#[test]
fn half_a_record_and_silence_are_waited_out_and_the_stream_is_still_whole() {
    alone(|| async {
        for version in VERSIONS {
            let budget = Budget::new(usize::MAX);
            let (mut near, mut far, task) = connected(version, &budget, How::Silence).await;
            budget.set(100);
            far.write_all(&[7; 1000]).await.unwrap();
            far.flush().await.unwrap();
            let mut byte = [0];
            for _ in 0..3 {
                let read = timeout(Duration::from_millis(30), near.read(&mut byte)).await;
                assert!(read.is_err(), "no byte of a record is told before all of it is there");
            }
            // Our own direction still works.
            near.write_all(b"still here").await.unwrap();
            near.flush().await.unwrap();
            let mut received = [0; 10];
            far.read_exact(&mut received).await.unwrap();
            assert_eq!(&received, b"still here");
            task.abort();
        }
    });
}

#[test]
fn behind_close_notify_nothing_can_spoil_the_end() {
    enum Then {
        Fin,
        Reset,
        Silence,
        Garbage,
    }
    alone(|| async {
        for version in VERSIONS {
            for then in [Then::Fin, Then::Reset, Then::Silence, Then::Garbage] {
                let party = Party::new(version);
                let (near, far) = tcp().await;
                let (near, far) = tokio::join!(
                    party.connector.connect("localhost", near),
                    party.acceptor.accept(StaysOpen(far))
                );
                let (mut near, mut far) = (near.unwrap(), far.unwrap());
                far.write_all(b"all of it").await.unwrap();
                far.flush().await.unwrap();
                far.close().await.unwrap();
                let mut received = [0; 9];
                near.read_exact(&mut received).await.unwrap();
                assert_eq!(&received, b"all of it");
                assert_eq!(near.read(&mut [0; 64]).await.unwrap(), 0);
                let below = &far.get_ref().0;
                match then {
                    Then::Fin | Then::Silence => {}
                    Then::Reset => below.set_zero_linger().unwrap(),
                    Then::Garbage => assert_eq!(below.try_write(&[0xff; 5000]).unwrap(), 5000),
                }
                let kept = matches!(then, Then::Silence | Then::Garbage).then_some(far);
                tokio::time::sleep(Duration::from_millis(5)).await;
                for _ in 0..3 {
                    assert_eq!(near.read(&mut [0; 64]).await.unwrap(), 0, "{version:?}");
                }
                drop(kept);
            }
        }
    });
}
