"""F1: `rtmps://host/app/instance` means port 443, and an explicit port overrides it."""
from f02_rtmps_ffmpeg_nginx import nginx_ready
from lib import pki
from lib.checks import contains, equal, eventually
from lib.namespaces import Hosts
from lib.ravelin import Ravelin
from lib.rtmp import NginxRtmp, publish, rtmp_need


def test_default_and_explicit_port():
    """ffmpeg's rtmps:// without a port reaches the tunnel on 443; with `:8443` the one there"""
    rtmp_need()
    leaf = pki.labelled("ports", "p256", ("DNS:rtmps.test", "IP:10.77.1.1"))
    with Hosts("server", "client") as hosts, NginxRtmp(netns=hosts["server"]) as nginx:
        nginx_ready(nginx)
        with Ravelin(nginx.plain, [leaf], listen="10.77.1.1:443", netns=hosts["server"]) as usual, \
                Ravelin(nginx.plain, [leaf], listen="10.77.1.1:8443", netns=hosts["server"]) as other:
            for url, tunnel, stream in (("rtmps://10.77.1.1/live/usual", usual, "usual"), ("rtmps://10.77.1.1:8443/live/other", other, "other")):
                before = len(usual.closed()), len(other.closed())
                done = publish(url, netns=hosts["client"], ca=pki.root(), seconds=1)
                equal(done.returncode, 0, f"ffmpeg: {done.output[-600:]}")
                eventually(lambda: stream in [s for _, s in nginx.published()], 5, "nginx-rtmp logs the publication")
                eventually(lambda: tunnel.closed(), 5, "a closed line of the tunnel that was meant")
                contains(tunnel.closed()[-1]["client"], "10.77.1.2", "client in the log")
                equal((len(usual.closed()) - before[0], len(other.closed()) - before[1]), (1, 0) if tunnel is usual else (0, 1), "connections per tunnel")
