"""F2, the flagship: ffmpeg publishes over rtmps:// through the tunnel to nginx-rtmp."""
from lib import pki
from lib.checks import check, contains, equal, eventually
from lib.ravelin import Ravelin
from lib.rtmp import NginxRtmp, publish, rtmp_need


def nginx_ready(nginx):
    """Waits for nginx without opening a connection that would show in its log."""
    eventually(lambda: (nginx.dir / "nginx.pid").exists(), 10, "nginx runs: " + nginx.output())


def test_publish_is_recorded():
    """A strict ffmpeg publishes over rtmps:// with each kind of key; nginx-rtmp records every picture"""
    rtmp_need()
    with NginxRtmp() as nginx:
        nginx_ready(nginx)
        for kind in ("p256", "rsa"):
            with Ravelin(nginx.plain, [pki.leaf(kind)]) as tunnel:
                done = publish(f"rtmps://127.0.0.1:{tunnel.port}/live/cam{kind}", ca=pki.root())
                equal(done.returncode, 0, f"ffmpeg: {done.output[-600:]}")
                eventually(lambda: ("127.0.0.1", f"cam{kind}") in nginx.published(), 5, "nginx-rtmp logs the publication")
                seconds = nginx.recorded(f"cam{kind}")
                check(seconds >= 2.9, f"only {seconds:.1f} s of 3 were recorded")
                line = eventually(lambda: tunnel.closed() and tunnel.closed()[-1], 5, "a closed line")
                check(line["bytes_to_backend"] > 10000, f"bytes: {line}")


def test_untrusted_refused():
    """ffmpeg refuses: wrong authority, wrong name, no authority; with verification off it connects"""
    rtmp_need()
    with NginxRtmp() as nginx:
        nginx_ready(nginx)
        with Ravelin(nginx.plain) as tunnel:
            url = f"rtmps://127.0.0.1:{tunnel.port}/live/never"
            wrong = publish(url, ca=pki.authority("Stranger").root)
            check(wrong.returncode != 0, "a wrong authority was accepted")
            contains(wrong.output, "certificate", "wrong authority")
            name = publish(url, ca=pki.root(), verify_name="other.test")
            check(name.returncode != 0, "a wrong name was accepted")
            contains(name.output, "does not match", "wrong name")
            none = publish(url)
            check(none.returncode != 0, "it was accepted without any authority")
            contains(none.output, "certificate", "no authority")
            equal(nginx.published(), [], "publications that should not be")
            loose = publish(f"rtmps://127.0.0.1:{tunnel.port}/live/loose", verify=False, verify_name=None, seconds=1)
            equal(loose.returncode, 0, f"without verification: {loose.output[-500:]}")
