"""A MinIO or versitygw of a test's own: on the loopback, with its own directory and port, ended by its process id."""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2] / "build" / "servers" / "bin"
ACCESS_KEY = "holdfast-test"
SECRET_KEY = "holdfast-test-secret"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class S3Server:
    """Use it as a context manager."""

    def __init__(self, kind="minio", tls=False):
        self.program = PROGRAMS / kind
        if not self.program.exists():
            raise RuntimeError("the S3 servers are missing: run ./dev setup")
        self.kind = kind
        self.tls = tls
        self.port = free_port()
        self.place = tempfile.TemporaryDirectory(prefix="holdfast-s3-")
        self.process = None

    def __enter__(self):
        for name in ("data", "versions", "home", "certificates"):
            (Path(self.place.name) / name).mkdir()
        if self.tls:
            self.make_certificate()
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.place.cleanup()

    @property
    def endpoint(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def certificate(self):
        return Path(self.place.name) / "certificates" / "public.crt"

    def make_certificate(self):
        """One that nobody has reason to trust."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        self.certificate.with_name("private.key"), "-out", self.certificate],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def url(self, bucket, prefix):
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    @property
    def environment(self):
        """What a client needs."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def start(self):
        place, address = Path(self.place.name), f"127.0.0.1:{self.port}"
        command = [self.program, "server", "--quiet", "--address", address, place / "data"]
        if self.tls:
            command[2:2] = ["--certs-dir", place / "certificates"]
        if self.kind == "versitygw":
            command = [self.program, "--quiet", "--port", address, "--access", ACCESS_KEY, "--secret",
                       SECRET_KEY, "posix", "--versioning-dir", place / "versions", place / "data"]
        env = {"HOME": str(place / "home"), "PATH": os.environ["PATH"], "MINIO_ROOT_USER": ACCESS_KEY,
               "MINIO_ROOT_PASSWORD": SECRET_KEY, "MINIO_UPDATE": "off", "MINIO_BROWSER": "off",
               "MINIO_CI_CD": "on"}
        with open(place / "log", "ab") as log:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.request("GET", "/")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("the S3 server does not answer:\n" + (place / "log").read_text())

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def assume_role(self, policy):
        """Credentials that may do what the policy allows, as environment variables (MinIO)."""
        form = {"Action": "AssumeRole", "Version": "2011-06-15", "DurationSeconds": "3600", "Policy": json.dumps(policy)}
        status, body = self.request("POST", "/", None, urllib.parse.urlencode(form).encode(),
                                    {"content-type": "application/x-www-form-urlencoded"}, service="sts")
        if status != 200:
            raise RuntimeError(f"no credentials: {status} {body!r}")

        def told(name):
            return body.decode().split(f"<{name}>")[1].split(f"</{name}>")[0]
        return {"AWS_ACCESS_KEY_ID": told("AccessKeyId"), "AWS_SECRET_ACCESS_KEY": told("SecretAccessKey"),
                "AWS_SESSION_TOKEN": told("SessionToken")}

    def request(self, method, path, query=None, body=b"", headers=None, *, who=None, service="s3", behind_seconds=0):
        """A signed request, of `who` has credentials; status and body of the answer."""
        who = who or self.environment
        clock = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=behind_seconds)
        now = clock.strftime("%Y%m%dT%H%M%SZ")
        day, digest = now[:8], hashlib.sha256(body).hexdigest()
        named = {**(headers or {}), "host": f"127.0.0.1:{self.port}", "x-amz-date": now,
                 "x-amz-content-sha256": digest}
        if "AWS_SESSION_TOKEN" in who:
            named["x-amz-security-token"] = who["AWS_SESSION_TOKEN"]
        signed = ";".join(sorted(named))
        encoded = "&".join(f"{urllib.parse.quote(key, safe='')}={urllib.parse.quote(value, safe='')}"
                           for key, value in sorted((query or {}).items()))
        canonical = "\n".join([method, path, encoded,
                               *(f"{name}:{named[name]}" for name in sorted(named)), "", signed, digest])
        scope = f"{day}/us-east-1/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + who["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in (day, "us-east-1", service, "aws4_request", text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        named["authorization"] = (f"AWS4-HMAC-SHA256 Credential={who['AWS_ACCESS_KEY_ID']}/{scope},"
                                  f"SignedHeaders={signed},Signature={key.hex()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if self.tls:
            trust = ssl.create_default_context(cafile=self.certificate)
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=trust)
        try:
            connection.request(method, path + ("?" + encoded if encoded else ""), body, named)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def make_bucket(self, name, lock=False):
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if lock else {}
        status, body = self.request("PUT", "/" + name, headers=headers)
        if status != 200:
            raise RuntimeError(f"the bucket could not be made: {status} {body!r}")
