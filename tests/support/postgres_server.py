"""A PostgreSQL of a test's own: on the loopback, in its own directory, as an unprivileged user, ended by its
process id. "15" is Debian's; the newer ones come from `./dev setup`."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SERVERS = Path(__file__).resolve().parents[2] / "build" / "servers" / "postgres"
PASSWORD = "h0:ld\\fast' secret"


def programs_of(version):
    """The folder of that version's programs."""
    debian = Path(f"/usr/lib/postgresql/{version}/bin")
    folder = debian if debian.exists() else SERVERS / version / "bin"
    if not (folder / "initdb").exists():
        raise RuntimeError(f"PostgreSQL {version} is missing: run ./dev setup")
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged():
    """How a child process becomes somebody who may run a server: root may not."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class PostgresServer:
    """Use it as a context manager. `owner` is the superuser, who needs a password like everyone."""

    def __init__(self, version="15", settings=None, checksums=True, tls=False):
        self.version = version
        self.programs = programs_of(version)
        self.settings = {"listen_addresses": "127.0.0.1", "wal_level": "replica", "max_wal_senders": 4,
                         "max_replication_slots": 4, "max_connections": 40, "fsync": "off",
                         "shared_buffers": "64MB", "log_checkpoints": "off", **(settings or {})}
        self.checksums = checksums
        self.tls = tls
        self.port = free_port()
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
        self.place.chmod(0o755)
        self.data = self.place / "data"
        self.process = None

    def __enter__(self):
        self.make_directory(self.data.parent / "run")
        secret = self.place / "password"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        if os.geteuid() == 0:
            shutil.chown(self.place, "postgres")
            shutil.chown(secret, "postgres")
        command = [self.programs / "initdb", "-D", self.data, "-U", "owner", "--auth=scram-sha-256",
                   f"--pwfile={secret}", "--no-sync", "--encoding=UTF8", "--locale=C"]
        # Since 18 checksums are on unless they are refused.
        if self.checksums:
            command.append("--data-checksums")
        elif int(self.version) >= 18:
            command.append("--no-data-checksums")
        self.run(*command)
        if self.tls:
            self.demand_tls()
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as config:
            for name, value in self.settings.items():
                config.write(f"{name} = '{value}'\n")
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    @property
    def certificate(self):
        return self.place / "server.crt"

    def demand_tls(self):
        """With a certificate that nobody has reason to trust; connections without TLS are refused."""
        key = self.place / "server.key"
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                 "-out", self.certificate)
        self.settings |= {"ssl": "on", "ssl_cert_file": self.certificate, "ssl_key_file": key}
        rules = self.data / "pg_hba.conf"
        rules.write_text("hostnossl all all all reject\nhostnossl replication all all reject\n" + rules.read_text())

    @staticmethod
    def make_directory(path):
        """One that the server's user owns."""
        path.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")
        return path

    def run(self, *command, **more):
        """Runs a program as the server's user; its output."""
        done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                              cwd="/", **{**unprivileged(), **more})
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}")
        return done.stdout

    def start(self, data=None, wait_s=120):
        """Starts it on `data`; returns when it takes connections."""
        data = data or self.data
        # pylint: disable-next=consider-using-with
        log = open(self.place / "log", "ab")
        with log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(data), "-c", f"port={self.port}",
                 "-c", f"unix_socket_directories={self.place / 'run'}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **unprivileged())
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.query("select 1")
                return
            except RuntimeError:
                time.sleep(0.1)
        raise RuntimeError("the server did not start:\n" + self.log())

    def stop(self, how=signal.SIGINT):
        """SIGINT ends it at once and cleanly, SIGQUIT as a crash would."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def log(self):
        return (self.place / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def environment(self, user="owner"):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": user, "PGPASSWORD": PASSWORD,
                "PGDATABASE": "postgres", "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def url(self, database="postgres", user="owner"):
        """Without the password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def tool(self, name):
        """A client program of this version, or of the next that is there."""
        for version in map(str, range(int(self.version), 30)):
            for folder in (SERVERS / version / "bin", Path(f"/usr/lib/postgresql/{version}/bin")):
                if (folder / name).exists():
                    return folder / name
        # Of these any version will do.
        if name in ("psql", "pgbench"):
            return Path("/usr/lib/postgresql/15/bin") / name
        raise RuntimeError(f"there is no {name}: run ./dev setup")

    def query(self, sql, database="postgres"):
        """What psql prints of it, without decoration."""
        return self.run(self.tool("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql,
                        env=self.environment() | {"PGDATABASE": database}).strip()

    def make_role(self, name, attributes):
        quoted = PASSWORD.replace("'", "''")
        self.query(f"create role {name} login {attributes} password '{quoted}'")
