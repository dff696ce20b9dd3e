"""ffmpeg as the publisher and nginx-rtmp as the server."""
import re
import shutil
from pathlib import Path

from . import scratch
from .checks import Skipped, need
from .process import Process, run

_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/lib/nginx/modules")

_CONFIG = """
load_module {module};
daemon off; master_process off; worker_processes 1;
pid {dir}/nginx.pid; error_log {dir}/error.log info;
events {{ worker_connections 128; }}
rtmp {{
  access_log {dir}/access.log;
  server {{ listen {host}:{plain}; ping 60s; ping_timeout 30s;
    application live {{ live on; record all; record_path {dir}; record_suffix .flv; }} }}
  server {{ listen {host}:{proxy} proxy_protocol;
    application live {{ live on; }} }}
}}
"""


def rtmp_need():
    """Skips unless ffmpeg, nginx and its RTMP module are there."""
    need("ffmpeg", "nginx")
    _module()


def _module():
    for folder in _MODULES:
        if (Path(folder) / "ngx_rtmp_module.so").exists():
            return Path(folder) / "ngx_rtmp_module.so"
    raise Skipped("not installed: nginx's RTMP module (libnginx-mod-rtmp)")


class NginxRtmp(Process):
    """nginx-rtmp with `plain` for anybody, and `proxy` for who sends a PROXY header (version 1)."""

    def __init__(self, host="127.0.0.1", netns=None, port=None):
        self.dir = scratch.folder("nginx-rtmp")
        self.plain, self.proxy, self.host = port or scratch.free_port(), scratch.free_port(), host
        (self.dir / "nginx.conf").write_text(_CONFIG.format(module=_module(), dir=self.dir, host=host, plain=self.plain, proxy=self.proxy))
        self.dir.chmod(0o777)
        for parent in self.dir.parents[:2]:
            parent.chmod(parent.stat().st_mode | 0o055)
        super().__init__("nginx", [shutil.which("nginx"), "-p", self.dir, "-e", self.dir / "error.log", "-c", self.dir / "nginx.conf",
                                   "-g", "user root;"], netns=netns, cwd=self.dir)

    def published(self):
        """(client address, stream) of every publication that has ended, from the access log."""
        log = self.dir / "access.log"
        text = log.read_text() if log.exists() else ""
        return re.findall(r'^(\S+) \[[^\]]*\] PUBLISH "live" "(\w+)"', text, re.MULTILINE)

    def recorded(self, stream):
        """Seconds of picture in the recording of a stream, by ffprobe."""
        flv = self.dir / f"{stream}.flv"
        done = run("ffprobe", "-v", "error", "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", flv)
        return int(done.stdout.decode().strip().strip(",") or 0) / 15 if flv.exists() else 0


def publish_command(url, seconds=3, ca=None, verify_name="rtmps.test", verify=True):
    """The command of a strict publisher."""
    tls = ["-tls_verify", "1" if verify else "0"]
    if ca:
        tls += ["-ca_file", ca]
    if verify_name:
        tls += ["-verifyhost", verify_name]
    return ["ffmpeg", "-nostdin", "-hide_banner", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15", "-t", str(seconds), "-c:v", "libx264",
            "-preset", "ultrafast", "-tune", "zerolatency", "-f", "flv", *(tls if url.startswith("rtmps") else []), url]


def publish(url, netns=None, **options):
    """Publishes to the end; `.returncode` and `.output` tell how it went."""
    return run(*publish_command(url, **options), timeout=40, netns=netns)
